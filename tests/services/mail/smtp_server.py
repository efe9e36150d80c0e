"""A mail server for the tests: it speaks SMTP on loopback, and keeps what it is handed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from ticketing.server.mongod import free_port


class Mailbox:
    """Takes mail, but answers with `refusals` first, one for each that is handed in."""

    def __init__(self) -> None:
        self.port = free_port()
        self.taken: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.refusals: list[str] = []

    @property
    def uri(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content
        assert content is not None
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.envelopes.append(envelope)
        return "250 OK"

    def subjects(self) -> list[str]:
        return [message["Subject"] for message in self.taken]

    def code(self, number: int = -1) -> str:
        """Return the code that a mail has, as whoever got it would copy it."""
        found = re.search(r"asked for it: (\S+)", text_of(self.taken[number]))
        assert found is not None, text_of(self.taken[number])
        return found[1]


def text_of(message: EmailMessage) -> str:
    return str(message.get_content())


@contextmanager
def serving(mailbox: Mailbox) -> Iterator[Mailbox]:
    """Have a mailbox answer as long as the block lasts."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, enable_SMTPUTF8=True)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
