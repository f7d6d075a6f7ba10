"""The graders: whether one criterion holds of one answer, and if not, why.

Each is a function of criterion and answer; nothing is fetched, nothing is random. A grader that
can't decide says so (``None``), which makes the try an error and never a pass.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import re2  # type: ignore[import-untyped]

from alos.domain.evaluation import CaseState
from alos.domain.finding import Finding
from alos.domain.golden import Criterion, GoldenCase, Grader
from alos.evals.answer import Answer
from alos.evals.refusals import declines

Scan = Callable[[str], Iterable[Finding]]
"""The detectors in force."""
_KINDS = {"secrets": "secret", "pii": "pii", "injection": "injection"}
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"\w+")
_LONGEST_MATCHED = 200_000
_ROUNDING = 1e-9


class Grade(NamedTuple):
    """What one grader says; ``holds`` is ``None`` where it can't decide."""

    holds: bool | None
    why: str


class Graded(NamedTuple):
    """All criteria of a case on one answer.

    Attributes:
        score: share of the weight that held; where an author's own code took part, no more than
            the share of our criteria among themselves.
        reasons: of those that did not hold or could not be decided.
    """

    state: CaseState
    score: float
    reasons: tuple[str, ...]


def grade_case(
    case: GoldenCase, answer: Answer, scan: Scan, given: Mapping[int, Grade] | None = None
) -> Graded:
    """Grade one answer by all criteria of its case.

    Args:
        case: its criteria and threshold.
        answer: what came.
        scan: the detectors in force.
        given: grades made elsewhere (a judging model, an author's program), by the criterion's
            place in the case; one that is missing counts as undecided.
    """
    ours, all_of_them = _Tally(), _Tally()
    reasons = []
    for place, criterion in enumerate(case.criteria):
        grade = grade_criterion(criterion, answer, scan, (given or {}).get(place))
        holds = None if grade.holds is None else grade.holds is not criterion.negated
        all_of_them.add(criterion.weight, holds)
        if not criterion.grader.is_author_supplied:
            ours.add(criterion.weight, holds)
        if not holds:
            label = f"not {criterion.grader}" if criterion.negated else str(criterion.grader)
            mark = " (author-supplied)" if criterion.grader.is_author_supplied else ""
            reasons.append(f"{label}{mark}: {grade.why}")
    score = min(ours.share, all_of_them.share)
    if score >= case.threshold - _ROUNDING:
        state = CaseState.ERROR if case.must_pass and all_of_them.open else CaseState.PASSED
    elif min(ours.best, all_of_them.best) < case.threshold - _ROUNDING:
        state = CaseState.FAILED  # whatever the undecided ones would say
    else:
        state = CaseState.ERROR
    return Graded(state, score, tuple(reasons))


@dataclass(slots=True)
class _Tally:
    """Weights of criteria: those that held, those that are open, and all."""

    held: float = 0.0
    open: float = 0.0
    total: float = 0.0

    def add(self, weight: float, holds: bool | None) -> None:  # noqa: FBT001 - a grade
        self.total += weight
        if holds is None:
            self.open += weight
        elif holds:
            self.held += weight

    @property
    def share(self) -> float:
        """Of what held; 0 of nothing."""
        return self.held / self.total if self.total else 0.0

    @property
    def best(self) -> float:
        """Were all open ones to hold."""
        return (self.held + self.open) / self.total if self.total else 0.0


def grade_criterion(
    criterion: Criterion, answer: Answer, scan: Scan, given: Grade | None = None
) -> Grade:
    """Decide one criterion, its negation not yet applied."""
    if criterion.grader in _ELSEWHERE:
        return given or Grade(None, "no grade arrived")
    if criterion.grader is Grader.NO_FINDING:
        return _no_finding(criterion, answer, scan)
    return _GRADERS[criterion.grader](criterion, answer)


def _fold(text: str, criterion: Criterion) -> str:
    return text if criterion.case_sensitive else text.casefold()


