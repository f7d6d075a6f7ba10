"""The result of a run as a file, and the statement about it that the installation signs.

The statement is an in-toto Statement v1 with the Test Result predicate v0.1
(https://in-toto.io/attestation/test-result/v0.1); its subject is the bundle's digest. It holds
no floating-point number, so that its canonical bytes (RFC 8785) are the same everywhere.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from alos.control.eval_plan import EvalPlan
from alos.control.eval_words import describe_limits, explain
from alos.domain.evaluation import CaseResult, CaseState, Verdict, Word
from alos.domain.money import to_usd_text
from alos.evals.statistics import get_wilson_interval
from alos.ports.eval_runs import EvalRun

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_MILLIONTH = 1_000_000


def write_result(
    run: EvalRun, plan: EvalPlan, verdict: Verdict, results: Sequence[CaseResult], *, extra: int
) -> dict[str, Any]:
    """The result file's content."""
    comparison = verdict.comparison
    interval = get_wilson_interval(verdict.passed, verdict.cases, 0.05)
    per_success = verdict.cost_per_success_nanousd
    return {
        "format": "alos-eval-result/1",
        "run": run.id,
        "workflow": run.workflow,
        "digest": run.digest,
        "purpose": run.purpose.value,
        "number": run.number,
        "by": run.by,
        "by_kind": run.by_kind,
        "is_ci": run.is_ci,
        "identity": run.identity or None,
        "started_at": to_time(run.started_at_unix),
        "finished_at": to_time(run.finished_at_unix or 0),
        "verdict": verdict.word.value,
        "causes": [cause.value for cause in verdict.causes],
        "explanation": list(explain(verdict)),
        "limits": describe_limits(verdict),
        "rule": _write_rule(verdict),
        "cases": verdict.cases,
        "passed": verdict.passed,
        "failed": verdict.failed,
        "errors": verdict.errors,
        "skipped": verdict.skipped,
        "rate": verdict.rate,
        "rate_interval": [interval.low, interval.high],
        "lower_bound": verdict.lower_bound,
        "add_cases": verdict.add_cases,
        "must_pass_failed": list(verdict.must_pass_failed),
        "extra_answers": extra,
        "cost_usd": to_usd_text(verdict.cost_nanousd),
        "cost_per_success_usd": None if per_success is None else to_usd_text(round(per_success)),
        "cost_per_success_interval_usd": [
            None if end is None else to_usd_text(round(end))
            for end in (
                verdict.cost_per_success_interval.low,
                verdict.cost_per_success_interval.high,
            )
        ],
        "latency_seconds": verdict.latency_seconds,
        "comparison": None
        if comparison is None
        else {
            "live": comparison.live,
            "shared": comparison.shared,
            "lost": list(comparison.lost),
            "gained": list(comparison.gained),
            "p_value": comparison.p_value,
        },
        "bases": list(run.bases),
        "lowered": list(plan.lowered),
        "changes": [
            {
                "case": one.case_id,
                "kind": one.kind.value,
                "detail": one.detail,
                "must_pass": one.must_pass,
                "loses": one.loses,
            }
            for one in plan.changes
        ],
        "author_supplied": [
            case.id
            for case in plan.bundle.cases
            if any(one.grader.is_author_supplied for one in case.criteria)
        ],
        "results": [_write_case(one) for one in results],
    }


def _write_rule(verdict: Verdict) -> dict[str, Any]:
    rule = verdict.rule
    return {
        "tier": int(rule.tier),
        "pass_rate": rule.pass_rate,
        "floor": rule.floor,
        "alpha": rule.alpha,
        "max_cost_usd": to_usd_text(rule.max_cost_nanousd),
        "latency_seconds": rule.latency_seconds,
        "latency_quantile": rule.latency_quantile,
    }


def _write_case(result: CaseResult) -> dict[str, Any]:
    return {
        "case": result.case_id,
        "kind": result.kind.value,
        "must_pass": result.must_pass,
        "fingerprint": result.fingerprint,
        "state": result.state.value,
        "mixed": result.is_mixed,
        "tries": [
            {
                "call": one.call_id,
                "state": one.state.value,
                "score": one.score,
                "reasons": list(one.reasons),
                "cost_usd": to_usd_text(one.cost_nanousd),
                "duration_ms": one.duration_ms,
                "excerpt": one.excerpt,
            }
            for one in result.tries
        ],
    }


def read_states(result: str) -> dict[str, tuple[str, CaseState]]:
    """Fingerprint and state of each case in a stored result, by case id."""
    return {
        one["case"]: (one["fingerprint"], CaseState(one["state"]))
        for one in json.loads(result)["results"]
    }


def write_statement(run: EvalRun, result: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The in-toto statement about a run.

    Args:
        run: what was evaluated, by whom.
        result: the result file's content.
        text: the same as the bytes that are kept; their hash is in the statement.
    """
    states: dict[str, list[str]] = {}
    for one in result["results"]:
        states.setdefault(one["state"], []).append(one["case"])
    annotations = {
        "run": run.id,
        "workflow": run.workflow,
        "verdict": result["verdict"],
        "causes": result["causes"],
        "purpose": run.purpose.value,
        "run_number": run.number,
        "by": run.by,
        "by_kind": run.by_kind,
        "is_ci": run.is_ci,
        **({"identity": run.identity} if run.identity else {}),
        "finished_at": result["finished_at"],
        "cases": result["cases"],
        "passed": result["passed"],
        "lower_bound_millionths": round(result["lower_bound"] * _MILLIONTH),
        "floor_millionths": round(result["rule"]["floor"] * _MILLIONTH),
        "alpha_millionths": round(result["rule"]["alpha"] * _MILLIONTH),
        "cost_usd": result["cost_usd"],
        "lowered": result["lowered"],
        "cases_lost": [one["case"] for one in result["changes"] if one["loses"]],
        "author_supplied": result["author_supplied"],
    }
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": run.workflow, "digest": {"sha256": run.digest.removeprefix("sha256:")}}
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": "PASSED" if result["verdict"] == Word.PASS.value else "FAILED",
            "configuration": [
                {
                    "name": "alos-eval-result",
                    "digest": {"sha256": hashlib.sha256(text.encode()).hexdigest()},
                    "annotations": annotations,
                }
            ],
            "passedTests": states.get(CaseState.PASSED.value, []),
            "warnedTests": [
                *states.get(CaseState.ERROR.value, []),
                *states.get(CaseState.SKIPPED.value, []),
            ],
            "failedTests": states.get(CaseState.FAILED.value, []),
        },
    }


def to_time(unix: int) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(unix, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
