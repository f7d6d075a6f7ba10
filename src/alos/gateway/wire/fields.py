"""The vocabulary of the field tables: how each field of a request is read.

A table maps a field's name to a :class:`Rule`. What no table lists is *unknown*: it is named,
its texts are read all the same, and what to do about it is the tier's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reads(StrEnum):
    """How a field's value is read."""

    NUMBER = "number"
    """A number, or null."""
    FLAG = "flag"
    """A boolean, or null."""
    TEXT = "text"
    """A string that a detector reads, or null."""
    TEXTS = "texts"
    """A string, or a list of strings, that a detector reads."""
    JSON = "json"
    """Any JSON: all its strings, free keys and long numbers are read by a detector."""
    CONTENT = "content"
    """Messages, content parts or items; each kind of part has its own table."""
    TOOLS = "tools"
    """Definitions of tools: the caller's own are read, the provider's are hosted."""
    CONTROL = "control"
    """Read by the gateway itself (model, stream, the bounds on output)."""
    COST = "cost"
    """Changes the price in a way that the price book does not know, unless harmless."""
    HOSTED = "hosted"
    """Runs something at the provider, unless harmless."""
    OPAQUE = "opaque"
    """Refers to state or data that no detector sees, unless harmless."""
    OURS = "ours"
    """For the gateway alone; taken out before the request goes upstream."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a field table.

    Attributes:
        kind: of the opaque or hosted part.
        harmless: values with which a cost-bearing, hosted or opaque field does nothing.
    """

    reads: Reads
    kind: str = ""
    harmless: tuple[object, ...] = field(default=())


FieldTable = Mapping[str, Rule]

NUMBER = Rule(Reads.NUMBER)
FLAG = Rule(Reads.FLAG)
TEXT = Rule(Reads.TEXT)
TEXTS = Rule(Reads.TEXTS)
JSON = Rule(Reads.JSON)
CONTENT = Rule(Reads.CONTENT)
TOOLS = Rule(Reads.TOOLS)
CONTROL = Rule(Reads.CONTROL)
OURS = Rule(Reads.OURS)

PROTOCOL_WORDS = frozenset(
    {
        "$defs", "$id", "$ref", "$schema", "5m", "additionalProperties", "allOf", "any", "anyOf",
        "arguments", "array", "assistant", "audio", "auto", "base64", "boolean", "budget_tokens",
        "cache_control", "call_id", "completed", "const", "content", "custom", "data", "default",
        "definition", "definitions", "description", "detail", "developer",
        "disable_parallel_tool_use", "disabled", "edits", "effort", "enabled",
        "encrypted_content", "enum", "ephemeral", "exclusiveMaximum", "exclusiveMinimum",
        "file_data", "file_id", "filename", "float", "format", "function", "grammar", "high",
        "id", "image_url", "in_progress", "include_usage", "index", "input", "input_audio",
        "input_text", "integer", "items", "json_object", "json_schema", "keep", "low", "max",
        "maxItems", "maxLength", "maxProperties", "maximum", "media_type", "medium", "message",
        "minItems", "minLength", "minProperties", "minimal", "minimum", "multipleOf", "name",
        "none", "not", "null", "number", "object", "oneOf", "output", "output_text",
        "parameters", "pattern", "patternProperties", "prefixItems", "properties",
        "propertyNames", "query", "reasoning.encrypted_content", "required", "role", "schema",
        "signature", "source", "standard_only", "status", "strict", "string", "summary",
        "summary_text", "syntax", "system", "text", "title", "tool", "tool_call_id",
        "tool_use_id", "ttl", "type", "uniqueItems", "url", "user", "user_id", "verbosity",
        "xhigh",
    }
)  # fmt: skip
"""Words of the formats themselves: as a key or a whole value they are nobody's text."""
