"""What an erasure did."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was forgotten of a person this time, in journals and in the index.

    Attributes:
        entries: entries of the journals whose personal values were erased.
        rows: rows of the index that were cleared.
        is_complete: false when a reader kept old pages of the store's log alive; do it again.
    """

    entries: int
    rows: int
    is_complete: bool
