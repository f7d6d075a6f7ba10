"""Checks the whole ledger again: journals, leaves, tree, signed heads inside and outside.

One pass in the order of the tree. Each leaf is compared with the record in its journal and laid
into a second tree, whose head is compared with every checkpoint of that size.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from alos.domain.record import NoteKind
from alos.ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from alos.ledger.keys import KeyChange, get_trusted
from alos.ledger.note import NoteMalformedError, SignatureBadError, VerifyKey
from alos.ledger.report import MOST_OF_A_KIND, DeclaredGap, LedgerReport, Problem, Trouble
from alos.ledger.tree import TILE_LEVELS, TILE_WIDTH, Frontier, hash_complete
from alos.ports.clock import to_datetime
from alos.store.bulk import list_in_parts
from alos.store.engine import Store
from alos.store.folder import list_writers
from alos.store.ledger_calls import find_call
from alos.store.ledger_chain import Chain
from alos.store.ledger_outside import read_outside
from alos.store.ledger_readahead import reading_ahead
from alos.store.ledger_removals import Heads, check_removals
from alos.store.ledger_stream import Stream, list_holes
from alos.store.ledger_tables import (
    ledger_checkpoints,
    ledger_gaps,
    ledger_head,
    ledger_leaves,
    ledger_nodes,
    ledger_writers,
)

_ROWS: Final = 2_560
"""Few enough that the rows are gone again before the collector comes to count them as old."""
_LEAVES: Final = (
    "SELECT position, writer_number, sequence, hash FROM ledger_leaves ORDER BY position"
)
Leaf = tuple[int, int, int, bytes]
"""(position, writer's number, sequence, hash)."""
Progress = Callable[[int, int], None]
"""(leaves done, leaves in all)."""


class LedgerCheck:
    """One check.

    Args:
        journal: folder of the journals.
        outside: files or folders of checkpoints that are kept outside the store.
        trusted: keys to start from; the first announced one when empty.
        others: folders of journals of the installation's other gateways.
        processes: how many read journals beside this one, where there is much to read.
    """

    def __init__(
        self,
        store: Store,
        journal: Path,
        outside: Sequence[Path],
        *,
        origin: str,
        trusted: Sequence[VerifyKey] = (),
        processes: int = 0,
        others: Sequence[Path] = (),
    ) -> None:
        self._store = store
        self._outside = outside
        self._trusted = trusted
        self._processes = processes
        self._journals = [journal, *others]
        self._streams: dict[str, Stream] = {}
        self._tree = Frontier()
        self._by_journals: Frontier | None = None
        self.report = LedgerReport(origin=origin)

    def run(self, progress: Progress = lambda _done, _total: None) -> LedgerReport:
        """Check everything (blocks).

        Raises:
            StoreDown: the store can't be read.
        """
        with (
            reading_ahead(self._journals, self._processes) as read,
            self._store.read() as connection,
        ):
            self._streams = {
                writer: Stream(Chain(folder, writer, read))
                for folder in self._journals
                for writer in list_writers(folder)
            }
            inside = list(
                connection.scalars(
                    select(ledger_checkpoints.c.note).order_by(ledger_checkpoints.c.number)
                )
            )
            outside = [read_outside(place) for place in self._outside]
            heads = _sort_heads([*inside, *itertools.chain(*outside)])
            self.report.checkpoints = len(inside)
            self.report.checkpoints_outside = sum(map(len, outside))
            roots = self._walk(connection, heads, progress)
            self._finish_streams(connection)
            self._check_head(connection)
            self._check_gaps(connection)
        keys = self._check_keys()
        good = self._check_notes(inside, roots, keys, "in the store")
        for place, notes in zip(self._outside, outside, strict=True):
            there = self._check_notes(notes, roots, keys, f"in {place}")
            self._find_interval(there, place)
            good += there
        self._check_removals([one for one, agrees in good if agrees])
        return self.report

    # --- leaves ---------------------------------------------------------------------------

    def _walk(
        self, connection: Connection, sizes: Sequence[int], progress: Progress
    ) -> dict[int, tuple[bytes, bytes]]:
        """Go through all leaves; return the heads at ``sizes``, by the store and by journals."""
        total = connection.scalar(select(func.count()).select_from(ledger_leaves)) or 0
        names = connection.execute(select(ledger_writers.c.number, ledger_writers.c.writer))
        writers = {row.number: row.writer for row in names}
        nodes, tree = _list_nodes(connection), self._tree
        roots = {0: (tree.root, tree.root)}
        for rows in _list_chunks(connection, sizes):
            writer = writers.get(rows[0][1], "")
            if not self._lay_at_once(rows, writer, nodes):
                for row in rows:
                    if row[0] == tree.size:
                        self._lay(connection, row, writers.get(row[1], ""), nodes)
            roots[tree.size] = (tree.root, (self._by_journals or tree).root)
            if tree.size <= rows[-1][0]:
                self._miss_leaves(tree.size, rows)
                break
            progress(tree.size, total)
        self.report.leaves = tree.size
        return roots

    def _lay_at_once(
        self, rows: Sequence[Leaf], writer: str, nodes: dict[tuple[int, int], bytes]
    ) -> bool:
        """Lay a run of one writer that agrees with its journal."""
        stream, (first, number, sequence, _) = self._streams.get(writer), rows[0]
        _, numbers, sequences, hashes = zip(*rows, strict=True)
        count = len(rows)
        if (
            stream is None
            or first != self._tree.size
            or rows[-1][0] != first + count - 1
            or numbers.count(number) != count
            or sequences != tuple(range(sequence, sequence + count))
            or not stream.take_run(sequence, b"".join(hashes))
        ):
            return False
        others = [] if self._by_journals is None else [self._by_journals]
        if count == TILE_WIDTH:
            top = hash_complete(hashes)
            for tree in others:
                tree.append_complete(top, TILE_LEVELS)
            made = self._tree.append_complete(top, TILE_LEVELS)
            self._check_nodes(nodes, TILE_LEVELS, made, first)
            return True
        for position, leaf in enumerate(hashes, first):
            for tree in others:
                tree.append(leaf)
            self._check_nodes(nodes, 1, self._tree.append(leaf), position)
        return True

    def _lay(
        self,
        connection: Connection,
        row: Leaf,
        writer: str,
        nodes: dict[tuple[int, int], bytes],
    ) -> None:
        position, _, sequence, stored = row
        stream = self._streams.get(writer)
        leaf = stream.take(sequence) if stream is not None else None
        if leaf != stored:
            self._differ(connection, position, writer, sequence, leaf)
            if self._by_journals is None:
                self._by_journals = Frontier(self._tree.size, self._tree.peaks)
        if self._by_journals is not None:
            self._by_journals.append(leaf or stored)
        self._check_nodes(nodes, 1, self._tree.append(stored), position)

    def _miss_leaves(self, first: int, rows: Sequence[Leaf]) -> None:
        there = next(position for position, *_ in rows if position > first)
        text = f"the store has no leaves {first} to {there - 1}; later ones are not comparable"
        self.report.add(Problem(kind=Trouble.LEAF_MISSING, text=text, leaf=first))

    def _differ(
        self,
        connection: Connection,
        position: int,
        writer: str,
        sequence: int,
        leaf: bytes | None,
    ) -> None:
        kind = Trouble.RECORD_MISSING if leaf is None else Trouble.RECORD_DIFFERS
        is_told = self.report.counts.get(kind, 0) < MOST_OF_A_KIND
        call = find_call(connection, writer, sequence) if is_told else None
        what = f"record {sequence} of {writer}" + (f" ({call})" if call else "")
        why = "is gone from the journals" if leaf is None else "is not what the tree holds"
        text = f"{what} {why}; it is leaf {position}"
        self.report.add(
            Problem(
                kind=kind,
                text=text,
                leaf=position,
                writer=writer,
                sequence=sequence,
                call_id=call,
            )
        )

    def _check_nodes(
        self,
        nodes: dict[tuple[int, int], bytes],
        lowest: int,
        made: Sequence[bytes],
        position: int,
    ) -> None:
        """Compare stored nodes with the tops of ``lowest`` level and up."""
        for level in range(TILE_LEVELS, lowest + len(made), TILE_LEVELS):
            index = position >> level
            if nodes.get((level, index)) != made[level - lowest]:
                first, last = index << level, ((index + 1) << level) - 1
                text = f"the stored node over leaves {first} to {last} does not follow from them"
                self.report.add(Problem(kind=Trouble.NODE_DIFFERS, text=text, leaf=first))

    def _finish_streams(self, connection: Connection) -> None:
        report = self.report
        for writer, stream in self._streams.items():
            stream.drain()
            report.records += stream.read
            report.torn += stream.chain.torn
            for sequence, text in stream.chain.damage:
                call = find_call(connection, writer, sequence)
                report.add(
                    Problem(
                        kind=Trouble.JOURNAL_DAMAGED,
                        text=f"{text} (record {sequence}{f', {call}' if call else ''})",
                        writer=writer,
                        sequence=sequence,
                        call_id=call,
                    )
                )
            end = max((last for _, last in stream.sealed), default=-1)
            for sequence in sorted(stream.skipped):
                if sequence > end:
                    report.unsealed += 1
                    continue
                text = f"record {sequence} of {writer} stands among sealed ones and has no leaf"
                report.add(
                    Problem(kind=Trouble.RECORD_EXTRA, text=text, writer=writer, sequence=sequence)
                )

    def _check_head(self, connection: Connection) -> None:
        head = connection.execute(select(ledger_head)).one_or_none()
        size, root = (head.size, head.root) if head is not None else (0, Frontier().root)
        if (size, root) != (self._tree.size, self._tree.root):
            text = f"the stored head of {size} leaves is not that of the {self._tree.size} stored"
            self.report.add(Problem(kind=Trouble.HEAD_DIFFERS, text=text))

    def _check_gaps(self, connection: Connection) -> None:
        declared = [
            DeclaredGap(
                writer=row.writer, first=row.first_sequence, last=row.last_sequence, why=row.why
            )
            for row in connection.execute(select(ledger_gaps))
        ]
        self.report.gaps = declared
        for writer, stream in self._streams.items():
            for first, last in list_holes(stream.sealed):
                if any(
                    gap.writer == writer and gap.first <= first and last <= (gap.last or last)
                    for gap in declared
                ):
                    continue
                text = f"records {first} to {last} of {writer} are missing and not declared so"
                self.report.add(
                    Problem(kind=Trouble.GAP_UNDECLARED, text=text, writer=writer, sequence=first)
                )

    def _check_removals(self, heads: Iterable[Checkpoint]) -> None:
        chains = {writer: stream.chain for writer, stream in self._streams.items()}
        with self._store.read() as connection:
            check_removals(connection, chains, Heads(heads), self.report)

    # --- signed heads ---------------------------------------------------------------------

    def _check_keys(self) -> list[VerifyKey]:
        """Follow the announcements in the journals from the first key, or the trusted ones."""
        changes: list[KeyChange] = []
        for stream in self._streams.values():
            for note in stream.chain.told:
                if note.kind != NoteKind.LEDGER_KEY.value:
                    continue
                try:
                    changes.append(KeyChange.from_facts(note.facts))
                except NoteMalformedError:
                    continue
        roots = list(self._trusted) or [change.key for change in changes[:1]]
        keys = get_trusted(roots, changes)
        for change in changes:
            if change.key not in keys and not change.is_vouched:
                text = (
                    f"the key {change.key} appears without the signature of the one before:"
                    " that key was lost, or somebody replaced it"
                )
                self.report.add(Problem(kind=Trouble.KEY_UNVOUCHED, text=text))
                keys = get_trusted([*keys, change.key], changes) if not self._trusted else keys
        self.report.keys = [str(key) for key in keys]
        return keys

    def _check_notes(
        self,
        notes: Iterable[str],
        roots: dict[int, tuple[bytes, bytes]],
        keys: Sequence[VerifyKey],
        where: str,
    ) -> list[tuple[Checkpoint, bool]]:
        """Compare signed heads; return those with a good signature and whether they agree."""
        good: list[tuple[Checkpoint, bool]] = []
        for note in notes:
            try:
                checkpoint, by = open_checkpoint(note, keys)
            except (NoteMalformedError, SignatureBadError):
                checkpoint, by = read_checkpoint(note), ()
            name = f"the checkpoint of {checkpoint.size} leaves {where}"
            if not by or checkpoint.origin != self.report.origin:
                text = f"{name} is not signed by a key of this ledger"
                self.report.add(Problem(kind=Trouble.CHECKPOINT_UNSIGNED, text=text))
                continue
            root, by_journals = roots.get(checkpoint.size, (b"", b""))
            good.append((checkpoint, root == checkpoint.root))
            if root == checkpoint.root:
                continue
            if not root:
                why = f"the tree has only {self.report.leaves} leaves"
            elif by_journals == checkpoint.root:
                why = "it is the head of the journals' records, not of the stored leaves"
            else:
                why = "the tree has another head there"
            text = f"{name} does not agree: {why}"
            self.report.add(
                Problem(kind=Trouble.CHECKPOINT_DIFFERS, text=text, leaf=checkpoint.size)
            )
        return good

    def _find_interval(self, good: Sequence[tuple[Checkpoint, bool]], place: Path) -> None:
        """Name the stretch in which the tree parts from what one place outside saw.

        Places are looked at one by one: who rewrote the tree may have rewritten some of them.
        """
        bad = [one for one, agrees in good if not agrees]
        if not bad:
            return
        first = min(bad, key=lambda one: one.size)
        before = [one for one, agrees in good if agrees and one.size < first.size]
        last = max(before, key=lambda one: one.size, default=None)
        known = self.report.disagreed
        if known is None or first.size < known.size:
            self.report.agreed, self.report.disagreed = last, first
        start = f"leaf {last.size} ({_say_time(last)})" if last is not None else "the beginning"
        text = (
            f"the tree was rewritten between {start} and leaf {first.size} ({_say_time(first)}):"
            f" the checkpoints in {place} agree up to there and no further"
        )
        self.report.add(Problem(kind=Trouble.REWRITTEN, text=text, leaf=first.size))


def _list_chunks(connection: Connection, sizes: Sequence[int]) -> Iterator[list[Leaf]]:
    """All leaves in order, cut at each tile's end and at each of the sizes."""
    cuts = iter([*sizes, -1])
    cut = next(cuts)
    left: list[Leaf] = []
    for rows in list_in_parts(connection, _LEAVES, _ROWS):
        left += rows
        begin = 0
        while begin < len(left):
            position = left[begin][0]
            while -1 < cut <= position:
                cut = next(cuts)
            end = (position // TILE_WIDTH + 1) * TILE_WIDTH
            count = (end if cut < 0 else min(end, cut)) - position
            if begin + count > len(left):
                break
            yield left[begin : begin + count]
            begin += count
        del left[:begin]
    if left:
        yield left


def _list_nodes(connection: Connection) -> dict[tuple[int, int], bytes]:
    columns = ledger_nodes.c
    rows = connection.execute(select(columns.level, columns.position, columns.hash))
    return {(row.level, row.position): row.hash for row in rows}


def _sort_heads(notes: Iterable[str]) -> list[int]:
    return sorted({read_checkpoint(note).size for note in notes})


def _say_time(checkpoint: Checkpoint) -> str:
    at = checkpoint.signed_at_unix_ns
    return "at an unknown time" if at is None else f"{to_datetime(at):%Y-%m-%d %H:%M:%S} UTC"
