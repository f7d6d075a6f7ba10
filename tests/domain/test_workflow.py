"""A workflow computes its tier's floor and its route from its own facts."""

from dataclasses import replace
from pathlib import Path

import pytest

import alos
from alos.control.bundle import read_bundle_folder
from alos.domain.boundary import AllowedInput, DataClass
from alos.domain.ids import ModelName
from alos.domain.tier import Tier
from alos.domain.workflow import Escalation, EscalationRule, Route, Tool, Workflow

TEMPLATES = Path(alos.__file__).parent / "data/templates/workflows"


@pytest.fixture
def workflow() -> Workflow:
    reading = read_bundle_folder(TEMPLATES / "internal-doc-qa", label="internal-doc-qa")
    assert reading.bundle is not None
    return reading.bundle.workflow


def test_an_internal_helper_has_no_floor(workflow: Workflow) -> None:
    assert workflow.tier_floor.tier is Tier.INTERNAL


def test_readers_outside_lift_the_floor(workflow: Workflow) -> None:
    exposed = replace(workflow, exposure=replace(workflow.exposure, external_audience=True))
    assert exposed.tier_floor.tier is Tier.CUSTOMER_FACING


def test_a_regulated_decision_lifts_the_floor(workflow: Workflow) -> None:
    exposed = replace(workflow, exposure=replace(workflow.exposure, regulated_decision=True))
    assert exposed.tier_floor.tier is Tier.REGULATED


def test_allowing_regulated_data_lifts_the_floor_whatever_the_exposure_says(
    workflow: Workflow,
) -> None:
    allowed = AllowedInput(name="claims", data_class=DataClass.REGULATED_DATA, examples=("x",))
    boundary = replace(workflow.boundary, allowed=(allowed,))
    assert replace(workflow, boundary=boundary).tier_floor.tier is Tier.REGULATED


def test_a_tool_that_acts_alone_lifts_the_floor(workflow: Workflow) -> None:
    tool = Tool(name="mail", autonomous=True, changes_production=False)
    assert replace(workflow, tools=(tool,)).tier_floor.tier is Tier.AUTONOMOUS
    waits = replace(tool, autonomous=False)
    assert replace(workflow, tools=(waits,)).tier_floor.tier is Tier.INTERNAL


def test_a_route_lists_each_model_once_in_order() -> None:
    small, large = ModelName("small"), ModelName("large")
    route = Route(
        primary=small,
        escalation=Escalation(model=large, rule=EscalationRule.REQUESTED),
        fallbacks=(large, small),
    )
    assert route.models == (small, large)
