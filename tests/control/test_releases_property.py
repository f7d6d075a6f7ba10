"""Random lives of a workflow: what is served is what the rules allow, whatever happens.

The rules are written down here a second time, small and on their own: what each digest had when
it was granted a stage, who is dead, what is stopped.
"""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alos.domain.gate import check_serve, choose_release
from alos.domain.ids import Digest, PersonId
from alos.domain.lane import LaneState
from alos.domain.people import Role
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.release import ReleaseState
from alos.domain.release_events import DrillKind, RolledBack
from alos.domain.rollout import Unit
from alos.domain.rollout_plan import StageName
from tests.control.release_desk import DAY, SUPPORT, ReleaseDesk

UNITS = (
    Unit(name="ben", groups=frozenset({"support"})),
    *(Unit(name=f"unit-{number}") for number in range(6)),
    Unit(name=""),
)
BALLOTS = [
    ("emil", Role.PM),
    ("dan", Role.SECURITY),
    ("emil", Role.SECURITY),
    ("fay", Role.PM),
    ("gus", Role.LEGAL),
    ("ben", Role.PM),
]


APPROVAL_ENDS = int(datetime(2027, 5, 21, tzinfo=UTC).timestamp())
"""When the template's only vendor approval ends."""
OPEN = {ReleaseState.VOTING, ReleaseState.INTERNAL, ReleaseState.COHORT}


FIRST_STAGE = {
    "eval": ReasonCode.RELEASE_EVAL_MISSING,
    "a pass": ReasonCode.RELEASE_EVAL_NOT_PASSED,
    "a fresh eval": ReasonCode.RELEASE_EVAL_STALE,
    "ci": ReasonCode.RELEASE_EVAL_NOT_CI,
    "votes": ReasonCode.RELEASE_VOTES_MISSING,
    "a vote": ReasonCode.RELEASE_VOTES_MISSING,
}
"""What is left out of all that a first stage asks for → the reason that has to be stated."""
SECOND_STAGE = {
    "drill": {ReasonCode.RELEASE_DRILL_MISSING, ReasonCode.RELEASE_DRILL_STALE},
    "time": {ReasonCode.RELEASE_SOAKING},
    "the stage between": {ReasonCode.RELEASE_STAGE_SKIPPED},
}


