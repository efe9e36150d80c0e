"""What a name may consist of."""

from __future__ import annotations

import unicodedata


def has_control_characters(text: str) -> bool:
    """Return whether a text has a character that commands and is not shown."""
    return any(unicodedata.category(character) == "Cc" for character in text)
