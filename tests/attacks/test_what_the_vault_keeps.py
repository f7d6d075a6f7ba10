"""Bodies: none is read without a record, holds a credential, or outlives its key."""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest

from alos.domain.ids import CallId
from alos.domain.record import NoteKind
from alos.domain.vault import Gone, get_label
from alos.store.vault.files import FileVault
from alos.store.vault.master import read_master_key
from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.http_client import ask, say
from tests.e2e.organisation import QUESTIONS
from tests.e2e.samples import make_credentials, make_text


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """One of its own: these tests erase."""
    with run_gateway() as running:
        yield running


@pytest.fixture(scope="module")
def key(gateway: Gateway) -> str:
    return gateway.create_key(QUESTIONS)


async def _call(gateway: Gateway, key: str, text: str, **more: Any) -> str:
    answer = await ask(gateway.port, say(text, **more), key=key)
    assert answer.status == 200, answer
    gateway.wait_until_shipped(answer.headers["x-alos-call"])
    return answer.headers["x-alos-call"]


def _run(gateway: Gateway, *words: str) -> subprocess.CompletedProcess[str]:
    done = gateway.cli(*words)
    assert done.returncode == 0, done.stderr
    return done


def _facts(gateway: Gateway, call: str) -> dict[str, str]:
    return dict(gateway.wait_until_shipped(call)["record"]["facts"])


async def test_a_kept_body_is_read_back_and_the_reading_is_on_record(
    gateway: Gateway, key: str
) -> None:
    token = make_text(ascii_lowercase, 12)
    call = await _call(gateway, key, f"remember the word {token}")
    assert token in _run(gateway, "call", "body", call, "request").stdout
    assert json.loads(_run(gateway, "call", "body", call).stdout)["choices"]
    reads = [dict(one.facts) for one in gateway.read_journal().get_notes(NoteKind.BODY_READ)]
    assert [(one["call"], one["body"]) for one in reads if one["call"] == call] == [
        (call, "request"),
        (call, "answer"),
    ]


