"""When a call goes to the larger model of its workflow, before anything was sent."""

from alos.domain.request import Request
from alos.domain.standing import StandingWorkflow
from alos.domain.workflow import EscalationRule

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for prose; the rule is about size, not about money."""


def get_rule(
    workflow: StandingWorkflow, request: Request, tags: tuple[str, ...]
) -> EscalationRule | None:
    """The rule that holds for this call; ``None`` leaves it to the smaller models."""
    escalation = workflow.escalation
    if escalation is None:
        return None
    if escalation.rule is EscalationRule.REQUESTED:
        holds = request.model == escalation.model
    elif escalation.rule is EscalationRule.TAGGED:
        holds = escalation.tag in tags
    elif escalation.rule is EscalationRule.LONG_INPUT:
        holds = _estimate_tokens(request) > (escalation.above_input_tokens or 0)
    else:
        holds = False
    return escalation.rule if holds else None


def _estimate_tokens(request: Request) -> int:
    return sum(len(one.text) for one in request.texts) // CHARACTERS_PER_TOKEN
