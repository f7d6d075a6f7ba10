"""Makes the frozen workflow out of a filled ``workflow.yaml`` form; checks nothing."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from alos.control.boundary_form import BoundaryForm, ForbiddenForm, SurfaceForm
from alos.control.people import to_party
from alos.control.rollout_form import RolloutForm
from alos.control.workflow_form import (
    CacheForm,
    FallbackForm,
    FearedFailureForm,
    ModelsForm,
    RaciForm,
    ToolForm,
    VerificationForm,
    WorkflowForm,
)
from alos.domain.boundary import (
    AllowedInput,
    Boundary,
    DataClass,
    ForbiddenInput,
    HandledByHand,
)
from alos.domain.ids import ModelName, PersonId, WorkflowId, WorkspaceId
from alos.domain.people import Party
from alos.domain.rollout_plan import Guard, Rollout, RolloutStage
from alos.domain.shape import ParameterRange, get_digest, get_schema_digests
from alos.domain.tier import Tier
from alos.domain.workflow import (
    Cache,
    Escalation,
    Exposure,
    Fallback,
    FearedFailure,
    Limits,
    Owners,
    Raci,
    Route,
    Surface,
    SurfaceAttestation,
    Task,
    Thresholds,
    Tool,
    VerificationRule,
    Workflow,
)


def to_workflow(form: WorkflowForm) -> Workflow:
    """Make the frozen value."""
    return Workflow(
        id=WorkflowId(form.id),
        title=form.title,
        workspace=WorkspaceId(form.workspace),
        tier=Tier(form.tier),
        exposure=Exposure(
            external_audience=form.exposure.external_audience,
            regulated_data=form.exposure.regulated_data,
            regulated_decision=form.exposure.regulated_decision,
        ),
        owners=Owners(
            executive=PersonId(form.owners.executive),
            operational=PersonId(form.owners.operational),
            function=form.owners.function,
        ),
        raci=_to_raci(form.raci),
        feared_failure=_to_feared_failure(form.feared_failure),
        surface=_to_surface(form.surface),
        personal_accounts_allowed=form.personal_accounts,
        boundary=_to_boundary(form.boundary),
        route=_to_route(form.models),
        tools=_to_tools(form),
        verification=tuple(_to_rule(rule) for rule in form.verification),
        limits=_to_limits(form),
        monthly_budget_nanousd=form.monthly_budget_usd,
        thresholds=_to_thresholds(form),
        rollout=_to_rollout(form.rollout),
        fallback=_to_fallback(form.fallback),
        task=_to_task(form),
        parameters=tuple(
            ParameterRange(
                name=name,
                minimum=values.minimum,
                maximum=values.maximum,
                words=tuple(values.words),
                schemas=_to_schemas(values.schemas),
            )
            for name, values in form.parameters.items()
        ),
        default_prompt=form.default_prompt,
        body_days=form.body_days,
        cache=_to_cache(form.cache),
    )


def _to_parties(names: list[str]) -> tuple[Party, ...]:
    return tuple(to_party(name) for name in names)


def _to_raci(form: RaciForm) -> Raci:
    return Raci(
        responsible=_to_parties(form.responsible),
        accountable=PersonId(form.accountable),
        consulted=_to_parties(form.consulted),
        informed=_to_parties(form.informed),
    )


def _to_feared_failure(form: FearedFailureForm) -> FearedFailure:
    return FearedFailure(
        sentence=form.sentence,
        category=form.category,
        cases=tuple(form.cases),
        guards=tuple(form.guards),
    )


def _to_surface(form: SurfaceForm) -> Surface:
    attestation = None
    if form.attestation is not None:
        attestation = SurfaceAttestation(
            owner=PersonId(form.attestation.owner),
            evidence=form.attestation.evidence,
            evidence_date=form.attestation.evidence_date,
            expires_on=form.attestation.expires_on,
        )
    return Surface(
        name=form.name,
        kind=form.kind,
        client=form.client,
        sso=form.sso,
        offboarding=form.offboarding,
        attestation=attestation,
    )


def _to_boundary(form: BoundaryForm) -> Boundary:
    forbidden = {key: _to_forbidden(key, item) for key, item in form.forbidden.items()}
    return Boundary(
        forbidden=MappingProxyType(forbidden),
        allowed=tuple(
            AllowedInput(name=item.name, data_class=item.data_class, examples=tuple(item.examples))
            for item in form.allowed
        ),
        pii=form.pii,
        opaque=frozenset(form.opaque),
        hosted_tools=frozenset(form.hosted_tools),
        shadow=MappingProxyType(
            {key: _to_forbidden(key, item) for key, item in form.shadow.items()}
        ),
    )


def _to_forbidden(data_class: DataClass, form: ForbiddenForm) -> ForbiddenInput:
    by_hand = None
    if form.by_hand is not None:
        by_hand = HandledByHand(
            person=PersonId(form.by_hand.person),
            procedure=form.by_hand.procedure,
            expires_on=form.by_hand.expires_on,
        )
    return ForbiddenInput(
        data_class=data_class,
        action=form.action,
        detectors=tuple(form.detectors),
        dictionaries=tuple(form.dictionaries),
        by_hand=by_hand,
    )


def _to_route(form: ModelsForm) -> Route:
    escalation = None
    if form.escalation is not None:
        escalation = Escalation(
            model=ModelName(form.escalation.model),
            rule=form.escalation.rule,
            above_input_tokens=form.escalation.above_input_tokens,
            tag=form.escalation.tag or "",
        )
    return Route(
        primary=ModelName(form.primary),
        escalation=escalation,
        fallbacks=tuple(ModelName(name) for name in form.fallbacks),
        regions=frozenset(form.regions),
    )


def _to_tools(form: WorkflowForm) -> tuple[Tool, ...]:
    return tuple(
        Tool(
            name=name,
            autonomous=tool.autonomous,
            changes_production=tool.changes_production,
            sandbox_url=tool.sandbox_url,
            production_url=tool.production_url,
            definition=_get_definition(tool),
        )
        for name, tool in form.tools.items()
    )


def _get_definition(tool: ToolForm) -> str:
    """The digest of a definition as any wire format writes it."""
    if tool.definition is None:
        return ""
    found = _to_json(tool.definition)
    for wrapper in ("function", "custom"):
        if isinstance(found.get(wrapper), dict):
            found = found[wrapper]
    return get_digest(found)


def _to_schemas(forms: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(digest for form in forms for digest in get_schema_digests(_to_json(form)))


def _to_json(written: Mapping[str, Any]) -> Any:
    """As a client's JSON would be read: YAML's decimals are floats there."""
    return json.loads(json.dumps(written, default=float))


def _to_rule(form: VerificationForm) -> VerificationRule:
    return VerificationRule(
        name=form.name,
        kind=form.kind,
        pattern=form.pattern or "",
        tools=tuple(form.tools),
        acceptors=_to_parties(form.acceptors),
    )


def _to_limits(form: WorkflowForm) -> Limits:
    return Limits(
        max_output_tokens=form.limits.max_output_tokens,
        requests_per_minute=form.limits.requests_per_minute,
        timeout_seconds=form.limits.timeout_seconds,
        max_cost_per_call_nanousd=form.limits.max_cost_per_call_usd,
    )


def _to_thresholds(form: WorkflowForm) -> Thresholds:
    return Thresholds(
        pass_rate=form.thresholds.pass_rate,
        adversarial_share=form.thresholds.adversarial_share,
        max_cost_nanousd=form.thresholds.max_cost_usd,
        latency_seconds=form.thresholds.latency_seconds,
        latency_quantile=form.thresholds.latency_quantile,
    )


def _to_rollout(form: RolloutForm) -> Rollout:
    return Rollout(
        flag=form.flag,
        stages=tuple(
            RolloutStage(
                name=stage.stage,
                soak_hours=stage.soak_hours,
                groups=frozenset(stage.groups),
                percent=stage.percent,
            )
            for stage in form.stages
        ),
        guards=tuple(
            Guard(
                name=guard.name,
                metric=guard.metric,
                above=guard.above,
                window_minutes=guard.window_minutes,
                minimum_calls=guard.minimum_calls,
                action=guard.action,
            )
            for guard in form.guards
        ),
    )


def _to_fallback(form: FallbackForm) -> Fallback:
    return Fallback(
        kind=form.kind,
        document=form.document,
        text=form.text or "",
        model=ModelName(form.model) if form.model else None,
        queue=form.queue or "",
        when_stopped=form.when_stopped,
    )


def _to_cache(form: CacheForm | None) -> Cache | None:
    if form is None:
        return None
    return Cache(max_age_seconds=form.max_age_seconds, personal=form.personal)


def _to_task(form: WorkflowForm) -> Task:
    return Task(
        definition=form.task.definition,
        signal=form.task.signal,
        success=form.task.success,
        window_hours=form.task.window_hours,
    )
