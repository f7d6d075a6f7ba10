"""Whoever may vote is asked by e-mail and by webhook, and what became of each request is kept."""

import email
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.gateway import Gateway, run_gateway
from tests.e2e.organisation import SUPPORT
from tests.exporters.peers import Hook, Mailbox, run

RELEASE = f"{SUPPORT}/1"
LONGEST_SECONDS = 30


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with run(Mailbox()) as made:
        yield made


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with run(Hook()) as made:
        yield made


@pytest.fixture(scope="module")
def gateway(mailbox: Mailbox, hook: Hook) -> Iterator[Gateway]:
    notices = (
        f"notices:\n  webhook_url: {hook.url}\n  mailer: {{host: 127.0.0.1, port: {mailbox.port},"
        " sender: alos@example.com, use_tls: false}\n\npolicy:\n"
    )
    with run_gateway(changes=[("alos.yaml", "policy:\n", notices)]) as running:
        folder = running.config / "workflows" / SUPPORT
        done = running.cli("release", "submit", str(folder))
        assert done.returncode == 0, done.stderr
        yield running


def wait_for_delivered(gateway: Gateway) -> list[dict[str, object]]:
    until = time.monotonic() + LONGEST_SECONDS
    while True:
        rows = gateway.manage("GET", "/api/v1/notices")[1]
        asked = [one for one in rows if one["subject"] == f"Your vote on {RELEASE}"]
        if asked and all(one["state"] == "delivered" for one in asked):
            return asked
        assert time.monotonic() < until, rows
        time.sleep(0.2)


def test_every_voter_gets_the_change_on_one_page_by_mail_and_the_channel_by_webhook(
    gateway: Gateway, mailbox: Mailbox, hook: Hook, tmp_path: Path
) -> None:
    asked = wait_for_delivered(gateway)
    assert {one["channel"] for one in asked} == {"email", "webhook"}
    mails = [email.message_from_bytes(one) for one in mailbox.messages]
    votes = [one for one in mails if one["Subject"] == f"Your vote on {RELEASE}"]
    assert {"emil@example.com", "dan@example.com"} <= {one["To"] for one in votes}
    assert len(votes) == len({one["To"] for one in votes}), "nobody is asked twice"
    for one in votes:
        body = one.get_payload(decode=True)
        assert isinstance(body, bytes)
        assert f"alos release vote {RELEASE}".encode() in body
    posted = [one for one in hook.taken if RELEASE in json.dumps(one)]
    assert posted, hook.taken
    written = tmp_path / "notes.jsonl"
    assert gateway.cli("export", "notes", str(written)).returncode == 0
    noted = [line for line in written.read_text().splitlines() if '"notice"' in line]
    assert len(noted) >= len(asked)
    assert all("example.com" not in line for line in noted), "an address stays out of the log"
