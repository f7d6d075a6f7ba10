"""Closes what dead writers left open, once, at the price ceiling.

A writer is dead when nobody holds its lock. The sweeper holds the locks of all dead writers
while it works, so two starting processes can't settle the same call. It looks for the end of a
call in every journal at least as young as the oldest dead one, because an earlier sweep may
have died half-way and its closings stand in its own journal. Only when all closings are on disk
are the dead writers marked as settled.
"""

import asyncio
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from alos.domain.fault import JournalDown
from alos.domain.ids import CallId, WriterId
from alos.domain.record import (
    ClosingEntry,
    Fact,
    NoteEntry,
    NoteKind,
    OpeningEntry,
    Outcome,
    Stage,
)
from alos.ports.clock import Clock
from alos.ports.journal import Journal
from alos.store.folder import (
    claim_dead_writer,
    get_birth_name,
    list_segments,
    list_unsettled,
    list_writers,
    mark_settled,
)
from alos.store.journal_reader import (
    Damage,
    JournalReader,
    TornTail,
    cut_torn_tail,
    get_last_time,
)

_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What a sweep did.

    Attributes:
        settled: the closings that were written; their cost is what the budget must count.
        writers: dead writers that are settled now.
        torn: ends that were cut off.
        damage: spots of the dead writers' journals that do not verify; what stood there is
            unknown, so a call whose closing was lost there is settled at its ceiling.
    """

    settled: tuple[ClosingEntry, ...]
    writers: tuple[WriterId, ...]
    torn: tuple[TornTail, ...]
    damage: tuple[Damage, ...]


@dataclass(slots=True)
class _Found:
    claims: ExitStack
    dead: list[WriterId] = field(default_factory=list)
    opened: dict[CallId, tuple[OpeningEntry, WriterId]] = field(default_factory=dict)
    raised: dict[CallId, int] = field(default_factory=dict)
    torn: list[TornTail] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)


async def sweep_dead_writers(folder: Path, journal: Journal, clock: Clock) -> Sweep:
    """Settle every call that a dead process left open.

    Raises:
        JournalDown: some closings are not certain to be on disk; sweep again later.
    """
    found = await asyncio.to_thread(_find_open_calls, folder)
    try:
        closings = [
            to_unknown(entry, writer, clock.unix_ns()) for entry, writer in found.opened.values()
        ]
        pending = iter(closings)
        while some := list(islice(pending, _AT_ONCE)):
            await _close_all(journal, some)
        await asyncio.to_thread(_mark_all, folder, found.dead)
    finally:
        found.claims.close()
    return Sweep(
        settled=tuple(closings),
        writers=tuple(found.dead),
        torn=tuple(found.torn),
        damage=tuple(found.damage),
    )


def to_unknown(opening: OpeningEntry, writer: WriterId, unix_ns: int) -> ClosingEntry:
    """The closing of a call whose process died: nothing is known, so it cost its ceiling."""
    vendors = opening.vendors
    return ClosingEntry(
        call_id=opening.call_id,
        opened_at_unix_ns=opening.opened_at_unix_ns,
        closed_at_unix_ns=max(unix_ns, opening.opened_at_unix_ns),
        outcome=Outcome.UNKNOWN,
        stage=Stage.DISPATCH,
        reason=None,
        detail=f"swept: writer {writer} ended before the call did",
        http_status=0,
        wire_format="",
        streamed=False,
        key_id=opening.key_id,
        workspace=opening.workspace,
        workflow=opening.workflow,
        tier=opening.tier,
        surface=None,
        accountable=None,
        release=opening.release,
        release_stage=None,
        approved_by=(),
        policy=None,
        rules=None,
        standing_epoch=None,
        model_asked=None,
        model=None,
        vendor=vendors[0] if len(vendors) == 1 else None,
        upstream_model=None,
        attempts=(),
        route_reason="",
        prompt_version=None,
        prompt_evidence=None,
        request_hash=None,
        sent_hash=None,
        output_hash=None,
        request_bytes=0,
        answer_bytes=0,
        findings=(),
        unscanned=(),
        unknown_fields=0,
        tools=(),
        usage=None,
        cost_nanousd=opening.ceiling_nanousd,
        cost_estimated=True,
        reserved_nanousd=opening.ceiling_nanousd,
        price_source=None,
        overhead_us=0,
        first_byte_ms=None,
        duration_ms=max(0, unix_ns - opening.opened_at_unix_ns) // 1_000_000,
        personal=opening.personal,
        facts=((Fact.VENDORS.value, ",".join(vendors)),) if len(vendors) > 1 else (),
    )


def _find_open_calls(folder: Path) -> _Found:
    found = _Found(ExitStack())
    try:
        for writer in list_unsettled(folder):
            if found.claims.enter_context(claim_dead_writer(folder, writer)):
                found.dead.append(writer)
        for writer in found.dead:
            _read_dead(folder, writer, found)
        if found.opened:
            _drop_closed(folder, found)
            _raise_ceilings(found)
    except BaseException:
        found.claims.close()
        raise
    return found


def _read_dead(folder: Path, writer: WriterId, found: _Found) -> None:
    for path in list_segments(folder, writer):
        _sync(path)
    reader = JournalReader(folder, writer)
    for sealed in reader:
        if isinstance(sealed.entry, OpeningEntry):
            found.opened[sealed.entry.call_id] = (sealed.entry, writer)
        elif isinstance(sealed.entry, NoteEntry):
            _note_raise(sealed.entry, found)
    if reader.torn is not None:
        cut_torn_tail(reader.torn)
        found.torn.append(reader.torn)
    found.damage += reader.damage


def _note_raise(note: NoteEntry, found: _Found) -> None:
    if note.kind is NoteKind.RESERVATION_RAISED:
        facts = dict(note.facts)
        call_id = CallId(facts["call"])
        found.raised[call_id] = max(found.raised.get(call_id, 0), int(facts["ceiling_nanousd"]))


def _raise_ceilings(found: _Found) -> None:
    """A call with an unanswered try may have cost more than its opening says."""
    for call_id in found.raised.keys() & found.opened.keys():
        opening, writer = found.opened[call_id]
        ceiling = max(opening.ceiling_nanousd, found.raised[call_id])
        found.opened[call_id] = (opening._replace(ceiling_nanousd=ceiling), writer)


def _drop_closed(folder: Path, found: _Found) -> None:
    oldest = min(get_birth_name(writer) for writer in found.dead)
    for writer in list_writers(folder):
        if get_birth_name(writer) < oldest:
            continue
        for sealed in JournalReader(folder, writer):
            if isinstance(sealed.entry, ClosingEntry):
                found.opened.pop(sealed.entry.call_id, None)


def _sync(path: Path) -> None:
    """What a killed process left in the page cache is not on disk yet."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _close_all(journal: Journal, closings: Sequence[ClosingEntry]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for closing in closings:
                group.create_task(journal.close(closing))
    except ExceptionGroup as failed:
        if failed.split(JournalDown)[1] is not None:
            raise
        raise JournalDown("the sweep could not record all that it settled") from failed


def _mark_all(folder: Path, writers: Iterable[WriterId]) -> None:
    for writer in writers:
        last = get_last_time(list_segments(folder, writer))
        mark_settled(folder, writer, last or 0)
