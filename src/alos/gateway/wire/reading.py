"""Reading a request: collecting what a detector must see, by the format's field table."""

from collections.abc import Callable, Mapping
from typing import Any

from alos.domain.request import Path, Request, Text, Unreadable
from alos.domain.shape import OfferedTool
from alos.gateway.wire.document import (
    MalformedError,
    check_depth,
    get_answer_schema,
    get_model,
    get_prompt,
    need_list,
    need_text,
)
from alos.gateway.wire.fields import PROTOCOL_WORDS, FieldTable, Reads, Rule

LONG_NUMBER = 10_000_000
"""From here on a number may be a card, an account or a telephone number, so it is read."""
_SCHEMA_BOUNDS = frozenset(
    {"exclusiveMaximum", "exclusiveMinimum", "maxItems", "maxLength", "maximum", "minimum"}
)


class Reading:
    """Collects what is found in one request."""

    __slots__ = (
        "hosted",
        "offered",
        "opaque",
        "system",
        "texts",
        "tool_names",
        "unknown",
        "unpriced",
    )

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.opaque: list[Unreadable] = []
        self.hosted: list[Unreadable] = []
        self.unpriced: list[str] = []
        self.unknown: list[str] = []
        self.tool_names: list[str] = []
        self.offered: list[OfferedTool] = []
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

    def add_tool(self, name: str, definition: Mapping[str, Any]) -> None:
        """Note a tool of the caller's own that is offered to the model."""
        self.tool_names.append(name)
        self.offered.append(OfferedTool(name, definition))

    def add_unknown(self, name: str, path: Path, key: str, value: Any, role: str) -> None:
        """Name a field that no table lists; a detector reads it all the same."""
        self.unknown.append(name)
        self.add_signed((*path, key), "parameter", key)
        self.add_json((*path, key), role, value)

    def to_request(
        self,
        document: Mapping[str, Any],
        raw: bytes,
        *,
        stream: bool = False,
        include_usage: bool = True,
        max_output_tokens: int | None,
        choices: int = 1,
    ) -> Request:
        """What was read, as a request.

        Raises:
            MalformedError: ``model`` or our own ``alos`` object has the wrong shape.
        """
        prompt_name, variables = get_prompt(document)
        return Request(
            document=document,
            raw=raw,
            model=get_model(document),
            stream=stream,
            include_usage=include_usage,
            max_output_tokens=max_output_tokens,
            choices=choices,
            texts=tuple(self.texts),
            opaque=tuple(self.opaque),
            hosted=tuple(self.hosted),
            unpriced=tuple(self.unpriced),
            unknown_fields=tuple(self.unknown),
            tool_names=tuple(self.tool_names),
            offered=tuple(self.offered),
            system_text="\n".join(self.system),
            answer_schema=get_answer_schema(document),
            prompt_name=prompt_name,
            prompt_variables=variables,
        )


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
