"""What a page says about the form that led to it: once, and only to whoever sent it."""

from __future__ import annotations

from typing import NamedTuple

from flask import flash, get_flashed_messages

from ticketing.web.http.live import is_asking_again


class Notice(NamedTuple):
    """A sentence, the words it begins with, and how it looks."""

    kind: str
    strong: str
    text: str


def say(strong: str, text: str = "", kind: str = "done") -> None:
    """Keep a notice for the next page of whoever asks."""
    flash((strong, text), kind)  # type: ignore[arg-type]


def said() -> list[Notice]:
    """Return what is to be said on this page; a script that asks again takes nothing away."""
    if is_asking_again():
        return []
    found: list[tuple[str, tuple[str, str]]] = get_flashed_messages(with_categories=True)  # type: ignore[assignment]
    return [Notice(kind, strong, text) for kind, (strong, text) in found]
