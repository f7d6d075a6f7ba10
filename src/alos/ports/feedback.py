"""Where it is kept what people said of answers."""

from collections.abc import Sequence
from typing import Protocol

from alos.domain.feedback import Feedback
from alos.domain.ids import CallId, Digest, WorkflowId


class FeedbackStore(Protocol):
    """Every method may block and may raise ``StoreDown``."""

    def add(self, feedback: Feedback) -> bool:
        """Keep it; False where the call has one already, and then nothing changes."""

    def get(self, call_id: CallId) -> Feedback | None:
        """What was said of a call."""

    def list_after(
        self, number: int, *, workflow: WorkflowId, release: Digest, since_unix_ns: int, limit: int
    ) -> tuple[Sequence[Feedback], int]:
        """What came after ``number`` and since a time of calls of a release, in order.

        Returns:
            The feedback, and the number up to which everything was looked at.
        """


class MemoryFeedback:
    """In memory, for tests and one-off runs."""

    def __init__(self) -> None:
        self._kept: dict[CallId, Feedback] = {}

    def add(self, feedback: Feedback) -> bool:
        """See :class:`FeedbackStore`."""
        return self._kept.setdefault(feedback.call_id, feedback) is feedback

    def get(self, call_id: CallId) -> Feedback | None:
        """See :class:`FeedbackStore`."""
        return self._kept.get(call_id)

    def list_after(
        self, number: int, *, workflow: WorkflowId, release: Digest, since_unix_ns: int, limit: int
    ) -> tuple[Sequence[Feedback], int]:
        """See :class:`FeedbackStore`."""
        found = [
            (place, one)
            for place, one in enumerate(self._kept.values(), 1)
            if place > number
            and (one.workflow, one.release) == (workflow, release)
            and one.at_unix_ns >= since_unix_ns
        ][:limit]
        end = found[-1][0] if len(found) == limit else max(number, len(self._kept))
        return [one for _, one in found], end
