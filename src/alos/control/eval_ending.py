"""The end of a run: its verdict, the statement signed about it, and what the ledger notes."""

import hashlib
import json
from dataclasses import replace

from alos.control.eval_drift import write_drift
from alos.control.eval_plan import EvalPlan
from alos.control.eval_record import RunReading
from alos.control.eval_result import (
    PAYLOAD_TYPE,
    write_result,
    write_statement,
)
from alos.domain.evaluation import (
    ERROR_SHARE,
    Cause,
    Comparison,
    RunPurpose,
)
from alos.evals.verdict import get_verdict
from alos.ports.eval_runs import EvalRun
from alos.ports.statements import Statements


def end_run(
    run: EvalRun,
    plan: EvalPlan,
    reading: RunReading,
    comparison: Comparison | None,
    *,
    gated: EvalRun | None = None,
    statements: Statements,
    now_unix: int,
) -> EvalRun:
    """Judge a run and sign the verdict.

    Args:
        run: the run.
        plan: its plan.
        reading: what its records show.
        comparison: with the live release's newest run.
        gated: the gate run that a nightly one is compared with, where there is one.
        statements: signs.
        now_unix: when it ends.
    """
    known: list[Cause] = []
    if reading.over_cap:
        known.append(Cause.OVER_COST)
    if any(one.must_pass and one.loses for one in plan.changes):
        known.append(Cause.MUST_PASS_WEAKENED)
    if reading.extra > ERROR_SHARE * sum(plan.repeats.values()):
        known.append(Cause.EXTRA_ANSWERS)
    verdict = get_verdict(
        reading.results,
        plan.rule,
        comparison=comparison,
        known=known,
        spent_nanousd=reading.spent_nanousd,
    )
    ended = replace(
        run, finished_at_unix=now_unix, verdict=verdict.word, answered=reading.answered
    )
    result = write_result(ended, plan, verdict, reading.results, extra=reading.extra)
    result["models"] = list(reading.models)
    result["drift"] = None
    if run.purpose is RunPurpose.NIGHTLY:
        result["drift"] = write_drift(verdict, reading, gated)
    text = json.dumps(result, sort_keys=True, separators=(",", ":"))
    statement = write_statement(ended, result, text)
    envelope = statements.sign(statement, payload_type=PAYLOAD_TYPE)
    return replace(ended, result=text, envelope=envelope)


def write_facts(run: EvalRun) -> dict[str, str]:
    """What the ledger notes of a run that starts."""
    return {
        "run": run.id,
        "workflow": run.workflow,
        "digest": run.digest,
        "purpose": run.purpose.value,
        "number": str(run.number),
        "key": run.key,
        "by_kind": run.by_kind,
        "is_ci": "yes" if run.is_ci else "no",
        "identity": run.identity,
    }


def write_ending_facts(run: EvalRun, plan: EvalPlan) -> dict[str, str]:
    """What the ledger notes of a run that ended."""
    result = json.loads(run.result)
    return {
        **write_facts(run),
        "verdict": result["verdict"],
        "causes": ",".join(result["causes"]),
        "passed": f"{result['passed']}/{result['cases']}",
        "lowered": "; ".join(plan.lowered),
        "cases_lost": ",".join(one.case_id for one in plan.changes if one.loses),
        "drift": result["drift"]["outcome"] if result["drift"] is not None else "",
        "statement": hashlib.sha256(run.envelope.encode()).hexdigest(),
    }
