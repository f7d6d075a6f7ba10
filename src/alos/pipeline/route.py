"""Which models a call may go to, in which order, and what the dearest of them can cost.

Within one Standing the answer changes only when an approval ends, so it is worked out once per
(workflow, release, route, wire format, model asked for, drill) and kept until then.
"""

from dataclasses import dataclass

from alos.domain.call import Call
from alos.domain.gate import check_model, check_region, check_vendor_retention
from alos.domain.ids import Epoch, ModelName
from alos.domain.money import Price
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import Standing, StandingModel, StandingWorkflow
from alos.domain.workflow import EscalationRule

WORKFLOW_PREFIX = "workflow/"
_MOST_KEPT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The candidates of a call, in order.

    Attributes:
        skipped: models of the route that may not be used now, and why.
        reason: why in this order, one line for the record.
        valid_until_unix: the first second at which an approval will have ended.
        escalated: the rule that put the larger model in front.
    """

    candidates: tuple[StandingModel, ...]
    skipped: tuple[tuple[StandingModel, str], ...]
    reason: str
    prices: tuple[Price, ...]
    valid_until_unix: float
    escalated: EscalationRule | None = None

    def get_ceiling_nanousd(self, input_tokens: int, output_tokens: int) -> int:
        """The dearest that one candidate can cost."""
        ceiling = 0
        for price in self.prices:
            cost = price.get_ceiling_nanousd(
                input_tokens=input_tokens, output_tokens=output_tokens
            )
            ceiling = max(ceiling, cost)
        return ceiling


NO_ROUTE = Route(
    candidates=(), skipped=(), reason="stopped", prices=(), valid_until_unix=float("inf")
)
"""Of a call that goes to no model."""


class Routes:
    """Routes of the Standing in force; forgets them all when it is swapped."""

    def __init__(self) -> None:
        self._epoch: Epoch | None = None
        self._kept: dict[tuple[object, ...], Route] = {}

    def get(
        self,
        call: Call,
        standing: Standing,
        workflow: StandingWorkflow,
        asked: str | None,
        rule: EscalationRule | None = None,
    ) -> Route | Refusal:
        """The route, or why there is none; a model named by the caller goes first."""
        if standing.epoch != self._epoch or len(self._kept) > _MOST_KEPT:
            self._epoch, self._kept = standing.epoch, {}
        if asked is not None and asked.startswith(WORKFLOW_PREFIX):
            asked = None
        if asked is not None and rule is not EscalationRule.REQUESTED:
            rule = None  # whoever names a model means it
        now_unix = call.received_unix_ns // 1_000_000_000
        release = workflow.release.digest
        key = (workflow.id, release, workflow.route, call.wire_format, asked, rule, call.drill)
        route = self._kept.get(key)
        if route is not None and now_unix < route.valid_until_unix:
            return route
        found = _find(call.wire_format, standing, workflow, asked, rule, now_unix)
        if isinstance(found, Route):
            self._kept[key] = found
        return found


def resolve_model(standing: Standing, workflow: StandingWorkflow, asked: str | None) -> str | None:
    """Our name of the model that the caller means; clients know models by the vendor's name."""
    if asked is None or asked in standing.models:
        return asked
    larger = (workflow.escalation.model,) if workflow.escalation is not None else ()
    for name in (*workflow.route, *larger):
        model = standing.models.get(name)
        if model is not None and model.upstream_name == asked:
            return model.name
    return asked


def _find(
    wire_format: str,
    standing: Standing,
    workflow: StandingWorkflow,
    asked: str | None,
    rule: EscalationRule | None,
    now_unix: int,
) -> Route | Refusal:
    order = _order(standing, workflow, asked, rule)
    if isinstance(order, Refusal):
        return order
    names, reason = order
    candidates: list[StandingModel] = []
    skipped: list[tuple[StandingModel, str]] = []
    first_no: Refusal | None = None
    for name in names:
        model = standing.models[name]
        refusal = _check_candidate(wire_format, standing, model, now_unix)
        refusal = refusal or check_vendor_retention(workflow, model)
        refusal = refusal or check_region(workflow, model)
        if refusal is None:
            candidates.append(model)
            continue
        if name == asked:
            return refusal
        first_no = first_no or refusal
        skipped.append((model, refusal.code.removeprefix("alos_")))
    if not candidates:
        return first_no or Refusal(code=ReasonCode.MODEL_NOT_ALLOWED, detail="the route is empty")
    if asked is None and rule is None:
        _put_smallest_first(candidates, workflow)
        candidates += _list_larger_after(wire_format, standing, workflow, now_unix)
    ends = [one.approved_until_unix for one in candidates if one.approved_until_unix is not None]
    larger = workflow.escalation.model if workflow.escalation and rule else None
    return Route(
        candidates=tuple(candidates),
        skipped=tuple(skipped),
        reason=reason,
        prices=tuple(one.price for one in candidates if one.price is not None),
        valid_until_unix=min(ends, default=float("inf")),
        escalated=rule if candidates[0].name == larger else None,
    )


def _order(
    standing: Standing,
    workflow: StandingWorkflow,
    asked: str | None,
    rule: EscalationRule | None,
) -> tuple[tuple[ModelName, ...], str] | Refusal:
    """Names in the order to try them, before any of them is looked at."""
    names, escalation = workflow.route, workflow.escalation
    if escalation is not None and rule is not None:
        return (escalation.model, *names), f"escalated by {rule}, then the route"
    if asked is None:
        return names, workflow.route_reason
    named = ModelName(asked)
    if named not in standing.models:
        return Refusal(code=ReasonCode.VENDOR_NOT_APPROVED)
    if named not in names:
        detail = f"workflow {workflow.id}"
        if escalation is not None and escalation.model == named:
            detail = f"reached by its rule {escalation.rule} alone"
        return Refusal(code=ReasonCode.MODEL_NOT_ALLOWED, detail=detail)
    rest = (name for name in names if name != named)
    return (named, *rest), "named by the caller, then the route"


def _list_larger_after(
    wire_format: str, standing: Standing, workflow: StandingWorkflow, now_unix: int
) -> list[StandingModel]:
    """The larger model that an answer of no use leads to; dispatch never begins with it."""
    escalation = workflow.escalation
    if escalation is None or escalation.rule is not EscalationRule.INVALID_OUTPUT:
        return []
    model = standing.models[escalation.model]
    refusal = _check_candidate(wire_format, standing, model, now_unix)
    refusal = refusal or check_vendor_retention(workflow, model) or check_region(workflow, model)
    return [] if refusal else [model]


def _put_smallest_first(candidates: list[StandingModel], workflow: StandingWorkflow) -> None:
    """Nobody asked for a larger one; of equals the route's order decides."""
    passed = workflow.passed
    fit = [one for one in candidates if passed is None or one.name in passed]
    if fit:
        smallest = min(fit, key=lambda one: one.size_rank)
        candidates.remove(smallest)
        candidates.insert(0, smallest)


def _check_candidate(
    wire_format: str, standing: Standing, model: StandingModel, now_unix: int
) -> Refusal | None:
    if wire_format not in model.wire_formats:
        return Refusal(code=ReasonCode.MODEL_WIRE_FORMAT, detail=wire_format)
    if model.price is None:
        return Refusal(code=ReasonCode.PRICE_UNKNOWN, detail=f"model {model.name}")
    return check_model(standing, model, now_unix=now_unix)
