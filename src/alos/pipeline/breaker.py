"""Breakers: a model that fails again and again is left alone, then tried with one call.

One breaker per (vendor, model) and process. ``closed`` lets every call through; after so many
failures in a row it is ``open`` and lets none through until its pause is over; then it is
``half_open`` and lets one call through, whose end closes it or opens it for twice as long.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from alos.domain.ids import ModelName, VendorName
from alos.domain.standing import StandingModel
from alos.domain.upstreams import BreakerState, BreakerView

_logger = logging.getLogger(__name__)

_NS = 1_000_000_000
_LONGEST_PAUSE_NS = 60 * _NS


@dataclass(slots=True)
class _Breaker:
    vendor: VendorName
    model: ModelName
    failures: int = 0
    reason: str = ""
    opened: int = 0
    pause_ns: int = 0
    open_until_ns: int = 0
    is_probed: bool = False

    def get_state(self, now_ns: int) -> BreakerState:
        if not self.pause_ns:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now_ns < self.open_until_ns else BreakerState.HALF_OPEN


class Breakers:
    """The breakers of one process; belongs to one event loop.

    Args:
        now_ns: a monotonic clock.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._failing: dict[tuple[VendorName, ModelName], _Breaker] = {}
        """Only those that have something to remember: a healthy call costs one look-up."""

    def get_wait_seconds(self, model: StandingModel) -> float:
        """Seconds until ``model`` may be asked again; 0 lets this call through.

        A call that is let through must end in one of the ``note_*`` methods.
        """
        breaker = self._failing.get((model.vendor, model.name))
        if breaker is None or not breaker.pause_ns:
            return 0.0
        wait_ns = breaker.open_until_ns - self._now_ns()
        if wait_ns > 0:
            return wait_ns / _NS
        if breaker.is_probed:
            return 1.0
        breaker.is_probed = True
        return 0.0

    def note_success(self, model: StandingModel) -> None:
        """The model answered, be it with a "no" to the request itself."""
        if not self._failing:
            return
        breaker = self._failing.get((model.vendor, model.name))
        if breaker is None:
            return
        if breaker.pause_ns:
            _logger.warning("model %s answers again", model.name)
        breaker.failures, breaker.pause_ns, breaker.is_probed = 0, 0, False

    def note_failure(
        self, model: StandingModel, reason: str, *, hint_seconds: float = 0.0
    ) -> None:
        """The model gave no usable answer; ``hint_seconds`` is its own word for when to return."""
        if model.is_down:
            return  # a drill says so; nobody else's calls may suffer for it
        key = (model.vendor, model.name)
        breaker = self._failing.get(key)
        if breaker is None:
            breaker = self._failing[key] = _Breaker(*key)
        breaker.failures += 1
        breaker.reason = reason
        was_probe, breaker.is_probed = breaker.is_probed, False
        if breaker.pause_ns and not was_probe:
            return  # a call that was under way when it opened
        if not was_probe and breaker.failures < model.breaker_failures:
            return
        pause_ns = int(max(model.breaker_pause_seconds, hint_seconds) * _NS)
        breaker.pause_ns = min(max(pause_ns, breaker.pause_ns * 2), _LONGEST_PAUSE_NS)
        breaker.open_until_ns = self._now_ns() + breaker.pause_ns
        breaker.opened += 1
        seconds = breaker.pause_ns / _NS
        _logger.warning("model %s is left alone for %.1f s (%s)", model.name, seconds, reason)

    def note_nothing(self, model: StandingModel) -> None:
        """The call ended without a word on the model (the caller left, no connection free)."""
        breaker = self._failing.get((model.vendor, model.name))
        if breaker is not None:
            breaker.is_probed = False

    def list_views(self) -> tuple[BreakerView, ...]:
        """Every breaker that has seen a failure, by vendor and model."""
        now_ns = self._now_ns()
        return tuple(
            BreakerView(
                vendor=one.vendor,
                model=one.model,
                state=one.get_state(now_ns),
                reason=one.reason if one.failures else "",
                failures=one.failures,
                retry_in_seconds=(
                    max(0, one.open_until_ns - now_ns) / _NS if one.pause_ns else 0.0
                ),
                opened=one.opened,
            )
            for _, one in sorted(self._failing.items())
        )
