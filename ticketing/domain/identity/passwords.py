"""Which passwords are taken, and which spelling of one is hashed."""

from __future__ import annotations

import re
import unicodedata

from zxcvbn import zxcvbn

from ticketing.domain.errors import UnusablePassword

SHORTEST, LONGEST = 12, 256
"""NIST SP 800-63B asks for 8 at least, and for 64 or more to be possible."""

# With the limits that there are here 10^6 guesses take years; zxcvbn scores less with 0 and 1.
_ENOUGH_GUESSES = 10**6

# What has no more than so many characters may be a common password in disguise; and one with more
# kinds of punctuation than that is none. Beyond both, zxcvbn takes seconds (24 characters with 4
# kinds take 62 ms at most here, with 20 kinds 500).
_LONGEST_COMMON = 24
_MOST_PUNCTUATION = 4

# How much has to be left of a password without its owner's address.
_OTHERWISE = 8


def prepared(password: str) -> str:
    """Return the spelling that is hashed: composed, with plain blanks (RFC 8265, OpaqueString).

    One keyboard sends ü as one character, another as two.
    """
    blanks = ["\u0020" if unicodedata.category(one) == "Zs" else one for one in password]
    return unicodedata.normalize("NFC", "".join(blanks))


def require_usable(password: str, address: str) -> None:
    """Raise UnusablePassword for what is too short, too long, or among the first to be guessed."""
    password = prepared(password)
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in password):
        raise UnusablePassword("Control characters are not allowed.")
    if not SHORTEST <= len(password) <= LONGEST:
        raise UnusablePassword(f"Must have between {SHORTEST} and {LONGEST} characters.")
    parts = _parts_of(address)
    if _is_mostly(password, parts):
        raise UnusablePassword("Too easy to guess: it is little more than the e-mail address.")
    once = _without_repeats(password)
    if _is_soon_guessed(once, parts):
        raise UnusablePassword(
            "Too easy to guess: it is a common password, a repeat or a row of characters, or like "
            "one. A few words that do not belong together are better."
        )


def _parts_of(address: str) -> list[str]:
    """Return the address and what it consists of, the longest first."""
    whole = prepared(address).casefold().strip()
    local, _, domain = whole.partition("@")
    words = re.split(r"[^\w]+|_", whole)
    joined = "".join(words)
    parts = {whole, local, domain, joined, *words}
    return sorted((part for part in parts if len(part) >= 3), key=lambda part: (-len(part), part))


def _is_mostly(password: str, parts: list[str]) -> bool:
    rest = password.casefold()
    for part in parts:
        rest = rest.replace(part, " ").replace(part[::-1], " ")
    found = rest != password.casefold()
    return found and len(re.sub(r"[\W_]+", "", rest)) < _OTHERWISE


def _without_repeats(password: str) -> str:
    """Return what a password repeats from its beginning to its end; all of it, if nothing."""
    period = (password + password).find(password, 1)
    return password[:period]


def _is_soon_guessed(password: str, parts: list[str]) -> bool:
    punctuation = {one for one in password if not one.isalnum()}
    if len(password) > _LONGEST_COMMON or len(punctuation) > _MOST_PUNCTUATION:
        return False
    return bool(zxcvbn(password, user_inputs=parts)["guesses"] < _ENOUGH_GUESSES)
