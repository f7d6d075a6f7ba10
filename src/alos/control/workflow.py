"""Makes the frozen workflow out of ``workflow.yaml``, and checks it against itself."""

import re
from collections.abc import Callable, Iterator

from alos.control.boundary_form import ForbiddenForm
from alos.control.documents import Document, Location, Problem, Severity
from alos.control.forms import suggest, validate
from alos.control.workflow_form import RangeForm, WorkflowForm
from alos.control.workflow_values import to_workflow
from alos.domain.boundary import FORBIDDEN_CLASSES, BoundaryAction, DataClass
from alos.domain.rollout_plan import StageName
from alos.domain.shape import NUMBERS, RESPONSE_FORMAT, WORDS
from alos.domain.tier import Tier
from alos.domain.workflow import (
    EscalationRule,
    FallbackKind,
    SurfaceKind,
    VerificationKind,
    Workflow,
)

PLACEHOLDER = re.compile(r"\s*todo\b", re.IGNORECASE)
Check = Callable[[Document, WorkflowForm], Iterator[Problem]]


def read_workflow(document: Document) -> tuple[Workflow | None, list[Problem]]:
    """Read ``workflow.yaml``, apart from what needs other files to judge."""
    form, problems = validate(document, WorkflowForm)
    if form is None:
        return None, problems
    problems = [problem for check in CHECKS for problem in check(document, form)]
    workflow = to_workflow(form)
    problems += _check_tier(document, workflow)
    problems += _check_placeholders(document, workflow)
    return (None if any(problem.is_error for problem in problems) else workflow), problems


def _check_tier(document: Document, workflow: Workflow) -> Iterator[Problem]:
    floor = workflow.tier_floor
    if workflow.tier < floor.tier:
        reasons = "; ".join(reason.sentence for reason in floor.reasons)
        yield document.build_problem(
            ("tier",),
            f"is below the floor of {floor.tier.value} ({floor.tier.title}): {reasons}",
            f"Write `tier: {floor.tier.value}`, or change what makes it so.",
        )
    if workflow.thresholds.pass_rate < workflow.tier.minimum_lower_bound:
        least = workflow.tier.minimum_lower_bound
        yield document.build_problem(
            ("thresholds", "pass_rate"),
            f"is below {least:.2f}, the floor of Tier {workflow.tier.value}",
            f"Write at least {least:.2f}.",
        )


def _check_placeholders(document: Document, workflow: Workflow) -> Iterator[Problem]:
    """What somebody still has to write, as `alos clone` leaves it."""
    texts: dict[Location, str] = {
        ("title",): workflow.title,
        ("feared_failure", "sentence"): workflow.feared_failure.sentence,
    }
    if (attestation := workflow.surface.attestation) is not None:
        texts["surface", "attestation", "evidence"] = attestation.evidence
    for data_class, forbidden in workflow.boundary.forbidden.items():
        if forbidden.by_hand is not None:
            here = ("boundary", "forbidden", data_class.value, "by_hand", "procedure")
            texts[here] = forbidden.by_hand.procedure
    for place, text in texts.items():
        if PLACEHOLDER.match(text):
            yield document.build_problem(
                place,
                "still holds a placeholder",
                "Write it in your own words.",
                severity=Severity.BLOCKS_RELEASE,
            )


