"""What a call costs the journal: CPU and wall time per opening + durable closing.

    PYTHONPATH=src python benchmarks/journal_append.py --calls 20000 --callers 64

CPU counts the whole process (event loop and writer thread, user and system). "bare" is the same
loop, which makes the same entries, without a journal; the difference is the journal's own share.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import uvloop

from alos.domain.ids import (
    CallId,
    Digest,
    KeyId,
    ModelName,
    VendorName,
    WorkflowId,
    WorkspaceId,
)
from alos.domain.money import Usage
from alos.domain.record import (
    AttemptNote,
    ClosingEntry,
    Evidence,
    OpeningEntry,
    Outcome,
    Personal,
    Stage,
)
from alos.ledger.encoding import ZERO_HASH, chain_hash, encode_entry
from alos.ledger.note import SigningKey
from alos.ports.clock import SystemClock
from alos.ports.ids import RandomIds
from alos.store.journal import FileJournal

_KEY = SigningKey("alos/benchmark", bytes(32))
_HASH = Digest("sha256:" + "ab" * 32)


def make_opening(call_id: CallId, unix_ns: int) -> OpeningEntry:
    """An ordinary opening."""
    return OpeningEntry(
        call_id=call_id,
        opened_at_unix_ns=unix_ns,
        key_id=KeyId("key_0123456789"),
        workspace=WorkspaceId("support"),
        workflow=WorkflowId("ticket-triage"),
        tier=1,
        release=_HASH,
        ceiling_nanousd=400_000,
    )


def make_closing(ids: RandomIds, call_id: CallId, unix_ns: int) -> ClosingEntry:
    """An ordinary closing with two personal values and seven digests."""
    return ClosingEntry(
        call_id=call_id,
        opened_at_unix_ns=unix_ns,
        closed_at_unix_ns=unix_ns + 10**9,
        outcome=Outcome.ANSWERED,
        stage=Stage.FINISH,
        reason=None,
        detail="",
        http_status=200,
        wire_format="openai.chat",
        streamed=False,
        key_id=KeyId("key_0123456789"),
        workspace=WorkspaceId("support"),
        workflow=WorkflowId("ticket-triage"),
        tier=1,
        surface="helpdesk",
        accountable="p-anna",
        release=_HASH,
        release_stage="all",
        approved_by=("p-ben", "p-cleo"),
        policy=_HASH,
        rules=_HASH,
        standing_epoch=7,
        model_asked="workflow/ticket-triage",
        model=ModelName("small"),
        vendor=VendorName("openai"),
        upstream_model="gpt-4o-mini-2024-07-18",
        attempts=(AttemptNote(ModelName("small"), VendorName("openai"), "answered", 812),),
        route_reason="primary",
        prompt_version="triage@3",
        prompt_evidence=Evidence.DECLARED,
        request_hash=_HASH,
        sent_hash=_HASH,
        output_hash=_HASH,
        request_bytes=1400,
        answer_bytes=900,
        findings=(),
        unscanned=(),
        unknown_fields=0,
        tools=(),
        usage=Usage(input_tokens=300, output_tokens=80),
        cost_nanousd=93_000,
        cost_estimated=False,
        reserved_nanousd=400_000,
        price_source="genai-prices 0.2.3",
        overhead_us=140,
        first_byte_ms=None,
        duration_ms=830,
        personal=(
            Personal("principal", ids.salt(), "p-dora"),
            Personal("client_address", ids.salt(), "10.2.3.4"),
        ),
    )


def time_encoding(rounds: int = 200, size: int = 500) -> dict[str, float]:
    """Best microseconds for encoding and hashing one entry."""
    ids = RandomIds()
    closing = make_closing(ids, ids.call_id(1), 1_795_000_000_000_000_000)
    opening = make_opening(ids.call_id(1), 1_795_000_000_000_000_000)
    best = {}
    for name, entry in (("opening", opening), ("closing", closing)):
        times = []
        for _ in range(rounds):
            start = time.perf_counter_ns()
            for _ in range(size):
                chain_hash(ZERO_HASH, encode_entry(entry, "w-20261122T193439Z-01234567", 7)[0])
            times.append((time.perf_counter_ns() - start) / size / 1000)
        best[name] = min(times)
    return best


class Figures(NamedTuple):
    """What one run took; the waits are those of a durable closing."""

    cpu_us: float
    wall_seconds: float
    per_sync: float
    p50_ms: float
    p99_ms: float


async def drive(
    folder: Path | None, calls: int, callers: int, *, receipts: bool = False
) -> Figures:
    """Run the calls."""
    ids, clock = RandomIds(), SystemClock()
    waits: list[float] = []
    journal = (
        None
        if folder is None
        else await FileJournal.start(folder, clock=clock, key=_KEY if receipts else None)
    )
    now = clock.unix_ns()
    opening, closing = make_opening(CallId(""), now), make_closing(ids, CallId(""), now)

    async def caller(count: int) -> None:
        for _ in range(count):
            name = ids.call_id(now)
            first = opening._replace(call_id=name)
            if journal is not None:
                journal.open(first)
            await asyncio.sleep(0)
            last = closing._replace(call_id=name)
            if journal is not None:
                start = time.perf_counter()
                await journal.close(last)
                waits.append(time.perf_counter() - start)

    cpu, wall = time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(caller(calls // callers))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if journal is None:
        return Figures(cpu / calls * 1e6, wall, 0, 0, 0)
    per_sync = journal.metrics.appended / max(1, journal.metrics.sync_rounds)
    await journal.stop()
    waits.sort()
    return Figures(
        cpu / calls * 1e6,
        wall,
        per_sync,
        waits[len(waits) // 2] * 1000,
        waits[len(waits) * 99 // 100] * 1000,
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--receipts", action="store_true", help="sign a receipt for each call")
    options = parser.parse_args()
    for name, best in time_encoding().items():
        print(f"encode + hash, {name}: {best:.2f} us (best)")
    figures = []
    for _ in range(options.rounds):
        bare = uvloop.run(drive(None, options.calls, options.callers)).cpu_us
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            full = uvloop.run(
                drive(Path(folder), options.calls, options.callers, receipts=options.receipts)
            )
        figures.append(full.cpu_us - bare)
        print(
            f"journal: {full.cpu_us - bare:.1f} CPU us a call (bare loop {bare:.1f}), "
            f"{options.calls / full.wall_seconds:.0f} calls/s, {full.per_sync:.0f} entries a sync,"
            f" close waits {full.p50_ms:.1f} ms (p99 {full.p99_ms:.1f})"
        )
    print(
        f"best {min(figures):.1f}, median {sorted(figures)[len(figures) // 2]:.1f} CPU us a call"
    )


if __name__ == "__main__":
    main()
