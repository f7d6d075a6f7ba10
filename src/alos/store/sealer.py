"""The sealer: lays arrived entries into the tree and signs its head.

One sealer at a time, by a lease in the store. Before it signs, it swaps the head: the new size
and root take the place of the old ones only where these, the lease's epoch and its end are
still what the sealer thinks. A sealer that slept through the end of its lease changes nothing
and signs nothing. The signature is made inside that transaction, so it stands or falls with it.

It never contradicts a checkpoint outside: if the store lost leaves that one covers, the sealer
lays them again in their old order as the journals bring them back; if the store holds others,
it stops.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, text, update

from alos.ledger.checkpoint import Checkpoint, sign_checkpoint
from alos.ledger.note import SigningKey
from alos.ledger.tree import EMPTY_ROOT, Frontier, hash_range
from alos.ports.clock import Clock
from alos.store.bulk import append
from alos.store.engine import Store
from alos.store.ledger_outside import CheckpointFolder, Run, read_order, to_runs
from alos.store.ledger_tables import (
    ledger_checkpoints,
    ledger_gaps,
    ledger_head,
    ledger_inbox,
    ledger_leaves,
    ledger_nodes,
    ledger_writers,
)
from alos.store.sealer_batch import (
    Batch,
    NewGap,
    TreeBrokenError,
    list_entries,
    list_ranges,
    list_waiting,
    open_nodes,
    sort_in,
)
from alos.store.upsert import upsert

_logger = logging.getLogger(__name__)

LEASE_SECONDS: Final = 10.0
BATCH_LEAVES: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What one round did.

    Attributes:
        checkpoints: signed notes, oldest first.
    """

    leaves: int
    checkpoints: tuple[str, ...]


