"""The end of a run: its verdict, the statement signed about it, and what the ledger notes."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from alos.control.eval_plan import EvalPlan
from alos.control.eval_record import RunReading
from alos.control.eval_result import (
    PAYLOAD_TYPE,
    read_states,
    write_result,
    write_statement,
)
from alos.domain.evaluation import (
    ERROR_SHARE,
    CaseResult,
    CaseState,
    Cause,
    Comparison,
    Try,
)
from alos.evals.verdict import compare, get_verdict
from alos.ports.eval_runs import EvalRun
from alos.ports.statements import Statements


def end_run(
    run: EvalRun,
    plan: EvalPlan,
    reading: RunReading,
    comparison: Comparison | None,
    *,
    statements: Statements,
    now_unix: int,
) -> EvalRun:
    """Judge a run and sign the verdict."""
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
    text = json.dumps(result, sort_keys=True, separators=(",", ":"))
    statement = write_statement(ended, result, text)
    envelope = statements.sign(statement, payload_type=PAYLOAD_TYPE)
    return replace(ended, result=text, envelope=envelope)


def compare_with(results: Sequence[CaseResult], live: EvalRun) -> Comparison:
    """Pair a run's cases with those of the live release's run."""
    states = read_states(live.result)
    paired = {
        one.case_id: replace(
            one,
            fingerprint=states[one.case_id][0],
            must_pass=False,
            tries=(Try(call_id=None, state=states[one.case_id][1]),),
        )
        for one in results
        if one.case_id in states and states[one.case_id][1] is not CaseState.SKIPPED
    }
    return compare(results, paired, live.digest)


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
        "statement": hashlib.sha256(run.envelope.encode()).hexdigest(),
    }
