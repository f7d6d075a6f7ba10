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
