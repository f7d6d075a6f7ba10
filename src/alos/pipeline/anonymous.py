"""Requests without a key of ours: each is recorded up to a rate, then they are counted.

A flood of them must fail no authenticated call, so past the rate no entry is written for a
request; one entry per source and minute says how many there were.
"""

from dataclasses import dataclass

from alos.domain.record import NoteEntry, NoteKind, Personal
from alos.ports.clock import Clock
from alos.ports.ids import Ids

RECORDED_PER_MINUTE = 10
"""Per source address: so many refusals get an entry of their own in any one minute."""
MOST_SOURCES = 1024
"""Sources told apart within one minute; all further ones are counted together."""
_MINUTE_NS = 60_000_000_000
_OTHERS = "(others)"


@dataclass(slots=True)
class _Source:
    seen: int = 0
    counted: int = 0


class Anonymous:
    """Counts of the running minute; memory is bounded by ``MOST_SOURCES``."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._minute = 0
        self._sources: dict[str, _Source] = {}
        self._ended: list[NoteEntry] = []

    def is_recorded(self, address: str, *, now_unix_ns: int) -> bool:
        """Whether this refusal gets an entry of its own; if not, it has been counted."""
        self._turn(now_unix_ns // _MINUTE_NS)
        source = self._sources.get(address)
        if source is None:
            name = address if len(self._sources) < MOST_SOURCES else _OTHERS
            source = self._sources.setdefault(name, _Source())
        source.seen += 1
        if source.seen <= RECORDED_PER_MINUTE and address in self._sources:
            return True
        source.counted += 1
        return False

    def take_ended(self, *, all_of_them: bool = False) -> list[NoteEntry]:
        """Entries of the minutes that are over (at a stop: of the running one too)."""
        minute = self._clock.unix_ns() // _MINUTE_NS
        self._turn(minute + 1 if all_of_them else minute)
        ended, self._ended = self._ended, []
        return ended

    def _turn(self, minute: int) -> None:
        if minute == self._minute:
            return
        for address, source in self._sources.items():
            if source.counted:
                facts = (("counted", str(source.counted)), ("recorded", str(RECORDED_PER_MINUTE)))
                self._ended.append(
                    NoteEntry(
                        kind=NoteKind.ANONYMOUS,
                        at_unix_ns=self._minute * _MINUTE_NS,
                        facts=facts,
                        personal=(Personal("client_address", self._ids.salt(), address),),
                    )
                )
        self._sources = {}
        self._minute = minute
