"""Keys: made, rotated, revoked, reported as leaked.

A revocation takes force first and is kept as soon as the store allows, like a stop: neither a
store nor a disk that is down holds it up.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from alos.control.accountable import get_workflow_accountability
from alos.control.change_notes import ChangeNotes
from alos.control.refused import ChangeRefused
from alos.control.standing import Configuration
from alos.domain.fault import Fault
from alos.domain.ids import KeyId, PersonId, PrincipalId, WorkflowId, WorkspaceId
from alos.domain.key import KEY_LENGTH, PREFIX_LENGTH, make_key, matches
from alos.domain.record import NoteKind
from alos.domain.standing import KeyGrant, PrincipalKind
from alos.ports.clock import Clock
from alos.ports.control_state import ControlState, KeyRow, RotationMark

OVERLAP_SECONDS = 86_400
"""For how long a rotated key goes on working unless something else is asked for."""


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
        default_prompt: the prompt of calls that name none; ``None`` takes the workflow's.
    """

    workflows: tuple[str, ...]
    principal: str | None
    expires_at_unix: int | None
    default_prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revocation:
    key: KeyId
    by: str
    at_unix: int


class Keys:
    """Every key in memory, as the Standing sees them.

    Args:
        configuration: what applies now.
        refresh: compiles and publishes the Standing after a change.
    """

    def __init__(
        self,
        state: ControlState,
        *,
        notes: ChangeNotes,
        clock: Clock,
        configuration: Callable[[], Configuration],
        refresh: Callable[[], None],
    ) -> None:
        self._state = state
        self._notes = notes
        self._clock = clock
        self._configuration = configuration
        self._refresh = refresh
        self._rows: dict[str, KeyRow] = {}
        self._version: tuple[int, ...] = ()
        self._unsaved: dict[KeyId, _Revocation] = {}
        self.uses: dict[KeyId, int] = {}
        """When each key was last used, in seconds; the calls write it, a job keeps it."""

    @property
    def rows(self) -> Mapping[str, KeyRow]:
        """By printable prefix."""
        return self._rows

    @property
    def grants(self) -> Iterable[KeyGrant]:
        """What the Standing is compiled from."""
        return [row.grant for row in self._rows.values()]

    async def load(self) -> None:
        """Read every key; revocations that are not kept yet stay in force.

        Raises:
            StoreDown: the store can't be read.
        """
        rows = {row.grant.prefix: row for row in await asyncio.to_thread(self._state.list_keys)}
        for revocation in self._unsaved.values():
            _revoke_in(rows, revocation)
        self._rows = rows

    async def catch_up(self) -> bool:
        """Take over what other gateways made, changed or revoked; True where that was anything.

        A key that is known stays known, and one that is revoked stays so.

        Raises:
            StoreDown: the store can't be read.
        """
        version = await asyncio.to_thread(self._state.get_key_version)
        if version == self._version:
            return False
        listed = await asyncio.to_thread(self._state.list_keys)
        rows = {**self._rows, **{row.grant.prefix: row for row in listed}}
        for prefix, before in self._rows.items():
            if before.grant.revoked and not rows[prefix].grant.revoked:
                rows[prefix] = before
        for revocation in self._unsaved.values():
            _revoke_in(rows, revocation)
        self._rows, self._version = rows, version
        self._refresh()
        return True

    async def create(self, wish: KeyWish, *, by: str) -> NewKey:
        """Make a key; it is shown once and kept as a hash.

        Raises:
            ChangeRefused: an unknown workflow or principal, workflows of two workspaces, or a
                workflow without an active accountable person.
        """
        workspace, default = self._check_workflows(wish.workflows)
        principal, kind = self._check_principal(wish, default)
        self._check_prompt(wish)
        made = self._make(
            KeyGrant(
                id=KeyId("key_" + secrets.token_hex(8)),
                prefix="",
                secret_hash=b"",
                principal=principal,
                principal_kind=kind,
                workspace=workspace,
                workflows=frozenset(WorkflowId(slug) for slug in wish.workflows),
                default_workflow=default,
                surface=self._configuration().bundles[default].workflow.surface.name,
                expires_at_unix=wish.expires_at_unix,
                revoked=False,
                active=True,
                default_prompt=wish.default_prompt,
            ),
            by,
        )
        await self._notes.note(
            NoteKind.KEY_CREATED, write_facts(made.row), by=by, personal=_name_holder(made.row)
        )
        await asyncio.to_thread(self._state.add_key, made.row)
        self._rows[made.row.grant.prefix] = made.row
        self._refresh()
        return made

    async def rotate(self, id_or_prefix: str, *, by: str, overlap_seconds: int) -> NewKey:
        """Make a key that may do the same; the old one ends after the overlap.

        Raises:
            ChangeRefused: no such key, or one that no longer works.
        """
        old = self.get(id_or_prefix)
        now_unix = self._now_unix()
        if old.grant.revoked or _is_over(old.grant, now_unix):
            raise ChangeRefused("the key no longer works; make a new one with `alos key create`")
        grant = replace(old.grant, id=KeyId("key_" + secrets.token_hex(8)))
        if grant.expires_at_unix is not None:  # the same length of life, from now on
            life = grant.expires_at_unix - old.created_at_unix
            grant = replace(grant, expires_at_unix=now_unix + life)
        made = self._make(grant, by)
        made = replace(made, row=replace(made.row, follows=old.grant.id))
        ends = now_unix + overlap_seconds
        facts = {**write_facts(made.row), "old": old.grant.id, "old_ends_at_unix": str(ends)}
        await self._notes.note(NoteKind.KEY_ROTATED, facts, by=by, personal=_name_holder(made.row))
        await asyncio.to_thread(self._state.replace_key, made.row, old_ends_at_unix=ends)
        await self.load()
        self._refresh()
        return made

    async def revoke(self, id_or_prefix: str, *, by: str, why: str = "") -> KeyGrant:
        """Revoke at once; revoking again changes nothing.

        Raises:
            ChangeRefused: no such key.
        """
        row = self.get(id_or_prefix)
        if row.grant.revoked:
            return row.grant
        revocation = _Revocation(key=row.grant.id, by=by, at_unix=self._now_unix())
        self._unsaved[row.grant.id] = revocation
        _revoke_in(self._rows, revocation)
        self._refresh()
        facts = {"key": row.grant.id, "prefix": row.grant.prefix} | ({"why": why} if why else {})
        self._notes.add(NoteKind.KEY_REVOKED, facts, by=by)
        await self._notes.flush()
        await self.save()
        return row.grant

    async def report_leaked(self, presented: str) -> KeyGrant | None:
        """Revoke a key that somebody found; whoever holds all of it may.

        Returns:
            The key, or ``None`` where it is none of ours: the answer must not tell how close.
        """
        if len(presented) != KEY_LENGTH or not presented.isascii():
            return None
        row = self._rows.get(presented[:PREFIX_LENGTH])
        if row is None or not matches(presented.encode(), row.grant.secret_hash):
            return None
        return await self.revoke(row.grant.id, by="whoever found it", why="reported as leaked")

    async def save(self) -> bool:
        """Keep revocations and last uses; False while the store is still down."""
        for key_id, revocation in tuple(self._unsaved.items()):
            try:
                await asyncio.to_thread(
                    self._state.revoke_key,
                    key_id,
                    by=revocation.by,
                    at_unix=revocation.at_unix,
                )
            except Fault:
                return False
            self._unsaved.pop(key_id, None)
        return True

    async def save_uses(self) -> None:
        """Keep when each key was last used; a store that is down keeps it waiting."""
        uses = dict(self.uses)
        await asyncio.to_thread(self._state.keep_uses, uses)
        for key_id, at_unix in uses.items():
            if self.uses.get(key_id) == at_unix:
                del self.uses[key_id]

    def mark(self, marks: Iterable[RotationMark]) -> None:
        """Show keys as to be rotated."""
        due = {mark.key: mark for mark in marks}
        for prefix, row in self._rows.items():
            if row.rotation is None and (mark := due.get(row.grant.id)) is not None:
                self._rows[prefix] = replace(row, rotation=mark)

    def get(self, id_or_prefix: str) -> KeyRow:
        """One key.

        Raises:
            ChangeRefused: there is none.
        """
        for row in self._rows.values():
            if id_or_prefix in {row.grant.id, row.grant.prefix}:
                return row
        raise ChangeRefused("no key has this id or prefix; `alos key list` shows them")

    def _make(self, grant: KeyGrant, by: str) -> NewKey:
        key, prefix, secret_hash = make_key(secrets.token_bytes(40))
        if prefix in self._rows:
            raise ChangeRefused("the key's prefix is taken by chance; try again")
        grant = replace(grant, prefix=prefix, secret_hash=secret_hash)
        return NewKey(
            key=key, row=KeyRow(grant=grant, created_at_unix=self._now_unix(), created_by=by)
        )

    def _check_workflows(self, slugs: tuple[str, ...]) -> tuple[WorkspaceId, WorkflowId]:
        configuration = self._configuration()
        known = configuration.bundles
        workspaces = set()
        for slug in slugs:
            bundle = known.get(WorkflowId(slug))
            if bundle is None:
                listed = ", ".join(sorted(known)) or "none"
                raise ChangeRefused(f"no workflow {slug!r} is registered; there is: {listed}")
            answering = get_workflow_accountability(
                bundle, configuration.organisation, configuration.people
            )
            if answering.person is None:
                raise ChangeRefused(
                    f"nobody active is accountable for {slug!r}; name one in workflow.yaml"
                )
            workspaces.add(bundle.workflow.workspace)
        if len(workspaces) != 1:
            raise ChangeRefused("a key's workflows belong to one workspace; make one key for each")
        return workspaces.pop(), WorkflowId(slugs[0])

    def _check_prompt(self, wish: KeyWish) -> None:
        """A key's default prompt is one of every workflow that the key is for."""
        if wish.default_prompt is None:
            return
        for slug in wish.workflows:
            prompts = self._configuration().bundles[WorkflowId(slug)].prompts
            if wish.default_prompt not in prompts:
                listed = ", ".join(sorted(prompts)) or "none"
                raise ChangeRefused(
                    f"{slug!r} has no prompt {wish.default_prompt!r}; there is: {listed}"
                )

    def _check_principal(
        self, wish: KeyWish, default: WorkflowId
    ) -> tuple[PrincipalId, PrincipalKind]:
        configuration = self._configuration()
        people = configuration.people
        owner = configuration.bundles[default].workflow.owners.operational
        wanted = wish.principal or owner
        account = people.service_accounts.get(PrincipalId(wanted))
        if people.get_active(PersonId(wanted)) is not None:
            if account is not None:
                raise ChangeRefused(f"{wanted!r} is a person and a service account: two owners")
            return PrincipalId(wanted), PrincipalKind.PERSON
        if account is None or not account.active:
            raise ChangeRefused(f"{wanted!r} is no active person or service account here")
        if people.get_active(account.accountable) is None:
            raise ChangeRefused(
                f"nobody active answers for the service account {wanted!r}; name one first"
            )
        return account.id, PrincipalKind.SERVICE

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000


