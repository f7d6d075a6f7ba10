"""What a check of the whole ledger found."""

from dataclasses import dataclass, field
from enum import StrEnum

from alos.ledger.checkpoint import Checkpoint


class Trouble(StrEnum):
    """Kinds of problem."""

    JOURNAL_DAMAGED = "journal_damaged"
    """A spot of a journal does not verify."""
    RECORD_DIFFERS = "record_differs"
    """A record's leaf is not the one in the tree."""
    RECORD_MISSING = "record_missing"
    """The tree has a leaf whose record is gone from the journals."""
    REMOVED_UNDECLARED = "removed_undeclared"
    """Records were removed, and no note of the ledger that holds declares it."""
    REMOVED_EARLY = "removed_early"
    """A note declares a removal of records that were not as old as it says."""
    RECORD_EXTRA = "record_extra"
    """A record stands in a journal among sealed ones and has no leaf."""
    LEAF_MISSING = "leaf_missing"
    """The store lacks a leaf that the tree was made of."""
    NODE_DIFFERS = "node_differs"
    """A stored part of the tree does not follow from its leaves."""
    HEAD_DIFFERS = "head_differs"
    """The stored head is not the head of the stored leaves."""
    CHECKPOINT_DIFFERS = "checkpoint_differs"
    """A signed head is not the head of that many leaves."""
    CHECKPOINT_UNSIGNED = "checkpoint_unsigned"
    """No key that is trusted signed a checkpoint."""
    KEY_UNVOUCHED = "key_unvouched"
    """A key took another's place without that one's signature."""
    REWRITTEN = "rewritten"
    """The tree is not the one that checkpoints outside saw."""
    GAP_UNDECLARED = "gap_undeclared"
    """Entries of a writer are missing and nothing says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        text: a sentence for the operator.
        leaf: position in the tree.
        call_id: of the record, where it can still be told.
    """

    kind: Trouble
    text: str
    leaf: int | None = None
    writer: str | None = None
    sequence: int | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredGap:
    """Entries that are missing and were declared so."""

    writer: str
    first: int
    last: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Records that were removed at the end of their time, as a note declared before.

    Attributes:
        leaves_before: the removal is of leaves before this one; they themselves stand.
        day: first day (UTC) whose records are kept.
        writer, sequence: where the note stands.
    """

    leaves_before: int
    day: str
    kept_days: int
    on_hold: int
    writer: str
    sequence: int


@dataclass(slots=True, kw_only=True)
class LedgerReport:
    """The result of a check.

    Attributes:
        problems: the first of each kind, up to a limit; ``counts`` has them all.
        removals: declared ends of retention, the earliest first.
        removed: records that are gone by them.
        unsealed: records in the journals that wait for their place.
        torn: half-written ends of journals; never acknowledged, so nothing is lost by them.
        agreed, disagreed: checkpoints outside around the place where a rewritten tree parts.
    """

    origin: str = ""
    leaves: int = 0
    records: int = 0
    unsealed: int = 0
    removed: int = 0
    removals: list[Removal] = field(default_factory=list)
    checkpoints: int = 0
    checkpoints_outside: int = 0
    keys: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    counts: dict[Trouble, int] = field(default_factory=dict)
    gaps: list[DeclaredGap] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    agreed: Checkpoint | None = None
    disagreed: Checkpoint | None = None

    @property
    def is_good(self) -> bool:
        """Nothing is wrong."""
        return not self.counts

    def add(self, problem: Problem) -> None:
        """Count a problem and keep it, if it is among the first of its kind."""
        count = self.counts.get(problem.kind, 0)
        self.counts[problem.kind] = count + 1
        if count < MOST_OF_A_KIND:
            self.problems.append(problem)


MOST_OF_A_KIND = 20
