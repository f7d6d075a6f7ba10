"""What became of the cases of an earlier golden set: what voters see before they vote."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alos.domain.golden import CaseKind, GoldenCase
from alos.domain.workflow import Thresholds
from alos.evals.cases import get_fingerprint, get_input_fingerprint


class ChangeKind(StrEnum):
    """How a case differs from the earlier set's."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    WEAKENED = "weakened"
    """It asks for less: a criterion is gone or changed, must-pass is off, the threshold lower."""
    RELABELLED = "relabelled"
    """An adversarial case became a happy one, or the reverse."""
    CHANGED = "changed"
    """Another input, or criteria beyond the earlier ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """One change, for people to judge.

    Attributes:
        must_pass: the earlier set had the case as one that must pass.
    """

    case_id: str
    kind: ChangeKind
    detail: str
    must_pass: bool

    @property
    def loses(self) -> bool:
        """Whether the new set can show less than the earlier one did."""
        return self.kind in {ChangeKind.REMOVED, ChangeKind.WEAKENED, ChangeKind.RELABELLED}


def list_changes(
    earlier: Sequence[GoldenCase], later: Sequence[GoldenCase]
) -> tuple[CaseChange, ...]:
    """Every difference between two sets, those that lose something first."""
    by_id = {case.id: case for case in later}
    by_input = {get_input_fingerprint(case): case for case in later}
    found: list[CaseChange] = []
    met: set[str] = set()
    for old in earlier:
        new = by_id.get(old.id) or by_input.get(get_input_fingerprint(old))
        if new is None:
            found.append(_note(old, ChangeKind.REMOVED, f"{old.kind}, gone"))
            continue
        met.add(new.id)
        found += _compare(old, new)
    found += [
        CaseChange(case_id=case.id, kind=ChangeKind.ADDED, detail=str(case.kind), must_pass=False)
        for case in later
        if case.id not in met
    ]
    return tuple(sorted(found, key=lambda one: (not one.loses, not one.must_pass, one.case_id)))


def _note(old: GoldenCase, kind: ChangeKind, detail: str) -> CaseChange:
    return CaseChange(case_id=old.id, kind=kind, detail=detail, must_pass=old.must_pass)


def _compare(old: GoldenCase, new: GoldenCase) -> Iterator[CaseChange]:
    if new.id != old.id:
        yield _note(old, ChangeKind.RENAMED, f"now {new.id}")
    if get_fingerprint(old) == get_fingerprint(new):
        return
    if new.kind is not old.kind:
        yield _note(old, ChangeKind.RELABELLED, f"{old.kind} became {new.kind}")
    lost = list(_list_lost(old, new))
    if lost:
        yield _note(old, ChangeKind.WEAKENED, "; ".join(lost))
    elif new.kind is old.kind:
        yield _note(old, ChangeKind.CHANGED, "asks for more")


def _list_lost(old: GoldenCase, new: GoldenCase) -> Iterator[str]:
    if old.must_pass and not new.must_pass:
        yield "need not pass any more"
    if new.threshold < old.threshold:
        yield f"threshold {old.threshold:g} became {new.threshold:g}"
    if get_input_fingerprint(old) != get_input_fingerprint(new) or old.offers != new.offers:
        yield "another input"
    gone = [one for one in old.criteria if one not in new.criteria]
    if gone:
        names = ", ".join(dict.fromkeys(one.grader.value for one in gone))
        yield f"{len(gone)} of {len(old.criteria)} criteria gone or changed: {names}"
    if old.kind is CaseKind.ADVERSARIAL and new.kind is CaseKind.HAPPY:
        yield "no longer adversarial"


def list_lowered(earlier: Thresholds, later: Thresholds) -> tuple[str, ...]:
    """Thresholds that ask for less than before, one line each."""
    pairs = {
        "pass_rate": (earlier.pass_rate, later.pass_rate, later.pass_rate < earlier.pass_rate),
        "adversarial_share": (
            earlier.adversarial_share,
            later.adversarial_share,
            later.adversarial_share < earlier.adversarial_share,
        ),
        "max_cost_usd": (
            earlier.max_cost_nanousd / 1e9,
            later.max_cost_nanousd / 1e9,
            later.max_cost_nanousd > earlier.max_cost_nanousd,
        ),
        "latency_seconds": (
            earlier.latency_seconds,
            later.latency_seconds,
            later.latency_seconds > earlier.latency_seconds,
        ),
        "latency_quantile": (
            earlier.latency_quantile,
            later.latency_quantile,
            later.latency_quantile < earlier.latency_quantile,
        ),
    }
    return tuple(
        f"{name} {before:g} became {now:g}" for name, (before, now, less) in pairs.items() if less
    )
