"""Which class a body belongs to, and for how long that class is kept."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.domain.boundary import DataClass
from alos.domain.ids import WorkflowId
from alos.domain.organisation import Retention
from alos.domain.retention import Terms, build_body_rule, is_decided

SUPPORT = WorkflowId("support")


def _retention(
    body_days: int | None = 30, record_days: int | None = 365, **by_class: int
) -> Retention:
    return Retention(
        reference="policy 7",
        body_days=body_days,
        record_days=record_days,
        body_days_by_class={DataClass(name): days for name, days in by_class.items()},
    )


def test_a_body_takes_the_shortest_term_of_what_was_found_in_it() -> None:
    rule = build_body_rule(_retention(pii=7, regulated_data=3650), SUPPORT, None, 1)
    assert rule.get_class([]) == "standard"
    assert rule.get_class(["internal"]) == "standard"
    assert rule.get_class(["regulated_data"]) == "regulated_data"
    assert rule.get_class(["regulated_data", "pii"]) == "pii"


def test_a_workflow_s_own_term_only_ever_shortens() -> None:
    retention = _retention(pii=7)
    own = Terms(retention=retention, by_workflow={SUPPORT: 10})
    rule = build_body_rule(retention, SUPPORT, 10, 1)
    assert own.get_days(rule.standard) == 10
    assert own.get_days(rule.get_class(["pii"])) == 7
    longer = Terms(retention=retention, by_workflow={SUPPORT: 90})
    assert longer.get_days(rule.standard) == 30


def test_a_shortened_term_holds_for_what_is_stored_already() -> None:
    stored = build_body_rule(_retention(pii=7), SUPPORT, 10, 1).get_class(["pii"])
    assert Terms(retention=_retention(5), by_workflow={}).get_days(stored) == 5
    assert Terms(retention=_retention(None), by_workflow={}).get_days(stored) is None


@pytest.mark.parametrize(("days", "last"), [(0, 0), (1, 1), (30, 30)])
def test_a_body_stays_for_whole_days_after_its_own(days: int, last: int) -> None:
    terms = Terms(retention=_retention(days), by_workflow={})
    day = date(2026, 11, 25)
    assert not terms.is_over("standard", "2026-11-25", today=day + timedelta(days=last))
    assert terms.is_over("standard", "2026-11-25", today=day + timedelta(days=last + 1))


@given(st.integers(-4000, 4000))
def test_without_a_number_nothing_ever_ends(offset: int) -> None:
    terms = Terms(retention=_retention(None), by_workflow={})
    today = date(2026, 11, 25) + timedelta(days=offset)
    assert not terms.is_over("standard", "2026-11-25", today=today)


def test_no_days_means_that_nothing_is_kept() -> None:
    assert not build_body_rule(_retention(0), SUPPORT, None, 1).is_kept
    assert not build_body_rule(_retention(30), SUPPORT, 0, 1).is_kept
    assert build_body_rule(_retention(30), SUPPORT, None, 1).is_kept


@pytest.mark.parametrize(("tier", "required"), [(0, False), (1, False), (2, True), (4, True)])
def test_bodies_are_required_from_tier_two_on(tier: int, required: bool) -> None:  # noqa: FBT001
    assert build_body_rule(_retention(), SUPPORT, None, tier).is_required is required


def test_retention_is_decided_when_both_numbers_and_their_policy_are_named() -> None:
    assert is_decided(_retention())
    assert not is_decided(_retention(None))
    assert not is_decided(_retention(30, None))
