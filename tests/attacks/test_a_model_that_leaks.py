"""A model, or whoever took it over, puts a credential into its answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.gateway import Gateway
from tests.e2e.http_client import ask, say
from tests.e2e.samples import make_aws_key_id


@pytest.fixture(params=["text", "a tool's arguments", "a tool's name"])
def leaked(gateway: Gateway, request: pytest.FixtureRequest) -> Iterator[str]:
    """Have the model leak a fresh credential, and say which."""
    upstream, token = gateway.upstream, make_aws_key_id()
    before = upstream.says, upstream.calls
    if request.param == "text":
        upstream.says = f"The key is {token} as you asked."
    else:
        is_name = request.param == "a tool's name"
        upstream.calls = (token, "{}") if is_name else ("send", f'{{"key": "{token}"}}')
    yield token
    upstream.says, upstream.calls = before


@pytest.mark.parametrize("more", [{}, {"stream": True}], ids=["whole", "streamed"])
async def test_the_answer_is_withheld_and_the_record_says_what_was_found(
    gateway: Gateway, key: str, leaked: str, more: dict[str, Any]
) -> None:
    answer = await ask(gateway.port, say(**more), key=key)
    assert leaked.encode() not in answer.body
    assert b"alos_answer_blocked" in answer.body
    details = gateway.wait_until_shipped(answer.call)
    record = details["record"]
    assert record["outcome"] == ("cut" if more else "refused")
    assert record["reason"] == "alos_answer_blocked"
    assert [(one["where"], one["action"]) for one in record["findings"]] == [("answer", "block")]
    assert record["cost_nanousd"] > 0, "the model was paid all the same"
    assert leaked not in str(details)
