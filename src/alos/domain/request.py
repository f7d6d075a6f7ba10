"""What the core reads of a request and of an answer, whatever the wire format.

A wire format (:mod:`alos.ports.wire`) parses bytes into these values; no stage ever looks into
a provider's JSON itself.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from alos.domain.money import Usage
from alos.domain.shape import OfferedTool

_NOTHING: Mapping[Any, str] = MappingProxyType({})
Path = tuple[str | int, ...]
"""Keys and indexes from the top of the JSON document."""


class Text(NamedTuple):
    """One text of the request, wherever it stood (a tuple, since each call makes many).

    Attributes:
        path: where; the same path takes a replacement in :class:`Edits`.
        role: ``system``, ``user``, ``assistant``, ``tool``, ``tool_definition``, ``name`` or
            ``parameter``.
        is_key: the text is an object's key, or covered by a provider's signature: it can be
            refused, not replaced.
    """

    path: Path
    role: str
    text: str
    is_key: bool = False


class Unreadable(NamedTuple):
    """A part that no detector reads.

    Attributes:
        kind: ``image``, ``audio``, ``pdf``, ``file_reference``, ``remote_url``,
            ``stored_state`` (opaque), or the provider's tool, e.g. ``web_search`` (hosted).
    """

    path: Path
    kind: str


class Request(NamedTuple):
    """A parsed request.

    Attributes:
        document: the decoded JSON object; never changed.
        raw: the bytes it came as.
        max_output_tokens: the caller's bound on one answer, all its spellings resolved.
        choices: how many answers are asked for (each may cost the output bound).
        texts: everything a detector reads, in reading order.
        opaque: parts that can't be read.
        hosted: tools or state that would run or live at the provider.
        unpriced: cost-bearing fields whose price the gateway can't know, by name.
        unknown_fields: top-level fields the field table does not list, by name.
        tool_names: tools offered to the model.
        offered: those of them that are the caller's own, with their definitions.
        answer_schema: the JSON Schema that the answer was asked to keep to; ``{}`` where any JSON
            will do, ``None`` where any text will.
        system_text: the system messages joined by newlines (for the observed prompt digest).
    """

    document: Mapping[str, Any]
    raw: bytes
    model: str | None
    stream: bool
    include_usage: bool
    max_output_tokens: int | None
    choices: int = 1
    texts: tuple[Text, ...] = ()
    opaque: tuple[Unreadable, ...] = ()
    hosted: tuple[Unreadable, ...] = ()
    unpriced: tuple[str, ...] = ()
    unknown_fields: tuple[str, ...] = ()
    tool_names: tuple[str, ...] = ()
    offered: tuple[OfferedTool, ...] = ()
    system_text: str = ""
    answer_schema: Mapping[str, Any] | None = None
    prompt_name: str | None = None
    prompt_variables: Mapping[str, str] = _NOTHING


class Edits(NamedTuple):
    """What the gateway changes of a request before it goes upstream.

    Attributes:
        model: the upstream's own name of the model.
        max_output_tokens: the bound to set where the caller left it out.
        replacements: new texts by path (redaction).
        prompt: a rendered prompt to put in front as the system message.
        parameters: numbers to set where the caller left them out; those that the format does not
            know are left alone.
    """

    model: str
    max_output_tokens: int | None = None
    replacements: Mapping[Path, str] = _NOTHING
    prompt: str | None = None
    parameters: tuple[tuple[str, float], ...] = ()


class AnswerView(NamedTuple):
    """What the core reads of an answer.

    Attributes:
        texts: everything a person or program will read: contents, reasoning, refusals.
        tool_calls: (name, arguments as text) in order.
        usage: ``None`` where the provider reported none.
        model: the upstream's own word for what ran.
        finish_reason: the first choice's.
    """

    texts: tuple[str, ...] = ()
    tool_calls: tuple[tuple[str, str], ...] = ()
    usage: Usage | None = None
    model: str | None = None
    finish_reason: str | None = None


class StreamPart(NamedTuple):
    """One event of a streamed answer, cut from the bytes as they came (a tuple: many of them).

    Attributes:
        raw: the event's bytes, its blank line included, as the caller should get them; empty
            where the caller should not see it (a usage event that was not asked for).
        text: what a detector reads of it (content, reasoning and tool arguments).
        lane: which text flow ``text`` belongs to (choice, block or tool call), e.g. ``0``.
        tool_call: a tool's name where this event opens a call of it.
        usage: the totals so far, where the event reports them.
        finish_reason: given where the texts so far are complete; what was held back of them
            has to go out, or be refused, before this event does.
        is_end: the format's end mark (``[DONE]``, ``message_stop``).
        is_error: the provider reported an error inside the stream.
    """

    raw: bytes
    text: str = ""
    lane: str = ""
    model: str | None = None
    tool_call: str | None = None
    usage: Usage | None = None
    finish_reason: str | None = None
    is_end: bool = False
    is_error: bool = False