def _count_contained(criterion: Criterion, answer: Answer) -> int:
    text = _fold(answer.text, criterion)
    return sum(_fold(value, criterion) in text for value in criterion.values)


def _contains_all(criterion: Criterion, answer: Answer) -> Grade:
    found = _count_contained(criterion, answer)
    return Grade(found == len(criterion.values), f"{found} of {len(criterion.values)} texts")


def _contains_any(criterion: Criterion, answer: Answer) -> Grade:
    found = _count_contained(criterion, answer)
    return Grade(found > 0, f"{found} of {len(criterion.values)} texts")


def _contains_none(criterion: Criterion, answer: Answer) -> Grade:
    found = _count_contained(criterion, answer)
    return Grade(found == 0, f"{found} of {len(criterion.values)} texts")


def _equals(criterion: Criterion, answer: Answer) -> Grade:
    text = _fold(answer.text.strip(), criterion)
    holds = any(text == _fold(value.strip(), criterion) for value in criterion.values)
    return Grade(holds, "another text")


def _count_matched(criterion: Criterion, answer: Answer) -> int:
    options = re2.Options()
    options.case_sensitive = criterion.case_sensitive
    options.log_errors = False
    text = answer.text[:_LONGEST_MATCHED]
    return sum(re2.compile(value, options).search(text) is not None for value in criterion.values)


def _matches(criterion: Criterion, answer: Answer) -> Grade:
    found = _count_matched(criterion, answer)
    return Grade(found == len(criterion.values), f"{found} of {len(criterion.values)} patterns")


def _matches_none(criterion: Criterion, answer: Answer) -> Grade:
    found = _count_matched(criterion, answer)
    return Grade(found == 0, f"{found} of {len(criterion.values)} patterns")


def read_json(text: str) -> Any:
    """Read JSON from an answer, bare or as the one fenced block in it.

    Raises:
        ValueError: there is none.
    """
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```") and bare.count("```") == 2:  # noqa: PLR2004
        bare = bare[3:-3].removeprefix("json").strip()
    try:
        return json.loads(bare)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _json(_criterion: Criterion, answer: Answer) -> Grade:
    try:
        read_json(answer.text)
    except ValueError:
        return Grade(holds=False, why="no JSON")
    return Grade(holds=True, why="JSON")


def _json_schema(criterion: Criterion, answer: Answer) -> Grade:
    # loaded here: most sets do without, and a run should stay small
    from jsonschema.validators import Draft202012Validator  # noqa: PLC0415

    try:
        value = read_json(answer.text)
    except ValueError:
        return Grade(holds=False, why="no JSON")
    first = next(Draft202012Validator(json.loads(criterion.values[0])).iter_errors(value), None)
    if first is None:
        return Grade(holds=True, why="accepted")
    return Grade(holds=False, why=f"`{first.validator}` at {first.json_path}")


def _number(criterion: Criterion, answer: Answer) -> Grade:
    found = _NUMBER.findall(answer.text)
    if not found:
        return Grade(holds=False, why="no number")
    value = float(found[-1].replace(",", ""))
    expected = criterion.bound if criterion.bound is not None else 0.0
    return Grade(abs(value - expected) <= criterion.tolerance, f"{value:g}")


def get_likeness(text: str, reference: str) -> float:
    """Token F1 of two texts, 0 to 1: twice the shared words over all words of both.

    P. Rajpurkar et al., "SQuAD: 100,000+ questions for machine comprehension of text", EMNLP
    2016, section 6.1.
    """
    words, wanted = Counter(_split(text)), Counter(_split(reference))
    total = words.total() + wanted.total()
    return 2 * (words & wanted).total() / total if total else 1.0


def _split(text: str) -> Sequence[str]:
    return _WORD.findall(text.casefold())


def _similar(criterion: Criterion, answer: Answer) -> Grade:
    likeness = max(get_likeness(answer.text, value) for value in criterion.values)
    return Grade(likeness >= (criterion.bound or 0.0), f"likeness {likeness:.2f}")


