"""The shape of a workflow's calls: which tools they offer and which parameters they set.

An evaluation says something about calls of the shape it was made with. So a release declares
both, and from Tier 2 on nothing else is served; below that a differing call is recorded.
Whatever is not declared has to stay as providers have it by themselves.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

TOOLS = "tools"
"""What a difference in the tools is called, beside the parameters' own names."""
RESPONSE_FORMAT = "response_format"
"""What the form of answers is called, wherever a wire format has it."""
SET = "set"
"""The word for a value that is there and has no name of its own."""
_DEFAULT = "default"


class OfferedTool(NamedTuple):
    """A tool of the caller's own that a request offers to the model.

    Attributes:
        definition: its part of the request, as it came.
    """

    name: str
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRange:
    """The values that a parameter may take.

    Attributes:
        minimum, maximum: of a number, both included; ``None`` for words.
        words: the words that are allowed; empty for a number.
        schemas: of ``response_format``, digests of the forms that an answer may be asked to have
            (:func:`get_schema_digests`).
    """

    name: str
    minimum: float | None = None
    maximum: float | None = None
    words: tuple[str, ...] = ()
    schemas: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a release declares.

    Attributes:
        parameters: by name, each one of :data:`NUMBERS` or :data:`WORDS`.
        tools: name → digest of its definition; empty where the bundle gives none, which no
            offered tool matches.
    """

    parameters: Mapping[str, ParameterRange]
    tools: Mapping[str, str]


class Difference(NamedTuple):
    """One thing in which a request is not of the shape.

    Attributes:
        name: of the parameter, or :data:`TOOLS`.
        why: for people; without a word of the caller's.
    """

    name: str
    why: str


NUMBERS: Mapping[str, float | None] = MappingProxyType(
    {
        "temperature": None,
        "top_p": 1,
        "top_k": None,
        "min_p": 0,
        "frequency_penalty": 0,
        "presence_penalty": 0,
        "repetition_penalty": 1,
        "n": 1,
    }
)
"""Parameters that are numbers → the value that does nothing, where there is one."""
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "tool_choice": "auto",
        RESPONSE_FORMAT: "text",
        "reasoning_effort": _DEFAULT,
        "verbosity": _DEFAULT,
        "thinking": "disabled",
        "logit_bias": "none",
        "chat_template_kwargs": "none",
        "stop": "none",
    }
)
"""Parameters that are words → the word for leaving them out."""
_NOT_FILLED = frozenset({"n"})


def list_differences(
    shape: Shape, document: Mapping[str, Any], offered: tuple[OfferedTool, ...]
) -> Iterator[Difference]:
    """Everything in which a request is not of the shape, the tools first."""
    yield from _compare_tools(shape, offered)
    yield from _compare_schemas(shape, document)
    seen: set[str] = set()
    for key, value in document.items():
        read = _READERS.get(key)
        if read is None or value is None:
            continue
        for name, found in read(key, value):
            seen.add(name)
            if (why := _get_objection(shape, name, found)) is not None:
                yield Difference(name, f"{name} {why}")
    for name, declared in shape.parameters.items():
        absent = WORDS.get(name)
        if name not in seen and absent is not None and absent not in declared.words:
            yield Difference(name, f"{name} is left out, and the release asks for it")


def list_left_out(shape: Shape, document: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """The declared numbers that a request leaves out, with what the golden set was run with."""
    return tuple(
        (name, int(least) if (least := float(declared.minimum)).is_integer() else least)
        for name, declared in shape.parameters.items()
        if declared.minimum is not None and name not in _NOT_FILLED and document.get(name) is None
    )


def get_digest(definition: Mapping[str, Any]) -> str:
    """SHA-256 (hexadecimal) of a tool's definition, the same in every wire format.

    Covers all that the model is told of the tool: what is left out is the name, which is looked
    up, and settings that say nothing to the model.
    """
    told = {key: value for key, value in definition.items() if key not in _SETTINGS and value}
    if "parameters" not in told and "input_schema" in told:
        told["parameters"] = told.pop("input_schema")
    if (kind := definition.get("type")) not in {None, "function", "custom"}:
        told["type"] = kind
    return _digest(told)


def get_schema_digests(declared: Mapping[str, Any]) -> frozenset[str]:
    """SHA-256 (hexadecimal) of a declared form of answers: with its name, and without it.

    Not every wire format gives it a name; where one does, it reaches the model like the rest.
    """
    told = {key: value for key, value in declared.items() if value}
    unnamed = {key: value for key, value in told.items() if key != "name"}
    return frozenset({_digest(told), _digest(unnamed)})


def _digest(told: Mapping[str, Any]) -> str:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


_SETTINGS = frozenset({"cache_control", "defer_loading", "name", "strict", "type"})


def _compare_tools(shape: Shape, offered: tuple[OfferedTool, ...]) -> Iterator[Difference]:
    for index, tool in enumerate(offered):
        digest = shape.tools.get(tool.name)
        if digest is None:
            yield Difference(TOOLS, f"tool {index + 1} of the request is not one of the release")
        elif digest != get_digest(tool.definition):
            yield Difference(TOOLS, f"tool {index + 1} of the request is defined otherwise")


def _compare_schemas(shape: Shape, document: Mapping[str, Any]) -> Iterator[Difference]:
    declared = shape.parameters.get(RESPONSE_FORMAT)
    for told in _list_schemas(document):
        if declared is None or _digest(told) not in declared.schemas:
            yield Difference(RESPONSE_FORMAT, f"{RESPONSE_FORMAT} has a schema {_UNNAMED}")


def _get_objection(shape: Shape, name: str, found: float | str) -> str | None:
    declared = shape.parameters.get(name)
    if isinstance(found, str):
        if found in (declared.words if declared else (WORDS[name],)):
            return None
        return f"has a value {_UNNAMED}" if declared else _UNDECLARED
    if declared is None:
        return None if found == NUMBERS[name] else _UNDECLARED
    if declared.minimum is None or declared.maximum is None:
        return f"has a value {_UNNAMED}"
    if not declared.minimum <= found <= declared.maximum:
        return f"is outside {declared.minimum:g} to {declared.maximum:g}"
    return None


_UNDECLARED = "is set, and the release does not declare it"
_UNNAMED = "that the release does not name"

_Found = Iterator[tuple[str, float | str]]


def _read_number(key: str, value: Any) -> _Found:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    yield key, value if is_number else SET


def _read_word(key: str, value: Any) -> _Found:
    """A word, or an object's ``type``; a tool chosen by its name counts as ``tool``."""
    word = value.get("type") if isinstance(value, dict) else value
    if not isinstance(word, str):
        word = SET
    if key in {"tool_choice", "function_call"}:
        is_named = isinstance(value, dict) and word in {"function", "custom", "tool", SET}
        yield "tool_choice", "tool" if is_named else word
    else:
        yield (RESPONSE_FORMAT if key == "output_format" else key), word


