"""Admit: who is calling, for which workflow, by which models, under which prompt.

Decides from the Standing alone. The record is opened by ``run`` as soon as this stage says
yes, before anything can go upstream.
"""

from collections.abc import Mapping
from typing import NamedTuple

from alos.domain.call import AdmittedCall, Call, Denied, Prompt
from alos.domain.gate import (
    check_account,
    check_offered,
    check_serve,
    check_waivers,
    choose_release,
)
from alos.domain.ids import TaskId, WorkflowId
from alos.domain.record import Fact
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import Request
from alos.domain.rollout import Unit
from alos.domain.standing import KeyGrant, PrincipalKind, Standing, StandingWorkflow
from alos.domain.trace import get_span_id, read_traceparent
from alos.pipeline.drill import get_drill_facts
from alos.pipeline.escalation import get_rule
from alos.pipeline.fallback_rule import may_answer
from alos.pipeline.labels import MAX_LABEL, get_other_client, get_tags
from alos.pipeline.prompts import STRICT_TIER, get_prompt
from alos.pipeline.released_shape import check_shape
from alos.pipeline.route import NO_ROUTE, WORKFLOW_PREFIX, Route, Routes, resolve_model
from alos.pipeline.trial import select_trial
from alos.ports.wire import WireFormat

OTHER_CLIENT = "other_client"
"""A near miss: the call came from another client than the workflow's surface."""
_OVERHEAD_TOKENS = 256
_OVERHEAD_TOKENS_PER_TEXT = 16
"""A chat template's own tokens: a fixed part, and a part for each message."""


class Admit:
    """The first stage; holds the wire formats and the routes of the Standing in force."""

    def __init__(self, formats: Mapping[str, WireFormat]) -> None:
        self._formats = formats
        self._routes = Routes()

    def __call__(self, call: Call, standing: Standing, key: KeyGrant) -> AdmittedCall | Denied:
        """Take one call of a known key; reads no clock but the call's own."""
        if call.body is None:
            return Denied(refusal=Refusal(code=ReasonCode.BODY_TOO_LARGE), key=key)
        wire = self._formats.get(call.wire_format)
        if wire is None:
            return Denied(refusal=Refusal(code=ReasonCode.ENDPOINT_UNKNOWN), key=key)
        request = wire.read(call.body)
        if isinstance(request, Refusal):
            return Denied(refusal=request, key=key)
        workflow = _select_workflow(call, standing, key, request)
        if isinstance(workflow, Refusal):
            return Denied(refusal=workflow, key=key, request=request)
        trial = select_trial(call, standing, key, workflow)
        if isinstance(trial, Refusal):
            return Denied(refusal=trial, key=key, request=request, workflow=workflow)
        facts = get_drill_facts(call)
        if trial is not None:
            workflow, facts = trial
        else:
            served = _choose_release(call, key, workflow)
            if isinstance(served, Refusal):
                return Denied(refusal=served, key=key, request=request, workflow=workflow)
            workflow = served
        refusal = None if trial is not None else _check_serve(call, standing, workflow)
        admitted: AdmittedCall | Refusal
        if refusal is not None and not may_answer(workflow, wire, refusal):
            admitted = refusal
        else:
            subject = _Subject(call, standing, key, request, workflow, wire, refusal)
            admitted = _admit(subject, self._routes)
        if isinstance(admitted, Refusal):
            return Denied(
                refusal=admitted, key=key, request=request, workflow=workflow, trial=facts
            )
        return admitted._replace(trial=facts) if facts else admitted


def _check_serve(call: Call, standing: Standing, workflow: StandingWorkflow) -> Refusal | None:
    now_unix = call.received_unix_ns // 1_000_000_000
    return check_serve(standing, workflow) or check_waivers(workflow, now_unix=now_unix)


class _Subject(NamedTuple):
    """What is known of a call before it is admitted; a stopped one goes to no model."""

    call: Call
    standing: Standing
    key: KeyGrant
    request: Request
    workflow: StandingWorkflow
    wire: WireFormat
    stopped: Refusal | None


def _admit(subject: _Subject, routes: Routes) -> AdmittedCall | Refusal:
    call, standing, key, request, workflow, wire, stopped = subject
    now_unix = call.received_unix_ns // 1_000_000_000
    refusal = (
        check_account(key, workflow, now_unix=now_unix)
        or check_offered(standing, request)
        or _check_fields(workflow, request)
    )
    if refusal is not None:
        return refusal
    shape = check_shape(workflow, request)
    if isinstance(shape, Refusal):
        return shape
    prompt = get_prompt(call, key, workflow, request)
    if isinstance(prompt, Refusal):
        return prompt
    version, rendered = prompt
    tags, client = get_tags(call.headers, request), get_other_client(call.headers, workflow)
    asked_model = resolve_model(standing, workflow, request.model)
    rule = get_rule(workflow, request, tags, asked_model)
    route = stopped or routes.get(call, standing, workflow, asked_model, rule)
    if isinstance(route, Refusal):
        if not may_answer(workflow, wire, route):
            return route
        stopped, route = route, NO_ROUTE
    asked = request.max_output_tokens
    if asked is not None and asked > workflow.max_output_tokens:
        return Refusal(
            code=ReasonCode.OUTPUT_LIMIT,
            detail=f"limits.max_output_tokens is {workflow.max_output_tokens}",
        )
    bound = asked if asked is not None else workflow.max_output_tokens
    return AdmittedCall(
        call=call,
        standing=standing,
        key=key,
        workflow=workflow,
        request=request,
        candidates=route.candidates,
        skipped=route.skipped,
        route_reason=route.reason,
        prompt=version,
        task=_get_task(call.headers),
        sources=_get_sources(call.headers),
        max_output_tokens=bound,
        ceiling_nanousd=route.get_ceiling_nanousd(
            _bound_input(request, rendered), bound * request.choices
        ),
        rendered_prompt=rendered,
        tags=tags if client is None else (*tags, f"client={client}"),
        facts=_get_facts(call, version, route, shape.differs, is_elsewhere=client is not None),
        stopped=stopped,
        parameters=shape.left_out,
    )


