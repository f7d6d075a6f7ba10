"""Somebody on the gateway's machine makes themselves a key over the local socket."""

from collections.abc import Iterator
from typing import Any

import pytest

from alos.domain.record import NoteKind
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS


@pytest.fixture(scope="module")
def production() -> Iterator[Gateway]:
    with run_gateway(dev=False) as running:
        yield running


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/keys", {"workflows": [QUESTIONS]}),
        ("POST", "/api/v1/keys", {"workflows": [QUESTIONS], "principal": "ana"}),
        ("GET", "/api/v1/keys", None),
        ("POST", "/api/v1/revivals", {"kind": "everything"}),
    ],
)
def test_the_socket_of_a_production_folder_refuses(
    production: Gateway, method: str, path: str, body: dict[str, Any] | None
) -> None:
    status, answer = production.manage(method, path, body)
    assert status == 403
    assert "production" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/keys/"), ("POST", "//api/v1/keys"), ("PUT", "/api/v1/keys"),
     ("POST", "/api/v1/KEYS"), ("POST", "/api/v1/status/../keys")],
)  # fmt: skip
def test_no_spelling_of_the_path_gets_around_it(
    production: Gateway, method: str, path: str
) -> None:
    status, _ = production.manage(method, path, {"workflows": [QUESTIONS]})
    assert status in {307, 403, 404, 405}


def test_the_command_says_no_and_ends_with_1(production: Gateway) -> None:
    done = production.cli("key", "create", "--workflow", QUESTIONS, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "production" in done.stderr


async def test_a_key_of_the_right_shape_opens_nothing(production: Gateway) -> None:
    answer = await ask(production.port, say(), key="alos_abcdefgh_" + "A" * 43)
    assert (answer.status, answer.code) == (401, "alos_key_unknown")


def test_stopping_needs_no_more_than_the_socket(production: Gateway) -> None:
    target = {"kind": "workflow", "target": QUESTIONS}
    assert production.manage("POST", "/api/v1/stops", target)[0] == 201
    assert production.manage("POST", "/api/v1/revivals", target)[0] == 403


def test_only_its_own_user_may_open_the_socket(production: Gateway) -> None:
    assert (production.home / "alos.sock").stat().st_mode & 0o777 == 0o600
    assert production.home.stat().st_mode & 0o777 == 0o700


def test_every_attempt_is_written_down(production: Gateway) -> None:
    """This one is last: it stops the gateway to read its journal."""
    production.stop()
    notes = production.read_journal().get_notes(NoteKind.CHANGE_REFUSED)
    asked = [dict(note.facts)["asked"] for note in notes]
    assert asked.count("POST /api/v1/keys") >= 3
    assert asked.count("GET /api/v1/keys") >= 1
    assert asked.count("POST /api/v1/revivals") == 2
    assert {dict(note.facts)["by"] for note in notes} == {"local-operator"}
