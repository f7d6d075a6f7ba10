"""An erasure of a person: what is asked, and what was done."""

from dataclasses import dataclass
from typing import NamedTuple

from alos.domain.ids import PersonId


class ErasureOrder(NamedTuple):
    """Somebody's wish that a person be forgotten.

    Attributes:
        request: what asks for it.
        by: who does it.
    """

    person: PersonId
    request: str
    by: str
    at_unix_ns: int


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
