"""Checks that a workflow agrees with the organisation and the people that it names."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from alos.control.boundary_proof import Gap
from alos.control.documents import Document, Location, Problem, Severity
from alos.control.forms import suggest
from alos.domain.ids import ModelName, PersonId
from alos.domain.organisation import Organisation
from alos.domain.people import Party, PartyKind, People
from alos.domain.waiver import WaiverAbout
from alos.domain.workflow import FallbackKind, Workflow

Prover = Callable[[Organisation, Workflow], Iterable[Gap]]
"""Runs the test corpus of a workflow's forbidden classes; gives what of it is not caught."""
Scanner = Callable[[Organisation, Workflow, str], Sequence[str]]
"""Runs a text through a workflow's boundary; returns the names of the rules that would refuse
it, never the text."""


def check_workflow(
    document: Document,
    workflow: Workflow,
    organisation: Organisation,
    people: People | None,
    today: date | None,
) -> Iterator[Problem]:
    """Compare a workflow with ``alos.yaml`` and ``people.yaml``.

    Args:
        document: ``workflow.yaml`` with its lines.
        workflow: what it says.
        organisation: what ``alos.yaml`` says.
        people: nobody in it means that people are kept elsewhere; then they are not checked.
        today: with it, ended approvals and attestations are found.
    """
    yield from _check_workspace(document, workflow, organisation)
    yield from _check_route(document, workflow, organisation)
    yield from _check_dictionaries(document, workflow, organisation)
    yield from _check_retention(document, workflow, organisation)
    yield from _check_waivers(document, workflow)
    if people is not None and people.persons:
        yield from _check_people(document, workflow, people)
    if today is not None:
        yield from _check_days(document, workflow, organisation, today)


def check_examples(
    document: Document, workflow: Workflow, organisation: Organisation, scanner: Scanner
) -> Iterator[Problem]:
    """Run every allowed example through the boundary; none may be refused."""
    for index, allowed in enumerate(workflow.boundary.allowed):
        for position, example in enumerate(allowed.examples):
            rules = scanner(organisation, workflow, example)
            if rules:
                yield document.build_problem(
                    ("boundary", "allowed", index, "examples", position),
                    f"the gate would refuse this example: {', '.join(rules)}",
                    "Correct the example, or the forbidden class that catches it.",
                    severity=Severity.BLOCKS_RELEASE,
                )


def check_proof(
    document: Document, workflow: Workflow, organisation: Organisation, prove: Prover
) -> Iterator[Problem]:
    """Run the corpus of every forbidden class; each text of it must be caught, no twin may be."""
    for gap in prove(organisation, workflow):
        yield document.build_problem(
            ("boundary", "forbidden", gap.data_class.value),
            f"`{gap.bound}` fails on its test corpus: {gap.message}",
            "Correct the dictionary, or bind the class to what finds it.",
            severity=Severity.BLOCKS_RELEASE,
        )


def _check_workspace(
    document: Document, workflow: Workflow, organisation: Organisation
) -> Iterator[Problem]:
    workspace = organisation.workspaces.get(workflow.workspace)
    if workspace is None:
        known = [str(name) for name in organisation.workspaces]
        mend = suggest(workflow.workspace, known)
        yield document.build_problem(("workspace",), "there is no such workspace", mend)
    elif workflow.monthly_budget_nanousd > workspace.monthly_budget_nanousd:
        yield document.build_problem(
            ("monthly_budget_usd",),
            "is more than the whole workspace may spend",
            "Lower it, or raise the workspace's budget in alos.yaml.",
            severity=Severity.WARNING,
        )


def _list_route(workflow: Workflow) -> Iterator[tuple[Location, ModelName]]:
    yield ("models", "primary"), workflow.route.primary
    if workflow.route.escalation is not None:
        yield ("models", "escalation", "model"), workflow.route.escalation.model
    for index, name in enumerate(workflow.route.fallbacks):
        yield ("models", "fallbacks", index), name
    if workflow.fallback.kind is FallbackKind.MODEL and workflow.fallback.model is not None:
        yield ("fallback", "model"), workflow.fallback.model


