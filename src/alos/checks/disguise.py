r"""Undoes the disguises a credential travels in, so that the scanner can look underneath.

Two sorts. *Runs* (base64, hexadecimal) are decoded where they stand and give a text of their own.
*Characters* (percent, HTML and JSON escapes, zero-width marks, full-width forms, look-alike
letters) are put back in place and give one plain view of the whole text. Each view knows which
characters of the disguised text any of its own came from.

Each disguise has a mark, a pattern of the shared scan; ordinary text bears none and pays nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DEPTH = 2
"""How many disguises, one inside the other, are undone."""


@dataclass(frozen=True, slots=True)
class View:
    """A text as it reads without a disguise.

    Attributes:
        text: What to scan.
        locate: Gives the span of the disguised text for a span of `text`.
    """

    text: str
    locate: Callable[[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign that a disguise may stand in a text.

    Attributes:
        name: For fault messages and cost reports.
        expression: Hyperscan expression over UTF-8 bytes.
        views: Gives the undisguised views of a text that bears the mark.
    """

    name: str
    expression: str
    views: Callable[[str], Iterator[View]]


_RUN = re.compile(r"[A-Za-z0-9+/_-]{4,}(?:\r?\n[ \t]{0,12}[A-Za-z0-9+/_-]{60,})*={0,2}")
_HEX_RUN = re.compile(r"(?:[0-9a-f]{2}){16,}|(?:[0-9A-F]{2}){16,}|(?:\\x[0-9a-fA-F]{2}){8,}")
_SHORTEST_RUN = 24
_READABLE = re.compile(rb"[\t\r\n -~]+")
_FOLD = re.compile(r"\s+")
_UNFOLDED = 120


def base64_views(text: str) -> Iterator[View]:
    """Decode each base64 run (either alphabet, folded or not) that holds readable text."""
    for match in _RUN.finditer(text):
        if match.end() - match.start() >= _SHORTEST_RUN:
            yield from _base64_view(match[0], match.start())


def _base64_view(run: str, start: int) -> Iterator[View]:
    folded = len(run) > _UNFOLDED and "\n" in run
    packed = _FOLD.sub("", run) if folded else run
    packed = packed.rstrip("=").replace("-", "+").replace("_", "/")
    if len(packed) % 4 == 1:
        packed = packed[:-1]
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        return
    if not _READABLE.fullmatch(data):
        return
    length = len(run)

    def locate(first: int, last: int) -> tuple[int, int]:
        if folded:
            return start, start + length
        return start + first // 3 * 4, min(start + length, start + -(-last // 3) * 4)

    yield View(data.decode("ascii"), locate)


def hex_views(text: str) -> Iterator[View]:
    r"""Decode each run of hexadecimal bytes (`736b2d…`, `\x73\x6b…`) that holds readable text."""
    for match in _HEX_RUN.finditer(text):
        width = 4 if match[0].startswith("\\") else 2
        data = bytes.fromhex(match[0].replace("\\x", ""))
        if _READABLE.fullmatch(data):
            yield View(data.decode("ascii"), _stretched(match.start(), width))


def _stretched(start: int, width: int) -> Callable[[int, int], tuple[int, int]]:
    def locate(first: int, last: int) -> tuple[int, int]:
        return start + first * width, start + last * width

    return locate


_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufe00-\ufe0f\ufeff"
)
_ESCAPE = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)|&(?P<entity>#\d{2,7}|#[xX][0-9A-Fa-f]{2,6}|"
    r"amp|quot|apos|lt|gt|colon|equals|lowbar|hyphen|sol|plus|period);|"
    r"\\u(?P<unicode>00[0-9A-Fa-f]{2})|(?P<hidden>[" + _INVISIBLE + r"]+)",
)
_ENTITIES = {
    "amp": "&",
    "quot": '"',
    "apos": "'",
    "lt": "<",
    "gt": ">",
    "colon": ":",
    "equals": "=",
    "lowbar": "_",
    "hyphen": "-",
    "sol": "/",
    "plus": "+",
    "period": ".",
}
# Letters of other scripts that are drawn like a Latin one, and the Latin one.
_FOREIGN = (
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0430\u0435\u043e\u0440"
    "\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d\u0391\u0392\u0395\u0396\u0397"
    "\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03c1\u03c5\u03bd\u03ba\u03b9"
)
_LATIN = "ABEKMHOPCTXaeopcyxsijhdqwABEZHIKMNOPTYXopuvki"
_ASCII_END = 0x80
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_TAGS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
"""Unicode's tag characters, which are drawn as nothing."""
_FORMS = {
    code: plain
    for first, last in ((0xFF01, 0xFF5E), (0x1D400, 0x1D7FF))
    for code in range(first, last + 1)
    if (plain := unicodedata.normalize("NFKC", chr(code))).isascii()
}
_LETTERS = (
    dict(zip(map(ord, _FOREIGN), _LATIN, strict=True))
    | dict.fromkeys(map(ord, _HYPHENS), "-")
    | _TAGS
    | _FORMS
)
"""One character for each that is drawn like it, so that places stay."""


