"""Keys: what tokens are signed with, and what Prometheus shows."""

from __future__ import annotations

from marshmallow import ValidationError

from ticketing.config.faults import SettingsError

_SHORTEST = 32
_EXAMPLES = {"replace-me-with-48-random-characters-of-your-own", "aweirdrandomstring"}
_HOW = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


def signing_keys(key: str, previous: str) -> tuple[str, ...]:
    """Return the keys that are set, the one that signs first; raises SettingsError without it."""
    if previous and not key:
        raise SettingsError(
            "TICKETING_SECRET_KEY_PREVIOUS is set, but TICKETING_SECRET_KEY is not: new tokens are "
            "signed with that one."
        )
    return tuple(each for each in (key, previous) if each)


def require_strong(keys: tuple[str, ...]) -> None:
    """Raise SettingsError where there is no key, or one that somebody could guess."""
    if not keys:
        raise SettingsError(
            f"TICKETING_SECRET_KEY is not set, and tokens are signed with it: {_HOW} "
            "(or set TICKETING_AUTH=open to try the service out on this machine alone)."
        )
    for key in keys:
        if len(key.encode()) < _SHORTEST:
            raise SettingsError(f"TICKETING_SECRET_KEY has fewer than {_SHORTEST} bytes: {_HOW}.")
        if key in _EXAMPLES or len(set(key)) < 8:
            raise SettingsError(f"TICKETING_SECRET_KEY is an example, not a secret: {_HOW}.")


def require_bearer_token(text: str) -> None:
    """Refuse what can't stand in a header, or could be guessed."""
    if text and not (text.isascii() and text.isprintable() and " " not in text):
        raise ValidationError("A bearer token is printable ASCII without blanks.")
    if text and len(text) < _SHORTEST:
        raise ValidationError(f"It has fewer than {_SHORTEST} characters.")