def _check_route(
    document: Document, workflow: Workflow, organisation: Organisation
) -> Iterator[Problem]:
    route = list(_list_route(workflow))
    unknown = [(place, name) for place, name in route if name not in organisation.models]
    for place, name in unknown:
        mend = suggest(name, [str(model) for model in organisation.models])
        yield document.build_problem(place, "there is no such model in alos.yaml", mend)
    if unknown:
        return
    if not organisation.list_shared_wire_formats(tuple(name for _, name in route)):
        yield document.build_problem(
            ("models",),
            "the models of the route speak no wire format in common, and none is translated",
            "Keep models that speak the format your clients use.",
        )
    for place, name in route:
        yield from _check_model(document, workflow, organisation, place, name)


def _check_model(
    document: Document,
    workflow: Workflow,
    organisation: Organisation,
    place: Location,
    name: ModelName,
) -> Iterator[Problem]:
    model = organisation.models[name]
    for allowed in workflow.boundary.allowed:
        if not model.is_approved_for(allowed.data_class):
            yield document.build_problem(
                place,
                f"the model is not approved for {allowed.data_class}, which the boundary allows"
                f" as `{allowed.name}`",
                "Use an approved model, or have the approval added in alos.yaml.",
                severity=Severity.BLOCKS_RELEASE,
            )
    if workflow.limits.max_output_tokens > model.max_output_tokens:
        yield document.build_problem(
            ("limits", "max_output_tokens"),
            f"is more than {name} can write ({model.max_output_tokens})",
            "Lower it.",
            severity=Severity.BLOCKS_RELEASE,
        )
    primary = organisation.models[workflow.route.primary]
    if place[0] == "models" and model.size_class < primary.size_class:
        yield document.build_problem(
            ("models", "primary"),
            f"is larger than {name}, which the route also has",
            "Use the smallest model that passes the evals by default.",
            severity=Severity.WARNING,
        )


def _check_dictionaries(
    document: Document, workflow: Workflow, organisation: Organisation
) -> Iterator[Problem]:
    boundary = workflow.boundary
    rules = [("forbidden", *rule) for rule in boundary.forbidden.items()]
    rules += [("shadow", *rule) for rule in boundary.shadow.items()]
    for part, data_class, forbidden in rules:
        for index, name in enumerate(forbidden.dictionaries):
            if name not in organisation.dictionaries:
                yield document.build_problem(
                    ("boundary", part, data_class.value, "dictionaries", index),
                    "there is no such dictionary in alos.yaml",
                    suggest(name, list(organisation.dictionaries)) or "Add it there.",
                )


def _check_retention(
    document: Document, workflow: Workflow, organisation: Organisation
) -> Iterator[Problem]:
    days, standard = workflow.body_days, organisation.retention.body_days
    if days is not None and standard is not None and days > standard:
        yield document.build_problem(
            ("body_days",),
            f"a workflow may only keep for less than the organisation's {standard} days",
            f"Enter at most {standard}, or leave it out.",
        )
    if days is None:
        days = standard
    if days is None:
        return
    for place, name in _list_route(workflow):
        model = organisation.models.get(name)
        if model is None:
            continue
        vendor = organisation.vendors[model.vendor]
        if vendor.retention_days > days:
            yield document.build_problem(
                place,
                f"its vendor keeps what is sent for {vendor.retention_days} days; this workflow"
                f" allows {days}",
                "Agree a shorter term with the vendor, or use another model.",
                severity=Severity.BLOCKS_RELEASE,
            )


def _check_waivers(document: Document, workflow: Workflow) -> Iterator[Problem]:
    if workflow.personal_accounts_allowed:
        yield document.build_problem(
            ("personal_accounts",),
            "`yes` holds only with a waiver that ends",
            f"Write `no`, or `alos waiver request {workflow.id} --about personal_accounts`.",
            severity=Severity.WARNING,
        )
    for key, holds in (
        ("sso", workflow.surface.sso),
        ("offboarding", workflow.surface.offboarding),
    ):
        if not holds:
            yield document.build_problem(
                ("surface", key),
                "a surface without it is approved only with a waiver that ends",
                "Use a surface that has it, or"
                f" `alos waiver request {workflow.id} --about no_{key}`.",
                severity=Severity.WARNING,
            )
    if workflow.verification:
        yield document.build_problem(
            ("verification",),
            "the gateway does not hold these answers yet: approved only with a waiver that ends",
            f"`alos waiver request {workflow.id} --about {WaiverAbout.UNHELD_ANSWERS}`,"
            " and say as its control who reads them first.",
            severity=Severity.WARNING,
        )


