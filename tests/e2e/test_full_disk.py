"""With a full disk nothing is sent, and once there is room the gateway goes on by itself."""

import asyncio
import resource
import subprocess
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from alos.domain.record import NoteKind, Outcome
from tests.e2e.gateway import Gateway, lay_out_gateway, run_gateway
from tests.e2e.http_client import Answer, ask, say
from tests.e2e.upstream import run_upstream

_DISK = "size=64m"
"""Room for the journal's reserve twice over, which it wants before it takes it."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway whose data folder is a disk of its own."""
    with run_upstream() as upstream, lay_out_gateway(upstream) as laid_out:
        disk = laid_out.folder / "disk"
        disk.mkdir()
        if not _mount(disk):
            pytest.skip("a tmpfs can't be mounted here (that takes root)")
        laid_out.home = disk / "home"
        try:
            laid_out.start()
            yield laid_out
        finally:
            laid_out.kill()
            subprocess.run(["/bin/umount", str(disk)], check=True)  # noqa: S603


def _mount(disk: Path) -> bool:
    command = ["/bin/mount", "-t", "tmpfs", "-o", _DISK, "tmpfs", str(disk)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
    except FileNotFoundError:
        return False


def fill(path: Path) -> None:
    """Take all the space there is."""
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 64, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue


async def ask_until_refused(gateway: Gateway, key: str) -> list[Answer]:
    """Call until the journal takes nothing more; the answers up to then."""
    answered = []
    for _ in range(500):
        answer = await ask(gateway.port, say(), key=key)
        if answer.status != HTTPStatus.OK:
            assert (answer.status, answer.code) == (503, "alos_journal_down")
            return answered
        answered.append(answer)
    raise AssertionError("the disk never became full")


async def ask_refused(gateway: Gateway, key: str, times: int) -> list[Answer]:
    before = gateway.upstream.bytes_received
    answers = [await ask(gateway.port, say(), key=key) for _ in range(times)]
    assert {(one.status, one.code) for one in answers} == {(503, "alos_journal_down")}
    assert gateway.upstream.bytes_received == before
    return answers


async def wait_until_served(gateway: Gateway, key: str, within_seconds: float = 5) -> Answer:
    until = time.monotonic() + within_seconds
    while (answer := await ask(gateway.port, say(), key=key)).status != HTTPStatus.OK:
        assert time.monotonic() < until, answer.body
        await asyncio.sleep(0.1)
    return answer


async def test_a_full_disk_refuses_with_a_record_and_lets_running_streams_end(
    gateway: Gateway,
) -> None:
    """The first shortage lives on the reserve; there is no gap to declare."""
    key = gateway.create_key()
    stream = asyncio.ensure_future(ask(gateway.port, say("[[trickle]]", stream=True), key=key))
    await asyncio.sleep(0.2)
    fill(gateway.home / "filler")
    answered = await ask_until_refused(gateway, key)
    refused = await ask_refused(gateway, key, 20)
    running = await stream
    assert running.body.endswith(b"data: [DONE]\n\n")
    assert b"error" not in running.body
    (gateway.home / "filler").unlink()
    answered.append(await wait_until_served(gateway, key))
    assert gateway.stop() == 0
    journal = gateway.read_journal()
    by_call = journal.by_call
    assert {by_call[one.call].reason for one in refused} == {"alos_journal_down"}
    assert {by_call[one.call].outcome for one in [*answered, running]} == {Outcome.ANSWERED}
    assert journal.list_open() == set()
    assert journal.get_notes(NoteKind.GAP) == []


async def test_a_disk_full_beyond_the_reserve_is_a_gap_that_declares_itself(
    gateway: Gateway,
) -> None:
    key = gateway.create_key()
    answered = [await ask(gateway.port, say(), key=key)]
    fill(gateway.home / "filler")
    answered += await ask_until_refused(gateway, key)
    fill(gateway.home / "filler")
    for _ in range(20):
        await ask_refused(gateway, key, 10)
        if gateway.get("/readyz")[0] != HTTPStatus.OK:
            break
    assert gateway.get("/readyz") == (503, b"the journal is down\n")
    await ask_refused(gateway, key, 20)
    (gateway.home / "filler").unlink()
    answered.append(await wait_until_served(gateway, key))
    assert gateway.get("/readyz")[0] == HTTPStatus.OK
    check_gap(gateway, answered, "ENOSPC")


async def test_files_that_may_not_grow_are_a_gap_that_declares_itself() -> None:
    """As with a disk that turned read-only, every write of the process fails at once."""
    with run_gateway() as gateway:
        key = gateway.create_key()
        answered = [await ask(gateway.port, say(), key=key)]
        limits = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
        stream = asyncio.ensure_future(ask(gateway.port, say("[[trickle]]", stream=True), key=key))
        await asyncio.sleep(0.2)
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
        await ask_refused(gateway, key, 30)
        assert gateway.get("/readyz") == (503, b"the journal is down\n")
        cut = await stream
        assert b"alos_journal_down" in cut.body, "an answer that can't be recorded is no answer"
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, limits)
        answered.append(await wait_until_served(gateway, key))
        check_gap(gateway, answered, "EFBIG")
        assert gateway.read_journal().by_call[cut.call].outcome is Outcome.UNKNOWN


async def test_a_gateway_whose_disk_is_full_still_stops_when_told_to() -> None:
    with run_gateway() as gateway:
        for _ in range(25):  # more than are recorded one by one, so that a count is left over
            await ask(gateway.port, say())
        limits = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
        assert gateway.stop() == 0


def check_gap(gateway: Gateway, answered: list[Answer], cause: str) -> None:
    assert gateway.stop() == 0
    journal = gateway.read_journal()
    assert {journal.by_call[one.call].outcome for one in answered} == {Outcome.ANSWERED}
    assert journal.list_open() == set()
    gaps = [dict(note.facts) for note in journal.get_notes(NoteKind.GAP)]
    assert {gap["cause"] for gap in gaps} == {cause}
    assert sum(int(gap["refused_entries"]) for gap in gaps) >= 20
    assert journal.torn == 0