class Life(RuleBasedStateMachine):
    """One workflow of one production folder."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.edits = 0
        self.granted: dict[Digest, StageName] = {}
        self.dead: set[Digest] = set()
        self.live: Digest | None = None
        self.rolling: Digest | None = None
        self.once_live: list[Digest] = []
        self.left: set[str] = set()
        self.is_killed = False

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.loop.close()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        self.desk = ReleaseDesk(Path(self.folder.name))
        self.run(self.desk.plane.load())

    @property
    def newest(self) -> Any:
        return self.desk.releases.get_lineage(SUPPORT).newest

    # --- what may happen --------------------------------------------------------------------

    @rule()
    def edit_and_submit(self) -> None:
        self.edits += 1
        self.desk.edit(self.edits)
        self.run(self.desk.submit())

    @rule(passed=st.booleans(), is_ci=st.booleans())
    def evaluate(self, *, passed: bool, is_ci: bool = True) -> None:
        if self.newest is not None:
            self.desk.pass_eval(self.newest.digest, passed=passed, is_ci=is_ci)

    @rule(ballot=st.sampled_from(BALLOTS), approves=st.booleans())
    def vote(self, ballot: tuple[str, Role], *, approves: bool) -> None:
        if self.newest is None:
            return
        name, role = ballot
        state = self.run(
            self.desk.vote(self.newest.id, name, role, approves=approves, reason="because")
        )
        allowed = (name, role) in {("emil", Role.PM), ("dan", Role.SECURITY)}
        if name in self.left or not allowed:
            assert isinstance(state, Refusal)
        elif isinstance(state, Refusal):
            assert state.code in {ReasonCode.RELEASE_OVER, ReasonCode.VOTE_ROLE_TOO_NEW}
        else:
            assert isinstance(state, LaneState)

    @rule()
    def both_vote(self) -> None:
        self.vote(("emil", Role.PM), approves=True)
        self.vote(("dan", Role.SECURITY), approves=True)

    @rule()
    def drill(self) -> None:
        if self.newest is not None:
            kinds = (DrillKind.KILL, DrillKind.FALLBACK)
            self.run(self.desk.drill(*kinds, digest=self.newest.digest))

    @rule(days=st.sampled_from([0.05, 1, 2, 4, 29, 31, 400]))
    def let_time_pass(self, days: float) -> None:
        self.desk.clock.unix += int(days * DAY)
        self.desk.plane.refresh()

    @rule(stage=st.sampled_from(list(StageName)))
    def promote(self, stage: StageName) -> None:
        self._promote(stage)

    def _promote(self, stage: StageName) -> set[ReasonCode]:
        """Ask for a stage, check what was granted; returns what stands against it."""
        release = self.newest
        if release is None:
            return set()
        before = self.desk.releases.get_lineage(SUPPORT)
        against = self.run(self.desk.promote(release.id, stage))
        if against:
            return against
        self._check_granted(release, stage, before)
        self.granted[release.digest] = stage
        self.dead.discard(release.digest)
        if stage is StageName.ALL:
            self.rolling, self.live = None, release.digest
            self.once_live = [*(d for d in self.once_live if d != release.digest), release.digest]
        else:
            self.rolling = release.digest
        return set()

    def _check_granted(self, release: Any, stage: StageName, before: Any) -> None:
        """The rules once more, from what the test itself saw."""
        fact = self.desk.evals[release.digest]
        assert fact.passed
        assert fact.is_ci, "the workflow is of Tier 2"
        assert self.desk.clock.unix - fact.at_unix <= 30 * DAY
        counted = [vote for vote in release.votes if not vote.void_because]
        assert {vote.voter for vote in counted if vote.approves} >= {"emil", "dan"}
        assert all(vote.approves for vote in counted)
        assert "fay" not in {vote.voter for vote in counted}
        if stage is not StageName.INTERNAL:
            for kind in (DrillKind.KILL, DrillKind.FALLBACK):
                drill = before.get_drill(kind)
                assert self.desk.clock.unix - drill.at_unix <= 30 * DAY
            soak = 24 if stage is StageName.COHORT else 72
            assert self.desk.clock.unix - release.stage_since_unix >= soak * 3600
        order = [None, *StageName]
        assert order.index(stage) == order.index(release.stage) + 1

    @rule(left_out=st.sampled_from([None, None, None, "eval", "ci", "votes", "drill", "time"]))
    def do_what_it_takes(self, left_out: str | None) -> None:
        """All that the next stage asks for, or all but one thing; then ask for it."""
        if self.newest is None or self.newest.state not in OPEN:
            self.edit_and_submit()
        steps = {
            "eval": lambda: self.evaluate(passed=True, is_ci=left_out != "ci"),
            "votes": self.both_vote,
            "drill": self.drill,
            "time": lambda: self.let_time_pass(4),
        }
        for name, step in steps.items():
            if name != left_out:
                step()
        stages = list(StageName)
        at = self.newest.stage
        stage = stages[0] if at is None else stages[min(stages.index(at) + 1, 2)]
        is_another_rolling = self.rolling not in {None, self.newest.digest}
        against = self._promote(stage)
        if left_out is None and not self.left and at is not StageName.ALL:
            stated = {
                ReasonCode.RELEASE_ANOTHER_ROLLING: is_another_rolling,
                ReasonCode.RELEASE_BUNDLE_BLOCKED: self.desk.clock.unix >= APPROVAL_ENDS,
            }
            expected = {code for code, stands in stated.items() if stands}
            assert against == expected, "refused what the rules allow"

    @rule(left_out=st.sampled_from(sorted(FIRST_STAGE)))
    def ask_for_a_first_stage_without(self, left_out: str) -> None:
        """A new bundle with all that its first stage asks for but one thing: refused for it."""
        self.edit_and_submit()
        if left_out != "eval":
            self.evaluate(passed=left_out != "a pass", is_ci=left_out != "ci")
        if left_out == "a fresh eval":
            self.let_time_pass(31)
        if left_out == "a vote":
            self.vote(("emil", Role.PM), approves=True)
        elif left_out != "votes":
            self.both_vote()
        assert FIRST_STAGE[left_out] in self._promote(StageName.INTERNAL)

    @rule(left_out=st.sampled_from(sorted(SECOND_STAGE)))
    def ask_for_a_second_stage_without(self, left_out: str) -> None:
        """The same of a release in its first stage, where it gets there."""
        self.let_time_pass(31)  # no drill of before is fresh
        self.edit_and_submit()
        self.evaluate(passed=True, is_ci=True)
        self.both_vote()
        if self._promote(StageName.INTERNAL):
            return
        if left_out == "time":
            self.drill()
        else:
            self.let_time_pass(2)
        if left_out == "the stage between":
            self.drill()
        stage = StageName.ALL if left_out == "the stage between" else StageName.COHORT
        assert not SECOND_STAGE[left_out].isdisjoint(self._promote(stage))

    @rule()
    def roll_back(self) -> None:
        done = self.run(self.desk.releases.roll_back(SUPPORT, by="ben", reason="worse"))
        taken = self.rolling or self.live
        if not isinstance(done, RolledBack):
            assert taken is None or (self.rolling is None and len(self.once_live) < 2)
            return
        assert taken is not None
        self.dead.add(taken)
        self.once_live = [digest for digest in self.once_live if digest != taken]
        if self.rolling is None:
            self.live = self.once_live[-1]
        self.rolling = None
        assert done.to == self.live

    @rule(name=st.sampled_from(["emil", "dan"]))
    def somebody_leaves(self, name: str) -> None:
        if name not in self.left:
            self.left.add(name)
            self.desk.leave(name)
            self.run(self.desk.releases.void_pending_votes(PersonId(name)))

    @rule()
    def kill_or_revive(self) -> None:
        if self.is_killed:
            self.run(self.desk.plane.revive("workflow", SUPPORT, by="ben"))
        else:
            self.run(self.desk.plane.stop("workflow", SUPPORT, by="ben", reason=""))
        self.is_killed = not self.is_killed

    @rule()
    def restart(self) -> None:
        before = self.desk.now.workflows[SUPPORT]
        self.desk.open()
        self.run(self.desk.book.catch_up())
        after = self.desk.now.workflows[SUPPORT]
        assert (after.release, after.before) == (before.release, before.before)

    # --- what always holds ------------------------------------------------------------------

    @invariant()
    def what_is_served_is_what_was_granted(self) -> None:
        if not hasattr(self, "desk"):
            return
        workflow = self.desk.now.workflows[SUPPORT]
        for unit in UNITS:
            chosen = choose_release(workflow, unit)
            if isinstance(chosen, Refusal):
                assert chosen.code is ReasonCode.NOT_IN_STAGE
                assert self.live is None
                assert self.rolling is not None
                continue
            refusal = check_serve(self.desk.now, chosen)
            digest = chosen.release.digest
            if refusal is None:
                assert not self.is_killed
                assert digest in {self.live, self.rolling} - {None}
                assert digest not in self.dead
            elif self.is_killed:
                assert refusal.code is ReasonCode.WORKFLOW_STOPPED
            else:  # nothing of it was granted, so production serves nothing
                assert refusal.code is ReasonCode.NOT_RELEASED
                assert self.live is None
                assert self.rolling is None


TestLife = pytest.mark.timeout(600)(Life.TestCase)
TestLife.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
