"""Reading a request: decoding JSON safely and collecting what a detector must see."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from alos.domain.request import Path, Text, Unreadable
from alos.gateway.wire.fields import PROTOCOL_WORDS, FieldTable, Reads, Rule

MAX_DEPTH = 64
"""Of objects and lists in one another; real requests stay below 20."""
LONG_NUMBER = 10_000_000
"""From here on a number may be a card, an account or a telephone number, so it is read."""

_SCHEMA_BOUNDS = frozenset(
    {"exclusiveMaximum", "exclusiveMinimum", "maxItems", "maxLength", "maximum", "minimum"}
)

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


class MalformedError(ValueError):
    """The body is not a request of this format; the message names the field, never its value."""


def _read_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("an object names a field twice")
    return found


_strict = json.JSONDecoder(object_pairs_hook=_read_pairs)


def decode(body: bytes) -> dict[str, Any]:
    """Decode a request body.

    An object with a field twice is malformed: parsers differ in which one they take, so what
    was checked might not be what the provider reads.

    Raises:
        MalformedError: not UTF-8, not JSON, not an object, a doubled field, or nested too deep.
    """
    try:
        document = _decoder.decode(body)
        # Where encoding gives the same bytes again, nothing was lost, so no field stood twice.
        if isinstance(document, dict) and _encoder.encode(document) != body:
            _strict.decode(body.decode())
    except MalformedError:
        raise
    except UnicodeDecodeError:
        raise MalformedError("it is not UTF-8") from None
    except RecursionError:
        raise MalformedError(f"it is nested deeper than {MAX_DEPTH}") from None
    except ValueError:
        raise MalformedError("it is not JSON") from None
    if not isinstance(document, dict):
        raise MalformedError("it is not a JSON object")
    return document


def encode(document: object) -> bytes:
    """Write compact JSON."""
    return _encoder.encode(document)


class Reading:
    """Collects what is found in one request."""

    __slots__ = ("hosted", "opaque", "system", "texts", "tool_names", "unknown", "unpriced")

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.opaque: list[Unreadable] = []
        self.hosted: list[Unreadable] = []
        self.unpriced: list[str] = []
        self.unknown: list[str] = []
        self.tool_names: list[str] = []
        self.system: list[str] = []

    def add_text(self, path: Path, role: str, text: str) -> None:
        """Take a text, unless it is empty or a word of the format itself."""
        if text and text not in PROTOCOL_WORDS:
            self.texts.append(Text(path, role, text))
            if role == "system":
                self.system.append(text)

    def add_signed(self, path: Path, role: str, text: str) -> None:
        """Take a text that can be refused but not replaced: a key, or what a signature covers."""
        if text and text not in PROTOCOL_WORDS:
            self.texts.append(Text(path, role, text, is_key=True))

    def add_json(self, path: Path, role: str, value: Any, depth: int = 0) -> None:
        """Take every string, free key and long number of any JSON value."""
        if value is None or value is True or value is False:
            return
        if isinstance(value, str):
            self.add_text(path, role, value)
        elif isinstance(value, dict):
            check_depth(depth)
            for key, inner in value.items():
                if key not in PROTOCOL_WORDS:
                    self.add_signed((*path, key), role, key)
                elif key in _SCHEMA_BOUNDS and isinstance(inner, int | float):
                    continue
                self.add_json((*path, key), role, inner, depth + 1)
        elif isinstance(value, list):
            check_depth(depth)
            for index, inner in enumerate(value):
                self.add_json((*path, index), role, inner, depth + 1)
        elif abs(value) >= LONG_NUMBER:
            self.texts.append(Text(path, role, str(value)))

    def add_unknown(self, name: str, path: Path, key: str, value: Any, role: str) -> None:
        """Name a field that no table lists; a detector reads it all the same."""
        self.unknown.append(name)
        self.add_signed((*path, key), "parameter", key)
        self.add_json((*path, key), role, value)


def check_depth(depth: int) -> None:
    """Keep recursion bounded.

    Raises:
        MalformedError: at the cap.
    """
    if depth >= MAX_DEPTH:
        raise MalformedError(f"it is nested deeper than {MAX_DEPTH}")


def need_text(value: Any, field: str) -> str:
    """Take a string.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(value, str):
        raise MalformedError(f"{field} must be a string")
    return value


def need_list(value: Any, field: str) -> list[Any]:
    """Take a list.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(value, list):
        raise MalformedError(f"{field} must be a list")
    return value


def need_object(value: Any, field: str) -> dict[str, Any]:
    """Take an object.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(value, dict):
        raise MalformedError(f"{field} must be an object")
    return value


