"""How a command ends: the numbers that scripts tell it by, and the sentences that people read."""

from __future__ import annotations

from collections.abc import Mapping

from pymongo.errors import PyMongoError

from ticketing.domain.errors import DomainError

DONE, FAILED, WRONGLY_ASKED, STOPPED = 0, 1, 2, 130


def sentence(refusal: DomainError) -> str:
    """Return a refusal in one sentence, with the facts that it comes with."""
    facts = ", ".join(f"{name}: {value}" for name, value in refusal.facts.items())
    return f"{str(refusal).rstrip('.')} ({facts})." if facts else str(refusal)


def unanswered(error: PyMongoError) -> str:
    """Return what has happened where MongoDB did not answer."""
    return f"MongoDB did not answer to the end: {type(error).__name__}."


def faults(messages: Mapping[str, object]) -> str:
    """Return what a schema has against some fields, in one line."""
    return "; ".join(
        f"{name}: {' '.join(texts) if isinstance(texts, list) else texts}"
        for name, texts in messages.items()
    )