def plain_views(text: str) -> Iterator[View]:
    """Put escaped, hidden, full-width and look-alike characters back, all in one view."""
    folded = text.translate(_LETTERS)
    pieces: list[str] = []
    offsets: list[int] = []  # of the view, where an escape and where the plain text behind begins
    starts: list[int] = []  # of the text, for the same
    done = offset = 0
    for match in _ESCAPE.finditer(folded):
        plain = _plain(match)
        if plain is None:
            continue
        start, end = match.span()
        pieces += (folded[done:start], plain)
        offset += start - done
        offsets.append(offset)
        starts.append(start)
        offset += len(plain)
        offsets.append(offset)
        starts.append(end)
        done = end
    if offsets or folded != text:
        pieces.append(folded[done:])
        yield View("".join(pieces), _mapped(offsets, starts))


def _plain(match: re.Match[str]) -> str | None:
    """Return what stands for one escape, "" for a hidden mark, None to leave it as it is."""
    if match["percent"]:
        data = unquote_to_bytes(match["percent"])
        return data.decode("ascii") if _READABLE.fullmatch(data) else None
    if match["entity"]:
        return _entity(match["entity"])
    if match["unicode"]:
        return chr(int(match["unicode"], 16))
    return ""


def _entity(name: str) -> str | None:
    if not name.startswith("#"):
        return _ENTITIES[name]
    hexadecimal = name[1] in "xX"
    code = int(name[2:] if hexadecimal else name[1:], 16 if hexadecimal else 10)
    return chr(code) if code < _ASCII_END else None


def _mapped(
    offsets: Sequence[int], starts: Sequence[int]
) -> Callable[[int, int], tuple[int, int]]:
    """Return the way back from the view to the text.

    Pieces come in turns: an escape, which stands for its whole width, then text as it stands.
    """

    def locate(first: int, last: int) -> tuple[int, int]:
        head, tail = bisect_right(offsets, first) - 1, bisect_right(offsets, last - 1) - 1
        start = starts[head] + (first - offsets[head] if head % 2 else 0) if head >= 0 else first
        if tail >= 0:
            last = starts[tail] + last - offsets[tail] if tail % 2 else starts[tail + 1]
        return start, last

    return locate


RUN_MARKS: tuple[Mark, ...] = (
    Mark("base64", r"[A-Za-z0-9+/_\-]{24}", base64_views),
    Mark("hexadecimal", r"(?:[0-9a-fA-F]{32}|(?:\\x[0-9a-fA-F]{2}){4})", hex_views),
)

CHARACTER_MARKS: tuple[Mark, ...] = (
    Mark("percent", r"%[2-7][0-9A-Fa-f]", plain_views),
    Mark(
        "entity", r"&(?:#[0-9xX]|colon;|equals;|lowbar;|hyphen;|sol;|plus;|period;)", plain_views
    ),
    Mark("unicode escape", r"\\u00[2-7][0-9A-Fa-f]", plain_views),
    Mark(
        "hidden",
        r"(?:\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xc2\xad|\xcd\x8f|"
        r"\xef\xb8[\x80-\x8e]|\xf3\xa0[\x80\x81][\xa0-\xbf])",
        plain_views,
    ),
    Mark(
        "other forms",
        r"(?:\xef\xbc[\x90-\x99\xa1-\xba]|\xef\xbd[\x81-\x9a]|\xf0\x9d[\x90-\x9f])",
        plain_views,
    ),
    Mark(
        "look-alike",
        r"(?:[A-Za-z0-9_\-][\xce-\xd4][\x80-\xbf][A-Za-z0-9_\-]|"
        r"[A-Za-z0-9]\xe2(?:\x80[\x90-\x92]|\x88\x92)[A-Za-z0-9])",
        plain_views,
    ),
)
