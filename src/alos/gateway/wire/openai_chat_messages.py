"""Messages, content parts and tools of an OpenAI chat request."""

from collections.abc import Callable, Mapping
from typing import Any

from alos.domain.request import Path, Unreadable
from alos.gateway.wire.document import MalformedError, need_list, need_object, need_text
from alos.gateway.wire.openai_parts import (
    UNKNOWN_PART,
    UNKNOWN_TOOL,
    get_type,
    read_function,
    read_remote,
    read_rest,
)
from alos.gateway.wire.reading import Reading

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_PLAIN = frozenset({"role", "content"})
_PART_FIELDS = frozenset({"type", "text", "cache_control", "prompt_cache_breakpoint"})
_REFUSAL_FIELDS = frozenset({"type", "refusal"})
_SETTINGS = ("cache_control", "prompt_cache_breakpoint")


def read_messages(reading: Reading, name: str, value: Any) -> None:
    """Read ``messages`` (and ``prediction``, which is one message's content)."""
    if name == "prediction":
        _read_prediction(reading, need_object(value, name))
        return
    for index, message in enumerate(need_list(value, name)):
        if not isinstance(message, dict):
            raise MalformedError(f"messages[{index}] must be an object")
        said = message.get("role")
        role = ROLES.get(said) if isinstance(said, str) else None
        if role is None:
            raise MalformedError(f"messages[{index}].role is none that the format knows")
        content = message.get("content")
        if isinstance(content, str):
            reading.add_text(("messages", index, "content"), role, content)
        elif content is not None:
            _read_parts(reading, ("messages", index, "content"), role, content)
        if not message.keys() <= _PLAIN:
            _read_others(reading, ("messages", index), role, message)


def _read_prediction(reading: Reading, prediction: dict[str, Any]) -> None:
    content = prediction.get("content")
    path: Path = ("prediction", "content")
    if isinstance(content, str):
        reading.add_text(path, "assistant", content)
    else:
        _read_parts(reading, path, "assistant", content)
    read_rest(reading, ("prediction",), "assistant", prediction, frozenset({"type", "content"}))
    reading.add_json(("prediction", "type"), "parameter", prediction.get("type"))


def _read_parts(reading: Reading, path: Path, role: str, content: Any) -> None:
    for index, part in enumerate(need_list(content, path)):
        place: Path = (*path, index)
        part = need_object(part, place)  # noqa: PLW2901 - narrowed
        read = _PARTS.get(get_type(part, place))
        if read is not None:
            read(reading, place, role, part)
        else:
            reading.opaque.append(Unreadable(place, UNKNOWN_PART))
            reading.add_json(place, role, part)


def _read_text_part(reading: Reading, path: Path, role: str, part: dict[str, Any]) -> None:
    text = need_text(part.get("text"), (*path, "text"))
    reading.add_text((*path, "text"), role, text)
    if len(part) > 2:  # noqa: PLR2004 - type and text
        for name in _SETTINGS:
            reading.add_json((*path, name), "parameter", part.get(name))
        read_rest(reading, path, role, part, _PART_FIELDS)


def _read_refusal_part(reading: Reading, path: Path, role: str, part: dict[str, Any]) -> None:
    text = need_text(part.get("refusal"), (*path, "refusal"))
    reading.add_text((*path, "refusal"), role, text)
    read_rest(reading, path, role, part, _REFUSAL_FIELDS)


def _read_image(reading: Reading, path: Path, role: str, part: dict[str, Any]) -> None:
    image = part.get("image_url")
    place: Path = (*path, "image_url")
    if isinstance(image, dict):
        read_remote(reading, (*place, "url"), role, image.get("url"), "image")
        read_rest(reading, place, role, image, frozenset({"url", "detail"}))
        reading.add_json((*place, "detail"), "parameter", image.get("detail"))
    else:
        read_remote(reading, place, role, image, "image")
    _read_part_rest(reading, path, role, part, "image_url")


def _read_audio(reading: Reading, path: Path, role: str, part: dict[str, Any]) -> None:
    reading.opaque.append(Unreadable(path, "audio"))
    audio = part.get("input_audio")
    if isinstance(audio, dict):
        place: Path = (*path, "input_audio")
        reading.add_json((*place, "format"), "parameter", audio.get("format"))
        read_rest(reading, place, role, audio, frozenset({"data", "format"}))
    else:
        reading.add_json((*path, "input_audio"), role, audio)
    _read_part_rest(reading, path, role, part, "input_audio")


