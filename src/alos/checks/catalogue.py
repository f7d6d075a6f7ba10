"""Compiles detector packs into one scanner and runs it over a text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import hyperscan

from alos.checks.base import Pack, ScannerFault, Sweep, Trigger, digest
from alos.checks.density import UNJUDGED
from alos.checks.disguise import CHARACTER_MARKS, DEPTH, RUN_MARKS, Mark
from alos.checks.judging import Judging, are_enough

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from alos.checks.disguise import View
    from alos.checks.judging import Hit
    from alos.domain.finding import Finding

ENGINE_VERSION = b"alos.checks/5"


def build_scanner(packs: Sequence[Pack]) -> Scanner:
    """Compile `packs` into one scanner.

    Costs some hundred milliseconds; do it once per process and per change of the rules.

    Raises:
        ScannerFault: A trigger is not an expression Hyperscan can compile.
    """
    return Scanner(packs)


class Scanner:
    """Finds what the packs describe in a text, in one pass over its bytes.

    A scanner owns one Hyperscan scratch space and one list of hits: use it from one thread at a
    time. It is synchronous and keeps nothing of a text after `scan` returns.
    """

    __slots__ = (
        "_database",
        "_hits",
        "_on_hit",
        "_targets",
        "digest",
        "first_lasting",
        "first_once",
        "rules",
    )

    def __init__(self, packs: Sequence[Pack]) -> None:
        triggers = [trigger for pack in packs for trigger in pack.triggers]
        sweeps = [sweep for pack in packs for sweep in pack.sweeps]
        if not triggers and not sweeps:
            raise ScannerFault("a scanner needs at least one trigger")
        self._targets: tuple[Trigger | Sweep | Mark, ...] = (
            *triggers,
            *RUN_MARKS,
            *sweeps,
            *CHARACTER_MARKS,
        )
        self.first_once = len(triggers)
        self.first_lasting = len(triggers) + len(RUN_MARKS)
        self._database = _compile(self._targets)
        names = {one.rule for one in triggers} | {one.rule for one in sweeps}
        self.rules = tuple(sorted(names))
        self.digest = digest(
            ENGINE_VERSION,
            *(f"{pack.name}={pack.digest}".encode() for pack in packs),
        )
        hits: list[Hit] = []

        def on_hit(target: int, start: int, end: int, _flags: int, _context: object) -> None:
            hits.append((end, start, target))

        self._hits = hits
        self._on_hit = on_hit

    def scan(self, text: str, *, enough: int | None = None) -> tuple[Finding, ...]:
        """Return the findings of `text`, sorted by start, non-overlapping within each kind.

        Where findings of one kind overlap, the more confident one stays, then the longer. A
        finding under a disguise (base64, percent, hidden characters, …) covers the disguised
        characters; disguises are undone `DEPTH` deep. After `enough` credentials nothing further
        is looked for; None looks for all.

        Raises:
            ScannerFault: The engine failed; the caller must refuse the text.
        """
        hits = self.read(text)
        return settle(self.confirm(text, hits, enough=enough)) if hits else ()

    def read(self, text: str) -> list[Hit]:
        """Run the engine over `text`; return its hits in characters, by their ends.

        Targets numbered `first_once` and above are reported once in a text, without a start: the
        marks of disguised runs, and from `first_lasting` on what concerns the rest of the text.

        Raises:
            ScannerFault: The engine failed; the caller must refuse the text.
        """
        text = _plainly_spaced(text)
        data = text.encode("utf-8", "surrogatepass")
        hits = self._hits
        if hits:
            hits.clear()
        try:
            self._database.scan(data, match_event_handler=self._on_hit)
        except hyperscan.error as error:
            raise ScannerFault("the pattern engine failed") from error
        if not hits:
            return []
        located = sorted(hits)
        hits.clear()
        return located if len(data) == len(text) else _in_characters(located, data)

    def confirm(
        self, text: str, hits: Sequence[Hit], *, enough: int | None = None
    ) -> list[Finding]:
        """Return what the rules make of `hits` in `text`, overlapping ones included.

        Args:
            text: What `read` read.
            hits: What it returned, or some of it.
            enough: Stop looking altogether after so many credentials; None looks for all.

        Raises:
            ScannerFault: A rule failed; the caller must refuse the text.
        """
        try:
            return self._confirm(text, hits, DEPTH, enough)
        except ScannerFault:
            raise
        except Exception as error:  # noqa: BLE001 - a rule that fails has decided nothing
            # Only the error's class goes on: its message and its frames may hold the text.
            raise ScannerFault(f"a rule failed with {type(error).__name__}") from None

    def _confirm(
        self, text: str, hits: Sequence[Hit], depth: int, enough: int | None
    ) -> list[Finding]:
        """Return the findings of `text` as it stands and, `depth` deep, under its disguises."""
        text = _plainly_spaced(text)
        judging = Judging(self._targets, text, enough)
        if judging.add(hit for hit in hits if hit[2] < self.first_once):
            return judging.found
        disguises: set[Callable[[str], Iterator[View]]] = set()
        for end, _, index in hits:
            if index < self.first_once:
                continue
            target = self._targets[index]
            if isinstance(target, Sweep):
                judging.found.extend(target.sweep(text, max(0, end - target.width)))
            elif depth:
                disguises.add(cast("Mark", target).views)
        found = judging.finish()
        if judging.is_enough():
            return found
        for undo in disguises:
            self._undisguise(text, undo, depth - 1, enough, found)
        return found

    def _undisguise(
        self,
        text: str,
        undo: Callable[[str], Iterator[View]],
        depth: int,
        enough: int | None,
        found: list[Finding],
    ) -> None:
        """Add to `found` what stands under one disguise."""
        for view in undo(text):
            under = self._confirm(view.text, self.read(view.text), depth, enough)
            found.extend(one.at(*view.locate(one.start, one.end)) for one in under)
            if are_enough(found, enough):
                return


def _plainly_spaced(text: str) -> str:
    """Return `text` with plain blanks and hyphens for those of word processors, one for one."""
    if text.isascii() or _UNUSUAL.search(text) is None:
        return text
    return _DASHES.sub("-", _BLANKS.sub(" ", text))


# No-break, thin and figure blanks; hyphens, figure and en dashes, the minus sign.
_BLANKS = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_DASHES = re.compile("[\u2010-\u2013\u2212]")
_UNUSUAL = re.compile(f"{_BLANKS.pattern}|{_DASHES.pattern}")


def settle(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Drop findings that overlap a better one of the same kind; sort the rest by start."""
    ranked = sorted(
        findings,
        key=lambda one: (-one.confidence, one.start - one.end, one.start, one.rule),
    )
    if len(ranked) < 2:  # noqa: PLR2004 - nothing to settle
        return tuple(ranked)
    kept: list[Finding] = []
    for kind in {one.kind for one in ranked}:
        kept.extend(_without_overlap([one for one in ranked if one.kind == kind]))
    kept.sort(key=lambda one: (one.start, one.end, one.kind))
    return tuple(kept)


