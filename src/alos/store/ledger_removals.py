"""Holds removed records against the notes that declare their removal.

A removal is declared as a number of leaves: those that a checkpoint had covered before the first
day that is kept. So whether a removed record was old enough follows from signed heads, not from
the record, which is gone.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Final

from sqlalchemy import Connection

from alos.domain.record import NoteKind
from alos.ledger.checkpoint import Checkpoint
from alos.ledger.report import LedgerReport, Problem, Removal, Trouble
from alos.store.ledger_chain import Chain, Told
from alos.store.ledger_inbox import get_place

_DAY_NS: Final = 86_400 * 10**9


class Heads:
    """Since when leaves were under a signed head, of all heads that agree with the tree.

    A head can't be older than one of a smaller tree, whoever dated it back.
    """

    def __init__(self, heads: Iterable[Checkpoint]) -> None:
        known = sorted((one.size, one.signed_at_unix_ns or 0) for one in heads)
        self._sizes = [size for size, _ in known]
        self._times = list(accumulate((at for _, at in known), max))

    def get_time(self, leaves: int) -> int | None:
        """When so many leaves were first covered; nothing where they never were."""
        at = bisect_left(self._sizes, leaves)
        return self._times[at] if at < len(self._times) else None


def check_removals(
    connection: Connection, chains: Mapping[str, Chain], heads: Heads, report: LedgerReport
) -> None:
    """Report which records were removed by declaration, and which without one."""
    for writer, chain in chains.items():
        for note in chain.told:
            if note.kind == NoteKind.RECORDS_REMOVED.value:
                place = get_place(connection, writer, note.sequence)
                _take_note(writer, note, place, heads, report)
    report.removals.sort(key=lambda one: one.leaves_before)
    limit = report.removals[-1].leaves_before if report.removals else 0
    for writer, chain in chains.items():
        report.removed += sum(last - first + 1 for first, last in chain.removed)
        for first, last in reversed(chain.removed):
            place = get_place(connection, writer, last)
            if place is not None and place < limit:
                break  # and so are those before it
            _report(connection, writer, first, last, limit, report)


def _report(
    connection: Connection, writer: str, first: int, last: int, limit: int, report: LedgerReport
) -> None:
    """Name what of a removed stretch is not declared."""
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        place = get_place(connection, writer, middle)
        if place is not None and place < limit:
            low = middle + 1
        else:
            high = middle
    leaf = get_place(connection, writer, low)
    where = "not sealed" if leaf is None else f"leaf {leaf} on"
    text = f"records {low} to {last} of {writer} ({where}) were removed, and no note declares it"
    report.add(
        Problem(kind=Trouble.REMOVED_UNDECLARED, text=text, leaf=leaf, writer=writer, sequence=low)
    )


def _take_note(
    writer: str, note: Told, place: int | None, heads: Heads, report: LedgerReport
) -> None:
    try:
        removal = Removal(
            leaves_before=int(note.facts["leaves_before"]),
            day=note.facts["day"],
            kept_days=int(note.facts["kept_days"]),
            on_hold=int(note.facts["on_hold"]),
            writer=writer,
            sequence=note.sequence,
        )
    except (KeyError, ValueError):
        removal = None
    if removal is None or not _is_old_enough(removal, note.at_unix_ns, place, heads):
        text = (
            f"record {note.sequence} of {writer} declares a removal of records that were not as"
            " old as it says; it counts for nothing"
        )
        report.add(
            Problem(kind=Trouble.REMOVED_EARLY, text=text, writer=writer, sequence=note.sequence)
        )
        return
    report.removals.append(removal)


def _is_old_enough(removal: Removal, noted_at: int, place: int | None, heads: Heads) -> bool:
    """Whether a head signed that long before the note covers all that it declares removed."""
    if place is not None and (sealed_at := heads.get_time(place + 1)) is not None:
        noted_at = min(noted_at, sealed_at)
    signed_at = heads.get_time(removal.leaves_before)
    return signed_at is not None and signed_at + removal.kept_days * _DAY_NS <= noted_at
