"""Sums over calls, added to as they arrive, so that no month, cap or dashboard reads calls."""

from collections.abc import Iterable
from operator import add, itemgetter
from typing import Final

from sqlalchemy import Connection

from alos.store.bulk import Values, insert_new, run_many, to_insert
from alos.store.rows import CALL_COLUMNS

HOUR_NAMES: Final = (
    "workspace",
    "workflow",
    "vendor",
    "model",
    "outcome",
    "reason",
    "purpose",
)
_SUMMED: Final = ("cost_nanousd", "duration_ms", "overhead_us")
_HOUR_SUMS: Final = ("calls", *_SUMMED)
_HIGHEST: Final = ("highest_cost_nanousd", "highest_duration_ms")
_SPAN: Final = ("first_opened_at_unix_ns", "last_opened_at_unix_ns")
_HIGHEST_AT: Final = ("highest_cost_at_unix_ns", "highest_duration_at_unix_ns")
_NEXT: Final = ("next_cost_nanousd", "next_duration_ms")
_DAY_VALUES: Final = 6
"""So many values of an hour go into its day: all that don't say where in it a call is."""
_HOUR_NS: Final = 3_600_000_000_000
_HOURS_OF_A_DAY: Final = 24
ORGANISATION: Final = "organisation"
_OF_HOURS: Final = tuple(
    (name, HOUR_NAMES.index(name)) for name in ("vendor", "workspace", "workflow")
)
"""Kinds of scopes of caps that the sums by hour know, and where."""
_OF_CALLS: Final = (
    ("key", CALL_COLUMNS.index("key_id")),
    ("person", CALL_COLUMNS.index("principal")),
)
"""The others, and where a call's row has them."""

_get_names: Final = itemgetter(*map(CALL_COLUMNS.index, HOUR_NAMES))
_get_summed: Final = itemgetter(*map(CALL_COLUMNS.index, _SUMMED))
_COST: Final = CALL_COLUMNS.index("cost_nanousd")
_OPENED_AT: Final = CALL_COLUMNS.index("opened_at_unix_ns")
_get_models: Final = itemgetter(*map(CALL_COLUMNS.index, ("model", "upstream_model")))
_WORDS: Final = CALL_COLUMNS.index("finding_words")


def _to_upsert(table: str, key: tuple[str, ...], sums: tuple[str, ...], rest: str = "") -> str:
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {added}{rest}"


def _choose(table: str, name: str, by: str, sign: str = ">") -> str:
    """Take a value from the row in which another is higher (or lower)."""
    ours, theirs = f"{table}.", "excluded."
    return (
        f", {name} = CASE WHEN {ours}{by} {sign} {theirs}{by}"
        f" THEN {ours}{name} ELSE {theirs}{name} END"
    )


def _to_span(table: str) -> str:
    first, last = _SPAN
    return _choose(table, first, first, "<") + _choose(table, last, last)


def _to_next(table: str, name: str, highest: str) -> str:
    """The second of the four values that two rows have together; each row has them in order."""
    ours, theirs = table, "excluded"
    return (
        f", {name} = CASE WHEN {ours}.{name} > {theirs}.{highest} THEN {ours}.{name}"
        f" WHEN {theirs}.{name} > {ours}.{highest} THEN {theirs}.{name}"
        f" WHEN {ours}.{highest} > {theirs}.{highest} THEN {theirs}.{highest}"
        f" ELSE {ours}.{highest} END"
    )


def _put_sums(table: str, time: str, names: tuple[str, ...] = (), rest: str = "") -> str:
    key = (time, *HOUR_NAMES)
    highest = "".join(_choose(table, name, name) for name in _HIGHEST)
    return to_insert(table, (*key, *_HOUR_SUMS, *_HIGHEST, *names)) + _to_upsert(
        table, key, _HOUR_SUMS, highest + rest
    )


_PUT_HOUR: Final = _put_sums(
    "call_hours",
    "hour_unix",
    (*_SPAN, *_HIGHEST_AT, *_NEXT),
    _to_span("call_hours")
    + "".join(map(_choose, ("call_hours",) * 2, _HIGHEST_AT, _HIGHEST))
    + "".join(map(_to_next, ("call_hours",) * 2, _NEXT, _HIGHEST)),
)
_PUT_DAY: Final = _put_sums("call_days", "day_unix")
_PUT_SCOPE: Final = to_insert(
    "scope_days", ("day_unix", "scope", "calls", "cost_nanousd")
) + _to_upsert("scope_days", ("day_unix", "scope"), ("calls", "cost_nanousd"))

_PUT_WORD: Final = to_insert("finding_hours", ("hour_unix", "word", "calls", *_SPAN)) + _to_upsert(
    "finding_hours", ("hour_unix", "word"), ("calls",), _to_span("finding_hours")
)


