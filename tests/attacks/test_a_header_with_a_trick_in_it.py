"""The management API gets tokens that are none, line ends in addresses, two requests in one."""

import json
from collections.abc import Iterator

import pytest

from alos.domain.record import NoteKind
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import exchange, read_answer

HOST = b"host: 127.0.0.1\r\nconnection: close\r\n"
SESSION = b"alos_session_" + b"A" * 43
TOKENS = {
    "nothing": b"",
    "a scheme alone": b"Bearer",
    "a scheme and blanks": b"Bearer    ",
    "another scheme": b"Basic YW5hOmFuYQ==",
    "a session's shape": b"Bearer " + SESSION,
    "a session and more": b"Bearer " + SESSION + b"A",
    "half a session": b"Bearer " + SESSION[:30],
    "two tokens": b"Bearer " + SESSION + b", Bearer " + SESSION,
    "a key": b"Bearer alos_abcdefgh_" + b"A" * 43,
    "thirty kilobytes": b"Bearer " + b"A" * 30_000,
    "a token of thirty kilobytes": b"Bearer eyJ" + b"A" * 30_000,
    "dots": b"Bearer eyJ" + b"." * 1000,
    "brackets": b"Bearer eyJ" + b"W1tb" * 4000 + b".e30.",
    "bytes that are no text": b"Bearer \xff\xfe\x80alos_session_\xc3\x28",
    "letters that look alike": "Bearer \u0430los_session_".encode() + b"A" * 43,
    "an injection": b"Bearer ' OR 1=1 --",
    "a format": b"Bearer %s%n{0.__class__}${jndi:ldap://x}",
}
SMUGGLING = {
    "length and chunks": b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"content-length: 2\r\ncontent-length: 40\r\n\r\n{}",
    "a bare CR": b"x-a: b\rcontent-length: 40\r\ncontent-length: 2\r\n\r\n{}",
    "a folded header": b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"content-length : 2\r\n\r\n{}",
    "two hosts": b"host: evil.example\r\ncontent-length: 2\r\n\r\n{}",
}
INJECTED = "x\r\nset-cookie: alos_session=evil\r\nx-injected: yes"
ADDRESSES = (
    "/api/v1/login?issuer={}",
    "/api/v1/login?port=1&challenge={}",
    "/api/v1/login?port=1&challenge=" + "A" * 43 + "&state={}",
    "/api/v1/login/callback?state={}&code=x",
    "/api/v1/login/callback?state=x&code=x&iss={}",
    "/api/v1/login/callback?state=x&code=x&error={}",
    "/api/v1/calls/{}",
    "/api/v1/people/{}/sessions/end",
    "/{}",
)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway() as running:
        yield running


@pytest.fixture(scope="module")
def owner(gateway: Gateway) -> bytes:
    return str(gateway.manage("POST", "/api/v1/personas/dan/session")[1]["token"]).encode()


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
async def test_a_token_that_is_none_opens_nothing_and_is_not_quoted(
    gateway: Gateway, token: bytes
) -> None:
    raw = b"GET /api/v1/me HTTP/1.1\r\n" + HOST + b"authorization: " + token + b"\r\n\r\n"
    answer = read_answer(await exchange(gateway.port, raw, timeout=5))
    assert answer.status == 401
    assert json.loads(answer.body)["error"]["code"] in {
        "alos_not_signed_in", "alos_session_ended", "alos_token_bad",
    }  # fmt: skip
    assert len(token) < 10 or token[-8:] not in answer.body


async def test_two_authorizations_are_none(gateway: Gateway, owner: bytes) -> None:
    lines = b"authorization: Bearer " + owner + b"\r\nauthorization: Bearer " + SESSION + b"\r\n"
    raw = b"GET /api/v1/me HTTP/1.1\r\n" + HOST + lines + b"\r\n"
    assert read_answer(await exchange(gateway.port, raw, timeout=5)).status == 401


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("encoded", ["percent", "raw"])
async def test_a_line_end_in_an_address_ends_no_line_of_the_answer(
    gateway: Gateway, owner: bytes, address: str, encoded: str
) -> None:
    quoted = INJECTED.replace("\r", "%0d").replace("\n", "%0a").replace(" ", "%20")
    target = address.format(quoted if encoded == "percent" else INJECTED)
    method = "POST" if target.endswith("/end") else "GET"
    head = f"{method} {target} HTTP/1.1\r\n".encode() + HOST
    raw = await exchange(
        gateway.port, head + b"authorization: Bearer " + owner + b"\r\n\r\n", timeout=5
    )
    said = raw.partition(b"\r\n\r\n")[0].lower()
    assert b"x-injected" not in said
    assert b"evil" not in said
    assert raw.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("tail", SMUGGLING.values(), ids=SMUGGLING.keys())
async def test_a_second_request_inside_the_first_is_never_read(
    gateway: Gateway, owner: bytes, tail: bytes
) -> None:
    """A proxy that reads it otherwise would lend the second one its rights."""
    head = b"POST /api/v1/scan HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer " + owner
    inner = (
        b"POST /api/v1/stops HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer " + owner
        + b'\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n{"kind":"everything"}'
    )  # fmt: skip
    raw = await exchange(gateway.port, head + b"\r\n" + tail + inner, timeout=5)
    answer = read_answer(raw)
    assert (answer.status, raw.count(b"HTTP/1.1 ")) == (400, 1)
    assert answer.headers["connection"] == "close"


def test_nothing_was_stopped_and_strangers_are_on_record(gateway: Gateway) -> None:
    assert gateway.manage("GET", "/api/v1/stops")[1] == []
    assert gateway.stop() == 0
    journal = gateway.read_journal()
    assert not journal.get_notes(NoteKind.STOPPED)
    notes = [dict(one.facts) for one in journal.get_notes(NoteKind.CHANGE_REFUSED)]
    counted = [dict(one.facts)["counted"] for one in journal.get_notes(NoteKind.ANONYMOUS)]
    nobody = sum(one["by"] == "nobody" for one in notes) + sum(map(int, counted))
    assert nobody >= len(TOKENS)
    assert "Traceback" not in gateway.log
