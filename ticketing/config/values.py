"""What a variable's text may be, each rule in the words in which it is refused."""

from __future__ import annotations

import re
from datetime import time
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, list_currencies
from marshmallow import ValidationError
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

_ACCENT = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")


def or_none(text: str) -> str | None:
    """Return a text, None for an empty one."""
    return text or None


def time_or_none(text: str) -> time | None:
    """Return a time of day, None for an empty text."""
    return time.fromisoformat(text) if text else None


def require_mongodb_uri(text: str) -> None:
    """Refuse what the driver can't read, in words of our own: the text may hold a password."""
    if text.startswith("mongodb+srv://") or not text:
        return
    try:
        parse_uri(text, validate=True)
    except (PyMongoError, ValueError):
        raise ValidationError(
            "Not a MongoDB URI such as mongodb://db1,db2,db3/?replicaSet=rs0, in which the user's "
            "name and password are percent-encoded."
        ) from None


def require_mail_uri(text: str) -> None:
    """Refuse what names no mail server, in words of our own: the text may hold a password."""
    try:
        uri = urlsplit(text)
        good = uri.scheme in ("smtp", "smtps") and uri.hostname and uri.port != 0
        rest = uri.path.strip("/") or uri.query or uri.fragment
    except ValueError:
        good, rest = False, ""
    if text and (not good or rest):
        raise ValidationError(
            "Not a mail server such as smtp://mail.example.org:587 or "
            "smtps://name:password@mail.example.org, name and password percent-encoded."
        )


def require_url(text: str) -> None:
    """Refuse what leads nowhere from a letter; an empty text is for none."""
    try:
        url = urlsplit(text)
        good = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        good = False
    if text and (not good or "?" in text or "#" in text or " " in text):
        raise ValidationError("Not a URL such as https://tickets.example.org.")


def require_address(text: str) -> None:
    """Refuse what no mail can be from; an empty text is for none."""
    if text and not _ADDRESS.fullmatch(text):
        raise ValidationError("Not an address such as tickets@example.org.")


def require_timezone(name: str) -> None:
    """Refuse what the time zone database does not name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError("Not a time zone such as Europe/Berlin.") from None


def require_time(text: str) -> None:
    """Refuse what is no time of day; an empty text is for never."""
    if text and not _TIME_OF_DAY.fullmatch(text):
        raise ValidationError("Not a time of day such as 03:30.")


def require_period(days: int) -> None:
    """Refuse a period in which somebody would be forgotten by a slip of the pen."""
    if days != 0 and not 30 <= days <= 36_500:
        raise ValidationError("Days: 30 to 36,500, or 0 for ever.")


def require_name(text: str) -> None:
    """Refuse what does not fit on a page."""
    if not 1 <= len(text.strip()) <= 80 or not text.isprintable():
        raise ValidationError("Not a name of 1 to 80 printable characters.")


def require_accent(text: str) -> None:
    """Refuse what is no colour."""
    if not _ACCENT.fullmatch(text):
        raise ValidationError("Not a colour such as #ffc729: a hash and six hexadecimal digits.")


def require_currency(code: str) -> None:
    """Refuse what has no hundredths: money is counted in them."""
    if code not in list_currencies():
        raise ValidationError("Not a currency of ISO 4217 such as EUR.")
    if get_currency_precision(code) != 2:
        raise ValidationError("Not a currency that has two decimals.")
