"""A changed alos.yaml takes force without a restart, and stays in force over one."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from alos.domain.record import NoteKind
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS, SUPPORT


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with run_gateway() as running:
        yield running


def get_number(gateway: Gateway) -> int:
    return int(gateway.manage("GET", "/api/v1/config")[1]["revision"])


def change(gateway: Gateway, file: str, before: str, after: str) -> None:
    path = gateway.config / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_a_bad_file_changes_nothing_and_says_where(gateway: Gateway) -> None:
    key = gateway.create_key(QUESTIONS)
    change(gateway, "alos.yaml", "size_class: small", "size_class: tiny")
    refused = gateway.cli("config", "apply", str(gateway.config))
    assert refused.returncode == 1
    assert "alos.yaml:" in refused.stderr
    assert "models.small-local.size_class" in refused.stderr
    assert get_number(gateway) == 1
    assert asyncio.run(ask(gateway.port, say(), key=key)).status == 200
    change(gateway, "alos.yaml", "size_class: tiny", "size_class: small")


def test_a_new_dictionary_blocks_from_the_next_call_on(gateway: Gateway) -> None:
    key = gateway.create_key(SUPPORT)
    text = "Please summarise the plan for project nightingale."
    assert asyncio.run(ask(gateway.port, say(text), key=key)).status == 200
    words = "  finance-words:\n"
    change(gateway, "alos.yaml", words, f"{words}    - project nightingale\n")
    assert gateway.cli("config", "apply", str(gateway.config)).returncode == 0
    after = asyncio.run(ask(gateway.port, say(text), key=key))
    assert after.code == "alos_forbidden_input"


def test_a_running_stream_keeps_what_it_began_with(gateway: Gateway) -> None:
    async def run() -> bytes:
        key = gateway.create_key(QUESTIONS)
        stream = asyncio.ensure_future(
            ask(gateway.port, say("[[endless]]", stream=True), key=key, timeout=30)
        )
        await asyncio.sleep(0.3)
        change(gateway, "alos.yaml", "title: Engineering", "title: Engineers")
        applied = await asyncio.to_thread(gateway.cli, "config", "apply", str(gateway.config))
        assert applied.returncode == 0, applied.stderr
        await asyncio.sleep(0.3)
        assert not stream.done()
        gateway.manage("POST", "/api/v1/stops", {"kind": "workflow", "target": QUESTIONS})
        gateway.manage("POST", "/api/v1/revivals", {"kind": "workflow", "target": QUESTIONS})
        return (await stream).body

    assert b"alos_workflow_stopped" in asyncio.run(run())


def test_a_workflow_of_a_dev_folder_is_applied_with_the_rest(gateway: Gateway) -> None:
    before = get_number(gateway)
    path = f"workflows/{QUESTIONS}/workflow.yaml"
    change(gateway, path, "title: Questions", "title: More questions")
    applied = gateway.cli("config", "apply", str(gateway.config), "--json")
    answer = json.loads(applied.stdout)
    assert (answer["sections"], answer["revision"]) == (["workflows"], before + 1)
    status = gateway.manage("GET", "/api/v1/status")[1]
    assert any(one["title"].startswith("More questions") for one in status["workflows"])


def test_an_approval_that_ends_is_refused_without_a_restart(gateway: Gateway) -> None:
    key = gateway.create_key(QUESTIONS)
    before = get_number(gateway)
    first = asyncio.run(ask(gateway.port, say(), key=key))
    assert first.status == 200
    change(gateway, "alos.yaml", "approved_until: 20", "approved_until: 19")
    shown = gateway.cli("config", "plan", str(gateway.config))
    assert shown.returncode == 0, shown.stderr
    assert "~ alos.yaml: vendors.local.approved_until: 20" in shown.stdout
    assert asyncio.run(ask(gateway.port, say(), key=key)).status == 200
    applied = gateway.cli("config", "apply", str(gateway.config))
    assert applied.returncode == 0, applied.stderr + applied.stdout
    assert f"Revision {before + 1} is in force." in applied.stdout
    refused = asyncio.run(ask(gateway.port, say(), key=key))
    assert refused.code == "alos_vendor_approval_ended"
    digests = {
        one["number"]: one["digest"]
        for one in gateway.manage("GET", "/api/v1/config")[1]["revisions"]
    }
    for call, number in ((first.call, before), (refused.call, before + 1)):
        assert gateway.wait_until_shipped(call)["record"]["policy"] == digests[number]
    notes = gateway.read_journal().get_notes(NoteKind.CONFIG_APPLIED)
    numbers = [str(number) for number in range(1, before + 2)]
    assert [dict(note.facts)["revision"] for note in notes] == numbers


def test_a_new_way_out_and_new_bounds_to_a_vendor_take_force_at_once(gateway: Gateway) -> None:
    """A vendor that came with a revision gets its proxy and its bounds like one of the start."""
    key = gateway.create_key(SUPPORT)
    path = f"workflows/{SUPPORT}/workflow.yaml"
    vendor, model = (
        f"""  second:
    wire_formats: [openai-chat]
    base_url: {gateway.upstream.url}
    credential: none
    retries: 0
    connections: {{most: 3, queue: 1}}
    proxy_url: http://127.0.0.1:9
    terms: the same
    region: our own premises
    retention_days: 0
    approved_until: 2999-01-01