class Rollups:
    """What a batch of calls adds to the sums, by hour, by day and scope, and by finding."""

    def __init__(self) -> None:
        self._hours: dict[Values, list[int]] = {}
        self._scopes: dict[tuple[int, str, str], tuple[int, int]] = {}
        self._found: dict[Values, list[int]] = {}
        self._models: set[Values] = set()

    def add(self, row: Values, times: int = 1) -> None:
        """Count a call's row, or take it out again with ``times`` = -1.

        What is taken out lowers no highest value; these are bounds.
        """
        at = row[_OPENED_AT]
        hour = at // _HOUR_NS
        cost, duration, overhead = _get_summed(row)
        key = (hour, _get_names(row))
        if (sums := self._hours.get(key)) is None:
            sums = self._hours[key] = [0, 0, 0, 0, 0, 0, at, at, 0, 0, 0, 0]
        sums[0] += times
        sums[1] += times * cost
        sums[2] += times * duration
        sums[3] += times * overhead
        _add_spots(sums, at, cost, duration)
        for kind, place in _OF_CALLS:
            if (name := row[place]) is not None:
                scope = (hour // _HOURS_OF_A_DAY, kind, name)
                count, sum_ = self._scopes.get(scope, (0, 0))
                self._scopes[scope] = (count + times, sum_ + times * cost)
        self._models.add(_get_models(row))
        if row[_WORDS] is not None:
            found = self._found.setdefault((hour, row[_WORDS]), [0, at, at])
            found[0] += times
            found[1:] = min(found[1], at), max(found[2], at)

    def add_vendors(self, row: Values, vendors: Iterable[str]) -> None:
        """Count a call against each vendor that may have answered it, so that no cap is passed.

        The sums by vendor are then above that of the organisation; a call that turns out
        otherwise later stays counted so until its day is over.
        """
        day, cost = row[_OPENED_AT] // _HOUR_NS // _HOURS_OF_A_DAY, row[_COST]
        for vendor in filter(None, vendors):
            count, sum_ = self._scopes.get((day, "vendor", vendor), (0, 0))
            self._scopes[day, "vendor", vendor] = (count + 1, sum_ + cost)

    def put(self, connection: Connection) -> None:
        """Add everything, in one order on every host so that no two wait for each other."""
        hours = [
            (hour * 3600, *(name or "" for name in names), *sums)
            for (hour, names), sums in self._hours.items()
            if any(sums[:4])
        ]
        run_many(connection, _PUT_HOUR, sorted(hours))
        run_many(connection, _PUT_DAY, sorted(_to_days(hours)))
        run_many(connection, _PUT_SCOPE, sorted(self._list_scopes()))
        run_many(connection, _PUT_WORD, sorted(self._list_words()))
        models = sorted((model, upstream or "") for model, upstream in self._models if model)
        insert_new(connection, "model_names", ("model", "upstream_model"), models)

    def _list_words(self) -> list[Values]:
        words: dict[Values, list[int]] = {}
        for (hour, found), (times, first, last) in self._found.items():
            for word in set(found.strip("|").split("|")):
                one = words.setdefault((hour * 3600, word), [0, first, last])
                one[:] = one[0] + times, min(one[1], first), max(one[2], last)
        return [(*key, *one) for key, one in words.items() if one[0]]

    def _list_scopes(self) -> list[Values]:
        """One row for each day and scope; most scopes follow from the sums by hour."""
        scopes = dict(self._scopes)
        for (hour, names), sums in self._hours.items():
            day = hour // _HOURS_OF_A_DAY
            for kind, at in (*_OF_HOURS, (ORGANISATION, None)):
                name = "" if at is None else names[at]
                if name is not None:
                    count, cost = scopes.get((day, kind, name), (0, 0))
                    scopes[day, kind, name] = (count + sums[0], cost + sums[1])
        return [
            (day * 86_400, f"{kind}:{name}" if name else kind, *sums)
            for (day, kind, name), sums in scopes.items()
            if any(sums)
        ]


def _add_spots(sums: list[int], at: int, cost: int, duration: int) -> None:
    """Note where in its hour a call is, if it is the first, the last or the highest there."""
    if at > sums[7]:
        sums[7] = at
    elif at < sums[6]:
        sums[6] = at
    if cost > sums[4]:
        sums[4], sums[8], sums[10] = cost, at, sums[4]
    elif cost > sums[10]:
        sums[10] = cost
    if duration > sums[5]:
        sums[5], sums[9], sums[11] = duration, at, sums[5]
    elif duration > sums[11]:
        sums[11] = duration


def _to_days(hours: list[Values]) -> list[Values]:
    """Rows of hours as rows of days."""
    days: dict[Values, list[int]] = {}
    names = len(HOUR_NAMES) + 1
    for row in hours:
        key = (row[0] // 86_400 * 86_400, *row[1:names])
        *added, cost, duration = row[names : names + _DAY_VALUES]
        if (sums := days.get(key)) is None:
            days[key] = [*added, cost, duration]
            continue
        sums[:4] = map(add, sums[:4], added)
        sums[4:] = max(sums[4], cost), max(sums[5], duration)
    return [(*key, *sums) for key, sums in days.items()]
