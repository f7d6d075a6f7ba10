"""Writes a workflow's runbook, for whoever is on call and has never seen it."""

from collections.abc import Iterator

from alos.control.accountable import get_workflow_accountability
from alos.control.handbook_words import (
    describe_guard,
    describe_parties,
    describe_person,
    describe_rule,
    escape,
    to_code,
)
from alos.domain.boundary import BoundaryAction
from alos.domain.bundle import Bundle
from alos.domain.organisation import Organisation
from alos.domain.people import People
from alos.domain.promotion import DRILL_FRESH_DAYS
from alos.domain.tier import Tier
from alos.domain.workflow import FallbackKind, Workflow


def write_runbook(bundle: Bundle, organisation: Organisation, people: People) -> str:
    """The runbook's text, without its first line."""
    workflow = bundle.workflow
    sections = (
        _write_head(workflow),
        _write_stop(workflow),
        _write_people(bundle, organisation, people),
        _write_rollback(bundle),
        _write_boundary(workflow),
        _write_verification(workflow, people),
        _write_guards(workflow),
        _write_drills(workflow),
        _write_records(workflow),
    )
    return "\n".join(line for section in sections for line in (*section, ""))


def _write_head(workflow: Workflow) -> Iterator[str]:
    yield f"# Runbook: {escape(workflow.title)} ({to_code(workflow.id)})"
    yield ""
    yield f"* **What it is for:** {escape(workflow.task.definition)}."
    yield f"* **Where it runs:** {escape(workflow.surface.name)}."
    yield f"* **Tier:** {workflow.tier:d}, {workflow.tier.title}."
    yield f"* **Workspace:** {to_code(workflow.workspace)}."
    yield f"* **Feared most:** {escape(workflow.feared_failure.sentence)}"


def _write_stop(workflow: Workflow) -> Iterator[str]:
    slug = workflow.id
    yield "## Stop it"
    yield ""
    yield "One person is enough. Nobody has to approve it. When in doubt, stop."
    yield ""
    yield f'1. `alos kill {slug} --yes --reason "what you saw"`'
    yield "2. If that does not answer, write a line into the file `kill` of the data folder, on"
    yield "   each machine that runs a gateway. It is read four times a second:"
    yield f'   `echo "workflow {slug}" >> "${{ALOS_HOME:-.alos}}/kill"`'
    yield "3. Tell whoever answers for it (below)."
    yield ""
    yield "**What happens then.** New calls reach no model, and running answers are cut."
    yield _describe_stopped(workflow)
    yield ""
    yield f"**What people do meanwhile:** {escape(workflow.fallback.document)}"
    yield ""
    yield "**When only the model is down,** nothing needs to be stopped. The fallback answers by"
    yield f"itself: {_describe_fallback(workflow)}"
    yield ""
    yield f"**Start it again:** `alos revive {slug}`. That takes more than one person: its"
    yield "operational owner and one of those who vote on it within a day, later all whom its lane"
    yield "asks for. If the line stands in the file `kill`, take it out first."


def _describe_stopped(workflow: Workflow) -> str:
    if workflow.fallback.kind is FallbackKind.MODEL or not workflow.fallback.when_stopped:
        return "Callers are refused with the code `alos_workflow_stopped`."
    return f"Callers still get the fallback: {_describe_fallback(workflow)}"


def _describe_fallback(workflow: Workflow) -> str:
    fallback = workflow.fallback
    if fallback.kind is FallbackKind.MODEL:
        return f"the model {to_code(fallback.model or '')}."
    if fallback.kind is FallbackKind.QUEUE:
        return (
            f"requests wait in the queue {to_code(fallback.queue)} for a person (`alos held list`,"
            " `alos held show`, `alos held done`)."
        )
    return f"the text “{escape(fallback.text)}”"


