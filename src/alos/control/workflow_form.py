"""The form of ``workflow.yaml``: what may be written in it, with a description of each key."""

from decimal import Decimal
from typing import Annotated

import re2  # type: ignore[import-untyped]  # the wheel has no stubs
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)

from alos.control.boundary_form import BoundaryForm, SurfaceForm
from alos.control.forms import (
    Count,
    Days,
    Form,
    Name,
    Number,
    Seconds,
    Share,
    Slug,
    Text,
    Usd,
    build_error,
)
from alos.control.organisation_form import Url
from alos.control.people import PartyName
from alos.control.rollout_form import RolloutForm
from alos.domain.tier import TITLES, Tier
from alos.domain.workflow import (
    EscalationRule,
    FailureCategory,
    FallbackKind,
    OwnerFunction,
    SuccessSignal,
    VerificationKind,
)

YES_NO = {"yes": True, "no": False, True: True, False: False}
SENTENCE_END = (".", "!", "?")


def _check_tier(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or value not in set(Tier):
        known = ", ".join(f"{tier.value} ({title})" for tier, title in TITLES.items())
        raise build_error("must be a tier from 0 to 4", f"Write one of {known}.")
    return value


def _check_accountable(value: object) -> object:
    if isinstance(value, list):
        raise build_error(
            f"must be exactly one person, not {len(value)} in a list",
            "Write one person's id; groups and lists can't be accountable.",
        )
    if isinstance(value, str) and value.startswith("group:"):
        raise build_error("must be a person, not a group", "Write one person's id.")
    return value


def _to_yes_no(value: object) -> bool:
    if not isinstance(value, (str, bool)) or value not in YES_NO:
        raise build_error("must be yes or no", "Write `no`, or `yes` with a waiver that ends.")
    return YES_NO[value]


def is_pattern(value: str) -> bool:
    """Whether a text is a regular expression in RE2 syntax."""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(value, options)
    except re2.error:
        return False
    return True


def _check_pattern(value: str) -> str:
    if not is_pattern(value):
        raise build_error(
            "is not a regular expression",
            "Use RE2 syntax: no look-around and no back-references.",
        )
    return value


def _check_sentence(value: str) -> str:
    inner = value.strip().rstrip("".join(SENTENCE_END))
    if any(f"{mark} " in inner or f"{mark}\n" in inner for mark in SENTENCE_END):
        raise build_error("must be one sentence", "Keep the one failure you fear most.")
    if not value.strip().endswith(SENTENCE_END) or len(inner.split()) < 4:  # noqa: PLR2004 - a subject, a verb and what goes wrong
        raise build_error("must be a whole sentence", "Say who does what wrong, with a full stop.")
    return value


TierNumber = Annotated[
    int, BeforeValidator(_check_tier), WithJsonSchema({"enum": [tier.value for tier in Tier]})
]
Accountable = Annotated[Name, BeforeValidator(_check_accountable)]
YesNo = Annotated[
    bool, BeforeValidator(_to_yes_no), WithJsonSchema({"enum": ["yes", "no", True, False]})
]
Pattern = Annotated[
    str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_check_pattern)
]
Sentence = Annotated[
    str, StringConstraints(min_length=1, max_length=400), AfterValidator(_check_sentence)
]
BundlePath = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^prompts/[A-Za-z0-9._-]+\.md$")
]
VariableName = Annotated[
    str, StringConstraints(max_length=64, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
]


class ExposureForm(Form):
    """Facts that set the lowest tier the workflow may have."""

    external_audience: bool
    """Whether people outside the organisation read what comes out."""
    regulated_data: bool
    """Whether data that the law regulates goes in."""
    regulated_decision: bool
    """Whether it takes part in a regulated decision about a person."""


class OwnersForm(Form):
    """The two people who own the workflow."""

    executive: Name
    """The executive owner's id."""
    operational: Name
    """The operational owner's id; a different person."""
    function: Annotated[OwnerFunction, Field(strict=False)]
    """Where the operational owner works: sre, eng_productivity, security or product."""


class RaciForm(Form):
    """Who builds, who answers for it, who is asked, who is told."""

    responsible: list[PartyName] = Field(min_length=1)
    """Those who build it: person ids or `group:NAME`."""
    accountable: Accountable
    """The one person who answers for it."""
    consulted: list[PartyName] = Field(min_length=1)
    """Those who are asked before it changes, such as security or legal."""
    informed: list[PartyName] = Field(min_length=1)
    """Those who are told of releases and incidents, such as support or sales."""


class FearedFailureForm(Form):
    """The failure you fear most, and what watches for it."""

    sentence: Sentence
    """One sentence: who does what wrong, to whom."""
    category: Annotated[FailureCategory, Field(strict=False)]
    """Its kind: data_leakage, wrong_action_in_prod, policy_violation or customer_harm."""
    cases: list[Slug] = Field(min_length=1)
    """Ids of golden cases that try to bring it about; at least one is adversarial."""
    guards: list[Slug] = Field(min_length=1)
    """Names of guards (under `rollout`) that alert, halt or kill when it shows."""


class EscalationForm(Form):
    """The larger model, and when a call reaches it."""

    model: Name
    """A model of `alos.yaml`."""
    rule: Annotated[EscalationRule, Field(strict=False)]
    """`requested`, `long_input`, `tagged` or `invalid_output`."""
    above_input_tokens: Count | None = None
    """The bound of `long_input`."""
    tag: Text | None = None
    """The tag of `tagged`, as `name=value`; any caller may set it."""


class ModelsForm(Form):
    """The models the workflow may use; all speak one wire format."""

    primary: Name
    """The model used by default: the smallest that passes the evals."""
    escalation: EscalationForm | None = None
    """A larger model, and the rule for using it."""
    fallbacks: list[Name] = Field(default_factory=list)
    """Models tried next when one fails, in order."""
    regions: list[Text] = Field(default_factory=list)
    """Regions (as vendors name theirs) where its models may be; any, unless set."""


class RangeForm(Form):
    """The values a parameter may take: a range of a number, or words."""

    minimum: Number | None = None
    """The lowest; golden sets are run with it, and so is a call that leaves the number out."""
    maximum: Number | None = None
    """The highest."""
    words: list[Text] = Field(default_factory=list)
    """The words it may be, for what is no number."""
    schemas: list[dict[str, JsonValue | Decimal]] = Field(default_factory=list)
    """Of `response_format`: each `name`, `description` and `schema` that calls may ask for."""


class PromptForm(Form):
    """One prompt of the bundle."""

    version: Text
    """Its version, in quotes; raise it when the text changes."""
    file: BundlePath
    """The template's file, e.g. prompts/draft-reply.md."""
    variables: list[VariableName] = Field(default_factory=list)
    """Every name that the template uses as {{name}}."""


class ToolForm(Form):
    """A tool that the model may call."""

    autonomous: bool
    """Whether it runs without a person's acceptance; that makes Tier 4."""
    changes_production: bool
    """Whether it writes to a production system."""
    sandbox_url: Url | None = None
    """Where it runs until a sandbox run has passed."""
    production_url: Url | None = None
    """Where it runs afterwards."""
    definition: dict[str, JsonValue | Decimal] | None = None
    """What the model is told of it: `description` and `parameters`; needed from Tier 2 on."""


class VerificationForm(Form):
    """What a person accepts first; with no way to hold it, a release needs a waiver for it."""

    name: Slug
    """What the rule is called in records."""
    kind: Annotated[VerificationKind, Field(strict=False)]
    """production_change, customer_facing_claim or automated_action."""
    pattern: Pattern | None = None
    """A regular expression; answers it matches wait. Without it and without tools, all wait."""
    tools: list[Name] = Field(default_factory=list)
    """Tools whose calls wait."""
    acceptors: list[PartyName] = Field(min_length=1)
    """Who may accept: person ids or `group:NAME`."""


class LimitsForm(Form):
    """Bounds of one call and of a minute."""

    max_output_tokens: Count
    """Most tokens in one answer."""
    requests_per_minute: Count
    """Most requests in a minute."""
    timeout_seconds: Seconds
    """Longest wait for an answer, or for a stream's first byte, retries included."""
    max_cost_per_call_usd: Usd
    """Most that one call may cost."""


class ThresholdsForm(Form):
    """What an evaluation must reach."""

    pass_rate: Share
    """Least share of cases passed; at least the tier's floor."""
    adversarial_share: Share = 0.2
    """Least share of adversarial cases in the golden set."""
    max_cost_usd: Usd
    """The run stops before it spends more."""
    latency_seconds: Seconds
    """Bound of the latency quantile."""
    latency_quantile: Share = 0.95
    """Which quantile, e.g. 0.95."""


class CacheForm(Form):
    """Identical requests are answered from what was answered before, at no cost."""

    max_age_seconds: Annotated[int, Field(ge=1, le=604_800)]
    """For how long an answer is given again; at most a week."""
    personal: YesNo = True
    """Whether people get only their own answers again; so in any case where data is found."""


class FallbackForm(Form):
    """What happens when the model is down."""

    kind: Annotated[FallbackKind, Field(strict=False)]
    """`static_text`, `model` or `queue`."""
    document: Text
    """What people do meanwhile."""
    text: Text | None = None
    """The answer given (`static_text`), or the notice that goes with the queue."""
    model: Name | None = None
    """Another approved model of the same wire format (`model`)."""
    queue: Text | None = None
    """Where the request waits for a person (`queue`)."""
    when_stopped: bool = False
    """Answer by it while a kill switch holds the workflow, too (not `model`)."""


class TaskForm(Form):
    """What one task is, and what counts as success."""

    definition: Text
    """What one task is, e.g. one ticket answered."""
    signal: Annotated[SuccessSignal, Field(strict=False)]
    """`accepted`, `outcome` or `no_complaint`."""
    success: Text
    """What success is, in words."""
    window_hours: Count
    """After this long without a signal a task is unlabelled."""


class WorkflowForm(Form):
    """`workflow.yaml`: one governed workflow."""

    id: Slug
    """Its slug; the folder has the same name."""
    title: Text
    """Its name for people."""
    workspace: Slug
    """The workspace of `alos.yaml` that pays for it."""
    tier: TierNumber
    """0 Internal, 1 Assist, 2 Customer-facing, 3 Regulated, 4 Autonomous actions."""
    exposure: ExposureForm
    """Facts that set the lowest tier it may have."""
    owners: OwnersForm
    """The executive and the operational owner."""
    raci: RaciForm
    """Responsible, accountable, consulted, informed."""
    feared_failure: FearedFailureForm
    """The failure you fear most."""
    surface: SurfaceForm
    """The sanctioned place it runs."""
    personal_accounts: YesNo
    """Whether people may use personal accounts for it: `no`, or `yes` with a waiver."""
    boundary: BoundaryForm
    """What may go in, and what may not."""
    models: ModelsForm
    """The models it may use."""
    parameters: dict[Name, RangeForm] = Field(default_factory=dict)
    """What calls may set: temperature, response_format …; all else stays as providers have it."""
    prompts: dict[Slug, PromptForm] = Field(default_factory=dict)
    """Its prompts, by name; none where the client owns the prompt."""
    default_prompt: Slug | None = None
    """The prompt of a call that names none."""
    tools: dict[Name, ToolForm] = Field(default_factory=dict)
    """Tools that the model may call, by name."""
    verification: list[VerificationForm] = Field(default_factory=list)
    """What a person accepts before it takes effect."""
    limits: LimitsForm
    """Bounds of one call and of a minute."""
    monthly_budget_usd: Usd
    """Its own cap for a month, inside its workspace's."""
    body_days: Days | None = None
    """Days its prompts and answers are kept; as the organisation says unless set."""
    cache: CacheForm | None = None
    """Exact cache; every call goes to a model unless it is set."""
    thresholds: ThresholdsForm
    """What an evaluation must reach."""
    rollout: RolloutForm
    """Flag, stages and guards."""
    fallback: FallbackForm
    """What happens when the model is down."""
    task: TaskForm
    """What one task is, and what counts as success."""
