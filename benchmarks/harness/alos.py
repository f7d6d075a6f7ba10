"""The gateway itself, started as a user starts it, with a configuration of one workflow."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree

from benchmarks.harness.echo import ROOT
from benchmarks.harness.subject import CHAT_PATH, Launch, Subject

CONFIG = Path(__file__).parents[1] / "gateway_config"
WORKFLOW = "bench"
_UPSTREAM_MARK = "http://127.0.0.1:1"
_KEY_SECONDS = 30


def why_not() -> str | None:
    """Why the gateway can't be measured here; nothing if it can."""
    if find_spec("alos") is None:
        return "the package is not on the path; use ./run bench."
    if find_spec("alos.__main__") is None:
        return "there is no command `python -m alos serve` yet."
    return None


def alos_gateway() -> Subject:
    """Gateway and control plane in one process, in a data folder of development."""
    return Subject(name="alos", prepare=_prepare, after_ready=_make_key)


def _prepare(folder: Path, port: int, upstream: str) -> Launch:
    config, home = folder / "config", folder / "home"
    copytree(CONFIG, config)
    organisation = config / "alos.yaml"
    text = organisation.read_text("utf-8")
    assert _UPSTREAM_MARK in text
    organisation.write_text(text.replace(_UPSTREAM_MARK, upstream), "utf-8")
    where = ["--home", str(home), "--config", str(config)]
    return Launch(
        command=_alos("serve", *where, "--host", "127.0.0.1", "--port", str(port), "--dev"),
        chat_url=f"http://127.0.0.1:{port}{CHAT_PATH}",
        ready_url=f"http://127.0.0.1:{port}/readyz",
        environment={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )


def _make_key(launch: Launch, folder: Path) -> dict[str, str]:
    told = subprocess.run(  # noqa: S603 - our own command
        _alos("key", "create", "--workflow", WORKFLOW, "--json"),
        env={**(launch.environment or {}), "ALOS_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=True,
        timeout=_KEY_SECONDS,
    ).stdout
    return {"authorization": f"Bearer {json.loads(told)['key']}"}


def _alos(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "alos", *arguments]
