"""Plans and applies config revisions: who may, when it is enough, and what takes force.

A revision takes force whole or not at all, without a restart; calls that run keep what they
began with. A revision that can't be read leaves the last good one in force.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from alos.control.change_notes import ChangeNotes
from alos.control.refused import ChangeRefused
from alos.control.revision_diff import list_changes
from alos.control.revision_files import check_files, get_digest, to_file_digest
from alos.control.revision_statement import write_revision_statement
from alos.domain.action import Action
from alos.domain.authorization import check_may
from alos.domain.ids import PersonId
from alos.domain.people import People
from alos.domain.principal import LOCAL_OPERATOR, CallerKind, Principal
from alos.domain.record import NoteKind
from alos.domain.revision import (
    APPLY,
    Approval,
    ConfigPlan,
    Revision,
    Section,
    list_missing,
)
from alos.ports.clock import Clock
from alos.ports.revisions import RevisionState, RevisionTaken
from alos.ports.statements import Statements

PreparedT = TypeVar("PreparedT")
"""A configuration with everything that is built from it, ready to be put into force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means(Generic[PreparedT]):
    """What a revision is read and put into force by.

    Attributes:
        prepare: reads and builds files in a thread; raises ``ChangeRefused`` for their errors.
        put_in_force: swaps everything at once, in the event loop; who caused it.
        people: those in force.
        settle: leaves a principal those roles alone that were gained long enough ago to vote.
    """

    prepare: Callable[[Mapping[str, bytes]], PreparedT]
    put_in_force: Callable[[PreparedT, str], Awaitable[None]]
    people: Callable[[], People]
    settle: Callable[[Principal], Principal]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAnswer:
    """A plan and what it still needs.

    Attributes:
        missing: whose consent it waits for; empty once applied.
        revision: set once it is in force.
    """

    plan: ConfigPlan
    missing: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    revision: Revision | None = None


