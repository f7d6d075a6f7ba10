"""Eval runs: started, filled with answers, judged, signed, and asked about by the promote gate.

The verdict is worked out here, from the records of the run's calls and by graders of ours. What
a client hands in are the bytes of answers, each of which has to have the hash in its record.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from alos.control.bundles import Bundles
from alos.control.calibrations import Calibrations
from alos.control.eval_desk import (
    AuthorGrade,
    Desk,
    EvalReach,
    LiveRelease,
    Question,
    RunWish,
    find_key,
)
from alos.control.eval_drift import (
    compare_with,
    find_gated,
    find_measured,
    get_newest,
    write_notice,
)
from alos.control.eval_ending import end_run, write_ending_facts, write_facts
from alos.control.eval_plan import EvalPlan, build_plan
from alos.control.eval_record import read_run
from alos.control.eval_result import to_time, write_statement
from alos.control.plane import ControlPlane
from alos.control.refused import ChangeRefused
from alos.control.release_desk import Notify
from alos.control.trials import OpenRun
from alos.domain.bundle import Bundle
from alos.domain.evaluation import (
    CaseResult,
    Comparison,
    RunPurpose,
    Word,
)
from alos.domain.ids import CallId, Digest, RunId, WorkflowId
from alos.domain.principal import Principal
from alos.domain.promotion import EvalFact
from alos.domain.record import ClosingEntry, NoteKind
from alos.domain.standing import PrincipalKind
from alos.evals.graders import Scan
from alos.ports.call_store import CallQuery, CallStore
from alos.ports.clock import Clock
from alos.ports.eval_runs import EvalRun, EvalRuns
from alos.ports.statements import Statements
from alos.ports.wire import WireFormat

RUN_SECONDS = 6 * 3600
"""A run takes calls for so long; one that was not ended by then is ended without them."""
MOST_OPEN = 32
_MOST_RECORDS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalParts:
    """What evals are built on.

    Attributes:
        catch_up: returns once all calls that have been answered are in the index (blocks).
        get_live: the release that serves everybody now, if any.
        notify: tells people what a nightly run found.
    """

    runs: EvalRuns
    plane: ControlPlane
    bundles: Bundles
    calls: CallStore
    statements: Statements
    formats: Mapping[str, WireFormat]
    scan: Scan
    clock: Clock
    catch_up: Callable[[], object]
    get_live: Callable[[WorkflowId], LiveRelease | None]
    notify: Notify


class Evals:
    """Every eval run of this installation."""

    def __init__(self, parts: EvalParts) -> None:
        self._parts = parts
        self._runs = parts.runs
        self._plane = parts.plane
        self._desks: dict[RunId, Desk] = {}
        self._ending = asyncio.Lock()
        self.calibrations = Calibrations(
            parts.plane,
            EvalReach(
                get_bundle=parts.bundles.get,
                read_calls=self._read,
                catch_up=parts.catch_up,
                get_now_unix=self._now_unix,
                formats=parts.formats,
            ),
        )

    # --- a run's way ----------------------------------------------------------------------

    async def load(self) -> None:
        """Take up the runs that were open when the last process ended.

        What had been handed in is gone; clients hand it in again.

        Raises:
            StoreDown: the store can't be read.
        """
        for run in await asyncio.to_thread(self._runs.list_open):
            bundle = await self._parts.bundles.get(run.digest)
            if bundle is None:
                continue
            plan = await self._plan(run, bundle)
            spent = sum(one.cost_nanousd for one in await self._read(run.id))
            self._open(run, plan, spent_nanousd=spent)
        self._plane.refresh()

    async def start(self, wish: RunWish, *, by: Principal) -> tuple[EvalRun, EvalPlan]:
        """Issue a run id and let its calls in.

        Raises:
            ChangeRefused: no such bundle or key, a key that may not, or nothing to run.
        """
        bundle = await self._need_bundle(wish.digest)
        key = find_key(self._plane, wish.key, bundle.id, by)
        now_unix = self._now_unix()
        is_workload = key.id == by.authentication.grant
        if len(self._desks) >= MOST_OPEN:
            await self.end_overdue()
            if len(self._desks) >= MOST_OPEN:
                raise ChangeRefused(f"{MOST_OPEN} runs are open; finish some first")
        live = self._parts.get_live(bundle.id)
        bases = tuple(dict.fromkeys(([live.digest] if live else []) + list(wish.bases)))
        run = EvalRun(
            id=RunId(f"run_{secrets.token_hex(10)}"),
            workflow=bundle.id,
            digest=bundle.digest,
            purpose=wish.purpose,
            number=await self._count(bundle.id, wish.purpose, live),
            bases=tuple(one for one in bases if one != bundle.digest),
            key=key.id,
            by=key.principal,
            by_kind="workload" if is_workload else key.principal_kind.value,
            is_ci=is_workload or (by.dev and key.principal_kind is PrincipalKind.SERVICE),
            identity=f"{by.authentication.issuer} {by.authentication.subject}"
            if is_workload
            else "",
            repeats=wish.repeats,
            started_at_unix=now_unix,
            ends_at_unix=now_unix + RUN_SECONDS,
        )
        plan = await self._plan(run, bundle)
        await self._plane.notes.note(NoteKind.EVAL_STARTED, write_facts(run), by=by.id)
        await asyncio.to_thread(self._runs.add, run)
        self._open(run, plan, spent_nanousd=0)
        self._plane.refresh()
        return run, plan

    async def hand_in(
        self,
        run_id: RunId,
        answers: Mapping[CallId, bytes],
        grades: Sequence[AuthorGrade] = (),
    ) -> tuple[Question, ...]:
        """Take answers in; each must have the hash that stands in the record of its call.

        Returns:
            Questions to the judge that follow from these answers.

        Raises:
            ChangeRefused: no such run is open, or an answer is not what the record says.
        """
        desk = self._need_desk(run_id)
        await asyncio.to_thread(self._parts.catch_up)
        organisation = self._plane.configuration.organisation
        questions: list[Question] = []
        for call_id, body in answers.items():
            closing = await self._need_call(call_id)
            answer = desk.read(closing, body, self._parts.formats)
            questions += desk.take(closing, answer, organisation)
        desk.take_grades(grades)
        if questions:
            self._let_in(run_id, questions)
        return tuple(questions)

    async def finish(self, run_id: RunId) -> EvalRun:
        """Judge a run, sign the verdict and note it; nothing more can be called under its id.

        Raises:
            ChangeRefused: no such run is open.
        """
        async with self._ending:
            desk = self._need_desk(run_id)
            self._plane.trials.runs.pop(run_id, None)
            self._plane.refresh()
            await asyncio.to_thread(self._parts.catch_up)
            closings = await self._read(run_id)
            reading = await asyncio.to_thread(
                read_run,
                desk.plan.bundle.cases,
                desk.plan.repeats,
                closings,
                desk.handed_in,
                self._parts.scan,
            )
            comparison = await self._compare(desk.run, reading.results)
            ended = end_run(
                desk.run,
                desk.plan,
                reading,
                comparison,
                gated=await self._find_gated(desk.run),
                statements=self._parts.statements,
                now_unix=self._now_unix(),
            )
            await self._plane.notes.note(
                NoteKind.EVAL_FINISHED, write_ending_facts(ended, desk.plan), by=ended.by
            )
            await asyncio.to_thread(self._runs.finish, ended)
            del self._desks[run_id]
            notice = write_notice(ended, desk.plan.bundle, self._plane.configuration)
            if notice is not None:
                await self._parts.notify(notice.parties, notice.subject, notice.lines)
            return ended

    async def end_overdue(self) -> None:
        """End the runs whose time is over, with what was handed in."""
        now_unix = self._now_unix()
        for run_id, desk in tuple(self._desks.items()):
            if now_unix >= desk.run.ends_at_unix:
                await self.finish(run_id)

    # --- questions ------------------------------------------------------------------------

    async def get(self, run_id: RunId) -> EvalRun | None:
        """A run by id."""
        return await asyncio.to_thread(self._runs.get, run_id)

    def get_plan(self, run_id: RunId) -> EvalPlan:
        """The plan of an open run, to take it up again.

        Raises:
            ChangeRefused: it is not open.
        """
        return self._need_desk(run_id).plan

    async def find_workflow(self, digest: Digest) -> WorkflowId | None:
        """The workflow of an uploaded bundle; ``None`` where none was uploaded."""
        bundle = await self._parts.bundles.get(digest)
        return bundle.id if bundle is not None else None

    async def list_runs(self, workflow: WorkflowId) -> Sequence[EvalRun]:
        """A workflow's runs, oldest first."""
        return await asyncio.to_thread(self._runs.list_runs, workflow)

    async def get_eval_fact(self, digest: Digest) -> EvalFact | None:
        """The newest gate run of a digest that has a verdict; what the promote gate asks.

        Where that one passed outside CI, the newest of CI stands for it, so that a look of
        somebody's own takes nothing away; one that did not pass always stands.

        Raises:
            StoreDown: it can't be read, which is not the same as none.
        """
        bundle = await self._parts.bundles.get(digest)
        if bundle is None:
            return None
        runs = await asyncio.to_thread(self._runs.list_runs, bundle.id)
        ended = [
            run
            for run in runs
            if run.digest == digest and run.purpose is RunPurpose.GATE and not run.is_open
        ]
        if not ended:
            return None
        newest = self._to_fact(get_newest(ended))
        in_ci = [run for run in ended if run.is_ci]
        if newest.is_ci or not newest.passed or not in_ci:
            return newest
        return self._to_fact(get_newest(in_ci))

    def _to_fact(self, run: EvalRun) -> EvalFact:
        return EvalFact(
            run=run.id,
            passed=run.verdict is Word.PASS and self.is_intact(run),
            at_unix=run.finished_at_unix or 0,
            gate_run=run.number,
            by=run.by,
            is_ci=run.is_ci,
        )

    def is_intact(self, run: EvalRun) -> bool:
        """Whether the stored result is the one that was signed, about this very digest."""
        content = self._parts.statements.open(run.envelope)
        if content is None:
            return False
        result = json.loads(run.result)
        is_this = (result["verdict"], result["finished_at"]) == (
            run.verdict,
            to_time(run.finished_at_unix or 0),
        )
        return is_this and content == write_statement(run, result, run.result)

    # --- inside ---------------------------------------------------------------------------

    async def _plan(self, run: EvalRun, bundle: Bundle) -> EvalPlan:
        bases = [one for digest in run.bases if (one := await self._parts.bundles.get(digest))]
        return build_plan(
            bundle,
            self._plane.configuration.organisation,
            bases=bases,
            repeats=run.repeats,
            run_number=max(1, run.number),
        )

    def _open(self, run: EvalRun, plan: EvalPlan, *, spent_nanousd: int) -> None:
        self._desks[run.id] = Desk(run=run, plan=plan)
        self._plane.trials.runs[run.id] = OpenRun(
            id=run.id,
            bundle=plan.bundle,
            key=run.key,
            limit_nanousd=max(0, plan.rule.max_cost_nanousd - spent_nanousd),
            ends_at_unix=run.ends_at_unix,
            judges=plan.judges,
            inputs={one.case_id: one.sha256 for one in plan.inputs},
        )

    async def _count(
        self, workflow: WorkflowId, purpose: RunPurpose, live: LiveRelease | None
    ) -> int:
        """The k of a gate run; one that ended without an answer taught nobody anything."""
        if purpose is not RunPurpose.GATE:
            return 0
        since_unix = live.since_unix if live is not None else 0
        runs = await asyncio.to_thread(self._runs.list_runs, workflow, since_unix=since_unix)
        return 1 + sum(
            one.purpose is RunPurpose.GATE and (one.is_open or one.answered > 0) for one in runs
        )

    async def _read(self, run_id: RunId) -> list[ClosingEntry]:
        query = CallQuery(run=run_id)
        rows = await asyncio.to_thread(
            self._parts.calls.search_calls, query, before=None, limit=_MOST_RECORDS
        )
        closings = [row.closing for row in rows if row.closing is not None]
        return sorted(closings, key=lambda one: (one.opened_at_unix_ns, one.call_id))

    async def _need_bundle(self, digest: Digest) -> Bundle:
        bundle = await self._parts.bundles.get(digest)
        if bundle is None:
            raise ChangeRefused(f"no bundle {digest} was uploaded")
        return bundle

    def _need_desk(self, run_id: RunId) -> Desk:
        desk = self._desks.get(run_id)
        if desk is None:
            raise ChangeRefused(f"no run {run_id} is open")
        return desk

    async def _need_call(self, call_id: CallId) -> ClosingEntry:
        row = await asyncio.to_thread(self._parts.calls.get_call, call_id)
        if row is None or row.closing is None:
            raise ChangeRefused(f"{call_id} is no call of this run")
        return row.closing

    def _let_in(self, run_id: RunId, questions: Sequence[Question]) -> None:
        opened = self._plane.trials.runs[run_id]
        more = {one.case: hashlib.sha256(one.body).hexdigest() for one in questions}
        self._plane.trials.runs[run_id] = replace(opened, questions={**opened.questions, **more})
        self._plane.refresh()

    async def _find_gated(self, run: EvalRun) -> EvalRun | None:
        if run.purpose is not RunPurpose.NIGHTLY:
            return None
        runs = await asyncio.to_thread(self._runs.list_runs, run.workflow)
        return find_gated(runs, run.digest, self.is_intact)

    async def _compare(self, run: EvalRun, results: Sequence[CaseResult]) -> Comparison | None:
        live = self._parts.get_live(run.workflow)
        if live is None or live.digest == run.digest:
            return None
        runs = await asyncio.to_thread(self._runs.list_runs, run.workflow)
        known = find_measured(runs, live.digest, self.is_intact)
        return compare_with(results, known) if known is not None else None

    def _now_unix(self) -> int:
        return self._parts.clock.unix_ns() // 1_000_000_000
