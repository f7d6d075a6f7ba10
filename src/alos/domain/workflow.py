"""What ``workflow.yaml`` says: the governed unit with its owners, boundary, route and limits."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from alos.domain.boundary import Boundary, DataClass
from alos.domain.ids import ModelName, PersonId, WorkflowId, WorkspaceId
from alos.domain.people import Party
from alos.domain.rollout_plan import Rollout
from alos.domain.shape import ParameterRange
from alos.domain.tier import Tier, TierFloor, TierReason, get_tier_floor


class OwnerFunction(StrEnum):
    """The part of the company that an operational owner works in."""

    SRE = "sre"
    ENG_PRODUCTIVITY = "eng_productivity"
    SECURITY = "security"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The two people who own a workflow; never the same person."""

    executive: PersonId
    operational: PersonId
    function: OwnerFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class Raci:
    """Who builds, who answers for it, who is asked and who is told.

    Attributes:
        accountable: the one person who answers for an incident.
    """

    responsible: tuple[Party, ...]
    accountable: PersonId
    consulted: tuple[Party, ...]
    informed: tuple[Party, ...]


class FailureCategory(StrEnum):
    """The kinds of failure that a workflow may fear most."""

    DATA_LEAKAGE = "data_leakage"
    WRONG_ACTION_IN_PROD = "wrong_action_in_prod"
    POLICY_VIOLATION = "policy_violation"
    CUSTOMER_HARM = "customer_harm"


@dataclass(frozen=True, slots=True, kw_only=True)
class FearedFailure:
    """The failure feared most, and what watches for it.

    Attributes:
        cases: ids of golden cases; at least one is adversarial.
        guards: names of guards of the rollout; at least one.
    """

    sentence: str
    category: FailureCategory
    cases: tuple[str, ...]
    guards: tuple[str, ...]


class SurfaceKind(StrEnum):
    """Whether calls of a surface go through the gateway (enforced) or not (observed)."""

    GATEWAY = "gateway"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceAttestation:
    """Somebody's dated word for what a surface does."""

    owner: PersonId
    evidence: str
    evidence_date: date
    expires_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """The sanctioned place the workflow runs.

    Attributes:
        client: the start of the User-Agent that its calls carry; None = not looked at.
        sso: whether people reach it only by the company's login.
        offboarding: whether a person who left loses it without a hand's turn.
        attestation: required for an external surface.
    """

    name: str
    kind: SurfaceKind
    client: str | None
    sso: bool
    offboarding: bool
    attestation: SurfaceAttestation | None


