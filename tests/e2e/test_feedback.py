"""People say of answers that they took or rejected them, once, of what was really answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import SUPPORT

LEAKED = "The key is AKIA" + "Q3EGRWLW" + "XBN7ZP2M, keep it."


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway() as running:
        yield running


@pytest.fixture(scope="module")
def key(gateway: Gateway) -> str:
    return gateway.create_key(SUPPORT)


async def test_an_answer_is_judged_once_and_the_log_says_by_whom(
    gateway: Gateway, key: str, tmp_path: Path
) -> None:
    answer = await ask(gateway.port, say(), key=key)
    told = gateway.cli("call", "feedback", answer.call, "--rejected")
    assert told.returncode == 0, told.stderr
    assert f"{answer.call} was rejected" in told.stdout
    assert gateway.cli("call", "feedback", answer.call, "--rejected").returncode == 0
    other = gateway.cli("call", "feedback", answer.call, "--accepted")
    assert other.returncode == 1
    assert "another feedback already" in other.stderr
    written = tmp_path / "notes.jsonl"
    assert gateway.cli("export", "notes", str(written)).returncode == 0
    noted = [line for line in written.read_text().splitlines() if '"feedback"' in line]
    assert len(noted) == 1
    assert answer.call in noted[0]


async def test_what_was_refused_or_never_was_has_no_feedback(gateway: Gateway, key: str) -> None:
    refused = await ask(gateway.port, say(LEAKED), key=key)
    assert refused.status == 403
    for call in (refused.call, "call_01M8B5ESMX3YRZERTCVSPQMAR6"):
        told = gateway.cli("call", "feedback", call, "--accepted")
        assert told.returncode == 1, told.stdout
        assert "Kept" not in told.stdout


def test_it_has_to_be_said_which(gateway: Gateway) -> None:
    assert gateway.cli("call", "feedback", "call_1").returncode == 2
