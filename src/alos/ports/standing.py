"""Where a stage reads what is true now."""

from typing import Protocol

from alos.domain.standing import Standing


class StandingSource(Protocol):
    """Holds the current Standing; swapping it is one assignment."""

    current: Standing
    """Read it once per request, and again (by its epoch) at each chunk of a stream."""
