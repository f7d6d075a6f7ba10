"""Many requests of every kind at once leave exactly one record each, with the right outcome."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from alos.domain.record import Outcome
from alos.ports.call_store import CallQuery
from tests.e2e.gateway import run_gateway
from tests.e2e.http_client import Answer, abandon, ask, say, write_request
from tests.e2e.organisation import POOR, QUESTIONS
from tests.e2e.records import Journal, get_personal
from tests.e2e.samples import make_aws_key_id

_TIMES = 17
_AT_ONCE = 48
_LARGE = 10_000_001


@dataclass(frozen=True)
class Seen:
    """What one request's record has to say.

    Attributes:
        call: id as the client got it; empty where the client was gone before that.
        task: what the client called it, for a record that is known by nothing else.
    """

    outcome: Outcome
    reason: str | None = None
    call: str = ""
    task: str = ""


class Callers:
    """Clients of one gateway, each kind as a method that makes one request."""

    def __init__(self, port: int, key: str, poor_key: str) -> None:
        self.port = port
        self.key = key
        self.poor_key = poor_key

    async def allowed(self, number: int) -> Seen:
        answer = await ask(self.port, say(f"Question {number}?"), key=self.key)
        assert answer.status == 200
        return Seen(Outcome.ANSWERED, call=answer.call)

    async def streamed(self, number: int) -> Seen:
        answer = await ask(self.port, say(f"Question {number}?", stream=True), key=self.key)
        assert answer.is_whole
        assert answer.body.endswith(b"data: [DONE]\n\n")
        return Seen(Outcome.ANSWERED, call=answer.call)

    async def models(self, _: int) -> Seen:
        answer = await ask(self.port, method="GET", path="/v1/models", key=self.key)
        assert answer.status == 200
        return Seen(Outcome.ANSWERED, call=answer.call)

    async def leaking(self, _: int) -> Seen:
        body = say(f"Why does {make_aws_key_id()} not work?")
        return refused(await ask(self.port, body, key=self.key), 403, "alos_secret_found")

    async def unregistered(self, _: int) -> Seen:
        named = {"x-alos-workflow": "invoice-approval"}
        answer = await ask(self.port, say(), key=self.key, headers=named)
        return refused(answer, 403, "alos_workflow_not_registered")

    async def not_on_key(self, _: int) -> Seen:
        answer = await ask(self.port, say(model=f"workflow/{POOR}"), key=self.key)
        return refused(answer, 403, "alos_workflow_not_on_key")

    async def poor(self, _: int) -> Seen:
        answer = await ask(self.port, say(), key=self.poor_key)
        return refused(answer, 402, "alos_budget_exceeded")

    async def greedy(self, _: int) -> Seen:
        answer = await ask(self.port, say(max_tokens=100_000), key=self.key)
        return refused(answer, 403, "alos_output_limit")

    async def malformed(self, number: int) -> Seen:
        body = (b"{", b"[]", b'{"messages": 1}', b"\xff\xfe", b"")[number % 5]
        return refused(await ask(self.port, body, key=self.key), 422, "alos_body_malformed")

    async def astray(self, _: int) -> Seen:
        answer = await ask(self.port, say(), key=self.key, path="/v1/completely/else")
        return refused(answer, 404, "alos_endpoint_unknown")

    async def wrong_method(self, _: int) -> Seen:
        answer = await ask(self.port, say(), key=self.key, method="PUT")
        return refused(answer, 405, "alos_method_not_allowed")

    async def oversized(self, number: int) -> Seen:
        if number % 6:  # ten megabytes are slow to send
            return await self.malformed(number)
        body = say("x" * _LARGE)
        return refused(await ask(self.port, body, key=self.key), 413, "alos_body_too_large")

    async def gone_in_stream(self, number: int) -> Seen:
        task = f"gone-in-stream-{number}"
        await abandon(self.port, self._write("[[endless]]", task, stream=True), after_bytes=800)
        return Seen(Outcome.CLIENT_GONE, task=task)

    async def gone_while_waiting(self, number: int) -> Seen:
        task = f"gone-while-waiting-{number}"
        await abandon(self.port, self._write("[[hang]]", task), after_seconds=0.3)
        return Seen(Outcome.CLIENT_GONE, task=task)

    async def gone_in_body(self, _: int) -> Seen:
        whole = write_request(say("x" * 200_000), key=self.key)
        await abandon(self.port, whole[:100_000], after_seconds=0.1)
        return Seen(Outcome.REFUSED, "alos_body_malformed")

    async def upstream_fails(self, number: int) -> Seen:
        word = ("fail", "garbage", "breakoff")[number % 3]
        answer = await ask(self.port, say(f"[[{word}]]"), key=self.key)
        return refused(answer, 502, "alos_upstream_failed")

    async def upstream_breaks_stream(self, _: int) -> Seen:
        answer = await ask(self.port, say("[[breakoff]]", stream=True), key=self.key)
        assert answer.is_whole
        assert b"alos_upstream_failed" in answer.body
        return Seen(Outcome.CUT, "alos_upstream_failed", call=answer.call)

    async def upstream_hangs(self, _: int) -> Seen:
        answer = await ask(self.port, say("[[hang]]"), key=self.key)
        return refused(answer, 504, "alos_upstream_timeout")

    async def upstream_rejects(self, _: int) -> Seen:
        answer = await ask(self.port, say("[[reject]]"), key=self.key)
        assert (answer.status, answer.code) == (400, "x")
        return Seen(Outcome.UPSTREAM_ERROR, call=answer.call)

    async def upstream_busy(self, _: int) -> Seen:
        answer = await ask(self.port, say("[[busy]]"), key=self.key)
        assert answer.headers["retry-after"] == "1"
        return refused(answer, 429, "alos_upstream_busy")

    def _write(self, text: str, task: str, **more: bool) -> bytes:
        return write_request(say(text, **more), key=self.key, headers={"x-alos-task": task})

    def list_kinds(self) -> list[Callable[[int], Awaitable[Seen]]]:
        return [
            self.allowed,
            self.streamed,
            self.models,
            self.leaking,
            self.unregistered,
            self.not_on_key,
            self.poor,
            self.greedy,
            self.malformed,
            self.astray,
            self.wrong_method,
            self.oversized,
            self.gone_in_stream,
            self.gone_while_waiting,
            self.gone_in_body,
            self.upstream_fails,
            self.upstream_breaks_stream,
            self.upstream_hangs,
            self.upstream_rejects,
            self.upstream_busy,
        ]


def refused(answer: Answer, status: int, code: str) -> Seen:
    assert (answer.status, answer.code) == (status, code), answer
    return Seen(Outcome.REFUSED, code, call=answer.call)


async def call_all(callers: Callers, times: int) -> list[Seen]:
    """Every kind so many times, mixed, some dozens at once."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def call(make: Callable[[int], Awaitable[Seen]], number: int) -> Seen:
        async with free:
            return await make(number)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(call(make, number))
            for number in range(times)
            for make in callers.list_kinds()
        ]
    return [task.result() for task in tasks]


