"""Finds what is split over neighbouring parts of a request: content parts, messages, tool results.

The engine reads all parts at once, as lines of one text; each hit is confirmed in its own part.
Then every seam gets a cheap look: is there a hit near it, or would a token run over it? Only where
that is so, the edges around it are joined and scanned: as if nothing stood between them (quoting
marks taken off) where a token may run over the seam, and as lines where the first announces what
the second holds. Only findings that the parts alone did not show are added.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from alos.checks.catalogue import settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from alos.checks.catalogue import Scanner
    from alos.checks.judging import Hit
    from alos.domain.finding import Finding

EDGE_CHARACTERS = 300
KEY_CHARACTERS = 17_000
GLUE_CHARACTERS = 128
"""How much of either side a trigger that matches over a seam may take; none is wider."""

ENOUGH = 12
"""After so many credentials a part is not looked at further: one refuses the whole request."""

_KEY_OPEN = "PRIVATE KEY"
# Marks that people and programs put around the halves; a plain space is none of them.
_LONGEST_QUOTING = 12
_TAIL_QUOTING = re.compile(r"(?! +\Z)[\s\"'`+\\,.\u2026)\]}>]{1,12}\Z")
_HEAD_QUOTING = re.compile(r"(?! +[^\s\"'`+>.\u2026])[\s\"'`+>.\u2026(\[{]{1,12}")
_RUNS_ON = re.compile(r"[A-Za-z0-9_\-+/=@%!#$&*~:]")
# A sentence that ends, and a word that begins the next: no token runs over that seam.
_SENTENCE_ENDS = re.compile(r"[a-z]{2}[.!?]")
_SENTENCE_BEGINS = re.compile(
    r"\s{0,4}[\"'(]?[A-Z]?[a-z]{0,20}(?:'[a-z]{1,2})?(?:[\s,!?;]|[.:]\s|\Z)"
)


def scan_parts(scanner: Scanner, parts: Sequence[str]) -> tuple[tuple[Finding, ...], ...]:
    """Return the findings of each part, in its own characters.

    A finding that is split over parts appears in each of them, over the characters it has there.
    A part is read no further after `ENOUGH` credentials, and nothing is redacted by that: whoever
    calls this refuses what holds even one. Identifiers are all found in what holds none.

    Raises:
        ScannerFault: The engine failed; the caller must refuse the parts.
    """
    filled = parts if all(parts) else [part for part in parts if part]
    if len(filled) < 2:  # noqa: PLR2004 - no seam
        return tuple(scanner.scan(part, enough=ENOUGH) if part else () for part in parts)
    hits = scanner.read("\n".join(filled))
    open_seams = _glued_seams(scanner, filled)
    if not hits and not open_seams:
        return ((),) * len(parts)
    found = _confirm_within(scanner, filled, hits) if hits else [[] for _ in filled]
    if hits:
        open_seams |= _seams_near(scanner, filled, hits)
    if open_seams:
        _look_over(scanner, filled, open_seams, found)
    settled = iter([settle(findings) for findings in found])
    return tuple(next(settled) if part else () for part in parts)


def _confirm_within(
    scanner: Scanner, parts: Sequence[str], hits: Sequence[Hit]
) -> list[list[Finding]]:
    """Confirm each hit in the part it lies in.

    A part at whose border a hit lies is read again on its own, and so is every part from the
    first hit on of a target that is reported once.
    """
    starts = _starts(parts)
    alone: set[int] = set()
    within: dict[int, list[Hit]] = {}
    for end, start, target in hits:
        last = bisect_right(starts, end - 1) - 1
        if target >= scanner.first_once:
            alone.update(range(last, len(parts)))
            continue
        first = bisect_right(starts, start) - 1
        offset = starts[first]
        if first == last and end - offset <= len(parts[first]):
            within.setdefault(first, []).append((end - offset, start - offset, target))
        else:
            alone.update(range(first, last + 1))
    return [
        list(scanner.scan(part, enough=ENOUGH))
        if at in alone
        else scanner.confirm(part, within[at], enough=ENOUGH)
        if at in within
        else []
        for at, part in enumerate(parts)
    ]


def _starts(parts: Sequence[str]) -> list[int]:
    """Return where each part begins in the text of their lines."""
    return list(accumulate((len(part) + 1 for part in parts[:-1]), initial=0))


def _seams_near(scanner: Scanner, parts: Sequence[str], hits: Sequence[Hit]) -> set[int]:
    """Return the seams, by the part before them, that a hit's rule may have looked over.

    What is reported once may stand again at any later seam; only runs under a disguise stand for
    themselves, and `_glued_seams` sees those that are split.
    """
    certain = [hit for hit in hits if hit[2] < scanner.first_once]
    ends = [end for end, _, _ in certain]
    once = min((end for end, _, target in hits if target >= scanner.first_lasting), default=None)
    near: set[int] = set()
    for at, start in enumerate(_starts(parts)[1:]):
        following = bisect_left(ends, start - EDGE_CHARACTERS)
        if (
            (following < len(ends) and certain[following][1] <= start + EDGE_CHARACTERS)
            or (once is not None and once <= start + EDGE_CHARACTERS)
            or parts[at].find(_KEY_OPEN, -KEY_CHARACTERS) >= 0
        ):
            near.add(at)
    return near


def _glued_seams(scanner: Scanner, parts: Sequence[str]) -> set[int]:
    """Return the seams beside which something matches once their quoting marks are off."""
    for part, following in pairwise(parts):
        if _may_run_on(part, following):
            break
    else:
        return set()
    running = [_may_run_on(part, following) for part, following in pairwise(parts)]
    chains = [chain for chain in _chains(parts) if True in running[chain[0] : chain[-1] + 1]]
    glued = [
        _unquoted_tail(parts[chain[0]][-GLUE_CHARACTERS:])
        + "".join(_glue_head(parts[at + 1]) for at in chain)
        for chain in chains
    ]
    starts = _starts(glued)
    found: set[int] = set()
    for end, _, target in scanner.read("\n".join(glued)):
        first = bisect_right(starts, end - 1) - 1
        for chain in chains[first : None if target >= scanner.first_once else first + 1]:
            found.update(chain)
    return found


def _chains(parts: Sequence[str]) -> list[range]:
    """Return the runs of seams between which the parts are short enough to be taken whole."""
    long = [at for at in range(1, len(parts) - 1) if len(parts[at]) > 2 * GLUE_CHARACTERS]
    return [range(first, last) for first, last in pairwise([0, *long, len(parts) - 1])]


def _glue_head(part: str) -> str:
    whole = len(part) <= 2 * GLUE_CHARACTERS
    quoting = _HEAD_QUOTING.match(part)
    start = quoting.end() if quoting else 0
    return _unquoted_tail(part[start:]) if whole else part[start:GLUE_CHARACTERS]


def _may_run_on(part: str, following: str) -> bool:
    """Tell whether a token may run over the seam, their quoting marks aside."""
    if _is_between_sentences(part, following):
        return False
    if not _RUNS_ON.match(_unquoted_tail(part[-_LONGEST_QUOTING - 1 :])[-1:]):
        return False
    head = _HEAD_QUOTING.match(following)
    return _RUNS_ON.match(following, head.end() if head else 0) is not None


def _is_between_sentences(part: str, following: str) -> bool:
    return (
        _SENTENCE_ENDS.match(part[-8:].rstrip()[-3:]) is not None
        and _SENTENCE_BEGINS.match(following) is not None
    )


def _look_over(
    scanner: Scanner,
    parts: Sequence[str],
    seams: AbstractSet[int],
    found: Sequence[list[Finding]],
) -> None:
    """Add to `found` what the joined edges around `seams` show and the parts alone did not."""
    for window in _windows(parts):
        if seams.isdisjoint(edge.part for edge in window[:-1]):
            continue
        for joined in _joins(window):
            for one in scanner.scan(joined.text, enough=ENOUGH):
                _place(one, joined, found)


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
    window: list[_Edge] = []
    for at, part in enumerate(parts):
        reach = KEY_CHARACTERS if _opens_key(window) else EDGE_CHARACTERS
        if window and len(part) > reach + EDGE_CHARACTERS:
            yield [*window, _Edge(at, 0, part[:reach])]
            window = []
        if at < len(parts) - 1:
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
    if not all(_is_between_sentences(tail, head) for tail, head in seams):
        yield _glued(window)
    if any(_ANNOUNCES.search(tail, max(0, len(tail) - 120)) for tail, _ in seams):
        yield _lined(window)


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
            text = _unquoted_tail(text)
        pieces.append((skipped, text, edge))
    return _join(pieces, "")


def _unquoted_tail(text: str) -> str:
    return text[:-_LONGEST_QUOTING] + _TAIL_QUOTING.sub("", text[-_LONGEST_QUOTING:])


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
        if max(one.start, start) < min(one.end, end)
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
