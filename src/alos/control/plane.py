"""The control plane's changes: keys, kill switches, and the Standing that follows from them.

Each change is kept, noted in the journal, and swapped into force. Stopping is the exception in
order: it takes force first, so that a store that is down can't hold it up.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from alos.control.standing import Configuration, compile_standing
from alos.domain.fault import Fault, JournalDown
from alos.domain.ids import KeyId, PersonId, PrincipalId, WorkflowId, WorkspaceId
from alos.domain.key import make_key
from alos.domain.record import NoteEntry, NoteKind
from alos.domain.standing import KeyGrant, PrincipalKind, Standing, Stop
from alos.ports.clock import Clock
from alos.ports.control_state import ControlState, KeyRow
from alos.ports.journal import Journal

STOP_KINDS = frozenset({"workflow", "model", "vendor", "workspace", "everything"})


class ChangeRefused(Exception):  # noqa: N818 - the glossary says refused
    """A change that the rules do not allow; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key at the only moment when it can be read."""

    key: str
    row: KeyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """What somebody wants a key for.

    Attributes:
        workflows: slugs of one workspace; the first is the default.
        principal: a person's or service account's id; ``None`` takes the first workflow's
            operational owner.
        expires_at_unix: seconds; ``None`` never.
    """

    workflows: tuple[str, ...]
    principal: str | None
    expires_at_unix: int | None


class ControlPlane:
    """Holds the configuration in force and makes every change to what the gateway sees.

    Args:
        publish: puts a Standing into force (and cuts the streams that it forbids).
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        state: ControlState,
        journal: Journal,
        clock: Clock,
        dev: bool,
        publish: Callable[[Standing], None],
    ) -> None:
        self._configuration = configuration
        self._state = state
        self._journal = journal
        self._clock = clock
        self._dev = dev
        self._publish = publish
        self._epoch = 0
        self._keys: dict[str, KeyGrant] = {}
        self._stops: dict[tuple[str, str], Stop] = {}
        self._file_stops: dict[tuple[str, str], Stop] = {}
        self._unsaved: dict[tuple[str, str], Stop] = {}
        self._unnoted: list[NoteEntry] = []
        self._reviving: set[tuple[str, str]] = set()
        self._saving = asyncio.Lock()

    @property
    def configuration(self) -> Configuration:
        """What the files said when they were last read without an error."""
        return self._configuration

    @property
    def stops(self) -> Mapping[tuple[str, str], Stop]:
        """Kill switches in force, by (kind, target)."""
        return {**self._stops, **self._unsaved, **self._file_stops}

    @property
    def is_dev(self) -> bool:
        """Whether the data folder was born as a dev folder."""
        return self._dev

    async def load(self) -> None:
        """Read keys and kill switches and put the first Standing into force.

        Raises:
            StoreDown: the store can't be read.
        """
        rows = await asyncio.to_thread(self._state.list_keys)
        stops = await asyncio.to_thread(self._state.list_stops)
        self._keys = {row.grant.prefix: row.grant for row in rows}
        self._stops = {(stop.kind, stop.target): stop for stop in stops}
        self.refresh()

    def refresh(self) -> None:
        """Compile and publish; call it after any change of what the Standing is made of."""
        self._epoch += 1
        self._publish(
            compile_standing(
                self._configuration,
                keys=self._keys.values(),
                stops=self.stops.values(),
                dev=self._dev,
                epoch=self._epoch,
                now_unix_ns=self._clock.unix_ns(),
            )
        )

    async def note_refusal(self, asked: str, *, by: str) -> None:
        """Write down that somebody was refused.

        Args:
            asked: for what, in our own words only.
            by: who asked.
        """
        self._unnoted.append(self._write_entry(NoteKind.CHANGE_REFUSED, {"asked": asked}, by))
        await self._note_waiting()

    # --- keys -----------------------------------------------------------------------------

    async def create_key(self, wish: KeyWish, *, by: str) -> NewKey:
        """Make a key; it is shown once and kept as a hash.

        Raises:
            ChangeRefused: an unknown workflow or principal, or workflows of two workspaces.
        """
        workspace, default = self._check_workflows(wish.workflows)
        principal, kind = self._check_principal(wish, default)
        key, prefix, secret_hash = make_key(secrets.token_bytes(40))
        if prefix in self._keys:
            raise ChangeRefused("the key's prefix is taken by chance; try again")
        grant = KeyGrant(
            id=KeyId("key_" + secrets.token_hex(8)),
            prefix=prefix,
            secret_hash=secret_hash,
            principal=principal,
            principal_kind=kind,
            workspace=workspace,
            workflows=frozenset(WorkflowId(slug) for slug in wish.workflows),
            default_workflow=default,
            surface=self._configuration.bundles[default].workflow.surface.name,
            expires_at_unix=wish.expires_at_unix,
            revoked=False,
            active=True,
        )
        row = KeyRow(grant=grant, created_at_unix=self._now_unix(), created_by=by)
        facts = {"key": grant.id, "prefix": prefix, "workflows": ",".join(wish.workflows)}
        await self._journal.note(self._write_entry(NoteKind.KEY_CREATED, facts, by))
        await asyncio.to_thread(self._state.add_key, row)
        self._keys[prefix] = grant
        self.refresh()
        return NewKey(key=key, row=row)

    async def revoke_key(self, id_or_prefix: str, *, by: str) -> KeyGrant:
        """Revoke at once; revoking again changes nothing.

        Raises:
            ChangeRefused: no such key.
        """
        grant = next(
            (one for one in self._keys.values() if id_or_prefix in {one.id, one.prefix}), None
        )
        if grant is None:
            raise ChangeRefused("no key has this id or prefix; `alos key list` shows them")
        await asyncio.to_thread(self._state.revoke_key, grant.id, by=by, at_unix=self._now_unix())
        rows = await asyncio.to_thread(self._state.list_keys)
        self._keys = {row.grant.prefix: row.grant for row in rows}
        self.refresh()
        facts = {"key": grant.id, "prefix": grant.prefix}
        self._unnoted.append(self._write_entry(NoteKind.KEY_REVOKED, facts, by))
        await self._note_waiting()
        return grant

    async def list_keys(self) -> list[KeyRow]:
        """Every key, oldest first."""
        return list(await asyncio.to_thread(self._state.list_keys))

    def _check_workflows(self, slugs: tuple[str, ...]) -> tuple[WorkspaceId, WorkflowId]:
        known = self._configuration.bundles
        workspaces = set()
        for slug in slugs:
            bundle = known.get(WorkflowId(slug))
            if bundle is None:
                listed = ", ".join(sorted(known)) or "none"
                raise ChangeRefused(f"no workflow {slug!r} is registered; there is: {listed}")
            workspaces.add(bundle.workflow.workspace)
        if len(workspaces) != 1:
            raise ChangeRefused("a key's workflows belong to one workspace; make one key for each")
        return workspaces.pop(), WorkflowId(slugs[0])

    def _check_principal(
        self, wish: KeyWish, default: WorkflowId
    ) -> tuple[PrincipalId, PrincipalKind]:
        people = self._configuration.people
        owner = self._configuration.bundles[default].workflow.owners.operational
        wanted = wish.principal or owner
        if people.get_active(PersonId(wanted)) is not None:
            return PrincipalId(wanted), PrincipalKind.PERSON
        account = people.service_accounts.get(PrincipalId(wanted))
        if account is not None and account.active:
            return account.id, PrincipalKind.SERVICE
        raise ChangeRefused(f"{wanted!r} is no active person or service account of people.yaml")

    # --- kill switches --------------------------------------------------------------------

    async def stop(self, kind: str, target: str, *, by: str, reason: str) -> Stop:
        """Pull a kill switch: in force when this returns, kept as soon as the store allows.

        Raises:
            ChangeRefused: there is nothing of that kind and name.
        """
        self.check_target(kind, target)
        stop = Stop(kind=kind, target=target, since_unix=self._now_unix(), by=by, reason=reason)
        key = (kind, target)
        if key in self._stops and key not in self._reviving:
            return self._stops[key]
        self._unsaved[key] = stop
        self.refresh()
        self._unnoted.append(self._write_note(NoteKind.STOPPED, kind, target, by))
        if self._saving.locked():  # the store is slow; whoever is at it comes back for this one
            await self._note_waiting()
        else:
            await self.save_stops()
        return stop

    async def save_stops(self) -> bool:
        """Note and keep what could not be before; False while the store is still down."""
        await self._note_waiting()
        async with self._saving:
            for key, stop in tuple(self._unsaved.items()):
                try:
                    await asyncio.to_thread(self._state.add_stop, stop)
                except Fault:
                    return False
                self._stops[key] = stop
                if self._unsaved.get(key) is stop:
                    del self._unsaved[key]
        return True

    async def revive(self, kind: str, target: str, *, by: str) -> None:
        """Take a kill switch back.

        Raises:
            ChangeRefused: it was not pulled, or the kill file holds it.
            StoreDown: the store can't be written; it stays stopped.
        """
        key = (kind, target)
        if key in self._file_stops:
            raise ChangeRefused("the kill file names it; take that line out of the file")
        if key not in self._stops and key not in self._unsaved:
            raise ChangeRefused(f"{kind} {target} is not stopped".replace("  ", " "))
        async with self._saving:
            pulled = self._unsaved.get(key)
            self._reviving.add(key)
            try:
                await asyncio.to_thread(
                    self._state.end_stop, kind, target, by=by, at_unix=self._now_unix()
                )
            finally:
                self._reviving.discard(key)
            self._stops.pop(key, None)
            if self._unsaved.get(key) is pulled:  # not when it was pulled again meanwhile
                self._unsaved.pop(key, None)
        self.refresh()
        self._unnoted.append(self._write_note(NoteKind.REVIVED, kind, target, by))
        await self._note_waiting()

    async def set_file_stops(self, targets: frozenset[tuple[str, str]]) -> None:
        """Take over what the kill file says now; no store is needed."""
        if targets == self._file_stops.keys():
            return
        before = self._file_stops
        self._file_stops = {
            key: before.get(key)
            or Stop(
                kind=key[0],
                target=key[1],
                since_unix=self._now_unix(),
                by="kill-file",
                reason="named in the kill file",
            )
            for key in targets
        }
        self.refresh()
        changes = [(NoteKind.STOPPED, key) for key in sorted(targets - before.keys())]
        changes += [(NoteKind.REVIVED, key) for key in sorted(before.keys() - targets)]
        self._unnoted += [
            self._write_note(note, kind, target, "kill-file") for note, (kind, target) in changes
        ]
        await self._note_waiting()

    def check_target(self, kind: str, target: str) -> None:
        """Check that there is such a thing to stop.

        Raises:
            ChangeRefused: it says what there is.
        """
        organisation = self._configuration.organisation
        known: dict[str, Iterable[str]] = {
            "workflow": self._configuration.bundles,
            "model": organisation.models,
            "vendor": organisation.vendors,
            "workspace": organisation.workspaces,
            "everything": ("",),
        }
        if kind not in STOP_KINDS:
            raise ChangeRefused(f"{kind!r} can't be stopped; {', '.join(sorted(STOP_KINDS))} can")
        if target not in known[kind]:
            listed = ", ".join(sorted(known[kind])) or "none"
            raise ChangeRefused(f"there is no {kind} {target!r}; there is: {listed}")

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000

    def _write_entry(self, kind: NoteKind, facts: Mapping[str, str], by: str) -> NoteEntry:
        known = tuple(sorted({**facts, "by": by}.items()))
        return NoteEntry(kind=kind, at_unix_ns=self._clock.unix_ns(), facts=known)

    def _write_note(self, kind: NoteKind, stopped: str, target: str, by: str) -> NoteEntry:
        return self._write_entry(kind, {"kind": stopped, "target": target}, by)

    async def _note_waiting(self) -> None:
        """Write down what took force, in order; a journal that is down holds none of it up."""
        waiting, self._unnoted = self._unnoted, []
        for number, entry in enumerate(waiting):
            try:
                await self._journal.note(entry)
            except JournalDown:
                self._unnoted = [*waiting[number:], *self._unnoted]
                return
