"""Traffic in Claude Code's shape goes through the wire format as it came."""

import msgspec
import pytest

from alos.domain.request import Edits
from alos.gateway.wire.formats import FORMATS
from tests.clients.claude_code import build_count, build_request
from tests.gateway.wire.golden import read

MODEL = "claude-fable-5"


@pytest.mark.parametrize("words", [100, 6_000])
def test_nothing_in_it_is_unknown_hosted_opaque_or_unpriced(words: int) -> None:
    request = read("anthropic-messages", build_request(model=MODEL, words=words))
    assert request.unknown_fields == ()
    assert (request.hosted, request.opaque, request.unpriced) == ((), (), ())
    assert request.max_output_tokens == 32_000
    assert len(request.tool_names) == 14


def test_it_goes_up_byte_for_byte() -> None:
    body = msgspec.json.encode(build_request(model=MODEL))
    request = read("anthropic-messages", body)
    written = FORMATS["anthropic-messages"].write(request, Edits(model=MODEL))
    assert written is request.raw
    assert written == body


def test_another_name_of_the_model_changes_nothing_else() -> None:
    document = build_request(model=MODEL)
    request = read("anthropic-messages", document)
    written = FORMATS["anthropic-messages"].write(request, Edits(model="upstream-1"))
    assert msgspec.json.decode(written) == {**document, "model": "upstream-1"}


def test_its_counting_goes_up_byte_for_byte() -> None:
    body = msgspec.json.encode(build_count(model=MODEL))
    request = read("anthropic-count-tokens", body)
    written = FORMATS["anthropic-count-tokens"].write(request, Edits(model=MODEL))
    assert written == body
    assert request.unknown_fields == ()


def test_every_text_in_it_is_read_and_signed_thinking_is_never_replaced() -> None:
    request = read("anthropic-messages", build_request(model=MODEL))
    texts = {text.text: text for text in request.texts}
    assert "Why does the test of the parser fail?" in texts
    assert "/src/tests/test_parser.py" in texts
    assert texts["Look at it first."].is_key
    assert "The command to use." in texts
    assert request.system_text.startswith("You are a coding agent")
