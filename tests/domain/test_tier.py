"""The lowest tier follows from facts, and more is asked of a higher tier."""

from hypothesis import given
from hypothesis import strategies as st

from alos.domain.tier import Tier, TierReason, get_tier_floor

REASONS = st.lists(st.sampled_from(TierReason), unique=True)


def test_without_a_reason_the_floor_is_internal() -> None:
    assert get_tier_floor([]).tier is Tier.INTERNAL


def test_a_tool_that_acts_alone_makes_tier_4() -> None:
    assert get_tier_floor([TierReason.AUTONOMOUS_TOOL]).tier == 4


def test_regulated_data_and_decisions_make_tier_3() -> None:
    assert get_tier_floor([TierReason.REGULATED_DATA]).tier == 3
    assert get_tier_floor([TierReason.REGULATED_DECISION]).tier == 3


def test_readers_outside_make_tier_2() -> None:
    assert get_tier_floor([TierReason.EXTERNAL_AUDIENCE]).tier == 2


def test_only_the_deciding_reasons_are_named() -> None:
    floor = get_tier_floor([TierReason.EXTERNAL_AUDIENCE, TierReason.REGULATED_DATA])
    assert floor.reasons == (TierReason.REGULATED_DATA,)


@given(REASONS, st.sampled_from(TierReason))
def test_a_further_reason_never_lowers_the_floor(
    reasons: list[TierReason], more: TierReason
) -> None:
    assert get_tier_floor([*reasons, more]).tier >= get_tier_floor(reasons).tier


def test_golden_sets_and_floors_grow_with_the_tier() -> None:
    assert [tier.minimum_cases for tier in Tier] == [10, 10, 20, 30, 50]
    assert [tier.minimum_lower_bound for tier in Tier] == [0.60, 0.60, 0.70, 0.80, 0.85]
