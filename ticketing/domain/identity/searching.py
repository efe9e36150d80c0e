"""Finding a name by a part of it, as somebody types it who has no idea of its accents."""

from __future__ import annotations

import unicodedata

# Letters that are written for others and have no decomposition of their own.
_LIKE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "ŧ": "t", "þ": "th",
     "æ": "ae", "œ": "oe"}
)  # fmt: skip


def fold(text: str) -> str:
    """Return a text without case, accents and more than one blank between words."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFKD", decomposed).translate(_LIKE)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
