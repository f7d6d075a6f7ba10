"""What went at the end of ``record_days``."""

from typing import NamedTuple


class RemovedRecords(NamedTuple):
    """What was removed.

    Attributes:
        records: openings, closings and passing notes in the journals of this data folder.
        rows: of the index of calls.
    """

    records: int = 0
    rows: int = 0
