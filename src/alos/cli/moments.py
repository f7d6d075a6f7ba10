"""Points in time as people type them."""

import re
from datetime import UTC, datetime
from typing import Final

import typer

_UNITS: Final = {"m": 60, "h": 3600, "d": 86400}


def to_unix_ns(text: str | None, now_unix_ns: int) -> int | None:
    """Read a point in time: an age (``30m``, ``12h``, ``7d``) or an ISO date or time (UTC).

    Raises:
        typer.BadParameter: it is neither.
    """
    if text is None:
        return None
    if (age := re.fullmatch(r"(\d+)([mhd])", text)) is not None:
        return now_unix_ns - int(age[1]) * _UNITS[age[2]] * 1_000_000_000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no age like 12h and no date or time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000) * 1000
