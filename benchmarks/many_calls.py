"""How a store of very many calls answers: pages, dashboards, and why a call went as it did.

    PYTHONPATH=src python -m benchmarks.many_calls --calls 10000000

The calls are 30 days of an organisation with 8 workspaces, 40 workflows, 500 people and 60 keys.
To make so many in minutes, journal frames are written from a template, and their rows go
straight to the bulk inserts and sums of the ingest without being decoded again; what the whole
ingest costs a call is measured by benchmarks/call_index.py. Both engines are filled at once.
It takes about 35 GB below the temporary folder, and removes them.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random  # noqa: TID251 (a benchmark: the same calls each time)
from typing import Any

import msgspec

from alos.control.calls_why import explain_call
from alos.domain.ids import CallId
from alos.domain.record import Entry, FindingNote, Outcome
from alos.domain.refusal import ReasonCode
from alos.ledger.encoding import CLOSING_FIELDS, OPENING_FIELDS, chain_hash, encode_entry
from alos.ports.call_store import CallCursor, CallQuery, SumQuery
from alos.ports.ids import RandomIds
from alos.store.bulk import Values, insert_new, is_postgresql
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.frame import pack_frame
from alos.store.journal_state import JournalSettings
from alos.store.live_writer import Disk, LiveWriter
from alos.store.partitions import ensure_days, get_day
from alos.store.rollups import Rollups
from alos.store.rows import CALL_COLUMNS, OPENING_PLACE
from alos.store.spend import CallTotals, get_spend_nanousd
from benchmarks.journal_append import make_closing, make_opening

_START_NS = 1_793_491_200_000_000_000  # 2026-11-01
_MONTH_NS = 30 * 86_400 * 10**9
_BATCH = 20_000
_ROUNDS = 40
_FINDINGS = 4 + CLOSING_FIELDS.index("findings")
_CLOSING_PLACE = tuple(name.replace("opening", "closing") for name in OPENING_PLACE)
_encode = msgspec.msgpack.Encoder().encode
_FOUND = (FindingNote("request", "pii", "EMAIL_ADDRESS", "pii.email", "redact", 1),)
_RARE = (FindingNote("request", "secret", "AWS_SECRET_KEY", "aws", "block", 1),)


class Maker:
    """Writes one dead writer's journal in bulk, and makes the rows of its calls."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._chance = Random(7)  # noqa: S311 (a benchmark)
        self._ids = RandomIds()
        self._live = LiveWriter.create(folder, _START_NS, Disk())
        self._opening = _to_template(make_opening(CallId("call_"), _START_NS))
        closing = make_closing(self._ids, CallId("call_"), _START_NS)
        self._closing = _to_template(closing)
        found = closing._replace(findings=_FOUND), closing._replace(findings=_RARE)
        self._found = [_to_template(one)[_FINDINGS] for one in found]

    def make(self, first: int, last: int, calls: int) -> list[Values]:
        """Write the calls numbered from ``first`` to ``last``; return their rows."""
        live, out, rows = self._live, [], []
        offset = live.offset
        for number in range(first, last):
            at = _START_NS + number * _MONTH_NS // calls
            what = self._choose(number, at)
            opening, place = self._seal(self._fill(self._opening, OPENING_FIELDS, what), b"")
            opened = (live.writer, live.number, offset, place)
            offset += len(opening)
            closing, place = self._seal(*self._commit(number, what))
            rows.append(self._to_row(what, (live.writer, live.number, offset, place), opened))
            offset += len(closing)
            out += (opening, closing)
        live.offset += os.write(live.fd, b"".join(out))
        if live.offset >= JournalSettings().segment_bytes:
            live.add_spare()
            old, header = live.turn_to_spare()
            os.close(old)
            live.offset += os.write(live.fd, header)
        return rows

    def close(self) -> None:
        """Let go of the files."""
        self._live.close()

    def _choose(self, number: int, at: int) -> dict[str, Any]:
        chance = self._chance
        flow = chance.randrange(40)
        model = "rare" if number % 99_991 == 0 else chance.choice(("small", "large"))
        is_refused = number % 50 == 0
        return {
            "call_id": self._ids.call_id(at),
            "opened_at_unix_ns": at,
            "workspace": f"workspace-{flow % 8}",
            "workflow": f"workflow-{flow}",
            "key_id": f"key-{chance.randrange(60)}",
            "principal": f"person-{chance.randrange(500)}",
            "model": model,
            "vendor": "other" if model == "rare" else "acme",
            "cost_nanousd": 9_000_000_000 if number % 70_001 == 0 else 90_000,
            "outcome": Outcome.REFUSED.value if is_refused else Outcome.ANSWERED.value,
            "reason": ReasonCode.SECRET_FOUND.value if is_refused else None,
            "is_found": number % 20 == 0,
            "is_rare": number % 100_000 == 0,
        }

    def _fill(
        self, template: list[Any], fields: tuple[str, ...], what: dict[str, Any]
    ) -> list[Any]:
        row = template.copy()
        row[2], row[3] = self._live.writer, self._live.sequence
        for at, name in enumerate(fields, 4):
            if name in what:
                row[at] = what[name]
        return row

    def _commit(self, number: int, what: dict[str, Any]) -> tuple[list[Any], bytes]:
        row = self._fill(self._closing, CLOSING_FIELDS, what)
        if what["is_found"]:
            row[_FINDINGS] = self._found[what["is_rare"]]
        salt = number.to_bytes(16)
        row[-1] = [("principal", sha256(salt + what["principal"].encode()).digest())]
        return row, _encode([(salt, what["principal"])])

    def _seal(self, row: list[Any], personal: bytes) -> tuple[bytes, int]:
        live = self._live
        chained, sequence = _encode(row), live.sequence
        live.hash = chain_hash(live.hash, chained)
        live.sequence += 1
        return pack_frame(chained, personal, live.hash), sequence

    def _to_row(self, what: dict[str, Any], place: Values, opened: Values) -> Values:
        words = None
        if what["is_found"]:
            words = "|secret|AWS_SECRET_KEY|" if what["is_rare"] else "|pii|EMAIL_ADDRESS|"
        known = {
            **dict(zip(CLOSING_FIELDS, self._closing[4:-1], strict=True)),
            **what,
            **dict(zip(_CLOSING_PLACE, place, strict=True)),
            **dict(zip(OPENING_PLACE, opened, strict=True)),
            "finding_words": words,
            "arrived_at_unix_ns": what["opened_at_unix_ns"],
        }
        return tuple(known.get(name) for name in CALL_COLUMNS)