models:
""",
        """  second-model:
    vendor: second
    upstream_name: scripted
    size_class: small
    data_classes: [public, internal]
    context_tokens: 2048
    max_output_tokens: 512
    price: {input_usd_per_million: 1, output_usd_per_million: 2}

# Roles""",
    )
    change(gateway, "alos.yaml", "models:\n", vendor)
    change(gateway, "alos.yaml", "# Roles", model)
    change(gateway, path, "primary: small-local", "primary: second-model")
    applied = gateway.cli("config", "apply", str(gateway.config))
    assert applied.returncode == 0, applied.stderr + applied.stdout
    sent = len(gateway.upstream.bodies)
    behind_proxy = asyncio.run(ask(gateway.port, say(), key=key))
    assert behind_proxy.headers.get("x-alos-fallback") == "text", behind_proxy.body
    attempts = gateway.wait_until_shipped(behind_proxy.call)["record"]["attempts"]
    assert [(one["model"], one["result"]) for one in attempts] == [("second-model", "connect")]
    assert len(gateway.upstream.bodies) == sent
    views = gateway.manage("GET", "/api/v1/upstreams")[1]["connections"]
    assert {one["vendor"]: one["most"] for one in views}["second"] == 3
    change(gateway, "alos.yaml", "    proxy_url: http://127.0.0.1:9\n", "")
    change(gateway, "alos.yaml", "{most: 3, queue: 1}", "{most: 5, queue: 1}")
    assert gateway.cli("config", "apply", str(gateway.config)).returncode == 0
    direct = asyncio.run(ask(gateway.port, say(), key=key))
    assert direct.status == 200, direct.body
    assert direct.headers["x-alos-model"] == "second-model"
    views = gateway.manage("GET", "/api/v1/upstreams")[1]["connections"]
    assert {one["vendor"]: one["most"] for one in views}["second"] == 5


def list_attempts(gateway: Gateway, key: str) -> list[str]:
    failed = asyncio.run(ask(gateway.port, say("[[fail]]"), key=key, timeout=30))
    attempts = gateway.wait_until_shipped(failed.call)["record"]["attempts"]
    return [one["model"] for one in attempts]


def test_more_tries_at_a_vendor_take_force_at_once(gateway: Gateway) -> None:
    key = gateway.create_key(SUPPORT)
    assert list_attempts(gateway, key) == ["second-model"]
    change(gateway, "alos.yaml", "    retries: 0\n", "    retries: 2\n")
    assert gateway.cli("config", "apply", str(gateway.config)).returncode == 0
    assert list_attempts(gateway, key) == ["second-model"] * 3
    change(gateway, "alos.yaml", "    retries: 2\n", "    retries: 0\n")
    assert gateway.cli("config", "apply", str(gateway.config)).returncode == 0


def test_an_authority_that_can_not_be_read_stops_the_revision_and_no_call(
    gateway: Gateway,
) -> None:
    key = gateway.create_key(SUPPORT)
    before = get_number(gateway)
    change(gateway, "alos.yaml", "    retries: 0\n", "    retries: 0\n    ca_file: /no/such.pem\n")
    refused = gateway.cli("config", "apply", str(gateway.config))
    assert refused.returncode == 1, refused.stderr
    assert "vendors.second.ca_file" in refused.stderr
    assert get_number(gateway) == before
    assert asyncio.run(ask(gateway.port, say(), key=key)).status == 200
    gateway.stop()
    gateway.start()
    assert get_number(gateway) == before, "nor is it what the next start finds"
    assert asyncio.run(ask(gateway.port, say(), key=key)).status == 200
    authority = Path(certifi.where())
    change(gateway, "alos.yaml", "ca_file: /no/such.pem", f"ca_file: {authority}")
    assert gateway.cli("config", "apply", str(gateway.config)).returncode == 0
    assert asyncio.run(ask(gateway.port, say(), key=key)).status == 200
    change(gateway, "alos.yaml", f"    ca_file: {authority}\n", "")
    assert gateway.cli("config", "apply", str(gateway.config)).returncode == 0


def test_the_applied_revision_wins_over_the_folder_at_the_next_start(gateway: Gateway) -> None:
    before = get_number(gateway)
    key = gateway.create_key(QUESTIONS)
    gateway.stop()
    change(gateway, "alos.yaml", "approved_until: 19", "approved_until: 20")
    gateway.start()
    assert f"differs from revision {before}, which stays in force" in gateway.log
    refused = asyncio.run(ask(gateway.port, say(), key=key))
    assert refused.code == "alos_vendor_approval_ended"
