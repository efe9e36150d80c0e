"""Goes through all documents of an event in the order of their sequence, some at a time.

Nothing of MongoDB is held from one time to the next, so each may be part of a snapshot of its own.
What has been spoilt by hand is found as well, be it that its sequence is no number, or one that
others have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from ticketing.storage.documents import Fields, UnreadableDocument, read_what_can_be
from ticketing.storage.driver.clients import Document

T = TypeVar("T")

_POSITIVE: Document = {"$gt": 0}


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """The next values, those in between that can't be read, and whether these are the last."""

    values: list[T]
    unreadable: list[UnreadableDocument]
    are_last: bool


class Walk(Generic[T]):
    """A walk through the documents of one event in one collection."""

    def __init__(
        self, collection: Collection[Document], event: str, make: Callable[[Fields], T]
    ) -> None:
        self._collection = collection
        self._event = event
        self._make = make
        self._after: Any = 0
        # A list is found again wherever one of its numbers would be.
        self._lists: set[str] = set()

    def go_on(self, limit: int, session: ClientSession) -> Some[T]:
        """Return the next values; after the last ones, those that have been added since."""
        documents = self._next(limit, session)
        are_last = len(documents) < limit
        numbered = [each for each in documents if not isinstance(each["sequence"], list)]
        if numbered:
            self._after = numbered[-1]["sequence"]
            # The next step begins behind this number: what else has it is met now, or never.
            if not are_last:
                numbered += self._others_of_the_last(numbered, session)
        # Lists have no number to go on behind, so all of them are passed in one step.
        elif documents and not are_last:
            return self.go_on(2 * limit, session)
        lists = [each for each in documents if isinstance(each["sequence"], list)]
        new = [each for each in lists if repr(each["_id"]) not in self._lists]
        self._lists |= {repr(each["_id"]) for each in new}
        unreadable: list[UnreadableDocument] = []
        values = self._read([*numbered, *new], unreadable)
        return Some(values, unreadable, are_last)

    def unordered(self) -> Iterator[UnreadableDocument]:
        """Find what has no positive number for a sequence, and is met nowhere on the way."""
        conditions = {"event": self._event, "sequence": {"$not": _POSITIVE}}
        for document in self._collection.find(conditions):
            unreadable: list[UnreadableDocument] = []
            self._read([document], unreadable)
            yield from unreadable

    def _next(self, limit: int, session: ClientSession) -> list[Document]:
        conditions = {"event": self._event, "sequence": {"$gt": self._after}}
        found = self._collection.find(conditions, session=session)
        return list(found.sort("sequence", ASCENDING).limit(limit))

    def _others_of_the_last(
        self, documents: list[Document], session: ClientSession
    ) -> list[Document]:
        """Find what has the same number as the last one, where no index keeps it unique."""
        conditions = {"event": self._event, "sequence": {"$eq": self._after}}
        known = [each["_id"] for each in documents if each["sequence"] == self._after]
        return [
            each
            for each in self._collection.find(conditions, session=session)
            if each["_id"] not in known and not isinstance(each["sequence"], list)
        ]

    def _read(self, documents: list[Document], unreadable: list[UnreadableDocument]) -> list[T]:
        return list(read_what_can_be(self._collection.name, documents, self._make, unreadable))