class Sealer:
    """Seals one store's inbox.

    Args:
        outside: where checkpoints are kept beside the database.
        key: signs under the ledger's origin, which is its name.
        holder: names the data folder whose sealer this is; the same after a restart.
        batch_leaves: most leaves in one transaction.
    """

    def __init__(
        self,
        store: Store,
        outside: CheckpointFolder,
        key: SigningKey,
        *,
        clock: Clock,
        holder: str,
        lease_seconds: float = LEASE_SECONDS,
        batch_leaves: int = BATCH_LEAVES,
    ) -> None:
        self.sealed = 0
        self._store = store
        self._outside = outside
        self._key = key
        self._clock = clock
        self._holder = holder
        self._lease_ns = int(lease_seconds * 1e9)
        self._batch_leaves = batch_leaves
        self._epoch = 0
        self._plan: list[Run] = []
        self._tree: Frontier | None = None
        self._alone = threading.Lock()
        """A round whose task was cancelled still runs in its thread."""

    def seal_once(self) -> Sealed:
        """Lay and sign all that waits, if this sealer may (blocks).

        Raises:
            StoreDown: the store can't be used; what was not sealed waits.
            TreeBrokenError: the stored tree contradicts itself or a checkpoint outside.
            OSError: checkpoints can't be written outside; they are at the next round.
        """
        with self._alone:
            return self._seal()

    def _seal(self) -> Sealed:
        leaves, notes = 0, []
        while self._is_work_waiting() and self._hold_lease():
            with self._store.read() as connection:
                batch = self._prepare(connection)
            if batch is None:
                break
            note = self._commit(batch)
            if note is None:
                break
            leaves += len(batch.leaves)
            notes += [note] if note else []
        if notes:
            self._publish()
        self.sealed += leaves
        return Sealed(leaves=leaves, checkpoints=tuple(notes))

    def release(self) -> None:
        """Give the lease back, so that the next sealer need not wait for its end.

        Raises:
            StoreDown: it ends by itself.
        """
        with self._alone, self._store.write() as connection:
            connection.execute(
                update(ledger_head)
                .where(
                    ledger_head.c.lease_epoch == self._epoch,
                    ledger_head.c.lease_holder == self._holder,
                )
                .values(lease_ends_at_unix_ns=0)
            )
        self._tree = None

    def may_note(self) -> bool:
        """Whether no other sealer holds the lease, so that two don't note the same gap."""
        with self._store.read() as connection:
            head = _get_head(connection)
        return head is None or self._is_free(head, self._clock.unix_ns())

    def _is_work_waiting(self) -> bool:
        with self._store.read() as connection:
            return connection.scalar(select(ledger_inbox.c.number).limit(1)) is not None

    # --- the lease ------------------------------------------------------------------------

    def _hold_lease(self) -> bool:
        """Take, keep or renew the lease; a new one begins with a look at what is outside."""
        now = self._clock.unix_ns()
        with self._store.read() as connection:
            head = _get_head(connection)
        if head is not None and self._is_mine(head) and self._is_fresh(head, now):
            return True
        if head is not None and not self._is_free(head, now):
            return False
        with self._outside.hold(), self._store.write() as connection:
            head = _get_head(connection)
            if head is None:
                connection.execute(insert(ledger_head), _FIRST_HEAD)
                head = _get_head(connection)
                assert head is not None, "it was just put there"
            if not self._is_free(head, now):
                return False
            is_new = not self._is_mine(head)
            epoch = head.lease_epoch + is_new
            connection.execute(
                update(ledger_head).values(
                    lease_epoch=epoch,
                    lease_holder=self._holder,
                    lease_ends_at_unix_ns=now + self._lease_ns,
                )
            )
            if is_new:
                self._plan = self._check_outside(connection, head.size)
        if is_new:
            self._tree = None
        self._epoch = epoch
        return True

    def _is_mine(self, head: Row[Any]) -> bool:
        return bool((head.lease_holder, head.lease_epoch) == (self._holder, self._epoch))

    def _is_free(self, head: Row[Any], now: int) -> bool:
        """Whether the lease may be taken or renewed.

        A sealer that has just started takes its namesake's: that one is dead, or finds another
        epoch when it wakes.
        """
        if self._is_mine(head) or now >= head.lease_ends_at_unix_ns:
            return True
        return bool(self._epoch == 0 and head.lease_holder == self._holder)

    def _is_fresh(self, head: Row[Any], now: int) -> bool:
        return bool(now + self._lease_ns // 2 < head.lease_ends_at_unix_ns)

    def _check_outside(self, connection: Connection, size: int) -> list[Run]:
        """Compare with the newest checkpoint outside; return what must be laid again first."""
        last = self._outside.last
        if last is None:
            return []
        if last.size > size:
            _logger.warning("the store lost %d sealed leaves; laying them again", last.size - size)
            return [run for run in read_order(self._outside.path) if run.end > size]
        if hash_range(0, last.size, open_nodes(connection)) != last.root:
            raise TreeBrokenError(
                f"the store's tree is not the one of the checkpoint of {last.size} leaves in"
                f" {self._outside.path}; nothing is signed until a person has looked"
            )
        return []

    # --- one batch ------------------------------------------------------------------------

    def _prepare(self, connection: Connection) -> Batch | None:
        head = _get_head(connection)
        if head is None or not self._is_mine(head):
            return None
        tree = self._tree
        if tree is None or (tree.size, tree.root) != (head.size, head.root):
            tree = Frontier.load(head.size, open_nodes(connection))
            if tree.root != head.root:
                raise TreeBrokenError("the stored leaves do not have the stored head")
        self._tree = None
        batch = Batch(head.size, head.root, tree)
        rows = self._choose(connection, head.size)
        if not rows:
            return None
        sort_in(connection, batch, rows)
        return batch

    def _choose(self, connection: Connection, size: int) -> Sequence[Row[Any]]:
        while self._plan and self._plan[0].end <= size:
            self._plan.pop(0)
        if not self._plan:
            owed = self._count_owed(size)
            limit = min(self._batch_leaves, owed) if owed else self._batch_leaves
            return list_waiting(connection, limit)
        run = self._plan[0]
        first = run.first + size - run.position
        last = min(run.last, first + self._batch_leaves - 1)
        rows = list_entries(connection, run.writer, first, last)
        if len(rows) != last - first + 1:
            _logger.warning(
                "%d entries from %d on of %s were sealed before and are not back yet",
                last - first + 1 - len(rows),
                first,
                run.writer,
            )
            return []
        return rows

    def _commit(self, batch: Batch) -> str | None:
        """Swap the head and sign it.

        Returns:
            The checkpoint, empty where no leaf was new; ``None`` when the lease or the head is
            not what it was, and so nothing happened.
        """
        tree = batch.tree
        with self._store.write() as connection:
            now = self._clock.unix_ns()
            if not self._swap_head(connection, batch, now):
                _logger.warning("the sealer lost its lease; nothing was signed")
                return None
            self._keep(connection, batch, now)
            note = ""
            if batch.leaves and not self._count_owed(tree.size):
                self._check_replayed(tree)
                note = sign_checkpoint(self._to_checkpoint(tree, now), self._key)
                row = {"size": tree.size, "signed_at_unix_ns": now, "note": note}
                connection.execute(insert(ledger_checkpoints), row)
        self._tree = tree
        return note

    def _swap_head(self, connection: Connection, batch: Batch, now: int) -> bool:
        columns = ledger_head.c
        swapped = connection.execute(
            update(ledger_head)
            .where(
                columns.size == batch.size,
                columns.root == batch.root,
                columns.lease_epoch == self._epoch,
                columns.lease_holder == self._holder,
                columns.lease_ends_at_unix_ns > now,
            )
            .values(size=batch.tree.size, root=batch.tree.root)
        )
        return swapped.rowcount == 1

    def _to_checkpoint(self, tree: Frontier, now: int) -> Checkpoint:
        origin = self._key.verify_key.name
        return Checkpoint(origin=origin, size=tree.size, root=tree.root, signed_at_unix_ns=now)

    def _count_owed(self, size: int) -> int:
        """Leaves that a checkpoint outside covers and the tree does not have (again) yet."""
        last = self._outside.last
        return max(0, last.size - size) if last is not None else 0

    def _check_replayed(self, tree: Frontier) -> None:
        last = self._outside.last
        if last is not None and last.size == tree.size and last.root != tree.root:
            raise TreeBrokenError(
                f"the journals no longer give the tree of the checkpoint of {last.size} leaves"
            )

    def _keep(self, connection: Connection, batch: Batch, now: int) -> None:
        seen = [
            {"writer": writer, "next_sequence": due, "seen_at_unix_ns": now, "is_silent": False}
            for writer, due in batch.next_sequences.items()
        ]
        if seen:
            connection.execute(_SEE_WRITER, seen)
        rows = connection.execute(
            select(ledger_writers.c.writer, ledger_writers.c.number).where(
                ledger_writers.c.writer.in_(batch.next_sequences)
            )
        )
        numbers = {row.writer: row.number for row in rows}
        leaves = [
            (position, numbers[writer], sequence, leaf)
            for position, (writer, sequence, leaf) in enumerate(batch.leaves, batch.size)
        ]
        append(connection, "ledger_leaves", ledger_leaves.c.keys(), leaves)
        append(connection, "ledger_nodes", ledger_nodes.c.keys(), batch.nodes)
        add_gaps(connection, batch.gaps, now)
        for first, last in list_ranges(batch.taken):
            connection.execute(_TAKE, {"first": first, "last": last})

    # --- outside --------------------------------------------------------------------------

    def _publish(self) -> None:
        """Write outside what the database has and the files have not."""
        with self._outside.hold(), self._store.read() as connection:
            columns = ledger_leaves.c
            entries = connection.execute(
                select(ledger_writers.c.writer, columns.sequence)
                .join(ledger_writers, ledger_writers.c.number == columns.writer_number)
                .where(columns.position >= self._outside.order_end)
                .order_by(columns.position)
            )
            runs = list(to_runs(self._outside.order_end, entries))
            since = self._outside.last.size if self._outside.last is not None else 0
            notes = connection.scalars(
                select(ledger_checkpoints.c.note)
                .where(ledger_checkpoints.c.size > since)
                .order_by(ledger_checkpoints.c.number)
            ).all()
            self._outside.append(notes, runs)


def add_gaps(connection: Connection, gaps: Sequence[NewGap], now: int) -> None:
    """Keep gaps until each is noted in a journal, and after."""
    rows = [
        {
            "writer": gap.writer,
            "first_sequence": gap.first,
            "last_sequence": gap.last,
            "why": gap.why,
            "noticed_at_unix_ns": now,
            "is_noted": False,
        }
        for gap in gaps
    ]
    for row in rows:
        _logger.error("ledger: entries %s of %s", row["why"], row["writer"])
    upsert(connection, ledger_gaps, rows)


def _get_head(connection: Connection) -> Row[Any] | None:
    return connection.execute(select(ledger_head)).one_or_none()


_FIRST_HEAD: Final = {
    "only": 1,
    "size": 0,
    "root": EMPTY_ROOT,
    "lease_epoch": 0,
    "lease_holder": "",
    "lease_ends_at_unix_ns": 0,
}
_SEE_WRITER: Final = text(
    "INSERT INTO ledger_writers (writer, next_sequence, seen_at_unix_ns, is_silent)"
    " VALUES (:writer, :next_sequence, :seen_at_unix_ns, :is_silent)"
    " ON CONFLICT (writer) DO UPDATE SET next_sequence = excluded.next_sequence,"
    " seen_at_unix_ns = excluded.seen_at_unix_ns, is_silent = excluded.is_silent"
)
_TAKE: Final = text("DELETE FROM ledger_inbox WHERE number BETWEEN :first AND :last")
