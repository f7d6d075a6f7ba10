"""Reads an organisation's folder whole, and checks that its files agree with each other."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from alos.control.agreement import (
    Prover,
    Scanner,
    check_examples,
    check_proof,
    check_workflow,
)
from alos.control.bundle import BundleReading, read_bundle_folder
from alos.control.documents import Document, Problem, Severity, parse_document
from alos.control.organisation import read_organisation
from alos.control.people import read_people
from alos.control.roles import check_organisation
from alos.domain.bundle import Bundle
from alos.domain.ids import Digest, WorkflowId
from alos.domain.organisation import Organisation
from alos.domain.people import People

ORGANISATION_FILE = "alos.yaml"
PEOPLE_FILE = "people.yaml"
WORKFLOWS_FOLDER = "workflows"
MAXIMUM_WORKFLOWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of reading a folder.

    Attributes:
        organisation: None where ``alos.yaml`` is missing or holds an error.
        people: None where ``people.yaml`` holds an error; nobody where there is none.
        bundles: the workflows that hold no error, by slug.
        digests: the digest of each workflow folder whose files could be taken, by folder
            name, also where the files hold errors.
        policy: digest of the raw bytes of ``alos.yaml``; None where it is missing.
        problems: everything found, by file and line.
    """

    organisation: Organisation | None
    people: People | None
    bundles: Mapping[WorkflowId, Bundle]
    digests: Mapping[str, Digest]
    policy: Digest | None
    problems: tuple[Problem, ...]

    @property
    def is_usable(self) -> bool:
        """Whether nothing read holds an error; problems that block releases may remain."""
        return not any(problem.is_error for problem in self.problems)

    @property
    def is_clean(self) -> bool:
        """Whether ``alos check`` passes: warnings at most."""
        return all(problem.severity is Severity.WARNING for problem in self.problems)


def load_organisation(
    folder: Path,
    *,
    today: date | None = None,
    scanner: Scanner | None = None,
    prover: Prover | None = None,
    lay_over: Callable[[People], People] | None = None,
) -> Loaded:
    """Read ``alos.yaml``, ``people.yaml`` and every workflow below a folder.

    It reads files and nothing else, and never raises for what they hold: each mistake is a
    problem with its file, line, key and mend, and all of them are found in one go.

    Args:
        folder: the one that holds ``alos.yaml``.
        today: with it, ended and soon ending approvals are found too.
        scanner: with it, the allowed examples of every boundary are run through the gate.
        prover: with it, the test corpus of every forbidden class is run through the detectors.
        lay_over: adds the people of a directory, whom files may name too.
    """
    problems: list[Problem] = []
    organisation_document, raw = _open(folder, ORGANISATION_FILE, problems)
    organisation = None
    if organisation_document is not None:
        organisation, found = read_organisation(organisation_document)
        problems += found
    people = _load_people(folder, problems)
    known = people if people is None or lay_over is None else lay_over(people)
    readings = _load_workflows(folder, problems)
    if organisation is not None and organisation_document is not None:
        problems += check_organisation(
            organisation_document, organisation, known, tuple(readings), today
        )
    bundles = {}
    for name, reading in readings.items():
        found = list(_check_against(reading, organisation, known, today, scanner))
        found += _prove(reading, organisation, prover)
        problems += [*reading.problems, *found]
        if reading.bundle is not None and not any(problem.is_error for problem in found):
            bundles[WorkflowId(name)] = reading.bundle
    return Loaded(
        organisation=organisation,
        people=people,
        bundles=MappingProxyType(bundles),
        digests=MappingProxyType(
            {name: reading.digest for name, reading in readings.items() if reading.digest}
        ),
        policy=Digest(f"sha256:{sha256(raw).hexdigest()}") if raw is not None else None,
        problems=tuple(sorted(problems, key=lambda problem: (problem.path, problem.line))),
    )


def _check_against(
    reading: BundleReading,
    organisation: Organisation | None,
    people: People | None,
    today: date | None,
    scanner: Scanner | None,
) -> Iterator[Problem]:
    if reading.bundle is None or reading.document is None or organisation is None:
        return
    workflow = reading.bundle.workflow
    yield from check_workflow(reading.document, workflow, organisation, people, today)
    if scanner is not None:
        yield from check_examples(reading.document, workflow, organisation, scanner)


def _prove(
    reading: BundleReading, organisation: Organisation | None, prover: Prover | None
) -> Iterator[Problem]:
    if prover is None or reading.bundle is None or reading.document is None:
        return
    if organisation is not None:
        workflow = reading.bundle.workflow
        yield from check_proof(reading.document, workflow, organisation, prover)


def _open(
    folder: Path, name: str, problems: list[Problem]
) -> tuple[Document | None, bytes | None]:
    try:
        raw = (folder / name).read_bytes()
    except OSError:
        message = "the file is missing or can't be read"
        problems.append(Problem(path=name, message=message, mend="Write it with `alos init`."))
        return None, None
    document, found = parse_document(name, raw)
    problems += found
    has_error = any(problem.is_error for problem in found)
    return document, (None if has_error else raw)


def _load_people(folder: Path, problems: list[Problem]) -> People | None:
    if not (folder / PEOPLE_FILE).exists():
        problems.append(
            Problem(
                severity=Severity.WARNING,
                path=PEOPLE_FILE,
                message="there is no such file, so owners and roles are not checked here",
                mend="Write it with `alos init`, or connect a directory.",
            )
        )
        return People(persons=MappingProxyType({}), service_accounts=MappingProxyType({}))
    document, _ = _open(folder, PEOPLE_FILE, problems)
    if document is None:
        return None
    people, found = read_people(document)
    problems += found
    return people


def _load_workflows(folder: Path, problems: list[Problem]) -> dict[str, BundleReading]:
    parent = folder / WORKFLOWS_FOLDER
    if not parent.is_dir():
        problems.append(
            Problem(
                severity=Severity.WARNING,
                path=WORKFLOWS_FOLDER,
                message="there are no workflows here",
                mend="Add one with `alos init --workflow`.",
            )
        )
        return {}
    readings = {}
    for path in sorted(parent.iterdir())[:MAXIMUM_WORKFLOWS]:
        label = f"{WORKFLOWS_FOLDER}/{path.name}"
        if path.is_symlink() or not path.is_dir():
            message = "is not a workflow's folder"
            problems.append(Problem(path=label, message=message, mend="Remove or move it."))
            continue
        readings[path.name] = read_bundle_folder(path, label=label)
    return readings
