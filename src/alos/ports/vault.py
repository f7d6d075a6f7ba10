"""Where bodies live, encrypted, until their retention ends; and the stand-in kept in memory.

``put`` is called on the event loop and returns at once; ``sync`` waits for the disk. The other
methods may block: call them in a thread. Any may raise ``VaultDown``.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from alos.domain.fault import VaultDown, VaultTampered
from alos.domain.ids import BodyReference
from alos.domain.vault import BodyPlace, ErasedBodies, Gone, Shelf, check_shelf


class Vault(Protocol):
    """Keeps bodies; every one can be made unreadable for ever."""

    @property
    def is_down(self) -> bool:
        """Nothing can be put just now; it may be asked on the event loop at any time."""

    def put(self, body: bytes, *, shelf: Shelf, label: str, held: bool = False) -> BodyReference:
        """Take a body in; nothing of it is certain to be on disk before :meth:`sync` returns.

        The caller has redacted it: what a check found and replaced must not be in it.

        Args:
            body: at most a few megabytes; it is copied.
            shelf: with what it ends.
            label: what the body belongs to, e.g. ``call_…/answer``; whoever reads it has to
                say the same, so that a body moved to another call is found out.
            held: it is on legal hold from the start.

        Raises:
            VaultDown: it was not taken.
            ValueError: the shelf's names can't be used.
        """

    async def sync(self, references: Iterable[BodyReference]) -> None:
        """Wait until these bodies are on disk; cancelling it loses nothing.

        Raises:
            VaultDown: one of them is not certain to be.
        """

    def get(self, reference: BodyReference, *, label: str) -> bytes | Gone:
        """Read a body (blocks).

        Raises:
            VaultTampered: what stands there is not what was put under this label.
            ValueError: it is no reference.
        """

    def erase(self, references: Iterable[BodyReference]) -> ErasedBodies:
        """Destroy the keys of these bodies, but of those on hold (blocks); durable on return."""

    def hold(self, references: Iterable[BodyReference]) -> int:
        """Keep these bodies from every erasure (blocks); returns how many are on hold now."""

    def release(self, references: Iterable[BodyReference]) -> int:
        """End the hold on these bodies (blocks); returns how many were on hold."""

    def list_shelves(self) -> Sequence[Shelf]:
        """The shelves that still hold a readable body, oldest day first (blocks)."""

    def purge(self, shelf: Shelf) -> ErasedBodies:
        """Destroy the keys of a whole shelf, but of its bodies on hold (blocks)."""


class MemoryVault:
    """A vault for tests and one-off runs: nothing is encrypted, nothing outlives the process."""

    is_down = False
    """Tests set it."""

    def __init__(self) -> None:
        self._bodies: dict[BodyReference, tuple[str, bytes] | None] = {}
        self._held: set[BodyReference] = set()

    def put(self, body: bytes, *, shelf: Shelf, label: str, held: bool = False) -> BodyReference:
        """See :class:`Vault`."""
        check_shelf(shelf)
        if self.is_down:
            raise VaultDown("the vault is down")
        slot = len(self._bodies)
        reference = BodyPlace(shelf, "memory", slot, 0).write()
        self._bodies[reference] = label, bytes(body)
        if held:
            self._held.add(reference)
        return reference

    async def sync(self, references: Iterable[BodyReference]) -> None:
        """See :class:`Vault`; there is no disk to wait for."""

    def get(self, reference: BodyReference, *, label: str) -> bytes | Gone:
        """See :class:`Vault`."""
        BodyPlace.parse(reference)
        if reference not in self._bodies:
            return Gone.UNKNOWN
        kept = self._bodies[reference]
        if kept is None:
            return Gone.ERASED
        if kept[0] != label:
            raise VaultTampered("the body belongs to something else")
        return kept[1]

    def erase(self, references: Iterable[BodyReference]) -> ErasedBodies:
        """See :class:`Vault`."""
        erased = held = gone = 0
        for reference in references:
            if self._bodies.get(reference) is None:
                gone += 1
            elif reference in self._held:
                held += 1
            else:
                self._bodies[reference] = None
                erased += 1
        return ErasedBodies(erased=erased, held=held, gone=gone)

    def hold(self, references: Iterable[BodyReference]) -> int:
        """See :class:`Vault`."""
        found = {one for one in references if self._bodies.get(one) is not None}
        self._held |= found
        return len(found)

    def release(self, references: Iterable[BodyReference]) -> int:
        """See :class:`Vault`."""
        found = self._held.intersection(references)
        self._held -= found
        return len(found)

    def list_shelves(self) -> Sequence[Shelf]:
        """See :class:`Vault`."""
        shelves = {BodyPlace.parse(one).shelf for one, kept in self._bodies.items() if kept}
        return sorted(shelves, key=lambda shelf: (shelf.day, shelf))

    def purge(self, shelf: Shelf) -> ErasedBodies:
        """See :class:`Vault`."""
        there = [one for one, kept in self._bodies.items() if kept is not None]
        return self.erase([one for one in there if BodyPlace.parse(one).shelf == shelf])
