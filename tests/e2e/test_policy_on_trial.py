"""A boundary tried before it is in force: on the calls that are kept, and beside live ones."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS, SUPPORT, get_path

_PLAN = "Please summarise the plan for project nightingale."
_SHADOW = "  shadow:\n    incident_details: {action: block, detectors: [pii]}\n  pii: redact\n"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway(changes=[(get_path(SUPPORT), "  pii: redact\n", _SHADOW)]) as running:
        yield running


def _send(gateway: Gateway, key: str, text: str) -> Any:
    answer = asyncio.run(ask(gateway.port, say(text), key=key))
    gateway.wait_until_shipped(answer.call)
    return answer


def _change(gateway: Gateway, tmp_path: Path, file: str, before: str, after: str) -> Path:
    folder = tmp_path / "changed"
    shutil.copytree(gateway.config, folder)
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1))
    return folder


def test_a_new_word_is_tried_on_kept_calls_and_blocks_none_of_them(
    gateway: Gateway, tmp_path: Path
) -> None:
    key = gateway.create_key(QUESTIONS)
    plan = _send(gateway, key, _PLAN)
    _send(gateway, key, "What is the capital of France?")
    redacted = _send(gateway, key, "write to ann.lee@acme.io about it")
    refused = _send(gateway, key, "The board deck draft is late")
    assert (plan.status, redacted.status, refused.code) == (200, 200, "alos_forbidden_input")
    words = "  finance-words:\n"
    changed = _change(gateway, tmp_path, "alos.yaml", words, f"{words}    - project nightingale\n")

    tried = gateway.cli("policy", "try", str(changed), "--json", "--workflow", QUESTIONS)
    assert tried.returncode == 0, tried.stderr
    result = json.loads(tried.stdout)

    assert (result["new_blocks"], result["replayed"], result["redacted_then"]) == (1, 3, 1)
    assert [one["call_id"] for one in result["blocked"]] == [plan.call]
    assert result["blocked"][0]["data_class"] == "unreleased_financials"
    assert sum(result["not_replayed"].values()) == 1, "the refused call's request is not kept"
    assert "nightingale" not in tried.stdout
    assert _send(gateway, key, _PLAN).status == 200, "a trial puts nothing in force"

    for_people = gateway.cli("policy", "try", str(changed), "--workflow", QUESTIONS).stdout
    assert "1 would newly be blocked" in for_people or "2 would newly be blocked" in for_people
    assert "Not replayed: 1 (" in for_people


def test_a_changed_folder_with_a_mistake_says_where(gateway: Gateway, tmp_path: Path) -> None:
    broken = _change(gateway, tmp_path, "alos.yaml", "size_class: small", "size_class: tiny")
    tried = gateway.cli("policy", "try", str(broken))
    assert tried.returncode == 1
    assert "alos.yaml, line" in tried.stderr


def test_what_a_rule_on_trial_would_have_blocked_is_added_up(gateway: Gateway) -> None:
    key = gateway.create_key(SUPPORT)
    caught = [_send(gateway, key, f"write to ann{n}@acme.io please") for n in range(3)]
    free = _send(gateway, key, "My parcel has not arrived. Where is it?")
    assert {one.status for one in (*caught, free)} == {200}

    report = json.loads(gateway.cli("policy", "shadow", "--json").stdout)

    assert (report["calls"], report["blocked"], report["is_complete"]) == (3, 3, True)
    (rule,) = report["rules"]
    assert (rule["workflow"], rule["data_class"], rule["would"]) == (
        SUPPORT,
        "incident_details",
        "block",
    )
    assert sorted(rule["newest"]) == sorted(one.call for one in caught)

    shown = gateway.cli("policy", "shadow").stdout
    assert "would have touched 3 calls that went through, and blocked 3 of them" in shown
    assert "ann0@acme.io" not in shown
    counted = f'alos_calls_near_miss_total{{why="shadow",workflow="{SUPPORT}"}} 3.0'
    assert counted in gateway.get("/metrics")[1].decode()


def test_without_a_rule_on_trial_the_report_says_how_to_begin(gateway: Gateway) -> None:
    shown = gateway.cli("policy", "shadow", "--workflow", QUESTIONS)
    assert shown.returncode == 0
    assert "boundary: shadow:" in shown.stdout
