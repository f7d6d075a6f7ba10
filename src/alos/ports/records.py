"""Records of calls that can be let go of, in the journals and in the index.

The methods block; each may raise ``StoreDown``, and ``OSError`` where a journal can't be read or
written. What was removed until then stays so; do it again.
"""

from typing import Protocol

from alos.domain.ids import CallId
from alos.domain.removal import RemovedRecords


class Records(Protocol):
    """The records of one data folder, and the index of all."""

    def count_leaves_before(self, unix_ns: int) -> int:
        """How many leaves a head covered that was signed before a time."""

    def has_removable(self, leaves: int, spared: frozenset[CallId]) -> bool:
        """Whether a removal would find anything in the journals."""

    def remove(
        self, leaves: int, before_unix_ns: int, spared: frozenset[CallId]
    ) -> RemovedRecords:
        """Remove records among the first ``leaves`` and index rows of calls before a time.

        Calls in ``spared`` stay whole. Their leaves stay of all.
        """
