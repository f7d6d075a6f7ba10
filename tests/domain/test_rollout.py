"""Buckets, stages and reach."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.domain.ids import WorkflowId
from alos.domain.rollout import BUCKETS, Unit, get_bucket, get_next_stage, get_reach, is_in_percent
from alos.domain.rollout_plan import RolloutStage, StageName

VECTORS = Path(__file__).parents[2] / "docs" / "reference" / "vectors" / "rollout-buckets.json"
FLOW = WorkflowId("support-reply-drafting")
STAGES = (
    RolloutStage(name=StageName.INTERNAL, soak_hours=24, groups=frozenset({"support"})),
    RolloutStage(name=StageName.COHORT, soak_hours=72, percent=10),
    RolloutStage(name=StageName.ALL, soak_hours=0),
)


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text("utf-8"))["vectors"])
def test_the_published_buckets_are_the_ones_computed(vector: dict[str, object]) -> None:
    workflow, unit = WorkflowId(str(vector["workflow"])), str(vector["unit"])
    assert get_bucket(workflow, unit) == vector["bucket"]


def test_raising_the_percentage_drops_none_of_a_hundred_thousand_units() -> None:
    units = [f"person-{number}" for number in range(100_000)]
    before: set[str] = set()
    for percent in (0.01, 0.5, 1, 5, 10, 25, 33.3, 50, 75, 99.99, 100):
        inside = {unit for unit in units if is_in_percent(FLOW, unit, percent)}
        assert before <= inside
        assert abs(len(inside) / len(units) - percent / 100) < 0.006
        before = inside
    assert len(before) == len(units)


@given(st.text(max_size=40), st.floats(0, 100), st.floats(0, 100))
def test_a_larger_share_holds_what_a_smaller_one_holds(
    unit: str, one: float, other: float
) -> None:
    small, large = sorted((one, other))
    if is_in_percent(FLOW, unit, small):
        assert is_in_percent(FLOW, unit, large)
    assert 0 <= get_bucket(FLOW, unit) < BUCKETS


def test_who_is_in_a_cohort_of_one_workflow_says_nothing_of_another() -> None:
    units = [f"u{number}" for number in range(20_000)]
    both = sum(
        is_in_percent(FLOW, unit, 10) and is_in_percent(WorkflowId("other"), unit, 10)
        for unit in units
    )
    assert 0.007 < both / len(units) < 0.013


def test_who_was_in_internally_stays_in_when_the_cohort_begins() -> None:
    reach = get_reach(STAGES, StageName.COHORT)
    assert reach.holds(FLOW, Unit(name="ben", groups=frozenset({"support"})))


def test_a_call_without_a_unit_is_in_no_cohort() -> None:
    assert not get_reach(STAGES, StageName.COHORT).holds(FLOW, Unit(name=""))
    assert get_reach(STAGES, StageName.ALL).holds(FLOW, Unit(name=""))


def test_stages_follow_each_other_and_end() -> None:
    order = [None, *StageName]
    assert [get_next_stage(stage) for stage in order] == [*StageName, None]
