"""Takes kill switches back, once as many people as it takes have said so."""

import asyncio
from dataclasses import dataclass

from alos.control.plane import ChangeRefused, ControlPlane
from alos.control.release_book import ReleaseBook
from alos.control.voters import GetGainedAt, get_identities
from alos.domain.authorization import Relation, Target, list_capacities
from alos.domain.ids import PersonId, WorkflowId
from alos.domain.organisation import Lane
from alos.domain.people import Role
from alos.domain.principal import CallerKind, Principal
from alos.domain.record import NoteKind
from alos.domain.release import Release
from alos.domain.revival import (
    MEMBERS,
    RevivalCase,
    RevivalVote,
    counts_by_now,
    list_missing,
)
from alos.domain.standing import Stop
from alos.ports.clock import Clock
from alos.ports.control_state import ControlState


@dataclass(frozen=True, slots=True, kw_only=True)
class Revival:
    """Where a revival stands.

    Attributes:
        revived: the switch was taken back.
        said_by: those whose word counts so far.
        missing: who else has to say so.
    """

    revived: bool
    said_by: tuple[PersonId, ...]
    missing: tuple[str, ...]


class Revivals:
    """Collects the words of people about switches that are pulled."""

    def __init__(
        self,
        plane: ControlPlane,
        state: ControlState,
        book: ReleaseBook,
        *,
        get_gained_at: GetGainedAt,
        clock: Clock,
    ) -> None:
        self._plane = plane
        self._state = state
        self._book = book
        self._get_gained_at = get_gained_at
        self._clock = clock

    async def revive(self, kind: str, target: str, by: Principal, about: Target) -> Revival:
        """Take somebody's word that the switch may be taken back, and do so where it is enough.

        The operator of a dev folder is enough alone.

        Raises:
            ChangeRefused: nothing of that name is stopped, or the kill file holds it.
            StoreDown: nothing was kept; it stays stopped.
        """
        stop = self._plane.switches.get_revivable(kind, target)
        if by.kind is CallerKind.LOCAL_OPERATOR:
            await self._plane.revive(kind, target, by=by.id)
            return Revival(revived=True, said_by=(), missing=())
        case, release = self._build_case(stop)
        vote = self._build_vote(case, release, by, about)
        await asyncio.to_thread(self._state.add_revival_vote, vote)
        self._note(vote)
        people = self._plane.configuration.people
        kept = await asyncio.to_thread(self._state.list_revival_votes, kind, target)
        votes = [one for one in kept if people.get_active(one.person) is not None]
        missing = list_missing(case, votes)
        said_by = tuple(dict.fromkeys(one.person for one in votes if _is_about(one, case)))
        if missing:
            await self._plane.notes.flush()
            return Revival(revived=False, said_by=said_by, missing=missing)
        await self._plane.revive(kind, target, by=", ".join(said_by))
        return Revival(revived=True, said_by=said_by, missing=())

    def _build_case(self, stop: Stop) -> tuple[RevivalCase, Release | None]:
        release = self._get_release(stop)
        unchanged = release is None or release.stage_since_unix <= stop.since_unix
        case = RevivalCase(
            stop=stop,
            lane=self._get_lane(stop, release),
            digest=release.digest if release is not None else "",
            unchanged=unchanged,
            now_unix=self._now_unix(),
        )
        return case, release

    def _get_release(self, stop: Stop) -> Release | None:
        """The newest release that would be served again."""
        if stop.kind != "workflow":
            return None
        lineage = self._book.get(WorkflowId(stop.target))
        return lineage.rolling_release or lineage.live_release

    def _get_lane(self, stop: Stop, release: Release | None) -> Lane | None:
        if stop.kind != "workflow":
            return None
        configuration = self._plane.configuration
        lanes = configuration.organisation.lanes
        if release is not None:
            return lanes[release.submitted.lane_tier]
        bundle = configuration.bundles.get(WorkflowId(stop.target))
        return lanes[bundle.workflow.tier] if bundle is not None else None

    def _build_vote(
        self, case: RevivalCase, release: Release | None, by: Principal, about: Target
    ) -> RevivalVote:
        person = self._plane.configuration.people.persons.get(PersonId(by.id))
        if by.kind is not CallerKind.PERSON or person is None:
            raise ChangeRefused("only a person can say that a kill switch may be taken back")
        identities = get_identities(person)
        authors = release.submitted.authors if release is not None else frozenset()
        capacities = list_capacities(by, about)
        return RevivalVote(
            kind=case.stop.kind,
            target=case.stop.target,
            since_unix=case.stop.since_unix,
            digest=case.digest,
            person=person.id,
            identities=identities,
            roles=self._list_roles(case, by, about),
            is_owner=bool(_OWNERS[case.stop.kind == "workflow"].intersection(capacities)),
            is_author=not identities.isdisjoint(authors),
            at_unix=case.now_unix,
        )

    def _list_roles(self, case: RevivalCase, by: Principal, about: Target) -> frozenset[Role]:
        """The roles of lanes that the person holds and that count by now."""
        members = MEMBERS if case.lane is not None else MEMBERS | {Role.SECURITY_OWNER}
        return frozenset(
            role
            for role in by.roles & members
            if (role is not Role.TEAM_LEAD or about.workspace in by.workspaces)
            and counts_by_now(self._get_gained_at(PersonId(by.id), role), case.now_unix)
        )

    def _note(self, vote: RevivalVote) -> None:
        facts = {"kind": vote.kind, "target": vote.target, "digest": vote.digest}
        self._plane.notes.add(NoteKind.REVIVAL_VOTE, facts, by=vote.person)

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000


_OWNERS: dict[bool, frozenset[Role | Relation]] = {
    True: frozenset({Relation.OPERATIONAL_OWNER}),
    False: frozenset({Role.GATEWAY_OWNER, Relation.WORKSPACE_OWNER}),
}
"""Who owns what was stopped: a workflow, or anything else."""


def _is_about(vote: RevivalVote, case: RevivalCase) -> bool:
    return (vote.since_unix, vote.digest) == (case.stop.since_unix, case.digest)