def check_each(seen: list[Seen], journal: Journal) -> None:
    """Every request that can be named has its record, and it says what happened."""
    by_call = journal.by_call
    by_task = {
        task: entry for entry in journal.closings for task in get_personal(entry, "task") if task
    }
    for one in seen:
        if one.call:
            entry = by_call[one.call]
        elif one.task:
            entry = by_task[one.task]
        else:
            continue
        assert (entry.outcome, entry.reason) == (one.outcome, one.reason), one


async def test_hundreds_of_mixed_requests_leave_exactly_one_record_each() -> None:
    with run_gateway() as gateway:
        callers = Callers(gateway.port, gateway.create_key(QUESTIONS), gateway.create_key(POOR))
        seen = await call_all(callers, _TIMES)
        assert gateway.stop() == 0
        journal = gateway.read_journal()
        rows = gateway.index.search_calls(CallQuery(), before=None, limit=10_000)
    assert len(seen) >= 300
    assert len(journal.authenticated) == len(journal.closings) == len(seen)
    assert journal.list_open() == set()
    check_each(seen, journal)
    expected = Counter((one.outcome, one.reason) for one in seen)
    assert Counter((one.outcome, one.reason) for one in journal.closings) == expected
    assert {row.call_id for row in rows} == set(journal.by_call)
    assert all(row.closing is not None for row in rows)
