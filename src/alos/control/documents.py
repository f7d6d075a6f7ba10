"""Reads YAML the careful way: every value keeps its line, and nothing in the file runs.

The subset is the YAML 1.2 core schema without anchors, aliases, tags and merge keys: what a
voter reads is what is there. ``no`` and ``on`` are text, as in every 1.2 reader; numbers with
a point stay exact (``Decimal``).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn

import yaml

MAXIMUM_BYTES = 512 * 1024
MAXIMUM_DEPTH = 24
MAXIMUM_MAGNITUDE = 18
"""Numbers stay within 10 ** ±18; anything beyond is read as text."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WHOLE_NUMBER = re.compile(r"[-+]?[0-9]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Location = tuple[str | int, ...]
"""Keys and list positions (from 0) from the top of a document."""


class Severity(StrEnum):
    """What a problem keeps from happening.

    An error keeps a file from being read into a value, so what it describes does not exist. A
    problem that blocks a release leaves the value: what is live stays live, and nothing new
    is released until it is mended. A warning blocks nothing.
    """

    ERROR = "error"
    BLOCKS_RELEASE = "blocks release"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a person should mend, with the place and the way.

    Neither sentence quotes a value: somebody may have pasted a credential.

    Attributes:
        path: the file, relative to the folder that was read.
        line: from 1; 0 where the problem is the file's as a whole.
        key: dotted, list positions in brackets (``models.small.vendor``); empty for the whole.
        mend: what to do, as an imperative sentence.
    """

    severity: Severity = Severity.ERROR
    path: str
    line: int = 0
    key: str = ""
    message: str
    mend: str

    def __str__(self) -> str:
        """One line: file, line, key, what is wrong, what to do."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        key = f"`{self.key}` " if self.key else ""
        return f"{place}: {key}{self.message}. {self.mend}".rstrip()

    @property
    def is_error(self) -> bool:
        """Whether it keeps the file from being used."""
        return self.severity is Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML file as plain values, and the line of each.

    Attributes:
        data: nested ``dict`` (text keys), ``list``, ``str``, ``int``, ``Decimal``, ``bool``
            and None.
        lines: the line, from 1, of every key and list item.
    """

    path: str
    data: object
    lines: Mapping[Location, int]

    def get_line(self, location: Location) -> int:
        """The line of a place, or of the nearest place around it that exists."""
        for end in range(len(location), 0, -1):
            if (line := self.lines.get(location[:end])) is not None:
                return line
        return 1

    def build_problem(
        self, location: Location, message: str, mend: str, *, severity: Severity = Severity.ERROR
    ) -> Problem:
        """Point at a place of this document."""
        return Problem(
            severity=severity,
            path=self.path,
            line=self.get_line(location),
            key=to_key(location),
            message=message,
            mend=mend,
        )


def to_key(location: Location) -> str:
    """Write a place the way people read it: ``models.small.fallbacks[0]``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def parse_document(path: str, raw: bytes) -> tuple[Document | None, list[Problem]]:
    """Read one YAML file.

    Returns:
        The document, or None where it can't be read on; and every problem found. A duplicate
        key is a problem but leaves a document (its first value).
    """
    if len(raw) > MAXIMUM_BYTES:
        message = f"the file has {len(raw)} bytes; at most {MAXIMUM_BYTES} are read"
        return None, [Problem(path=path, message=message, mend="Split the file.")]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return None, [
            Problem(
                path=path, line=line, message="the file is not UTF-8", mend="Save it as UTF-8."
            )
        ]
    composer = _Composer(path)
    try:
        data = composer.compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        message = f"the file is not YAML: {_describe(error)}"
        mend = "Check the indentation, the colons and the quotes at and above this line."
        return None, [Problem(path=path, line=line, message=message, mend=mend)]
    except yaml.YAMLError:
        message = "the file has a character that YAML does not allow"
        return None, [Problem(path=path, message=message, mend="Remove control characters.")]
    except _StopReadingError:
        return None, composer.problems
    document = Document(path=path, data=data, lines=composer.lines)
    return document, composer.problems


