"""Where access requests are kept."""

from collections.abc import Sequence
from typing import Protocol

from alos.domain.access_request import AccessRequest


class AccessRequestStore(Protocol):
    """Every method may block and may raise ``StoreDown``."""

    def add(self, request: AccessRequest) -> None:
        """Keep it."""

    def list_requests(self, *, most: int) -> Sequence[AccessRequest]:
        """The newest, newest first."""


class MemoryAccessRequests:
    """Access requests in memory, for tests."""

    def __init__(self) -> None:
        self._requests: list[AccessRequest] = []

    def add(self, request: AccessRequest) -> None:
        """See :class:`AccessRequestStore`."""
        self._requests.append(request)

    def list_requests(self, *, most: int) -> Sequence[AccessRequest]:
        """See :class:`AccessRequestStore`."""
        newest = sorted(self._requests, key=lambda one: (-one.at_unix, one.id))
        return tuple(newest[:most])
