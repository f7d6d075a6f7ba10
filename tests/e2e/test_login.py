"""``alos login`` as a person runs it: a real server, a real identity provider, a browser."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alos.domain.record import NoteKind
from tests.directory.providers import Provider, browse, run_provider, start_mock
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.processes import get_child_environment

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with run_provider(start_mock) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    secret = tmp_path_factory.mktemp("secrets") / "oidc"
    secret.write_text("shh")
    section = f"""sign_on:
  issuers:
    main:
      issuer: {provider.wire.url}
      client_id: alos-client
      client_secret: file:{secret}
      domains: [example.com]
"""
    with run_gateway(changes=(("alos.yaml", "roles:\n", section + "roles:\n"),)) as running:
        yield running


def start_login(
    gateway: Gateway, home: Path, *words: str, browser: str = ""
) -> subprocess.Popen[str]:
    environment = {
        **get_child_environment(), "ALOS_URL": gateway.url, "HOME": str(home),
        "XDG_CONFIG_HOME": str(home), "BROWSER": browser, "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-m", "alos", *words],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_person_logs_in_through_their_browser(gateway: Gateway, tmp_path: Path) -> None:
    browser = f"{sys.executable} {ROOT / 'tests/e2e/login_browser.py'} %s"
    done = start_login(gateway, tmp_path, "login", browser=browser)
    said, _ = done.communicate(timeout=60)
    assert (done.returncode, "Signed in as chloe" in said) == (0, True), said
    listed = start_login(gateway, tmp_path, "key", "list", "--json")
    said, _ = listed.communicate(timeout=30)
    assert listed.returncode == 0, said
    signed_in = dict(gateway.read_journal().get_notes(NoteKind.SIGNED_IN)[-1].facts)
    assert (signed_in["by"], signed_in["origin"]) == ("chloe", "sign_on")
    out = start_login(gateway, tmp_path, "login", "--out")
    assert out.communicate(timeout=30)[0].strip() == "Signed out."


def test_a_person_without_a_browser_here_carries_the_code_by_hand(
    gateway: Gateway, tmp_path: Path
) -> None:
    done = start_login(gateway, tmp_path, "login", "--no-browser")
    assert done.stdout is not None
    lines = []
    while not (found := re.search(r"http\S+", lines[-1] if lines else "")):
        lines.append(done.stdout.readline())
        assert len(lines) < 20, lines
    _, page = browse(found[0])
    code = re.search(r"<code>([^<]+)</code>", page)
    assert code is not None, page
    said, _ = done.communicate(code[1] + "\n", timeout=30)
    assert (done.returncode, "Signed in as chloe" in said) == (0, True), said


def test_a_person_whom_the_directory_does_not_know_is_told_so(gateway: Gateway) -> None:
    query = "port=0&challenge=" + "A" * 43
    _, page = browse(f"{gateway.url}/api/v1/login?{query}", person="zoe@example.com")
    assert "You are not signed in" in page
    assert gateway.read_journal().get_notes(NoteKind.SIGN_IN_REFUSED)
