"""Finds what is split over neighbouring parts of a request: content parts, messages, tool results.

Each part is scanned once. Then the edges around each seam are joined and scanned: as if nothing
stood between them (quoting marks taken off) where a token may run over the seam, and as lines
where the first announces what the second holds. Only findings that the parts alone did not show
are added. Edges are short and most seams are neither, so the text is not read twice over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from alos.checks.catalogue import settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alos.checks.catalogue import Scanner
    from alos.domain.finding import Finding

EDGE_CHARACTERS = 300
KEY_CHARACTERS = 17_000
_KEY_OPEN = "PRIVATE KEY"
# Marks that people and programs put around the halves; a plain space is none of them.
_TAIL_QUOTING = re.compile(r"(?! +\Z)[\s\"'`+\\,.\u2026)\]}>]{1,12}\Z")
_HEAD_QUOTING = re.compile(r"(?! +[^\s\"'`+>.\u2026])[\s\"'`+>.\u2026(\[{]{1,12}")


def scan_parts(scanner: Scanner, parts: Sequence[str]) -> tuple[tuple[Finding, ...], ...]:
    """Return the findings of each part, in its own characters.

    A finding that is split over parts appears in each of them, over the characters it has there.

    Raises:
        ScannerFault: The engine failed; the caller must refuse the parts.
    """
    found = [list(scanner.scan(part)) for part in parts]
    for window in _windows(parts):
        for joined in _joins(window):
            for one in scanner.scan(joined.text):
                _place(one, joined, found)
    return tuple(settle(findings) for findings in found)


@dataclass(frozen=True, slots=True)
class _Edge:
    """A stretch of one part that a window takes in."""

    part: int
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class _Joined:
    """The text of a window and, for each edge, where its characters lie in it."""

    text: str
    places: tuple[tuple[int, int, _Edge], ...]


def _windows(parts: Sequence[str]) -> Iterator[list[_Edge]]:
    """Yield the edges around each run of seams; parts shorter than two edges are taken whole."""
    filled = [(at, part) for at, part in enumerate(parts) if part]
    if len(filled) < 2:  # noqa: PLR2004 - no seam
        return
    window: list[_Edge] = []
    for (at, part), (_, following) in zip(filled, [*filled[1:], (-1, "")], strict=True):
        reach = KEY_CHARACTERS if _opens_key(window) else EDGE_CHARACTERS
        if window and len(part) > reach + EDGE_CHARACTERS:
            yield [*window, _Edge(at, 0, part[:reach])]
            window = []
        if following:
            start = 0 if window else max(0, len(part) - _tail(part))
            window.append(_Edge(at, start, part[start:]))
        elif window:
            yield [*window, _Edge(at, 0, part[:reach])]


def _tail(part: str) -> int:
    """Return how much of the end of a part may belong to what the next one goes on with."""
    opened = part.rfind(_KEY_OPEN, max(0, len(part) - KEY_CHARACTERS))
    return max(EDGE_CHARACTERS, len(part) - opened + 40 if opened >= 0 else 0)


def _opens_key(window: Sequence[_Edge]) -> bool:
    return bool(window) and _KEY_OPEN in window[-1].text


def _joins(window: Sequence[_Edge]) -> Iterator[_Joined]:
    """Yield the ways in which this window's edges may belong together, if any."""
    seams = list(pairwise(edge.text for edge in window))
    if any(
        _RUNS_ON.search(_TAIL_QUOTING.sub("", tail)[-1:])
        and _RUNS_ON.search(_HEAD_QUOTING.sub("", head, count=1)[:1])
        for tail, head in seams
    ):
        yield _glued(window)
    if any(_ANNOUNCES.search(tail, max(0, len(tail) - 120)) for tail, _ in seams):
        yield _lined(window)


_RUNS_ON = re.compile(r"[A-Za-z0-9_\-+/=@%!#$&*~:]")
_ANNOUNCES = re.compile(
    r"(?:[:=>\u2192-]|\b(?:is|was|are|to|be|this|it|below|following|with|passw(?:or)?d|pwd|pw|token|"
    r"secret|key|creds|credentials|pass)[.:!?]{0,3})\s*\Z",
    re.IGNORECASE,
)


def _glued(window: Sequence[_Edge]) -> _Joined:
    """Join edges as if their quoting marks and nothing else stood between them."""
    pieces: list[tuple[int, str, _Edge]] = []
    for number, edge in enumerate(window):
        head = _HEAD_QUOTING.match(edge.text) if number else None
        skipped = head.end() if head else 0
        text = edge.text[skipped:]
        if number < len(window) - 1:
            text = _TAIL_QUOTING.sub("", text)
        pieces.append((skipped, text, edge))
    return _join(pieces, "")


def _lined(window: Sequence[_Edge]) -> _Joined:
    """Join edges as lines of one text."""
    return _join([(0, edge.text, edge) for edge in window], "\n")


def _join(pieces: Sequence[tuple[int, str, _Edge]], between: str) -> _Joined:
    places: list[tuple[int, int, _Edge]] = []
    offset = 0
    for skipped, text, edge in pieces:
        places.append((offset, offset + len(text), _Edge(edge.part, edge.start + skipped, text)))
        offset += len(text) + len(between)
    return _Joined(between.join(text for _, text, _ in pieces), tuple(places))


def _place(one: Finding, joined: _Joined, found: Sequence[list[Finding]]) -> None:
    """Add a finding of a window to its parts, unless a part has shown it already."""
    shares = [
        (edge, max(one.start, start) - start, min(one.end, end) - start)
        for start, end, edge in joined.places
        if one.start < end and start < one.end
    ]
    spans = [(edge.part, edge.start + first, edge.start + last) for edge, first, last in shares]
    if not spans or all(_shown(one, span, found) for span in spans):
        return
    if one.start == 0 and joined.places[0][2].start > 0:
        return  # it only seems to begin where the window was cut
    for part, start, end in spans:
        found[part].append(one.at(start, end))


def _shown(one: Finding, span: tuple[int, int, int], found: Sequence[list[Finding]]) -> bool:
    part, start, end = span
    return any(
        other.kind == one.kind and other.start <= start and end <= other.end
        for other in found[part]
    )