def _check_owners(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    if form.owners.executive == form.owners.operational:
        yield document.build_problem(
            ("owners", "operational"),
            "is the same person as the executive owner",
            "Name two different people.",
        )
    builders = form.raci.responsible
    if form.tier >= Tier.ASSIST and form.raci.accountable in builders:
        yield document.build_problem(
            ("raci", "accountable"),
            "is also responsible; from Tier 1 on nobody approves their own work",
            "Name another person as accountable, or take this one out of `responsible`.",
        )


def _check_feared_failure(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    guards = [guard.name for guard in form.rollout.guards]
    for index, name in enumerate(form.feared_failure.guards):
        if name not in guards:
            yield document.build_problem(
                ("feared_failure", "guards", index),
                "there is no such guard under `rollout`",
                suggest(name, guards),
            )


def _check_surface(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    if form.surface.kind is SurfaceKind.EXTERNAL and form.surface.attestation is None:
        yield document.build_problem(
            ("surface", "attestation"),
            "an external surface needs its vendor's attestation",
            "Add `attestation:` with owner, evidence, evidence_date and expires_on.",
        )


def _check_boundary(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    boundary = form.boundary
    allowed = {item.data_class for item in boundary.allowed}
    for data_class in FORBIDDEN_CLASSES:
        if data_class not in boundary.forbidden and data_class not in allowed:
            yield document.build_problem(
                ("boundary", "forbidden", data_class.value),
                "this class is neither forbidden nor allowed",
                f"Add `{data_class.value}:` with an action and a detector, a dictionary or"
                " `by_hand`; or allow it with an example.",
            )
    for data_class, forbidden in boundary.forbidden.items():
        yield from _check_forbidden(document, data_class, forbidden)
        if data_class in allowed and forbidden.action is BoundaryAction.BLOCK:
            yield document.build_problem(
                ("boundary", "forbidden", data_class.value),
                "this class is both blocked and allowed",
                "Keep one of the two, or let it be redacted or flagged.",
            )
    for data_class, rule in boundary.shadow.items():
        if data_class is DataClass.CREDENTIALS or not (rule.detectors or rule.dictionaries):
            yield document.build_problem(
                ("boundary", "shadow", data_class.value),
                "a rule on trial names a detector or a dictionary, and never credentials",
                "Name one, or remove the rule: credentials are blocked already.",
            )
    for index, item in enumerate(boundary.allowed):
        if item.data_class is DataClass.CREDENTIALS:
            yield document.build_problem(
                ("boundary", "allowed", index, "data_class"),
                "credentials are never allowed",
                "Remove this entry.",
            )


def _check_forbidden(
    document: Document, data_class: DataClass, forbidden: ForbiddenForm
) -> Iterator[Problem]:
    location = ("boundary", "forbidden", data_class.value)
    if data_class is DataClass.CREDENTIALS:
        if forbidden.action is not BoundaryAction.BLOCK:
            yield document.build_problem(
                (*location, "action"), "credentials are always blocked", "Write `action: block`."
            )
        if "secrets" not in forbidden.detectors:
            yield document.build_problem(
                (*location, "detectors"),
                "credentials are found by the detector `secrets`",
                "Write `detectors: [secrets]`.",
            )
    if not forbidden.detectors and not forbidden.dictionaries and forbidden.by_hand is None:
        yield document.build_problem(
            location,
            "nothing says how this class is recognised",
            "Name `detectors` or `dictionaries`, or a person's procedure under `by_hand`.",
        )


def _check_models(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    escalation = form.models.escalation
    if escalation is None:
        return
    is_long = escalation.rule is EscalationRule.LONG_INPUT
    if is_long != (escalation.above_input_tokens is not None):
        yield document.build_problem(
            ("models", "escalation", "above_input_tokens"),
            "goes with the rule `long_input`, and only with it",
            "Add the bound, or remove it.",
        )
    is_tagged = escalation.rule is EscalationRule.TAGGED
    if is_tagged != ("=" in (escalation.tag or "")):
        yield document.build_problem(
            ("models", "escalation", "tag"),
            "goes with the rule `tagged`, and only with it, as `name=value`",
            "Write the tag, or remove it.",
        )
    if escalation.model in (form.models.primary, *form.models.fallbacks):
        yield document.build_problem(
            ("models", "escalation", "model"),
            "also stands among the models that need no rule",
            "Name it once: as `escalation`, or as `primary` or one of `fallbacks`.",
        )


def _check_parameters(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    for name, values in form.parameters.items():
        place = ("parameters", name)
        low, high = values.minimum, values.maximum
        yield from _check_schemas(document, form, name, values)
        if name in WORDS:
            if not values.words or low is not None or high is not None:
                yield document.build_problem(
                    place, "is no number", f"Write `words`, e.g. [{WORDS[name]}]."
                )
        elif name not in NUMBERS:
            known = [*NUMBERS, *WORDS]
            is_bound = name in {"max_tokens", "max_completion_tokens", "max_output_tokens"}
            mend = "Set `limits.max_output_tokens`." if is_bound else suggest(name, known)
            yield document.build_problem(place, "is no parameter", mend)
        elif low is None or high is None or values.words:
            yield document.build_problem(
                place, "is a number", "Write its `minimum` and `maximum`, and no `words`."
            )
        elif high < low:
            yield document.build_problem(
                (*place, "maximum"), "is below the minimum", "Mend the range."
            )


def _check_schemas(
    document: Document, form: WorkflowForm, name: str, values: RangeForm
) -> Iterator[Problem]:
    place = ("parameters", name, "schemas")
    if name != RESPONSE_FORMAT:
        if values.schemas:
            yield document.build_problem(place, f"goes with {RESPONSE_FORMAT} alone", "Remove it.")
        return
    for index, one in enumerate(values.schemas):
        if not {"schema"} <= one.keys() <= {"name", "description", "schema"}:
            yield document.build_problem(
                (*place, index),
                "is no form of answers",
                "Write its `schema`, and the `name` and `description` that your client sends.",
            )
    is_asked = form.tier >= Tier.CUSTOMER_FACING and "json_schema" in values.words
    if is_asked and not values.schemas:
        yield document.build_problem(
            place,
            "is missing: from Tier 2 on only released schemas are asked for",
            "Copy `name`, `description` and `schema` as your client sends them.",
        )


def _check_tools(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    for name, tool in form.tools.items():
        if tool.definition is None and form.tier >= Tier.CUSTOMER_FACING:
            yield document.build_problem(
                ("tools", name, "definition"),
                "is missing: from Tier 2 on only released definitions are offered to the model",
                "Copy `description` and `parameters` of the tool as your client sends them.",
            )


def _check_prompts(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    if form.default_prompt is not None and form.default_prompt not in form.prompts:
        yield document.build_problem(
            ("default_prompt",),
            "there is no such prompt",
            suggest(form.default_prompt, list(form.prompts)),
        )


def _check_verification(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    names: set[str] = set()
    for index, rule in enumerate(form.verification):
        if rule.name in names:
            yield document.build_problem(
                ("verification", index, "name"), "stands twice", "Give each rule its own name."
            )
        names.add(rule.name)
        for position, tool in enumerate(rule.tools):
            if tool not in form.tools:
                yield document.build_problem(
                    ("verification", index, "tools", position),
                    "there is no such tool",
                    suggest(tool, list(form.tools)) or "Declare it under `tools`.",
                )
    have = {rule.kind for rule in form.verification}
    for kind, reason in _list_needed_verification(form):
        if kind not in have:
            yield document.build_problem(
                ("verification",),
                f"no rule of the kind {kind.value}, although {reason}",
                f"Add a rule with `kind: {kind.value}` and its acceptors.",
            )


def _list_needed_verification(form: WorkflowForm) -> Iterator[tuple[VerificationKind, str]]:
    if form.exposure.external_audience:
        yield VerificationKind.CUSTOMER_FACING_CLAIM, "people outside read what comes out"
    if any(tool.changes_production for tool in form.tools.values()):
        yield VerificationKind.PRODUCTION_CHANGE, "a tool changes production"
    if any(tool.autonomous for tool in form.tools.values()):
        yield VerificationKind.AUTOMATED_ACTION, "a tool acts on its own"


def _check_rollout(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    stages = form.rollout.stages
    if [stage.stage for stage in stages] != list(StageName):
        yield document.build_problem(
            ("rollout", "stages"),
            "must be internal, cohort and all, in this order",
            "Mend the order.",
        )
    for index, stage in enumerate(stages):
        location = ("rollout", "stages", index)
        if stage.stage is StageName.INTERNAL and not stage.groups:
            yield document.build_problem(
                (*location, "groups"), "is missing", "Name the groups that are in first."
            )
        if (stage.stage is StageName.COHORT) != (stage.percent is not None):
            yield document.build_problem(
                (*location, "percent"),
                "goes with the stage `cohort`, and only with it",
                "Add it to the cohort, or remove it here.",
            )
    names: set[str] = set()
    for index, guard in enumerate(form.rollout.guards):
        if guard.name in names:
            yield document.build_problem(
                ("rollout", "guards", index, "name"),
                "stands twice",
                "Give each guard its own name.",
            )
        names.add(guard.name)


def _check_fallback(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    fallback = form.fallback
    needed = {
        FallbackKind.STATIC_TEXT: ("text", fallback.text),
        FallbackKind.MODEL: ("model", fallback.model),
        FallbackKind.QUEUE: ("queue", fallback.queue),
    }
    key, value = needed[fallback.kind]
    if value is None:
        yield document.build_problem(
            ("fallback", key), "is what this kind of fallback runs", f"Add `{key}:`."
        )


def _check_cache(document: Document, form: WorkflowForm) -> Iterator[Problem]:
    if form.cache is not None and form.verification:
        yield document.build_problem(
            ("cache",),
            "stands beside `verification`: an answer that a person accepts is for one call",
            "Remove one of the two.",
        )


CHECKS: tuple[Check, ...] = (
    _check_owners,
    _check_feared_failure,
    _check_surface,
    _check_boundary,
    _check_models,
    _check_parameters,
    _check_tools,
    _check_prompts,
    _check_verification,
    _check_rollout,
    _check_fallback,
    _check_cache,
)