def _describe(error: yaml.MarkedYAMLError) -> str:
    # The library's own words may quote the file's text in quotation marks; those are left out.
    return re.sub(r"(['\"]).*?\1", "…", error.problem or "it ends too soon", flags=re.DOTALL)


class _StopReadingError(Exception):
    """The rest of the file can't be read safely."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being read."""

    location: Location
    value: dict[str, object] | list[object]
    key: str | None = None
    """The key of a mapping that waits for its value."""


@dataclass(slots=True)
class _Composer:
    """Turns parse events into plain values without recursion, and notes their lines."""

    path: str
    problems: list[Problem] = field(default_factory=list)
    lines: dict[Location, int] = field(default_factory=dict)
    _frames: list[_Frame] = field(default_factory=list)
    _root: object = None
    _documents: int = 0

    def compose(self, text: str) -> object:
        for event in self._list_events(text):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._stop(line, "the file holds a second document", "Remove the `---` line.")
            elif isinstance(event, yaml.AliasEvent):
                self._stop(line, "aliases are not read", "Write the value out in full.")
            elif isinstance(event, yaml.NodeEvent):
                self._check_plain(event, line)
                self._read_node(event, line)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._frames.pop()
        return self._root

    @staticmethod
    def _list_events(text: str) -> Iterator[yaml.Event]:
        events: Iterator[yaml.Event] = yaml.parse(text, Loader=LOADER)
        return events

    def _check_plain(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            self._stop(line, "anchors are not read", "Write the value out where it is used.")
        if getattr(event, "tag", None) is not None:
            self._stop(line, "tags are not read", "Remove the word that starts with `!`.")

    def _read_node(self, event: yaml.NodeEvent, line: int) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            self._read_key(frame, event, line)
            return
        location = self._get_location(frame)
        if isinstance(frame.value if frame else None, list):
            self.lines[location] = line
        if isinstance(event, yaml.ScalarEvent):
            self._put(frame, _resolve(event))
            return
        value: dict[str, object] | list[object]
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._put(frame, value)
        self._frames.append(_Frame(location=location, value=value))
        if len(self._frames) > MAXIMUM_DEPTH:
            self._stop(line, f"more than {MAXIMUM_DEPTH} levels", "Nest less.")

    def _read_key(self, frame: _Frame, event: yaml.NodeEvent, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(line, "a key is a list or a mapping", "Use plain words as keys.")
        key = event.value
        frame.key = key
        location = (*frame.location, key)
        if isinstance(frame.value, dict) and key in frame.value:
            first = self.lines[location]
            self.problems.append(
                Problem(
                    path=self.path,
                    line=line,
                    key=to_key(location),
                    message=f"the key stands twice; the first is in line {first}",
                    mend="Keep one of the two.",
                )
            )
        else:
            self.lines[location] = line

    @staticmethod
    def _get_location(frame: _Frame | None) -> Location:
        if frame is None:
            return ()
        last: str | int = len(frame.value) if isinstance(frame.value, list) else frame.key or ""
        return (*frame.location, last)

    def _put(self, frame: _Frame | None, value: object) -> None:
        if frame is None:
            self._root = value
        elif isinstance(frame.value, list):
            frame.value.append(value)
        else:
            frame.value.setdefault(frame.key or "", value)
            frame.key = None

    def _stop(self, line: int, message: str, mend: str) -> NoReturn:
        self.problems.append(Problem(path=self.path, line=line, message=message, mend=mend))
        raise _StopReadingError


def _resolve(event: yaml.ScalarEvent) -> str | int | Decimal | bool | None:
    """Read a scalar by the YAML 1.2 core schema; quoted text stays text."""
    text: str = event.value
    if event.style:  # None or "" for a plain scalar, by parser
        return text
    if text in WORDS:
        return WORDS[text]
    if WHOLE_NUMBER.fullmatch(text) and len(text) <= MAXIMUM_MAGNITUDE:
        return int(text)
    if NUMBER.fullmatch(text) and not WHOLE_NUMBER.fullmatch(text):
        number = Decimal(text)
        if number.is_finite() and abs(number.adjusted()) <= MAXIMUM_MAGNITUDE:
            return number
    return text