def _select_workflow(
    call: Call, standing: Standing, key: KeyGrant, request: Request
) -> StandingWorkflow | Refusal:
    chosen = call.headers.get(b"x-alos-workflow")
    model = request.model
    if chosen is not None:
        slug = chosen.decode("latin-1")
    elif model is not None and model.startswith(WORKFLOW_PREFIX):
        slug = model[len(WORKFLOW_PREFIX) :]
    else:
        slug = key.default_workflow
    workflow = standing.workflows.get(WorkflowId(slug))
    if workflow is None:
        return Refusal(code=ReasonCode.WORKFLOW_NOT_REGISTERED)
    if workflow.id not in key.workflows or workflow.workspace != key.workspace:
        return Refusal(code=ReasonCode.WORKFLOW_NOT_ON_KEY, detail=f"key {key.prefix}…")
    return workflow


def _choose_release(
    call: Call, key: KeyGrant, workflow: StandingWorkflow
) -> StandingWorkflow | Refusal:
    """The release that serves whom this call is for; it too has to belong to who pays."""
    if workflow.release.reach is None:
        return workflow
    chosen = choose_release(workflow, _get_unit(call, key))
    if not isinstance(chosen, Refusal) and chosen.workspace != key.workspace:
        return Refusal(code=ReasonCode.WORKFLOW_NOT_ON_KEY, detail=f"key {key.prefix}…")
    return chosen


def _get_unit(call: Call, key: KeyGrant) -> Unit:
    """Who the call is for: the person behind the key, else what the client's label says."""
    if key.principal_kind is PrincipalKind.PERSON:
        return Unit(name=key.principal, groups=key.groups)
    label = call.headers.get(b"x-alos-unit", b"")
    return Unit(name=label[:MAX_LABEL].decode("latin-1"))


def _check_fields(workflow: StandingWorkflow, request: Request) -> Refusal | None:
    for part in request.opaque:
        if part.kind not in workflow.opaque_allowed:
            return Refusal(code=ReasonCode.PART_OPAQUE, detail=f"kind {part.kind}")
    for part in request.hosted:
        if part.kind not in workflow.hosted_allowed:
            return Refusal(code=ReasonCode.PART_HOSTED, detail=f"kind {part.kind}")
    if request.unpriced:
        return Refusal(code=ReasonCode.PRICE_UNKNOWN, detail=f"field {request.unpriced[0]}")
    if request.unknown_fields and workflow.tier >= STRICT_TIER:
        count = len(request.unknown_fields)
        return Refusal(code=ReasonCode.FIELD_UNKNOWN, detail=f"{count} not in the field table")
    return None


def _bound_input(request: Request, prompt: str | None) -> int:
    """Bound the prompt's tokens: no tokenizer makes more tokens than there are bytes."""
    return (
        len(request.raw)
        + (len(prompt.encode()) if prompt else 0)
        + _OVERHEAD_TOKENS
        + _OVERHEAD_TOKENS_PER_TEXT * len(request.texts)
    )


def _get_facts(
    call: Call, prompt: Prompt, route: Route, differs: str, *, is_elsewhere: bool
) -> tuple[tuple[str, str], ...]:
    """What the record says besides: trace, drifting prompt or shape, larger model, near miss."""
    facts: list[tuple[str, str]] = []
    if (caller := read_traceparent(call.headers.get(b"traceparent"))) is not None:
        facts.append((Fact.TRACE_SPAN, f"{caller.trace_id}-{get_span_id(call.id)}"))
    if prompt.observed:
        facts.append((Fact.PROMPT_OBSERVED, prompt.observed))
    if differs:
        facts.append((Fact.SHAPE, differs))
    if route.escalated is not None:
        facts.append((Fact.ESCALATED, route.escalated))
    if is_elsewhere:
        facts.append((Fact.NEAR_MISS, OTHER_CLIENT))
    return tuple(facts)


def _get_task(headers: Mapping[bytes, bytes]) -> TaskId | None:
    task = headers.get(b"x-alos-task")
    return TaskId(task[:MAX_LABEL].decode("latin-1")) if task else None


def _get_sources(headers: Mapping[bytes, bytes]) -> tuple[str, ...]:
    listed = headers.get(b"x-alos-sources")
    if not listed:
        return ()
    names = (part.strip()[:MAX_LABEL] for part in listed.decode("latin-1").split(","))
    return tuple(name for name in names if name)[:64]