def _list_people(workflow: Workflow) -> Iterator[tuple[Location, PersonId]]:
    yield ("owners", "executive"), workflow.owners.executive
    yield ("owners", "operational"), workflow.owners.operational
    yield ("raci", "accountable"), workflow.raci.accountable
    if workflow.surface.attestation is not None:
        yield ("surface", "attestation", "owner"), workflow.surface.attestation.owner
    for data_class, forbidden in workflow.boundary.forbidden.items():
        if forbidden.by_hand is not None:
            place = ("boundary", "forbidden", data_class.value, "by_hand", "person")
            yield place, forbidden.by_hand.person


def _list_parties(workflow: Workflow) -> Iterator[tuple[Location, Party]]:
    for key in ("responsible", "consulted", "informed"):
        parties: tuple[Party, ...] = getattr(workflow.raci, key)
        for index, party in enumerate(parties):
            yield ("raci", key, index), party
    for number, rule in enumerate(workflow.verification):
        for index, party in enumerate(rule.acceptors):
            yield ("verification", number, "acceptors", index), party


def _check_people(document: Document, workflow: Workflow, people: People) -> Iterator[Problem]:
    for place, person in _list_people(workflow):
        yield from check_person(document, place, person, people)
    for place, party in _list_parties(workflow):
        if party.kind is PartyKind.PERSON:
            yield from check_person(document, place, PersonId(party.name), people)
        else:
            yield from check_group(document, place, party.name, people)
    for index, stage in enumerate(workflow.rollout.stages):
        for group in sorted(stage.groups):
            yield from check_group(document, ("rollout", "stages", index, "groups"), group, people)


def check_person(
    document: Document, place: Location, person: PersonId, people: People
) -> Iterator[Problem]:
    """Find a person who does not exist or is no longer active."""
    if person not in people.persons:
        message = "there is no such person in people.yaml"
        mend = suggest(person, [str(known) for known in people.persons])
    elif people.get_active(person) is None:
        message, mend = "this person is no longer active", "Name somebody who is."
    else:
        return
    yield document.build_problem(place, message, mend, severity=Severity.BLOCKS_RELEASE)


def check_group(
    document: Document, place: Location, group: str, people: People
) -> Iterator[Problem]:
    """Find a group without an active member."""
    if not people.list_group(group):
        known = sorted({name for person in people.persons.values() for name in person.groups})
        yield document.build_problem(
            place,
            f"the group `{group}` has no active member in people.yaml",
            suggest(group, known) or "Give somebody this group.",
            severity=Severity.BLOCKS_RELEASE,
        )


def _check_days(
    document: Document, workflow: Workflow, organisation: Organisation, today: date
) -> Iterator[Problem]:
    ends: list[tuple[Location, date, str]] = []
    for place, name in _list_route(workflow):
        if name in organisation.models:
            ends.append((place, organisation.models[name].approved_until, "the approval"))
    attestation = workflow.surface.attestation
    if attestation is not None:
        ends.append((("surface", "attestation"), attestation.expires_on, "the attestation"))
    for data_class, forbidden in workflow.boundary.forbidden.items():
        if forbidden.by_hand is not None:
            place = ("boundary", "forbidden", data_class.value, "by_hand")
            ends.append((place, forbidden.by_hand.expires_on, "the attestation"))
    for place, day, what in ends:
        if day < today:
            yield document.build_problem(
                place,
                f"{what} ended on {day.isoformat()}",
                "Renew it, or use something that is approved.",
                severity=Severity.BLOCKS_RELEASE,
            )
