"""A mail server, by SMTP (RFC 5321)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

# For each answer of the server; a conversation has about ten.
_PATIENCE_S = 8.0

_PORTS = {"smtp": 25, "smtps": 465}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PERMANENT = 500


class MailServerAway(Exception):
    """It does not answer, or not yes, for now: the same mail may go later."""


class MailRefused(Exception):
    """It will never take this mail, and says so."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in: `smtp://user:password@host:port` or `smtps://`.

    Credentials go over TLS alone, or stay on this machine.
    """

    uri: str

    def deliver(self, message: EmailMessage, taken: Callable[[], None]) -> None:
        """Hand a mail in, and call `taken` as soon as the server says that it has it.

        Raises MailServerAway, MailRefused.
        """
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise MailServerAway(type(error).__name__) from error
        try:
            _hand_in(server, message)
            taken()
        finally:
            # What the server says at the end changes nothing any more.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        where = urlsplit(self.uri)
        host, port = where.hostname or "", where.port or _PORTS[where.scheme]
        is_here = host in _LOOPBACK
        server: smtplib.SMTP
        if where.scheme == "smtps":
            context = ssl.create_default_context()
            server = smtplib.SMTP_SSL(host, port, timeout=_PATIENCE_S, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=_PATIENCE_S)
        try:
            server.ehlo_or_helo_if_needed()
            is_private = is_here or where.scheme == "smtps"
            if not is_private and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
                is_private = True
            if where.username:
                if not is_private:
                    raise MailServerAway("no TLS to send a password over")
                server.login(unquote(where.username), unquote(where.password or ""))
        except BaseException:
            server.close()
            raise
        return server


def _hand_in(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        ((code, _),) = error.recipients.values()
        raise (MailRefused if code >= _PERMANENT else MailServerAway)(str(code)) from error
    except smtplib.SMTPDataError as error:
        permanent = error.smtp_code >= _PERMANENT
        raise (MailRefused if permanent else MailServerAway)(str(error.smtp_code)) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailRefused("the server takes no address of this kind (SMTPUTF8)") from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailServerAway(type(error).__name__) from error
