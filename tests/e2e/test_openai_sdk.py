"""The openai SDK, with only base URL and key changed, raises its own errors for our refusals."""

import time
from collections.abc import Callable
from typing import Any

import openai
import pytest

from alos.domain.ids import KeyId
from alos.ports.call_store import CallQuery, CallRow
from tests.e2e.gateway import Gateway
from tests.e2e.organisation import MODEL, POOR, QUESTIONS, RARE, SUPPORT
from tests.e2e.samples import make_aws_key_id

HELLO: list[Any] = [{"role": "user", "content": "What is the capital of France?"}]


class Visit:
    """A developer with a key of their own, so that their calls can be counted."""

    def __init__(self, gateway: Gateway, workflow: str, **options: Any) -> None:
        status, made = gateway.manage("POST", "/api/v1/keys", {"workflows": [workflow]})
        assert status == 201
        self.key_id = KeyId(made["id"])
        self._gateway = gateway
        self.client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=made["key"], **options)

    def chat(self, messages: list[Any] = HELLO, **more: Any) -> Any:
        model = more.pop("model", MODEL)
        return self.client.chat.completions.create(model=model, messages=messages, **more)

    def list_records(self, last: str) -> list[CallRow]:
        """Every record of this key, once that of ``last`` is in the index."""
        if last:
            self._gateway.wait_until_shipped(last)
        time.sleep(0.2)  # a second try would have come by now
        query = CallQuery(key_id=self.key_id)
        return list(self._gateway.index.search_calls(query, before=None, limit=100))


Ask = Callable[[Visit], Any]

REFUSED: dict[str, tuple[type[openai.APIStatusError], int, str, str, Ask]] = {
    "a credential": (
        openai.PermissionDeniedError,
        403,
        "alos_secret_found",
        QUESTIONS,
        lambda visit: visit.chat([{"role": "user", "content": f"Use {make_aws_key_id()}"}]),
    ),
    "an unregistered workflow": (
        openai.PermissionDeniedError,
        403,
        "alos_workflow_not_registered",
        QUESTIONS,
        lambda visit: visit.chat(model="workflow/invoices"),
    ),
    "another team's workflow": (
        openai.PermissionDeniedError,
        403,
        "alos_workflow_not_on_key",
        QUESTIONS,
        lambda visit: visit.chat(model=f"workflow/{SUPPORT}"),
    ),
    "too much output": (
        openai.PermissionDeniedError,
        403,
        "alos_output_limit",
        QUESTIONS,
        lambda visit: visit.chat(max_tokens=1_000_000),
    ),
    "an image": (
        openai.PermissionDeniedError,
        403,
        "alos_part_opaque",
        QUESTIONS,
        lambda visit: visit.chat([{"role": "user", "content": [_IMAGE]}]),
    ),
    "no budget": (
        openai.APIStatusError,
        402,
        "alos_budget_exceeded",
        POOR,
        lambda visit: visit.chat(),
    ),
    "too large a body": (
        openai.APIStatusError,
        413,
        "alos_body_too_large",
        QUESTIONS,
        lambda visit: visit.chat([{"role": "user", "content": "x" * 10_000_001}]),
    ),
    "an unknown field": (
        openai.UnprocessableEntityError,
        422,
        "alos_field_unknown",
        SUPPORT,
        lambda visit: visit.chat(extra_body={"frobnicate": True}),
    ),
    "a malformed body": (
        openai.UnprocessableEntityError,
        422,
        "alos_body_malformed",
        QUESTIONS,
        lambda visit: visit.chat([{"role": "nobody", "content": "hi"}]),
    ),
    "an unknown path": (
        openai.NotFoundError,
        404,
        "alos_endpoint_unknown",
        QUESTIONS,
        lambda visit: visit.client.files.list(),
    ),
}
_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


@pytest.mark.parametrize(
    ("kind", "status", "code", "workflow", "ask"), REFUSED.values(), ids=REFUSED.keys()
)
def test_a_refusal_is_the_sdks_own_error_and_is_not_tried_again(
    gateway: Gateway,
    kind: type[openai.APIStatusError],
    status: int,
    code: str,
    workflow: str,
    ask: Ask,
) -> None:
    visit = Visit(gateway, workflow)
    with pytest.raises(kind) as caught:
        ask(visit)
    error = caught.value
    assert (type(error), error.status_code, error.code) == (kind, status, code)
    (row,) = visit.list_records(error.response.headers["x-alos-call"])
    assert row.closing is not None
    assert (row.closing.reason, row.closing.http_status) == (code, status)


def test_a_key_that_is_none_and_one_that_was_revoked_are_authentication_errors(
    gateway: Gateway,
) -> None:
    visit = Visit(gateway, QUESTIONS)
    assert gateway.manage("POST", f"/api/v1/keys/{visit.key_id}/revoke")[0] == 204
    with pytest.raises(openai.AuthenticationError) as revoked:
        visit.chat()
    assert revoked.value.code == "alos_key_revoked"
    stranger = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="sk-nothing")
    with pytest.raises(openai.AuthenticationError) as unknown:
        stranger.models.list()
    assert unknown.value.code == "alos_key_unknown"


def test_a_rate_limit_is_the_sdks_own_error_and_says_how_long_to_wait(gateway: Gateway) -> None:
    visit = Visit(gateway, RARE, max_retries=0)
    visit.chat()
    visit.chat()
    with pytest.raises(openai.RateLimitError) as caught:
        visit.chat()
    assert caught.value.code == "alos_rate_limited"
    assert 0 < int(caught.value.response.headers["retry-after"]) <= 60


@pytest.mark.parametrize(("word", "status"), [("fail", 502), ("breakoff", 502), ("hang", 504)])
def test_a_failing_upstream_is_the_sdks_own_error_and_each_try_is_recorded(
    gateway: Gateway, word: str, status: int
) -> None:
    retries = 0 if word == "hang" else 1
    visit = Visit(gateway, QUESTIONS, max_retries=retries)
    with pytest.raises(openai.InternalServerError) as caught:
        visit.chat([{"role": "user", "content": f"[[{word}]]"}])
    assert caught.value.status_code == status
    rows = visit.list_records(caught.value.response.headers["x-alos-call"])
    assert len(rows) == retries + 1


def test_a_stream_that_breaks_raises_in_the_middle_and_never_ends_as_if_whole(
    gateway: Gateway,
) -> None:
    visit = Visit(gateway, QUESTIONS)
    pieces = []
    with pytest.raises(openai.APIError, match="No model of the route"):  # noqa: PT012 - half way
        for chunk in visit.chat([{"role": "user", "content": "[[breakoff]]"}], stream=True):
            pieces.extend(choice.delta.content for choice in chunk.choices)
    assert pieces == ["half an "]


def test_answers_streams_and_models_come_as_the_sdk_expects_them(gateway: Gateway) -> None:
    visit = Visit(gateway, QUESTIONS)
    assert visit.chat().choices[0].message.content == "Paris."
    streamed = list(visit.chat(stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == "Paris. "
    assert all(chunk.usage is None for chunk in streamed)
    with_usage = list(visit.chat(stream=True, stream_options={"include_usage": True}))
    assert with_usage[-1].usage is not None
    listed = [model.id for model in visit.client.models.list()]
    assert listed == [f"workflow/{QUESTIONS}", MODEL]
