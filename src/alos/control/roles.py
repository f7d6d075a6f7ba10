"""Checks that the organisation agrees with its people, its calendar and its workflows."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from alos.control.agreement import check_group, check_person
from alos.control.documents import Document, Problem, Severity
from alos.control.forms import suggest
from alos.domain.organisation import Organisation
from alos.domain.people import SINGLETON_ROLES, People

NOTICE = timedelta(days=30)


def check_organisation(
    document: Document,
    organisation: Organisation,
    people: People | None,
    workflows: Sequence[str],
    today: date | None,
) -> Iterator[Problem]:
    """Compare ``alos.yaml`` with ``people.yaml``, the workflows there are, and today."""
    if people is not None and people.persons:
        yield from _check_owners(document, organisation, people)
        yield from _check_roles(document, organisation, people)
    if people is not None:
        yield from _check_workloads(document, organisation, people, workflows)
    yield from _check_sprint(document, organisation, workflows)
    yield from _check_unfilled(document, organisation)
    if today is not None:
        yield from _check_approvals(document, organisation, today)


def _check_owners(
    document: Document, organisation: Organisation, people: People
) -> Iterator[Problem]:
    for name, workspace in organisation.workspaces.items():
        place = ("workspaces", name, "owner")
        yield from check_person(document, place, workspace.owner, people)
        if workspace.group is not None:
            place = ("workspaces", name, "group")
            yield from check_group(document, place, workspace.group, people)


def _check_roles(
    document: Document, organisation: Organisation, people: People
) -> Iterator[Problem]:
    for role, held in organisation.roles.items():
        place = ("roles", role.value)
        for person in sorted(held.people):
            yield from check_person(document, (*place, "people"), person, people)
        for group in sorted(held.groups):
            yield from check_group(document, (*place, "groups"), group, people)
        if held.deputy is not None:
            yield from check_person(document, (*place, "deputy"), held.deputy.person, people)
        holders = organisation.list_holders(role, people)
        if role.is_singleton and len(holders) != 1:
            yield document.build_problem(
                place,
                f"{len(holders)} active people hold this role; it is one person's",
                "Name exactly one active person.",
                severity=Severity.BLOCKS_RELEASE,
            )
    for role in sorted(SINGLETON_ROLES - organisation.roles.keys()):
        yield document.build_problem(
            ("roles", role.value),
            f"nobody is named as {role.value}",
            f"Add `{role.value}:` with one person under `roles`.",
            severity=Severity.WARNING,
        )


def _check_workloads(
    document: Document, organisation: Organisation, people: People, workflows: Sequence[str]
) -> Iterator[Problem]:
    for rule in organisation.sign_on.workload_rules:
        place = ("sign_on", "workloads", rule.name)
        account = people.service_accounts.get(rule.service_account)
        if account is None:
            yield document.build_problem(
                (*place, "service_account"),
                "there is no such service account",
                suggest(rule.service_account, [str(one) for one in people.service_accounts]),
            )
        for number, slug in enumerate(rule.workflows):
            if slug not in workflows:
                yield document.build_problem(
                    (*place, "workflows", number),
                    "there is no such workflow here, so its calls are refused",
                    suggest(slug, list(workflows)),
                    severity=Severity.WARNING,
                )


def _check_sprint(
    document: Document, organisation: Organisation, workflows: Sequence[str]
) -> Iterator[Problem]:
    sprint = organisation.sprint_workflow
    if sprint is None:
        if workflows:
            yield document.build_problem(
                ("sprint_workflow",),
                "no workflow is marked as the sprint's",
                "Add `sprint_workflow:` with the slug of one workflow.",
                severity=Severity.WARNING,
            )
    elif sprint not in workflows:
        yield document.build_problem(
            ("sprint_workflow",),
            "there is no such workflow here",
            suggest(sprint, list(workflows)),
            severity=Severity.WARNING,
        )


def _check_unfilled(document: Document, organisation: Organisation) -> Iterator[Problem]:
    policy, retention = organisation.policy, organisation.retention
    parts = {
        "allowed": policy.allowed,
        "prohibited": policy.prohibited,
        "pii": policy.pii,
        "secrets": policy.secrets,
        "customer_communication": policy.customer_communication,
        "regulated_decisions": policy.regulated_decisions,
    }
    empty = [key for key, value in parts.items() if not value]
    if empty:
        yield document.build_problem(
            ("policy",),
            f"the policy can't be published while it leaves out {', '.join(empty)}",
            "Fill it in.",
            severity=Severity.WARNING,
        )
    for key, days in (("body_days", retention.body_days), ("record_days", retention.record_days)):
        if days is None:
            yield document.build_problem(
                ("retention", key),
                "is not decided, and production waits for it",
                "Enter the number that your own policy gives.",
                severity=Severity.WARNING,
            )


def _check_approvals(
    document: Document, organisation: Organisation, today: date
) -> Iterator[Problem]:
    for name, vendor in organisation.vendors.items():
        end = vendor.approved_until
        if end >= today + NOTICE:
            continue
        ended = "ended" if end < today else "ends"
        yield document.build_problem(
            ("vendors", name, "approved_until"),
            f"the approval {ended} on {end.isoformat()}",
            "Renew it, or move its workflows to another vendor.",
            severity=Severity.WARNING,
        )
