"""Prompt templates: ``{{name}}`` is replaced, and nothing else happens.

A variable's value is never read as a template again, so a caller can't reach another
variable by writing its name.
"""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


class PromptError(ValueError):
    """A variable is missing or not used; the message names it (names are the template's)."""


def get_variables(template: str) -> frozenset[str]:
    """Names of all variables of a template."""
    return frozenset(_VARIABLE.findall(template))


def render(template: str, variables: Mapping[str, str]) -> str:
    """Put the values in place.

    Raises:
        PromptError: a variable of the template has no value, or a value no place.
    """
    wanted = get_variables(template)
    missing = sorted(wanted - variables.keys())
    if missing:
        raise PromptError(f"no value for {', '.join(missing)}")
    if len(variables) > len(wanted):
        raise PromptError(f"the template has {len(wanted)} variables, {len(variables)} were given")
    return _VARIABLE.sub(lambda match: variables[match.group(1)], template)


def get_pieces(template: str) -> tuple[str, ...]:
    """The template's own words: what stands before, between and after its variables."""
    pieces = _VARIABLE.split(template.strip())[::2]
    return tuple(pieces)


def is_rendered(text: str, pieces: tuple[str, ...]) -> bool:
    """Whether ``text`` is the template of these pieces with any values in its places.

    Space around the whole does not count. Linear in the length of the text: the leftmost place
    of each piece leaves the most room for the ones after it.
    """
    text = text.strip()
    first, *between, last = pieces if len(pieces) > 1 else (*pieces, "")
    if len(pieces) == 1:
        return text == first
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in between:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return text.endswith(last) and len(text) - len(last) >= at
