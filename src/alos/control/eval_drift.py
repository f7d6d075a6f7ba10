"""A run beside an earlier one: the live release's, and for a nightly one what let it go live."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alos.control.eval_record import RunReading
from alos.control.eval_result import read_states
from alos.control.standing import Configuration
from alos.domain.bundle import Bundle
from alos.domain.evaluation import (
    ERROR_SHARE,
    CaseResult,
    CaseState,
    Comparison,
    RunPurpose,
    Try,
    Verdict,
    Word,
)
from alos.domain.ids import Digest, RunId
from alos.domain.people import Party, PartyKind
from alos.evals.drift import DriftWord, Earlier, describe_drift, find_drift
from alos.evals.verdict import compare
from alos.ports.eval_runs import EvalRun


def compare_with(results: Sequence[CaseResult], live: EvalRun) -> Comparison:
    """Pair a run's cases with those of an earlier run."""
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


def get_newest(runs: Sequence[EvalRun]) -> EvalRun:
    """The one that ended last; of two that ended in one second, the later number."""
    return max(runs, key=lambda run: (run.finished_at_unix or 0, run.number))


def find_gated(
    runs: Sequence[EvalRun], digest: Digest, is_intact: Callable[[EvalRun], bool]
) -> EvalRun | None:
    """The newest gate run of a digest that passed: what let it go live."""
    passed = [
        one
        for one in runs
        if one.digest == digest
        and one.purpose is RunPurpose.GATE
        and one.verdict is Word.PASS
        and is_intact(one)
    ]
    return get_newest(passed) if passed else None


def find_measured(
    runs: Sequence[EvalRun], digest: Digest, is_intact: Callable[[EvalRun], bool]
) -> EvalRun | None:
    """The newest run of a live release that was measured, gate or nightly; ``runs`` by age."""
    known = [
        one
        for one in runs
        if one.digest == digest
        and one.result
        and one.purpose is not RunPurpose.TRIAL
        and _is_measured(one)
        and is_intact(one)
    ]
    return known[-1] if known else None


def _is_measured(run: EvalRun) -> bool:
    """Whether nearly every case has a decision; else nobody may be compared with the run.

    Whoever runs the live release's set and hands little in would lower the bar for the next one.
    """
    result = json.loads(run.result)
    undecided, cases = int(result["errors"] + result["skipped"]), int(result["cases"])
    return undecided <= ERROR_SHARE * cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """When a digest was measured last, and what the newest night says of it.

    Attributes:
        at_unix: when its newest gate run ended, or its newest night that could tell something;
            0 where there is none.
        night: the newest nightly run, whatever became of it.
        night_at_unix: when that one began.
        found: its outcome; empty while it is open or where it is not as it was signed.
    """

    at_unix: int = 0
    night: RunId | None = None
    night_at_unix: int = 0
    found: str = ""


def read_measured(
    runs: Sequence[EvalRun], digest: Digest, is_intact: Callable[[EvalRun], bool]
) -> Measured:
    """What the runs of a workflow, by age, say of one digest; a trial run says nothing."""
    known = [one for one in runs if one.digest == digest and one.purpose is not RunPurpose.TRIAL]
    nights = [one for one in known if one.purpose is RunPurpose.NIGHTLY]
    told = [
        one
        for one in known
        if not one.is_open
        and is_intact(one)
        and (_read_found(one) in _TELLING if one in nights else _is_measured(one))
    ]
    newest = nights[-1] if nights else None
    return Measured(
        at_unix=max((one.finished_at_unix or 0 for one in told), default=0),
        night=newest.id if newest is not None else None,
        night_at_unix=newest.started_at_unix if newest is not None else 0,
        found=_read_found(newest) if newest is not None and is_intact(newest) else "",
    )


_TELLING = frozenset(DriftWord) - {DriftWord.UNMEASURED}


def _read_found(night: EvalRun) -> str:
    return str(json.loads(night.result)["drift"]["outcome"])


def write_drift(verdict: Verdict, reading: RunReading, gated: EvalRun | None) -> dict[str, Any]:
    """The result file's ``drift`` of a nightly run."""
    earlier = _read_gated(reading.results, gated) if gated is not None else None
    drift = find_drift(verdict, earlier, reading.models)
    return {
        "outcome": drift.word.value,
        "beside": earlier.run if earlier is not None else None,
        "shared": earlier.comparison.shared if earlier is not None else 0,
        "lost": list(earlier.comparison.lost) if earlier is not None else [],
        "gained": list(earlier.comparison.gained) if earlier is not None else [],
        "p_value": earlier.comparison.p_value if earlier is not None else None,
        "models_before": list(earlier.models) if earlier is not None else [],
        "cost_usd_before": earlier.cost_usd if earlier is not None else None,
        "latency_seconds_before": earlier.latency_seconds if earlier is not None else None,
    }


def _read_gated(results: Sequence[CaseResult], gated: EvalRun) -> Earlier:
    known = json.loads(gated.result)
    return Earlier(
        run=gated.id,
        comparison=compare_with(results, gated),
        models=tuple(known.get("models", ())),
        cost_usd=known["cost_usd"],
        latency_seconds=known["latency_seconds"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftNotice:
    """What a workflow's owners are told."""

    parties: tuple[Party, ...]
    subject: str
    lines: tuple[str, ...]


def write_notice(run: EvalRun, bundle: Bundle, configuration: Configuration) -> DriftNotice | None:
    """What to tell of a nightly run; ``None`` where all is as it was, and of any other run."""
    drift = json.loads(run.result)["drift"]
    if drift is None or drift["outcome"] == DriftWord.SAME:
        return None
    workflow = bundle.workflow
    owner = configuration.organisation.workspaces[workflow.workspace].owner
    told = dict.fromkeys((workflow.owners.operational, workflow.raci.accountable, owner))
    subject = f"{workflow.title}: {describe_drift(drift)}"
    last = (
        f"`alos eval show {run.id}` has everything; `alos release rollback` and `alos kill` are"
        " one action each."
    )
    lines = (
        f"The nightly run of {run.workflow} ({run.digest}) found: {drift['outcome']}.",
        f"{subject}.",
        f"Cases lost: {', '.join(drift['lost']) or 'none'}.",
        last,
    )
    parties = tuple(Party(kind=PartyKind.PERSON, name=one) for one in told if one)
    return DriftNotice(parties=parties, subject=subject, lines=lines)
