"""Drills: the server rehearses a kill, a fallback or a rollback and judges what its calls did.

The failure is injected into a Standing that holds for the drill's own calls alone; those go
through the gateway's own pipeline to the real model, with a case of the bundle's golden set. The
result follows from their records. Nobody hands one in.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from alos.control.drill_view import DRILL, Rehearsal
from alos.control.eval_plan import build_plan
from alos.control.held import HeldDesk
from alos.control.plane import ControlPlane
from alos.control.refused import ChangeRefused
from alos.control.release_desk import ReleaseDesk
from alos.domain.bundle import Bundle
from alos.domain.call import Call
from alos.domain.drill import (
    Step,
    judge_cut,
    judge_fallback,
    judge_served,
    judge_stopped,
)
from alos.domain.gate import check_serve
from alos.domain.ids import CallId, RunId, WorkflowId
from alos.domain.outcome import Outcome as DoorOutcome
from alos.domain.outcome import Streaming
from alos.domain.record import ClosingEntry, Fact
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release import Release
from alos.domain.release_events import Drilled, DrillKind
from alos.ports.call_store import CallStore
from alos.ports.clock import Clock
from alos.ports.ids import Ids

MOST_SECONDS = 300.0
"""A drill that takes longer has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillParts:
    """What drills are built on.

    Attributes:
        run_call: the pipeline's own way for one call.
        catch_up: returns once all calls that have been answered are in the index (blocks).
        held: where a queue's requests wait; a drill's do not.
    """

    plane: ControlPlane
    desk: ReleaseDesk
    calls: CallStore
    held: HeldDesk
    run_call: Callable[[Call], Awaitable[DoorOutcome]]
    catch_up: Callable[[], object]
    ids: Ids
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """A drill that ended, as it is recorded, with every step."""

    drill: Drilled
    steps: tuple[Step, ...]


class Drills:
    """Runs drills, one at a time for each workflow."""

    def __init__(self, parts: DrillParts) -> None:
        self._parts = parts
        self._running: set[WorkflowId] = set()

    async def run(self, release: Release, kind: DrillKind, *, by: str) -> DrillReport:
        """Rehearse on a release, and record how it went, passed or failed.

        Raises:
            ChangeRefused: it can't be tried at all: one runs already, there is nothing to roll
                back to, or no golden case to ask with.
            JournalDown, StoreDown: nothing was recorded.
        """
        workflow = release.submitted.workflow
        if workflow in self._running:
            raise ChangeRefused(f"a drill of {workflow} runs; wait for its end")
        rehearsal = await self._prepare(release, kind)
        body, wire_format = _write_question(rehearsal.bundle, self._parts.plane)
        self._running.add(workflow)
        try:
            actor = _Actor(self._parts, rehearsal, body, wire_format)
            steps = await _act(actor)
        finally:
            self._running.discard(workflow)
            self._parts.plane.drills.pop(rehearsal.run, None)
            self._parts.plane.refresh()
        drill = Drilled(
            workflow=workflow,
            digest=release.digest,
            kind=kind,
            passed=bool(steps) and all(step.passed for step in steps),
            detail="\n".join(_write_step(step) for step in steps),
            run=rehearsal.run,
            by=by,
            at_unix=self._parts.desk.now_unix(),
        )
        await self._parts.desk.releases.record_drill(drill)
        return DrillReport(drill=drill, steps=tuple(steps))

    async def _prepare(self, release: Release, kind: DrillKind) -> Rehearsal:
        desk = self._parts.desk
        bundle = await desk.get_bundle(release)
        target = None
        if kind is DrillKind.ROLLBACK:
            lineage = desk.releases.get_lineage(release.submitted.workflow)
            live = lineage.live_release
            is_live = live is not None and live.digest == release.digest
            back = lineage.rollback_target if is_live or live is None else live.digest
            target = await desk.bundles.get(back) if back is not None else None
            if target is None:
                refusal = Refusal(code=ReasonCode.RELEASE_NO_ROLLBACK)
                raise ChangeRefused(refusal.sentence, refusal=refusal)
        run = RunId(f"drill_{secrets.token_hex(10)}")
        return Rehearsal(run=run, kind=kind, bundle=bundle, target=target)


async def _act(actor: "_Actor") -> list[Step]:
    try:
        async with asyncio.timeout(MOST_SECONDS):
            await actor.act()
    except TimeoutError:
        what = f"the drill ends within {MOST_SECONDS:.0f} s"
        actor.steps.append(Step(what=what, passed=False, saw="it did not"))
    return actor.steps


