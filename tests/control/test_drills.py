"""Drills over a whole gateway core: what passes is what the calls' records show."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alos.control.drills import DrillParts, DrillReport, Drills
from alos.control.held import HeldDesk
from alos.control.keys import KeyWish
from alos.control.refused import ChangeRefused
from alos.domain.call import AdmittedCall, Call
from alos.domain.outcome import Answered, Outcome, Refused
from alos.domain.record import NoteKind
from alos.domain.refusal import ReasonCode
from alos.domain.release import Release
from alos.domain.release_events import DrillKind
from alos.domain.rollout_plan import StageName
from alos.domain.standing import Standing, StandingModel
from alos.pipeline.still import Still
from alos.ports.provider import Broken, ProviderFailure
from tests.control.eval_desk import JournalCalls
from tests.control.release_desk import HOUR, SUPPORT, ReleaseDesk
from tests.pipeline.conversation import Conversation, ScriptedAnswer, completion, say, stream


def whole() -> ScriptedAnswer:
    return ScriptedAnswer(body=completion("Sorry about the parcel."))


def streamed() -> ScriptedAnswer:
    return ScriptedAnswer(
        content_type="text/event-stream", pieces=stream("Sorry ", "about ", "it.")
    )


class Blind(Still):
    """Never looks at the Standing again once a call was admitted."""

    def __call__(self, admitted: AdmittedCall, model: StandingModel | None) -> None:
        del admitted, model


class DrillDesk:
    """Releases with a pipeline beside them, as one process has both."""

    def __init__(self, path: Path) -> None:
        self.desk = ReleaseDesk(path)
        self.core = Conversation()
        self.desk.plane._publish = self.publish
        self.run_call = self.core.pipeline.run

    def publish(self, standing: Standing) -> None:
        self.desk.published.append(standing)
        self.core.swap(standing)

    async def begin(self) -> Release:
        await self.desk.plane.load()
        release = await self.desk.submit()
        found = self.desk.releases.find(release)
        assert found is not None
        self.desk.pass_eval(found.digest)
        await self.desk.fill_lane(release)
        assert await self.desk.promote(release, StageName.INTERNAL) == set()
        return found

    async def drill(self, release: Release, kind: DrillKind, *answers: Any) -> DrillReport:
        """Rehearse, with what the model says in turn."""
        self.core.provider.answers = list(answers)
        desk = self.desk
        parts = DrillParts(
            plane=desk.plane,
            desk=desk.to_control(),
            calls=JournalCalls(self.core.journal),  # type: ignore[arg-type]
            held=HeldDesk(
                self.core.held, self.core.vault, desk.plane.notes, clock=self.core.clock
            ),
            run_call=lambda call: self.run_call(call),  # noqa: PLW0108 - a test swaps it
            catch_up=lambda: None,
            ids=self.core.ids,
            clock=self.core.clock,
        )
        return await Drills(parts).run(release, kind, by="ben")

    async def ask(self, key: str, **headers: str) -> Outcome:
        """A caller's own request, through the same pipeline."""
        body = {**say("hello"), "model": f"workflow/{SUPPORT}"}
        return await self.core.pipeline.run(self.core.call(body, key=key, headers=headers))

    async def make_key(self) -> str:
        wish = KeyWish(workflows=(SUPPORT,), principal="ben", expires_at_unix=None)
        return (await self.desk.plane.create_key(wish, by="test")).key


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[DrillDesk]:
    desk = DrillDesk(tmp_path)
    yield desk
    await desk.core.tasks.close()


async def test_a_kill_drill_cuts_a_stream_refuses_a_call_and_harms_nobody(
    made: DrillDesk,
) -> None:
    release = await made.begin()
    report = await made.drill(release, DrillKind.KILL, whole(), streamed(), whole())
    assert report.drill.passed, report.drill.detail
    words = [step.what.partition(":")[0] for step in report.steps]
    assert words == [
        "before",
        "everybody else is served as before",
        "a running stream is cut and says why",
        "a new call reaches no model",
        "after",
    ]
    closings = made.core.journal.closings
    assert {dict(one.facts)["purpose"] for one in closings} == {"drill"}
    assert {dict(one.facts)["run"] for one in closings} == {report.drill.run}
    assert [one.answer_bytes > 0 for one in closings] == [True, False, False, True]
    assert made.desk.now.stopped == {}
    assert made.desk.now.drills == {}
    assert made.desk.notes[-1] is NoteKind.DRILL_ENDED


