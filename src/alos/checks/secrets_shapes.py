"""Turns the data file of vendor shapes into triggers with their confirmations."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alos.checks.base import Finding, Trigger
from alos.checks.secrets_structure import CHECKS
from alos.checks.secrets_value import is_placeholder

if TYPE_CHECKING:
    from alos.checks.base import Confirm

NEAR_CHARACTERS = 80
MOST_JUDGED = 256
"""Hits of one shape in one text that are judged; no ordinary text holds so many."""

_LONGEST = 2100
_TAIL = re.compile(r"\{(\d+)(?:,\d+)?\}$")
_VARIABLE = re.compile(r"(?<!\\)[*+?](?!:)|\{\d+,\d*\}")
_ESCAPED = re.compile(r"(?:\\[nrtbfv\"'/]|%[0-9A-Fa-f]{2}|\\u00[0-9a-fA-F]{2}|\\x[0-9a-f]{2})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One line of the data file. See its header for the meaning of the fields."""

    id: str
    vendor: str
    shape: str
    trigger: str
    back: int = 0
    near: tuple[str, ...] = ()
    skip: int = 0
    loose: bool = False
    inside: bool = False
    check: str | None = None


def load_shapes(source: str) -> tuple[Shape, ...]:
    """Read the shapes of a TOML rule file.

    Raises:
        ValueError: A line has no trigger and none can be derived, or an unknown field.
    """
    sections: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(source)
    return tuple(
        _shape(name, fields) for rules in sections.values() for name, fields in rules.items()
    )


def _shape(name: str, fields: dict[str, Any]) -> Shape:
    derived = fields.get("trigger") or _derive(name, fields["shape"])
    try:
        return Shape(
            id=name,
            **{**fields, "trigger": derived, "near": tuple(fields.get("near", ()))},
        )
    except TypeError as error:
        raise ValueError(f"rule {name}: {error}") from error


def _derive(name: str, shape: str) -> str:
    """Cut the only quantifier, at the end, down to its minimum: a width that is fixed."""
    head = _TAIL.sub("", shape)
    if head == shape or _VARIABLE.search(head):
        raise ValueError(f"rule {name}: write a trigger, none can be derived from the shape")
    return _TAIL.sub(r"{\1}", shape)


def shape_trigger(shape: Shape) -> Trigger:
    """Return the trigger of one shape."""
    return Trigger(
        rule=f"secret/{shape.id}",
        expression=shape.trigger,
        confirm=_confirm(shape),
        most=MOST_JUDGED,
        dense_type=shape.id.upper().replace("-", "_"),
    )


def _confirm(shape: Shape) -> Confirm:
    pattern = re.compile(shape.shape + r"(?![A-Za-z0-9])", re.ASCII)
    rule, type_ = f"secret/{shape.id}", shape.id.upper().replace("-", "_")
    skip, back, anywhere = shape.skip, shape.back, shape.back > 0 or shape.inside
    near = re.compile("|".join(map(re.escape, shape.near)), re.IGNORECASE)
    check = CHECKS[shape.check] if shape.check else None

    def confirm(text: str, start: int, end: int) -> Finding | None:
        match = (
            pattern.search(text, max(0, start - back), end + _LONGEST)
            if anywhere
            else pattern.match(text, start)
        )
        if match is None or match.start() >= end:
            return None
        first, last = match.span()
        if not (shape.loose or shape.inside or opens_at(text, first)):
            return None
        confidence = 0.95
        if check is not None and check(match[0]):
            confidence = 1.0
        elif is_placeholder(match[0][skip:]):
            return None
        around = text[max(0, first - NEAR_CHARACTERS) : last + NEAR_CHARACTERS]
        if shape.near and not near.search(around):
            return None
        return Finding(
            kind="secret",
            type=type_,
            start=first,
            end=last,
            rule=rule,
            confidence=confidence,
        )

    return confirm


def opens_at(text: str, start: int) -> bool:
    """Tell whether a token may begin at `start`: no letter or digit runs into it.

    An escape before it (a line end, `%3D`) may end in a letter or digit and lets it begin.
    """
    if start == 0:
        return True
    before = text[start - 1]
    if not (before.isalnum() and before.isascii()):
        return True
    return _ESCAPED.search(text, max(0, start - 6), start) is not None
