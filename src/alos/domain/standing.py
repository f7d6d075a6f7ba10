"""The Standing: one frozen snapshot of all that admission needs, with an epoch.

``control`` compiles it, ``server`` swaps it, the stages read it. Look-ups are plain dicts;
whoever holds a Standing must not change them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alos.domain.ids import (
    Digest,
    Epoch,
    KeyId,
    ModelName,
    PersonId,
    PrincipalId,
    RunId,
    VendorName,
    WorkflowId,
    WorkspaceId,
)
from alos.domain.money import Price
from alos.domain.organisation import Azure
from alos.domain.retention import NO_OWN_TERM, BodyRule
from alos.domain.rollout import Reach
from alos.domain.shape import Shape
from alos.domain.workflow import Cache, Escalation, FallbackKind


class PrincipalKind(StrEnum):
    """Who may hold a key."""

    PERSON = "person"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGrant:
    """What one key allows.

    Attributes:
        secret_hash: SHA-256 of the whole key; the key itself is nowhere.
        workflows: allow-list, all of ``workspace``.
        expires_at_unix: seconds; ``None`` never.
        active: the principal behind it is active.
        identity: how we know who it is, for the record: ``sso``, ``people_file``,
            ``personal_account`` or ``workload``; empty for a service account's key, which is all
            that is known of its caller.
        personal_account: the person's address is at a provider where anybody can have one.
        default_prompt: name of the prompt that its calls use where they name none; ``None``
            takes the workflow's.
        groups: the person's directory groups; a service account has none.
    """

    id: KeyId
    prefix: str
    secret_hash: bytes
    principal: PrincipalId
    principal_kind: PrincipalKind
    workspace: WorkspaceId
    workflows: frozenset[WorkflowId]
    default_workflow: WorkflowId
    surface: str
    expires_at_unix: int | None
    revoked: bool
    active: bool
    default_prompt: str | None = None
    groups: frozenset[str] = frozenset()
    identity: str = ""
    personal_account: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingModel:
    """One approved model.

    Attributes:
        wire_formats: names of the formats it speaks.
        credential: reference (``env:NAME``, ``file:PATH`` or empty), never the value.
        approved_until_unix: seconds; ``None`` where the approval has no end.
        data_classes: classes of data it is approved for; a finding whose class is not in it
            is redacted, dropped or refused for this model.
        price: ``None`` is unknown, which is never free.
        retention_days: for how long the vendor keeps what it is sent.
        idle_timeout_seconds: longest silence within a stream.
        retries: how often one call may ask it again after a failure.
        breaker_failures, breaker_pause_seconds: after so many failures in a row nobody asks it
            for so long.
        azure: of a vendor that is an Azure OpenAI resource.
        is_down: a drill has it that nobody answers; in the Standing of that drill alone.
    """

    name: ModelName
    vendor: VendorName
    upstream_name: str
    base_url: str
    wire_formats: frozenset[str]
    credential: str
    region: str
    size_rank: int
    data_classes: frozenset[str]
    approved_until_unix: int | None
    price: Price | None
    max_output_tokens: int
    connect_timeout_seconds: float
    first_byte_timeout_seconds: float
    total_timeout_seconds: float
    retention_days: int = 0
    idle_timeout_seconds: float = 60.0
    retries: int = 1
    breaker_failures: int = 10
    breaker_pause_seconds: float = 5.0
    azure: Azure | None = None
    is_down: bool = False


class Action(StrEnum):
    """What happens to a finding."""

    BLOCK = "block"
    REDACT = "redact"
    TOKENISE = "tokenise"
    FLAG = "flag"
    DROP_CANDIDATE = "drop_candidate"


class ReleaseStage(StrEnum):
    """Where a release stands on its way."""

    UNRELEASED = "unreleased"
    DRAFT = "draft"
    EVAL = "eval"
    DRILL = "drill"
    INTERNAL = "internal"
    COHORT = "cohort"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRelease:
    """The bundle that a workflow runs.

    Attributes:
        approved_by: person ids of those whose votes granted the stage; empty while unreleased.
        reach: whom it serves; ``None`` = everybody who may use the workflow.
    """

    digest: Digest
    stage: ReleaseStage
    approved_by: tuple[PersonId, ...] = ()
    reach: Reach | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A pulled kill switch.

    Attributes:
        kind: ``workflow``, ``model``, ``vendor``, ``tool``, ``workspace`` or ``everything``.
        target: the id; empty for ``everything``.
        pulled_at_unix_ns: for measuring how long it took to get somewhere; 0 where unknown.
    """

    kind: str
    target: str
    since_unix: int
    by: str
    reason: str
    pulled_at_unix_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A bound on spend in a month.

    Attributes:
        scope: ``organisation``, ``vendor:NAME``, ``workspace:ID``, ``workflow:ID``,
            ``key:ID`` or ``person:ID``.
    """

    scope: str
    limit_nanousd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most so many requests in any window of so many seconds."""

    scope: str
    requests: int
    window_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingFallback:
    """What a workflow answers when its route gives nothing (R63).

    Attributes:
        text: the answer, or the notice that goes with a place in the queue.
        queue: name of the queue for people.
        when_stopped: it answers while a kill switch holds the workflow, too.
    """

    kind: FallbackKind
    text: str = ""
    queue: str = ""
    when_stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingWorkflow:
    """All that admission and the checks need of one workflow.

    Attributes:
        accountable: the one accountable person; ``None`` where there is none or nobody active.
        route: candidates in order, all approved models of the bundle.
        route_reason: why in this order, one line for the record.
        escalation: the larger model beside the route, and the rule that leads to it.
        passed: models of the route with which this bundle's evals passed; ``None`` where
            nobody says, and then the route's order stands for it.
        forbidden: data classes that the boundary forbids, whatever the model.
        actions: per forbidden class what to do with it; for any other class (``pii``) what to
            do where a model is not approved for it.
        detector_classes: finding kind or type → further classes that the boundary binds it to.
        shadow: the same binding of rules on trial, with what each would do.
        opaque_allowed, hosted_allowed: kinds the boundary names.
        prompts: declared prompt name → version.
        prompt_templates: declared prompt name → template.
        prompt_pieces: declared prompt name → its template's own words, to find it again.
        cache: for how long an identical request gets the same answer; ``None`` never.
        client: start of the User-Agent that its surface sends; ``None`` is not looked at.
        personal_accounts_until_unix: end of the waiver that lets personal accounts in, in seconds;
            ``None`` without one, and then none comes in whatever the bundle says.
        fallback: what answers when the route gives nothing; ``None`` without.
        regions: where its models may be; any region where it names none.
        max_call_nanousd: bound on one call's ceiling, if set.
        bodies: how its prompts and answers are kept.
        deadline_seconds: from the call's arrival until its answer, or its stream's first byte,
            whatever is tried meanwhile.
        flag: name of the flag that says whether it serves a unit.
        before: what those units get whom this release does not serve yet.
        shape: the tools and parameters that the release declares; ``None`` for a judging model,
            which is none of it.
        waivers_end_at_unix: when the first waiver that the release rests on ends; 0 where one
            is missing; ``None`` where it rests on none.
    """

    id: WorkflowId
    workspace: WorkspaceId
    tier: int
    title: str
    accountable: PersonId | None
    release: StandingRelease
    route: tuple[ModelName, ...]
    route_reason: str
    escalation: Escalation | None = None
    passed: frozenset[ModelName] | None = None
    forbidden: frozenset[str]
    actions: Mapping[str, Action]
    detector_classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shadow: Mapping[str, tuple[tuple[str, Action], ...]] = field(default_factory=dict)
    opaque_allowed: frozenset[str] = frozenset()
    hosted_allowed: frozenset[str] = frozenset()
    prompts: Mapping[str, str] = field(default_factory=dict)
    prompt_templates: Mapping[str, str] = field(default_factory=dict)
    prompt_default: str | None = None
    prompt_pieces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    client: str | None = None
    cache: Cache | None = None
    personal_accounts_until_unix: int | None = None
    fallback: StandingFallback | None = None
    regions: frozenset[str] = frozenset()
    max_output_tokens: int
    max_call_nanousd: int | None = None
    deadline_seconds: float = 600.0
    rate_limits: tuple[RateLimit, ...] = ()
    caps: tuple[Cap, ...] = ()
    bodies: BodyRule = NO_OWN_TERM
    flag: str = ""
    before: "StandingWorkflow | None" = None
    shape: Shape | None = None
    waivers_end_at_unix: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingDraft:
    """An uploaded bundle that its authors may call by digest.

    Attributes:
        daily_limit_nanousd: what one person may spend on drafts in a day (UTC).
        ends_at_unix: the first second at which it can't be called any more.
    """

    workflow: StandingWorkflow
    daily_limit_nanousd: int
    ends_at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRun:
    """An eval run that is open: who may make which calls under its id.

    Attributes:
        workflow: the bundle under test, its caps with the run's own among them.
        judge: the same with the judging models as route and no prompt of its own.
        inputs: SHA-256 (hexadecimal) of the one body allowed, by case id; by
            ``<call id>/<criterion>`` that of a question to the judge.
    """

    id: RunId
    key: KeyId
    workflow: StandingWorkflow
    judge: StandingWorkflow
    inputs: Mapping[str, str]
    ends_at_unix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is true now.

    Attributes:
        dev: the data folder was born as a dev folder; only there is the unreleased served.
        policy: digest of the applied configuration.
        keys: by printable prefix.
        stopped: by (kind, target).
        legal_holds: (kind, target) of those that new calls come under.
        is_retention_decided: the organisation has said for how long bodies and records are kept.
        drafts: bundles that may be called by digest.
        runs: eval runs that are open.
        taken_back: digests that were rolled back; a running stream of one is cut.
        drills: what is true for the calls of a drill that runs: this Standing with the failure
            that is rehearsed. Their calls are the server's own (``Call.drill``).
    """

    epoch: Epoch
    taken_at_unix_ns: int
    dev: bool
    policy: Digest
    keys: Mapping[str, KeyGrant]
    workflows: Mapping[WorkflowId, StandingWorkflow]
    models: Mapping[ModelName, StandingModel]
    stopped: Mapping[tuple[str, str], Stop]
    organisation_caps: tuple[Cap, ...] = ()
    is_retention_decided: bool = True
    drafts: Mapping[Digest, StandingDraft] = field(default_factory=dict)
    runs: Mapping[RunId, StandingRun] = field(default_factory=dict)
    taken_back: frozenset[Digest] = frozenset()
    legal_holds: frozenset[tuple[str, str]] = frozenset()
    drills: "Mapping[RunId, Standing]" = field(default_factory=dict)
