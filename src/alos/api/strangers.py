"""What callers whom nobody knows yet may do, and how often."""

from fastapi import Request

from alos.api.access import AccessRefused
from alos.api.parts import Parts


def check_pace(request: Request, parts: Parts) -> None:
    """Count a stranger's request that costs us something.

    Raises:
        AccessRefused: there were too many of them in this minute.
    """
    source = request.client.host if request.client is not None else ""
    if (refusal := parts.pace.check(source)) is not None:
        raise AccessRefused(refusal)
