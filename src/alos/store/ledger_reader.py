"""The :class:`alos.ports.ledger.Ledger` over the embedded store and the journals."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from alos.domain.fault import StoreDown
from alos.domain.ids import CallId
from alos.ledger.tree import hash_range, prove_consistency, prove_inclusion
from alos.ports.ledger import LedgerEntry
from alos.store.engine import Store
from alos.store.entry_files import EntryFiles
from alos.store.folder import find_folder
from alos.store.frame import Frame
from alos.store.ledger_calls import Place, find_entries
from alos.store.ledger_chain import is_entry, read_record
from alos.store.ledger_inbox import get_place
from alos.store.ledger_tables import ledger_checkpoints, ledger_head, ledger_leaves
from alos.store.sealer_batch import open_nodes
from alos.store.sealer_job import list_changes


class StoredLedger:
    """Leaves and heads come from the store, the bytes of entries from the journals.

    Args:
        journal: folder of the journals.
        others: folders of the installation's other gateways' journals.
    """

    def __init__(self, store: Store, journal: Path, others: Sequence[Path] = ()) -> None:
        self._store = store
        self._journals = [journal, *others]

    def list_entries(self, call_id: CallId) -> Sequence[LedgerEntry]:
        """The entries that name a call, in the order of the log; those that are lost left out."""
        with self._store.read() as connection:
            found = [
                (place, get_place(connection, place.writer, place.sequence))
                for place in find_entries(connection, call_id)
            ]
        entries = []
        for place, position in found:
            frame = self._read(place)
            if frame is not None:
                entries.append(
                    LedgerEntry(
                        writer=place.writer,
                        sequence=place.sequence,
                        position=position,
                        chained=frame.chained,
                        personal=frame.personal,
                    )
                )
        return sorted(entries, key=lambda one: (one.position is None, one.position or 0))

    def _read(self, place: Place) -> Frame | None:
        """The entry where the index says, else wherever in its writer's journal it is."""
        if place.segment is not None and place.offset is not None:
            with suppress(StoreDown), EntryFiles(self._journals) as files:
                frame = files.read(place.writer, place.segment, place.offset)
                if is_entry(frame, place.writer, place.sequence):
                    return frame
        folder = find_folder(self._journals, place.writer)
        return None if folder is None else read_record(folder, place.writer, place.sequence)

    def get_checkpoint(self, least_size: int = 0) -> str | None:
        """The newest signed head of at least so many leaves."""
        columns = ledger_checkpoints.c
        with self._store.read() as connection:
            note: str | None = connection.scalar(
                select(columns.note)
                .where(columns.size >= least_size)
                .order_by(columns.number.desc())
                .limit(1)
            )
        return note

    def get_inclusion(self, position: int, size: int) -> list[bytes]:
        """The path from a leaf to the head of ``size`` leaves."""
        with self._store.read() as connection:
            return prove_inclusion(position, size, open_nodes(connection))

    def get_consistency(self, old: int, new: int) -> list[bytes]:
        """Show that the tree of ``old`` leaves is the beginning of that of ``new``."""
        with self._store.read() as connection:
            return prove_consistency(old, new, open_nodes(connection))

    def get_root(self, size: int) -> bytes:
        """The head of the first ``size`` leaves."""
        with self._store.read() as connection:
            return hash_range(0, size, open_nodes(connection))

    def get_size(self) -> int:
        """How many leaves the tree has."""
        with self._store.read() as connection:
            return connection.scalar(select(ledger_head.c.size)) or 0

    def find_leaf(self, leaf: bytes) -> int | None:
        """Where the tree has a leaf of this hash; looks through all of them."""
        columns = ledger_leaves.c
        with self._store.read() as connection:
            return connection.scalar(select(columns.position).where(columns.hash == leaf).limit(1))

    def list_key_changes(self) -> Sequence[dict[str, str]]:
        """The facts of the notes that announce keys, oldest first."""
        return [change.to_facts() for change in list_changes(self._store)]
