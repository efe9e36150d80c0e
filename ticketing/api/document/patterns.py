"""What can be written, as patterns that a program can make values from.

A day that fits is one that there is, leap years and all: whoever tries a request with a value made
from the document is not refused for the 30th of February.
"""

from __future__ import annotations

_YEAR = "(?:19|[2-9][0-9])[0-9]{2}"
_LEAP_YEAR = "(?:(?:19|[2-9][0-9])(?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[3579][26])00)"

# Which days any month has, which only those with 30, and with 31.
_DAYS = (
    ("(?:0[1-9]|1[0-9]|2[0-8])", "(?:0[1-9]|1[0-2])", _YEAR),
    ("(?:29|30)", "(?:0[13-9]|1[0-2])", _YEAR),
    ("31", "(?:0[13578]|1[02])", _YEAR),
    ("29", "02", _LEAP_YEAR),
)

_SLASHED = "|".join(f"{day}/{month}/{year}" for day, month, year in _DAYS)
_ISO = "|".join(f"{year}-{month}-{day}" for day, month, year in _DAYS)

_HOUR, _MINUTE = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
_OFFSET = f"(?:[Zz]|[+-]{_HOUR}(?::?{_MINUTE})?)"
_TIME = f"[Tt ]{_HOUR}:{_MINUTE}(?::{_MINUTE}(?:[.,][0-9]+)?)?{_OFFSET}?"

_SHOWN = r"[^\u0000-\u001f\u007f-\u009f]"

# A text without control characters, and one that is not blank either.
TEXT = f"^{_SHOWN}*$"
NOT_BLANK = rf"^{_SHOWN}*[^\u0000-\u001f\u007f-\u009f\s]{_SHOWN}*$"

# Of an event's chain: the sequence of the last entry and its hash.
HEAD = "^[1-9][0-9]{0,15}:[0-9a-f]{64}$"

DAY = f"^(?:{_SLASHED}|{_ISO})$"
DAY_OR_TIME = f"^(?:{_SLASHED}|(?:{_ISO})(?:{_TIME})?)$"
