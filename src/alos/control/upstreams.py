"""Where operators' questions about the way to the models go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alos.domain.upstreams import BreakerView, SlotsView


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    """Asked whenever somebody looks; holds nothing itself."""

    list_breakers: Callable[[], Sequence[BreakerView]]
    list_connections: Callable[[], Sequence[SlotsView]]
