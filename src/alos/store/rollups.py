"""Sums over calls, added to as they arrive, so that no month, cap or dashboard reads calls."""

from collections import Counter
from operator import itemgetter
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
_HOUR_KEY: Final = ("hour_unix", *HOUR_NAMES)
_HOUR_SUMS: Final = ("calls", *_SUMMED)
_HIGHEST: Final = ("highest_cost_nanousd", "highest_duration_ms")
_HOUR_NS: Final = 3_600_000_000_000
_HOURS_OF_A_DAY: Final = 24
ORGANISATION: Final = "organisation"
SCOPES: Final = {
    "vendor": "vendor",
    "workspace": "workspace",
    "workflow": "workflow",
    "key": "key_id",
    "person": "principal",
}
"""Kind of a scope of a cap → the column that names it."""

_get_names: Final = itemgetter(*map(CALL_COLUMNS.index, HOUR_NAMES))
_get_summed: Final = itemgetter(*map(CALL_COLUMNS.index, _SUMMED))
_get_scoped: Final = itemgetter(*map(CALL_COLUMNS.index, SCOPES.values()))
_OPENED_AT: Final = CALL_COLUMNS.index("opened_at_unix_ns")
_get_models: Final = itemgetter(*map(CALL_COLUMNS.index, ("model", "upstream_model")))
_WORDS: Final = CALL_COLUMNS.index("finding_words")
_PREFIXES: Final = tuple(f"{kind}:" for kind in SCOPES)


def _to_upsert(table: str, key: tuple[str, ...], sums: tuple[str, ...], rest: str = "") -> str:
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {added}{rest}"


def _to_highest(name: str) -> str:
    ours, theirs = f"call_hours.{name}", f"excluded.{name}"
    return f", {name} = CASE WHEN {ours} > {theirs} THEN {ours} ELSE {theirs} END"


_PUT_HOUR: Final = to_insert("call_hours", (*_HOUR_KEY, *_HOUR_SUMS, *_HIGHEST)) + _to_upsert(
    "call_hours", _HOUR_KEY, _HOUR_SUMS, "".join(map(_to_highest, _HIGHEST))
)
_PUT_SCOPE: Final = to_insert(
    "scope_days", ("day_unix", "scope", "calls", "cost_nanousd")
) + _to_upsert("scope_days", ("day_unix", "scope"), ("calls", "cost_nanousd"))

_PUT_WORD: Final = to_insert("finding_hours", ("hour_unix", "word", "calls")) + _to_upsert(
    "finding_hours", ("hour_unix", "word"), ("calls",)
)


class Rollups:
    """What a batch of calls adds to the sums, by hour, by day and scope, and by finding."""

    def __init__(self) -> None:
        self._hours: dict[Values, list[int]] = {}
        self._scopes: dict[Values, list[int]] = {}
        self._found: dict[Values, int] = {}
        self._models: set[Values] = set()

    def add(self, row: Values, times: int = 1) -> None:
        """Count a call's row, or take it out again with ``times`` = -1.

        What is taken out lowers no highest value; these are bounds.
        """
        hour = row[_OPENED_AT] // _HOUR_NS
        cost, duration, overhead = _get_summed(row)
        key = (hour, _get_names(row))
        if (sums := self._hours.get(key)) is None:
            sums = self._hours[key] = [0, 0, 0, 0, 0, 0]
        sums[0] += times
        sums[1] += times * cost
        sums[2] += times * duration
        sums[3] += times * overhead
        sums[4] = max(sums[4], cost)
        sums[5] = max(sums[5], duration)
        self._add_scopes(hour // _HOURS_OF_A_DAY, row, times, cost)
        self._models.add(_get_models(row))
        if row[_WORDS] is not None:
            found = (hour, row[_WORDS])
            self._found[found] = self._found.get(found, 0) + times

    def _add_scopes(self, day: int, row: Values, times: int, cost: int) -> None:
        key = (day, _get_scoped(row))
        if (sums := self._scopes.get(key)) is None:
            sums = self._scopes[key] = [0, 0]
        sums[0] += times
        sums[1] += times * cost

    def put(self, connection: Connection) -> None:
        """Add everything, in one order on every host so that no two wait for each other."""
        hours = [
            (hour * 3600, *(name or "" for name in names), *sums)
            for (hour, names), sums in self._hours.items()
            if any(sums[:4])
        ]
        run_many(connection, _PUT_HOUR, sorted(hours))
        run_many(connection, _PUT_SCOPE, sorted(self._list_scopes()))
        run_many(connection, _PUT_WORD, sorted(self._list_words()))
        models = sorted((model, upstream or "") for model, upstream in self._models if model)
        insert_new(connection, "model_names", ("model", "upstream_model"), models)

    def _list_words(self) -> list[Values]:
        words: Counter[Values] = Counter()
        for (hour, found), times in self._found.items():
            for word in set(found.strip("|").split("|")):
                words[hour * 3600, word] += times
        return [(*key, calls) for key, calls in words.items() if calls]

    def _list_scopes(self) -> list[Values]:
        """One row for each day and scope, from the combinations in which they came."""
        scopes: dict[Values, list[int]] = {}
        for (day, ids), sums in self._scopes.items():
            names = [f"{prefix}{one}" for prefix, one in zip(_PREFIXES, ids, strict=True) if one]
            for scope in (ORGANISATION, *names):
                there = scopes.setdefault((day * 86_400, scope), [0, 0])
                there[0] += sums[0]
                there[1] += sums[1]
        return [(*key, *sums) for key, sums in scopes.items() if any(sums)]
