"""Writes notes of the control plane into the journal: now or nothing, or as soon as it can."""

from collections.abc import Mapping

from alos.domain.fault import JournalDown
from alos.domain.record import NoteEntry, NoteKind, Personal
from alos.ports.clock import Clock
from alos.ports.ids import Ids
from alos.ports.journal import Journal

_MOST_WAITING = 10_000


class Notebook:
    """Two ways to write: what may not happen unrecorded, and what may not wait for the record."""

    def __init__(self, journal: Journal, *, clock: Clock, ids: Ids) -> None:
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._waiting: list[NoteEntry] = []

    async def write(
        self,
        kind: NoteKind,
        facts: Mapping[str, str],
        *,
        by: str,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        """Write before the thing is done; personal values are committed to under fresh salts.

        Raises:
            JournalDown: nothing was written, so nothing may be done.
        """
        await self._journal.note(self._build(kind, facts, by, personal or {}))

    def keep(
        self,
        kind: NoteKind,
        facts: Mapping[str, str],
        *,
        by: str,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        """Line up what took force already; :meth:`catch_up` writes it.

        The line is bounded: a journal that is down for very long loses the newest of these, and
        declares its gap itself.
        """
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(self._build(kind, facts, by, personal or {}))

    async def catch_up(self) -> None:
        """Write what is lined up, in order, as far as the journal takes it."""
        waiting, self._waiting = self._waiting, []
        for number, entry in enumerate(waiting):
            try:
                await self._journal.note(entry)
            except JournalDown:
                self._waiting = [*waiting[number:], *self._waiting]
                return

    def _build(
        self, kind: NoteKind, facts: Mapping[str, str], by: str, personal: Mapping[str, str]
    ) -> NoteEntry:
        return NoteEntry(
            kind=kind,
            at_unix_ns=self._clock.unix_ns(),
            facts=tuple(sorted({**facts, "by": by}.items())),
            personal=tuple(
                Personal(name, self._ids.salt(), value)
                for name, value in sorted(personal.items())
                if value
            ),
        )
