"""What the index of calls costs to fill, how large it is, and how fast it answers.

    PYTHONPATH=src python -m benchmarks.call_index --calls 1000000

Journals are written by the real writer and shipped by the real shipper, in a temporary folder
(about 2 GB for a million calls). CPU counts the whole process. SHA-256 of 1.4 KB is printed
beside it, because this figure tells how fast the machine is at that moment.
"""

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random  # noqa: TID251 (a benchmark: the same calls each time)

from alos.control.calls_why import explain_call
from alos.domain.ids import CallId, ModelName, WorkflowId
from alos.domain.record import FindingNote, Outcome, Personal
from alos.domain.refusal import ReasonCode
from alos.ports.call_store import CallQuery
from alos.ports.clock import SystemClock
from alos.ports.ids import RandomIds
from alos.store.call_index import CallIndex
from alos.store.engine import Store
from alos.store.folder import mark_settled
from alos.store.journal_state import JournalSettings
from alos.store.live_writer import Disk, LiveWriter
from alos.store.shipper import Shipper
from alos.store.spend import get_spend_nanousd
from benchmarks.journal_append import make_closing, make_opening

_AT_ONCE = 2000
_STEP_NS = 2_500_000_000
_START_NS = 1_793_600_000_000_000_000
_FOUND = (FindingNote("request", "pii", "EMAIL_ADDRESS", "pii.email", "redact", 1),)


def get_sha_us(rounds: int = 20, size: int = 500) -> float:
    """Best microseconds for SHA-256 of 1.4 KB."""
    data = bytes(1400)
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(size):
            hashlib.sha256(data).digest()
        best = min(best, (time.process_time() - start) / size * 1e6)
    return best


def fill_journal(folder: Path, calls: int) -> list[CallId]:
    """Write calls that began 2.5 s apart; return some of their ids."""
    chance, ids, disk = Random(7), RandomIds(), Disk()  # noqa: S311 (a benchmark)
    folder.mkdir()
    live = LiveWriter.create(folder, _START_NS, disk)
    opening = make_opening(CallId(""), _START_NS)
    closing = make_closing(ids, CallId(""), _START_NS)
    some: list[CallId] = []
    frames: list[bytes] = []
    for number in range(calls):
        at = _START_NS + number * _STEP_NS
        call_id = ids.call_id(at)
        name = WorkflowId(f"workflow-{chance.randrange(40)}")
        person = Personal("principal", ids.salt(), f"person-{chance.randrange(500)}")
        changes = {
            "call_id": call_id,
            "opened_at_unix_ns": at,
            "workflow": name,
            "model": ModelName(chance.choice(("small", "large"))),
            "personal": (person, closing.personal[1]),
        }
        if number % 50 == 0:
            changes |= {"outcome": Outcome.REFUSED, "reason": ReasonCode.SECRET_FOUND}
        if number % 20 == 0:
            changes["findings"] = _FOUND
        first = opening._replace(call_id=call_id, opened_at_unix_ns=at, workflow=name)
        frames += (live.seal(first), live.seal(closing._replace(**changes)))
        if number % (calls // 100 or 1) == 0:
            some.append(call_id)
        if len(frames) >= _AT_ONCE or number == calls - 1:
            live.offset += os.write(live.fd, b"".join(frames))
            frames.clear()
        if live.offset >= JournalSettings().segment_bytes:
            live.add_spare()
            old, header = live.turn_to_spare()
            os.close(old)
            live.offset += os.write(live.fd, header)
    live.close()
    mark_settled(folder, live.writer, at)
    return some


def ship(folder: Path, database: Path, calls: int, *, is_sealed: bool) -> Store:
    """Fill a fresh index."""
    store = Store(database)
    store.ensure()
    shipper = Shipper(store, folder, clock=SystemClock(), durable=dict)
    if not is_sealed:
        shipper = Shipper(
            store, folder, clock=SystemClock(), durable=dict, hand_on=lambda *_: None
        )
    sha, start = get_sha_us(), time.process_time()
    shipped = shipper.ship_once()
    cpu_us = (time.process_time() - start) / calls * 1e6
    assert not shipped.damage
    sha = (sha + get_sha_us()) / 2
    print(f"shipping: {cpu_us:.1f} CPU us a call (sha256 of 1.4 KB: {sha:.2f} us)")
    return store


def time_ms(work: Callable[[], object], rounds: int = 5) -> str:
    """Median and worst milliseconds, the first (cold) round included in the worst."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return f"median {sorted(times)[rounds // 2]:.1f} ms, worst {max(times):.1f} ms"


def ask(store: Store, folder: Path, some: list[CallId]) -> None:
    """Time what people ask."""
    index = CallIndex(store, folder)
    chosen = iter(some * 9)

    def search(**query: object) -> Callable[[], object]:
        asked = CallQuery(**query)  # type: ignore[arg-type]
        return lambda: index.search_calls(asked, before=None, limit=50)

    questions = {
        "newest 50": search(),
        "50 of a workflow": search(workflow="workflow-3"),
        "50 of a person": search(person="person-77"),
        "50 refused for a reason": search(reason=ReasonCode.SECRET_FOUND.value),
        "50 with a finding": search(finding="EMAIL_ADDRESS"),
        "50 of a workflow, refused": search(workflow="workflow-3", outcome=Outcome.REFUSED),
        "no match in any row": search(vendor="nobody"),
        "which model, what data, which tools, who": lambda: explain_call(index, next(chosen)),
        "tail of 500": lambda: index.list_arrivals(since_unix_ns=0, limit=500),
        "spend of a month": lambda: get_spend_nanousd(store, "2026-11"),
    }
    for name, work in questions.items():
        print(f"{name}: {time_ms(work)}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--inbox", action="store_true", help="feed the ledger's inbox too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "journal"
        some = fill_journal(folder, options.calls)
        store = ship(folder, Path(home) / "alos.db", options.calls, is_sealed=options.inbox)
        store.wipe()
        size = store.path.stat().st_size / options.calls
        journal = sum(path.stat().st_size for path in folder.glob("*.alj")) / options.calls
        print(f"{size:.0f} bytes a call in the index, {journal:.0f} in the journal")
        ask(store, folder, some)
        store.close()


if __name__ == "__main__":
    main()
