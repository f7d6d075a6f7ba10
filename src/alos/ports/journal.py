"""Where records become durable."""

from typing import Protocol

from alos.domain.record import ClosingEntry, NoteEntry, OpeningEntry


class Journal(Protocol):
    """The append-only log of one gateway process.

    All methods are called from one event loop. When one raises, nothing that it was given may
    be counted as recorded.
    """

    def open(self, entry: OpeningEntry) -> None:
        """Append an opening; on return it survives a killed process (not a lost machine).

        Raises:
            JournalDown: it was not written.
        """

    async def close(self, entry: ClosingEntry) -> str | None:
        """Append a closing; on return it is on disk. Cancellation does not undo the append.

        Returns:
            The receipt of the call (``docs/reference/ledger-format.md``); ``None`` from a
            journal that signs none.

        Raises:
            JournalDown: it is not certain to be on disk.
        """

    async def note(self, entry: NoteEntry) -> None:
        """Append anything else, durable on return.

        Raises:
            JournalDown: it is not certain to be on disk.
        """
