"""Input items and tools of an OpenAI responses request.

Shape: https://platform.openai.com/docs/api-reference/responses/create
"""

from collections.abc import Mapping
from typing import Any

from alos.domain.request import Path, Unreadable
from alos.domain.shape import OfferedTool
from alos.gateway.wire.document import MalformedError, name_path, need_list, need_object, need_text
from alos.gateway.wire.openai_parts import (
    UNKNOWN_PART,
    UNKNOWN_TOOL,
    read_function,
    read_remote,
    read_rest,
)
from alos.gateway.wire.reading import Reading

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}

READ_ITEMS: Mapping[str, str] = {
    "function_call": "assistant",
    "function_call_output": "tool",
    "custom_tool_call": "assistant",
    "custom_tool_call_output": "tool",
    "local_shell_call": "assistant",
    "local_shell_call_output": "tool",
    "shell_call": "assistant",
    "shell_call_output": "tool",
    "apply_patch_call": "assistant",
    "apply_patch_call_output": "tool",
    "mcp_approval_response": "user",
    "configuration_update": "parameter",
}
"""Items all of whose strings are read → whose words they are. The client runs these tools."""

REASONING = "reasoning"

HOSTED_ITEMS: Mapping[str, str] = {
    "web_search_call": "web_search",
    "file_search_call": "file_search",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
    "computer_call": "computer_use",
    "computer_call_output": "computer_use",
    "mcp_list_tools": "mcp",
    "mcp_approval_request": "mcp",
    "mcp_call": "mcp",
    "tool_search_call": "tool_search",
    "tool_search_output": "tool_search",
    "program": "programmatic_tool_calling",
    "program_output": "programmatic_tool_calling",
    "compaction_trigger": "compaction",
    "additional_tools": UNKNOWN_TOOL,
}
"""What a tool at the provider left in the conversation: read, and noted as hosted."""

OPAQUE_ITEMS: Mapping[str, str] = {"item_reference": "stored_state", "compaction": "stored_state"}

CLIENT_TOOLS = frozenset({"custom", "local_shell", "apply_patch"})
NAMESPACE = "namespace"
"""A group of the caller's own tools."""

HOSTED_TOOLS: Mapping[str, str] = {
    "web_search": "web_search",
    "file_search": "file_search",
    "code_interpreter": "code_interpreter",
    "image_generation": "image_generation",
    "computer": "computer_use",
    "mcp": "mcp",
    "tool_search": "tool_search",
    "shell": "code_interpreter",
    "programmatic_tool_calling": "programmatic_tool_calling",
}
"""Tools that run at the provider, by the beginning of their type."""

_TEXT_PARTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}
_PART_FIELDS = frozenset({"type", "text", "refusal", "annotations", "logprobs"})
_MESSAGE_FIELDS = frozenset({"type", "role", "content", "id", "status", "phase"})
_FUNCTION_TOOL = ("description", "parameters", "strict", "name")
_FUNCTION_SETTINGS = ("allowed_callers", "async", "defer_loading", "output_schema")
_NAMESPACE_FIELDS = frozenset({"type", "name", "description", "tools"})


def read_input(reading: Reading, name: str, value: Any) -> None:
    """Read ``input``: a string or a list of items."""
    if isinstance(value, str):
        reading.add_text((name,), "user", value)
        return
    for index, item in enumerate(need_list(value, name)):
        path: Path = (name, index)
        item = need_object(item, path)  # noqa: PLW2901 - narrowed
        kind = item.get("type")
        if kind is None and "role" not in item:
            kind = "item_reference"
        if kind in (None, "message"):
            _read_message(reading, path, item)
        else:
            _read_item(reading, path, item, need_text(kind, (*path, "type")))


def _read_message(reading: Reading, path: Path, item: dict[str, Any]) -> None:
    said = item.get("role")
    role = ROLES.get(said) if isinstance(said, str) else None
    if role is None:
        raise MalformedError(f"{name_path(path)}.role is none that the format knows")
    _read_content(reading, (*path, "content"), role, item.get("content"))
    for key in ("id", "status", "phase"):
        reading.add_json((*path, key), "parameter", item.get(key))
    read_rest(reading, path, role, item, _MESSAGE_FIELDS)


def _read_content(reading: Reading, path: Path, role: str, content: Any) -> None:
    if isinstance(content, str):
        reading.add_text(path, role, content)
        return
    for index, part in enumerate(need_list(content, path)):
        place: Path = (*path, index)
        part = need_object(part, place)  # noqa: PLW2901 - narrowed
        kind = need_text(part.get("type"), (*place, "type"))
        field = _TEXT_PARTS.get(kind)
        if field is None:
            _read_opaque_part(reading, place, role, part, kind)
            continue
        reading.add_text((*place, field), role, need_text(part.get(field), place))
        for key in ("annotations", "logprobs"):
            reading.add_json((*place, key), role, part.get(key))
        read_rest(reading, place, role, part, _PART_FIELDS)