class _Actor:
    """One drill's calls and what they showed, in order."""

    def __init__(
        self, parts: DrillParts, rehearsal: Rehearsal, body: bytes, wire_format: str
    ) -> None:
        self._parts = parts
        self._rehearsal = rehearsal
        self._body = body
        self._wire_format = wire_format
        self.steps: list[Step] = []

    async def act(self) -> None:
        """Go through the drill's steps; the first that fails ends it."""
        self._publish(is_injected=False)
        digest = self._rehearsal.bundle.digest
        before = await self._ask()
        self.steps.append(judge_served("before: the model answers", before, digest))
        if not self.steps[-1].passed:
            return
        match self._rehearsal.kind:
            case DrillKind.KILL:
                await self._act_kill()
            case DrillKind.ROLLBACK:
                await self._act_rollback()
            case DrillKind.FALLBACK:
                await self._act_fallback()
        self._publish(is_injected=False)
        after = await self._ask()
        self.steps.append(judge_served("after: the model answers again", after, digest))

    async def _act_kill(self) -> None:
        code = ReasonCode.WORKFLOW_STOPPED
        self.steps.append(await self._cut("a running stream is cut and says why", code))
        stopped = await self._ask()
        view = self._parts.plane.standing.drills[self._rehearsal.run]
        fallback = view.workflows[self._rehearsal.bundle.id].fallback
        what = "a new call reaches no model"
        self.steps.append(judge_stopped(what, stopped, fallback))

    async def _act_rollback(self) -> None:
        target = self._rehearsal.target
        assert target is not None
        code = ReasonCode.NOT_RELEASED
        self.steps.append(await self._cut("a stream of what is taken back is cut", code))
        served = await self._ask()
        what = f"the release before ({target.digest[7:19]}) answers"
        self.steps.append(judge_served(what, served, target.digest))

    async def _act_fallback(self) -> None:
        self._inject()
        closing = await self._ask()
        fallback = self._rehearsal.bundle.workflow.fallback
        what = f"every model of the route is down: the fallback ({fallback.kind}) answers"
        self.steps.append(judge_fallback(what, closing, fallback.kind, str(fallback.model)))
        held_id = dict(closing.facts).get(Fact.HELD)
        held = await self._parts.held.find(held_id) if held_id is not None else None
        if held is not None:
            await self._parts.held.mark_done(held, by=DRILL)

    async def _cut(self, what: str, reason: ReasonCode) -> Step:
        """Begin a stream, inject the failure, and see what still comes."""
        body = json.dumps({**json.loads(self._body), "stream": True}).encode()
        call = self._build_call(body)
        outcome = await self._parts.run_call(call)
        self._inject()
        last = b""
        if isinstance(outcome, Streaming):
            last = b"".join([piece async for piece in outcome.chunks])
        return judge_cut(what, await self._read(call.id), reason, last)

    async def _ask(self) -> ClosingEntry:
        call = self._build_call(self._body)
        await self._parts.run_call(call)
        return await self._read(call.id)

    def _build_call(self, body: bytes) -> Call:
        clock = self._parts.clock
        now = clock.unix_ns()
        return Call(
            id=self._parts.ids.call_id(now),
            received_unix_ns=now,
            received_monotonic_ns=clock.monotonic_ns(),
            wire_format=self._wire_format,
            headers={b"authorization": b"Bearer " + self._rehearsal.key[0].encode()},
            body=body,
            client_address="",
            drill=self._rehearsal.run,
        )

    async def _read(self, call_id: CallId) -> ClosingEntry:
        """The call's record: what counts, whatever was handed back.

        Raises:
            ChangeRefused: there is none, so there is no result either.
        """
        await asyncio.to_thread(self._parts.catch_up)
        row = await asyncio.to_thread(self._parts.calls.get_call, call_id)
        if row is None or row.closing is None:
            raise ChangeRefused(f"the drill's call {call_id} left no record; nothing was shown")
        return row.closing

    def _inject(self) -> None:
        """Put the failure into force, and see that it is in force for nobody else."""
        plane, workflow = self._parts.plane, self._rehearsal.bundle.id
        before = plane.standing
        self._publish(is_injected=True)
        now = plane.standing
        served = now.workflows.get(workflow), before.workflows.get(workflow)
        is_unharmed = (
            before.stopped == now.stopped
            and before.taken_back == now.taken_back
            and not any(model.is_down for model in now.models.values())
            and [one and check_serve(now, one) for one in served]
            == [one and check_serve(before, one) for one in served]
        )
        what = "everybody else is served as before"
        saw = "same stops, same releases, same models" if is_unharmed else "theirs changed too"
        self.steps.append(Step(what=what, passed=is_unharmed, saw=saw))

    def _publish(self, *, is_injected: bool) -> None:
        plane, rehearsal = self._parts.plane, self._rehearsal
        rehearsal.is_injected = is_injected
        now_unix = self._parts.clock.unix_ns() // 1_000_000_000
        plane.drills[rehearsal.run] = lambda standing: rehearsal.build_view(
            standing, plane.configuration, tuple(plane.waivers.all.values()), now_unix
        )
        plane.refresh()


def _write_question(bundle: Bundle, plane: ControlPlane) -> tuple[bytes, str]:
    """The first case of the golden set, as its call's body, and the wire format.

    Raises:
        ChangeRefused: there is no case, or none of the formats that cases are asked in will do.
    """
    plan = build_plan(bundle, plane.configuration.organisation)
    return plan.inputs[0].body, plan.wire_format.value


def _write_step(step: Step) -> str:
    mark = "passed" if step.passed else "failed"
    record = f" ({step.call})" if step.call is not None else ""
    return f"{mark}: {step.what}: {step.saw}{record}"