def _to_template(entry: Entry) -> list[Any]:
    """An entry's items as they are encoded."""
    chained, _ = encode_entry(entry, "", 0)
    return msgspec.msgpack.decode(chained, type=list[Any])


def fill(stores: Sequence[Store], folder: Path, calls: int) -> None:
    """Make the calls, and put them into each store."""
    maker, days = Maker(folder), set[int]()
    spent = [0.0] * len(stores)
    start = time.monotonic()
    for first in range(0, calls, _BATCH):
        last = min(calls, first + _BATCH)
        rows = [
            row
            for at in range(first, last, _BATCH // 10)
            for row in maker.make(at, min(last, at + _BATCH // 10), calls)
        ]
        for number, store in enumerate(stores):
            began = time.monotonic()
            with store.ingest() as connection:
                if is_postgresql(connection):
                    ensure_days(connection, {get_day(row[1]) for row in rows}, days)
                assert insert_new(connection, "calls", CALL_COLUMNS, rows) == len(rows)
                sums = Rollups()
                for row in rows:
                    sums.add(row)
                sums.put(connection)
            spent[number] += time.monotonic() - began
        if first % 1_000_000 == 0:
            print(f"{last:,} calls after {time.monotonic() - start:.0f} s", flush=True)
    maker.close()
    seconds = ", ".join(f"{one:.0f} s" for one in spent)
    print(
        f"{calls:,} calls in {time.monotonic() - start:.0f} s, of which in the stores: {seconds}"
    )


def time_p95(name: str, work: Callable[[], object], rounds: int = _ROUNDS) -> None:
    """Print median and 95th percentile, the cold rounds included.

    Of wall time, and of this process's CPU, which on SQLite is all that it takes but waiting.
    """
    times, cpu = [], []
    for _ in range(rounds):
        start, began = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - start) * 1000)
        cpu.append((time.process_time() - began) * 1000)
    times.sort()
    cpu.sort()
    at = int(len(times) * 0.95)
    print(
        f"{name}: median {times[rounds // 2]:.1f} ms, p95 {times[at]:.1f} ms"
        f" (CPU {cpu[rounds // 2]:.1f}, {cpu[at]:.1f})",
        flush=True,
    )


def ask(store: Store, folder: Path) -> None:
    """Time what people ask."""
    index = CallIndex(store, folder)
    middle = CallCursor(_START_NS + _MONTH_NS // 2, "call_")
    some = [
        page[0].call_id
        for at in range(1, 40)
        if (
            page := index.search_calls(
                CallQuery(),
                before=CallCursor(_START_NS + _MONTH_NS * at // 40, "call_"),
                limit=1,
            )
        )
    ]
    chosen = iter(some * 9)

    def search(before: CallCursor | None = None, **query: object) -> Callable[[], object]:
        asked = CallQuery(**query)  # type: ignore[arg-type]
        return lambda: index.search_calls(asked, before=before, limit=50)

    since = _START_NS // 10**9
    month = (since, since + _MONTH_NS // 10**9)
    week = (month[1] - 7 * 86_400, month[1])
    totals = CallTotals(store)

    def total(bounds: tuple[int, int], *by: str) -> Callable[[], object]:
        query = SumQuery(by=by, since_unix=bounds[0], until_unix=bounds[1])
        return lambda: totals.sum_calls(query)

    questions: dict[str, Callable[[], object]] = {
        "newest page": search(),
        "page in the middle": search(middle),
        "page of a workflow": search(workflow="workflow-3"),
        "page of a workspace": search(workspace="workspace-3"),
        "page of a person": search(person="person-77"),
        "page of a key": search(key_id="key-7"),
        "page of a model": search(model="small"),
        "page of a rare model": search(model="rare"),
        "page of a rare vendor": search(vendor="other"),
        "page refused for a reason": search(reason=ReasonCode.SECRET_FOUND.value),
        "page with a finding": search(finding="EMAIL_ADDRESS"),
        "page with a rare finding": search(finding="AWS_SECRET_KEY"),
        "page of a workflow, refused": search(workflow="workflow-3", outcome=Outcome.REFUSED),
        "page of rare high costs": search(min_cost_nanousd=5_000_000_000),
        "page of high latency, none": search(min_duration_ms=10_000_000),
        "no match in any row": search(vendor="nobody"),
        "dashboard: month by workflow and model": total(month, "workflow", "model"),
        "dashboard: month by day and outcome": total(month, "day", "outcome"),
        "dashboard: week by hour": total(week, "hour"),
        "spend of a month by scope": lambda: get_spend_nanousd(store, "2026-11"),
        "why a call went as it did": lambda: explain_call(index, next(chosen)),
    }
    for name, work in questions.items():
        time_p95(name, work)


@contextmanager
def opened(engine: str, home: Path) -> Iterator[tuple[Store, Callable[[], int]]]:
    """A new store, and what asks for its size in bytes."""
    if engine == "sqlite":
        path = home / "alos.db"
        store = Store(path)
        try:
            yield store, lambda: path.stat().st_size
        finally:
            store.close()
        return
    from tests.store.databases import running_postgresql  # noqa: PLC0415 (needs the test extras)

    with running_postgresql() as server:
        store = Store(server.make_empty())

        def get_size() -> int:
            with store.read() as connection:
                size = connection.exec_driver_sql("SELECT pg_database_size(current_database())")
                return int(size.scalar_one())

        try:
            yield store, get_size
        finally:
            store.close()


def _settle(store: Store) -> None:
    """What SQLite does at its end, and PostgreSQL's autovacuum within the minute."""
    if store.path is not None:
        store.wipe()
        return
    with store.write() as connection:
        connection.exec_driver_sql("ANALYZE")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    options = parser.parse_args()
    engines = options.engine or ["sqlite", "postgresql"]
    home = Path(tempfile.mkdtemp(prefix="alos-many-"))
    folder = home / "journal"
    try:
        with ExitStack() as stack:
            made = [stack.enter_context(opened(engine, home)) for engine in engines]
            for store, _ in made:
                store.ensure()
            fill([store for store, _ in made], folder, options.calls)
            journal = sum(path.stat().st_size for path in folder.glob("*.alj"))
            print(f"{journal / options.calls:.0f} bytes a call in the journal")
            for engine, (store, get_size) in zip(engines, made, strict=True):
                _settle(store)
                print(f"\n{engine}: {get_size() / options.calls:.0f} bytes a call", flush=True)
                ask(store, folder)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
