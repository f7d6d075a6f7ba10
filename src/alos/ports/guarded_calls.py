"""Where guards read the calls of a release as they arrive."""

from collections.abc import Sequence
from typing import Protocol

from alos.domain.guarded import GuardedCall
from alos.domain.ids import Digest, WorkflowId


class GuardedCalls(Protocol):
    """Every method may block and may raise ``StoreDown``."""

    def find_first(self, since_unix_ns: int) -> int:
        """The number after which calls arrived from that time on."""

    def list_after(
        self, number: int, *, workflow: WorkflowId, release: Digest, limit: int
    ) -> tuple[Sequence[GuardedCall], int]:
        """Production calls of a release that arrived after ``number``, in order.

        Returns:
            The calls, and the number up to which everything was looked at.
        """
