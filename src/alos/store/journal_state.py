"""What the journal is set to, counts and remembers of its own failures."""

from dataclasses import dataclass
from enum import StrEnum

from alos.domain.ids import WriterId
from alos.domain.record import ClosingEntry, NoteEntry, NoteKind, Outcome
from alos.domain.refusal import ReasonCode
from alos.store.live_writer import LiveWriter


class JournalState(StrEnum):
    """What the journal takes."""

    UP = "up"
    LOW = "low"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """Sizes and paces.

    Attributes:
        segment_bytes: a segment this large is followed by a new one.
        reserve_bytes: disk space kept for refusals when the disk is full.
        anonymous_floor_bytes: below this much free space, records of unauthenticated requests
            are refused, so that a flood of them never takes the space of anybody with a key.
        tick_seconds: how often space is looked at and recovery is tried.
    """

    segment_bytes: int = 64 * 2**20
    reserve_bytes: int = 16 * 2**20
    anonymous_floor_bytes: int = 256 * 2**20
    tick_seconds: float = 0.5


@dataclass(slots=True)
class JournalMetrics:
    """Counters since the start; entries, unless the name says otherwise."""

    appended: int = 0
    synced: int = 0
    sync_rounds: int = 0
    refused: int = 0
    gaps: int = 0


@dataclass(slots=True)
class Gap:
    """A time in which the journal was down, until a note of it is on disk."""

    since_unix_ns: int
    cause: str
    """The name of the errno."""
    writer: WriterId
    refused: int = 0

    def to_note(self, failed: LiveWriter, kept_sequence: int, unix_ns: int) -> NoteEntry:
        """Declare the gap; ``kept_sequence`` is the last that counts of the failed writer."""
        facts = {
            "cause": self.cause,
            "first_writer": self.writer,
            "last_writer": failed.writer,
            "last_kept_sequence": str(kept_sequence),
            "lost_entries": str(failed.sequence - 1 - kept_sequence),
            "refused_entries": str(self.refused),
            "since_unix_ns": str(self.since_unix_ns),
        }
        return NoteEntry(kind=NoteKind.GAP, at_unix_ns=unix_ns, facts=tuple(sorted(facts.items())))


def to_unrecorded(entry: ClosingEntry) -> ClosingEntry:
    """What is certain of a call whose closing came while the journal was down."""
    if entry.outcome is Outcome.UNKNOWN:
        return entry
    return entry._replace(
        outcome=Outcome.UNKNOWN,
        reason=ReasonCode.JOURNAL_DOWN,
        detail=f"the journal was down when the call ended; it would have read {entry.outcome}",
    )
