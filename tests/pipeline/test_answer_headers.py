"""What an answer's headers say of the rate, in each vendor's words."""

from datetime import UTC, datetime
from typing import Any

from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.standing import RateLimit
from alos.pipeline.answer_headers import write_refusal_headers
from alos.pipeline.progress import Progress
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_standing,
    build_workflow,
    completion,
)


async def ask_twice(limit: int) -> tuple[dict[bytes, bytes], dict[bytes, bytes], Any]:
    rate = RateLimit(scope="workflow:support", requests=limit, window_seconds=60)
    talk = Conversation(build_standing(workflow=build_workflow(rate_limits=(rate,))))
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris")) for _ in range(limit)]
    first, second = await talk.run(), await talk.run()
    return dict(first.headers), dict(second.headers), second


async def test_an_answer_says_what_is_left_of_the_rate() -> None:
    first, second, _ = await ask_twice(limit=2)
    assert first[b"x-ratelimit-limit-requests"] == b"2"
    assert first[b"x-ratelimit-remaining-requests"] == b"1"
    assert first[b"x-ratelimit-reset-requests"] == b"60s"
    assert second[b"x-ratelimit-remaining-requests"] == b"0"


async def test_a_refusal_for_the_rate_says_how_long_to_wait() -> None:
    _, second, outcome = await ask_twice(limit=1)
    wait = outcome.refusal.retry_after_seconds
    assert 55 <= wait <= 61
    assert second[b"x-ratelimit-limit-requests"] == b"1"
    assert second[b"x-ratelimit-remaining-requests"] == b"0"
    assert second[b"x-ratelimit-reset-requests"] == b"%ds" % wait


async def test_anthropic_clients_are_told_in_their_own_words() -> None:
    talk = Conversation()
    call = talk.call(wire_format="anthropic-messages")
    progress = Progress(call=call, standing=talk.holder.current, limit_requests=3)
    refusal = Refusal(code=ReasonCode.RATE_LIMITED, retry_after_seconds=7)
    headers = dict(write_refusal_headers(progress, refusal))
    assert headers[b"anthropic-ratelimit-requests-limit"] == b"3"
    assert headers[b"anthropic-ratelimit-requests-remaining"] == b"0"
    reset = datetime.fromisoformat(headers[b"anthropic-ratelimit-requests-reset"].decode())
    received = datetime.fromtimestamp(call.received_unix_ns // 1_000_000_000, tz=UTC)
    assert (reset - received).total_seconds() == 7
