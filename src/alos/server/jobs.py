"""Work that goes on beside the calls, at an interval, for as long as the process lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from alos.ports.tasks import Tasks

_logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[object]]


class Jobs:
    """Starts jobs; each runs again after its interval whatever became of the last time."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def every(self, seconds: float, work: Work, *, name: str) -> None:
        """Run ``work`` at once and then ``seconds`` after each end."""
        self._tasks.spawn(_repeat(seconds, work, name), name=name)


async def _repeat(seconds: float, work: Work, name: str) -> None:
    is_failing = False
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - a job that fails once is tried again
            if not is_failing:
                _logger.warning("job %s fails: %s; it is tried again", name, type(error).__name__)
            is_failing = True
        else:
            if is_failing:
                _logger.warning("job %s works again", name)
            is_failing = False
        await asyncio.sleep(seconds)
