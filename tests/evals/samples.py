"""Cases and answers to grade."""

from types import MappingProxyType
from typing import Any

from alos.domain.golden import (
    CaseKind,
    CaseMessage,
    Criterion,
    CriterionKind,
    GoldenCase,
    Grader,
    Provenance,
    ProvenanceKind,
)


def make_criterion(grader: Grader, *values: str, **more: Any) -> Criterion:
    return Criterion(kind=CriterionKind.CORRECTNESS, grader=grader, values=values, **more)


def make_golden_case(*criteria: Criterion, **more: Any) -> GoldenCase:
    facts: dict[str, Any] = {
        "id": "a-case",
        "kind": CaseKind.HAPPY,
        "must_pass": False,
        "prompt": None,
        "variables": MappingProxyType({}),
        "messages": (CaseMessage(role="user", content="What is it?"),),
        "criteria": criteria,
        "provenance": Provenance(kind=ProvenanceKind.AUTHOR_WRITTEN),
        "path": "evals/happy.yaml",
    }
    return GoldenCase(**{**facts, **more})
