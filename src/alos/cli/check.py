"""``alos check``: reads the files of an organisation or of one workflow, and says what to mend."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from alos.checks.catalogue import Scanner as TextScanner
from alos.control.agreement import Scanner
from alos.control.boundary_proof import Gap, prove_boundary
from alos.control.bundle import WORKFLOW_FILE, read_bundle_folder
from alos.control.detectors import build_detectors
from alos.control.documents import Problem, Severity
from alos.control.handbook import RUNBOOKS, check_handbook
from alos.control.registry import ORGANISATION_FILE, Loaded, load_organisation
from alos.domain.boundary import BoundaryAction
from alos.domain.evaluation import Rule
from alos.domain.organisation import Organisation
from alos.domain.workflow import Workflow
from alos.evals.power import describe_set
from alos.ports.clock import SystemClock, to_datetime

EXIT_NO = 1
EXIT_USAGE = 2
FAMILIES = {"secret": "secrets", "pii": "pii", "injection": "injection"}


def check_command(
    path: Annotated[
        Path, typer.Argument(help="The folder with alos.yaml, or one workflow's folder.")
    ] = Path(),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check alos.yaml, people.yaml, every workflow and the pages that `alos render` wrote.

    Every mistake comes with its mend.

    Works offline. Ends with 0 where warnings are all there is, 1 where something must be
    mended before it can be read or released, 2 where there is nothing to check.
    """
    digests, problems = run_check(path)
    if as_json:
        typer.echo(json.dumps(_to_json(digests, problems), indent=2))
    else:
        _print(digests, problems)
        for line in list_proofs(path, digests):
            typer.echo(line)
    if any(problem.severity is not Severity.WARNING for problem in problems):
        raise typer.Exit(EXIT_NO)


def run_check(path: Path) -> tuple[dict[str, str], Sequence[Problem]]:
    """Check a folder.

    A workflow's folder inside an organisation is checked with that organisation, and only its
    own problems are kept; one that stands alone is checked by itself. The pages that ``alos
    render`` writes are compared with what the files say now.

    Returns:
        The digest of each workflow by name, and the problems by file and line.

    Raises:
        typer.Exit: with 2, where the folder holds neither kind of file.
    """
    folder = path.resolve()
    today = to_datetime(SystemClock.unix_ns()).date()
    if (folder / ORGANISATION_FILE).is_file():
        loaded = _load(folder, today)
        problems = (*loaded.problems, *check_handbook(loaded, folder))
        return {name: str(digest) for name, digest in loaded.digests.items()}, problems
    if not (folder / WORKFLOW_FILE).is_file():
        typer.echo(
            f"There is no {ORGANISATION_FILE} and no {WORKFLOW_FILE} in {path}."
            " Name the folder that holds one, or start with `alos init`.",
            err=True,
        )
        raise typer.Exit(EXIT_USAGE)
    root = folder.parent.parent
    if (root / ORGANISATION_FILE).is_file() and folder.parent.name == "workflows":
        loaded = _load(root, today)
        label = f"workflows/{folder.name}/"
        runbook = f"{RUNBOOKS}/{folder.name}.md"
        own = [problem for problem in loaded.problems if problem.path.startswith(label)]
        own += [one for one in check_handbook(loaded, root) if one.path == runbook]
        digest = loaded.digests.get(folder.name)
        return ({folder.name: str(digest)} if digest else {}), own
    reading = read_bundle_folder(folder, label=folder.name)
    return ({folder.name: str(reading.digest)} if reading.digest else {}), reading.problems


def _load(folder: Path, today: date) -> Loaded:
    detectors = _Detectors()

    def prove(organisation: Organisation, workflow: Workflow) -> Iterable[Gap]:
        return prove_boundary(workflow, organisation, detectors.of(organisation))

    scanner = build_example_scanner(detectors)
    return load_organisation(folder, today=today, scanner=scanner, prover=prove)


class _Detectors:
    """Compiles an organisation's detectors once."""

    def __init__(self) -> None:
        self._built: dict[int, TextScanner] = {}

    def of(self, organisation: Organisation) -> TextScanner:
        if id(organisation) not in self._built:
            self._built[id(organisation)] = build_detectors(organisation)
        return self._built[id(organisation)]


def build_example_scanner(detectors: _Detectors | None = None) -> Scanner:
    """Make the gate that allowed examples must pass: what a boundary blocks on."""
    built = detectors or _Detectors()

    def scan(organisation: Organisation, workflow: Workflow, text: str) -> Sequence[str]:
        blocked = {
            name
            for forbidden in workflow.boundary.forbidden.values()
            if forbidden.action is BoundaryAction.BLOCK
            for name in (*forbidden.detectors, *forbidden.dictionaries)
        }
        return [
            finding.rule
            for finding in built.of(organisation).scan(text)
            if (finding.type if finding.kind == "forbidden" else FAMILIES[finding.kind]) in blocked
        ]

    return scan


def list_proofs(path: Path, digests: Mapping[str, str]) -> Iterator[str]:
    """What each workflow's golden set can prove, one line each."""
    for name in digests:
        folder = path.resolve()
        folder = folder if folder.name == name else folder / "workflows" / name
        bundle = read_bundle_folder(folder, label=name).bundle
        if bundle is None:
            continue
        thresholds = bundle.workflow.thresholds
        rule = Rule(
            tier=bundle.workflow.tier,
            pass_rate=thresholds.pass_rate,
            max_cost_nanousd=thresholds.max_cost_nanousd,
            latency_seconds=thresholds.latency_seconds,
            latency_quantile=thresholds.latency_quantile,
        )
        yield f"{name}: {describe_set(len(bundle.cases), rule)}."


def _to_json(digests: dict[str, str], problems: Sequence[Problem]) -> dict[str, object]:
    return {
        "ok": all(problem.severity is Severity.WARNING for problem in problems),
        "digests": digests,
        "problems": [
            {
                "severity": problem.severity.value,
                "path": problem.path,
                "line": problem.line,
                "key": problem.key,
                "message": problem.message,
                "mend": problem.mend,
            }
            for problem in problems
        ],
    }


def _print(digests: dict[str, str], problems: Sequence[Problem]) -> None:
    for path, found in groupby(problems, key=lambda problem: problem.path):
        typer.echo(path)
        for problem in found:
            place = f"line {problem.line}: " if problem.line else ""
            key = f"`{problem.key}` " if problem.key else ""
            typer.echo(f"  {problem.severity.value}: {place}{key}{problem.message}")
            if problem.mend:
                typer.echo(f"    {problem.mend}")
    for name, digest in digests.items():
        typer.echo(f"{digest}  {name}")
    counts = ", ".join(
        f"{sum(problem.severity is severity for problem in problems)} {plural}"
        for severity, plural in PLURALS.items()
    )
    typer.echo(f"Checked {len(digests)} workflows: {counts}.")


PLURALS = {
    Severity.ERROR: "errors",
    Severity.BLOCKS_RELEASE: "that block a release",
    Severity.WARNING: "warnings",
}
