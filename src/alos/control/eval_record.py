"""Reads a run back out of the records of its calls, and grades what was answered.

The records decide which calls there were, in which order, what each cost and how long it took.
An answer's bytes count only where their SHA-256 is the one in the record; so nobody can hand in
an answer that no model gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alos.checks.redact import redact
from alos.domain.evaluation import JUDGED, CaseResult, CaseState, Try
from alos.domain.golden import GoldenCase
from alos.domain.ids import CallId
from alos.domain.record import ClosingEntry, Fact, Outcome
from alos.evals.answer import JUDGED_REFUSALS, Answer
from alos.evals.cases import get_fingerprint
from alos.evals.graders import Grade, Scan, grade_case

_EXCERPT = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """What was handed in and matched its record.

    Attributes:
        answers: by call id; those of the judge's calls too.
        verdicts: the judge's, by ``<call id>/<criterion>``.
        author_grades: of the author's own programs, likewise.
    """

    answers: Mapping[CallId, Answer] = field(default_factory=dict)
    verdicts: Mapping[str, Grade] = field(default_factory=dict)
    author_grades: Mapping[str, Grade] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReading:
    """A run as its records show it.

    Attributes:
        spent_nanousd: of every call under the run's id.
        answered: calls for cases that were answered (a refusal by a check is an answer).
        extra: answered calls beyond the repeats planned; the first ones count.
        over_cap: the run's own cap refused a call.
        models: what the provider called the models that answered cases, sorted.
    """

    results: tuple[CaseResult, ...]
    spent_nanousd: int
    answered: int
    extra: int
    over_cap: bool
    models: tuple[str, ...] = ()


def read_run(
    cases: Sequence[GoldenCase],
    repeats: Mapping[str, int],
    closings: Sequence[ClosingEntry],
    handed_in: HandedIn,
    scan: Scan,
) -> RunReading:
    """Put a run together.

    Args:
        cases: the whole golden set.
        repeats: how often each case was to be run.
        closings: every record under the run's id, oldest first.
        handed_in: answers that matched their records.
        scan: the detectors in force.
    """
    by_case: dict[str, list[ClosingEntry]] = {case.id: [] for case in cases}
    for closing in closings:
        name = dict(closing.facts).get(Fact.CASE, "")
        if name in by_case:
            by_case[name].append(closing)
    results = []
    answered = extra = 0
    for case in cases:
        decided = [one for one in by_case[case.id] if is_answered(one)]
        answered += len(decided)
        extra += max(0, len(decided) - repeats[case.id])
        tries = [_grade(case, one, handed_in, scan) for one in decided[: repeats[case.id]]]
        missing = repeats[case.id] - len(tries)
        tries += [_explain_missing(by_case[case.id])] * missing
        results.append(
            CaseResult(
                case_id=case.id,
                kind=case.kind,
                must_pass=case.must_pass,
                fingerprint=get_fingerprint(case),
                tries=tuple(tries),
            )
        )
    return RunReading(
        results=tuple(results),
        spent_nanousd=sum(one.cost_nanousd for one in closings),
        answered=answered,
        extra=extra,
        over_cap=any(_is_over_cap(one) for one in closings),
        models=_list_models(by_case, handed_in.answers),
    )


def _list_models(
    by_case: Mapping[str, Sequence[ClosingEntry]], answers: Mapping[CallId, Answer]
) -> tuple[str, ...]:
    named = {
        f"{one.model}: {answers[one.call_id].model}"
        for closings in by_case.values()
        for one in closings
        if one.call_id in answers and answers[one.call_id].model
    }
    return tuple(sorted(named))


_NOT_FRESH = frozenset({Fact.CACHED_FROM.value, Fact.REPLAYED_FROM.value, Fact.FALLBACK.value})
"""An answer given again, or given in the place of the route, says nothing about this run."""


def is_answered(closing: ClosingEntry) -> bool:
    """Whether the call says something about the workflow: an answer, or a check's refusal."""
    if any(name in _NOT_FRESH for name, _ in closing.facts):
        return False
    if closing.outcome is Outcome.ANSWERED:
        return True
    return closing.outcome is Outcome.REFUSED and closing.reason in JUDGED_REFUSALS


def is_question(closing: ClosingEntry) -> bool:
    """Whether the call asked the judge."""
    return dict(closing.facts).get(Fact.CASE, "").startswith(JUDGED)


def _is_over_cap(closing: ClosingEntry) -> bool:
    run = dict(closing.facts).get(Fact.RUN, "")
    return closing.reason == "alos_budget_exceeded" and f"run:{run}" in closing.detail


def _grade(case: GoldenCase, closing: ClosingEntry, handed_in: HandedIn, scan: Scan) -> Try:
    answer = handed_in.answers.get(closing.call_id)
    if closing.outcome is Outcome.REFUSED:
        answer = Answer(refusal=closing.reason, duration_ms=closing.duration_ms)
    if answer is None:
        return Try(
            call_id=closing.call_id,
            state=CaseState.ERROR,
            reasons=("its answer was not handed in",),
            cost_nanousd=closing.cost_nanousd,
            duration_ms=closing.duration_ms,
        )
    given = {
        place: grade
        for place in range(len(case.criteria))
        for grades in (handed_in.verdicts, handed_in.author_grades)
        if (grade := grades.get(f"{closing.call_id}/{place}")) is not None
    }
    graded = grade_case(case, answer, scan, given)
    excerpt = f"({answer.refusal})" if answer.refusal else redact(answer.text, scan(answer.text))
    return Try(
        call_id=closing.call_id,
        state=graded.state,
        reasons=graded.reasons,
        cost_nanousd=closing.cost_nanousd,
        duration_ms=closing.duration_ms,
        excerpt=" ".join(excerpt[: 2 * _EXCERPT].split())[:_EXCERPT],
        score=graded.score,
    )


def _explain_missing(closings: Sequence[ClosingEntry]) -> Try:
    failed = [one for one in closings if not is_answered(one)]
    if not failed:
        return Try(call_id=None, state=CaseState.SKIPPED, reasons=("it was not called",))
    last = failed[-1]
    why = last.reason or last.outcome
    return Try(
        call_id=last.call_id,
        state=CaseState.ERROR,
        reasons=(f"no answer in {len(failed)} calls, the last: {why}",),
    )
