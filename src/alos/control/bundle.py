"""Reads one workflow's folder, or the same files as uploaded bytes, into a bundle."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from alos.control.bundle_files import MAXIMUM_BUNDLE_BYTES, MAXIMUM_FILES, read_contents
from alos.control.decisions import read_decision
from alos.control.documents import Document, Problem, Severity, parse_document
from alos.control.forms import validate
from alos.control.golden import read_cases
from alos.control.golden_set import check_golden_set, check_graders
from alos.control.prompts import read_prompts
from alos.control.workflow import read_workflow
from alos.control.workflow_form import WorkflowForm
from alos.domain.bundle import (
    Bundle,
    BundleFile,
    Decision,
    Prompt,
    build_manifest,
    compute_digest,
    to_manifest_path,
)
from alos.domain.golden import GoldenCase
from alos.domain.ids import Digest
from alos.domain.workflow import Workflow

__all__ = [
    "MAXIMUM_BUNDLE_BYTES",
    "MAXIMUM_FILES",
    "WORKFLOW_FILE",
    "BundleReading",
    "read_bundle",
    "read_bundle_folder",
    "read_contents",
]

WORKFLOW_FILE = "workflow.yaml"
PART = re.compile(
    r"workflow\.yaml|[^/]+\.md|prompts/[^/]+\.md|evals/[^/]+\.yaml|decisions/[^/]+\.md"
    r"|graders/[^/]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleReading:
    """What came of reading one bundle.

    Attributes:
        digest: of the files as they are, also where they hold errors; None where the files
            themselves can't be taken (a symlink, too large, two names that are one).
        bundle: None where there is an error; problems that only block a release leave it.
        document: ``workflow.yaml`` with its lines, where it could be read.
    """

    digest: Digest | None
    bundle: Bundle | None
    document: Document | None
    problems: tuple[Problem, ...]


def read_bundle_folder(folder: Path, *, label: str) -> BundleReading:
    """Read a workflow's folder.

    Args:
        folder: it holds ``workflow.yaml``; its name is the workflow's slug.
        label: how problems name the folder, e.g. ``workflows/support-reply-drafting``.
    """
    contents, problems = read_contents(folder, label=label)
    if problems:
        return BundleReading(digest=None, bundle=None, document=None, problems=tuple(problems))
    reading = read_bundle(contents, label=label)
    extra = _check_slug(reading, folder.name)
    if not extra:
        return reading
    return BundleReading(
        digest=reading.digest,
        bundle=None,
        document=reading.document,
        problems=(*reading.problems, *extra),
    )


def read_bundle(contents: Mapping[str, bytes], *, label: str) -> BundleReading:
    """Read a bundle from its files' bytes; every problem is found in one go.

    Args:
        contents: raw bytes by path relative to the workflow's folder.
        label: how problems name that folder.
    """
    try:
        manifest = build_manifest(contents)
    except ValueError as error:
        problem = Problem(path=label, message=str(error), mend="Rename or remove the file.")
        return BundleReading(digest=None, bundle=None, document=None, problems=(problem,))
    normal = {to_manifest_path(path): raw for path, raw in contents.items()}
    return _Reader(label, manifest, normal).read()


class _Reader:
    """Reads the parts of one bundle and gathers their problems."""

    def __init__(
        self, label: str, manifest: tuple[BundleFile, ...], contents: Mapping[str, bytes]
    ) -> None:
        self._label = label
        self._manifest = manifest
        self._contents = contents
        self._digest = compute_digest(manifest)
        self._problems: list[Problem] = []

    def read(self) -> BundleReading:
        self._problems += self._check_parts()
        document = self._parse(WORKFLOW_FILE)
        workflow = form = None
        prompts: Mapping[str, Prompt] = {}
        if document is not None:
            workflow, problems = read_workflow(document)
            self._problems += problems
            form, _ = validate(document, WorkflowForm)
        if document is not None and form is not None:
            prompts, problems = read_prompts(document, form.prompts, self._contents)
            self._problems += problems
        cases = self._read_cases(form.default_prompt if form else None)
        self._problems += check_graders(self._label, cases, self._contents)
        decisions = self._read_decisions()
        if document is not None and workflow is not None:
            self._problems += check_golden_set(
                self._label, document, workflow, tuple(prompts.values()), cases
            )
        return self._finish(document, workflow, prompts, cases, decisions)

    def _finish(
        self,
        document: Document | None,
        workflow: Workflow | None,
        prompts: Mapping[str, Prompt],
        cases: list[GoldenCase],
        decisions: list[Decision],
    ) -> BundleReading:
        bundle = None
        if workflow is not None and not any(problem.is_error for problem in self._problems):
            bundle = Bundle(
                digest=self._digest,
                files=self._manifest,
                contents=MappingProxyType(dict(self._contents)),
                workflow=workflow,
                prompts=prompts,
                cases=tuple(cases),
                decisions=tuple(decisions),
            )
        return BundleReading(
            digest=self._digest,
            bundle=bundle,
            document=document,
            problems=tuple(self._problems),
        )

    def _check_parts(self) -> Iterator[Problem]:
        for file in self._manifest:
            if not PART.fullmatch(file.path):
                yield Problem(
                    path=f"{self._label}/{file.path}",
                    message="is no part of a bundle, and every file here counts in its digest",
                    mend="Delete it, or move it to prompts/, evals/ or decisions/ if it belongs.",
                )

    def _parse(self, path: str) -> Document | None:
        raw = self._contents.get(path)
        if raw is None:
            self._problems.append(
                Problem(
                    path=f"{self._label}/{path}",
                    message="the file is missing",
                    mend="Write it, or start from `alos init --workflow`.",
                )
            )
            return None
        document, problems = parse_document(f"{self._label}/{path}", raw)
        self._problems += problems
        return document

    def _read_cases(self, default_prompt: str | None) -> list[GoldenCase]:
        cases: list[GoldenCase] = []
        for file in self._manifest:
            if not file.path.startswith("evals/") or not PART.fullmatch(file.path):
                continue
            document = self._parse(file.path)
            if document is not None:
                found, problems = read_cases(document, file.path, default_prompt)
                cases += found
                self._problems += problems
        return cases

    def _read_decisions(self) -> list[Decision]:
        decisions = []
        paths = [file.path for file in self._manifest if file.path.startswith("decisions/")]
        for path in paths:
            decision, problems = read_decision(f"{self._label}/{path}", self._contents[path])
            self._problems += problems
            if decision is not None:
                decisions.append(decision)
        if not paths:
            self._problems.append(
                Problem(
                    severity=Severity.BLOCKS_RELEASE,
                    path=f"{self._label}/decisions",
                    message="the decision log is empty",
                    mend="Write decisions/0001-<title>.md: what changed, why, expected impact,"
                    " rollback plan.",
                )
            )
        return decisions


def _check_slug(reading: BundleReading, name: str) -> list[Problem]:
    if reading.bundle is None or reading.document is None or reading.bundle.id == name:
        return []
    message = "differs from the name of the workflow's folder"
    return [reading.document.build_problem(("id",), message, "Make them the same.")]
