"""Kill switches: pulled here or elsewhere, kept, told to other gateways, taken back.

A pull takes force first. Then it goes two ways at once, into the store and over the channel, so
that either being down holds nothing up. News comes back by both. A switch is dropped only where
the store says that it was taken back: what is merely absent somewhere stays in force.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from alos.control.change_notes import ChangeNotes
from alos.control.delays import Delays
from alos.control.refused import ChangeRefused
from alos.domain.fault import ChannelDown, Fault
from alos.domain.record import NoteKind
from alos.domain.standing import Stop
from alos.ports.clock import Clock
from alos.ports.control_state import ControlState, StopNews
from alos.ports.stop_channel import NoChannel, StopChannel

Key = tuple[str, str]
"""(kind, target)."""
_NS = 1_000_000_000


class KillSwitches:
    """Every switch that is pulled, as the Standing sees them.

    Args:
        refresh: compiles and publishes the Standing after a change.
    """

    def __init__(
        self,
        state: ControlState,
        *,
        notes: ChangeNotes,
        clock: Clock,
        refresh: Callable[[], None],
    ) -> None:
        self.channel: StopChannel = NoChannel()
        self.delays = Delays()
        self._state = state
        self._notes = notes
        self._clock = clock
        self._refresh = refresh
        self._kept: dict[Key, Stop] = {}
        self._unsaved: dict[Key, Stop] = {}
        self._untold: dict[Key, Stop | None] = {}
        """What the channel could not be told yet; ``None`` is to be forgotten."""
        self._file: dict[Key, Stop] = {}
        self._revived: Mapping[Key, int] = {}
        self._reviving: set[Key] = set()
        self._saving = asyncio.Lock()
        self._changes = 0

    @property
    def in_force(self) -> Mapping[Key, Stop]:
        """By (kind, target)."""
        return {**self._kept, **self._unsaved, **self._file}

    async def load(self) -> None:
        """Read what was pulled before this process began.

        Raises:
            StoreDown: the store can't be read.
        """
        news = await asyncio.to_thread(self._state.read_stop_news)
        self._kept = {(stop.kind, stop.target): stop for stop in news.stops}
        self._revived = news.revived

    # --- pulled here ----------------------------------------------------------------------

    async def stop(self, kind: str, target: str, *, by: str, reason: str) -> Stop:
        """Pull one: in force when this returns, kept and told as soon as that can be."""
        key = (kind, target)
        if key in self._kept and key not in self._reviving:
            return self._kept[key]
        stop = await self._pull(key, by=by, reason=reason)
        if key not in self.in_force:  # the clock is behind a pull that was taken back elsewhere
            with suppress(Fault):
                await self.hear_from_store()
            stop = await self._pull(key, by=by, reason=reason)
        return stop

    async def _pull(self, key: Key, *, by: str, reason: str) -> Stop:
        """Pull one later than any pull that is known to be over, whatever the clock says."""
        kind, target = key
        now_ns = self._clock.unix_ns()
        stop = Stop(
            kind=kind,
            target=target,
            since_unix=now_ns // _NS,
            by=by,
            reason=reason,
            pulled_at_unix_ns=max(now_ns, self._revived.get(key, -1) + 1),
        )
        self._unsaved[key] = self._untold[key] = stop
        self._refresh()
        self.delays.note("here", (self._clock.unix_ns() - now_ns) / _NS)
        self._add_note(NoteKind.STOPPED, kind, target, by)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._tell())
            if self._saving.locked():  # the store is slow; whoever is at it comes back for this
                both.create_task(self._notes.flush())
            else:
                both.create_task(self.save())
        return stop

    async def save(self) -> bool:
        """Note, keep and tell what could not be before; False while the store is still down."""
        await self._notes.flush()
        async with self._saving:
            for key, stop in tuple(self._unsaved.items()):
                try:
                    is_kept = await asyncio.to_thread(self._state.add_stop, stop)
                except Fault:
                    return False
                self._changes += 1
                if is_kept:
                    self._kept[key] = stop
                if self._unsaved.get(key) is stop:
                    del self._unsaved[key]
                if not is_kept:  # it was taken back elsewhere before it could be kept
                    self._refresh()
        return True

    async def tell_rest(self) -> None:
        """Tell the channel what it could not be told before; a job calls it."""
        if self._untold:
            await self._tell()

    async def _tell(self) -> None:
        for key, stop in tuple(self._untold.items()):
            try:
                if stop is not None and not self._is_over(stop):
                    await self.channel.tell(stop)
                elif stop is None:
                    await self.channel.forget(*key)
            except ChannelDown:
                return
            if self._untold.get(key) is stop:
                self._untold.pop(key, None)

    # --- taken back -----------------------------------------------------------------------

    def get_revivable(self, kind: str, target: str) -> Stop:
        """The switch of that name, where it is for people to take back.

        Raises:
            ChangeRefused: it was not pulled, or the kill file holds it.
        """
        key = (kind, target)
        if key in self._file:
            raise ChangeRefused("the kill file names it; take that line out of the file")
        if key not in self._kept and key not in self._unsaved:
            raise ChangeRefused(f"{kind} {target} is not stopped".replace("  ", " "))
        return self.in_force[key]

    async def revive(self, kind: str, target: str, *, by: str) -> None:
        """Take one back.

        Raises:
            ChangeRefused: it was not pulled, or the kill file holds it.
            StoreDown: the store can't be written; it stays stopped.
        """
        self.get_revivable(kind, target)
        key = (kind, target)
        async with self._saving:
            pulled = self._unsaved.get(key)
            self._reviving.add(key)
            try:
                if pulled is not None:  # so that the store knows which pull it is that ends
                    await asyncio.to_thread(self._state.add_stop, pulled)
                await asyncio.to_thread(
                    self._state.end_stop,
                    kind,
                    target,
                    by=by,
                    at_unix=self._clock.unix_ns() // _NS,
                )
            finally:
                self._reviving.discard(key)
            self._changes += 1
            known = [one[key] for one in (self._kept, self._unsaved) if key in one]
            newest = max(one.pulled_at_unix_ns for one in known)
            self._revived = {**self._revived, key: newest}
            self._kept.pop(key, None)
            if self._unsaved.get(key) is pulled:  # not when it was pulled again meanwhile
                self._unsaved.pop(key, None)
                self._untold[key] = None
        self._refresh()
        self._add_note(NoteKind.REVIVED, kind, target, by)
        await self._tell()
        await self._notes.flush()

    # --- heard of -------------------------------------------------------------------------

    async def hear_from_store(self) -> None:
        """Take over what the store says now.

        Raises:
            StoreDown: it can't be read; what is in force stays.
        """
        changes = self._changes
        news = await asyncio.to_thread(self._state.read_stop_news)
        if changes == self._changes and not self._saving.locked():
            self._take(news)

    def _take(self, news: StopNews) -> None:
        before = self.in_force
        self._revived = news.revived
        kept, self._kept = self._kept, {(stop.kind, stop.target): stop for stop in news.stops}
        for key, stop in kept.items():
            if key not in self._kept and not self._is_over(stop):
                self._unsaved.setdefault(key, stop)  # the store lost it
        for key, stop in tuple(self._unsaved.items()):
            if self._is_over(stop):
                del self._unsaved[key]
        self._refresh_after(before, "store")

    async def hear_from_channel(self) -> None:
        """Take over what the channel says now; it takes nothing back.

        Raises:
            ChannelDown: it can't be read; what is in force stays.
        """
        told = await self.channel.list_stops()
        before = self.in_force
        names = {(stop.kind, stop.target) for stop in told}
        for key, stop in self._kept.items():
            if key not in names:  # it was down when this one was pulled, or lost it
                self._untold.setdefault(key, stop)
        for stop in told:
            key = (stop.kind, stop.target)
            if self._is_over(stop):
                self._untold.setdefault(key, None)
            elif key not in self._kept and key not in self._reviving:
                self._unsaved.setdefault(key, stop)
        self._refresh_after(before, "channel")

    def _is_over(self, stop: Stop) -> bool:
        """Whether the store knows that this pull, or a later one, was taken back."""
        ended = self._revived.get((stop.kind, stop.target))
        return ended is not None and stop.pulled_at_unix_ns <= ended

    async def set_file(self, targets: frozenset[Key], written_at_unix_ns: int) -> None:
        """Take over what the kill file says now; neither store nor channel is needed."""
        if targets == self._file.keys():
            return
        before = self._file
        self._file = {
            key: before.get(key)
            or Stop(
                kind=key[0],
                target=key[1],
                since_unix=self._clock.unix_ns() // _NS,
                by="kill-file",
                reason="named in the kill file",
                pulled_at_unix_ns=written_at_unix_ns,
            )
            for key in targets
        }
        self._refresh_after(before, "kill_file")
        changes = [(NoteKind.STOPPED, key) for key in sorted(targets - before.keys())]
        changes += [(NoteKind.REVIVED, key) for key in sorted(before.keys() - targets)]
        for note, (kind, target) in changes:
            self._add_note(note, kind, target, "kill-file")
        await self._notes.flush()

    def _refresh_after(self, before: Mapping[Key, Stop], way: str) -> None:
        after = self._file if way == "kill_file" else self.in_force
        if before.keys() == after.keys():
            return
        self._refresh()
        new: Sequence[Stop] = [stop for key, stop in after.items() if key not in before]
        now_ns = self._clock.unix_ns()
        for stop in new:
            if stop.pulled_at_unix_ns:
                self.delays.note(way, (now_ns - stop.pulled_at_unix_ns) / _NS)

    def _add_note(self, kind: NoteKind, stopped: str, target: str, by: str) -> None:
        self._notes.add(kind, {"kind": stopped, "target": target}, by=by)
