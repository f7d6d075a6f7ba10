"""``GET /v1/models``: what a key may use, in the shape that the client expects."""

from collections.abc import Mapping

from alos.domain.outcome import Listed
from alos.gateway.wire.document import encode

_CREATED = 0
_CREATED_AT = "1970-01-01T00:00:00Z"
"""A workflow has no date of making that a client could use; both shapes demand one."""


def write_models(listed: Listed, headers: Mapping[bytes, bytes]) -> bytes:
    """List the workflows (as ``workflow/<slug>``), the default first, then the models."""
    named = [(f"workflow/{slug}", title) for slug, title in listed.workflows]
    named += [(name, str(name)) for name in listed.models]
    if b"anthropic-version" in headers:
        rows = [
            {"type": "model", "id": id_, "display_name": title, "created_at": _CREATED_AT}
            for id_, title in named
        ]
        first = named[0][0] if named else None
        last = named[-1][0] if named else None
        return encode({"data": rows, "has_more": False, "first_id": first, "last_id": last})
    return encode(
        {
            "object": "list",
            "data": [
                {"id": id_, "object": "model", "created": _CREATED, "owned_by": "alos"}
                for id_, _ in named
            ],
        }
    )