async def test_a_fallback_drill_has_the_route_fail_for_itself_alone(made: DrillDesk) -> None:
    release = await made.begin()
    report = await made.drill(release, DrillKind.FALLBACK, whole(), whole())
    assert report.drill.passed, report.drill.detail
    assert [one.sent_hash is None for one in made.core.journal.closings] == [False, True, False]
    assert made.core.breakers.list_views() == ()


async def test_a_caller_beside_a_fallback_drill_gets_the_model(made: DrillDesk) -> None:
    """Same workflow, same digest, same Standing: only the drill's own calls find it down."""
    release = await made.begin()
    key = await made.make_key()
    run, beside = made.core.pipeline.run, []

    async def run_beside(call: Call) -> Outcome:
        outcome = await run(call)
        made.core.provider.answers.append(whole())
        beside.append(await made.ask(key))
        return outcome

    made.run_call = run_beside
    report = await made.drill(release, DrillKind.FALLBACK, whole())
    made.core.provider.answers.append(whole())
    assert report.drill.digest == release.digest
    assert len(beside) >= 2
    for answer in beside:
        assert isinstance(answer, Answered)
        assert b"x-alos-fallback" not in dict(answer.headers)


async def test_a_rollback_drill_serves_the_release_before(made: DrillDesk) -> None:
    await made.desk.plane.load()
    before = made.desk.releases.find(await made.desk.go_live())
    made.desk.edit(1)
    found = made.desk.releases.find(await made.desk.submit())
    assert before is not None
    assert found is not None
    answers = (whole(), streamed(), whole(), whole())
    report = await made.drill(found, DrillKind.ROLLBACK, *answers)
    assert report.drill.passed, report.drill.detail
    assert [one.release for one in made.core.journal.closings] == [
        found.digest,
        found.digest,
        before.digest,
        found.digest,
    ]
    assert made.desk.now.taken_back == frozenset()


async def test_a_rollback_drill_without_a_release_before_is_refused(made: DrillDesk) -> None:
    release = await made.begin()
    with pytest.raises(ChangeRefused) as refused:
        await made.drill(release, DrillKind.ROLLBACK)
    assert refused.value.refusal is not None
    assert refused.value.refusal.code is ReasonCode.RELEASE_NO_ROLLBACK


async def test_a_drill_that_fails_is_recorded_as_failed_and_no_stage_counts_it(
    made: DrillDesk,
) -> None:
    release = await made.begin()
    down = [ProviderFailure(why=Broken.CONNECT, cause="down")] * 4
    for kind in (DrillKind.KILL, DrillKind.FALLBACK):
        report = await made.drill(release, kind, *down)
        assert not report.drill.passed
        kept = made.desk.releases.get_lineage(SUPPORT).get_drill(kind)
        assert kept is not None
        assert not kept.passed
        assert kept.detail.startswith("failed: before: the model answers")
    made.desk.clock.unix += 25 * HOUR
    against = await made.desk.promote(release.id, StageName.COHORT)
    assert against == {ReasonCode.RELEASE_DRILL_MISSING}


async def test_a_gateway_that_does_not_cut_fails_the_drill(made: DrillDesk) -> None:
    release = await made.begin()
    made.core.pipeline._stages = replace(
        made.core.pipeline._stages,
        still=Blind(made.core.holder, made.core.clock),
    )
    report = await made.drill(release, DrillKind.KILL, whole(), streamed(), whole())
    assert not report.drill.passed
    assert [step.what for step in report.steps if not step.passed] == [
        "a running stream is cut and says why"
    ]