class Revisions(Generic[PreparedT]):
    """The config revisions of one installation.

    Args:
        dev: bundles are applied with the rest, and one operator is enough.
    """

    def __init__(
        self,
        state: RevisionState,
        *,
        notes: ChangeNotes,
        clock: Clock,
        statements: Statements,
        means: Means[PreparedT],
        dev: bool,
    ) -> None:
        self._state = state
        self._notes = notes
        self._clock = clock
        self._statements = statements
        self._prepare = means.prepare
        self._put_in_force = means.put_in_force
        self._people = means.people
        self._settle = means.settle
        self._dev = dev
        self._turn = asyncio.Lock()
        self._number = 0
        self._trouble = ""

    @property
    def number(self) -> int:
        """Number of the revision in force."""
        return self._number

    @property
    def trouble(self) -> str:
        """Why the newest revision is not in force here; empty while it is."""
        return self._trouble

    # --- plans ----------------------------------------------------------------------------

    async def preview(self, files: Mapping[str, bytes]) -> tuple[ConfigPlan, tuple[str, ...]]:
        """What applying these files would change, and whose consent it takes; keeps nothing.

        Raises:
            ChangeRefused: they hold errors, or nothing changes.
        """
        plan, _ = await self._make_plan(files, by="")
        return plan, self._list_missing(plan)

    async def propose(self, files: Mapping[str, bytes], principal: Principal) -> PlanAnswer:
        """Keep a plan, with its proposer's consent where they may give one.

        Raises:
            ChangeRefused: the files hold errors, or nothing changes.
        """
        plan, files = await self._make_plan(files, by=principal.id)
        by_digest = {plan.files[path]: raw for path, raw in files.items()}
        await asyncio.to_thread(self._state.add_files, by_digest)
        await asyncio.to_thread(self._state.add_plan, plan)
        return await self._consent(plan, principal)

    async def approve(self, plan_id: str, principal: Principal) -> PlanAnswer:
        """Add a person's consent to a waiting plan; the last one puts it into force.

        Raises:
            ChangeRefused: no such plan, it is stale, or this person's consent is not asked for.
        """
        plan = await self._get_plan(plan_id)
        if not self._list_given(plan, principal) and not self._confirms(plan, principal):
            raise ChangeRefused(
                "this plan does not wait for you: " + "; ".join(self._list_missing(plan))
            )
        return await self._consent(plan, principal)

    async def withdraw(self, plan_id: str, principal: Principal) -> None:
        """Drop a waiting plan.

        Raises:
            ChangeRefused: no such plan, or it is neither the principal's own nor waits for them.
        """
        plan = await self._get_plan(plan_id)
        is_asked = self._list_given(plan, principal) or self._confirms(plan, principal)
        if principal.id != plan.proposed_by and not is_asked:
            raise ChangeRefused("whoever proposed it withdraws it, or whose consent it waits for")
        await asyncio.to_thread(self._state.end_plan, plan.id, state="withdrawn")
        self._notes.add(
            NoteKind.CONFIG_PLANNED, {"plan": plan.id, "what": "withdrawn"}, by=principal.id
        )
        await self._notes.flush()

    async def list_plans(self) -> list[PlanAnswer]:
        """Those that wait, oldest first."""
        plans = await asyncio.to_thread(self._state.list_plans)
        return [PlanAnswer(plan=plan, missing=self._list_missing(plan)) for plan in plans]

    async def list_revisions(self) -> list[Revision]:
        """Every revision, newest first."""
        return list(await asyncio.to_thread(self._state.list_revisions))

    async def get_files(self, number: int) -> dict[str, bytes]:
        """The files of a revision.

        Raises:
            ChangeRefused: there is none of that number.
        """
        revision = await asyncio.to_thread(self._state.get_revision, number)
        if revision is None:
            raise ChangeRefused(f"there is no revision {number}; the newest is {self._number}")
        return await asyncio.to_thread(load_files, self._state, revision)

    # --- what is in force -----------------------------------------------------------------

    async def follow(self) -> None:
        """Put a revision into force that another host applied; keeps the last good one."""
        async with self._turn:
            newest = await asyncio.to_thread(self._state.get_last_number)
            if newest == self._number:
                return
            revision = await asyncio.to_thread(self._state.get_revision, newest)
            if revision is None:
                return
            try:
                files = await asyncio.to_thread(load_files, self._state, revision)
                prepared = await asyncio.to_thread(self._prepare, files)
            except ChangeRefused as refused:
                self._trouble = f"revision {newest} can't be read here: {refused}"
                return
            await self._put_in_force(prepared, f"revision {newest}")
            self._number, self._trouble = newest, ""

    def begin_with(self, number: int, trouble: str = "") -> None:
        """Say which revision the start put into force."""
        self._number, self._trouble = number, trouble

    # --- within ---------------------------------------------------------------------------

    async def _make_plan(
        self, files: Mapping[str, bytes], *, by: str
    ) -> tuple[ConfigPlan, dict[str, bytes]]:
        check_files(files)
        before = await self.get_files(self._number)
        after = dict(files)
        if not self._dev:  # bundles are released there, not applied
            after = {path: raw for path, raw in after.items() if not _is_bundle(path)}
            after |= {path: raw for path, raw in before.items() if _is_bundle(path)}
        await asyncio.to_thread(self._prepare, after)
        changes = list_changes(before, after)
        if not changes:
            raise ChangeRefused(f"nothing changes: revision {self._number} says the same")
        plan = ConfigPlan(
            id="plan_" + secrets.token_hex(6),
            base=self._number,
            files={path: to_file_digest(raw) for path, raw in after.items()},
            changes=changes,
            proposed_by=by,
            proposed_at_unix=self._now_unix(),
        )
        return plan, after

    async def _consent(self, plan: ConfigPlan, principal: Principal) -> PlanAnswer:
        given = self._list_given(plan, principal)
        if given or self._confirms(plan, principal):
            plan = replace(
                plan, approvals=(*plan.approvals, self._write_approval(plan, principal, given))
            )
            await asyncio.to_thread(self._state.put_plan, plan)
        missing = self._list_missing(plan)
        await self._notes.note(
            NoteKind.CONFIG_PLANNED,
            {
                "plan": plan.id,
                "what": "consented" if given else "proposed",
                "sections": ",".join(sorted(given or plan.sections)),
                "missing": str(len(missing)),
            },
            by=principal.id,
        )
        if missing or (not plan.approvals and not self._dev):
            return PlanAnswer(plan=plan, missing=missing)
        return PlanAnswer(plan=plan, missing=(), revision=await self._apply(plan))

    async def _apply(self, plan: ConfigPlan) -> Revision:
        async with self._turn:
            if plan.base != self._number:
                await asyncio.to_thread(self._state.end_plan, plan.id, state="stale")
                raise ChangeRefused(f"revision {self._number} came first; plan again")
            number = plan.base + 1
            kept = await asyncio.to_thread(self._state.get_files, list(set(plan.files.values())))
            files = {path: kept[digest] for path, digest in plan.files.items()}
            prepared = await asyncio.to_thread(self._prepare, files)
            previous = await asyncio.to_thread(self._state.get_revision, plan.base)
            revision = self._write_revision(plan, number, files, previous)
            facts = {
                "revision": str(number),
                "digest": revision.digest,
                "plan": plan.id,
                "sections": ",".join(sorted(plan.sections)),
            }
            by = ",".join(map(str, revision.applied_by))
            await self._notes.note(NoteKind.CONFIG_APPLIED, facts, by=by)
            try:
                await asyncio.to_thread(self._state.add_revision, revision)
            except RevisionTaken as error:
                raise ChangeRefused("another revision came first; plan again") from error
            await self._put_in_force(prepared, f"revision {number}")
            self._number, self._trouble = number, ""
            await asyncio.to_thread(self._state.end_plan, plan.id, state="applied")
            return revision

    def _write_revision(
        self,
        plan: ConfigPlan,
        number: int,
        files: Mapping[str, bytes],
        previous: Revision | None,
    ) -> Revision:
        revision = Revision(
            number=number,
            digest=get_digest(files),
            files=plan.files,
            applied_at_unix=self._now_unix(),
            applied_by=tuple(one.by for one in plan.approvals) or (plan.proposed_by,),
            envelope="",
        )
        statement = write_revision_statement(revision, plan, previous, dev=self._dev)
        return replace(revision, envelope=self._statements.sign(statement))

    def _list_missing(self, plan: ConfigPlan) -> tuple[str, ...]:
        """Whose consent is missing; that of somebody who left meanwhile no longer counts."""
        people = self._people()
        standing = [
            one
            for one in plan.approvals
            if one.by == LOCAL_OPERATOR or people.get_active(PersonId(one.by)) is not None
        ]
        return tuple(list_missing(plan, standing, dev=self._dev))

    def _list_given(self, plan: ConfigPlan, principal: Principal) -> frozenset[Section]:
        settled = self._settle(principal)
        before = {
            section for one in plan.approvals if one.by == principal.id for section in one.gives
        }
        return frozenset(
            section
            for section in (plan.sections & APPLY.keys()) - before
            if check_may(settled, APPLY[section]) is None
        )

    def _confirms(self, plan: ConfigPlan, principal: Principal) -> bool:
        return (
            Section.GOVERNANCE in plan.sections
            and not any(one.by == principal.id and one.confirms for one in plan.approvals)
            and principal.kind is CallerKind.PERSON
            and check_may(self._settle(principal), Action.CONFIG_CONFIRM) is None
        )

    def _write_approval(
        self, plan: ConfigPlan, principal: Principal, given: frozenset[Section]
    ) -> Approval:
        person = self._people().persons.get(PersonId(principal.id))
        known = principal.authentication
        return Approval(
            by=principal.id,
            identities=person.identities if person is not None else frozenset(),
            gives=given,
            confirms=self._confirms(plan, principal),
            at_unix=self._now_unix(),
            known_by={
                "method": known.method.value,
                "issuer": known.issuer,
                "subject": known.subject,
                "auth_time_unix": str(known.auth_time_unix),
            },
        )

    async def _get_plan(self, plan_id: str) -> ConfigPlan:
        for plan in await asyncio.to_thread(self._state.list_plans):
            if plan.id == plan_id:
                if plan.base != self._number:
                    await asyncio.to_thread(self._state.end_plan, plan.id, state="stale")
                    raise ChangeRefused(f"revision {self._number} came first; plan again")
                return plan
        raise ChangeRefused("no plan of that id waits; `alos config list` shows those that do")

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000


def load_files(state: RevisionState, revision: Revision) -> dict[str, bytes]:
    """The files of a revision, each checked against its digest (blocks).

    Raises:
        ChangeRefused: one is missing or was changed in the store.
    """
    kept = state.get_files(list(set(revision.files.values())))
    files = {}
    for path, digest in revision.files.items():
        raw = kept.get(digest)
        if raw is None or to_file_digest(raw) != digest:
            raise ChangeRefused(f"{path} of revision {revision.number} is not what was applied")
        files[path] = raw
    return files


def _is_bundle(path: str) -> bool:
    return path.startswith("workflows/")
