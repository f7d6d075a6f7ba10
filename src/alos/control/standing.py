"""Compiles what the files, the directory and the kill switches say into one Standing."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from alos.control.accountable import get_workflow_accountability
from alos.control.grants import list_workload_grants, to_grant
from alos.control.prices import get_price
from alos.domain.boundary import BoundaryAction, DataClass, PiiAction
from alos.domain.bundle import Bundle
from alos.domain.ids import Digest, Epoch, ModelName, PersonId, WorkflowId
from alos.domain.organisation import Model, Organisation, Vendor, WireFormat
from alos.domain.people import People
from alos.domain.prompt import get_pieces
from alos.domain.retention import build_body_rule, is_decided
from alos.domain.shape import Shape
from alos.domain.standing import (
    Action,
    Cap,
    KeyGrant,
    RateLimit,
    ReleaseStage,
    Standing,
    StandingFallback,
    StandingModel,
    StandingRelease,
    StandingWorkflow,
    Stop,
)
from alos.domain.waiver import Waiver, WaiverAbout, get_end, list_needed
from alos.domain.workflow import Escalation, Fallback, FallbackKind

COUNT_TOKENS = "anthropic-count-tokens"
"""A format without an answer of its own; it comes with ``anthropic-messages``."""
_PII_ACTION = {
    PiiAction.BLOCK: Action.BLOCK,
    PiiAction.REDACT: Action.REDACT,
    PiiAction.TOKENISE: Action.TOKENISE,
    PiiAction.REROUTE: Action.DROP_CANDIDATE,
}
_DETECTOR_KINDS = {"secrets": "secret", "pii": "pii", "injection": "injection"}
"""A whole pack's name in a boundary → the kind of its findings; other names are types."""
_FORBIDDEN_ACTION = {
    BoundaryAction.BLOCK: Action.BLOCK,
    BoundaryAction.REDACT: Action.REDACT,
    BoundaryAction.TOKENISE: Action.TOKENISE,
    BoundaryAction.FLAG: Action.FLAG,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What is written in files and applies now.

    Attributes:
        bundles: by workflow slug, each read whole and without an error.
        policy: digest of ``alos.yaml`` as it was read.
    """

    organisation: Organisation
    people: People
    bundles: Mapping[WorkflowId, Bundle]
    policy: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A bundle that somebody's calls run, and whose.

    Attributes:
        before: what those get whom this one does not serve.
    """

    bundle: Bundle
    release: StandingRelease
    before: "Served | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What people granted, and may take back.

    Attributes:
        served: by workflow, the release that reaches the fewest first.
        taken_back: digests that were rolled back.
        waivers: every waiver there is; which are in force depends on the time.
        bound: issuer and person of every account that somebody signed in with.
    """

    served: Mapping[WorkflowId, Served] = field(default_factory=dict)
    taken_back: frozenset[Digest] = frozenset()
    waivers: Collection[Waiver] = ()
    bound: frozenset[tuple[str, PersonId]] = frozenset()


def compile_standing(
    configuration: Configuration,
    *,
    keys: Iterable[KeyGrant],
    stops: Iterable[Stop],
    permissions: Permissions,
    dev: bool,
    epoch: int,
    now_unix_ns: int,
) -> Standing:
    """Build the snapshot that admission reads; pure, so the same input gives the same one.

    A workflow with a served release runs
    that; another one what its files say, which the gate lets through in a dev folder only.
    """
    organisation, people = configuration.organisation, configuration.people
    now_unix = now_unix_ns // 1_000_000_000
    models = {
        name: to_standing_model(model, organisation.vendors[model.vendor])
        for name, model in organisation.models.items()
    }
    return Standing(
        epoch=Epoch(epoch),
        taken_at_unix_ns=now_unix_ns,
        dev=dev,
        policy=configuration.policy,
        keys={
            key.prefix: to_grant(key, organisation, people, permissions.bound)
            for key in (*keys, *list_workload_grants(organisation, configuration.bundles))
        },
        workflows={
            **{
                bundle.id: _compile_filed(
                    bundle, organisation, people, permissions.waivers, now_unix
                )
                for bundle in configuration.bundles.values()
            },
            **{
                name: release
                for name, one in permissions.served.items()
                if (
                    release := compile_served(
                        one, organisation, people, permissions.waivers, now_unix
                    )
                )
                is not None
            },
        },
        models=models,
        stopped={(stop.kind, stop.target): stop for stop in stops},
        organisation_caps=_get_organisation_caps(organisation),
        is_retention_decided=is_decided(organisation.retention),
        taken_back=permissions.taken_back,
    )


def compile_trial(
    bundle: Bundle, configuration: Configuration, *, stage: ReleaseStage
) -> StandingWorkflow:
    """The workflow of a bundle that is called by digest and not released.

    Raises:
        KeyError: the configuration has no workspace of that name.
    """
    compiled = to_standing_workflow(bundle, configuration.organisation, configuration.people)
    return replace(compiled, release=StandingRelease(digest=bundle.digest, stage=stage))


def compile_served(
    served: Served,
    organisation: Organisation,
    people: People,
    waivers: Collection[Waiver],
    now_unix: int,
) -> StandingWorkflow | None:
    """A served release; ``None`` where its workspace is gone, so that nobody gets it."""
    before = (
        compile_served(served.before, organisation, people, waivers, now_unix)
        if served.before
        else None
    )
    if served.bundle.workflow.workspace not in organisation.workspaces:
        return before
    workflow = to_standing_workflow(served.bundle, organisation, people)
    needed = list_needed(served.bundle.workflow)
    ends = [get_end(waivers, workflow.id, about, now_unix) for about in needed]
    return replace(
        workflow,
        release=served.release,
        before=before,
        waivers_end_at_unix=min(ends, default=None),
        personal_accounts_until_unix=_get_personal_end(served.bundle, waivers, now_unix),
    )


def _compile_filed(
    bundle: Bundle,
    organisation: Organisation,
    people: People,
    waivers: Collection[Waiver],
    now_unix: int,
) -> StandingWorkflow:
    """What files say and no release does; the gate lets it through in a dev folder only."""
    return replace(
        to_standing_workflow(bundle, organisation, people),
        personal_accounts_until_unix=_get_personal_end(bundle, waivers, now_unix),
    )


def _get_personal_end(bundle: Bundle, waivers: Collection[Waiver], now_unix: int) -> int | None:
    """Until when personal accounts may call: a bundle says yes, and a waiver for how long."""
    if not bundle.workflow.personal_accounts_allowed:
        return None
    return get_end(waivers, bundle.id, WaiverAbout.PERSONAL_ACCOUNTS, now_unix) or None


def to_standing_workflow(
    bundle: Bundle, organisation: Organisation, people: People
) -> StandingWorkflow:
    """What admission and the checks need of a bundle, unreleased."""
    workflow = bundle.workflow
    boundary = workflow.boundary
    actions = {
        name.value: _FORBIDDEN_ACTION[rule.action] for name, rule in boundary.forbidden.items()
    }
    actions.setdefault(DataClass.PII.value, _PII_ACTION[boundary.pii])
    accountable = get_workflow_accountability(bundle, organisation, people).person
    workspace = organisation.workspaces[workflow.workspace]
    prompts = bundle.prompts
    return StandingWorkflow(
        id=workflow.id,
        workspace=workflow.workspace,
        tier=int(workflow.tier),
        title=workflow.title,
        accountable=accountable,
        release=StandingRelease(digest=bundle.digest, stage=ReleaseStage.UNRELEASED),
        route=_order_route(bundle, organisation),
        route_reason="the smallest approved model of the route, then the others in order",
        escalation=_get_escalation(bundle, organisation),
        forbidden=frozenset(name.value for name in boundary.forbidden),
        actions=actions,
        detector_classes=_bind_detectors(bundle),
        shadow=_bind_shadow(bundle),
        opaque_allowed=frozenset(kind.value for kind in boundary.opaque),
        hosted_allowed=boundary.hosted_tools,
        prompts={name: prompt.version for name, prompt in prompts.items()},
        prompt_templates={name: prompt.template for name, prompt in prompts.items()},
        prompt_default=workflow.default_prompt,
        shape=Shape(
            parameters={one.name: one for one in workflow.parameters},
            tools={tool.name: tool.definition for tool in workflow.tools},
        ),
        flag=workflow.rollout.flag,
        prompt_pieces={name: get_pieces(prompt.template) for name, prompt in prompts.items()},
        client=workflow.surface.client,
        cache=workflow.cache,
        fallback=_to_fallback(workflow.fallback),
        regions=workflow.route.regions,
        max_output_tokens=workflow.limits.max_output_tokens,
        max_call_nanousd=workflow.limits.max_cost_per_call_nanousd,
        deadline_seconds=workflow.limits.timeout_seconds,
        rate_limits=(
            RateLimit(
                scope=f"workflow:{workflow.id}",
                requests=workflow.limits.requests_per_minute,
                window_seconds=60,
            ),
        ),
        caps=(
            Cap(scope=f"workspace:{workspace.id}", limit_nanousd=workspace.monthly_budget_nanousd),
            Cap(scope=f"workflow:{workflow.id}", limit_nanousd=workflow.monthly_budget_nanousd),
        ),
        bodies=build_body_rule(
            organisation.retention, workflow.id, workflow.body_days, int(workflow.tier)
        ),
    )


def _to_fallback(fallback: Fallback) -> StandingFallback:
    return StandingFallback(
        kind=fallback.kind,
        text=fallback.text,
        queue=fallback.queue,
        when_stopped=fallback.when_stopped,
    )


def _order_route(bundle: Bundle, organisation: Organisation) -> tuple[ModelName, ...]:
    """Primary, fallbacks, the fallback's model; an escalation's larger one needs its rule."""
    route, fallback = bundle.workflow.route, bundle.workflow.fallback
    last = (fallback.model,) if fallback.kind is FallbackKind.MODEL and fallback.model else ()
    names = dict.fromkeys((route.primary, *route.fallbacks, *last))
    return tuple(name for name in names if name in organisation.models)


def _get_escalation(bundle: Bundle, organisation: Organisation) -> Escalation | None:
    escalation = bundle.workflow.route.escalation
    return escalation if escalation and escalation.model in organisation.models else None


def _bind_detectors(bundle: Bundle) -> dict[str, tuple[str, ...]]:
    """Finding kind or type (a dictionary's name is one) → the forbidden classes that name it."""
    bound: dict[str, tuple[str, ...]] = {}
    for name, rule in bundle.workflow.boundary.forbidden.items():
        for named in (*rule.detectors, *rule.dictionaries):
            detector = _DETECTOR_KINDS.get(named, named)
            bound[detector] = (*bound.get(detector, ()), name.value)
    return bound


def _bind_shadow(bundle: Bundle) -> dict[str, tuple[tuple[str, Action], ...]]:
    """The same of rules on trial, with what each would do."""
    bound: dict[str, tuple[tuple[str, Action], ...]] = {}
    for name, rule in bundle.workflow.boundary.shadow.items():
        for named in (*rule.detectors, *rule.dictionaries):
            detector = _DETECTOR_KINDS.get(named, named)
            one = (name.value, _FORBIDDEN_ACTION[rule.action])
            bound[detector] = (*bound.get(detector, ()), one)
    return bound


def to_standing_model(model: Model, vendor: Vendor) -> StandingModel:
    """What the path of a call needs of a model."""
    timeouts = vendor.timeouts
    return StandingModel(
        name=model.name,
        vendor=model.vendor,
        upstream_name=model.upstream_name,
        base_url=vendor.base_url.rstrip("/").removesuffix("/v1"),
        wire_formats=_list_formats(model),
        credential=str(vendor.credential) if vendor.credential is not None else "",
        region=vendor.region,
        size_rank=int(model.size_class),
        data_classes=frozenset(one.value for one in model.data_classes),
        approved_until_unix=_end_of(min(model.approved_until, vendor.approved_until)),
        price=get_price(model, vendor),
        max_output_tokens=model.max_output_tokens,
        connect_timeout_seconds=timeouts.connect_seconds,
        first_byte_timeout_seconds=timeouts.first_byte_seconds,
        total_timeout_seconds=timeouts.total_seconds,
        retention_days=vendor.retention_days,
        idle_timeout_seconds=timeouts.idle_seconds,
        retries=vendor.retries,
        breaker_failures=vendor.breaker.failures,
        breaker_pause_seconds=vendor.breaker.pause_seconds,
        azure=vendor.azure,
    )


def _list_formats(model: Model) -> frozenset[str]:
    """Formats by name; who speaks Anthropic's messages counts their tokens too."""
    names = {one.value for one in model.wire_formats}
    if WireFormat.ANTHROPIC_MESSAGES in model.wire_formats:
        names.add(COUNT_TOKENS)
    return frozenset(names)


def _end_of(last_day: date) -> int:
    """The first second after an approval's last day, which is inclusive."""
    midnight = datetime.combine(last_day + timedelta(days=1), time(), tzinfo=UTC)
    return int(midnight.timestamp())


def _get_organisation_caps(organisation: Organisation) -> tuple[Cap, ...]:
    caps = [
        Cap(scope=f"vendor:{vendor.name}", limit_nanousd=vendor.monthly_budget_nanousd)
        for vendor in organisation.vendors.values()
        if vendor.monthly_budget_nanousd is not None
    ]
    if organisation.monthly_budget_nanousd is not None:
        caps.append(Cap(scope="organisation", limit_nanousd=organisation.monthly_budget_nanousd))
    return tuple(caps)
