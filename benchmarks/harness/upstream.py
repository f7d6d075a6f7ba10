"""The model server behind every subject: answers made beforehand, at next to no cost."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness.conversation import answer_body, answer_events, write_answer
from benchmarks.harness.nginx import nginx_canned_answer
from benchmarks.harness.processes import on_cores
from benchmarks.harness.subject import running

SOURCE = Path(__file__).parents[1] / "upstream" / "upstream.c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A running model server."""

    kind: str
    pid: int
    base_url: str
    streams: bool
    """Whether it can answer in many writes."""


@contextmanager
def upstream(cores: set[int], *, pause_ms: int = 0) -> Iterator[Upstream]:
    """Starts the C server where there is a compiler, else nginx, which can't stream.

    Args:
        cores: where it runs.
        pause_ms: every running stream gets a piece once in so many milliseconds.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        with running(nginx_canned_answer(answer_body()), upstream="", cores=cores) as nginx:
            base_url = nginx.chat_url.partition("/v1/")[0]
            kind = "nginx return 200 (no C compiler here, so no streams)"
            yield Upstream(kind=kind, pid=nginx.pid, base_url=base_url, streams=False)
        return
    with TemporaryDirectory(prefix="alos-bench-") as folder, on_cores(cores):
        command = _build(compiler, Path(folder), pause_ms)
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - just built
            try:
                assert process.stdout is not None
                base_url = f"http://127.0.0.1:{int(process.stdout.readline())}"
                kind = "upstream.c (epoll, one thread)"
                yield Upstream(kind=kind, pid=process.pid, base_url=base_url, streams=True)
            finally:
                process.kill()


def _build(compiler: str, folder: Path, pause_ms: int) -> list[str]:
    program, stream = folder / "upstream", folder / "stream"
    subprocess.run([compiler, "-O2", "-o", program, SOURCE], check=True)  # noqa: S603 - our source
    for shape in ("plain", "embeddings", "messages"):
        body = write_answer(shape)
        Path(folder, shape).write_bytes(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    pieces = [b"%x\r\n%s\r\n" % (len(event), event) for event in answer_events()]
    pieces[0] = head + pieces[0]
    pieces[-1] += b"0\r\n\r\n"
    stream.write_bytes(b"".join(piece + b"\0" for piece in pieces))
    whole = [str(folder / shape) for shape in ("plain", "embeddings", "messages")]
    return [str(program), whole[0], str(stream), str(pause_ms), *whole[1:]]