def _write_people(bundle: Bundle, organisation: Organisation, people: People) -> Iterator[str]:
    workflow = bundle.workflow
    yield "## Whom to tell"
    yield ""
    named = workflow.raci.accountable
    yield f"* **Accountable for an incident:** {describe_person(named, people)}."
    if named in people.persons:
        answers = get_workflow_accountability(bundle, organisation, people)
        if answers.passed_to and answers.person is not None:
            yield (
                f"* **Answers now instead,** as {answers.passed_to}:"
                f" {describe_person(answers.person, people)}."
            )
    yield f"* **Operational owner:** {describe_person(workflow.owners.operational, people)}."
    yield f"* **Executive owner:** {describe_person(workflow.owners.executive, people)}."
    yield f"* **Builds it:** {describe_parties(workflow.raci.responsible, people)}."
    yield f"* **Is asked before a change:** {describe_parties(workflow.raci.consulted, people)}."
    yield f"* **Is told of a change:** {describe_parties(workflow.raci.informed, people)}."


def _write_rollback(bundle: Bundle) -> Iterator[str]:
    slug = bundle.workflow.id
    yield "## Roll back"
    yield ""
    yield "When the newest release is worse than the one before, go back; no vote is asked for:"
    yield ""
    yield f"1. `alos release list {slug}` shows which release serves whom."
    yield f'2. `alos release rollback {slug} --reason "what is worse"`'
    yield "3. If it says that there is nothing to go back to, stop the workflow instead."
    if bundle.decisions:
        plan = escape(bundle.decisions[-1].rollback_plan)
        yield ""
        yield f"The plan that was written with the last change: {plan}"


def _write_boundary(workflow: Workflow) -> Iterator[str]:
    yield "## What must not go in"
    yield ""
    for data_class, forbidden in sorted(workflow.boundary.forbidden.items()):
        yield f"* {data_class.replace('_', ' ')}: {_BOUNDARY[forbidden.action]}."


_BOUNDARY = {
    BoundaryAction.BLOCK: "the call is refused",
    BoundaryAction.REDACT: "it is taken out before anything is sent",
    BoundaryAction.TOKENISE: "a token takes its place before anything is sent",
    BoundaryAction.FLAG: "it goes through and is marked in the record",
}


def _write_verification(workflow: Workflow, people: People) -> Iterator[str]:
    yield "## What a person must accept before it takes effect"
    yield ""
    for rule in workflow.verification:
        yield f"* {describe_rule(rule, people)}"
    if workflow.verification:
        yield ""
        yield "The gateway holds none of it back yet. A release rests on a waiver for that, whose"
        yield "compensating control says who reads these answers first: `alos waiver list`."
    else:
        yield "No rule asks for it."


def _write_guards(workflow: Workflow) -> Iterator[str]:
    yield "## What watches it"
    yield ""
    for guard in workflow.rollout.guards:
        is_feared = guard.name in workflow.feared_failure.guards
        feared = " It watches for what is feared most." if is_feared else ""
        yield f"* {describe_guard(guard)}{feared}"
    if not workflow.rollout.guards:
        yield "No guard watches it."


def _write_drills(workflow: Workflow) -> Iterator[str]:
    slug = workflow.id
    yield "## Rehearse"
    yield ""
    yield f"A stage beyond `internal` asks for drills that passed within {DRILL_FRESH_DAYS} days."
    yield "`alos outlook` says when each one ages out, and what else ends by itself. A drill harms"
    yield "nobody else's calls:"
    yield ""
    yield f"* `alos drill kill {slug}`"
    yield f"* `alos drill fallback {slug}`"
    needed = "asked for at Tier 4" if workflow.tier is Tier.AUTONOMOUS else "good to know"
    yield f"* `alos drill rollback {slug}` ({needed}; there must be an earlier release)"


def _write_records(workflow: Workflow) -> Iterator[str]:
    slug = workflow.id
    yield "## Where the records are"
    yield ""
    yield f"* The last hour: `alos call search --workflow {slug} --since 1h`"
    yield f"* What was refused: `alos call search --workflow {slug} --since 24h --outcome refused`"
    yield f"* Near misses: `alos call search --workflow {slug} --since 24h --near-miss`"
    yield "* One call: `alos why CALL`, `alos call show CALL`; the id is in the answer's header"
    yield "  `x-alos-call`."
    yield "* Proof for somebody outside: `alos ledger prove CALL -o evidence.json`"
    yield "* Keep its prompts and answers from being erased: `alos legal-hold place --help`"
