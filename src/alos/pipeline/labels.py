"""What a caller says about a call: labels that are kept as personal text and decide nothing.

Tags come from the headers that other gateways' users send already, from W3C baggage, and from
the request's own ``metadata``. Identity, tier, workspace and budget come from the key alone.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from alos.domain.request import Request
from alos.domain.standing import StandingWorkflow

MAX_TAGS = 32
MAX_LABEL = 256
"""Characters of one label; the rest is cut off."""

_HELICONE = b"helicone-property-"
ALONE: Mapping[bytes, str] = {
    b"helicone-user-id": "user",
    b"helicone-session-id": "session",
    b"helicone-session-name": "session_name",
    b"x-portkey-trace-id": "trace",
    b"x-litellm-customer-id": "user",
    b"x-litellm-end-user-id": "user",
    b"x-litellm-session-id": "session",
    b"x-litellm-trace-id": "trace",
    b"x-session-id": "session",
}
"""Headers that are one tag each."""
OBJECTS = (b"x-portkey-metadata", b"x-litellm-spend-logs-metadata", b"x-litellm-metadata")
"""Headers that hold a JSON object of tags."""
LIST = b"x-litellm-tags"
"""Names between commas."""
_BAGGAGE = b"baggage"
_TAGS = frozenset({*ALONE, *OBJECTS, LIST, _BAGGAGE})
_KEPT = frozenset({b"x-alos-task", b"x-alos-sources", b"x-alos-prompt", b"anthropic-beta"})
"""Headers of ours whose text is written down or passed on."""
_LABELS = _KEPT | _TAGS


def list_label_texts(headers: Mapping[bytes, bytes], tags: tuple[str, ...]) -> list[str]:
    """Every text of a header that is written down or passed on, for the detectors.

    Tags are read twice: as they came, and as they are kept (decoded, and cut to length).
    """
    if _LABELS.isdisjoint(headers) and not tags:  # Helicone's headers are tags too
        return []
    names = sorted(_LABELS.intersection(headers))
    texts = [headers[name].decode("latin-1") for name in names]
    texts += [text for _, text in _list_helicone(headers)]
    return [*texts, *tags]


def get_tags(headers: Mapping[bytes, bytes], request: Request) -> tuple[str, ...]:
    """The call's tags as ``name=value``, each once, at most :data:`MAX_TAGS`."""
    found: dict[str, None] = {}
    for name, value in _list_tags(headers, request):
        if len(found) == MAX_TAGS:
            break
        found[f"{name}={value}"[:MAX_LABEL]] = None
    return tuple(found)


def get_other_client(headers: Mapping[bytes, bytes], workflow: StandingWorkflow) -> str | None:
    """The caller's User-Agent where it is not the one of the workflow's surface."""
    if workflow.client is None:
        return None
    client = headers.get(b"user-agent", b"")[:MAX_LABEL].decode("latin-1")
    is_same = client.lower().startswith(workflow.client.lower())
    return None if is_same else client or "none"


def _list_tags(headers: Mapping[bytes, bytes], request: Request) -> Iterator[tuple[str, str]]:
    metadata = request.document.get("metadata")
    if isinstance(metadata, dict):
        yield from _list_object(metadata)
    yield from _list_helicone(headers)
    if _TAGS.isdisjoint(headers):
        return
    for header, name in ALONE.items():
        if header in headers:
            yield name, headers[header].decode("latin-1")
    for header in OBJECTS:
        if header in headers:
            yield from _list_object(_read_object(headers[header]))
    if LIST in headers:
        yield from _list_names(headers[LIST].decode("latin-1").split(","))
    if _BAGGAGE in headers:
        yield from _list_baggage(headers[_BAGGAGE].decode("latin-1"))


def _read_object(text: bytes) -> Mapping[str, Any]:
    """A header's JSON object; anything else holds no tags."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _list_object(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        if name == "tags" and isinstance(inner, list):
            yield from _list_names([one for one in inner if isinstance(one, str)])
        elif isinstance(inner, str):
            yield name, inner
        elif isinstance(inner, int | float):
            yield name, str(inner).lower()


def _list_names(names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if name.strip():
            yield "tag", name.strip()


def _list_helicone(headers: Mapping[bytes, bytes]) -> Iterator[tuple[str, str]]:
    for header in [name for name in headers if name.startswith(_HELICONE)]:
        yield header[len(_HELICONE) :].decode("latin-1"), headers[header].decode("latin-1")


def _list_baggage(value: str) -> Iterator[tuple[str, str]]:
    """Members of https://www.w3.org/TR/baggage/, their properties left out."""
    for member in value.split(","):
        name, is_pair, rest = member.partition("=")
        if is_pair:
            yield name.strip(), unquote(rest.partition(";")[0].strip())
