"""Who is named where something of a customer is shown: by any spelling of theirs, or nobody."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tests.faults.judging.past.court import Court
from tests.faults.load.people import spellings

Row = Mapping[str, Any]


class Names:
    """What each customer may be called, as far as any answer has told whose id is whose."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._of: dict[str, set[str]] = defaultdict(set)
        self._ids: dict[str, set[str]] = defaultdict(set)
        for person, ids in court.ids_of.items():
            for name in map(_meant, _spellings(person)):
                self._ids[name] |= ids
                for id_ in ids:
                    self._of[id_].add(name)
        self._erased_at = {
            operation.subject: operation.began
            for operation in sorted(court.history, key=lambda operation: -operation.began)
            if operation.kind == "erase"
        }

    def fits(self, name: str | None, customer: str | None, ended: float) -> bool:
        """Tell whether a customer may be shown by this name; who is erased has none."""
        if name is None:
            return customer is None or self._erased_at.get(customer, ended) < ended
        known = self._of.get(customer or "")
        return customer is not None and (known is None or _meant(name) in known)

    def customer(self, name: str) -> str | None:
        """Return whose name it is, if they were one customer all the time."""
        ids = self._ids.get(_meant(name), set())
        one = next(iter(ids)) if len(ids) == 1 else None
        return None if one in self._erased_at else one


def _spellings(person: str) -> tuple[str, ...]:
    number = person.removeprefix("p")
    return tuple(spellings(int(number))) if number.isdigit() else (person,)


def _meant(name: str) -> str:
    """Write a name so that all spellings of one person are the same."""
    plain = " ".join(unicodedata.normalize("NFC", name).casefold().split())
    local, at, domain = plain.rpartition("@")
    return local + at + domain.encode("idna").decode() if at else plain