def _read_set(key: str, value: Any) -> _Found:
    if value:
        yield key, SET


def _read_stop(_key: str, value: Any) -> _Found:
    for one in value if isinstance(value, list) else (value,):
        yield "stop", one if isinstance(one, str) else SET


def _read_parts(_key: str, value: Any) -> _Found:
    """What newer formats keep in one object: ``text``, ``reasoning``, ``output_config``."""
    if not isinstance(value, dict):
        return
    if (form := value.get("format")) is not None:
        yield from _read_word(RESPONSE_FORMAT, form)
    if (effort := value.get("effort")) is not None:
        yield from _read_word("reasoning_effort", effort)
    if (verbosity := value.get("verbosity")) is not None:
        yield from _read_word("verbosity", verbosity)


def _list_schemas(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What each form of answers that is asked for tells the model, beyond its type."""
    held = (document.get(holder) for holder in ("text", "output_config"))
    asked = [document.get(RESPONSE_FORMAT), document.get("output_format")]
    asked += [one.get("format") for one in held if isinstance(one, dict)]
    for form in asked:
        if not isinstance(form, dict):
            continue
        inner = form.get("json_schema")
        told = {**form, **(inner if isinstance(inner, dict) else {})}
        told = {key: value for key, value in told.items() if key not in _NOT_TOLD and value}
        if told:
            yield told


_NOT_TOLD = frozenset({"json_schema", "strict", "type"})

_READERS: Mapping[str, Callable[[str, Any], _Found]] = MappingProxyType(
    {
        **dict.fromkeys(NUMBERS, _read_number),
        "tool_choice": _read_word,
        "function_call": _read_word,
        RESPONSE_FORMAT: _read_word,
        "output_format": _read_word,
        "reasoning_effort": _read_word,
        "verbosity": _read_word,
        "thinking": _read_word,
        "logit_bias": _read_set,
        "chat_template_kwargs": _read_set,
        "stop": _read_stop,
        "stop_sequences": _read_stop,
        "text": _read_parts,
        "reasoning": _read_parts,
        "output_config": _read_parts,
    }
)
