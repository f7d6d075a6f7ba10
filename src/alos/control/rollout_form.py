"""The form of ``rollout`` in ``workflow.yaml``: the flag, the stages and the guards."""

from typing import Annotated

from pydantic import Field

from alos.control.forms import Count, Form, Name, Number, Slug
from alos.domain.rollout_plan import GuardAction, GuardMetric, StageName


class StageForm(Form):
    """One stage of the rollout."""

    stage: Annotated[StageName, Field(strict=False)]
    """`internal`, `cohort` or `all`, in this order."""
    soak_hours: Annotated[int, Field(ge=0, le=8760)]
    """How long it stays before the next."""
    groups: list[Name] = Field(default_factory=list)
    """Directory groups that are in (`internal`)."""
    percent: Annotated[Number, Field(gt=0, le=100)] | None = None
    """Share of units that are in (`cohort`)."""


class GuardForm(Form):
    """A condition over live calls."""

    name: Slug
    """What it is called in alerts."""
    metric: Annotated[GuardMetric, Field(strict=False)]
    """What is watched."""
    above: Annotated[Number, Field(ge=0)]
    """It acts above this value: a share from 0 to 1, seconds, or US dollars."""
    window_minutes: Count
    """With each window of this length it looks afresh, so that late harm is seen as soon."""
    minimum_calls: Count
    """With fewer calls in the stage it does not act."""
    action: Annotated[GuardAction, Field(strict=False)]
    """`alert`, `halt` (the rollout) or `kill` (the workflow)."""


class RolloutForm(Form):
    """The flag, the stages and the guards."""

    flag: Slug
    """The feature flag that the release stands behind."""
    stages: list[StageForm] = Field(min_length=3, max_length=3)
    """internal, cohort and all."""
    guards: list[GuardForm] = Field(min_length=1)
    """What alerts, halts or kills."""