async def test_a_stream_s_kept_answer_is_found_by_a_text_that_spans_its_events(
    gateway: Gateway, key: str
) -> None:
    token = make_text(ascii_lowercase, 12)
    gateway.upstream.says = f"The word is {token}, and no other."
    call = await _call(gateway, key, "say it", stream=True)
    phrase = f"word is {token}, and"
    assert phrase not in _run(gateway, "call", "body", call).stdout
    done = _run(gateway, "call", "search", "--text", phrase, "--workflow", QUESTIONS, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = [line["match"] for line in lines if "match" in line]
    assert [(one["call_id"], one["kind"]) for one in found] == [(call, "answer")]
    assert lines[-1]["progress"]["calls"] >= 1
    assert gateway.cli("call", "search", "--text", token).returncode == 2
    too_long = ("--workflow", QUESTIONS, "--since", "8d")
    assert gateway.cli("call", "search", "--text", token, *too_long).returncode == 1


async def test_no_credential_stands_in_any_stored_body(gateway: Gateway, key: str) -> None:
    credentials = make_credentials()
    for one in credentials:
        await ask(gateway.port, say(f"use {one.text} please"), key=key)
    await _call(gateway, key, "nothing to hide")
    bodies = await _decrypt_everything(gateway)
    assert bodies
    for one in credentials:
        assert not any(one.needle.encode() in body for body in bodies)


async def test_after_erasure_the_body_is_gone_also_from_a_copy_of_the_bodies(
    gateway: Gateway, key: str, tmp_path: Path
) -> None:
    token = make_text(ascii_lowercase, 12)
    call = await _call(gateway, key, f"forget {token}")
    shutil.copytree(gateway.home / "bodies", tmp_path / "copy")
    reference = _facts(gateway, call)["request_body"]
    _run(gateway, "erase", "call", call, "--request", "T-1")
    done = gateway.cli("call", "body", call, "request")
    assert done.returncode == 1
    assert "erased" in done.stderr
    vault = await FileVault.start(
        gateway.home / "vault-keys",
        tmp_path / "copy",
        read_master_key(gateway.home / "vault-master.key"),
    )
    label = get_label(CallId(call), "request")
    assert vault.get(reference, label=label) is Gone.ERASED  # type: ignore[arg-type]
    await vault.stop()


async def test_a_legal_hold_keeps_a_person_from_being_erased_until_it_is_released(
    gateway: Gateway, key: str
) -> None:
    call = await _call(gateway, key, "hold this")
    principal = next(
        one["value"]
        for one in gateway.wait_until_shipped(call)["personal"]
        if one["name"] == "principal"
    )
    wish = ("legal-hold", "place", "person", principal, "--reason", "a matter", "--json")
    hold = json.loads(_run(gateway, *wish).stdout)
    assert hold["bodies"] >= 2
    refused = gateway.cli("erase", "person", principal, "--request", "T-2")
    assert refused.returncode == 1
    assert hold["id"] in refused.stderr
    assert _run(gateway, "call", "body", call, "request").stdout
    assert hold["id"] in _run(gateway, "legal-hold", "list", "--json").stdout
    _run(gateway, "legal-hold", "release", hold["id"])
    evidence = _wait_for_evidence(gateway, call)
    _run(gateway, "erase", "person", principal, "--request", "T-2")
    assert gateway.cli("call", "body", call, "request").returncode == 1
    assert not [
        one for one in gateway.wait_until_shipped(call)["personal"] if one["value"] == principal
    ]
    assert _run(gateway, "ledger", "verify").returncode == 0
    assert _run(gateway, "verify-evidence", str(evidence)).returncode == 0


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_caller_s_receipt_is_kept_by_the_ledger_and_good_for_no_other_call(
    gateway: Gateway, key: str, *, streamed: bool
) -> None:
    answer = await ask(gateway.port, say("hi", stream=streamed), key=key)
    call, receipt = answer.headers["x-alos-call"], answer.headers.get("x-alos-receipt")
    if streamed:
        comment = next(one for one in answer.body.splitlines() if one.startswith(b": alos "))
        receipt = json.loads(comment.removeprefix(b": alos "))["receipt"]
    assert receipt is not None
    _wait_for_evidence(gateway, call)
    assert "Kept" in _run(gateway, "ledger", "receipt", call, receipt).stdout
    other = await ask(gateway.port, say("hello"), key=key)
    assert gateway.cli("ledger", "receipt", other.headers["x-alos-call"], receipt).returncode == 1


def _wait_for_evidence(gateway: Gateway, call: str) -> Path:
    """An evidence file of a call, made as soon as it is sealed."""
    path = gateway.folder / "evidence.json"
    until = time.monotonic() + 10
    while time.monotonic() < until:
        done = gateway.cli("ledger", "prove", call, "--out", str(path))
        if done.returncode == 0 and path.exists():
            return path
        time.sleep(0.3)
    raise AssertionError(f"never sealed: {done.stdout}{done.stderr}")


async def _decrypt_everything(gateway: Gateway) -> list[bytes]:
    """Every body of every call on record, with the gateway's own keys."""
    vault = await FileVault.start(
        gateway.home / "vault-keys",
        gateway.home / "bodies",
        read_master_key(gateway.home / "vault-master.key"),
    )
    found = []
    for closing in gateway.read_journal().closings:
        for fact, kind in (("request_body", "request"), ("answer_body", "answer")):
            reference = dict(closing.facts).get(fact)
            if reference is not None:
                label = get_label(closing.call_id, kind)
                body = vault.get(reference, label=label)  # type: ignore[arg-type]
                if isinstance(body, bytes):
                    found.append(body)
    await vault.stop()
    return found


async def test_after_a_kill_under_load_every_body_that_a_record_names_is_there() -> None:
    with run_gateway() as victim:
        key = victim.create_key(QUESTIONS)

        async def call(number: int) -> None:
            with suppress(OSError, AssertionError, ValueError, asyncio.IncompleteReadError):
                for _ in range(200):
                    await ask(victim.port, say(f"hi {number}", stream=bool(number % 2)), key=key)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call(number)) for number in range(16)]
            await asyncio.sleep(1.5)
            victim.kill()
            await asyncio.wait(tasks, timeout=30)
        named = [
            fact
            for closing in victim.read_journal().closings
            for fact in dict(closing.facts)
            if fact.endswith("_body")
        ]
        assert len(named) > 20
        assert len(await _decrypt_everything(victim)) == len(named)
