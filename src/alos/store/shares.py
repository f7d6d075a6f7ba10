"""The :class:`alos.ports.shares.Shares` on the database."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, delete, func, select, update

from alos.ports.shares import NOTHING_TAKEN, UNHEARD_SECONDS, Decide, Pool, ShareKey
from alos.store.engine import Store
from alos.store.share_tables import shares
from alos.store.spend import get_bounds
from alos.store.tables import scope_days
from alos.store.upsert import upsert

_MARGIN_SECONDS: Final = 10


class StoredShares:
    """The shares of one gateway; a commit is on disk.

    Args:
        gateway: whose they are.
    """

    def __init__(self, store: Store, gateway: str) -> None:
        self._store = store
        self._gateway = gateway

    def begin(self) -> Mapping[ShareKey, int]:
        """See the port."""
        columns = shares.c
        is_mine = columns.gateway == self._gateway
        with self._store.share() as connection:
            now_unix = _get_now(connection)
            held = {
                ShareKey(period, scope): held
                for period, scope, held in connection.execute(
                    select(columns.period, columns.scope, columns.held).where(is_mine)
                )
                if _get_seconds(period) is not None
            }
            is_window = columns.period.in_({key.period for key in held})
            connection.execute(delete(shares).where(is_mine, ~is_window))
            connection.execute(update(shares).where(is_mine).values(put_at_unix=now_unix))
        return held

    def read(self, keys: Collection[ShareKey]) -> Mapping[ShareKey, Pool]:
        """See the port."""
        if not keys:
            return {}
        with self._store.read() as connection:
            return self._read(connection, keys)

    def grow(self, keys: Collection[ShareKey], decide: Decide) -> None:
        """See the port."""
        with self._store.share() as connection:
            self._put(connection, decide(self._read(connection, keys)))

    def put(self, held: Mapping[ShareKey, int]) -> None:
        """See the port."""
        with self._store.share() as connection:
            self._put(connection, held)

    def _read(self, connection: Connection, keys: Collection[ShareKey]) -> Mapping[ShareKey, Pool]:
        """What others hold first, then what is spent: what is just shipped may count twice."""
        columns = shares.c
        scopes = {key.scope for key in keys}
        now_unix = _get_now(connection)
        found = dict.fromkeys(keys, NOTHING_TAKEN)
        rows = connection.execute(
            select(columns.period, columns.scope, columns.held, columns.put_at_unix).where(
                columns.gateway != self._gateway, columns.scope.in_(scopes)
            )
        )
        for period, scope, held, put_at_unix in rows:
            key, seconds = ShareKey(period, scope), _get_seconds(period)
            is_over = seconds is not None and (
                put_at_unix < now_unix - seconds - UNHEARD_SECONDS - _MARGIN_SECONDS
            )
            if key in found and not is_over:
                pool = found[key]
                found[key] = Pool(pool.taken + held, pool.others + 1)
        for month in {key.period for key in keys if _get_seconds(key.period) is None}:
            for scope, spent in _list_spent(connection, month, scopes):
                key = ShareKey(month, scope)
                if key in found:
                    found[key] = Pool(found[key].taken + spent, found[key].others)
        return found

    def _put(self, connection: Connection, held: Mapping[ShareKey, int]) -> None:
        columns = shares.c
        now_unix = _get_now(connection)
        rows = [
            {
                "period": key.period,
                "scope": key.scope,
                "gateway": self._gateway,
                "held": amount,
                "put_at_unix": now_unix,
            }
            for key, amount in held.items()
            if amount
        ]
        upsert(connection, shares, rows, replace=("held", "put_at_unix"))
        for key, amount in held.items():
            if not amount:
                connection.execute(
                    delete(shares).where(
                        columns.period == key.period,
                        columns.scope == key.scope,
                        columns.gateway == self._gateway,
                    )
                )


def _list_spent(
    connection: Connection, month: str, scopes: Collection[str]
) -> list[tuple[str, int]]:
    columns = scope_days.c
    since_unix, until_unix = get_bounds(month)
    statement = (
        select(columns.scope, func.sum(columns.cost_nanousd))
        .where(
            columns.day_unix >= since_unix,
            columns.day_unix < until_unix,
            columns.scope.in_(scopes),
        )
        .group_by(columns.scope)
    )
    return [(scope, int(cost)) for scope, cost in connection.execute(statement)]


def _get_seconds(period: str) -> int | None:
    """The length of a window; ``None`` for a month."""
    return int(period[:-1]) if period.endswith("s") else None


def _get_now(connection: Connection) -> int:
    """The time by the database's clock, in seconds: hosts need not agree."""
    now: datetime = connection.execute(select(func.current_timestamp())).scalar_one()
    return int((now if now.tzinfo else now.replace(tzinfo=UTC)).timestamp())
