"""Three people log in and sign their votes at a real OpenID provider, by the command line."""

import http.cookiejar
import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.gateway import Gateway, lay_out_gateway
from tests.e2e.organisation import SUPPORT, get_path
from tests.e2e.processes import get_child_environment
from tests.e2e.upstream import run_upstream

with warnings.catch_warnings():
    import authlib.deprecate  # noqa: F401 - it has its own warnings shown from here on

    warnings.simplefilter("ignore")
    import oidc_provider_mock

pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")
"""The provider's own, which as an error would be its 500."""
PEOPLE = {"emil": "pm", "dan": "security", "gus": "legal"}
RELEASE = f"{SUPPORT}/1"


class Provider:
    """oidc-provider-mock on a port of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://localhost:{port}"

    def log_in(self, address: str, name: str) -> str:
        """Go where a browser would go, with its cookies; the page that it ends on."""
        opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        with opener.open(address) as form:
            assert form.url.startswith(self.url), form.url
            yes = urllib.parse.urlencode({"sub": name}).encode()
            try:
                with opener.open(form.url, yes) as page:
                    return str(page.read().decode())
            except urllib.error.HTTPError as refused:
                with refused:
                    return str(refused.read().decode())

    def get_keys(self) -> bytes:
        with urllib.request.urlopen(f"{self.url}/jwks") as answer:  # noqa: S310 - our own
            return bytes(answer.read())


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    users = [
        oidc_provider_mock.User(
            sub=name, claims={"email": f"{name}@example.com", "email_verified": True}
        )
        for name in PEOPLE
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as server:
        yield Provider(server.server_port)


@pytest.fixture(scope="module")
def gateway(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    secret = tmp_path_factory.mktemp("secret") / "client"
    secret.write_text("shh")
    secret.chmod(0o600)
    section = f"""sign_on:
  issuers:
    main:
      issuer: {provider.url}
      client_id: alos
      client_secret: file:{secret}
      domains: [example.com]
"""
    changes = (
        ("alos.yaml", "roles:\n", section + "roles:\n"),
        (get_path(SUPPORT), "tier: 2 ", "tier: 3 "),
    )
    with run_upstream() as upstream, lay_out_gateway(upstream, changes=changes) as made:
        made.start()
        done = made.cli("release", "submit", str(made.config / "workflows" / SUPPORT))
        assert done.returncode == 0, done.stderr
        yield made


def by_hand(gateway: Gateway, provider: Provider, name: str, *words: str) -> tuple[int, str]:
    """Run a command that asks for a login, and be the person and the browser."""
    command = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-m", "alos", *words, "--no-browser"],
        env={**get_child_environment(), "ALOS_HOME": str(gateway.home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with command:
        try:
            address = _read_address(command)
            page = provider.log_in(address, name)
            found = re.search(r"<code>([^<]+)</code>", page)
            said, _ = command.communicate((found[1] if found else "none") + "\n", timeout=60)
        finally:
            command.kill()
    return command.returncode, said


def _read_address(command: subprocess.Popen[str]) -> str:
    assert command.stdout is not None
    seen = []
    for line in command.stdout:
        seen.append(line)
        if line.strip().startswith("http://"):
            return line.strip()
    raise AssertionError("".join(seen))


def test_three_people_fill_the_lane_and_an_outsider_checks_it(
    gateway: Gateway, provider: Provider, tmp_path: Path
) -> None:
    for name, role in PEOPLE.items():
        code, said = by_hand(gateway, provider, name, "login")
        assert code == 0, said
        assert f"Signed in as {name}" in said
        words = ("release", "vote", RELEASE, "--role", role, "--approve")
        code, said = by_hand(gateway, provider, name, *words)
        assert code == 0, said
    assert "Still missing: no vote." in said
    shown = gateway.cli("release", "show", RELEASE, "--json")
    votes = json.loads(shown.stdout)["votes"]
    assert {one["signature"] for one in votes} == {"personal"}
    kept, keys = tmp_path / "release.json", tmp_path / "jwks.json"
    kept.write_text(shown.stdout)
    keys.write_bytes(provider.get_keys())
    envelope = json.loads(votes[0]["envelope"])
    words = ("release", "verify", str(kept), "--key", envelope["signatures"][0]["keyid"])
    done = gateway.cli(*words, "--issuer-keys", str(keys))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == len(PEOPLE)


def test_whoever_logs_in_as_somebody_else_signs_nothing(
    gateway: Gateway, provider: Provider
) -> None:
    assert by_hand(gateway, provider, "emil", "login")[0] == 0
    words = ("release", "vote", RELEASE, "--role", "pm", "--reject", "--reason", "no")
    code, said = by_hand(gateway, provider, "dan", *words)
    assert code == 1, said
    shown = json.loads(gateway.cli("release", "show", RELEASE, "--json").stdout)
    assert all(one["approves"] for one in shown["votes"])
