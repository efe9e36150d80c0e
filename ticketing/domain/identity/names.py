"""One key for whatever somebody is called, so that one person is one customer whoever names them.

    what has an @     "address:<local part>@<domain>"   NFC, lower-cased, the domain by IDNA 2008
    anything else     "name:<text>"                     NFC, trimmed, blanks folded

Two spellings that look alike have one key, or one of them has none: what can't be seen (control and
format characters, fillers) is refused, not dropped, since whoever typed it should hear of it.
Characters that look different stay different: `office` with a ligature is another local part, and
IDNA 2008 has `weiß.example` and `weiss.example` as two domains (RFC 5892). Capital letters, wide
letters and wide full stops of a domain are written as browsers would look them up (UTS 46).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import email_validator
from email_validator import EmailNotValidError, validate_email

from ticketing.domain.errors import UnusableName

MAX_LENGTH = 254
"""RFC 5321 lets an address have no more; a plain name may not either."""

ADDRESS, NAME = "address:", "name:"

# Composed, what has more characters than that is too long: four make one at most.
_LONGEST_GIVEN = 4 * MAX_LENGTH

# Nothing is sent by a name of this house alone (`.local`), but somebody may well be called so.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

# Letters, marks and symbols that show nothing. With the format characters they are those that
# Unicode lets a reader ignore (Default_Ignorable_Code_Point), and the blank of Braille.
_INVISIBLE = frozenset(
    map(
        chr,
        (
            0x034F,
            *range(0x115F, 0x1161),
            *range(0x17B4, 0x17B6),
            *range(0x180B, 0x1810),
            0x2800,
            0x3164,
            *range(0xFE00, 0xFE10),
            0xFFA0,
            *range(0xE0100, 0xE01F0),
        ),
    )
)
# What the library takes as it is, in lower case; it needs 70 µs for it, this 1. A rush of customers
# whom staff names brings a new address with each booking.
_SIMPLE_ADDRESS = re.compile(
    r"(?=[^@]{1,64}@.{1,63}\Z)"
    r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]+"
)

_OTHER_AT_SIGNS = frozenset("\uff20\ufe6b")

# Why a character is refused, by its general category. What Unicode has not assigned yet, or leaves
# to others, may be composed otherwise tomorrow.
_REFUSED = {
    "Cc": "Control characters are not allowed.",
    "Cf": "Characters that can't be seen are not allowed.",
    "Cn": "Characters that are not assigned are not allowed.",
    "Co": "Characters of private use are not allowed.",
    "Cs": "Half a character is not allowed.",
    "Zl": "Line breaks are not allowed.",
    "Zp": "Line breaks are not allowed.",
}


def canonical_key(text: str) -> str:
    """Return the key of an address or a plain name; raises UnusableName."""
    if text.isascii() and len(text) <= MAX_LENGTH:
        if text.isalnum():
            return NAME + text
        if _SIMPLE_ADDRESS.fullmatch(lowered := text.lower()):
            return ADDRESS + lowered
    return _key_of(as_shown(text))


def address_key(text: str) -> str:
    """Return the key of an address; raises UnusableName, also for what is a plain name."""
    key = canonical_key(text)
    if not key.startswith(ADDRESS):
        raise UnusableName("Not an e-mail address: it has no @.")
    return key


def deliverable(address: str) -> str:
    """Return an address as mail servers take it: the local part as given, the domain in ASCII."""
    local, _, _ = as_shown(address).rpartition("@")
    return f"{local}@{address_key(address).rpartition('@')[2]}"


@lru_cache(4096)
def as_shown(text: str) -> str:
    """Return a name as answers show it: composed, trimmed, blanks folded; raises UnusableName."""
    if text.isascii() and text.isprintable() and 0 < len(text) <= MAX_LENGTH and " " not in text:
        return text
    if len(text) > _LONGEST_GIVEN:
        raise UnusableName(f"Must have at most {MAX_LENGTH} characters.")
    for character in text:
        _require_visible(character)
    shown = " ".join(unicodedata.normalize("NFC", text).split())
    if not shown:
        raise UnusableName("Must not be blank.")
    if len(shown) > MAX_LENGTH:
        raise UnusableName(f"Must have at most {MAX_LENGTH} characters.")
    return shown


def _require_visible(character: str) -> None:
    if (reason := _REFUSED.get(unicodedata.category(character))) is not None:
        raise UnusableName(reason)
    if character in _INVISIBLE:
        raise UnusableName(_REFUSED["Cf"])
    if character in _OTHER_AT_SIGNS:
        raise UnusableName("Write an address with a plain @.")


@lru_cache(4096)
def _key_of(shown: str) -> str:
    if "@" not in shown:
        return NAME + shown
    if '"' in shown:
        # `"a:b"@example.org` could never sign in: a colon ends the user name of Basic (RFC 7617).
        raise UnusableName("An e-mail address with quotes or a colon before the @ is not taken.")
    try:
        address = validate_email(
            shown, strict=True, check_deliverability=False, globally_deliverable=False
        )
    except EmailNotValidError as fault:
        raise UnusableName(str(fault)) from None
    domain = address.ascii_domain.lower()
    _require_a_name(domain)
    local = unicodedata.normalize("NFC", address.local_part.lower())
    return f"{ADDRESS}{local}@{domain}"


def _require_a_name(domain: str) -> None:
    """Refuse a host without a domain, but for one's own machine, and the number of a host."""
    _, dot, last = domain.rpartition(".")
    if not dot and domain != "localhost":
        raise UnusableName("The part after the @ is no whole domain: it has no full stop.")
    if last.isdecimal():
        raise UnusableName("The part after the @ is a number, not a domain.")
