"""Notices over a real SMTP conversation and a real webhook, both on this machine."""

import email
from collections.abc import Iterator

import pytest

from alos.domain.ids import PersonId
from alos.domain.notice import Channel, Delivery, Mailer, Notice
from alos.exporters.couriers import StandardCourier
from alos.ports.notices import NoticeFailed
from tests.exporters.peers import Hook, Mailbox, run

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


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with run(Mailbox()) as server:
        yield server


def get_mailer(port: int) -> Mailer:
    return Mailer(
        host="127.0.0.1", port=port, sender="alos@example.com", credential="", use_tls=False
    )


def test_an_email_arrives_and_a_subject_adds_no_header(mailbox: Mailbox) -> None:
    COURIER.send_email(make_notice("dan@example.com", Channel.EMAIL), get_mailer(mailbox.port))
    (raw,) = mailbox.messages
    message = email.message_from_bytes(raw)
    assert message["To"] == "dan@example.com"
    assert message["Bcc"] is None
    assert "Ask ben." in message.get_payload()


@pytest.mark.parametrize("address", ["refused@example.com", "dan@example.com"])
def test_what_the_mailer_does_not_take_has_failed(mailbox: Mailbox, address: str) -> None:
    port = mailbox.port
    if address == "dan@example.com":
        mailbox.shutdown()
        mailbox.server_close()
    with pytest.raises(NoticeFailed, match="mailer did not take it"):
        COURIER.send_email(make_notice(address, Channel.EMAIL), get_mailer(port))


@pytest.mark.parametrize("status", [200, 204, 404, 500])
def test_a_webhook_takes_it_with_a_2xx_alone(status: int) -> None:
    with run(Hook(status)) as server:
        notice = make_notice(server.url, Channel.WEBHOOK)
        if status < 300:
            COURIER.post(notice)
        else:
            with pytest.raises(NoticeFailed, match=f"answered {status}"):
                COURIER.post(notice)
    assert server.taken[0]["to"] == ["dan"]
    assert server.taken[0]["id"] == "notice_1"
