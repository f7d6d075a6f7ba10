"""Nothing that the vendors' newest SDKs can send is unknown to the field tables by accident.

What a table lists may still be refused (hosted, opaque, unpriced); that is a decision. What no
table lists would be refused by mistake, so a newer SDK with a new field makes these tests fail.
"""

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
from anthropic.types import message_count_tokens_params, message_create_params
from anthropic.types.beta import BetaContentBlockParam, BetaToolUnionParam
from anthropic.types.beta import message_create_params as beta_params
from openai.types import embedding_create_params
from openai.types.chat import ChatCompletionContentPartParam, completion_create_params
from openai.types.responses import response_create_params
from openai.types.responses.response_input_item_param import ResponseInputItemParam
from openai.types.responses.tool_param import ToolParam

from alos.gateway.wire import (
    anthropic_blocks,
    anthropic_messages,
    openai_chat,
    openai_embeddings,
    openai_items,
    openai_responses,
)
from alos.gateway.wire.fields import FieldTable


def list_fields(of: type) -> set[str]:
    return {name for one in of.__mro__ for name in getattr(one, "__annotations__", {})}


@pytest.mark.parametrize(
    ("params", "table"),
    [
        (completion_create_params.CompletionCreateParamsBase, openai_chat.FIELDS),
        (response_create_params.ResponseCreateParamsBase, openai_responses.FIELDS),
        (embedding_create_params.EmbeddingCreateParams, openai_embeddings.FIELDS),
        (message_create_params.MessageCreateParamsBase, anthropic_messages.FIELDS),
        (beta_params.MessageCreateParamsBase, anthropic_messages.FIELDS),
        (message_count_tokens_params.MessageCountTokensParams, anthropic_messages.FIELDS),
    ],
)
def test_every_field_of_the_sdk_is_in_the_table(params: type, table: FieldTable) -> None:
    fields = list_fields(params)
    assert len(fields) >= 5
    assert fields - set(table) == set()


def list_texts(hint: Any) -> list[str]:
    texts: list[str] = []
    for one in get_args(hint):
        texts += [one] if isinstance(one, str) else list_texts(one)
    return texts


def list_kinds(union: Any) -> Iterator[tuple[str, set[str]]]:
    """(type, its fields) of every member of a union of typed dictionaries."""
    for one in get_args(union):
        if not isinstance(one, type):
            yield from list_kinds(one)
        elif one.__module__.endswith("_param") and issubclass(one, dict):
            hints = get_type_hints(one)
            for kind in list_texts(hints.get("type")):
                yield kind, set(hints)


def test_every_item_of_a_response_is_in_a_table() -> None:
    known = {"message", openai_items.REASONING, *openai_items.READ_ITEMS}
    known |= {*openai_items.HOSTED_ITEMS, *openai_items.OPAQUE_ITEMS}
    kinds = {kind for kind, _ in list_kinds(ResponseInputItemParam)}
    assert len(kinds) > 20
    assert kinds - known == set()


def test_every_tool_of_a_response_is_in_a_table() -> None:
    known = {"function", openai_items.NAMESPACE, *openai_items.CLIENT_TOOLS}
    kinds = {kind for kind, _ in list_kinds(ToolParam)}
    assert len(kinds) > 8
    assert {
        kind for kind in kinds - known if not kind.startswith(tuple(openai_items.HOSTED_TOOLS))
    } == set()


def test_every_block_of_a_message_is_in_a_table_with_its_fields() -> None:
    tables = anthropic_blocks.BLOCKS
    known = {*tables, *anthropic_blocks.HOSTED_BLOCKS, "container_upload"}
    kinds = dict(list_kinds(BetaContentBlockParam))
    assert len(kinds) > 15
    assert kinds.keys() - known == set()
    missing = {
        kind: fields - {"type", *tables[kind]} for kind, fields in kinds.items() if kind in tables
    }
    assert {kind: fields for kind, fields in missing.items() if fields} == {}


def test_every_tool_of_a_message_is_in_a_table() -> None:
    beginnings = (*anthropic_blocks.CLIENT_TOOLS, *anthropic_blocks.HOSTED_TOOLS)
    kinds = {kind for kind, _ in list_kinds(BetaToolUnionParam)} - {"custom"}
    assert len(kinds) > 10
    assert {kind for kind in kinds if not kind.startswith(beginnings)} == set()


def test_every_part_of_a_chat_message_is_known() -> None:
    kinds = {kind for kind, _ in list_kinds(ChatCompletionContentPartParam)}
    assert kinds <= {"text", "image_url", "input_audio", "file", "refusal"}
    assert len(kinds) > 3
