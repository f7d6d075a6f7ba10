"""``POST /api/v1/scan`` tells where findings are, and never what they are."""

import json
from pathlib import Path

import pytest

from alos.checks.base import Pack, Trigger
from alos.checks.catalogue import build_scanner
from tests.api.desk import Desk, open_desk


async def ask(desk: Desk, body: object) -> tuple[int, str]:
    answer = await desk.ask("POST", "/api/v1/scan", body=body, local=True)
    return answer.status_code, answer.text


async def test_findings_have_a_place_and_no_text(dev_desk: Desk) -> None:
    answer = await dev_desk.ask(
        "POST", "/api/v1/scan", body={"id": "a", "text": "write to ann.lee@acme.io"}, local=True
    )
    (found,) = answer.json()["findings"]
    assert (answer.status_code, answer.json()["id"]) == (200, "a")
    assert (found["kind"], found["type"]) == ("pii", "EMAIL_ADDRESS")
    assert (found["start"], found["end"]) == (9, 24)
    assert "acme" not in answer.text


async def test_names_are_guessed_where_asked_for_and_labelled_so(dev_desk: Desk) -> None:
    text = "Linda Johnson (linda.johnson@acme.io) flew to Lisbon."
    body: dict[str, object] = {"text": text}
    _, plain = await ask(dev_desk, body)
    assert [one["type"] for one in json.loads(plain)["findings"]] == ["EMAIL_ADDRESS"]
    _, named = await ask(dev_desk, {**body, "names": True})
    assert [
        (one["type"], text[one["start"] : one["end"]], one["rule"], one["confidence"])
        for one in json.loads(named)["findings"]
    ] == [
        ("PERSON", "Linda Johnson", "guess/person", 0.3),
        ("EMAIL_ADDRESS", "linda.johnson@acme.io", "pii/email", 0.95),
        ("LOCATION", "Lisbon", "guess/location", 0.3),
    ]


async def test_a_production_folders_socket_refuses(desk: Desk) -> None:
    assert (await ask(desk, {"text": "hello"}))[0] == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": 1},
        {"text": "a" * 100_001},
        {"text": "", "x": 1},
        {"text": "", "names": "PERSON"},
    ],
)
async def test_anything_else_is_wrong_use(dev_desk: Desk, body: object) -> None:
    assert (await ask(dev_desk, body))[0] == 422


async def test_a_rule_that_fails_is_not_a_clean_answer(tmp_path: Path) -> None:
    def fail(_text: str, _start: int, _end: int) -> None:
        raise IndexError

    trigger = Trigger(rule="secret/broken", expression="hello", confirm=fail)
    broken = build_scanner([Pack(name="broken", digest="", triggers=[trigger])])
    async with open_desk(tmp_path, dev=True, scanner=broken) as desk:
        assert (await ask(desk, {"text": "hello"}))[0] == 503
