"""Guards halt a rollout by themselves, tell people, and look afresh when somebody resumes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from alos.control.guards import Guards
from alos.domain.feedback import Feedback
from alos.domain.gate import choose_release
from alos.domain.guarded import GuardedCall, get_bound, get_value
from alos.domain.ids import CallId, Digest, WorkflowId
from alos.domain.people import Party
from alos.domain.record import NoteKind, Outcome
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release_events import DrillKind, ReleaseId
from alos.domain.rollout import NOBODY, Unit
from alos.domain.rollout_plan import Guard, GuardAction, GuardMetric, StageName
from alos.domain.standing import StandingWorkflow
from alos.ports.feedback import MemoryFeedback
from tests.control.release_desk import HOUR, SUPPORT, ReleaseDesk

BLOCKED = "alos_answer_blocked"


class MemoryCalls:
    """Calls as they arrived."""

    def __init__(self) -> None:
        self.calls: list[tuple[Digest, GuardedCall]] = []
        self.reads = 0

    def add(self, release: Digest, at_unix: int, number: int, **changes: Any) -> None:
        for _ in range(number):
            call = GuardedCall(
                number=len(self.calls) + 1,
                opened_at_unix_ns=at_unix * 10**9,
                outcome=Outcome.ANSWERED,
                reason=None,
                has_findings=False,
                duration_ms=100,
                cost_nanousd=1_000,
            )
            self.calls.append((release, call._replace(**changes)))

    def find_first(self, since_unix_ns: int) -> int:
        return sum(call.opened_at_unix_ns < since_unix_ns for _, call in self.calls)

    def list_after(
        self, number: int, *, workflow: WorkflowId, release: Digest, limit: int
    ) -> tuple[Sequence[GuardedCall], int]:
        assert workflow == SUPPORT
        self.reads += 1
        found = [call for of, call in self.calls if of == release and call.number > number][:limit]
        return found, found[-1].number if len(found) == limit else len(self.calls)


class Rollout:
    """A release in cohort, the one before at everybody, and what guards did."""

    def __init__(self, desk: ReleaseDesk) -> None:
        self.desk = desk
        self.calls = MemoryCalls()
        self.feedback = MemoryFeedback()
        self.told: list[tuple[tuple[str, ...], str]] = []
        self.killed: list[str] = []
        self.release = ReleaseId("")
        self.digest = Digest("")
        self.judged = 0
        self.guards = self.build()

    def build(self) -> Guards:
        """As a process that starts does."""
        desk = self.desk

        async def notify(parties: Sequence[Party], subject: str, _lines: Sequence[str]) -> None:
            self.told.append((tuple(map(str, parties)), subject))

        async def kill(workflow: str, _reason: str) -> None:
            self.killed.append(workflow)

        return Guards(
            desk.book,
            desk.releases,
            self.calls,
            self.feedback,
            bundles=desk.bundles,
            tell=notify,
            kill=kill,
            to_wall_ns=lambda seconds: seconds * 10**9,
        )

    def serving(self) -> StandingWorkflow:
        return self.desk.published[-1].workflows[SUPPORT]

    def judge(self, number: int, *, accepted: bool, release: Digest | None = None) -> None:
        """So many answers of the release are taken or rejected."""
        for _ in range(number):
            self.feedback.add(
                Feedback(
                    call_id=CallId(f"call_{self.judged}"),
                    workflow=SUPPORT,
                    release=release or self.digest,
                    accepted=accepted,
                    at_unix_ns=self.desk.clock.unix_ns(),
                )
            )
            self.judged += 1

    def add(self, number: int, **changes: Any) -> None:
        self.calls.add(self.digest, self.desk.clock.unix, number, **changes)


@pytest.fixture
async def rollout(tmp_path: Path) -> Rollout:
    """One release at everybody, and the next in cohort, a year of calls ago for the first."""
    desk = ReleaseDesk(tmp_path)
    await desk.plane.load()
    made = Rollout(desk)
    await desk.go_live()
    desk.edit(2)
    made.release = await desk.submit()
    found = desk.releases.find(made.release)
    assert found is not None
    made.digest = found.digest
    desk.pass_eval(found.digest)
    await desk.fill_lane(made.release)
    assert await desk.promote(made.release, StageName.INTERNAL) == set()
    await desk.drill(DrillKind.KILL, DrillKind.FALLBACK, digest=found.digest)
    desk.clock.unix += 25 * HOUR
    assert await desk.promote(made.release, StageName.COHORT) == set()
    return made


async def test_a_release_whose_answers_are_blocked_is_halted_and_the_one_before_serves(
    rollout: Rollout,
) -> None:
    before = rollout.serving()
    assert before.release.digest == rollout.digest
    rollout.add(30)
    await rollout.guards.watch()
    assert rollout.serving() is before
    rollout.add(10, reason=BLOCKED, outcome=Outcome.CUT)
    await rollout.guards.watch()
    found = rollout.desk.releases.find(rollout.release)
    assert found is not None
    assert found.halted == "answers-blocked"
    assert NoteKind.ROLLOUT_HALTED in rollout.desk.notes
    assert rollout.killed == [SUPPORT]  # this guard's action is to kill
    ((told, subject),) = rollout.told
    assert "was halted by guard answers-blocked" in subject
    assert len(told) > 1
    serving = rollout.serving()
    for unit in ("ana", "ben", *(f"unit-{number}" for number in range(50))):
        chosen = choose_release(serving, Unit(name=unit, groups=frozenset({"support"})))
        assert isinstance(chosen, StandingWorkflow)
        assert chosen.release.digest != rollout.digest


async def test_with_nothing_live_before_a_halted_release_serves_nobody(tmp_path: Path) -> None:
    desk = ReleaseDesk(tmp_path, dev=True)
    await desk.plane.load()
    release = await desk.submit()
    await desk.earn(release)
    assert await desk.promote(release, StageName.INTERNAL) == set()
    assert await desk.releases.halt(release, guard="errors", detail="")
    serving = desk.now.workflows[SUPPORT]
    refusal = choose_release(serving, Unit(name="ana", groups=frozenset({"support"})))
    assert isinstance(refusal, Refusal)
    assert refusal.code is ReasonCode.NOT_IN_STAGE


async def test_a_person_lets_it_go_on_and_guards_look_afresh(rollout: Rollout) -> None:
    rollout.add(40, reason=BLOCKED)
    await rollout.guards.watch()
    rollout.desk.clock.unix += 60
    done = await rollout.desk.releases.resume(rollout.release, by="ben", reason="a bad upstream")
    assert not isinstance(done, tuple)
    assert rollout.serving().release.reach != NOBODY
    await rollout.guards.watch()
    found = rollout.desk.releases.find(rollout.release)
    assert found is not None
    assert not found.halted
    rollout.add(40, reason=BLOCKED)
    await rollout.guards.watch()
    found = rollout.desk.releases.find(rollout.release)
    assert found is not None
    assert found.halted


async def test_each_call_is_read_once_and_a_new_process_reads_from_the_stage_on(
    rollout: Rollout,
) -> None:
    rollout.calls.add(rollout.digest, rollout.desk.clock.unix - 7200, 500, reason=BLOCKED)
    rollout.add(15, reason=BLOCKED)
    await rollout.guards.watch()
    assert not rollout.killed  # 15 calls are fewer than the guard asks for
    rollout.guards = rollout.build()
    rollout.add(5, reason=BLOCKED)
    await rollout.guards.watch()
    (blocked,) = (
        one
        for one in rollout.guards.list_watched(rollout.release)
        if one.guard.name == "answers-blocked"
    )
    assert blocked.test is not None
    assert blocked.test.values == 20  # those of before the stage are not among them
    assert rollout.killed == [SUPPORT]


def get_halted(rollout: Rollout) -> str:
    found = rollout.desk.releases.find(rollout.release)
    assert found is not None
    return found.halted


async def test_a_release_whose_answers_people_reject_is_halted(rollout: Rollout) -> None:
    rollout.add(500)
    rollout.judge(20, accepted=True)
    await rollout.guards.watch()
    assert get_halted(rollout) == "", "calls that nobody judged are neither taken nor rejected"
    rollout.judge(60, accepted=False)
    await rollout.guards.watch()
    assert get_halted(rollout) == "drafts-rejected"
    assert "80 answers judged" in str(rollout.desk.journal.entries[-1])


async def test_answers_of_another_release_that_people_reject_halt_nothing(
    rollout: Rollout,
) -> None:
    rollout.judge(200, accepted=False, release=Digest("sha256:before"))
    rollout.judge(10, accepted=False)
    await rollout.guards.watch()
    assert get_halted(rollout) == "", "ten are fewer than the guard's least"


async def test_rejections_before_the_stage_or_before_somebody_resumed_count_no_more(
    rollout: Rollout,
) -> None:
    rollout.judge(60, accepted=False)
    await rollout.guards.watch()
    assert get_halted(rollout) == "drafts-rejected"
    rollout.desk.clock.unix += HOUR
    await rollout.desk.releases.resume(
        rollout.release, by="ben", reason="the console was at fault"
    )
    rollout.judge(30, accepted=True)
    await rollout.guards.watch()
    assert get_halted(rollout) == ""


async def test_a_restart_takes_nothing_off_the_way_to_a_halt(rollout: Rollout) -> None:
    """A process that starts again every few calls sees no less than one that ran on."""
    for _ in range(12):
        rollout.judge(5, accepted=False)
        rollout.add(2, outcome=Outcome.REFUSED)
        await rollout.guards.watch()
        if get_halted(rollout):
            break
        rollout.guards = rollout.build()
    assert get_halted(rollout) == "drafts-rejected"


async def test_an_alert_tells_once_and_halts_nothing(rollout: Rollout) -> None:
    rollout.add(40, outcome=Outcome.REFUSED, reason="alos_upstream_timeout")
    for _ in range(3):
        await rollout.guards.watch()
    assert [subject for _, subject in rollout.told] == [
        f"guard errors of {rollout.release} speaks"
    ]
    found = rollout.desk.releases.find(rollout.release)
    assert found is not None
    assert not found.halted


async def test_calls_that_are_fine_halt_nothing(rollout: Rollout) -> None:
    for _ in range(20):
        rollout.add(500)
        rollout.add(5, reason=BLOCKED)  # 1 % of them, the bound is 5 %
        rollout.desk.clock.unix += 3600
        await rollout.guards.watch()
    assert not rollout.told


def build_guard(metric: GuardMetric, above: float) -> Guard:
    return Guard(
        name="g",
        metric=metric,
        above=above,
        window_minutes=60,
        minimum_calls=20,
        action=GuardAction.HALT,
    )


CALL = GuardedCall(1, 0, Outcome.ANSWERED, None, False, 100, 1_000_000)  # noqa: FBT003


@pytest.mark.parametrize(
    ("metric", "above", "changes", "value"),
    [
        (GuardMetric.ERROR_RATE, 0.1, {}, 0),
        (GuardMetric.ERROR_RATE, 0.1, {"outcome": Outcome.UPSTREAM_ERROR}, 1),
        (GuardMetric.ERROR_RATE, 0.1, {"outcome": "refused", "reason": "alos_upstream_busy"}, 1),
        (GuardMetric.ERROR_RATE, 0.1, {"outcome": "refused", "reason": "alos_pii_found"}, 0),
        (GuardMetric.REFUSAL_RATE, 0.1, {"outcome": "refused", "reason": "alos_pii_found"}, 1),
        (GuardMetric.REFUSAL_RATE, 0.1, {"outcome": "refused", "reason": "alos_upstream_busy"}, 0),
        (GuardMetric.ANSWER_BLOCKED_RATE, 0.1, {"reason": BLOCKED}, 1),
        (GuardMetric.FINDING_RATE, 0.1, {"has_findings": True}, 1),
        (GuardMetric.LATENCY_P95_SECONDS, 2, {"duration_ms": 2_000}, 0),
        (GuardMetric.LATENCY_P95_SECONDS, 2, {"duration_ms": 2_001}, 1),
        (GuardMetric.COST_PER_CALL_USD, 0.001, {}, 0.1),
        (GuardMetric.COST_PER_CALL_USD, 0.001, {"cost_nanousd": 10**9}, 1),
    ],
)
def test_what_a_guard_counts(
    metric: GuardMetric, above: float, changes: dict[str, Any], value: float
) -> None:
    guard = build_guard(metric, above)
    assert get_value(guard, CALL._replace(**changes)) == pytest.approx(value)
    if metric is GuardMetric.COST_PER_CALL_USD:
        assert get_value(guard, CALL) == pytest.approx(get_bound(guard))  # exactly at the bound
