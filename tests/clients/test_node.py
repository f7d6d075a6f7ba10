"""npm's openai client, unchanged; installed by hand or where ``ALOS_TEST_NPM=1`` asks for it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.gateway import Gateway

SCRIPT = Path(__file__).with_name("openai_node.mjs")
VERSION = "6.49.0"


@pytest.mark.timeout(600)
def test_the_npm_client_answers_streams_and_raises(
    gateway: Gateway, key: str, tmp_path: Path
) -> None:
    if os.environ.get("ALOS_TEST_NPM") != "1":  # noqa: TID251 - a test asks whether to download
        pytest.skip("set ALOS_TEST_NPM=1 to have npm install openai and run it")
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    shutil.copy(SCRIPT, tmp_path / SCRIPT.name)
    install = ["npm", "install", "--no-audit", "--no-fund", f"openai@{VERSION}"]
    subprocess.run(install, cwd=tmp_path, check=True, timeout=300)  # noqa: S603 - our own words
    run = subprocess.run(  # noqa: S603 - our own words
        ["node", SCRIPT.name, f"{gateway.url}/v1", key],  # noqa: S607 - looked up above
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split("\n")[:4] == ["plain ok", "stream ok", "responses ok", "error ok"]
