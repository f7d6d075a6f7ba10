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
        "additionalProperties", "allOf", "any", "anyOf", "array", "assistant", "auto", "boolean",
        "const", "content", "custom", "default", "definitions", "description", "developer",
        "ephemeral", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "function",
        "grammar", "high", "input", "integer", "items", "json_object", "json_schema", "low",
        "max", "maxItems", "maxLength", "maxProperties", "maximum", "medium", "message",
        "minItems", "minLength", "minProperties", "minimal", "minimum", "multipleOf", "name",
        "none", "not", "null", "number", "object", "oneOf", "parameters", "pattern",
        "patternProperties", "prefixItems", "properties", "propertyNames", "required", "role",
        "schema", "standard_only", "string", "strict", "system", "text", "title", "tool", "type",
        "uniqueItems", "user", "xhigh", "$defs", "$id", "$ref", "$schema",
    }
)  # fmt: skip
"""Words of the formats themselves: as a key or a whole value they are nobody's text."""
