"""The kill switch cuts running streams within a second, also while other parts are down."""

import asyncio
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import pytest

from alos.domain.record import NoteKind, Outcome
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import Answer, ask, say
from tests.e2e.organisation import QUESTIONS, SUPPORT


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway() as running:
        yield running


@pytest.fixture(scope="module")
def key(gateway: Gateway) -> str:
    return gateway.create_key(QUESTIONS)


@pytest.fixture(scope="module")
def other_key(gateway: Gateway) -> str:
    return gateway.create_key(SUPPORT)


# --- what is broken meanwhile ---------------------------------------------------------------


@contextmanager
def nothing_broken(_: Gateway) -> Iterator[None]:
    yield


@contextmanager
def database_removed(gateway: Gateway) -> Iterator[None]:
    for path in gateway.home.glob("alos.db*"):
        path.unlink()
    yield


@contextmanager
def database_locked(gateway: Gateway) -> Iterator[None]:
    connection = sqlite3.connect(gateway.home / "alos.db", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def disk_full(gateway: Gateway) -> Iterator[None]:
    """Nothing that the process writes may grow a file."""
    limits = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, limits)


Broken = Callable[[Gateway], AbstractContextManager[None]]
BROKEN: list[Broken] = [nothing_broken, database_removed, database_locked, disk_full]


# --- how it is pulled and taken back ---------------------------------------------------------


class ByCommand:
    """``alos kill`` and ``alos revive``; the command's own start counts too."""

    within_seconds = 2.0

    def pull(self, gateway: Gateway) -> None:
        done = gateway.cli("kill", QUESTIONS, "--reason", "drill")
        assert done.returncode == 0, done.stderr

    def take_back(self, gateway: Gateway) -> None:
        done = gateway.cli("revive", QUESTIONS)
        assert done.returncode == 0, done.stderr


class ByRequest:
    """What the command sends, without the start of a process."""

    within_seconds = 1.0

    def pull(self, gateway: Gateway) -> None:
        target = {"kind": "workflow", "target": QUESTIONS}
        status, answer = gateway.manage("POST", "/api/v1/stops", {**target, "reason": "drill"})
        assert status == HTTPStatus.CREATED, answer

    def take_back(self, gateway: Gateway) -> None:
        target = {"kind": "workflow", "target": QUESTIONS}
        status, answer = gateway.manage("POST", "/api/v1/revivals", target)
        assert (status, answer["revived"]) == (HTTPStatus.OK, True)


class ByFile:
    """A line in the watched file."""

    within_seconds = 1.0

    def pull(self, gateway: Gateway) -> None:
        (gateway.home / "kill").write_text(f"workflow {QUESTIONS}  # drill\n")

    def take_back(self, gateway: Gateway) -> None:
        (gateway.home / "kill").unlink()


Means = ByCommand | ByRequest | ByFile


@dataclass(frozen=True)
class Cut:
    """How one stream ended, and how long after the switch was pulled."""

    answer: Answer
    seconds: float


async def pull_under_streams(
    gateway: Gateway, key: str, broken: Broken, means: Means
) -> list[Cut]:
    """Break a part, then pull the switch, while one stream flows and another is silent."""

    async def watch(word: str) -> tuple[Answer, float]:
        answer = await ask(gateway.port, say(f"[[{word}]]", stream=True), key=key)
        return answer, time.monotonic()

    streams = [asyncio.ensure_future(watch(word)) for word in ("endless", "stall")]
    await asyncio.sleep(0.4)
    with broken(gateway):
        started = time.monotonic()
        pulling = asyncio.ensure_future(asyncio.to_thread(means.pull, gateway))
        ended = [await stream for stream in streams]
        refused = await ask(gateway.port, say(), key=key)
        assert refused.status in {HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE}
    await pulling
    return [Cut(answer, at - started) for answer, at in ended]


