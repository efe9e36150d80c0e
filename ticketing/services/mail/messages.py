"""What the box office writes: templates in files, the first line of each the subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import Literal
from urllib.parse import urlencode
from uuid import uuid4

from ticketing.domain.identity.names import deliverable
from ticketing.storage.background.outbox import Mail

Kind = Literal["verify", "known", "reset", "address", "leaving"]

# The page of each that has one; it takes the code and asks once more before it acts, since programs
# that look for viruses open every link.
_PAGES: Mapping[Kind, str] = {
    "verify": "/verify",
    "address": "/verify",
    "reset": "/reset",
    "known": "/reset",
}


@dataclass(frozen=True, slots=True)
class Letters:
    """Writes the mail; `public_url` is where its pages are, `sender` who it is from."""

    public_url: str
    sender: str

    def write(self, kind: Kind, user: str, email: str, code: str = "", **known: str) -> Mail:
        """Write a mail to an address, about a user's account."""
        page = self.public_url + _PAGES.get(kind, "/")
        link = f"{page}?{urlencode({'code': code})}" if code else page
        subject, _, text = _template(kind).partition("\n")
        fields = {"email": email, "code": code, "link": link, **known}
        return Mail(
            id=uuid4().hex,
            kind=kind,
            user=user,
            to=email,
            subject=subject.strip(),
            text=Template(text).substitute(fields).lstrip("\n"),
            attempts=0,
        )

    def message(self, mail: Mail) -> EmailMessage:
        """Return a mail as it is sent, the same each time: its Message-ID tells a second copy."""
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = deliverable(mail.to)
        message["Subject"] = mail.subject
        message["Message-ID"] = f"<{mail.id}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers from absent people
        message.set_content(mail.text)
        return message


@lru_cache
def _template(kind: Kind) -> str:
    return files(__package__).joinpath("templates", f"{kind}.txt").read_text(encoding="utf-8")
