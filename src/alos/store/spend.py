"""What was spent in a month, by the scopes that caps speak of."""

from collections import defaultdict
from datetime import UTC, datetime

from sqlalchemy import func, select

from alos.store.engine import Store
from alos.store.tables import calls

_NS = 1_000_000_000


def get_spend_nanousd(store: Store, month: str) -> dict[str, int]:
    """Sum the cost of the closed calls that began in ``month`` (``YYYY-MM``, UTC).

    Running calls are not in it. Sweep dead writers and ship before asking, so that theirs are.

    Returns:
        Nano-dollars by scope as :class:`alos.domain.standing.Cap` writes it.

    Raises:
        StoreDown: the store can't be read.
    """
    since, until = _get_bounds(month)
    columns = calls.c
    dimensions = {
        "vendor": columns.vendor,
        "workspace": columns.workspace,
        "workflow": columns.workflow,
        "key": columns.key_id,
        "person": columns.principal,
    }
    statement = (
        select(*dimensions.values(), func.sum(columns.cost_nanousd))
        .where(
            columns.opened_at_unix_ns >= since,
            columns.opened_at_unix_ns < until,
            columns.cost_nanousd > 0,
        )
        .group_by(*dimensions.values())
    )
    spend: defaultdict[str, int] = defaultdict(int)
    with store.read() as connection:
        for *ids, cost in connection.execute(statement):
            spend["organisation"] += int(cost)
            for name, value in zip(dimensions, ids, strict=True):
                if value is not None:
                    spend[f"{name}:{value}"] += int(cost)
    return dict(spend)


def _get_bounds(month: str) -> tuple[int, int]:
    since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    years, months = divmod(since.month, 12)
    until = since.replace(year=since.year + years, month=months + 1)
    return int(since.timestamp()) * _NS, int(until.timestamp()) * _NS
