"""Writes the pull request template: the decision log's headings and what a person must check."""

from collections.abc import Iterator, Sequence

from alos.control.decisions import TEMPLATE
from alos.control.handbook_words import describe_person, describe_rule, escape, to_code
from alos.domain.bundle import Bundle
from alos.domain.people import People

_HEADINGS = TEMPLATE[TEMPLATE.index("## ") :].rstrip("\n")


def write_pull_request(bundles: Sequence[Bundle], people: People) -> str:
    """The template's text, without its first line.

    Args:
        bundles: every workflow of the organisation, in the order of the page.
        people: who is known by name.
    """
    lines = [
        _HEADINGS,
        "",
        "## Checklist",
        "",
        "- [ ] `alos check` passes, and what `alos render` writes is committed.",
        "- [ ] For each workflow that changes: the four fields above also stand, in full, in a",
        "      new file of its `decisions/` folder. The gate reads that file, not this text.",
        "- [ ] For each workflow that changes: `alos eval gate WORKFLOW` passed on this commit.",
        "- [ ] No credential and no personal data in the files: `alos scan` found none.",
        "- [ ] Nobody who wrote this votes on its release.",
        "",
        "## Workflows",
        "",
        "Keep the workflows that this pull request changes, and delete the others.",
    ]
    for bundle in bundles:
        lines += _describe(bundle, people)
    return "\n".join([*lines, ""])


def _describe(bundle: Bundle, people: People) -> Iterator[str]:
    workflow = bundle.workflow
    slug = workflow.id
    yield ""
    yield f"### Workflow: {escape(workflow.title)} ({to_code(slug)})"
    yield ""
    accountable = describe_person(workflow.raci.accountable, people)
    yield f"Tier {workflow.tier:d}, {workflow.tier.title}."
    yield f"Accountable for an incident: {accountable}."
    yield ""
    yield f"- [ ] Feared most: {escape(workflow.feared_failure.sentence)}"
    yield "      This change does not make it more likely, or says above what makes up for it."
    for rule in workflow.verification:
        yield f"- [ ] Still waits for a person. {describe_rule(rule, people)}"
    if not workflow.verification:
        yield "- [ ] No rule holds an answer for a person, and after this change none is needed."
    yield f'- [ ] How to roll back is known: `alos release rollback {slug} --reason "…"`; at once'
    yield f"      and by one person: `alos kill {slug}`. Runbook: `runbooks/{slug}.md`."
