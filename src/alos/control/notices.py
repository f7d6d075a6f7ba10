"""Tells consulted and informed people, tries again, and keeps what became of it."""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from alos.control.change_notes import ChangeNotes
from alos.control.role_state import resolve
from alos.control.standing import Configuration
from alos.domain.ids import PersonId
from alos.domain.notice import Channel, Delivery, Notice, NoticeWays
from alos.domain.people import Party
from alos.domain.record import NoteKind
from alos.ports.clock import Clock
from alos.ports.notices import Courier, NoticeFailed, NoticeState

FIRST_WAIT_SECONDS = 10
MOST_ATTEMPTS = 13
"""With a wait that doubles up to four hours: about a day."""
_LONGEST_WAIT_SECONDS = 4 * 3_600
_AT_ONCE = 20


class Notices:
    """The notices of one installation."""

    def __init__(
        self,
        state: NoticeState,
        courier: Courier,
        *,
        notes: ChangeNotes,
        clock: Clock,
        configuration: Callable[[], Configuration],
    ) -> None:
        self._state = state
        self._courier = courier
        self._notes = notes
        self._clock = clock
        self._configuration = configuration
        self._turn = asyncio.Lock()

    async def notify(self, parties: Sequence[Party], subject: str, lines: Sequence[str]) -> None:
        """Tell every active person behind the parties; returns once it is kept, not delivered.

        Raises:
            StoreDown: nobody will be told.
        """
        made = list(self._write(parties, subject, tuple(lines)))
        await asyncio.to_thread(self._state.add_notices, made)
        for notice in made:
            if notice.state is Delivery.NO_WAY:
                self._note(notice)
        await self._notes.flush()

    async def deliver(self) -> None:
        """Try those that are due; a job calls it.

        Raises:
            StoreDown: the store can't be read or written; nothing is lost.
        """
        async with self._turn:
            due = await asyncio.to_thread(
                self._state.list_due, now_unix=self._now_unix(), most=_AT_ONCE
            )
            for notice in due:
                done = await self._try(notice)
                await asyncio.to_thread(self._state.put_notice, done)
                if done.state is not Delivery.WAITING:
                    self._note(done)
            await self._notes.flush()

    async def list_notices(self, most: int = 200) -> list[Notice]:
        """The newest, newest first."""
        return list(await asyncio.to_thread(self._state.list_notices, most=most))

    async def list_subjects(self) -> frozenset[str]:
        """What the newest are about; by it a reminder is written once, by whichever process."""
        return frozenset(one.subject for one in await self.list_notices(most=2_000))

    async def _try(self, notice: Notice) -> Notice:
        mailer = self._configuration().organisation.notices.mailer
        try:
            if notice.channel is Channel.WEBHOOK:
                await asyncio.to_thread(self._courier.post, notice)
            elif mailer is None:
                return self._put_off(notice, "no mailer is set up any more")
            else:
                await asyncio.to_thread(self._courier.send_email, notice, mailer)
        except NoticeFailed as failed:
            return self._put_off(notice, str(failed))
        return replace(
            notice,
            state=Delivery.DELIVERED,
            attempts=notice.attempts + 1,
            delivered_at_unix=self._now_unix(),
            error="",
        )

    def _put_off(self, notice: Notice, error: str) -> Notice:
        attempts = notice.attempts + 1
        wait = min(FIRST_WAIT_SECONDS * 2 ** (attempts - 1), _LONGEST_WAIT_SECONDS)
        return replace(
            notice,
            state=Delivery.FAILED if attempts >= MOST_ATTEMPTS else Delivery.WAITING,
            attempts=attempts,
            next_at_unix=self._now_unix() + wait,
            error=error,
        )

    def _write(
        self, parties: Sequence[Party], subject: str, lines: tuple[str, ...]
    ) -> Iterator[Notice]:
        configuration = self._configuration()
        ways: NoticeWays = configuration.organisation.notices
        to = tuple(sorted({one for party in parties for one in resolve(configuration, party)}))
        now = self._now_unix()
        blank = Notice(
            id="",
            subject=subject,
            lines=lines,
            to=to,
            person=None,
            channel=Channel.WEBHOOK,
            address=ways.webhook_url,
            state=Delivery.WAITING,
            attempts=0,
            made_at_unix=now,
            next_at_unix=now,
        )
        if ways.webhook_url:
            yield replace(blank, id=_make_id())
        for person in to:
            email = configuration.people.persons[PersonId(person)].email
            mail = replace(
                blank,
                id=_make_id(),
                to=(person,),
                person=person,
                channel=Channel.EMAIL,
                address=email,
            )
            if ways.mailer is not None and email:
                yield mail
            elif not ways.webhook_url:
                why = "no channel is set up" if email else "the person has no address"
                yield replace(mail, state=Delivery.NO_WAY, error=why)

    def _note(self, notice: Notice) -> None:
        facts = {
            "notice": notice.id,
            "channel": notice.channel.value,
            "state": notice.state.value,
            "attempts": str(notice.attempts),
            "people": str(len(notice.to)),
        }
        personal = {"person": notice.person} if notice.person is not None else None
        self._notes.add(NoteKind.NOTICE, facts, by="notices", personal=personal)

    def _now_unix(self) -> int:
        return self._clock.unix_ns() // 1_000_000_000


def _make_id() -> str:
    return "notice_" + secrets.token_hex(8)
