"""Notices: what consulted and informed people are told, and whether it reached them."""

from dataclasses import dataclass
from enum import StrEnum

from alos.domain.ids import PersonId


class Channel(StrEnum):
    """A way to tell people."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    """One message to the organisation's own address, which passes it on."""


class Delivery(StrEnum):
    """What became of a notice."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Tried for a day; somebody has to look."""
    NO_WAY = "no_way"
    """The person has no address, or no channel is set up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailer:
    """Where e-mail is handed over.

    Attributes:
        credential: ``env:NAME`` or ``file:PATH`` of ``user:password``; empty without a login.
        use_tls: STARTTLS; off only for a relay on this machine or network.
    """

    host: str
    port: int
    sender: str
    credential: str
    use_tls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeWays:
    """The ways to tell people that an organisation has set up."""

    webhook_url: str = ""
    mailer: Mailer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to one recipient.

    Attributes:
        person: whom it is for; ``None`` for the webhook, which names everybody in it.
        address: e-mail address or URL.
        attempts: so far.
        next_at_unix: when it is tried again.
        error: of the last attempt, in our own words.
    """

    id: str
    subject: str
    lines: tuple[str, ...]
    to: tuple[PersonId, ...]
    person: PersonId | None
    channel: Channel
    address: str
    state: Delivery
    attempts: int
    made_at_unix: int
    next_at_unix: int
    delivered_at_unix: int | None = None
    error: str = ""
