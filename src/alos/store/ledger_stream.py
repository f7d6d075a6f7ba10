"""A writer's records in the order of the tree, with account of what was passed over."""

from collections.abc import Iterator, Sequence

from alos.store.ledger_chain import HASH_BYTES, Chain


class Stream:
    """A writer's records, asked for in (nearly) the order in which they stand.

    Attributes:
        skipped: records that were passed over and not asked for yet.
        sealed: ranges of sequences that were asked for.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.read = 0
        self.skipped: dict[int, bytes] = {}
        self.sealed: list[tuple[int, int]] = []
        self._blocks = iter(chain)
        self._block = b""
        self._first = self._due = self._end = 0
        self._begun = 0

    def take(self, sequence: int) -> bytes | None:
        """The leaf that the record with this sequence gives, if it is there."""
        if sequence == self._due < self._end:
            self._due = sequence + 1
            at = (sequence - self._first) * HASH_BYTES
            return self._block[at : at + HASH_BYTES]
        return self._search(sequence)

    def take_run(self, sequence: int, leaves: bytes) -> bool:
        """Take many records at once, if they follow each other here and give these leaves."""
        count = len(leaves) // HASH_BYTES
        if sequence != self._due or sequence + count > self._end:
            return False
        at = (sequence - self._first) * HASH_BYTES
        if self._block[at : at + len(leaves)] != leaves:
            return False
        self._due += count
        return True

    def drain(self) -> None:
        """Read what is left."""
        self._note_sealed()
        while self._next_block():
            pass

    def _search(self, sequence: int) -> bytes | None:
        self._note_sealed()
        while sequence >= self._end and self._next_block():
            pass
        if sequence in self.skipped:
            _extend(self.sealed, sequence)
            return self.skipped.pop(sequence)
        if not self._due <= sequence < self._end:
            _extend(self.sealed, sequence)
            return None
        self._skip(sequence)
        self._begun = sequence
        return self.take(sequence)

    def _note_sealed(self) -> None:
        """Remember the run of records that was taken one after another."""
        if self._due > self._begun:
            self.sealed.append((self._begun, self._due - 1))
        self._begun = self._due

    def _skip(self, until: int) -> None:
        for sequence in range(self._due, min(until, self._end)):
            at = (sequence - self._first) * HASH_BYTES
            self.skipped[sequence] = self._block[at : at + HASH_BYTES]
        self._due = max(self._due, until)

    def _next_block(self) -> bool:
        self._skip(self._end)
        block = next(self._blocks, None)
        if block is None:
            return False
        count = len(block.leaves) // HASH_BYTES
        self.read += count
        self._block, self._first = block.leaves, block.first
        self._due = self._begun = block.first
        self._end = block.first + count
        return True


def list_holes(ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What is missing between ranges of sequences, from 0 on."""
    due = 0
    for first, last in sorted(ranges):
        if first > due:
            yield due, first - 1
        due = max(due, last + 1)


def _extend(ranges: list[tuple[int, int]], sequence: int) -> None:
    if ranges and ranges[-1][1] + 1 == sequence:
        ranges[-1] = (ranges[-1][0], sequence)
    else:
        ranges.append((sequence, sequence))
