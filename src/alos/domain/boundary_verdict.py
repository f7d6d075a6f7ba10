"""What a boundary makes of findings: one function, asked live, in shadow and in a trial.

It decides nothing about a call by itself: :mod:`alos.pipeline.check` enforces the same rules per
candidate and writes the bodies; a test holds that both agree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alos.domain.finding import Finding
from alos.domain.standing import Action, StandingModel, StandingWorkflow

CREDENTIALS = "credentials"
PII = "pii"
_BASE_CLASS = {"secret": CREDENTIALS, "pii": PII}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What would become of a text.

    Attributes:
        action: ``block``, ``redact``, ``tokenise``, ``flag``; ``None`` where nothing was found.
        data_class: the class that decides.
        type, rule: of the finding that decides.
    """

    action: Action | None
    data_class: str = ""
    type: str = ""
    rule: str = ""


NOTHING = Verdict(action=None)


def classify(finding: Finding, workflow: StandingWorkflow) -> tuple[str, ...]:
    """The data classes a finding counts as; an injection counts as none (it is flagged)."""
    classes = workflow.detector_classes
    bound = (*classes.get(finding.kind, ()), *classes.get(finding.type, ()))
    base = _BASE_CLASS.get(finding.kind)
    return bound if base is None else (base, *bound)


def judge(
    findings: Iterable[Finding], workflow: StandingWorkflow, models: Sequence[StandingModel]
) -> Verdict:
    """Say what the boundary makes of findings, for the candidate that fits best.

    A class that is forbidden decides whatever the model; another one passes to a model approved
    for it, and else is redacted or leaves no candidate.
    """
    seen = [(one, name) for one in findings for name in classify(one, workflow) or ("",)]
    for one, name in seen:
        if name == CREDENTIALS:
            return _verdict(Action.BLOCK, one, name)
    for one, name in seen:
        if name != PII and workflow.actions.get(name) is Action.BLOCK:
            return _verdict(Action.BLOCK, one, name)
    best = None
    for model in models:
        verdict = _judge_for(model, seen, workflow)
        if best is None or _STRENGTH.index(verdict.action) < _STRENGTH.index(best.action):
            best = verdict
    return best if best is not None else NOTHING


def _judge_for(
    model: StandingModel, seen: Sequence[tuple[Finding, str]], workflow: StandingWorkflow
) -> Verdict:
    worst = NOTHING
    for one, name in seen:
        action = workflow.actions.get(name, Action.FLAG) if name else Action.FLAG
        if name and name not in workflow.forbidden:
            if name in model.data_classes:
                action = Action.FLAG
            elif workflow.actions.get(name) not in REPLACES:
                action = Action.BLOCK
        if _STRENGTH.index(action) > _STRENGTH.index(worst.action):
            worst = _verdict(action, one, name)
    return worst


REPLACES = frozenset({Action.REDACT, Action.TOKENISE})
"""Actions that let a call pass with other words in the place of a finding."""
_STRENGTH = (
    None,
    Action.FLAG,
    Action.TOKENISE,
    Action.REDACT,
    Action.DROP_CANDIDATE,
    Action.BLOCK,
)


def _verdict(action: Action, finding: Finding, name: str) -> Verdict:
    return Verdict(action=action, data_class=name, type=finding.type, rule=finding.rule)
