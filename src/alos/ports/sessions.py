"""Where sessions, one-time tickets and bound accounts are kept.

The methods are synchronous and may block; callers run them in a thread. Every method may raise
``StoreDown``, and then nothing was changed.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from alos.domain.ids import PersonId
from alos.domain.session import Session


class SessionState(Protocol):
    """Durable sessions; every change is committed on return."""

    def add_session(self, session: Session) -> None:
        """Keep a new session."""

    def get_session(self, token_hash: bytes) -> Session | None:
        """The session whose token, or the token before the last rotation, has that hash."""

    def touch_session(self, session_id: str, *, seen_at_unix: int) -> None:
        """Remember that it was used."""

    def rotate_session(
        self, session_id: str, *, old_hash: bytes, new_hash: bytes, at_unix: int
    ) -> bool:
        """Replace its token; False where somebody else has just done so."""

    def end_session(self, session_id: str, *, by: str, at_unix: int) -> bool:
        """End it; False where there is none in force."""

    def list_sessions(self, person: PersonId) -> Sequence[Session]:
        """A person's sessions that were not ended, oldest first."""

    def remove_ended_sessions(self, *, before_unix: int) -> int:
        """Forget those that ended, or ran out, before a moment; how many."""


class TicketState(Protocol):
    """Things that work once: login states, codes for the command line, the set-up token."""

    def add_ticket(
        self, ticket_hash: bytes, kind: str, facts: Mapping[str, str], *, ends_at_unix: int
    ) -> None:
        """Keep one."""

    def take_ticket(
        self, ticket_hash: bytes, kind: str, *, now_unix: int
    ) -> Mapping[str, str] | None:
        """Take it away and give its facts; ``None`` where there is none (any more)."""

    def has_ticket(self, kind: str, *, now_unix: int) -> bool:
        """Whether one of that kind is still good."""


class AccountState(Protocol):
    """Which person an account at an identity provider is, once that was settled."""

    def get_account(self, issuer: str, subject: str) -> PersonId | None:
        """The person that the account was bound to."""

    def bind_account(
        self, issuer: str, subject: str, person: PersonId, *, at_unix: int
    ) -> PersonId:
        """Bind it, unless it or the person's place at this issuer is taken; who holds it now.

        A person has one account at an issuer: where another one is bound already, the answer is
        an empty id.
        """

    def has_accounts(self) -> bool:
        """Whether anybody ever signed in here."""

    def list_bound(self) -> frozenset[tuple[str, PersonId]]:
        """Issuer and person of every account that was bound."""
