"""A caller picks a bundle of their own by header."""

import pytest

from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask, say


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "latest", "", "sha256:" + "f" * 64])
async def test_a_release_that_nobody_uploaded_is_refused_and_recorded(
    gateway: Gateway, key: str, digest: str
) -> None:
    before = gateway.upstream.bytes_received
    answer = await ask(gateway.port, say(), key=key, headers={"x-alos-release": digest})
    assert (answer.status, answer.code) == (403, "alos_release_unknown")
    assert gateway.upstream.bytes_received == before
    record = gateway.wait_until_shipped(answer.call)["record"]
    assert record["reason"] == "alos_release_unknown"


async def test_naming_the_digest_in_force_changes_nothing(gateway: Gateway, key: str) -> None:
    """It is the ordinary call: neither a trial, nor anything that counts for less."""
    served = (await ask(gateway.port, say(), key=key)).headers["x-alos-release"]
    answer = await ask(gateway.port, say(), key=key, headers={"x-alos-release": served})
    assert answer.status == 200
    facts = dict(gateway.wait_until_shipped(answer.call)["record"]["facts"])
    assert facts.get("purpose", "production") == "production"
