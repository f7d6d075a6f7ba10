"""The one-time token of a first start: whoever holds it may sign in as the founding sponsor.

It exists only until anybody has signed in here, works once, and soon ends. It opens the one
person that ``alos.yaml`` names as executive sponsor, and no other.
"""

import asyncio
import secrets
from collections.abc import Callable

from alos.control.change_notes import ChangeNotes
from alos.control.sessions import NewSession, Sessions, SignIn
from alos.control.standing import Configuration
from alos.domain.ids import PersonId
from alos.domain.people import Role
from alos.domain.reason import ReasonCode
from alos.domain.record import NoteKind
from alos.domain.refusal import Refusal
from alos.domain.session import Carrier, Origin, hash_token
from alos.ports.clock import Clock
from alos.ports.sessions import AccountState, TicketState

TOKEN_PREFIX = "alos_setup_"  # noqa: S105 - the part of a token that everybody may know
LIFE_SECONDS = 3_600
_KIND = "setup"


class SetUp:
    """Offers the token, and takes it."""

    def __init__(
        self,
        tickets: TicketState,
        accounts: AccountState,
        sessions: Sessions,
        notes: ChangeNotes,
        *,
        clock: Clock,
        configuration: Callable[[], Configuration],
    ) -> None:
        self._tickets = tickets
        self._accounts = accounts
        self._sessions = sessions
        self._notes = notes
        self._clock = clock
        self._configuration = configuration

    async def offer(self) -> str | None:
        """Make the token of this start, to be printed once; ``None`` where none is due.

        Raises:
            StoreDown: it can't be kept.
        """
        return await asyncio.to_thread(self._offer)

    async def use(self, token: str) -> NewSession | Refusal:
        """Take the token and sign the executive sponsor in.

        Raises:
            JournalDown, StoreDown: nothing was done; the token may be spent.
        """
        sponsors = self._list_sponsors()
        if len(sponsors) != 1:
            detail = f"alos.yaml names {len(sponsors)} active people as executive_sponsor"
            return Refusal(code=ReasonCode.LOGIN_BAD, detail=detail)
        taken = await asyncio.to_thread(
            self._tickets.take_ticket, hash_token(token), _KIND, now_unix=self._now_unix()
        )
        if taken is None:
            return Refusal(
                code=ReasonCode.LOGIN_BAD, detail="the set-up token was used, has ended or is none"
            )
        (sponsor,) = sponsors
        await self._notes.note(NoteKind.SET_UP, {"person": sponsor}, by=sponsor)
        return await self._sessions.open(
            SignIn(person=sponsor, origin=Origin.SETUP_TOKEN, carrier=Carrier.BEARER)
        )

    def _list_sponsors(self) -> list[PersonId]:
        configuration = self._configuration()
        held = configuration.organisation.list_holders(
            Role.EXECUTIVE_SPONSOR, configuration.people
        )
        return [one.id for one in held]

    def _offer(self) -> str | None:
        now = self._now_unix()
        if self._accounts.has_accounts() or self._tickets.has_ticket(_KIND, now_unix=now):
            return None
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        self._tickets.add_ticket(hash_token(token), _KIND, {}, ends_at_unix=now + LIFE_SECONDS)
        return token

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000