async def wait_until_served(gateway: Gateway, key: str, within_seconds: float) -> None:
    until = time.monotonic() + within_seconds
    while (answer := await ask(gateway.port, say(), key=key)).status != HTTPStatus.OK:
        assert time.monotonic() < until, answer.body
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "means", [ByCommand(), ByRequest(), ByFile()], ids=lambda one: type(one).__name__
)
@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.__name__)
async def test_running_streams_are_cut_with_a_proper_end_and_revival_works(
    gateway: Gateway, key: str, broken: Broken, means: Means
) -> None:
    await wait_until_served(gateway, key, 3)
    cuts = await pull_under_streams(gateway, key, broken, means)
    for cut in cuts:
        *_, error, done, nothing = cut.answer.body.split(b"\n\n")
        assert b"alos_workflow_stopped" in error or broken is disk_full
        assert error.startswith(b'data: {"error":')
        assert (done, nothing) == (b"data: [DONE]", b"")
        assert cut.seconds < means.within_seconds
    await wait_until_stopped(gateway, key, 3)  # the journal may need a moment to come back
    means.take_back(gateway)
    await wait_until_served(gateway, key, 3)


async def wait_until_stopped(gateway: Gateway, key: str, within_seconds: float = 1) -> None:
    until = time.monotonic() + within_seconds
    while b"alos_workflow_stopped" not in (answer := await ask(gateway.port, say(), key=key)).body:
        assert time.monotonic() < until, answer.body
        await asyncio.sleep(0.05)


async def test_other_workflows_go_on_and_their_streams_are_not_touched(
    gateway: Gateway, key: str, other_key: str
) -> None:
    await wait_until_served(gateway, other_key, 3)  # the vault looks again after a full disk
    stream = asyncio.ensure_future(
        ask(gateway.port, say("[[trickle]]", stream=True), key=other_key)
    )
    await asyncio.sleep(0.2)
    means = ByFile()
    means.pull(gateway)
    await wait_until_stopped(gateway, key)
    answer = await stream
    means.take_back(gateway)
    await wait_until_served(gateway, key, 1)
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert b"error" not in answer.body


async def test_streams_that_a_kill_cut_are_held_against_no_model(
    gateway: Gateway, key: str, other_key: str
) -> None:
    """Else the model's breaker opens, and every other workflow of that model stands still too."""
    cut = [
        asyncio.ensure_future(ask(gateway.port, say("[[trickle]]", stream=True), key=key))
        for _ in range(20)
    ]
    await asyncio.sleep(0.4)
    means = ByRequest()
    await asyncio.to_thread(means.pull, gateway)
    answers = [await one for one in cut]
    assert all(b"alos_workflow_stopped" in answer.body for answer in answers)
    assert (await ask(gateway.port, say(), key=other_key)).status == HTTPStatus.OK
    means.take_back(gateway)
    assert (await ask(gateway.port, say(), key=key)).status == HTTPStatus.OK


@pytest.mark.parametrize("line", ["everything", "workflow", "who knows", "\x00\xff"])
async def test_a_kill_file_that_says_everything_or_nonsense_stops_all(
    gateway: Gateway, key: str, other_key: str, line: str
) -> None:
    (gateway.home / "kill").write_text(line, encoding="latin-1")
    try:
        for one in (key, other_key):
            await wait_until_stopped(gateway, one)
    finally:
        (gateway.home / "kill").unlink()
    for one in (key, other_key):
        await wait_until_served(gateway, one, 1)


async def test_a_switch_pulled_while_the_database_was_locked_survives_a_restart(
    gateway: Gateway, key: str
) -> None:
    with database_locked(gateway):
        pulling = asyncio.ensure_future(asyncio.to_thread(ByRequest().pull, gateway))
        await wait_until_stopped(gateway, key)
    await pulling
    gateway.stop()
    await asyncio.to_thread(gateway.start)
    status = gateway.manage("GET", "/api/v1/status")[1]
    assert [(one["kind"], one["target"]) for one in status["stops"]] == [("workflow", QUESTIONS)]
    ByRequest().take_back(gateway)


def test_every_pull_and_every_revival_is_in_the_journal(gateway: Gateway) -> None:
    gateway.stop()
    journal = gateway.read_journal()
    by = [dict(note.facts)["by"] for note in journal.get_notes(NoteKind.STOPPED)]
    assert by.count("local-operator") >= 2 * len(BROKEN)
    assert by.count("kill-file") >= len(BROKEN)
    stopped, revived = (journal.get_notes(kind) for kind in (NoteKind.STOPPED, NoteKind.REVIVED))
    assert len(stopped) == len(revived)
    cut = [one for one in journal.closings if one.outcome is Outcome.CUT]
    assert {one.reason for one in cut} == {"alos_workflow_stopped"}
    assert "Traceback" not in gateway.log
