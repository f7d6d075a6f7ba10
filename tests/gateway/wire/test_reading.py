import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import Edits, Request, Unreadable
from alos.gateway.wire import (
    anthropic_messages,
    openai_chat,
    openai_embeddings,
    openai_responses,
)
from alos.gateway.wire.fields import FieldTable, Reads
from alos.gateway.wire.formats import FORMATS
from tests.gateway.wire.golden import EDITS, NAMES, load_document, load_request, read, try_read

CANARY = "canary-7f3a"
TABLES: dict[str, FieldTable] = {
    "openai-chat": openai_chat.FIELDS,
    "openai-embeddings": openai_embeddings.FIELDS,
    "openai-responses": openai_responses.FIELDS,
    "anthropic-messages": anthropic_messages.FIELDS,
}
MINIMAL: dict[str, dict[str, Any]] = {
    "openai-chat": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "openai-embeddings": {"model": "m", "input": "hi"},
    "openai-responses": {"model": "m", "input": "hi"},
    "anthropic-messages": {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    },
}


def list_places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, the containers included."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from list_places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from list_places(inner, (*path, index))


def put(document: Any, path: tuple[Any, ...], how: str) -> Any:
    """Put the canary at a place: as the value, as a key, or in a list."""
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    old = holder[path[-1]] if path else document
    if how == "key" and isinstance(old, dict):
        old[CANARY] = 1
    elif how == "value of a new key" and isinstance(old, dict):
        old["note"] = {"deep": [CANARY]}
    elif how == "item" and isinstance(old, list):
        old.append(CANARY)
    elif path:
        holder[path[-1]] = CANARY
    return document


def is_accounted_for(request: Request, path: tuple[Any, ...]) -> bool:
    if any(CANARY in text.text for text in request.texts):
        return True
    if request.model == CANARY:  # replaced by the upstream's own name
        return True
    return any(path[: len(part.path)] == part.path for part in (*request.opaque, *request.hosted))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_whatever_string_reaches_the_provider_was_read_or_is_known_to_be_unread(
    name: str, data: st.DataObject
) -> None:
    document = load_document(name)
    path = data.draw(st.sampled_from(list(list_places(document))))
    how = data.draw(st.sampled_from(["value", "key", "value of a new key", "item"]))
    request = try_read(name, put(document, path, how))
    if isinstance(request, Refusal):
        assert request.code is ReasonCode.BODY_MALFORMED
        assert CANARY not in request.sentence
    elif CANARY.encode() in FORMATS[name].write(request, EDITS):
        assert is_accounted_for(request, path), (path, how)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_each_text_that_was_read_can_be_replaced_at_its_path(
    name: str, data: st.DataObject
) -> None:
    request = load_request(name)
    text = data.draw(st.sampled_from([text for text in request.texts if not text.is_key]))
    edits = Edits(model="m", replacements={text.path: CANARY})
    sent = msgspec.json.decode(FORMATS[name].write(request, edits))
    for step in text.path:
        sent = sent[step]
    assert sent == CANARY
    assert request.document == load_document(name)


@pytest.mark.parametrize("name", NAMES)
@given(body=st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_a_reader_crash(name: str, body: bytes) -> None:
    assert isinstance(FORMATS[name].read(body), Refusal | Request)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_no_json_at_any_place_makes_a_reader_or_writer_crash(
    name: str, data: st.DataObject
) -> None:
    document = load_document(name)
    path = data.draw(st.sampled_from([one for one in list_places(document) if one]))
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = data.draw(JSON)
    try:
        body = msgspec.json.encode(document)
    except (ValueError, UnicodeEncodeError, OverflowError):
        return  # what can't be written can't be sent to us
    request = FORMATS[name].read(body)
    if isinstance(request, Request):
        FORMATS[name].write(request, Edits(model="m", max_output_tokens=7, prompt=None))
        FORMATS[name].open_stream(request)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b'"x"', "it is not a JSON object"),
        (b"{", "it is not JSON"),
        (b"{}x", "it is not JSON"),
        (b'{"a":NaN}', "it is not JSON"),
        (b'\xef\xbb\xbf{"model":"m"}', "it is not JSON"),
        (b'{"a":"\xff"}', "it is not UTF-8"),
        (b'{"a":"\\ud800"}', "it is not JSON"),
        (b'{"a":' * 3_000 + b"1" + b"}" * 3_000, "it is nested deeper than 64"),
        (b'{"a":' * 80 + b"1" + b"}" * 80, "it is nested deeper than 64"),
        (b"[" * 100_000, "it is nested deeper than 64"),
        (b'{"user":"a","model":"m","user":"b"}', "an object names a field twice"),
    ],
)
def test_a_body_that_is_no_clean_json_object_is_malformed(
    name: str, body: bytes, detail: str
) -> None:
    refusal = FORMATS[name].read(body)
    assert refusal == Refusal(code=ReasonCode.BODY_MALFORMED, detail=detail)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_stands_twice_is_refused_at_any_depth(name: str) -> None:
    inner = msgspec.json.encode(MINIMAL[name])
    body = inner[:-1] + b',"metadata":{"a":[{"x":"clean","x":"dirty"}]}}'
    refusal = FORMATS[name].read(body)
    assert isinstance(refusal, Refusal)
    assert refusal.detail == "an object names a field twice"


