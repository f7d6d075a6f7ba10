"""What Prometheus reads: counters of our own parts, never anything of a caller."""

from typing import Protocol

from alos.control.plane import ControlPlane


class JournalCounts(Protocol):
    """What the journal counts since its start."""

    appended: int
    synced: int
    sync_rounds: int
    refused: int
    gaps: int


class ShipperCounts(Protocol):
    """What the shipper counts since its start."""

    shipped: int


class Metrics:
    """Writes the text format (version 0.0.4) from the counters as they stand."""

    def __init__(
        self, *, journal: JournalCounts, shipper: ShipperCounts, plane: ControlPlane
    ) -> None:
        self._journal = journal
        self._shipper = shipper
        self._plane = plane

    def write(self) -> bytes:
        """The page that a scrape gets."""
        journal = self._journal
        rows = (
            ("alos_journal_appended_total", "counter", "Entries appended.", journal.appended),
            ("alos_journal_synced_total", "counter", "Entries made durable.", journal.synced),
            ("alos_journal_sync_rounds_total", "counter", "Group commits.", journal.sync_rounds),
            (
                "alos_journal_refused_total",
                "counter",
                "Entries that could not be written.",
                journal.refused,
            ),
            ("alos_journal_gaps_total", "counter", "Declared gaps.", journal.gaps),
            (
                "alos_shipped_total",
                "counter",
                "Entries brought into the call index.",
                self._shipper.shipped,
            ),
            ("alos_stops", "gauge", "Kill switches in force.", len(self._plane.stops)),
        )
        lines = [
            f"# HELP {name} {help_}\n# TYPE {name} {kind}\n{name} {value}\n"
            for name, kind, help_, value in rows
        ]
        return "".join(lines).encode()
