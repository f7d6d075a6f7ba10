"""Sessions, tickets and bound accounts on the store (see :mod:`alos.ports.sessions`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, exists, insert, or_, select, update

from alos.domain.ids import PersonId
from alos.domain.session import Carrier, Origin, Session
from alos.store.engine import Store
from alos.store.session_tables import accounts, sessions, tickets


class StoredSessions:
    """Every change is committed on return; every method may raise ``StoreDown``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_session(self, session: Session) -> None:
        """Keep a new session."""
        values = {
            "session_id": session.id,
            "person": session.person,
            "origin": session.origin.value,
            "carrier": session.carrier.value,
            "token_hash": session.token_hash,
            "previous_hash": session.previous_hash,
            "issuer": session.issuer,
            "subject": session.subject,
            "auth_time_unix": session.auth_time_unix,
            "created_at_unix": session.created_at_unix,
            "seen_at_unix": session.seen_at_unix,
            "idle_seconds": session.idle_seconds,
            "ends_at_unix": session.ends_at_unix,
            "rotated_at_unix": session.rotated_at_unix,
            "ended_at_unix": session.ended_at_unix,
            "ended_by": session.ended_by,
        }
        with self._store.write() as connection:
            connection.execute(insert(sessions), values)

    def get_session(self, token_hash: bytes) -> Session | None:
        """The session whose token, or the token before the last rotation, has that hash."""
        either = or_(sessions.c.token_hash == token_hash, sessions.c.previous_hash == token_hash)
        self._store.ensure()
        with self._store.read() as connection:
            row = connection.execute(select(sessions).where(either)).first()
        return None if row is None else _to_session(row)

    def touch_session(self, session_id: str, *, seen_at_unix: int) -> None:
        """Remember that it was used."""
        self._update(sessions.c.session_id == session_id, seen_at_unix=seen_at_unix)

    def rotate_session(
        self, session_id: str, *, old_hash: bytes, new_hash: bytes, at_unix: int
    ) -> bool:
        """Replace its token; False where somebody else has just done so."""
        return self._update(
            and_(sessions.c.session_id == session_id, sessions.c.token_hash == old_hash),
            token_hash=new_hash,
            previous_hash=old_hash,
            rotated_at_unix=at_unix,
            seen_at_unix=at_unix,
        )

    def end_session(self, session_id: str, *, by: str, at_unix: int) -> bool:
        """End it; False where there is none in force."""
        return self._update(
            and_(sessions.c.session_id == session_id, sessions.c.ended_at_unix.is_(None)),
            ended_at_unix=at_unix,
            ended_by=by,
        )

    def list_sessions(self, person: PersonId) -> Sequence[Session]:
        """A person's sessions that were not ended, oldest first."""
        statement = (
            select(sessions)
            .where(sessions.c.person == person, sessions.c.ended_at_unix.is_(None))
            .order_by(sessions.c.created_at_unix, sessions.c.session_id)
        )
        self._store.ensure()
        with self._store.read() as connection:
            return [_to_session(row) for row in connection.execute(statement)]

    def remove_ended_sessions(self, *, before_unix: int) -> int:
        """Forget those that ended, or ran out, before a moment; old tickets too."""
        past = or_(sessions.c.ends_at_unix < before_unix, sessions.c.ended_at_unix < before_unix)
        with self._store.write() as connection:
            connection.execute(delete(tickets).where(tickets.c.ends_at_unix < before_unix))
            return connection.execute(delete(sessions).where(past)).rowcount

    def _update(self, where: Any, **values: object) -> bool:
        with self._store.write() as connection:
            return connection.execute(update(sessions).where(where).values(values)).rowcount > 0

    # --- tickets --------------------------------------------------------------------------

    def add_ticket(
        self, ticket_hash: bytes, kind: str, facts: Mapping[str, str], *, ends_at_unix: int
    ) -> None:
        """Keep one."""
        values = {
            "ticket_hash": ticket_hash,
            "kind": kind,
            "facts": dict(facts),
            "ends_at_unix": ends_at_unix,
        }
        with self._store.write() as connection:
            connection.execute(insert(tickets), values)

    def take_ticket(
        self, ticket_hash: bytes, kind: str, *, now_unix: int
    ) -> Mapping[str, str] | None:
        """Take it away and give its facts; ``None`` where there is none (any more)."""
        it = and_(tickets.c.ticket_hash == ticket_hash, tickets.c.kind == kind)
        with self._store.write() as connection:
            row = connection.execute(select(tickets).where(it)).first()
            if row is None:
                return None
            taken = connection.execute(delete(tickets).where(it)).rowcount
        facts: dict[str, str] = row.facts
        return facts if taken and now_unix < row.ends_at_unix else None

    def has_ticket(self, kind: str, *, now_unix: int) -> bool:
        """Whether one of that kind is still good."""
        it = and_(tickets.c.kind == kind, tickets.c.ends_at_unix > now_unix)
        self._store.ensure()
        with self._store.read() as connection:
            return bool(connection.scalar(select(exists().where(it))))

    # --- accounts -------------------------------------------------------------------------

    def get_account(self, issuer: str, subject: str) -> PersonId | None:
        """The person that the account was bound to."""
        self._store.ensure()
        with self._store.read() as connection:
            return _get_person(connection, issuer, subject)

    def bind_account(
        self, issuer: str, subject: str, person: PersonId, *, at_unix: int
    ) -> PersonId:
        """Bind it, unless it or the person's place at this issuer is taken; who holds it now."""
        with self._store.write() as connection:
            if (held := _get_person(connection, issuer, subject)) is not None:
                return held
            theirs = and_(accounts.c.issuer == issuer, accounts.c.person == person)
            if connection.scalar(select(exists().where(theirs))):
                return PersonId("")
            values = {"issuer": issuer, "subject": subject, "person": person}
            connection.execute(insert(accounts), {**values, "bound_at_unix": at_unix})
        return person

    def has_accounts(self) -> bool:
        """Whether anybody ever signed in here."""
        self._store.ensure()
        with self._store.read() as connection:
            return connection.execute(select(accounts.c.person).limit(1)).first() is not None

    def list_bound(self) -> frozenset[tuple[str, PersonId]]:
        """Issuer and person of every account that was bound."""
        self._store.ensure()
        with self._store.read() as connection:
            rows = connection.execute(select(accounts.c.issuer, accounts.c.person))
            return frozenset((row.issuer, PersonId(row.person)) for row in rows)


def _get_person(connection: Any, issuer: str, subject: str) -> PersonId | None:
    found = connection.scalar(
        select(accounts.c.person).where(accounts.c.issuer == issuer, accounts.c.subject == subject)
    )
    return None if found is None else PersonId(found)


def _to_session(row: Any) -> Session:
    return Session(
        id=row.session_id,
        person=PersonId(row.person),
        origin=Origin(row.origin),
        carrier=Carrier(row.carrier),
        token_hash=row.token_hash,
        issuer=row.issuer,
        subject=row.subject,
        auth_time_unix=row.auth_time_unix,
        created_at_unix=row.created_at_unix,
        seen_at_unix=row.seen_at_unix,
        idle_seconds=row.idle_seconds,
        ends_at_unix=row.ends_at_unix,
        rotated_at_unix=row.rotated_at_unix,
        previous_hash=row.previous_hash,
        ended_at_unix=row.ended_at_unix,
        ended_by=row.ended_by,
    )