@pytest.mark.parametrize("name", NAMES)
def test_a_known_field_of_the_wrong_type_is_named_and_its_value_is_not_quoted(name: str) -> None:
    wrong = {"secret-value": 1}
    for field, rule in TABLES[name].items():
        if rule.reads in (Reads.JSON, Reads.COST, Reads.HOSTED, Reads.OPAQUE):
            continue
        if field in ("cache_control", "context_management", "stream_options"):
            continue
        refusal = try_read(name, MINIMAL[name] | {field: wrong})
        assert isinstance(refusal, Refusal), field
        assert refusal.code is ReasonCode.BODY_MALFORMED
        assert refusal.detail.startswith(field), refusal.detail
        assert "secret-value" not in refusal.sentence


@pytest.mark.parametrize("name", NAMES)
def test_cost_bearing_hosted_and_opaque_fields_are_noted_by_their_tables(name: str) -> None:
    for field, rule in TABLES[name].items():
        noted = try_read(name, MINIMAL[name] | {field: "something"})
        if rule.reads is Reads.COST:
            assert isinstance(noted, Request)
            assert noted.unpriced == (field,)
        elif rule.reads is Reads.HOSTED:
            assert isinstance(noted, Request)
            assert noted.hosted == (Unreadable((field,), rule.kind),)
        elif rule.reads is Reads.OPAQUE:
            assert isinstance(noted, Request)
            assert noted.opaque == (Unreadable((field,), rule.kind),)
        for harmless in (*rule.harmless, None):
            quiet = try_read(name, MINIMAL[name] | {field: harmless})
            if rule.harmless:
                assert isinstance(quiet, Request)
                assert (quiet.unpriced, quiet.hosted, quiet.opaque) == ((), (), ())


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_no_table_lists_is_named_and_read(name: str) -> None:
    request = read(name, MINIMAL[name] | {"brand_new": {"a": [CANARY]}})
    assert request.unknown_fields == ("brand_new",)
    assert CANARY in [text.text for text in request.texts]


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_every_table_stands_in_the_reference(name: str) -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "wire-formats.md"
    text = page.read_text()
    section = text[text.index(f"## `{name}`") :].split("\n## ")[0]
    for field, rule in TABLES[name].items():
        row = next(
            (line for line in section.splitlines() if line.startswith(f"| `{field}` |")), ""
        )
        assert f"| {rule.reads.value}" in row, field


def test_long_numbers_are_read_as_text_and_bounds_of_schemas_are_not() -> None:
    document = copy.deepcopy(MINIMAL["anthropic-messages"])
    document["metadata"] = {"card": 4111111111111111, "small": 12, "maximum": 9007199254740991}
    texts = [text.text for text in read("anthropic-messages", document).texts]
    assert "4111111111111111" in texts
    assert "12" not in texts
    assert "9007199254740991" not in texts


def test_our_own_object_is_read_and_taken_out() -> None:
    document = MINIMAL["openai-chat"] | {"alos": {"prompt": "greet", "variables": {"who": "Ann"}}}
    request = read("openai-chat", document)
    assert (request.prompt_name, request.prompt_variables) == ("greet", {"who": "Ann"})
    for name in ("openai-chat", "openai-responses", "anthropic-messages"):
        request = read(name, MINIMAL[name] | {"alos": {"prompt": "greet"}})
        sent = msgspec.json.decode(FORMATS[name].write(request, Edits(model="m", prompt="Hello!")))
        assert "alos" not in sent
        assert "Hello!" in msgspec.json.encode(sent).decode()


@pytest.mark.parametrize(
    "ours", [1, {}, {"prompt": 1}, {"prompt": "p", "variables": {"a": 1}}, {"prompt": "p", "x": 1}]
)
def test_our_own_object_in_another_shape_is_malformed(ours: object) -> None:
    refusal = try_read("openai-chat", MINIMAL["openai-chat"] | {"alos": ours})
    assert isinstance(refusal, Refusal)
    assert refusal.detail.startswith("alos")


@pytest.mark.parametrize(
    ("name", "system", "sent"),
    [
        ("openai-chat", None, [{"role": "system", "content": "P"}]),
        ("anthropic-messages", None, "P"),
        (
            "anthropic-messages",
            "own",
            [{"type": "text", "text": "P"}, {"type": "text", "text": "own"}],
        ),
        ("openai-responses", None, "P"),
        ("openai-responses", "own", "P\n\nown"),
    ],
)
def test_a_rendered_prompt_goes_in_front(name: str, system: str | None, sent: object) -> None:
    field = {"openai-responses": "instructions"}.get(name, "system")
    document = MINIMAL[name] | ({field: system} if system else {})
    written = msgspec.json.decode(
        FORMATS[name].write(read(name, document), Edits(model="m", prompt="P"))
    )
    assert (written["messages"][:1] if name == "openai-chat" else written[field]) == sent


