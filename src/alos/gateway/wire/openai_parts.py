"""What OpenAI chat and responses share: content parts, tool definitions, usage."""

from typing import Any

import msgspec

from alos.domain.money import Usage
from alos.domain.request import Path, Unreadable
from alos.gateway.wire.document import need_object, need_text
from alos.gateway.wire.reading import Reading

UNKNOWN_PART = "unknown_part"
UNKNOWN_TOOL = "unknown_tool"


def read_remote(reading: Reading, path: Path, role: str, url: Any, kind: str) -> None:
    """Note an image or file given by URL: inline data is opaque, an address is read too."""
    if isinstance(url, str) and url.startswith("data:"):
        reading.opaque.append(Unreadable(path, kind))
    else:
        reading.opaque.append(Unreadable(path, "remote_url"))
        reading.add_json(path, role, url)


def read_rest(
    reading: Reading, path: Path, role: str, value: dict[str, Any], known: frozenset[str]
) -> None:
    """Name and read the fields of a part that its table does not list."""
    if value.keys() <= known:
        return
    for key, inner in value.items():
        if key not in known:
            reading.add_unknown("a nested field", path, key, inner, role)


def get_type(value: dict[str, Any], path: Path) -> str:
    """Take a part's ``type``.

    Raises:
        MalformedError: it is missing or no string.
    """
    return need_text(value.get("type"), (*path, "type"))


_FUNCTION = frozenset({"name", "description", "parameters", "strict"})


def read_function(
    reading: Reading, path: Path, function: Any, definition: dict[str, Any] | None = None
) -> None:
    """Read a function that is offered to the model: name, description, schema.

    ``definition`` is all that the request says of it, where ``function`` is a part of that.
    """
    function = need_object(function, path)
    name = need_text(function.get("name"), (*path, "name"))
    reading.add_tool(name, definition or function)
    reading.add_text((*path, "name"), "tool_definition", name)
    if function.get("description") is not None:
        text = need_text(function["description"], (*path, "description"))
        reading.add_text((*path, "description"), "tool_definition", text)
    reading.add_json((*path, "parameters"), "tool_definition", function.get("parameters"))
    reading.add_json((*path, "strict"), "tool_definition", function.get("strict"))
    read_rest(reading, path, "tool_definition", function, _FUNCTION)


class PromptDetails(msgspec.Struct):
    """Part of the input tokens."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class CompletionDetails(msgspec.Struct):
    """Part of the output tokens."""

    reasoning_tokens: int | None = None


def split_usage(
    input_tokens: int, output_tokens: int, prompt: PromptDetails | None, reasoning_tokens: int
) -> Usage:
    """Turn overlapping figures into disjoint buckets; a part never exceeds its whole."""
    input_tokens = max(input_tokens, 0)
    output_tokens = max(output_tokens, 0)
    cached = min(max((prompt and prompt.cached_tokens) or 0, 0), input_tokens)
    written = min(max((prompt and prompt.cache_write_tokens) or 0, 0), input_tokens - cached)
    reasoning = min(max(reasoning_tokens, 0), output_tokens)
    return Usage(
        input_tokens=input_tokens - cached - written,
        cached_read_tokens=cached,
        cache_write_tokens=written,
        output_tokens=output_tokens - reasoning,
        reasoning_tokens=reasoning,
    )
