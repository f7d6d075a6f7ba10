"""Messages, content blocks and tools of an Anthropic request.

Shape: https://docs.anthropic.com/en/api/messages
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from alos.domain.request import Path, Unreadable
from alos.domain.shape import OfferedTool
from alos.gateway.wire.document import (
    MalformedError,
    check_depth,
    need_list,
    need_object,
    need_text,
)
from alos.gateway.wire.openai_parts import UNKNOWN_PART, UNKNOWN_TOOL, read_rest
from alos.gateway.wire.reading import Reading

ROLES = {"user": "user", "assistant": "assistant", "system": "system"}


class Part(StrEnum):
    """How a field of a content block is read."""

    TEXT = "text"
    """A string that a detector reads."""
    JSON = "json"
    """Any JSON, all of it read."""
    SIGNED = "signed"
    """Read, but never replaced: the provider's signature covers it."""
    SOURCE = "source"
    """Where an image or document is: readable only as plain text or nested blocks."""
    CONTENT = "content"
    """A string or nested blocks."""
    TOOL_CHANGE = "tool_change"
    """A tool that comes or goes in mid-conversation; a definition in it is read as one."""
    CACHE = "cache"
    """``cache_control``: free of charge but for the one-hour lifetime."""


_CACHE = {"cache_control": Part.CACHE}
BLOCKS: Mapping[str, Mapping[str, Part]] = {
    "text": {"text": Part.TEXT, "citations": Part.JSON, **_CACHE},
    "image": {"source": Part.SOURCE, "transformations": Part.JSON, **_CACHE},
    "document": {
        "source": Part.SOURCE,
        "title": Part.TEXT,
        "context": Part.TEXT,
        "citations": Part.JSON,
        **_CACHE,
    },
    "search_result": {
        "source": Part.TEXT,
        "title": Part.TEXT,
        "content": Part.CONTENT,
        "citations": Part.JSON,
        **_CACHE,
    },
    "thinking": {"thinking": Part.SIGNED, "signature": Part.SIGNED},
    "redacted_thinking": {"data": Part.SIGNED},
    "tool_use": {
        "id": Part.TEXT,
        "name": Part.TEXT,
        "input": Part.JSON,
        "caller": Part.JSON,
        "toolset_name": Part.TEXT,
        **_CACHE,
    },
    "tool_result": {
        "tool_use_id": Part.TEXT,
        "toolset_name": Part.TEXT,
        "content": Part.CONTENT,
        "is_error": Part.JSON,
        **_CACHE,
    },
    "tool_reference": {"tool_name": Part.TEXT, **_CACHE},
    "tool_addition": {"tool": Part.TOOL_CHANGE, **_CACHE},
    "tool_removal": {"tool": Part.TOOL_CHANGE, **_CACHE},
    "compaction": {
        "content": Part.TEXT,
        "encrypted_content": Part.SIGNED,
        "signature": Part.SIGNED,
        "tool_changes": Part.TOOL_CHANGE,
        **_CACHE,
    },
}
"""Kinds of block that are read, field by field; of any other kind the block is opaque."""

HOSTED_BLOCKS = {
    "server_tool_use": "server_tool",
    "mcp_tool_use": "mcp",
    "mcp_tool_result": "mcp",
    "mcp_tool_listing": "mcp",
    "web_search_tool_result": "web_search",
    "web_fetch_tool_result": "web_fetch",
    "code_execution_tool_result": "code_execution",
    "bash_code_execution_tool_result": "code_execution",
    "text_editor_code_execution_tool_result": "code_execution",
    "tool_search_tool_result": "tool_search",
    "advisor_tool_result": "advisor",
    "fallback": "other_model",
}
"""What a tool at the provider left in the conversation: read, and noted as hosted."""

CLIENT_TOOLS = (
    "bash_",
    "text_editor_",
    "computer_",
    "memory_",
    "browser_toolset_",
)
"""Tools that Anthropic defines and the client runs, by the beginning of their type."""

HOSTED_TOOLS = {
    "web_search_": "web_search",
    "web_fetch_": "web_fetch",
    "code_execution_": "code_execution",
    "tool_search_tool_": "tool_search",
    "advisor_": "advisor",
    "mcp_toolset": "mcp",
}
"""Tools that run at the provider, by the beginning of their type."""

_OPAQUE_SOURCES = {"url": "remote_url", "file": "file_reference"}


def read_system(reading: Reading, name: str, value: Any) -> None:
    """Read ``system``: a string or text blocks."""
    _read_content(reading, (name,), "system", value, 0)


def read_messages(reading: Reading, name: str, value: Any) -> None:
    """Read ``messages``."""
    for index, message in enumerate(need_list(value, name)):
        if not isinstance(message, dict):
            raise MalformedError(f"messages[{index}] must be an object")
        said = message.get("role")
        role = ROLES.get(said) if isinstance(said, str) else None
        if role is None:
            raise MalformedError(f"messages[{index}].role is none that the format knows")
        path: Path = (name, index)
        _read_content(reading, (*path, "content"), role, message.get("content"), 0)
        read_rest(reading, path, role, message, frozenset({"role", "content"}))


def _read_content(reading: Reading, path: Path, role: str, content: Any, depth: int) -> None:
    if isinstance(content, str):
        reading.add_text(path, role, content)
        return
    check_depth(depth)
    for index, block in enumerate(need_list(content, path)):
        place: Path = (*path, index)
        block = need_object(block, place)  # noqa: PLW2901 - narrowed
        _read_block(reading, place, role, block, depth)


