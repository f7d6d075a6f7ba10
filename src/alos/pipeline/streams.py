"""The streams that flow now: each is let through, cut when it may go on no longer, and closed."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from alos.domain.fault import Fault
from alos.domain.record import Outcome, Stage
from alos.domain.refusal import Refusal
from alos.domain.running import RunningStream
from alos.pipeline.endings import Endings
from alos.pipeline.progress import Progress, to_running
from alos.pipeline.relay import Relay
from alos.ports.tasks import Tasks


class Streams:
    """The running streams of one pipeline.

    Args:
        check_still: asks the gate again where the Standing has changed.
    """

    def __init__(
        self, endings: Endings, check_still: Callable[[Progress], Refusal | None], tasks: Tasks
    ) -> None:
        self._endings = endings
        self._check_still = check_still
        self._tasks = tasks
        self._relays: dict[str, Relay] = {}

    def list(self) -> tuple[RunningStream, ...]:
        """The streams that flow now."""
        return tuple(to_running(relay.progress) for relay in self._relays.values())

    def cut_forbidden(self) -> None:
        """Cut every stream that the Standing no longer allows, at once.

        Closing the upstream wakes a stream that waits for its provider; it then asks the gate.
        """
        for call_id, relay in tuple(self._relays.items()):
            if self._check_still(relay.progress) is not None:
                self._tasks.spawn(relay.close(), name=f"cut {call_id}")

    async def run(self, progress: Progress, relay: Relay) -> AsyncGenerator[bytes, None]:
        """Let a stream through; its end mark waits for the durable record.

        The first piece is empty: whoever takes it has started the generator, so that closing
        it closes the record too.
        """
        call_id = progress.call.id
        refusal: Refusal | None = None
        try:
            self._relays[call_id] = relay
            yield b""
            while (piece := await relay.next()) is not None:
                if piece:
                    yield piece
            refusal = relay.refusal
        except (asyncio.CancelledError, GeneratorExit):
            self._relays.pop(call_id, None)
            self._endings.finish_later(progress, relay.end(Outcome.CLIENT_GONE))
            self._tasks.spawn(relay.close(), name="close upstream")
            raise
        except Exception as error:  # noqa: BLE001 - fail closed: whatever broke, the stream is cut
            refusal = self._endings.explain(progress, error)
        yield await self._close(progress, relay, refusal)

    async def _close(self, progress: Progress, relay: Relay, refusal: Refusal | None) -> bytes:
        """Close upstream and the record; return the stream's last bytes."""
        self._relays.pop(progress.call.id, None)
        self._tasks.spawn(relay.close(), name="close upstream")
        outcome = Outcome.ANSWERED if refusal is None else Outcome.CUT
        if refusal is None:
            progress.stage = Stage.FINISH
        try:
            cost = await self._endings.close_for_good(progress, relay.end(outcome, refusal))
        except Fault as fault:
            return relay.write_cut(self._endings.explain(progress, fault))
        return relay.write_end(cost) if refusal is None else relay.write_cut(refusal)