def _calls_tools(criterion: Criterion, answer: Answer) -> Grade:
    at = 0
    left = list(answer.tool_calls)
    for number, wanted in enumerate(criterion.tools, start=1):
        arguments = json.loads(wanted.arguments)
        place = next(
            (
                index
                for index, (name, text) in enumerate(left)
                if index >= at and name == wanted.name and _has(_read_arguments(text), arguments)
            ),
            None,
        )
        if place is None:
            total = len(criterion.tools)
            return Grade(holds=False, why=f"call {number} of {total} ({wanted.name}) is missing")
        del left[place]
        at = 0 if criterion.any_order else place
    return Grade(holds=True, why="all calls")


def _read_arguments(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None


def _has(value: Any, wanted: Any) -> bool:
    """Whether every member of ``wanted`` is in ``value``, at any depth."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            key in value and _has(value[key], part) for key, part in wanted.items()
        )
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    return bool(value == wanted)


def _count_words(answer: Answer) -> int:
    return len(answer.text.split())


def _at_least_words(criterion: Criterion, answer: Answer) -> Grade:
    words = _count_words(answer)
    return Grade(words >= int(criterion.values[0]), f"{words} words")


def _at_most_words(criterion: Criterion, answer: Answer) -> Grade:
    words = _count_words(answer)
    return Grade(words <= int(criterion.values[0]), f"{words} words")


def _declines(_criterion: Criterion, answer: Answer) -> Grade:
    does = answer.refusal is not None or declines(answer.text)
    return Grade(does, "it answers" if not does else "it declines")


def _does_not_decline(_criterion: Criterion, answer: Answer) -> Grade:
    does = answer.refusal is not None or declines(answer.text)
    return Grade(not does, "it declines")


def _gateway_refuses(criterion: Criterion, answer: Answer) -> Grade:
    if answer.refusal is None:
        return Grade(holds=False, why="an answer came")
    is_wanted = not criterion.values or answer.refusal in criterion.values
    return Grade(is_wanted, f"refused with {answer.refusal}")


def _costs_at_most(criterion: Criterion, answer: Answer) -> Grade:
    return Grade(
        answer.cost_nanousd <= (criterion.bound or 0), f"{answer.cost_nanousd / 1e9:.6f} USD"
    )


def _answers_within(criterion: Criterion, answer: Answer) -> Grade:
    seconds = answer.duration_ms / 1_000
    return Grade(seconds <= (criterion.bound or 0), f"{seconds:.3f} s")


def _no_finding(criterion: Criterion, answer: Answer, scan: Scan) -> Grade:
    wanted = {_KINDS.get(value, value) for value in criterion.values}
    found = {one.type for one in scan(answer.text) if not wanted or {one.kind, one.type} & wanted}
    return Grade(not found, ", ".join(sorted(found)) or "nothing")


_ELSEWHERE = frozenset({Grader.JUDGE, Grader.COMMAND, Grader.PYTHON})
_GRADERS: Mapping[Grader, Callable[[Criterion, Answer], Grade]] = {
    Grader.CONTAINS_ALL: _contains_all,
    Grader.CONTAINS_ANY: _contains_any,
    Grader.CONTAINS_NONE: _contains_none,
    Grader.EQUALS: _equals,
    Grader.MATCHES: _matches,
    Grader.MATCHES_NONE: _matches_none,
    Grader.JSON: _json,
    Grader.JSON_SCHEMA: _json_schema,
    Grader.NUMBER: _number,
    Grader.SIMILAR: _similar,
    Grader.CALLS_TOOLS: _calls_tools,
    Grader.AT_LEAST_WORDS: _at_least_words,
    Grader.AT_MOST_WORDS: _at_most_words,
    Grader.DECLINES: _declines,
    Grader.DOES_NOT_DECLINE: _does_not_decline,
    Grader.GATEWAY_REFUSES: _gateway_refuses,
    Grader.COSTS_AT_MOST: _costs_at_most,
    Grader.ANSWERS_WITHIN: _answers_within,
}
