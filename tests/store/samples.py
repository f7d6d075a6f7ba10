"""Entries as they come off an ordinary call, for every test of the record."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from alos.domain.ids import CallId, Digest, KeyId, ModelName, VendorName, WorkflowId, WorkspaceId
from alos.domain.money import Usage
from alos.domain.record import (
    AttemptNote,
    ClosingEntry,
    Evidence,
    FindingNote,
    NoteEntry,
    NoteKind,
    OpeningEntry,
    Outcome,
    Personal,
    Stage,
    ToolNote,
)

NOW = 1_795_000_000_000_000_000
HASH = Digest("sha256:" + "ab" * 32)


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self, unix_ns: int = NOW) -> None:
        self.now = unix_ns

    def unix_ns(self) -> int:
        self.now += 1000
        return self.now

    def monotonic_ns(self) -> int:
        return self.unix_ns()


def make_opening(call_id: str, **changes: Any) -> OpeningEntry:
    return OpeningEntry(
        call_id=CallId(call_id),
        opened_at_unix_ns=NOW,
        key_id=KeyId("key_1"),
        workspace=WorkspaceId("support"),
        workflow=WorkflowId("triage"),
        tier=1,
        release=HASH,
        ceiling_nanousd=400_000,
    )._replace(**changes)


def make_closing(call_id: str, **changes: Any) -> ClosingEntry:
    return ClosingEntry(
        call_id=CallId(call_id),
        opened_at_unix_ns=NOW,
        closed_at_unix_ns=NOW + 10**9,
        outcome=Outcome.ANSWERED,
        stage=Stage.FINISH,
        reason=None,
        detail="",
        http_status=200,
        wire_format="openai.chat",
        streamed=False,
        key_id=KeyId("key_1"),
        workspace=WorkspaceId("support"),
        workflow=WorkflowId("triage"),
        tier=1,
        surface="helpdesk",
        accountable="p-anna",
        release=HASH,
        release_stage="all",
        approved_by=("p-ben", "p-cleo"),
        policy=HASH,
        rules=HASH,
        standing_epoch=7,
        model_asked="workflow/triage",
        model=ModelName("small"),
        vendor=VendorName("acme"),
        upstream_model="acme-small-2026",
        attempts=(AttemptNote(ModelName("small"), VendorName("acme"), "answered", 812),),
        route_reason="primary",
        prompt_version="triage@3",
        prompt_evidence=Evidence.DECLARED,
        request_hash=HASH,
        sent_hash=HASH,
        output_hash=HASH,
        request_bytes=1400,
        answer_bytes=900,
        findings=(FindingNote("request", "pii", "EMAIL_ADDRESS", "pii.email", "redact", 2),),
        unscanned=("messages[0].image",),
        unknown_fields=0,
        tools=(ToolNote("lookup_order", Evidence.OBSERVED, 1),),
        usage=Usage(input_tokens=300, output_tokens=80),
        cost_nanousd=93_000,
        cost_estimated=False,
        reserved_nanousd=400_000,
        price_source="price book 1",
        overhead_us=140,
        first_byte_ms=None,
        duration_ms=830,
        personal=(
            Personal("principal", b"p" * 16, "person-dora"),
            Personal("task", b"t" * 16, "task-77"),
            Personal("source", b"s" * 16, "kb/returns.md"),
        ),
    )._replace(**changes)


def to_version_1(chained: bytes) -> bytes:
    """The opening or closing as the first versions wrote it."""
    row = msgspec.msgpack.decode(chained)
    assert row[:2] in ([2, 0], [2, 1])
    assert row[-2] == []
    return msgspec.msgpack.encode([1, *row[1:-2], row[-1]])


def make_note(kind: NoteKind = NoteKind.HEARTBEAT, **facts: str) -> NoteEntry:
    return NoteEntry(kind=kind, at_unix_ns=NOW, facts=tuple(sorted(facts.items())))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (nobody tells us)
            await asyncio.sleep(0.005)