class EscalationRule(StrEnum):
    """When a call goes to the larger model."""

    REQUESTED = "requested"
    """The caller names it as ``model``."""
    LONG_INPUT = "long_input"
    """The input is about that many tokens or more: a quarter of its characters."""
    TAGGED = "tagged"
    """The caller tags the call so."""
    INVALID_OUTPUT = "invalid_output"
    """The smaller model refused, or did not keep to the JSON that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """The larger model, and the rule that a call needs to reach it.

    Attributes:
        above_input_tokens: the bound of ``long_input``; None for the other rules.
        tag: ``name=value`` of ``tagged``; empty for the other rules.
    """

    model: ModelName
    rule: EscalationRule
    above_input_tokens: int | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The models a workflow may use, in order; all speak one wire format."""

    primary: ModelName
    escalation: Escalation | None = None
    fallbacks: tuple[ModelName, ...] = ()
    regions: frozenset[str] = frozenset()

    @property
    def models(self) -> tuple[ModelName, ...]:
        """Every model of the route, each once: primary, escalation, fallbacks."""
        escalation = (self.escalation.model,) if self.escalation else ()
        return tuple(dict.fromkeys((self.primary, *escalation, *self.fallbacks)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Identical requests are answered from the vault for so long.

    Attributes:
        personal: an answer is given again to the same person alone, whatever was found in it.
    """

    max_age_seconds: int
    personal: bool


class FallbackKind(StrEnum):
    """What is done when the route gives no answer, or the workflow is stopped."""

    STATIC_TEXT = "static_text"
    MODEL = "model"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """What happens when the model is down: in words, and as something that runs.

    Attributes:
        document: what people do meanwhile.
        text: the answer given (``static_text``) or the notice that goes with the queue.
        model: another approved model of the same wire format (``model``).
        queue: where the request waits for a person (``queue``).
        when_stopped: it answers while a kill switch holds the workflow, too; else that refuses.
    """

    kind: FallbackKind
    document: str
    text: str = ""
    model: ModelName | None = None
    queue: str = ""
    when_stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that the model may call.

    Attributes:
        autonomous: True where it runs without a person's acceptance; that makes Tier 4.
        changes_production: True where it writes to a production system.
        definition: SHA-256 of what the model is told of it (:func:`alos.domain.shape.get_digest`);
            empty where the bundle does not say.
    """

    name: str
    autonomous: bool
    changes_production: bool
    sandbox_url: str | None = None
    production_url: str | None = None
    definition: str = ""


class VerificationKind(StrEnum):
    """What a person verifies before it takes effect."""

    PRODUCTION_CHANGE = "production_change"
    CUSTOMER_FACING_CLAIM = "customer_facing_claim"
    AUTOMATED_ACTION = "automated_action"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRule:
    """An answer or a tool call that is held until a named person accepts it.

    Attributes:
        pattern: RE2 expression, case ignored; an answer that it matches is held. Empty holds
            every answer where no tool is named either.
        tools: calls of these tools are held.
        acceptors: who may accept.
    """

    name: str
    kind: VerificationKind
    pattern: str
    tools: tuple[str, ...]
    acceptors: tuple[Party, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one call and of a minute."""

    max_output_tokens: int
    requests_per_minute: int
    timeout_seconds: float
    max_cost_per_call_nanousd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What an evaluation of a release must reach.

    Attributes:
        pass_rate: observed share of cases passed, 0 to 1.
        adversarial_share: least share of adversarial cases in the golden set, 0 to 1.
        max_cost_nanousd: the run stops before it spends more.
        latency_seconds: bound of the quantile ``latency_quantile`` (0 to 1) of a case's time.
    """

    pass_rate: float
    adversarial_share: float
    max_cost_nanousd: int
    latency_seconds: float
    latency_quantile: float


class SuccessSignal(StrEnum):
    """What counts as a task's success."""

    ACCEPTED = "accepted"
    OUTCOME = "outcome"
    NO_COMPLAINT = "no_complaint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one task is, and what counts as its success.

    Attributes:
        window_hours: after this long without a signal the task is unlabelled.
    """

    definition: str
    signal: SuccessSignal
    success: str
    window_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Facts about a workflow's reach that set the lowest tier it may have.

    Attributes:
        external_audience: whether people outside the organisation read what comes out.
        regulated_data: whether regulated data goes in.
        regulated_decision: whether it takes part in a regulated decision about a person.
    """

    external_audience: bool
    regulated_data: bool
    regulated_decision: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One frozen reading of ``workflow.yaml``.

    Attributes:
        monthly_budget_nanousd: the workflow's own cap inside its workspace's budget.
        body_days: how long its prompts and answers are kept; None = as the organisation says.
        default_prompt: the prompt of a call that names none; None = the caller's own.
        cache: None = every call goes to a model.
    """

    id: WorkflowId
    title: str
    workspace: WorkspaceId
    tier: Tier
    exposure: Exposure
    owners: Owners
    raci: Raci
    feared_failure: FearedFailure
    surface: Surface
    personal_accounts_allowed: bool
    boundary: Boundary
    route: Route
    tools: tuple[Tool, ...]
    verification: tuple[VerificationRule, ...]
    limits: Limits
    monthly_budget_nanousd: int
    thresholds: Thresholds
    rollout: Rollout
    fallback: Fallback
    task: Task
    parameters: tuple[ParameterRange, ...] = ()
    default_prompt: str | None = None
    body_days: int | None = None
    cache: Cache | None = None

    @property
    def tier_floor(self) -> TierFloor:
        """The lowest tier its own facts allow."""
        return get_tier_floor(self._list_tier_reasons())

    def _list_tier_reasons(self) -> tuple[TierReason, ...]:
        allows_regulated = any(
            allowed.data_class is DataClass.REGULATED_DATA for allowed in self.boundary.allowed
        )
        facts = {
            TierReason.AUTONOMOUS_TOOL: any(tool.autonomous for tool in self.tools),
            TierReason.REGULATED_DATA: self.exposure.regulated_data or allows_regulated,
            TierReason.REGULATED_DECISION: self.exposure.regulated_decision,
            TierReason.EXTERNAL_AUDIENCE: self.exposure.external_audience,
        }
        return tuple(reason for reason, holds in facts.items() if holds)