async def test_a_gateway_that_lets_new_calls_through_fails_the_drill(made: DrillDesk) -> None:
    release = await made.begin()
    run = made.core.pipeline.run

    async def run_unstopped(call: Call) -> Outcome:
        """As if admission did not look at kill switches."""
        standing = made.core.holder.current
        if call.drill is not None and call.drill in standing.drills and b"stream" not in call.body:
            view = replace(standing.drills[call.drill], stopped={})
            made.core.holder.current = replace(standing, drills={call.drill: view})
        return await run(call)

    made.run_call = run_unstopped
    report = await made.drill(release, DrillKind.KILL, whole(), streamed(), whole(), whole())
    assert not report.drill.passed
    assert [step.what for step in report.steps if not step.passed] == [
        "a new call reaches no model"
    ]


async def test_an_answer_without_a_record_shows_nothing(made: DrillDesk) -> None:
    """Whoever stands in for the pipeline can't have a drill pass by what it hands back."""
    release = await made.begin()

    async def claim(_call: Call) -> Outcome:
        return Answered(status=200, headers=[(b"x-alos-fallback", b"text")], body=b"{}")

    made.run_call = claim
    with pytest.raises(ChangeRefused, match="left no record"):
        await made.drill(release, DrillKind.FALLBACK)
    assert made.desk.releases.get_lineage(SUPPORT).get_drill(DrillKind.FALLBACK) is None
    assert made.desk.now.drills == {}


async def test_somebodys_word_of_before_is_no_drill(made: DrillDesk) -> None:
    release = await made.begin()
    await made.desk.drill(
        DrillKind.KILL, DrillKind.FALLBACK, digest=release.digest, run="attested_1"
    )
    made.desk.clock.unix += 25 * HOUR
    against = await made.desk.promote(release.id, StageName.COHORT)
    assert against == {ReasonCode.RELEASE_DRILL_MISSING}


async def test_a_kill_in_force_holds_drills_too(made: DrillDesk) -> None:
    release = await made.begin()
    await made.desk.plane.stop("workflow", SUPPORT, by="dan", reason="real")
    report = await made.drill(release, DrillKind.FALLBACK, whole(), whole())
    assert not report.drill.passed
    assert made.core.provider.sent == []


async def test_nobody_gets_around_a_kill_as_a_drill(made: DrillDesk) -> None:
    """While a drill runs that is not stopped, a caller of the stopped workflow tries all of it."""
    release = await made.begin()
    key = await made.make_key()
    tried: list[Outcome] = []
    run = made.core.pipeline.run

    async def run_beside(call: Call) -> Outcome:
        outcome = await run(call)
        if call.drill is not None and not tried:
            await made.desk.plane.stop("workflow", SUPPORT, by="dan", reason="real")
            drill_key = call.headers[b"authorization"].removeprefix(b"Bearer ").decode()
            mark = str(call.drill)
            for headers in (
                {"x-alos-run": mark},
                {"x-alos-run": mark, "x-alos-release": release.digest},
                {"x-alos-drill": mark},
                {"drill": mark},
            ):
                tried.append(await made.ask(key, **headers))
                tried.append(await made.ask(drill_key, **headers))
        return outcome

    made.run_call = run_beside
    report = await made.drill(release, DrillKind.KILL, whole(), whole(), whole())
    assert not report.drill.passed
    assert len(made.core.provider.sent) == 1
    assert len(tried) == 8
    assert {one.refusal.code for one in tried if isinstance(one, Refused)} == {
        ReasonCode.RUN_UNKNOWN,
        ReasonCode.WORKFLOW_STOPPED,
        ReasonCode.KEY_UNKNOWN,
    }


async def test_the_mark_of_a_drill_that_is_over_opens_nothing(made: DrillDesk) -> None:
    release = await made.begin()
    seen: list[Call] = []
    run = made.core.pipeline.run

    async def run_and_keep(call: Call) -> Outcome:
        seen.append(call)
        return await run(call)

    made.run_call = run_and_keep
    await made.drill(release, DrillKind.FALLBACK, whole(), whole())
    again = await run(seen[0]._replace(id=made.core.ids.call_id(1)))
    assert isinstance(again, Refused)
    assert again.refusal.code is ReasonCode.KEY_UNKNOWN