def _read_file(reading: Reading, path: Path, role: str, part: dict[str, Any]) -> None:
    file = part.get("file")
    place: Path = (*path, "file")
    if not isinstance(file, dict):
        reading.opaque.append(Unreadable(place, UNKNOWN_PART))
        reading.add_json(place, role, file)
    else:
        inline = isinstance(file.get("file_data"), str)
        reading.opaque.append(Unreadable(place, "pdf" if inline else "file_reference"))
        known = frozenset({"file_data", "file_id", "filename"} if inline else {"file_id"})
        for name in ("file_id", "filename"):
            reading.add_json((*place, name), role, file.get(name))
        read_rest(reading, place, role, file, known | {"filename"})
    _read_part_rest(reading, path, role, part, "file")


def _read_part_rest(
    reading: Reading, path: Path, role: str, part: dict[str, Any], main: str
) -> None:
    for name in _SETTINGS:
        reading.add_json((*path, name), "parameter", part.get(name))
    read_rest(reading, path, role, part, frozenset({"type", main, *_SETTINGS}))


_PARTS: Mapping[str, Callable[[Reading, Path, str, dict[str, Any]], None]] = {
    "text": _read_text_part,
    "refusal": _read_refusal_part,
    "image_url": _read_image,
    "input_audio": _read_audio,
    "file": _read_file,
}


def _read_others(reading: Reading, path: Path, role: str, message: dict[str, Any]) -> None:
    """Read what a message has besides role and content."""
    for key, value in message.items():
        if key in _PLAIN or value is None:
            continue
        place: Path = (*path, key)
        if key == "name":
            reading.add_text(place, "name", need_text(value, place))
        elif key in _TEXT_FIELDS:
            reading.add_text(place, role, need_text(value, place))
        elif key in _JSON_FIELDS:
            reading.add_json(place, role, value)
        elif key == "tool_calls":
            _read_tool_calls(reading, place, role, need_list(value, place))
        elif key == "audio":
            reading.opaque.append(Unreadable(place, "stored_state"))
            reading.add_json(place, role, value)
        else:
            reading.add_unknown("a nested field", path, key, value, role)


_TEXT_FIELDS = frozenset({"reasoning", "reasoning_content", "refusal", "tool_call_id"})
_JSON_FIELDS = frozenset({"annotations", "cache_control", "function_call", "reasoning_details"})
_CALL_FIELDS = frozenset({"id", "type", "index", "function", "custom"})


def _read_tool_calls(reading: Reading, path: Path, role: str, calls: list[Any]) -> None:
    for index, call in enumerate(calls):
        place: Path = (*path, index)
        call = need_object(call, place)  # noqa: PLW2901 - narrowed
        for name in ("id", "type", "index", "function", "custom"):
            reading.add_json((*place, name), role, call.get(name))
        read_rest(reading, place, role, call, _CALL_FIELDS)


def read_tools(reading: Reading, name: str, value: Any) -> None:
    """Read ``tools``: functions and custom tools are the caller's, anything else is hosted."""
    for index, tool in enumerate(need_list(value, name)):
        path: Path = (name, index)
        tool = need_object(tool, path)  # noqa: PLW2901 - narrowed
        kind = get_type(tool, path)
        if kind == "function":
            place: Path = (*path, "function")
            read_function(reading, place, tool.get("function"))
            read_rest(reading, path, "tool_definition", tool, frozenset({"type", "function"}))
        elif kind == "custom":
            custom = need_object(tool.get("custom"), (*path, "custom"))
            offered = need_text(custom.get("name"), (*path, "custom", "name"))
            reading.add_tool(offered, custom)
            reading.add_json((*path, "custom"), "tool_definition", custom)
            read_rest(reading, path, "tool_definition", tool, frozenset({"type", "custom"}))
        else:
            reading.hosted.append(Unreadable(path, UNKNOWN_TOOL))
            reading.add_json(path, "tool_definition", tool)


def read_functions(reading: Reading, name: str, value: Any) -> None:
    """Read the old ``functions``."""
    for index, function in enumerate(need_list(value, name)):
        read_function(reading, (name, index), function)
