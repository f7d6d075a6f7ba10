"""Where notices are kept, and what carries them."""

from collections.abc import Sequence
from typing import Protocol

from alos.domain.notice import Mailer, Notice


class NoticeFailed(Exception):  # noqa: N818 - a "no" of the other side
    """The other side did not take it; the message is in our own words."""


class NoticeState(Protocol):
    """Durable notices; every change is committed on return, or raises ``StoreDown``."""

    def add_notices(self, notices: Sequence[Notice]) -> None:
        """Keep new notices, all or none."""

    def put_notice(self, notice: Notice) -> None:
        """Keep what became of an attempt."""

    def list_due(self, *, now_unix: int, most: int) -> Sequence[Notice]:
        """Those that wait and are to be tried now, oldest first."""

    def list_notices(self, *, most: int) -> Sequence[Notice]:
        """The newest, newest first."""


class Courier(Protocol):
    """Carries one notice; blocks."""

    def send_email(self, notice: Notice, mailer: Mailer) -> None:
        """Hand it to the mailer.

        Raises:
            NoticeFailed: it was not taken.
        """

    def post(self, notice: Notice) -> None:
        """Post it as JSON to its address.

        Raises:
            NoticeFailed: it was not taken with a 2xx.
        """