def write_facts(row: KeyRow) -> dict[str, str]:
    """All that a key is but its principal, so that it can be made again from its note.

    The hash of 256 random bits gives nothing away.
    """
    grant = row.grant
    return {
        "key": grant.id,
        "prefix": grant.prefix,
        "workflows": ",".join(sorted(grant.workflows)),
        "default_workflow": grant.default_workflow,
        "workspace": grant.workspace,
        "surface": grant.surface,
        "secret_hash": grant.secret_hash.hex(),
        "principal_kind": grant.principal_kind,
        "expires_at_unix": "" if grant.expires_at_unix is None else str(grant.expires_at_unix),
        "default_prompt": grant.default_prompt or "",
    }


def _name_holder(row: KeyRow) -> dict[str, str]:
    return {"principal": row.grant.principal}


def _is_over(grant: KeyGrant, now_unix: int) -> bool:
    return grant.expires_at_unix is not None and grant.expires_at_unix <= now_unix


def _revoke_in(rows: dict[str, KeyRow], revocation: _Revocation) -> None:
    for prefix, row in rows.items():
        if row.grant.id == revocation.key and not row.grant.revoked:
            rows[prefix] = replace(
                row,
                grant=replace(row.grant, revoked=True),
                revoked_at_unix=revocation.at_unix,
                revoked_by=revocation.by,
            )
