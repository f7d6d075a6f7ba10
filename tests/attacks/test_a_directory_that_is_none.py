"""Somebody talks SCIM without the directory's token, with an old one, or with one for calls."""

from collections.abc import Iterator

import pytest

from alos.domain.record import NoteKind
from tests.directory.client import ScimClient, run_directory
from tests.e2e.gateway import Gateway
from tests.e2e.organisation import QUESTIONS


@pytest.fixture(scope="module")
def installation() -> Iterator[tuple[Gateway, ScimClient]]:
    with run_directory() as running:
        yield running


def count_refused(gateway: Gateway) -> int:
    notes = gateway.read_journal().get_notes(NoteKind.CHANGE_REFUSED)
    return sum(dict(note.facts)["asked"].startswith("SCIM ") for note in notes)


@pytest.mark.parametrize(
    "kind", ["none", "cut", "another", "upper case", "basic", "a key", "revoked"]
)
def test_it_is_refused_and_written_down(
    installation: tuple[Gateway, ScimClient], kind: str
) -> None:
    gateway, scim = installation
    if kind == "revoked":
        made = gateway.manage("POST", "/api/v1/directory/tokens")[1]
        assert ScimClient(gateway.port, made["token"]).send("GET", "/Users").status == 200
        assert gateway.manage("POST", f"/api/v1/directory/tokens/{made['id']}/revoke")[0] == 204
        header = f"Bearer {made['token']}"
    else:
        last = "A" if scim.token[-1] != "A" else "B"
        header = {
            "none": "",
            "cut": f"Bearer {scim.token[:-1]}",
            "another": f"Bearer {scim.token[:-1]}{last}",
            "upper case": f"Bearer {scim.token.upper()}",
            "basic": f"Basic {scim.token}",
            "a key": f"Bearer {gateway.create_key(QUESTIONS)}",
        }[kind]
    before = count_refused(gateway)
    stranger = ScimClient(gateway.port, "")
    for method, path in (("GET", "/Users"), ("POST", "/Users"), ("DELETE", "/Users/1")):
        answer = stranger.send(method, path, headers={"authorization": header} if header else {})
        assert answer.status == 401, answer.body
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert scim.token not in str(answer.body)
    assert count_refused(gateway) > before or before >= 10  # beyond ten a minute they are counted


def test_a_directorys_token_opens_no_other_door(
    installation: tuple[Gateway, ScimClient],
) -> None:
    scim = installation[1]
    for path in ("/v1/models", "/api/v1/keys", "/api/v1/directory/tokens", "/api/v1/config"):
        answer = scim.send("GET", f"/../..{path}")
        assert answer.status in {400, 401, 404}, (path, answer.status)


@pytest.mark.parametrize(
    "path",
    ["/Users/../../../api/v1/keys", "/Users/%2e%2e", "/Users/" + "a" * 3000, "/Bulk", "/Me"],
)
def test_a_strange_path_is_a_plain_no(installation: tuple[Gateway, ScimClient], path: str) -> None:
    answer = installation[1].send("GET", path)
    assert 400 <= answer.status < 502, answer.status
    assert answer.status != 500


@pytest.mark.parametrize("body", [[], 1, "x", {"schemas": []}, {"userName": {"a": 1}}, None])
def test_a_malformed_body_changes_nothing(
    installation: tuple[Gateway, ScimClient], body: object
) -> None:
    scim = installation[1]
    before = scim.send("GET", "/Users").body["totalResults"]
    assert scim.send("POST", "/Users", body).status == 400
    assert scim.send("GET", "/Users").body["totalResults"] == before


def test_a_body_beyond_the_cap_is_refused(installation: tuple[Gateway, ScimClient]) -> None:
    answer = installation[1].add_user("big@example.com", title="x" * 1_100_000)
    assert answer.status == 413


def test_no_password_is_kept(installation: tuple[Gateway, ScimClient]) -> None:
    gateway, scim = installation
    secret = "correct-horse-battery-9731"
    made = scim.add_user("pw@example.com", password=secret)
    assert made.status == 201
    assert "password" not in made.body
    gateway.stop()
    everything = (
        b"".join(path.read_bytes() for path in gateway.home.rglob("*") if path.is_file())
        + gateway.log_path.read_bytes()
    )
    assert secret.encode() not in everything
    assert scim.token.encode() not in everything
    gateway.start()
