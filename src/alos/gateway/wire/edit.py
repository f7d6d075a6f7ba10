"""Changing a request: new texts in place of old ones, everything else as it was."""

from collections.abc import Iterable, Mapping
from typing import Any

from alos.domain.request import Path, Request
from alos.gateway.wire.document import decode
from alos.gateway.wire.fields import FieldTable


def copy_document(request: Request, replacements: Mapping[Path, str]) -> dict[str, Any]:
    """A document that may be changed: shallow where nothing is replaced, else wholly new."""
    if not replacements:
        document = dict(request.document)
    else:
        document = decode(request.raw)
        for path, text in replacements.items():
            replace_text(document, path, text)
    document.pop("alos", None)
    return document


def list_known(parameters: Iterable[tuple[str, float]], table: FieldTable) -> dict[str, float]:
    """Those of the parameters that a format knows."""
    return {name: value for name, value in parameters if name in table}


def replace_text(document: dict[str, Any], path: Path, text: str) -> None:
    """Put a text at a path that a reader gave.

    Raises:
        LookupError: there is nothing at the path, so it is not from this document.
    """
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]]  # a wrong path must not add a field
    holder[path[-1]] = text


def collect_strings(value: Any) -> list[str]:
    """Every string in any JSON value that came from a provider, in order, keys left out."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if one:
                found.append(one)
        elif isinstance(one, dict):
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
    return found
