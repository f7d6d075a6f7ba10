"""The instruments measure: a burning child is seen, and the upstream answers as asked."""

import http.client
import json
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from alos.control.registry import load_organisation
from benchmarks.harness.alos import CONFIG
from benchmarks.harness.conversation import (
    CHUNK_COUNT,
    answer_body,
    answer_events,
    request_body,
)
from benchmarks.harness.echo import echo
from benchmarks.harness.nginx import nginx_proxy
from benchmarks.harness.processes import tree, usage
from benchmarks.harness.subject import CHAT_PATH, Launch, NotStarted, Subject, running
from benchmarks.harness.upstream import Upstream, upstream

BURN = "import time\nwhile time.process_time() < 0.5: pass\nprint('burnt', flush=True); input()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])"


@pytest.fixture(scope="module")
def model() -> Iterator[Upstream]:
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        pytest.skip("needs a C compiler: apt-get install gcc libc6-dev")
    with upstream(cores=set()) as started:
        yield started


def post(url: str, body: bytes) -> tuple[int, str | None, bytes]:
    """Status, content type and whole body of an answer."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
        with connection.getresponse() as answer:
            return answer.status, answer.headers["content-type"], answer.read()


def data_segments_in(connection: socket.socket) -> int:
    """Segments with data that have come in: `tcpi_data_segs_in` of linux/tcp.h."""
    (count,) = struct.unpack_from("=I", connection.getsockopt(socket.SOL_TCP, 11, 160), 152)
    return int(count)


def test_cpu_time_of_a_grandchild_counts() -> None:
    with subprocess.Popen(  # noqa: S603 - this test's own code
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(tree(process.pid)) == 2
        used = usage(process.pid)
        process.communicate(b"\n")
    assert 0.5e9 <= used.run_ns < 2e9
    assert abs(used.run_ns - used.ticks_ns) < 0.2e9
    assert used.resident_bytes > 10e6


def test_the_measured_call_has_its_size_and_number_of_chunks() -> None:
    assert 1350 < len(request_body(stream=False)) < 1450
    assert 1350 < len(answer_body()) < 1450
    assert len(answer_events()) == CHUNK_COUNT
    assert json.loads(request_body(stream=True))["stream"] is True


def test_the_upstream_answers_a_plain_call(model: Upstream) -> None:
    answer = post(model.base_url + CHAT_PATH, request_body(stream=False))
    assert answer == (200, "application/json", answer_body())


def test_the_upstream_streams_every_event(model: Upstream) -> None:
    answer = post(model.base_url + CHAT_PATH, request_body(stream=True))
    assert answer == (200, "text/event-stream", b"".join(answer_events()))


def test_the_upstream_writes_the_events_one_by_one(model: Upstream) -> None:
    """A single write would be a single segment; under load a few may share one."""
    parts = urlsplit(model.base_url)
    body = request_body(stream=True)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(head + body)
        received = b""
        while not received.endswith(b"0\r\n\r\n"):
            received += connection.recv(65536)
        assert CHUNK_COUNT // 2 < data_segments_in(connection) <= CHUNK_COUNT + 1


def test_an_upstream_that_is_cut_off_mid_request_goes_on_with_others(model: Upstream) -> None:
    parts = urlsplit(model.base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\nhalf")
    assert post(model.base_url + CHAT_PATH, request_body(stream=False))[0] == 200


@pytest.mark.parametrize("subject", [echo(), nginx_proxy()], ids=lambda one: one.name)
def test_a_subject_passes_both_shapes_of_the_call(subject: Subject, model: Upstream) -> None:
    if subject.name.startswith("nginx") and shutil.which("nginx") is None:
        pytest.skip("needs nginx: apt-get install nginx")
    with running(subject, upstream=model.base_url, cores=set()) as server:
        assert post(server.chat_url, request_body(stream=False))[2] == answer_body()
        assert post(server.chat_url, request_body(stream=True))[2] == b"".join(answer_events())


def test_a_subject_that_ends_at_once_says_its_last_words() -> None:
    launch = Launch(
        command=[sys.executable, "-c", "raise SystemExit('no disk')"],
        chat_url="http://127.0.0.1:1/",
        ready_url="http://127.0.0.1:1/",
    )
    subject = Subject(name="broken", prepare=lambda _folder, _port, _upstream: launch)
    started = time.monotonic()
    with (
        pytest.raises(NotStarted, match="no disk"),
        running(subject, upstream="", cores=set()),
    ):
        pass
    assert time.monotonic() - started < 10


def test_the_measured_configuration_is_one_that_alos_accepts() -> None:
    loaded = load_organisation(CONFIG)
    assert [str(problem) for problem in loaded.problems if problem.is_error] == []
    assert "bench" in loaded.bundles
