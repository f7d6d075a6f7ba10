"""``POST /api/v1/scan`` tells where findings are, and a production folder's socket refuses it."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from alos.api.app import build_api
from alos.checks.base import Pack, Trigger
from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.packs import standard_packs
from alos.control.directory import Directory
from alos.control.plane import ControlPlane

SCANNER = build_scanner(standard_packs())


async def ask(body: object, *, dev: bool = True, scanner: Scanner = SCANNER) -> tuple[int, str]:
    async def note_refusal(_asked: str, *, by: str) -> None:
        del by

    plane = cast("ControlPlane", SimpleNamespace(is_dev=dev, note_refusal=note_refusal))
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode()}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/scan",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await build_api(plane, scanner, cast("Directory", None))(scope, receive, send)
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:]).decode()


async def test_findings_have_a_place_and_no_text() -> None:
    status, text = await ask({"id": "a", "text": "write to ann.lee@acme.io"})
    answer = json.loads(text)
    (found,) = answer["findings"]
    assert (status, answer["id"]) == (200, "a")
    assert (found["kind"], found["type"]) == ("pii", "EMAIL_ADDRESS")
    assert (found["start"], found["end"]) == (9, 24)
    assert "acme" not in text


async def test_a_production_folder_refuses() -> None:
    assert (await ask({"text": "hello"}, dev=False))[0] == 403


@pytest.mark.parametrize("body", [{}, {"text": 1}, {"text": "a" * 100_001}, {"text": "", "x": 1}])
async def test_anything_else_is_wrong_use(body: object) -> None:
    assert (await ask(body))[0] == 422


async def test_a_rule_that_fails_is_not_a_clean_answer() -> None:
    def fail(_text: str, _start: int, _end: int) -> None:
        raise IndexError

    trigger = Trigger(rule="secret/broken", expression="hello", confirm=fail)
    broken = build_scanner([Pack(name="broken", digest="", triggers=[trigger])])
    assert (await ask({"text": "hello"}, scanner=broken))[0] == 503
