"""Kept prompts and answers: one at a time, or searched within bounds; each look is recorded."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from alos.control.change_notes import ChangeNotes
from alos.control.refused import ChangeRefused
from alos.control.stored_bodies import get_references, list_calls
from alos.domain.ids import CallId
from alos.domain.record import ClosingEntry, NoteKind
from alos.domain.vault import TOKENS, Gone, get_label
from alos.ports.call_store import CallQuery, CallRow, CallStore
from alos.ports.vault import Vault

LONGEST_SPAN_NS: Final = 7 * 86_400 * 1_000_000_000
"""A search looks at no more than seven days of one workflow."""
SHORTEST_TEXT: Final = 3
_STEP: Final = 200
_SHOWN: Final = 60

ReadTexts = Callable[[ClosingEntry, str, bytes], list[str]]
"""(record, ``request`` or ``answer``, body) → what a person would read of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A body that holds the text.

    Attributes:
        kind: ``request`` or ``answer``.
        excerpt: the text with a little around it.
    """

    call_id: CallId
    opened_at_unix_ns: int
    kind: str
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a search is.

    Attributes:
        reached_unix_ns: every call that began after this has been looked at.
        gone: bodies that could not be looked at any more.
    """

    calls: int
    bodies: int
    gone: int
    reached_unix_ns: int


class Bodies:
    """Reads what the vault keeps, for people who may."""

    def __init__(
        self, vault: Vault, *, calls: CallStore, notes: ChangeNotes, read_texts: ReadTexts
    ) -> None:
        self._vault = vault
        self._calls = calls
        self._notes = notes
        self._read_texts = read_texts

    async def read(self, call_id: CallId, kind: str, *, by: str) -> bytes | Gone:
        """Read one body; that somebody did is on disk before it is given out.

        Raises:
            ChangeRefused: no such call, or no such body of it was ever kept.
            JournalDown, StoreDown, VaultDown: it is not given out.
        """
        row = await asyncio.to_thread(self._calls.get_call, call_id)
        references = get_references(row.closing if row is not None else None)
        if kind not in references or kind == TOKENS:
            raise ChangeRefused(f"no {kind} is kept of call {call_id}")
        facts = {"call": call_id, "body": kind}
        await self._notes.note(NoteKind.BODY_READ, facts, by=by)
        label = get_label(call_id, kind)
        return await asyncio.to_thread(self._vault.get, references[kind], label=label)

    async def search(
        self, text: str, *, workflow: str, since_unix_ns: int, until_unix_ns: int, by: str
    ) -> AsyncIterator[Match | Progress]:
        """Look through a workflow's bodies, newest call first; ends with a whole progress.

        Raises:
            ChangeRefused: a span over seven days, or a text too short to mean anything.
            JournalDown, StoreDown, VaultDown: it ends there.
        """
        check_search(text, since_unix_ns, until_unix_ns)
        facts = {
            "workflow": workflow,
            "since_unix_ns": str(since_unix_ns),
            "until_unix_ns": str(until_unix_ns),
        }
        await self._notes.note(NoteKind.BODIES_SEARCHED, facts, by=by)
        query = CallQuery(
            workflow=workflow, since_unix_ns=since_unix_ns, until_unix_ns=until_unix_ns
        )
        rows = list_calls(self._calls, query)
        calls = bodies = gone = 0
        while page := await asyncio.to_thread(_take, rows):
            found, read, missing = await asyncio.to_thread(self._look_at, page, text.casefold())
            calls, bodies, gone = calls + len(page), bodies + read, gone + missing
            for match in found:
                yield match
            yield Progress(
                calls=calls,
                bodies=bodies,
                gone=gone,
                reached_unix_ns=page[-1].opened_at_unix_ns,
            )
        yield Progress(calls=calls, bodies=bodies, gone=gone, reached_unix_ns=since_unix_ns)

    def _look_at(self, rows: list[CallRow], wanted: str) -> tuple[list[Match], int, int]:
        matches: list[Match] = []
        read = gone = 0
        for row in rows:
            closing = row.closing
            for kind, reference in get_references(closing).items():
                if kind == TOKENS:  # what was taken out is not searched through
                    continue
                body = self._vault.get(reference, label=get_label(row.call_id, kind))
                if isinstance(body, Gone) or closing is None:
                    gone += 1
                    continue
                read += 1
                excerpt = _find(self._read_texts(closing, kind, body), wanted)
                if excerpt is not None:
                    matches.append(
                        Match(
                            call_id=row.call_id,
                            opened_at_unix_ns=row.opened_at_unix_ns,
                            kind=kind,
                            excerpt=excerpt,
                        )
                    )
        return matches, read, gone


def check_search(text: str, since_unix_ns: int, until_unix_ns: int) -> None:
    """Hold a search to its bounds.

    Raises:
        ChangeRefused: it asks for too much, or for nothing.
    """
    if not 0 < until_unix_ns - since_unix_ns <= LONGEST_SPAN_NS:
        raise ChangeRefused("a search looks at up to seven days; give --since and --until")
    if len(text.strip()) < SHORTEST_TEXT:
        raise ChangeRefused(f"a search needs a text of {SHORTEST_TEXT} characters or more")


def _take(rows: Iterator[CallRow]) -> list[CallRow]:
    return [row for _, row in zip(range(_STEP), rows, strict=False)]


def _find(texts: list[str], wanted: str) -> str | None:
    for text in texts:
        at = text.casefold().find(wanted)
        if at >= 0:
            start = max(0, at - _SHOWN)
            return text[start : at + len(wanted) + _SHOWN]
    return None
