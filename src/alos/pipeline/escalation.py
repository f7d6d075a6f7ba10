"""When a call goes to the larger model of its workflow: before it is sent, or after an answer."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from jsonschema.exceptions import SchemaError
from jsonschema.validators import Draft202012Validator

from alos.domain.call import AdmittedCall, CheckedCall, CheckedCandidate, Denied, Reply, WholeReply
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import AnswerView, Request
from alos.domain.standing import StandingWorkflow
from alos.domain.workflow import EscalationRule
from alos.evals.refusals import declines
from alos.pipeline.tries import Tries

_NOTHING_SMALL = Refusal(
    code=ReasonCode.MODEL_NOT_ALLOWED,
    detail="only the larger model may see it, and its rule leads there after an answer",
)
_WITHHELD = frozenset({"content_filter", "refusal"})
_LONGEST_JSON = 1 << 20

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for prose; the rule is about size, not about money."""


def get_rule(
    workflow: StandingWorkflow, request: Request, tags: tuple[str, ...], model: str | None
) -> EscalationRule | None:
    """The rule that holds for this call; ``None`` leaves it to the smaller models.

    ``model``: our name of the one that the caller asks for.
    """
    escalation = workflow.escalation
    if escalation is None:
        return None
    if escalation.rule is EscalationRule.REQUESTED:
        holds = model == escalation.model
    elif escalation.rule is EscalationRule.TAGGED:
        holds = escalation.tag in tags
    elif escalation.rule is EscalationRule.LONG_INPUT:
        holds = _estimate_tokens(request) > (escalation.above_input_tokens or 0)
    else:
        holds = False
    return escalation.rule if holds else None


def _estimate_tokens(request: Request) -> int:
    return sum(len(one.text) for one in request.texts) // CHARACTERS_PER_TOKEN


Dispatched = Callable[[CheckedCall, Tries], Awaitable[Reply | Denied]]
"""The dispatch stage."""
RaiseReservation = Callable[[AdmittedCall, Tries], Awaitable[bool]]


class Escalate:
    """Dispatch, and once more to the larger model where a whole answer is of no use.

    For the rule ``invalid_output`` alone. A stream has reached its caller by the time anybody
    could tell, so it stays as it is. Both answers are paid for.
    """

    def __init__(self, dispatch: Dispatched, *, raise_reservation: RaiseReservation) -> None:
        self._dispatch = dispatch
        self._raise_reservation = raise_reservation

    async def __call__(self, checked: CheckedCall, tries: Tries) -> Reply | Denied:
        """Try the route; the larger model is no fallback, so no failure leads to it."""
        admitted = checked.funded.admitted
        escalation = admitted.workflow.escalation
        if escalation is None or escalation.rule is not EscalationRule.INVALID_OUTPUT:
            return await self._dispatch(checked, tries)
        larger = tuple(one for one in checked.candidates if one.model.name == escalation.model)
        rest = tuple(one for one in checked.candidates if one.model.name != escalation.model)
        if not rest:
            return Denied(refusal=_NOTHING_SMALL)
        reply = await self._dispatch(checked._replace(candidates=rest), tries)
        if not larger or not isinstance(reply, WholeReply) or reply.view is None:
            return reply
        if is_valid(admitted.request, reply.view):
            return reply
        return await self._ask_larger(checked, larger, reply, tries)

    async def _ask_larger(
        self,
        checked: CheckedCall,
        larger: tuple[CheckedCandidate, ...],
        first: WholeReply,
        tries: Tries,
    ) -> Reply | Denied:
        """Ask; the first answer stands where the larger model gives none."""
        admitted = checked.funded.admitted
        tries.unanswered.append(first.candidate)
        may_ask = await self._raise_reservation(admitted, tries)
        tries.unanswered.remove(first.candidate)
        if not may_ask:
            tries.note(larger[0].model, "skipped_reservation")
            return first
        funded = checked.funded._replace(admitted=admitted._replace(skipped=()))
        second = await self._dispatch(checked._replace(funded=funded, candidates=larger), tries)
        if isinstance(second, Denied):
            return first
        tries.set_aside = first
        return second


def is_valid(request: Request, view: AnswerView) -> bool:
    """Whether an answer is of use: it does not refuse, and is the JSON that was asked for."""
    if view.finish_reason in _WITHHELD:
        return False
    text = "\n".join(view.texts)
    if request.answer_schema is not None:
        return bool(view.tool_calls) or _keeps_to(request.answer_schema, text)
    return bool(view.tool_calls) or not declines(text)


def _keeps_to(schema: Mapping[str, Any], text: str) -> bool:
    if len(text) > _LONGEST_JSON:
        return True
    try:
        value = json.loads(text)
        return bool(Draft202012Validator(schema).is_valid(value))
    except (ValueError, RecursionError):
        return False
    except SchemaError:
        return True
