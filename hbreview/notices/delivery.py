"""Hands one message to the configured mail server; each step of the talk has a time limit."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from ..config import Settings

TIMEOUT = 20  # seconds, for each answer of the server
_PORTS = {"smtp": 25, "smtps": 465}


class UnreachableError(OSError):
    """The server does not answer, hangs up or does not let us in: other letters would fare no better now."""


def deliver(message: EmailMessage, *, settings: Settings) -> None:
    """Send the message, encrypted where the server offers it.

    UnreachableError when the server cannot be talked to, smtplib.SMTPException when it does not take this letter.
    """
    try:
        server = _connected(settings)
        try:
            server.send_message(message)
            _take_leave(server)
        finally:
            server.close()
    except (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError, smtplib.SMTPAuthenticationError) as error:
        raise UnreachableError(_without_answer(error)) from error
    except smtplib.SMTPException:
        raise
    except OSError as error:  # refused, timed out, no such host, no good certificate
        raise UnreachableError(str(error)) from error


def _without_answer(error: smtplib.SMTPException) -> str:
    # A server's answer to a wrong password may repeat what was sent.
    return f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()


def _take_leave(server: smtplib.SMTP) -> None:
    # The letter was accepted: whatever is said to a goodbye, sending it again would be the mistake.
    with contextlib.suppress(OSError, smtplib.SMTPException):
        server.quit()


def _connected(settings: Settings) -> smtplib.SMTP:
    url = urlsplit(settings.smtp_url)
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    # Our own name is given: looking it up may hang where name resolution is down.
    own = urlsplit(settings.public_url).hostname or "localhost"
    context = ssl.create_default_context()
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, local_hostname=own, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, port, local_hostname=own, timeout=TIMEOUT)
    try:
        server.ehlo()
        if url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
    except BaseException:
        server.close()
        raise
    return server
