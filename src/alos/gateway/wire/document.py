"""Decoding a request's JSON safely, and taking known fields out of it."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from alos.domain.request import Path

MAX_DEPTH = 64
"""Of objects and lists in one another; real requests stay below 20."""

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


def check_depth(depth: int) -> None:
    """Keep recursion bounded.

    Raises:
        MalformedError: at the cap.
    """
    if depth >= MAX_DEPTH:
        raise MalformedError(f"it is nested deeper than {MAX_DEPTH}")


def need_text(value: Any, field: str | Path) -> str:
    """Take a string.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(value, str):
        raise MalformedError(f"{name_path(field)} must be a string")
    return value


def need_list(value: Any, field: str | Path) -> list[Any]:
    """Take a list.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(value, list):
        raise MalformedError(f"{name_path(field)} must be a list")
    return value


def need_object(value: Any, field: str | Path) -> dict[str, Any]:
    """Take an object.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(value, dict):
        raise MalformedError(f"{name_path(field)} must be an object")
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
        need_text(value, "alos.variables: each")
    return name, variables


def get_answer_schema(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON Schema asked for, wherever a format says it; ``{}`` where any JSON will do."""
    asked = document.get("response_format") or document.get("output_format")
    for holder in ("text", "output_config"):
        value = document.get(holder)
        if asked is None and isinstance(value, dict):
            asked = value.get("format")
    if not isinstance(asked, dict):
        return None
    if asked.get("type") == "json_object":
        return {}
    if asked.get("type") != "json_schema":
        return None
    inner = asked.get("json_schema")
    schema = inner.get("schema") if isinstance(inner, dict) else asked.get("schema")
    return schema if isinstance(schema, dict) else {}


def name_path(path: str | Path) -> str:
    """A path of our own words and indexes, as people write it; made only to complain."""
    if isinstance(path, str):
        return path
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in path
    ).removeprefix(".")
