"""Checks a golden set as a whole: its size for the tier, its mix, and what it must cover."""

from collections.abc import Iterator, Mapping, Sequence

from alos.control.documents import Document, Problem, Severity
from alos.control.forms import suggest
from alos.domain.bundle import Prompt
from alos.domain.golden import CaseKind, CriterionKind, GoldenCase, Grader
from alos.domain.prompt import get_variables
from alos.domain.tier import LARGE_GOLDEN_SET, Tier
from alos.domain.workflow import Workflow

FOLDER = "evals"


def check_golden_set(
    folder: str,
    document: Document,
    workflow: Workflow,
    prompts: Sequence[Prompt],
    cases: Sequence[GoldenCase],
) -> Iterator[Problem]:
    """Find what keeps a golden set from deciding a release.

    Args:
        folder: the workflow's folder, as problems name it.
        document: ``workflow.yaml``.
        workflow: what it says.
        prompts: the bundle's prompts.
        cases: all cases of the bundle.
    """
    yield from _check_ids(folder, cases)
    yield from _check_size(folder, workflow, cases)
    yield from _check_mix(folder, workflow, cases)
    yield from _check_cover(folder, workflow, cases)
    yield from _check_feared_failure(document, workflow, cases)
    yield from _check_prompts(folder, prompts, cases)


def _blocks(path: str, message: str, mend: str, key: str = "") -> Problem:
    return Problem(
        severity=Severity.BLOCKS_RELEASE, path=path, key=key, message=message, mend=mend
    )


def check_graders(
    folder: str, cases: Sequence[GoldenCase], contents: Mapping[str, bytes]
) -> Iterator[Problem]:
    """Find graders of the author's own that name no file, or one that can't be started."""
    for case in cases:
        for criterion in case.criteria:
            if not criterion.grader.is_author_supplied:
                continue
            raw = contents.get(criterion.values[0])
            if raw is None:
                message = f"its grader `{criterion.grader}` names a file that is not there"
                yield _blocks(f"{folder}/{case.path}", message, "Add it, or mend `file`.", case.id)
            elif criterion.grader is Grader.COMMAND and not raw.startswith(b"#!"):
                message = "the file of its grader `command` can't be started"
                mend = "Begin it with `#!`, or use the grader `python`."
                yield _blocks(f"{folder}/{case.path}", message, mend, case.id)


def _check_ids(folder: str, cases: Sequence[GoldenCase]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for case in cases:
        if case.id in seen:
            yield Problem(
                path=f"{folder}/{case.path}",
                key=case.id,
                message=f"the case id also stands in {seen[case.id]}",
                mend="Give each case its own id.",
            )
        seen.setdefault(case.id, case.path)


def _check_size(folder: str, workflow: Workflow, cases: Sequence[GoldenCase]) -> Iterator[Problem]:
    path = f"{folder}/{FOLDER}"
    least = workflow.tier.minimum_cases
    if len(cases) < least:
        yield _blocks(
            path,
            f"the golden set has {len(cases)} cases; Tier {workflow.tier.value} asks for {least}",
            f"Add {least - len(cases)} more.",
        )
    if len(cases) > LARGE_GOLDEN_SET:
        yield Problem(
            severity=Severity.WARNING,
            path=path,
            message=f"the golden set has {len(cases)} cases, more than {LARGE_GOLDEN_SET}",
            mend="Keep those that tell releases apart.",
        )


def _check_mix(folder: str, workflow: Workflow, cases: Sequence[GoldenCase]) -> Iterator[Problem]:
    path = f"{folder}/{FOLDER}"
    adversarial = sum(case.kind is CaseKind.ADVERSARIAL for case in cases)
    if adversarial == len(cases):
        yield _blocks(path, "no case shows ordinary work", "Add cases with `kind: happy`.")
    if adversarial == 0:
        yield _blocks(path, "no case tries to break it", "Add cases with `kind: adversarial`.")
    elif adversarial < workflow.thresholds.adversarial_share * len(cases):
        yield _blocks(
            path,
            f"{adversarial} of {len(cases)} cases are adversarial, fewer than"
            f" `thresholds.adversarial_share` ({workflow.thresholds.adversarial_share:g})",
            "Add cases with `kind: adversarial`.",
        )


def _check_cover(
    folder: str, workflow: Workflow, cases: Sequence[GoldenCase]
) -> Iterator[Problem]:
    have = {criterion.kind for case in cases for criterion in case.criteria}
    missing = [kind.value for kind in CriterionKind if kind not in have]
    if missing and workflow.tier >= Tier.ASSIST:
        yield _blocks(
            f"{folder}/{FOLDER}",
            f"no criterion is about {', '.join(missing)}",
            "Add criteria of each kind: correctness, policy and refusal.",
        )
    if cases and not any(case.must_pass for case in cases):
        yield Problem(
            severity=Severity.WARNING,
            path=f"{folder}/{FOLDER}",
            message="no case is marked as one that must pass",
            mend="Write `must_pass: true` on those whose failure you would not accept once.",
        )


def _check_feared_failure(
    document: Document, workflow: Workflow, cases: Sequence[GoldenCase]
) -> Iterator[Problem]:
    kinds = {case.id: case.kind for case in cases}
    linked = [name for name in workflow.feared_failure.cases if name in kinds]
    for index, name in enumerate(workflow.feared_failure.cases):
        if name not in kinds:
            yield document.build_problem(
                ("feared_failure", "cases", index),
                "there is no such golden case",
                suggest(name, list(kinds)),
                severity=Severity.BLOCKS_RELEASE,
            )
    if linked and not any(kinds[name] is CaseKind.ADVERSARIAL for name in linked):
        yield document.build_problem(
            ("feared_failure", "cases"),
            "none of these cases is adversarial",
            "Name a case that tries to bring the failure about.",
            severity=Severity.BLOCKS_RELEASE,
        )


def _check_prompts(
    folder: str, prompts: Sequence[Prompt], cases: Sequence[GoldenCase]
) -> Iterator[Problem]:
    by_name = {prompt.name: prompt for prompt in prompts}
    for case in cases:
        path = f"{folder}/{case.path}"
        if case.prompt is None:
            wanted: frozenset[str] = frozenset()
        elif case.prompt in by_name:
            wanted = get_variables(by_name[case.prompt].template)
        else:
            mend = suggest(case.prompt, list(by_name)) or "Declare it in workflow.yaml."
            yield Problem(path=path, key=case.id, message="there is no such prompt", mend=mend)
            continue
        missing = sorted(wanted - case.variables.keys())
        unused = sorted(case.variables.keys() - wanted)
        if missing:
            message = f"the prompt's variables have no value: {', '.join(missing)}"
            yield Problem(path=path, key=case.id, message=message, mend="Add them.")
        if unused:
            message = f"the prompt has no such variables: {', '.join(unused)}"
            yield Problem(path=path, key=case.id, message=message, mend="Remove them.")