def get_flag(document: Mapping[str, Any], field: str) -> bool:
    """Take a boolean; absent or null is false.

    Raises:
        MalformedError: it is something else.
    """
    value = document.get(field)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise MalformedError(f"{field} must be true or false")
    return value


def get_count(document: Mapping[str, Any], field: str, *, least: int) -> int | None:
    """Take a whole number; absent or null is ``None``.

    Raises:
        MalformedError: it is something else, or below ``least``.
    """
    value = document.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise MalformedError(f"{field} must be a whole number of {least} or more")
    return value


def get_model(document: Mapping[str, Any]) -> str | None:
    """Take the model's name; absent, null or empty is ``None``.

    Raises:
        MalformedError: it is no string.
    """
    value = document.get("model")
    return need_text(value, "model") or None if value is not None else None


def get_prompt(document: Mapping[str, Any]) -> tuple[str | None, dict[str, str]]:
    """Take our own ``alos`` object: a prompt's name and its variables.

    Raises:
        MalformedError: it has another shape.
    """
    ours = document.get("alos")
    if ours is None:
        return None, {}
    need_object(ours, "alos")
    if not ours.keys() <= {"prompt", "variables"}:
        raise MalformedError("alos has a field other than prompt and variables")
    name = need_text(ours.get("prompt"), "alos.prompt")
    variables = need_object(ours.get("variables") or {}, "alos.variables")
    for value in variables.values():
        need_text(value, "each of alos.variables")
    return name, variables


Handler = Callable[[Reading, str, Any], None]


def read_fields(
    reading: Reading,
    document: Mapping[str, Any],
    table: FieldTable,
    handlers: Mapping[str, Handler],
) -> None:
    """Read every top-level field by its rule, in the document's own order.

    ``handlers`` read the fields that have a shape of their own (content and tools).

    Raises:
        MalformedError: a known field has the wrong type.
    """
    for name, value in document.items():
        rule = table.get(name)
        if rule is None:
            reading.add_unknown(name, (), name, value, "parameter")
        elif value is not None:
            handler = handlers.get(name)
            if handler is not None:
                handler(reading, name, value)
            else:
                _READERS[rule.reads](reading, name, value, rule)


def _read_number(_reading: Reading, name: str, value: Any, _rule: Rule) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedError(f"{name} must be a number")


def _read_flag(_reading: Reading, name: str, value: Any, _rule: Rule) -> None:
    if not isinstance(value, bool):
        raise MalformedError(f"{name} must be true or false")


def _read_text(reading: Reading, name: str, value: Any, _rule: Rule) -> None:
    reading.add_text((name,), "parameter", need_text(value, name))


def _read_texts(reading: Reading, name: str, value: Any, _rule: Rule) -> None:
    if isinstance(value, str):
        reading.add_text((name,), "parameter", value)
        return
    for index, one in enumerate(need_list(value, name)):
        reading.add_text((name, index), "parameter", need_text(one, f"{name}[{index}]"))


def _read_json(reading: Reading, name: str, value: Any, _rule: Rule) -> None:
    reading.add_json((name,), "parameter", value)


def _read_control(_reading: Reading, _name: str, _value: Any, _rule: Rule) -> None:
    """The format's own code reads it."""


def _read_ours(_reading: Reading, _name: str, _value: Any, _rule: Rule) -> None:
    """It never goes upstream; what it renders to is read in its place."""


def _read_cost(reading: Reading, name: str, value: Any, rule: Rule) -> None:
    if value not in rule.harmless:
        reading.unpriced.append(name)
    reading.add_json((name,), "parameter", value)


def _read_hosted(reading: Reading, name: str, value: Any, rule: Rule) -> None:
    if value not in rule.harmless:
        reading.hosted.append(Unreadable((name,), rule.kind))
    reading.add_json((name,), "parameter", value)


def _read_opaque(reading: Reading, name: str, value: Any, rule: Rule) -> None:
    if value not in rule.harmless:
        reading.opaque.append(Unreadable((name,), rule.kind))
    reading.add_json((name,), "parameter", value)


_READERS: Mapping[Reads, Callable[[Reading, str, Any, Rule], None]] = {
    Reads.NUMBER: _read_number,
    Reads.FLAG: _read_flag,
    Reads.TEXT: _read_text,
    Reads.TEXTS: _read_texts,
    Reads.JSON: _read_json,
    Reads.CONTROL: _read_control,
    Reads.COST: _read_cost,
    Reads.HOSTED: _read_hosted,
    Reads.OPAQUE: _read_opaque,
    Reads.OURS: _read_ours,
}
