"""The control plane's changes: keys, kill switches, and the Standing that follows from them.

Each change is kept, noted in the journal, and swapped into force. Stopping is the exception in
order: it takes force first, so that a store that is down can't hold it up.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from alos.control.change_notes import ChangeNotes
from alos.control.keys import Keys, KeyWish, NewKey
from alos.control.kill_switches import KillSwitches
from alos.control.leavers import Leavers, list_leavers, list_returned
from alos.control.refused import ChangeRefused
from alos.control.standing import Configuration, Permissions, Served, compile_standing
from alos.control.trials import Trials
from alos.domain.bundle import Bundle
from alos.domain.ids import Digest, PersonId, RunId, WorkflowId
from alos.domain.people import People
from alos.domain.record import NoteKind
from alos.domain.standing import KeyGrant, Standing, Stop
from alos.domain.waiver import Waiver
from alos.ports.clock import Clock
from alos.ports.control_state import ControlState, KeyRow
from alos.ports.journal import Journal

__all__ = ["STOP_KINDS", "ChangeRefused", "ControlPlane", "KeyWish", "NewKey"]

STOP_KINDS = frozenset({"workflow", "model", "vendor", "tool", "workspace", "everything"})


_TOOL_NAME = re.compile(r"[^\s#]{1,128}")
"""As clients may call it; the kill file takes it as one word."""


class ServedReleases(Protocol):
    """What the releases say is served now."""

    @property
    def served(self) -> Mapping[WorkflowId, Served]:
        """By workflow, the release that reaches the fewest first."""

    @property
    def taken_back(self) -> frozenset[Digest]:
        """Digests that were rolled back."""


class NothingServed:
    """No releases: every workflow is as its files say."""

    served: Mapping[WorkflowId, Served] = MappingProxyType({})
    taken_back: frozenset[Digest] = frozenset()


class WaiversInForce(Protocol):
    """The waivers there are."""

    @property
    def all(self) -> Mapping[str, Waiver]:
        """By id."""


class NoWaivers:
    """None at all."""

    all: Mapping[str, Waiver] = MappingProxyType({})


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
        self._filed = self._configuration = configuration
        self.after_put: list[Callable[..., Awaitable[None]]] = []
        """Called with (configuration, by=…) after another configuration is in force."""
        self._merge: Callable[[People], People] = lambda people: people
        self._state = state
        self._clock = clock
        self.notes = ChangeNotes(journal, clock)
        self.keys = Keys(
            state,
            notes=self.notes,
            clock=clock,
            configuration=lambda: self._configuration,
            refresh=self.refresh,
        )
        self.switches = KillSwitches(state, notes=self.notes, clock=clock, refresh=self.refresh)
        self.legal_holds: frozenset[tuple[str, str]] = frozenset()
        """What new calls come under; whoever sets it calls :meth:`refresh`."""
        self.trials = Trials()
        self.drills: dict[RunId, Callable[[Standing], Standing]] = {}
        """Drills that run: what each makes of the Standing for its own calls."""
        self.leavers = Leavers(state, notes=self.notes, clock=clock)
        self.standing: Standing
        """The one published last; set by the first :meth:`refresh`."""
        self.served: ServedReleases = NothingServed()
        self.waivers: WaiversInForce = NoWaivers()
        self.bound: frozenset[tuple[str, PersonId]] = frozenset()
        """Issuer and person of the accounts that people signed in with; as above."""
        self.followers: list[Callable[[], Awaitable[object]]] = []
        """What is done after each change of the configuration; parts add theirs."""
        self._dev = dev
        self._publish = publish
        self._epoch = 0

    @property
    def configuration(self) -> Configuration:
        """What applies now: what files say, with the directory's people laid over them."""
        return self._configuration

    @property
    def filed_people(self) -> People:
        """The people of ``people.yaml`` alone."""
        return self._filed.people

    @property
    def stops(self) -> Mapping[tuple[str, str], Stop]:
        """Kill switches in force, by (kind, target)."""
        return self.switches.in_force

    @property
    def is_dev(self) -> bool:
        """Whether the data folder was born as a dev folder."""
        return self._dev

    async def load(self) -> None:
        """Read keys and kill switches and put the first Standing into force.

        Raises:
            StoreDown: the store can't be read.
        """
        await self.keys.load()
        await self.switches.load()
        self.refresh()

    def refresh(self) -> None:
        """Compile and publish; call it after any change of what the Standing is made of."""
        self._epoch += 1
        now_unix = self._now_unix()
        standing = compile_standing(
            self._configuration,
            keys=self.keys.grants,
            stops=self.stops.values(),
            permissions=Permissions(
                served=self.served.served,
                taken_back=self.served.taken_back,
                waivers=tuple(self.waivers.all.values()),
                bound=self.bound,
            ),
            dev=self._dev,
            epoch=self._epoch,
            now_unix_ns=self._clock.unix_ns(),
        )
        self.standing = replace(
            standing,
            legal_holds=self.legal_holds,
            drafts=self.trials.compile_drafts(self._configuration, now_unix),
            runs=self.trials.compile_runs(self._configuration, now_unix),
        )
        if self.drills:
            views = {run: view(self.standing) for run, view in self.drills.items()}
            self.standing = replace(self.standing, drills=views)
        self._publish(self.standing)

    def take_account(self, issuer: str, person: PersonId) -> None:
        """Know a person by an account at an identity provider from now on."""
        self.bound |= {(issuer, person)}
        self.refresh()

    def take_draft(self, bundle: Bundle, uploaded_at_unix: int) -> None:
        """Let an uploaded bundle be called as a draft from now on."""
        self.trials.add_draft(bundle, uploaded_at_unix=uploaded_at_unix)
        self.refresh()

    async def note_refusal(self, asked: str, *, by: str, reason: str | None = None) -> None:
        """Write down that somebody was refused.

        Args:
            asked: for what, in our own words only.
            by: who asked.
            reason: the code of the refusal, where it has one.
        """
        facts = {"asked": asked, **({"reason": reason} if reason else {})}
        self.notes.add(NoteKind.CHANGE_REFUSED, facts, by=by)
        await self.notes.flush()

    # --- what applies ---------------------------------------------------------------------

    def lay_over(self, merge: Callable[[People], People]) -> None:
        """Take people from elsewhere too, from the next load or change on.

        Args:
            merge: the people of ``people.yaml`` → the people in force.
        """
        self._merge = merge
        self._configuration = replace(self._filed, people=merge(self._filed.people))

    async def put_people(self, by: str, *, is_news: bool = False) -> None:
        """Put changed people into force; whoever is not active any more has left by then."""
        await self.put_configuration(self._filed, by=by, is_news=is_news)

    async def put_configuration(
        self, filed: Configuration, *, by: str, is_news: bool = False
    ) -> None:
        """Put what files say into force, then end what leavers had and note it.

        Args:
            filed: what they say.
            by: who caused it.
            is_news: another gateway did it first; only what it had not ended yet is noted.
        """
        before = self._configuration
        configuration = replace(filed, people=self._merge(filed.people))
        self._filed, self._configuration = filed, configuration
        self.refresh()
        returned = () if is_news else list_returned(before.people, configuration.people)
        for person in returned:
            self.notes.add(NoteKind.PERSON_RETURNED, {}, by=by, personal={"person": person})
        gone = list_leavers(before.people, configuration.people)
        if gone:
            marks = await self.leavers.end(
                gone,
                by=by,
                keys=tuple(self.keys.rows.values()),
                organisation=configuration.organisation,
                people=configuration.people,
                is_news=is_news,
            )
            self.keys.mark(marks)
        for update in self.after_put:
            await update(configuration, by=by)
        await self.notes.flush()
        for follow in self.followers:
            await follow()

    async def save(self) -> None:
        """Keep everything in force that could not be kept before."""
        await self.keys.save()
        await self.leavers.save_marks()
        await self.switches.save()
        await self.switches.tell_rest()

    # --- keys -----------------------------------------------------------------------------

    async def create_key(self, wish: KeyWish, *, by: str) -> NewKey:
        """As :meth:`Keys.create`."""
        return await self.keys.create(wish, by=by)

    async def revoke_key(self, id_or_prefix: str, *, by: str) -> KeyGrant:
        """As :meth:`Keys.revoke`."""
        return await self.keys.revoke(id_or_prefix, by=by)

    def find_key(self, id_or_prefix: str) -> KeyGrant | None:
        """The key of that id or prefix, revoked or not."""
        return next(
            (one for one in self.keys.grants if id_or_prefix in {one.id, one.prefix}), None
        )

    async def list_keys(self) -> list[KeyRow]:
        """Every key, oldest first."""
        return sorted(self.keys.rows.values(), key=lambda row: row.created_at_unix)

    # --- kill switches --------------------------------------------------------------------

    async def stop(self, kind: str, target: str, *, by: str, reason: str) -> Stop:
        """Pull a kill switch: in force when this returns, kept as soon as the store allows.

        Raises:
            ChangeRefused: there is nothing of that kind and name.
        """
        self.check_target(kind, target)
        return await self.switches.stop(kind, target, by=by, reason=reason)

    async def revive(self, kind: str, target: str, *, by: str) -> None:
        """As :meth:`KillSwitches.revive`."""
        await self.switches.revive(kind, target, by=by)

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
        if kind == "tool":  # clients bring tools that no bundle names
            if _TOOL_NAME.fullmatch(target) is None:
                raise ChangeRefused("a tool's name is one word of at most 128 characters")
            return
        if target not in known[kind]:
            listed = ", ".join(sorted(known[kind])) or "none"
            raise ChangeRefused(f"there is no {kind} {target!r}; there is: {listed}")

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000
