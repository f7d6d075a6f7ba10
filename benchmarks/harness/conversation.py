"""The calls that every subject is measured with: 1.4 KB in, 1.4 KB or 36 events out."""

import json
from typing import Any

MODEL = "bench-model"
CHUNK_COUNT = 36
PATHS = {
    "plain": "/v1/chat/completions",
    "stream": "/v1/chat/completions",
    "embeddings": "/v1/embeddings",
    "messages": "/v1/messages",
}
"""Shape of a call → its path."""
_SIZE_BYTES = 1400

_SYSTEM = (
    "You help people who maintain software. Answer from the given text only, name the passage you "
    "rely on, and say so plainly when the text does not decide the question. "
)
_TEXT = (
    "The release train leaves every second Tuesday. A change that is merged before noon on "
    "Monday rides along; a later one waits for the next train unless two maintainers agree that "
    "it mends a fault which customers see. The person on duty watches the dashboards for one "
    "hour after the train has arrived and may send it back without asking anybody. "
)
_ANSWER = (
    "A change merged on Monday afternoon waits for the next train, two weeks later, unless two "
    "maintainers agree that it mends a fault which customers see; see the second sentence. "
)


def request_body(*, stream: bool) -> bytes:
    """A chat completion request of 1.4 KB."""
    question = "When does a change merged on Monday afternoon reach customers?"
    messages = [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": f"{_TEXT}\n\n{question}"},
    ]
    body: dict[str, Any] = {"model": MODEL, "messages": messages, "max_tokens": 200}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return _padded(body, messages[1], _TEXT)


def write_request(shape: str) -> bytes:
    """A request of a shape, 1.4 KB."""
    if shape == "embeddings":
        body: dict[str, Any] = {"model": MODEL, "input": _TEXT}
        return _padded(body, body, _TEXT, field="input")
    if shape == "messages":
        message = {"role": "user", "content": _TEXT}
        body = {"model": MODEL, "max_tokens": 200, "system": _SYSTEM, "messages": [message]}
        return _padded(body, message, _TEXT)
    return request_body(stream=shape == "stream")


def write_answer(shape: str) -> bytes:
    """A whole answer of a shape, 1.4 KB."""
    if shape == "embeddings":
        vector = [round(0.5 - number / 300, 6) for number in range(130)]
        one = {"object": "embedding", "index": 0, "embedding": vector}
        usage = {"prompt_tokens": 290, "total_tokens": 290}
        return _compact({"object": "list", "data": [one], "model": MODEL, "usage": usage})
    if shape == "messages":
        block = {"type": "text", "text": _ANSWER}
        body: dict[str, Any] = {
            "id": "msg_bench", "type": "message", "role": "assistant", "model": MODEL,
            "content": [block], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": 290, "output_tokens": 40},
        }  # fmt: skip
        return _padded(body, block, _ANSWER, field="text")
    return answer_body()


def answer_body() -> bytes:
    """A chat completion of 1.4 KB."""
    message = {"role": "assistant", "content": _ANSWER}
    body = {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(),
    }
    return _padded(body, message, _ANSWER)


def answer_events() -> list[bytes]:
    """The same kind of answer as 33 server-sent events, the last of which is `[DONE]`."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word + " "} for word in (_ANSWER * 2).split()[: CHUNK_COUNT - 4]]
    choices: list[list[dict[str, Any]]] = [
        [{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas
    ]
    choices.append([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    chunks: list[dict[str, Any]] = [{"choices": choice, "usage": None} for choice in choices]
    chunks.append({"choices": [], "usage": _usage()})
    shell = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_790_000_000}
    datas = [_compact(shell | {"model": MODEL} | chunk) for chunk in chunks]
    return [b"data: " + data + b"\n\n" for data in [*datas, b"[DONE]"]]


def _usage() -> dict[str, int]:
    return {"prompt_tokens": 290, "completion_tokens": 40, "total_tokens": 330}


def _padded(
    body: dict[str, Any], message: dict[str, str], text: str, *, field: str = "content"
) -> bytes:
    """Repeats the message's text until the body has its size."""
    missing = _SIZE_BYTES - len(_compact(body))
    message[field] += (" " + text * (missing // len(text) + 1))[: max(missing, 0)]
    return _compact(body)


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
