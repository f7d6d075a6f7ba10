"""What `alos eval run` costs its own machine: 50 cases, three times each, over a 0 ms upstream.

A real gateway with a scripted upstream; beside it, in the same minute, a 20-line script that only
posts the same bodies to the same upstream. Wall time and peak memory are the client's own
(`VmHWM` of the child).

    ./run bench evals-run [--rounds N]
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.gateway import lay_out_gateway
from tests.e2e.organisation import SUPPORT
from tests.e2e.test_evals import write_golden_set
from tests.e2e.upstream import run_upstream

CASES, REPEATS = 50, 3
SCRIPT = """
import concurrent.futures, http.client, json, sys, threading
host, port, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
local = threading.local()
def call(number):
    if not hasattr(local, "connection"):
        local.connection = http.client.HTTPConnection(host, port)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": f"{number}?"}]})
    local.connection.request("POST", "/v1/chat/completions", body,
                             {"content-type": "application/json"})
    answer = json.loads(local.connection.getresponse().read())
    return "Paris" in answer["choices"][0]["message"]["content"]
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    passed = sum(pool.map(call, range(calls)))
print(passed, "of", calls)
"""


def measure(words: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall seconds and peak resident megabytes (``VmHWM``, looked at every 5 ms) of a child."""
    begun = time.perf_counter()
    child = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
    peak = 0
    while child.poll() is None:
        peak = max(peak, read_peak_kilobytes(child.pid))
        time.sleep(0.005)
    seconds = time.perf_counter() - begun
    if child.returncode not in {0, 1}:
        raise SystemExit(f"{words[:4]} ended with {child.returncode}")
    return seconds, peak / 1024


def read_peak_kilobytes(pid: int) -> int:
    """The kernel's high-water mark of a process; 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(one.split()[1]) for one in lines if one.startswith("VmHWM")), 0)


def main() -> None:
    """Print both, best of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with (
        run_upstream() as upstream,
        lay_out_gateway(upstream) as gateway,
        TemporaryDirectory() as folder,
    ):
        write_golden_set(gateway.config, CASES)
        gateway.start()
        script = Path(folder) / "script.py"
        script.write_text(SCRIPT)
        key = gateway.create_key(SUPPORT)
        environment = {**os.environ, "ALOS_HOME": str(gateway.home), "ALOS_KEY": key}  # noqa: TID251
        ours = [sys.executable, "-m", "alos", "eval", "run", SUPPORT]
        ours += ["--config", str(gateway.config), "--gateway", gateway.url]
        ours += ["--repeats", str(REPEATS)]
        calls = str(CASES * REPEATS)
        theirs = [sys.executable, str(script), "127.0.0.1", str(upstream.port), calls]
        rows = {"alos eval run": ours, "20-line script, no gateway": theirs}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
        for _ in range(rounds):
            for name, words in rows.items():
                found[name].append(measure(words, environment))
    print(f"{CASES} cases x {REPEATS}, best of {rounds} rounds")
    for name, taken in found.items():
        seconds, megabytes = min(taken)[0], max(one for _, one in taken)
        print(f"{name:28} {seconds:6.2f} s   {megabytes:5.0f} MB")


if __name__ == "__main__":
    main()
