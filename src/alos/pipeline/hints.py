"""What a provider's answer says about trying again."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

OK = 200
MAX_HINT_SECONDS = 300.0
_BUSY = frozenset({429, 503, 529})
"""529 is Anthropic's "overloaded"."""
_TRANSIENT = frozenset({408, 425, 429})
_OURS_TO_MEND = frozenset({401, 403, 404, 405, 407})
"""A provider's 4xx that speaks of our credential or configuration, not of the request."""
_MAY_BILL = frozenset({408, 504, 524})
"""Somebody between us and the model gave up waiting; the model may have done the work."""


def get_hint_seconds(headers: Mapping[str, str], *, now_unix: float) -> float | None:
    """When to come back: ``retry-after-ms``, else ``retry-after`` in seconds or as a date.

    Bounded to 0…300 s; ``None`` without a hint, or with one that can't be read (RFC 9110,
    section 10.2.3).
    """
    milliseconds = headers.get("retry-after-ms", "").strip()
    if milliseconds.isascii() and milliseconds.isdigit():
        return min(int(milliseconds[:9]) / 1_000, MAX_HINT_SECONDS)
    value = headers.get("retry-after", "").strip()
    if not value.isascii():
        return None
    if value.replace(".", "", 1).isdigit():
        return min(float(value[:9]), MAX_HINT_SECONDS)
    try:
        due_unix = parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
    return min(max(due_unix - now_unix, 0.0), MAX_HINT_SECONDS)


def is_callers_to_mend(status: int, headers: Mapping[str, str]) -> bool:
    """Whether it is the provider's own "your request is wrong", to be passed on as it is."""
    if headers.get("x-should-retry") == "true":
        return False
    return 400 <= status < 500 and status not in _OURS_TO_MEND and status not in _TRANSIENT  # noqa: PLR2004


def may_try_again(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the same request to the same model can end better (the provider's word first)."""
    word = headers.get("x-should-retry")
    if word in ("true", "false"):
        return word == "true"
    return status in _TRANSIENT or 500 <= status < 600  # noqa: PLR2004


def is_busy(status: int) -> bool:
    """Whether the provider says that it has too much to do."""
    return status in _BUSY


def may_be_billed(status: int) -> bool:
    """Whether an error status leaves it open that the model did the work."""
    return status in _MAY_BILL
