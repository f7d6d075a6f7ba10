"""Writes down every change of what the gateway sees, and by whom.

Most changes are noted before they take force. What must not wait for a disk (a stop, a
revocation, a person who left) takes force first and is noted as soon as the journal takes it.
"""

import secrets
from collections.abc import Mapping

from alos.domain.fault import JournalDown
from alos.domain.record import NoteEntry, NoteKind, Personal
from alos.ports.clock import Clock
from alos.ports.journal import Journal

MOST_WAITING = 10_000


class ChangeNotes:
    """The control plane's notes, in order; those that wait survive a journal that is down."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._waiting: list[NoteEntry] = []

    async def note(
        self,
        kind: NoteKind,
        facts: Mapping[str, str],
        *,
        by: str,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        """Write down before the change takes force.

        Raises:
            JournalDown: it is not certain to be on disk, so nothing may be changed.
        """
        await self._journal.note(self._write(kind, facts, by, personal))

    def add(
        self,
        kind: NoteKind,
        facts: Mapping[str, str],
        *,
        by: str,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        """Queue what has taken force already; :meth:`flush` writes it down.

        The queue is bounded: past that, a journal that is down declares its gap itself.
        """
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(self._write(kind, facts, by, personal))

    async def flush(self) -> None:
        """Write down what waits, in order; a journal that is down holds none of it up."""
        waiting, self._waiting = self._waiting, []
        for number, entry in enumerate(waiting):
            try:
                await self._journal.note(entry)
            except JournalDown:
                self._waiting = [*waiting[number:], *self._waiting]
                return

    def _write(
        self,
        kind: NoteKind,
        facts: Mapping[str, str],
        by: str,
        personal: Mapping[str, str] | None,
    ) -> NoteEntry:
        return NoteEntry(
            kind=kind,
            at_unix_ns=self._clock.unix_ns(),
            facts=tuple(sorted({**facts, "by": by}.items())),
            personal=tuple(
                Personal(name, secrets.token_bytes(16), value)
                for name, value in (personal or {}).items()
                if value
            ),
        )
