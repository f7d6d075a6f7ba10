"""What callers say about their calls: kept as tags, read for credentials, trusted for nothing."""

import json
from typing import Any

import pytest

from alos.domain.outcome import Answered, Refused
from alos.domain.record import ClosingEntry, Fact
from alos.domain.refusal import ReasonCode
from alos.domain.trace import get_span_id
from alos.pipeline.labels import MAX_LABEL, MAX_TAGS
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_standing,
    build_workflow,
    completion,
    say,
)
from tests.pipeline.test_run import AWS_ID


async def get_record(body: dict[str, Any] | None = None, **headers: str) -> ClosingEntry:
    talk = Conversation()
    talk.provider.answers = [ScriptedAnswer(body=completion("Paris"))]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    assert isinstance(await talk.run(body, headers=named), Answered)
    return talk.journal.closings[0]


def list_tags(record: ClosingEntry) -> list[str]:
    return [one.value for one in record.personal if one.name == "tag"]


async def test_the_headers_of_other_gateways_are_tags() -> None:
    record = await get_record(
        x_litellm_tags="jira-12, team-a",
        x_portkey_metadata=json.dumps({"_user": "u-7", "env": "prod", "deep": {"x": 1}}),
        helicone_property_feature="summary",
        helicone_user_id="u-8",
        baggage="tenant=acme%20ltd;ttl=3, stage=beta",
    )
    assert set(list_tags(record)) == {
        "tag=jira-12", "tag=team-a", "_user=u-7", "env=prod", "feature=summary", "user=u-8",
        "tenant=acme ltd", "stage=beta",
    }  # fmt: skip


async def test_a_requests_own_metadata_is_tags_too() -> None:
    body = say("hello", metadata={"tags": ["a", "b"], "user_id": "u-9"})
    assert list_tags(await get_record(body)) == ["tag=a", "tag=b", "user_id=u-9"]


async def test_tags_say_nothing_about_who_is_calling_or_who_pays() -> None:
    record = await get_record(
        x_portkey_metadata=json.dumps({"principal": "eve", "workspace": "other", "tier": 0})
    )
    assert (record.workspace, record.tier) == ("care", 2)
    assert next(one.value for one in record.personal if one.name == "principal") == "ben"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-litellm-tags": f"a,{AWS_ID}"},
        {"helicone-property-key": AWS_ID},
        {"x-portkey-metadata": json.dumps({"k": AWS_ID})},
        {"x-portkey-metadata": json.dumps({"k": AWS_ID}).replace("AKIA", "\\u0041KIA")},
        {"baggage": "k=%41KIA" + AWS_ID[4:]},
    ],
)
async def test_a_credential_in_a_tag_is_refused_and_kept_nowhere(headers: dict[str, str]) -> None:
    talk = Conversation()
    outcome = await talk.run(headers=headers)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is ReasonCode.SECRET_FOUND
    assert AWS_ID not in repr(talk.journal.entries)
    assert talk.provider.sent == []


async def test_tags_are_bounded_in_number_and_length() -> None:
    many = json.dumps({f"n{number}": "x" * 1_000 for number in range(100)})
    tags = list_tags(await get_record(x_portkey_metadata=many))
    assert len(tags) == MAX_TAGS
    assert max(map(len, tags)) == MAX_LABEL


@pytest.mark.parametrize("value", ["[" * 5_000, "not json", "[1, 2]", "12"])
async def test_a_header_that_holds_no_object_holds_no_tags(value: str) -> None:
    assert list_tags(await get_record(x_portkey_metadata=value)) == []


async def test_the_callers_span_is_kept_as_a_value_that_can_be_forgotten() -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    record = await get_record(traceparent=f"00-{trace}-{span}-01")
    assert [one.value for one in record.personal if one.name == "caller_span"] == [span]
    ours = f"{trace}-{get_span_id(record.call_id)}"
    assert dict(record.facts)[Fact.TRACE_SPAN] == ours


async def test_another_client_than_the_surfaces_is_a_near_miss_and_no_refusal() -> None:
    workflow = build_workflow(client="Support-Console/")
    for client, near_miss in (("support-console/2.1", False), ("curl/8", True), ("", True)):
        talk = Conversation(build_standing(workflow=workflow))
        talk.provider.answers = [ScriptedAnswer(body=completion("Paris"))]
        headers = {"user-agent": client} if client else {}
        assert isinstance(await talk.run(headers=headers), Answered)
        (record,) = talk.journal.closings
        assert (dict(record.facts).get(Fact.NEAR_MISS) == "other_client") == near_miss
        assert (f"client={client or 'none'}" in list_tags(record)) == near_miss


async def test_without_a_named_client_no_user_agent_is_kept() -> None:
    assert "curl/8" not in repr(await get_record(user_agent="curl/8"))
