"""What a run asks for: the calls, the rule that binds it, and what changed since its bases."""

from collections.abc import Sequence
from dataclasses import dataclass

from alos.control.refused import ChangeRefused
from alos.domain.bundle import Bundle
from alos.domain.evaluation import Rule
from alos.domain.golden import Grader
from alos.domain.ids import ModelName
from alos.domain.organisation import Organisation, WireFormat
from alos.evals.cases import FORMATS, CaseInput, list_inputs
from alos.evals.changes import CaseChange, list_changes, list_lowered

MOST_CALLS = 2_000
"""Calls of one run, repeats counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalPlan:
    """One run before its first call.

    Attributes:
        inputs: the body of each case, in the order of the set.
        repeats: how often each case is run, by case id.
        rule: the strictest of the bundle's own thresholds and its bases'.
        judges: models that judge, in no order that matters.
        changes: cases that differ from a base's.
        lowered: thresholds that ask for less than a base's; they do not bind this run.
    """

    bundle: Bundle
    wire_format: WireFormat
    inputs: tuple[CaseInput, ...]
    repeats: dict[str, int]
    rule: Rule
    judges: tuple[ModelName, ...]
    changes: tuple[CaseChange, ...]
    lowered: tuple[str, ...]


def build_plan(
    bundle: Bundle,
    organisation: Organisation,
    *,
    bases: Sequence[Bundle] = (),
    repeats: int = 1,
    run_number: int = 1,
) -> EvalPlan:
    """Work out a run.

    Args:
        bundle: what is evaluated.
        organisation: its models.
        bases: bundles of the same workflow whose thresholds and cases bind it too.
        repeats: of every case at least.
        run_number: the k of this gate run.

    Raises:
        ChangeRefused: there are no cases, or none of the wire formats will do.
    """
    if not bundle.cases:
        raise ChangeRefused("the golden set is empty; write cases under evals/")
    if any(base.id != bundle.id for base in bases):
        raise ChangeRefused("a base is a bundle of another workflow")
    counts = {case.id: max(repeats, case.repeats) for case in bundle.cases}
    if sum(counts.values()) > MOST_CALLS:
        raise ChangeRefused(f"more than {MOST_CALLS} calls; ask for fewer repeats")
    wire_format = _choose_format(bundle, organisation)
    changes: dict[CaseChange, None] = {}
    lowered: dict[str, None] = {}
    for base in bases:
        changes |= dict.fromkeys(list_changes(base.cases, bundle.cases))
        before, now = base.workflow.thresholds, bundle.workflow.thresholds
        lowered |= dict.fromkeys(list_lowered(before, now))
        if bundle.workflow.tier < base.workflow.tier:
            lowered[f"tier {base.workflow.tier:d} became {bundle.workflow.tier:d}"] = None
    return EvalPlan(
        bundle=bundle,
        wire_format=wire_format,
        inputs=list_inputs(bundle, wire_format),
        repeats=counts,
        rule=_get_rule([bundle, *bases], run_number),
        judges=_list_judges(bundle, organisation, wire_format),
        changes=tuple(changes),
        lowered=tuple(lowered),
    )


def _get_rule(bundles: Sequence[Bundle], run_number: int) -> Rule:
    thresholds = [one.workflow.thresholds for one in bundles]
    return Rule(
        tier=max(one.workflow.tier for one in bundles),
        pass_rate=max(one.pass_rate for one in thresholds),
        max_cost_nanousd=min(one.max_cost_nanousd for one in thresholds),
        latency_seconds=min(one.latency_seconds for one in thresholds),
        latency_quantile=max(one.latency_quantile for one in thresholds),
        run_number=run_number,
    )


def _choose_format(bundle: Bundle, organisation: Organisation) -> WireFormat:
    models = [organisation.models[one] for one in _list_route(bundle, organisation)]
    for wire_format in FORMATS:
        if models and wire_format in models[0].wire_formats:
            return wire_format
    raise ChangeRefused(
        "a golden set runs in openai-chat or anthropic-messages; the primary model speaks neither"
    )


def _list_route(bundle: Bundle, organisation: Organisation) -> list[ModelName]:
    return [name for name in bundle.workflow.route.models if name in organisation.models]


def get_judge(
    criterion_model: str | None, bundle: Bundle, organisation: Organisation
) -> ModelName:
    """The model that decides a criterion: the one it names, else the last of the route."""
    if criterion_model is not None:
        return ModelName(criterion_model)
    return _list_route(bundle, organisation)[-1]


def _list_judges(
    bundle: Bundle, organisation: Organisation, wire_format: WireFormat
) -> tuple[ModelName, ...]:
    wanted = {
        get_judge(criterion.model, bundle, organisation)
        for case in bundle.cases
        for criterion in case.criteria
        if criterion.grader is Grader.JUDGE
    }
    for name in wanted:
        model = organisation.models.get(name)
        if model is None:
            raise ChangeRefused(f"the judge {name} is no model of alos.yaml")
        if wire_format not in model.wire_formats:
            raise ChangeRefused(f"the judge {name} does not speak {wire_format}")
    return tuple(sorted(wanted))
