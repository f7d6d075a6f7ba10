"""What was spent in a month, by the scopes that caps speak of."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from alos.store.engine import Store
from alos.store.tables import scope_days


def get_spend_nanousd(store: Store, month: str) -> dict[str, int]:
    """Sum the cost of the closed calls that began in ``month`` (``YYYY-MM``, UTC).

    Running calls are not in it. Sweep dead writers and ship before asking, so that theirs are.

    Returns:
        Nano-dollars by scope as :class:`alos.domain.standing.Cap` writes it; scopes that cost
        nothing are left out.

    Raises:
        StoreDown: the store can't be read.
    """
    since, until = _get_bounds(month)
    columns = scope_days.c
    cost = func.sum(columns.cost_nanousd)
    statement = (
        select(columns.scope, cost)
        .where(columns.day_unix >= since, columns.day_unix < until)
        .group_by(columns.scope)
        .having(cost > 0)
    )
    with store.read() as connection:
        return {scope: int(cost) for scope, cost in connection.execute(statement)}


def _get_bounds(month: str) -> tuple[int, int]:
    since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    years, months = divmod(since.month, 12)
    until = since.replace(year=since.year + years, month=months + 1)
    return int(since.timestamp()), int(until.timestamp())
