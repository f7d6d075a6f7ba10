"""What a sealer would do next, worked out before it asks whether it may.

The batch is made from one consistent view. It takes force only where the head is still the one
that it was made for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from alos.ledger.tree import TILE_LEVELS, Frontier, TiledNodes
from alos.store.ledger_inbox import get_place
from alos.store.ledger_tables import (
    ledger_inbox,
    ledger_leaves,
    ledger_nodes,
    ledger_writers,
)

MISSING: Final = "missing"
SILENT: Final = "silent"
CHANGED: Final = "changed"


@dataclass(frozen=True, slots=True)
class NewGap:
    """Entries that should have come and did not, or came twice and differed."""

    writer: str
    first: int
    last: int | None
    why: str


@dataclass(slots=True)
class Batch:
    """Leaves that are about to be laid.

    Attributes:
        size, root: of the tree before.
        tree: the tree after.
        leaves: (writer, sequence, hash) in order.
        nodes: (level, index, hash) that are stored.
        taken: numbers of the inbox that are done with.
        next_sequences: of each writer that appears.
    """

    size: int
    root: bytes
    tree: Frontier
    leaves: list[tuple[str, int, bytes]] = field(default_factory=list)
    nodes: list[tuple[int, int, bytes]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    gaps: list[NewGap] = field(default_factory=list)
    next_sequences: dict[str, int] = field(default_factory=dict)

    def lay(self, writer: str, sequence: int, leaf: bytes) -> None:
        """Put one leaf at the end of the tree."""
        self.leaves.append((writer, sequence, leaf))
        made = self.tree.append(leaf)
        for level in range(TILE_LEVELS, len(made) + 1, TILE_LEVELS):
            self.nodes.append((level, (self.tree.size >> level) - 1, made[level - 1]))


def sort_in(connection: Connection, batch: Batch, rows: Iterable[Row[Any]]) -> None:
    """Lay the leaves of inbox rows, each entry once, and notice what is missing."""
    waiting = [tuple(row) for row in rows]
    batch.next_sequences = known = _get_next(connection, {row[1] for row in waiting})
    for number, writer, sequence, leaf in waiting:
        batch.taken.append(number)
        due = known.get(writer, 0)
        if sequence < due:
            place = get_place(connection, writer, sequence)
            if place is not None:
                if _get_leaf(connection, place) != leaf:
                    batch.gaps.append(NewGap(writer, sequence, sequence, CHANGED))
                continue
        else:
            if sequence > due:
                batch.gaps.append(NewGap(writer, due, sequence - 1, MISSING))
            known[writer] = sequence + 1
        batch.lay(writer, sequence, leaf)


def list_waiting(connection: Connection, limit: int) -> Sequence[Row[Any]]:
    """Inbox rows in order of arrival."""
    return connection.execute(
        select(ledger_inbox).order_by(ledger_inbox.c.number).limit(limit)
    ).all()


def list_entries(connection: Connection, writer: str, first: int, last: int) -> Sequence[Row[Any]]:
    """Inbox rows of a run of one writer's entries."""
    return connection.execute(
        select(ledger_inbox)
        .where(ledger_inbox.c.writer == writer, ledger_inbox.c.sequence.between(first, last))
        .order_by(ledger_inbox.c.sequence)
    ).all()


def open_nodes(connection: Connection) -> TiledNodes:
    """The stored tree as seen by one transaction."""

    def load(level: int, begin: int, end: int) -> list[bytes]:
        if level == 0:
            statement = (
                select(ledger_leaves.c.hash)
                .where(ledger_leaves.c.position >= begin, ledger_leaves.c.position < end)
                .order_by(ledger_leaves.c.position)
            )
        else:
            statement = (
                select(ledger_nodes.c.hash)
                .where(
                    ledger_nodes.c.level == level,
                    ledger_nodes.c.position >= begin,
                    ledger_nodes.c.position < end,
                )
                .order_by(ledger_nodes.c.position)
            )
        hashes = list(connection.scalars(statement))
        if len(hashes) != end - begin:
            raise TreeBrokenError(f"the store lacks nodes {begin} to {end - 1} of level {level}")
        return hashes

    return TiledNodes(load)


class TreeBrokenError(Exception):
    """The stored tree does not hold together; nothing is signed."""


def list_ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending numbers as (first, last) of those that follow each other."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges


def _get_next(connection: Connection, writers: set[str]) -> dict[str, int]:
    columns = ledger_writers.c
    rows = connection.execute(
        select(columns.writer, columns.next_sequence).where(columns.writer.in_(writers))
    )
    return {row.writer: row.next_sequence for row in rows}


def _get_leaf(connection: Connection, position: int) -> bytes | None:
    statement = select(ledger_leaves.c.hash).where(ledger_leaves.c.position == position)
    leaf: bytes | None = connection.scalar(statement)
    return leaf
