"""The whole ledger as lines of text, for somebody who wants to compute every head anew."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import select

from alos.domain.ids import WriterId
from alos.ledger.note import encode_base64
from alos.store.engine import Store
from alos.store.folder import find_folder
from alos.store.journal_reader import JournalReader
from alos.store.ledger_tables import ledger_leaves, ledger_writers

_ROWS = 10_000


class _Records:
    """Chained bytes of one writer, asked for in nearly their order."""

    def __init__(self, folder: Path, writer: WriterId) -> None:
        self._frames = JournalReader(folder, writer).iterate_values()
        self._skipped: dict[int, bytes] = {}

    def take(self, sequence: int) -> bytes | None:
        if sequence in self._skipped:
            return self._skipped.pop(sequence)
        for frame, values in self._frames:
            if values.sequence == sequence:
                return frame.chained
            self._skipped[values.sequence] = frame.chained
            if values.sequence > sequence:
                return None
        return None


def iterate_leaves(store: Store, journals: Sequence[Path]) -> Iterator[str]:
    """One JSON object a line for each leaf, in order; ``chained`` is null where it is gone.

    Raises:
        StoreDown: the store can't be read.
    """
    records: dict[str, _Records] = {}
    columns = ledger_leaves.c
    statement = (
        select(columns.position, ledger_writers.c.writer, columns.sequence, columns.hash)
        .join(ledger_writers, ledger_writers.c.number == columns.writer_number)
        .order_by(columns.position)
    )
    with store.read() as connection:
        rows = connection.execution_options(yield_per=_ROWS).execute(statement)
        for position, writer, sequence, leaf in rows:
            if writer not in records:
                name = WriterId(writer)
                records[writer] = _Records(find_folder(journals, name) or journals[0], name)
            chained = records[writer].take(sequence)
            line = {
                "leaf": position,
                "hash": encode_base64(leaf),
                "chained": None if chained is None else encode_base64(chained),
            }
            yield json.dumps(line) + "\n"
