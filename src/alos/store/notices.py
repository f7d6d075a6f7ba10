"""The :class:`alos.ports.notices.NoticeState` on the store."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update

from alos.domain.ids import PersonId
from alos.domain.notice import Channel, Delivery, Notice
from alos.store.engine import Store
from alos.store.notice_tables import notices


class StoredNotices:
    """Notices and what became of each."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_notices(self, notices_: Sequence[Notice]) -> None:
        """Keep new notices, all or none."""
        if notices_:
            with self._store.write() as connection:
                connection.execute(insert(notices), [_to_values(one) for one in notices_])

    def put_notice(self, notice: Notice) -> None:
        """Keep what became of an attempt."""
        with self._store.write() as connection:
            connection.execute(
                update(notices).where(notices.c.notice_id == notice.id).values(_to_values(notice))
            )

    def list_due(self, *, now_unix: int, most: int) -> Sequence[Notice]:
        """Those that wait and are to be tried now, oldest first."""
        statement = (
            select(notices)
            .where(notices.c.state == Delivery.WAITING, notices.c.next_at_unix <= now_unix)
            .order_by(notices.c.next_at_unix, notices.c.notice_id)
            .limit(most)
        )
        return self._list(statement)

    def list_notices(self, *, most: int) -> Sequence[Notice]:
        """The newest, newest first."""
        newest = notices.c.made_at_unix.desc()
        return self._list(select(notices).order_by(newest, notices.c.notice_id).limit(most))

    def _list(self, statement: Any) -> list[Notice]:
        self._store.ensure()
        with self._store.read() as connection:
            return [_to_notice(row) for row in connection.execute(statement)]


def _to_values(notice: Notice) -> dict[str, Any]:
    return {
        "notice_id": notice.id,
        "subject": notice.subject,
        "lines": list(notice.lines),
        "to": list(notice.to),
        "person": notice.person,
        "channel": notice.channel.value,
        "address": notice.address,
        "state": notice.state.value,
        "attempts": notice.attempts,
        "made_at_unix": notice.made_at_unix,
        "next_at_unix": notice.next_at_unix,
        "delivered_at_unix": notice.delivered_at_unix,
        "error": notice.error,
    }


def _to_notice(row: Any) -> Notice:
    return Notice(
        id=row.notice_id,
        subject=row.subject,
        lines=tuple(row.lines),
        to=tuple(map(PersonId, row.to)),
        person=PersonId(row.person) if row.person is not None else None,
        channel=Channel(row.channel),
        address=row.address,
        state=Delivery(row.state),
        attempts=row.attempts,
        made_at_unix=row.made_at_unix,
        next_at_unix=row.next_at_unix,
        delivered_at_unix=row.delivered_at_unix,
        error=row.error,
    )
