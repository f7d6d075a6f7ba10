"""Background tasks that keep a reference and say when they fail."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 20.0
"""For how long a stop waits for what has to come to its end, e.g. a record."""


class Tasks:
    """Owns the background tasks of one event loop."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._completing: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Start ``work``; a failure is logged under ``name``."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def complete(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Start ``work`` that has to come to its end: :meth:`close` waits for it."""
        task = self.spawn(work, name=name)
        self._running.discard(task)
        self._completing.add(task)
        task.add_done_callback(self._completing.discard)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("background task %s failed: %r", task.get_name(), error)

    async def close(self) -> None:
        """Cancel what still runs and wait for it, and for what has to come to its end."""
        for task in tuple(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        if self._completing:
            _, late = await asyncio.wait(self._completing, timeout=_PATIENCE_SECONDS)
            if late:
                _logger.error("%d tasks did not come to their end in time", len(late))
