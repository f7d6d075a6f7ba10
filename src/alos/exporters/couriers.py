"""Carries notices by SMTP and by webhook, with the standard library alone; blocks."""

import http.client
import json
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from typing import Final
from urllib.parse import urlsplit

from alos.domain.notice import Mailer, Notice
from alos.ports.notices import NoticeFailed

_SECONDS: Final = 10.0


class StandardCourier:
    """The :class:`alos.ports.notices.Courier` of the standard library.

    Args:
        open_credential: gives the text that a reference (``env:NAME``, ``file:PATH``) names.
    """

    def __init__(self, open_credential: Callable[[str], str]) -> None:
        self._open_credential = open_credential

    def send_email(self, notice: Notice, mailer: Mailer) -> None:
        """Hand it to the mailer.

        Raises:
            NoticeFailed: it was not taken.
        """
        message = EmailMessage()
        message["From"], message["To"] = mailer.sender, notice.address
        message["Subject"] = " ".join(notice.subject.split())
        message["Message-ID"] = f"<{notice.id}@{mailer.host}>"
        message.set_content("\n".join(notice.lines) + "\n")
        try:
            with smtplib.SMTP(mailer.host, mailer.port, timeout=_SECONDS) as smtp:
                if mailer.use_tls:
                    smtp.starttls(context=ssl.create_default_context())
                if mailer.credential:
                    user, _, password = self._open_credential(mailer.credential).partition(":")
                    smtp.login(user, password)
                smtp.send_message(message)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise NoticeFailed(f"the mailer did not take it ({type(error).__name__})") from error

    def post(self, notice: Notice) -> None:
        """Post it as JSON to its address.

        Raises:
            NoticeFailed: it was not taken with a 2xx.
        """
        parts = urlsplit(notice.address)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        body = {
            "id": notice.id,
            "subject": notice.subject,
            "text": "\n".join((notice.subject, *notice.lines)),
            "to": list(notice.to),
        }
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = kind(parts.hostname or "", parts.port, timeout=_SECONDS)
        try:
            connection.request(
                "POST", path, json.dumps(body).encode(), {"content-type": "application/json"}
            )
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoticeFailed(f"the webhook can't be reached ({type(error).__name__})") from error
        finally:
            connection.close()
        if not http.HTTPStatus.OK <= status < http.HTTPStatus.MULTIPLE_CHOICES:
            raise NoticeFailed(f"the webhook answered {status}")
