"""Notices over a real SMTP conversation and a real webhook, both on this machine."""

import email
import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from alos.domain.ids import PersonId
from alos.domain.notice import Channel, Delivery, Mailer, Notice
from alos.exporters.couriers import StandardCourier
from alos.ports.notices import NoticeFailed

COURIER = StandardCourier(lambda _: "user:password")


def make_notice(address: str, channel: Channel) -> Notice:
    return Notice(
        id="notice_1",
        subject="support@1 internal\nBcc: everybody@example.com",
        lines=("It is live for internal users.", "Ask ben."),
        to=(PersonId("dan"),),
        person=PersonId("dan") if channel is Channel.EMAIL else None,
        channel=channel,
        address=address,
        state=Delivery.WAITING,
        attempts=0,
        made_at_unix=1,
        next_at_unix=1,
    )


class _Mailbox(socketserver.ThreadingTCPServer):
    """A mailer that speaks as much SMTP as a client needs; it refuses ``refused@``."""

    allow_reuse_address = True
    daemon_threads = True
    messages: list[bytes]


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 peer\r\n")
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                    lines.append(line)
                self.server.messages.append(b"".join(lines))  # type: ignore[attr-defined]
            if word == b"RCPT" and b"refused@" in line:
                self.wfile.write(b"550 nobody here\r\n")
                continue
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")


@contextmanager
def run(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def mailbox() -> Iterator[_Mailbox]:
    with _Mailbox(("127.0.0.1", 0), _Conversation) as server:
        server.messages = []
        with run(server):
            yield server


def get_mailer(port: int) -> Mailer:
    return Mailer(
        host="127.0.0.1", port=port, sender="alos@example.com", credential="", use_tls=False
    )


def test_an_email_arrives_and_a_subject_adds_no_header(mailbox: _Mailbox) -> None:
    COURIER.send_email(
        make_notice("dan@example.com", Channel.EMAIL), get_mailer(mailbox.server_address[1])
    )
    (raw,) = mailbox.messages
    message = email.message_from_bytes(raw)
    assert message["To"] == "dan@example.com"
    assert message["Bcc"] is None
    assert "Ask ben." in message.get_payload()


@pytest.mark.parametrize("address", ["refused@example.com", "dan@example.com"])
def test_what_the_mailer_does_not_take_has_failed(mailbox: _Mailbox, address: str) -> None:
    port = mailbox.server_address[1]
    if address == "dan@example.com":
        mailbox.shutdown()
        mailbox.server_close()
    with pytest.raises(NoticeFailed, match="mailer did not take it"):
        COURIER.send_email(make_notice(address, Channel.EMAIL), get_mailer(port))


class _Hook(http.server.BaseHTTPRequestHandler):
    taken: list[Any] = []  # noqa: RUF012 - the server makes the handler
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).taken.append(json.loads(body))
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("status", [200, 204, 404, 500])
def test_a_webhook_takes_it_with_a_2xx_alone(status: int) -> None:
    _Hook.taken, _Hook.status = [], status
    with run(http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hook)) as server:
        notice = make_notice(f"http://127.0.0.1:{server.server_port}/in?x=1", Channel.WEBHOOK)
        if status < 300:
            COURIER.post(notice)
        else:
            with pytest.raises(NoticeFailed, match=f"answered {status}"):
                COURIER.post(notice)
    assert _Hook.taken[0]["to"] == ["dan"]
    assert _Hook.taken[0]["id"] == "notice_1"
