"""Sessions: opened by a login, ended by people, by time, and at once when somebody leaves."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from alos.control.change_notes import ChangeNotes
from alos.domain.fault import Fault, StoreDown
from alos.domain.ids import PersonId
from alos.domain.record import NoteKind
from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.session import (
    Carrier,
    Origin,
    Session,
    SessionEnd,
    SessionLimits,
    hash_token,
    make_token,
)
from alos.ports.clock import Clock
from alos.ports.sessions import SessionState

_TOUCH_SECONDS = 60
_KEPT_SECONDS = 30 * 86_400
_MOST_REMEMBERED = 10_000
_SENTENCES = {
    SessionEnd.ENDED: "it was ended",
    SessionEnd.IDLE: "it was not used for too long",
    SessionEnd.TOO_OLD: "the login is too long ago",
    SessionEnd.REPLAYED: "an old token of it was used again, so it was ended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What a login has settled about who somebody is."""

    person: PersonId
    origin: Origin
    carrier: Carrier
    issuer: str = ""
    subject: str = ""
    auth_time_unix: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session at the only moment when its token can be read."""

    token: str
    session: Session


class Sessions:
    """Opens, finds, rotates and ends sessions.

    A store that is down opens no session, but those that this process has seen go on, and an
    end takes force here at once and is kept when the store is back.

    Args:
        limits: how long sessions last, as the configuration in force says.
    """

    def __init__(
        self,
        state: SessionState,
        notes: ChangeNotes,
        *,
        clock: Clock,
        limits: Callable[[], SessionLimits],
    ) -> None:
        self._state = state
        self._notes = notes
        self._clock = clock
        self._limits = limits
        self._seen: dict[bytes, Session] = {}
        self._ended: dict[str, tuple[str, int]] = {}
        self._left: dict[PersonId, tuple[str, int]] = {}

    async def open(self, sign_in: SignIn) -> NewSession:
        """Open one; the entry that says so is durable first.

        Raises:
            JournalDown, StoreDown: nothing was opened.
        """
        now, limits = self._now_unix(), self._limits()
        token = make_token(secrets.token_bytes(32))
        session = Session(
            id="ses_" + secrets.token_hex(8),
            person=sign_in.person,
            origin=sign_in.origin,
            carrier=sign_in.carrier,
            token_hash=hash_token(token),
            issuer=sign_in.issuer,
            subject=sign_in.subject,
            auth_time_unix=sign_in.auth_time_unix or now,
            created_at_unix=now,
            seen_at_unix=now,
            idle_seconds=limits.idle_seconds,
            ends_at_unix=now + limits.absolute_seconds,
            rotated_at_unix=now,
        )
        await self._notes.note(
            NoteKind.SIGNED_IN,
            {"session": session.id, "origin": session.origin.value, "issuer": session.issuer},
            by=session.person,
            personal={"subject": session.subject},
        )
        await asyncio.to_thread(self._state.add_session, session)
        self._remember(session)
        return NewSession(token=token, session=session)

    async def get(self, token: str, carrier: Carrier) -> Session | Refusal:
        """The session of a token, or why there is none any more.

        With the store down, a session that this process has seen before is still found.
        """
        presented = hash_token(token)
        try:
            session = await asyncio.to_thread(self._state.get_session, presented)
        except StoreDown:
            session = self._seen.get(presented)
        if session is None or session.carrier is not carrier:
            return Refusal(code=ReasonCode.SESSION_ENDED)
        end = self._get_end(session, presented)
        if end is SessionEnd.REPLAYED:
            await self.end(session.id, by="replay")
        if end is not None:
            return Refusal(code=ReasonCode.SESSION_ENDED, detail=_SENTENCES[end])
        return await self._touch(session)

    async def rotate(self, session: Session) -> NewSession | None:
        """Give a cookie's session a new token where its own is old enough; else ``None``."""
        now = self._now_unix()
        due = session.rotated_at_unix + self._limits().rotation_seconds
        if session.carrier is not Carrier.COOKIE or now < due:
            return None
        token = make_token(secrets.token_bytes(32))
        old, new = session.token_hash, hash_token(token)
        try:
            done = await asyncio.to_thread(
                self._state.rotate_session, session.id, old_hash=old, new_hash=new, at_unix=now
            )
        except StoreDown:
            return None
        if not done:
            return None
        rotated = replace(session, token_hash=new, previous_hash=old, rotated_at_unix=now)
        self._remember(rotated)
        return NewSession(token=token, session=rotated)

    async def end(self, session_id: str, *, by: str) -> None:
        """End one; in force here when this returns, and kept as soon as the store allows."""
        self._ended[session_id] = (by, self._now_unix())
        self._notes.add(NoteKind.SESSION_ENDED, {"session": session_id}, by=by)
        await self.save_ends()

    async def end_sessions(self, person: PersonId, *, by: str) -> int:
        """End all of a person's sessions at once, e.g. because they left; how many there were.

        Never raises because the store is down: this process refuses them from now on, and
        :meth:`save_ends` keeps it when the store is back.
        """
        now = self._now_unix()
        self._left[person] = (by, now)
        try:
            known = await asyncio.to_thread(self._state.list_sessions, person)
        except StoreDown:
            known = [one for one in self._seen.values() if one.person == person]
        mine = {one.id for one in known} - self._ended.keys()
        for session_id in sorted(mine):
            self._ended[session_id] = (by, now)
            facts = {"session": session_id, "person": person}
            self._notes.add(NoteKind.SESSION_ENDED, facts, by=by)
        await self.save_ends()
        return len(mine)

    async def list_sessions(self, person: PersonId) -> list[Session]:
        """A person's sessions that are good now, oldest first."""
        kept = await asyncio.to_thread(self._state.list_sessions, person)
        return [one for one in kept if self._get_end(one, one.token_hash) is None]

    async def save_ends(self) -> None:
        """Write down and keep the ends that could not be before."""
        await self._notes.flush()
        for session_id, (by, at_unix) in tuple(self._ended.items()):
            try:
                await asyncio.to_thread(
                    self._state.end_session, session_id, by=by, at_unix=at_unix
                )
            except Fault:
                return
            self._seen = {k: one for k, one in self._seen.items() if one.id != session_id}
            self._ended.pop(session_id, None)

    async def forget_old(self) -> None:
        """Drop what ended a month ago; the record keeps that there was a login."""
        before = self._now_unix() - _KEPT_SECONDS
        await asyncio.to_thread(self._state.remove_ended_sessions, before_unix=before)

    def _get_end(self, session: Session, presented: bytes) -> SessionEnd | None:
        if session.id in self._ended:
            return SessionEnd.ENDED
        left = self._left.get(session.person)
        if left is not None and session.created_at_unix <= left[1]:
            return SessionEnd.ENDED
        return session.get_end(now_unix=self._now_unix(), token_hash=presented)

    async def _touch(self, session: Session) -> Session:
        now = self._now_unix()
        if now < session.seen_at_unix + _TOUCH_SECONDS:
            self._remember(session)
            return session
        seen = replace(session, seen_at_unix=now)
        self._remember(seen)
        try:
            await asyncio.to_thread(self._state.touch_session, session.id, seen_at_unix=now)
        except StoreDown:
            return seen
        return seen

    def _remember(self, session: Session) -> None:
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        self._seen[session.token_hash] = session

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000