def _read_opaque_part(
    reading: Reading, path: Path, role: str, part: dict[str, Any], kind: str
) -> None:
    sealed = {"type"}
    if kind == "input_image" and part.get("image_url") is not None:
        read_remote(reading, (*path, "image_url"), role, part["image_url"], "image")
        sealed.add("image_url")
    elif kind == "input_file" and isinstance(part.get("file_data"), str):
        reading.opaque.append(Unreadable(path, "pdf"))
        sealed.add("file_data")
    elif kind == "input_file" and part.get("file_url") is not None:
        reading.opaque.append(Unreadable(path, "remote_url"))
    elif kind in ("input_file", "input_image"):
        reading.opaque.append(Unreadable(path, "file_reference"))
    elif kind == "input_audio":
        reading.opaque.append(Unreadable(path, "audio"))
        if isinstance(part.get("input_audio"), dict):
            sealed.add("input_audio")
    else:
        reading.opaque.append(Unreadable(path, UNKNOWN_PART))
        sealed.discard("type")
    for key, value in part.items():
        if key not in sealed:
            reading.add_signed((*path, key), "parameter", key)
            reading.add_json((*path, key), role, value)


def _read_item(reading: Reading, path: Path, item: dict[str, Any], kind: str) -> None:
    role = READ_ITEMS.get(kind, "tool")
    output = item.get("output")
    if kind in READ_ITEMS:
        if isinstance(output, list) and kind in (
            "function_call_output",
            "custom_tool_call_output",
        ):
            _read_content(reading, (*path, "output"), role, output)
            item = {key: value for key, value in item.items() if key != "output"}
    elif kind == REASONING:
        _read_reasoning(reading, path, item)
        return
    elif (hosted := HOSTED_ITEMS.get(kind)) is not None:
        reading.hosted.append(Unreadable(path, hosted))
    else:
        reading.opaque.append(Unreadable(path, OPAQUE_ITEMS.get(kind, UNKNOWN_PART)))
    for key, value in item.items():
        if key != "type" or kind not in READ_ITEMS:
            reading.add_signed((*path, key), "parameter", key)
            reading.add_json((*path, key), role, value)


def _read_reasoning(reading: Reading, path: Path, item: dict[str, Any]) -> None:
    """Read what the model thought; the provider checks it against its sealed part."""
    for key, value in item.items():
        if key == "encrypted_content" and isinstance(value, str):
            reading.add_signed((*path, key), "assistant", value)
        elif key != "type":
            reading.add_signed((*path, key), "parameter", key)
            reading.add_json((*path, key), "assistant", value)


def read_tools(reading: Reading, name: str, value: Any) -> None:
    """Read ``tools``: the caller's own are read, the provider's are hosted."""
    for index, tool in enumerate(need_list(value, name)):
        _read_tool(reading, (name, index), tool)


def _read_tool(reading: Reading, path: Path, tool: Any) -> None:
    tool = need_object(tool, path)
    kind = need_text(tool.get("type"), (*path, "type"))
    if kind == "function":
        inner = {key: tool[key] for key in _FUNCTION_TOOL if key in tool}
        read_function(reading, path, inner, tool)
        for key in _FUNCTION_SETTINGS:
            reading.add_json((*path, key), "tool_definition", tool.get(key))
        known = frozenset({"type", *_FUNCTION_TOOL, *_FUNCTION_SETTINGS})
        read_rest(reading, path, "tool_definition", tool, known)
        return
    if kind == NAMESPACE and len(path) == 2:  # noqa: PLR2004 - one level of them
        reading.offered.append(OfferedTool(str(tool.get("name")), tool))
        for key in ("name", "description"):
            reading.add_json((*path, key), "tool_definition", tool.get(key))
        for index, inner in enumerate(need_list(tool.get("tools"), (*path, "tools"))):
            _read_tool(reading, (*path, "tools", index), inner)
        read_rest(reading, path, "tool_definition", tool, _NAMESPACE_FIELDS)
        return
    offered = tool.get("name")
    if kind not in CLIENT_TOOLS:
        reading.hosted.append(Unreadable(path, _get_family(kind)))
    else:
        reading.offered.append(OfferedTool(offered if isinstance(offered, str) else kind, tool))
    if isinstance(offered, str):
        reading.tool_names.append(offered)
    reading.add_json(path, "tool_definition", tool)


def _get_family(kind: str) -> str:
    for beginning, family in HOSTED_TOOLS.items():
        if kind.startswith(beginning):
            return family
    return UNKNOWN_TOOL
