"""Puts load on a URL with wrk and reads back what it saw."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness.processes import on_cores

_SCRIPT = """
wrk.method = "POST"
local file = io.open({body_file}, "rb")
wrk.body = file:read("*all")
file:close()
{headers}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {{"requests": %d, "duration_us": %d, "bytes": %d, "p50_us": %d, "p99_us": %d, '
    .. '"broken": %d, "not_2xx": %d, "timeouts": %d}}\\n',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write, e.status, e.timeout))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One run of wrk."""

    requests: int
    duration_us: int
    bytes: int
    p50_us: int
    p99_us: int
    broken: int
    not_2xx: int
    timeouts: int

    @property
    def failures(self) -> int:
        """Requests that did not end in a whole 2xx answer."""
        return self.broken + self.not_2xx + self.timeouts


def run(
    url: str,
    *,
    body: bytes,
    headers: dict[str, str],
    connections: int,
    seconds: int,
    cores: set[int],
) -> Load:
    """Keeps `connections` busy for some seconds.

    Raises:
        subprocess.CalledProcessError: wrk failed.
    """
    with TemporaryDirectory() as folder, on_cores(cores):
        body_file, script = Path(folder, "body"), Path(folder, "load.lua")
        body_file.write_bytes(body)
        lines = [f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in headers.items()]
        script.write_text(
            _SCRIPT.format(body_file=json.dumps(str(body_file)), headers="\n".join(lines))
        )
        told = subprocess.run(  # noqa: S603 - fixed arguments
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url],  # noqa: S607 - from the PATH
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    (line,) = (line for line in told.splitlines() if line.startswith("RESULT "))
    return Load(**json.loads(line.removeprefix("RESULT ")))
