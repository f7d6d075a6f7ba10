"""A vendor's answer, or a caller, points the gateway at another server."""

from collections.abc import Iterator

import pytest

from tests.e2e.gateway import Gateway
from tests.e2e.http_client import CHAT, ask, exchange, read_answer, say, write_request
from tests.e2e.upstream import Upstream, run_upstream


@pytest.fixture(scope="module")
def decoy() -> Iterator[Upstream]:
    """A server of the attacker's; it must never hear from the gateway."""
    with run_upstream() as upstream:
        yield upstream


async def test_a_redirection_is_not_followed(gateway: Gateway, key: str, decoy: Upstream) -> None:
    gateway.upstream.location = f"{decoy.url}{CHAT}"
    answer = await ask(gateway.port, say("[[redirect]]"), key=key)
    assert (answer.status, answer.code) == (502, "alos_upstream_failed")
    assert "location" not in answer.headers
    assert decoy.bytes_received == 0
    record = gateway.wait_until_shipped(answer.call)["record"]
    assert [one["result"] for one in record["attempts"]] == ["http_307"]


@pytest.mark.parametrize(
    "name",
    ["x-base-url", "x-upstream", "x-portkey-custom-host", "helicone-target-url",
     "x-forwarded-host", "x-original-url", "x-rewrite-url", "x-alos-upstream", "x-alos-model"],
)  # fmt: skip
async def test_no_header_of_the_callers_moves_the_upstream(
    gateway: Gateway, key: str, decoy: Upstream, name: str
) -> None:
    answer = await ask(gateway.port, say(), key=key, headers={name: decoy.url})
    assert answer.status == 200
    assert decoy.bytes_received == 0


@pytest.mark.parametrize("field", ["base_url", "api_base", "endpoint", "url", "proxy"])
async def test_no_field_of_the_callers_moves_the_upstream(
    gateway: Gateway, key: str, decoy: Upstream, field: str
) -> None:
    await ask(gateway.port, say(**{field: decoy.url}), key=key)
    assert decoy.bytes_received == 0


async def test_the_gateway_is_no_proxy(gateway: Gateway, key: str, decoy: Upstream) -> None:
    absolute = write_request(say(), key=key, path=f"{decoy.url}{CHAT}")
    raw = await exchange(gateway.port, absolute, timeout=5)
    assert read_answer(raw).status in {200, 400, 404}
    tunnel = f"CONNECT 127.0.0.1:{decoy.port} HTTP/1.1\r\nhost: x\r\n\r\n".encode()
    assert read_answer(await exchange(gateway.port, tunnel, timeout=5)).status >= 400
    assert decoy.bytes_received == 0
    other_host = {"host": f"127.0.0.1:{decoy.port}"}
    assert (await ask(gateway.port, say(), key=key, headers=other_host)).status == 200
    assert decoy.bytes_received == 0