def _read_block(
    reading: Reading, path: Path, role: str, block: dict[str, Any], depth: int
) -> None:
    kind = need_text(block.get("type"), (*path, "type"))
    table = BLOCKS.get(kind)
    if table is None:
        _read_other_block(reading, path, role, block, kind)
        return
    if kind == "tool_result":
        role = "tool"
    for key, value in block.items():
        how = table.get(key)
        if how is not None and value is not None:
            _read_field(reading, (*path, key), role, value, how, depth)
        elif how is None and key != "type":
            reading.add_unknown("a nested field", path, key, value, role)


def _read_field(
    reading: Reading, path: Path, role: str, value: Any, how: Part, depth: int
) -> None:
    if how is Part.TEXT:
        reading.add_text(path, role, need_text(value, path))
    elif how is Part.CONTENT:
        _read_content(reading, path, role, value, depth + 1)
    elif how is Part.SIGNED:
        reading.add_signed(path, role, need_text(value, path))
    elif how is Part.SOURCE:
        _read_source(reading, path, role, need_object(value, path), depth)
    elif how is Part.CACHE:
        read_cache(reading, path, value)
    elif how is Part.TOOL_CHANGE:
        _read_tool_change(reading, path, value, depth)
        reading.add_json(path, "tool_definition", value)
    else:
        reading.add_json(path, role, value)


def _read_source(
    reading: Reading, path: Path, role: str, source: dict[str, Any], depth: int
) -> None:
    kind = need_text(source.get("type"), (*path, "type"))
    known = {"type", "media_type"}
    reading.add_json((*path, "media_type"), "parameter", source.get("media_type"))
    if kind == "text":
        text = need_text(source.get("data"), (*path, "data"))
        reading.add_text((*path, "data"), role, text)
        known.add("data")
    elif kind == "content":
        _read_content(reading, (*path, "content"), role, source.get("content"), depth + 1)
        known.add("content")
    elif kind == "base64":
        is_image = str(source.get("media_type")).startswith("image/")
        reading.opaque.append(Unreadable(path, "image" if is_image else "pdf"))
        if isinstance(source.get("data"), str):
            known.add("data")
    else:
        reading.opaque.append(Unreadable(path, _OPAQUE_SOURCES.get(kind, UNKNOWN_PART)))
        reading.add_json(path, role, source)
        return
    read_rest(reading, path, role, source, frozenset(known))


def _read_tool_change(reading: Reading, path: Path, value: Any, depth: int) -> None:
    """Name the tools that a change defines, wherever in it, and note those that are hosted."""
    check_depth(depth)
    if isinstance(value, list):
        for index, one in enumerate(value):
            _read_tool_change(reading, (*path, index), one, depth + 1)
    elif isinstance(value, dict):
        for key, inner in value.items():
            place: Path = (*path, key)
            if key == "definition" and isinstance(inner, dict):
                kind = inner.get("type")
                hosted = kind not in (None, "custom") and _read_typed_tool(
                    reading, place, need_text(kind, (*place, "type"))
                )
                if isinstance(inner.get("name"), str):
                    reading.tool_names.append(inner["name"])
                if not hosted:
                    reading.offered.append(OfferedTool(str(inner.get("name")), inner))
            _read_tool_change(reading, place, inner, depth + 1)


def _read_other_block(
    reading: Reading, path: Path, role: str, block: dict[str, Any], kind: str
) -> None:
    if (hosted := HOSTED_BLOCKS.get(kind)) is not None:
        reading.hosted.append(Unreadable(path, hosted))
    elif kind == "container_upload":
        reading.opaque.append(Unreadable(path, "file_reference"))
    else:
        reading.opaque.append(Unreadable(path, UNKNOWN_PART))
    reading.add_json(path, role, block)


def read_cache(reading: Reading, path: Path, value: Any) -> None:
    """Read ``cache_control``; an hour's lifetime has a price of its own."""
    if isinstance(value, dict) and value.get("ttl") not in (None, "5m"):
        reading.unpriced.append("cache_control.ttl")
    reading.add_json(path, "parameter", value)


def read_tools(reading: Reading, name: str, value: Any) -> None:
    """Read ``tools``: the caller's own are read, the provider's are hosted."""
    for index, tool in enumerate(need_list(value, name)):
        path: Path = (name, index)
        tool = need_object(tool, path)  # noqa: PLW2901 - narrowed
        kind = tool.get("type")
        hosted = kind not in (None, "custom") and _read_typed_tool(
            reading, path, need_text(kind, (*path, "type"))
        )
        offered = tool.get("name")
        if offered is not None or kind in (None, "custom"):
            reading.tool_names.append(need_text(offered, (*path, "name")))
        if not hosted:
            reading.offered.append(OfferedTool(str(offered), tool))
        for key, inner in tool.items():
            if key == "cache_control":
                read_cache(reading, (*path, key), inner)
            else:
                reading.add_json((*path, key), "tool_definition", inner)
                if key not in _TOOL_FIELDS:
                    reading.add_signed((*path, key), "tool_definition", key)


_TOOL_FIELDS = frozenset({"name", "type", "description", "input_schema", "strict"})


def _read_typed_tool(reading: Reading, path: Path, kind: str) -> bool:
    """Whether a tool that Anthropic defines runs at the provider, which is then noted."""
    if kind.startswith(CLIENT_TOOLS):
        return False
    families = (family for start, family in HOSTED_TOOLS.items() if kind.startswith(start))
    reading.hosted.append(Unreadable(path, next(families, UNKNOWN_TOOL)))
    return True