def _without_overlap(ranked: list[Finding]) -> list[Finding]:
    """Keep each finding no character of which a better one already took.

    Of what was taken unjudged the rest stays: it covers many hits, not one.
    """
    taken = bytearray(max(one.end for one in ranked))
    kept: list[Finding] = []
    for one in ranked:
        if taken.find(1, one.start, one.end) < 0:
            taken[one.start : one.end] = b"\x01" * (one.end - one.start)
            kept.append(one)
        elif one.confidence == UNJUDGED:
            for gap in _FREE.finditer(taken, one.start, one.end):
                kept.append(one.at(*gap.span()))
                taken[gap.start() : gap.end()] = b"\x01" * (gap.end() - gap.start())
    return kept


_FREE = re.compile(rb"\x00+")


def _in_characters(hits: list[Hit], data: bytes) -> list[Hit]:
    """Turn byte offsets into character offsets, decoding the text only once."""
    wanted = sorted({offset for end, start, _ in hits for offset in (start, end)})
    characters = {0: 0}
    last_byte = last_character = 0
    for offset in wanted:
        part = data[last_byte:offset]
        last_character += len(part) - len(part.translate(None, _LEADING))
        last_byte = offset
        characters[offset] = last_character
    return [(characters[end], characters[start], target) for end, start, target in hits]


# Every byte but the UTF-8 continuation bytes 10xxxxxx.
_LEADING = bytes(range(0x80)) + bytes(range(0xC0, 0x100))


def _compile(targets: Sequence[Trigger | Sweep | Mark]) -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=[target.expression.encode("latin-1") for target in targets],
            ids=list(range(len(targets))),
            elements=len(targets),
            flags=[_flags(target) for target in targets],
        )
        database.scratch = hyperscan.Scratch(database)
    except hyperscan.error as error:
        raise ScannerFault(f"the rules do not compile: {error}") from error
    return database


def _flags(target: Trigger | Sweep | Mark) -> int:
    """Ask for exact starts where each hit is confirmed, for one hit where a text is walked."""
    if isinstance(target, Mark):
        return int(hyperscan.HS_FLAG_SINGLEMATCH)
    mode = hyperscan.HS_FLAG_SOM_LEFTMOST
    if isinstance(target, Sweep):
        mode = hyperscan.HS_FLAG_SINGLEMATCH
    return int(mode | (hyperscan.HS_FLAG_CASELESS if target.caseless else 0))