@pytest.mark.parametrize(
    ("given", "bound", "sent"),
    [
        ({}, None, {"max_completion_tokens": 50}),
        ({"max_tokens": 9}, 9, {"max_tokens": 9}),
        ({"max_completion_tokens": 8}, 8, {"max_completion_tokens": 8}),
        ({"max_tokens": 9, "max_completion_tokens": 8}, 9, None),
        ({"max_tokens": None}, None, {"max_tokens": None, "max_completion_tokens": 50}),
    ],
)
def test_the_bound_on_output_is_read_in_all_its_spellings_and_set_where_it_is_missing(
    given: dict[str, Any], bound: int | None, sent: dict[str, Any] | None
) -> None:
    request = read("openai-chat", MINIMAL["openai-chat"] | given)
    assert request.max_output_tokens == bound
    edits = Edits(model="m", max_output_tokens=50 if bound is None else None)
    written = msgspec.json.decode(FORMATS["openai-chat"].write(request, edits))
    assert {key: value for key, value in written.items() if key.startswith("max_")} == (
        sent if sent is not None else given
    )


def test_store_is_forced_off_wherever_it_would_be_on() -> None:
    for name, asked in (
        ("openai-chat", {"store": True}),
        ("openai-responses", {"store": True}),
        ("openai-responses", {}),
        ("openai-responses", {"store": None}),
    ):
        request = read(name, MINIMAL[name] | asked)
        assert msgspec.json.decode(FORMATS[name].write(request, EDITS))["store"] is False
        stored = [part.kind for part in request.opaque]
        assert stored == (["stored_state"] if asked.get("store") else [])


def test_a_background_response_is_refused() -> None:
    refusal = try_read("openai-responses", MINIMAL["openai-responses"] | {"background": True})
    assert isinstance(refusal, Refusal)
    assert refusal.detail.startswith("background")


@pytest.mark.parametrize("given", [[1, 2], [[1], [2]], ["a", [1]], [3, CANARY]])
def test_tokens_can_not_be_read_but_the_strings_among_them_are(given: list[Any]) -> None:
    request = read("openai-embeddings", {"model": "m", "input": given})
    assert request.opaque == (Unreadable(("input",), "tokens"),)
    assert (CANARY in given) is (CANARY in [text.text for text in request.texts])


def test_an_hour_of_cache_is_not_priced() -> None:
    part = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    document = MINIMAL["anthropic-messages"] | {"system": [part]}
    assert read("anthropic-messages", document).unpriced == ("cache_control.ttl",)


def test_choices_are_counted_and_bounded() -> None:
    assert read("openai-chat", MINIMAL["openai-chat"] | {"n": 3}).choices == 3
    for wrong in (0, -1, 129, 1.5, "2", True):
        assert isinstance(try_read("openai-chat", MINIMAL["openai-chat"] | {"n": wrong}), Refusal)


@pytest.mark.parametrize(
    ("change", "hosted"),
    [
        ({"type": "tool_addition", "tool": {"type": "tool_reference", "name": "grep"}}, []),
        (
            {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": {
                "name": "grep", "input_schema": {"type": "object"}}}},
            [],
        ),
        (
            {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": {
                "type": "web_search_20260209", "name": "web_search"}}},
            ["web_search"],
        ),
        (
            {"type": "compaction", "content": "so far", "tool_changes": [
                {"tool": {"definition": {"type": "code_execution_20250825", "name": "run"}}}]},
            ["code_execution"],
        ),
    ],
)  # fmt: skip
def test_a_tool_that_comes_in_mid_conversation_is_read_like_any_other(
    change: dict[str, Any], hosted: list[str]
) -> None:
    document = MINIMAL["anthropic-messages"] | {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "go on"}, change]}]
    }
    request = read("anthropic-messages", document)
    assert [one.kind for one in request.hosted] == hosted
    assert request.unknown_fields == ()


def test_tools_in_a_namespace_are_the_callers_own_unless_they_are_not() -> None:
    tools = [
        {"type": "function", "name": "find", "parameters": {"type": "object"}, "async": False},
        {"type": "web_search"},
    ]
    space = {"type": "namespace", "name": "crm", "description": "ours", "tools": tools}
    request = read("openai-responses", MINIMAL["openai-responses"] | {"tools": [space]})
    assert request.tool_names == ("find",)
    assert [one.kind for one in request.hosted] == ["web_search"]
    assert request.unknown_fields == ()
    nested = {**space, "tools": [space]}
    request = read("openai-responses", MINIMAL["openai-responses"] | {"tools": [nested]})
    assert [one.kind for one in request.hosted] == ["unknown_tool"]
