"""The one place where values become documents and documents become values.

A document has its value's fields under their own names and in their order, but for the id, which
MongoDB wants as `_id`; days are ISO text (MongoDB has no days). What a value's fields are is read
off its class, once, at import: so a new field is written and read without another line. What a
document must look like is checked once more by MongoDB itself
(`ticketing.storage.migrations.schema`), by validators that are written by hand: the second lock
should not be cut from the same mould.

Reading is strict, and says which document is not as it should be.

Validators keep such documents out, but not those that were there before them, nor what is written
past them by hand. One of them must not take the others along: lists leave it out and the log names
it, whatever needs it raises Unreadable, and `verify` tells of it and goes on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import structlog

from ticketing.domain.audit import AuditEntry
from ticketing.domain.bookings import Booking, Share
from ticketing.domain.changes.chain import Head
from ticketing.domain.errors import Unreadable
from ticketing.domain.events import Event
from ticketing.domain.identity.customers import Customer
from ticketing.storage.driver.clients import Document

log = structlog.get_logger(__name__)

# Far beyond any figure of ours: MongoDB would refuse to add to its largest number, and not every
# reader of JSON can tell one number from the next any more.
_TOO_LARGE = 2**53

# How many documents one request looks at that no index picks: about 30 ms of decoding.
MOST_LOOKED_AT = 2_000
AT_ONCE = 200

T = TypeVar("T")
Word = TypeVar("Word", bound=str)


class UnreadableDocument(Unreadable):
    """One document that can't be read: its `id`, and a `description` of why, for the operator."""

    def __init__(self, collection: str, id_: object, reason: object) -> None:
        super().__init__()
        self.id = id_
        self.description = f"the document {id_!r} of {collection} can't be read: {reason}"


class Fields:
    """A document's fields, each of the type that is asked for; raises ValueError otherwise."""

    __slots__ = ("_document",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def has(self, name: str) -> bool:
        """Return whether there is such a field, for those that not every document has."""
        return name in self._document

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._document.get(name)
        if type(value) is not str:
            raise self.odd(name)
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return a text, or None for null."""
        return None if self.is_null(name) else self.text(name)

    def word(self, name: str, words: Collection[Word]) -> Word:
        """Return one of these words."""
        value: Any = self._document.get(name)
        if type(value) is not str or value not in words:
            raise self.odd(name)
        word: Word = value  # type: ignore[assignment]
        return word

    def whole(self, name: str, least: int = 0) -> int:
        """Return a whole number, not below the least and not too large to be counted with."""
        value = self._document.get(name)
        # Numbers of MongoDB's 64 bits are a class of their own; a truth value is an int as well.
        if not isinstance(value, int) or value is True or value is False:
            raise self.odd(name)
        if not least <= value < _TOO_LARGE:
            raise self.odd(name)
        return value

    def whole_or_none(self, name: str, least: int = 0) -> int | None:
        """Return a whole number, or None for null."""
        return None if self.is_null(name) else self.whole(name, least)

    def text_or_whole_or_none(self, name: str) -> str | int | None:
        """Return what a plain detail can be."""
        is_text = type(self._document.get(name)) is str
        return self.text(name) if is_text else self.whole_or_none(name)

    def truth(self, name: str) -> bool:
        """Return a truth value."""
        value = self._document.get(name)
        if type(value) is not bool:
            raise self.odd(name)
        return value

    def moment(self, name: str) -> datetime:
        """Return a moment in UTC."""
        value = self._document.get(name)
        if type(value) is not datetime:
            raise self.odd(name)
        return value

    def day_or_none(self, name: str) -> date | None:
        """Return a day, or None for null."""
        return None if self.is_null(name) else self._day(name)

    def customer_or_none(self, name: str) -> Customer | None:
        """Return a customer of whom only the id stands here, or None for null."""
        id_ = self.text_or_none(name)
        return None if id_ is None else Customer(id_, None)

    def head(self, name: str) -> Head:
        """Return the head of a chain."""
        try:
            return Head.parse(self.text(name))
        except ValueError:
            raise self.odd(name) from None

    def mapping(self, name: str) -> Document:
        """Return a document within the document."""
        value = self._document.get(name)
        if type(value) is not dict:
            raise self.odd(name)
        return value

    def sequence(self, name: str) -> list[Any]:
        """Return a list."""
        value = self._document.get(name)
        if type(value) is not list:
            raise self.odd(name)
        return value

    def bytes(self, name: str) -> bytes:
        """Return bytes."""
        value = self._document.get(name)
        if not isinstance(value, bytes):
            raise self.odd(name)
        return bytes(value)

    def odd(self, name: str) -> ValueError:
        """Return the error that says what is odd about a field."""
        if name not in self._document:
            return ValueError(f"{name} is missing")
        return ValueError(f"{name} is {str(self._document[name])[:100]!r}")

    def _day(self, name: str) -> date:
        text = self.text(name)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise self.odd(name) from None
        if day.isoformat() != text:  # Python reads other spellings as well
            raise self.odd(name)
        return day

    def is_null(self, name: str) -> bool:
        """Return whether null stands there."""
        return name in self._document and self._document[name] is None


def read(collection: str, document: Mapping[str, Any], make: Callable[[Fields], T]) -> T:
    """Return a document's value; raises UnreadableDocument, and the log names it."""
    try:
        return make(Fields(document))
    except ValueError as reason:
        error = UnreadableDocument(collection, document.get("_id"), reason)
        log.error("document_unreadable", document=error.description)
        raise error from None


def read_what_can_be(
    collection: str,
    documents: Iterable[Mapping[str, Any]],
    make: Callable[[Fields], T],
    unreadable: list[UnreadableDocument] | None = None,
) -> Iterable[T]:
    """Return documents' values, without those that can't be read, which go to `unreadable`."""
    for document in documents:
        try:
            yield read(collection, document, make)
        except UnreadableDocument as error:
            if unreadable is not None:
                unreadable.append(error)


def first_readable(
    collection: str,
    find: Callable[[int], Iterable[Mapping[str, Any]]],
    limit: int,
    make: Callable[[Fields], T],
) -> list[T]:
    """Return the values of the first `limit` documents that can be read.

    `find(n)` gives the first n of whatever kind. It is asked once where all can be read.
    """
    wanted = limit
    while True:
        documents = list(find(wanted))
        values = list(read_what_can_be(collection, documents, make))
        if len(values) >= limit or len(documents) < wanted:
            return values[:limit]
        wanted *= 2


@dataclasses.dataclass(frozen=True, slots=True)
class Matches(Generic[T]):
    """What was found; `rest` is the last that was looked at where more remains to be looked at."""

    found: Sequence[T]
    rest: T | None = None


def first_matching(
    collection: str,
    find: Callable[[int], Iterable[Mapping[str, Any]]],
    limit: int,
    make: Callable[[Fields], T],
    matches: Callable[[T], bool],
    complete: Callable[[list[T]], list[T]] = list,
) -> Matches[T]:
    """Make values of the first `limit` documents that match, among the first `MOST_LOOKED_AT`.

    For what no index finds: so a request has an end, whatever there is to look at. `complete` adds
    to some values at once what stands elsewhere.
    """
    found: list[T] = []
    last: T | None = None
    looked_at = 0
    documents = iter(find(MOST_LOOKED_AT))
    while some := list(islice(documents, AT_ONCE)):
        looked_at += len(some)
        for last in complete(list(read_what_can_be(collection, some, make))):
            if matches(last):
                found.append(last)
                if len(found) == limit:
                    return Matches(found)
    return Matches(found, last if looked_at == MOST_LOOKED_AT else None)


Read = Callable[[Fields, str], Any]

# Numbers of these names begin at one; all others at zero.
_FROM_ONE = {"capacity", "sequence", "tickets"}


class Codec(Generic[T]):
    """Writes and reads the documents of one kind of value.

    A field whose default is None is left out of the document while it is None.
    """

    def __init__(self, kind: type[T]) -> None:
        hints = get_type_hints(kind)
        fields = dataclasses.fields(kind)  # type: ignore[arg-type]
        self._kind = kind
        self._fields = [
            (f.name, "_id" if f.name == "id" else f.name, f.default is None, _reader(f.name, hint))
            for f in fields
            for hint in (hints[f.name],)
        ]

    def encode(self, value: T) -> Document:
        """Return the document of a value."""
        document: Document = {}
        for name, key, may_lack, _ in self._fields:
            found = getattr(value, name)
            if found is None and may_lack:
                continue
            write = _WRITERS.get(type(found))
            document[key] = write(found) if write else found
        return document

    def update(self, before: T, after: T) -> Document:
        """Return the update that makes the document of one value that of another."""
        changed: Document = {}
        gone: Document = {}
        for name, key, may_lack, _ in self._fields:
            old, new = getattr(before, name), getattr(after, name)
            if old is new or old == new:
                continue
            if new is None and may_lack:
                gone[key] = True
                continue
            write = _WRITERS.get(type(new))
            if write is None:
                changed[key] = new
            elif (written := write(new)) != _write(old):
                changed[key] = written
        update = {"$set": changed, "$unset": gone}
        return {operator: fields for operator, fields in update.items() if fields}

    def decode(self, fields: Fields) -> T:
        """Return the value of a document; raises ValueError that says which field is odd."""
        return self._kind(
            **{
                name: read(fields, key)
                for name, key, may_lack, read in self._fields
                if not may_lack or fields.has(key)
            }
        )


def _reader(name: str, hint: Any) -> Read:
    kinds = set(get_args(hint)) - {type(None)} if type(None) in get_args(hint) else {hint}
    (kind,) = kinds
    if get_origin(kind) is Literal:
        words = get_args(kind)
        return lambda fields, key: fields.word(key, words)
    if kind is int:
        least = 1 if name in _FROM_ONE else 0
        if kinds != {hint}:
            return lambda fields, key: fields.whole_or_none(key, least)
        return lambda fields, key: fields.whole(key, least)
    return _READERS[kind, kinds != {hint}]


def _changes_of(fields: Fields, key: str) -> Mapping[str, tuple[object, object]]:
    document = fields.mapping(key)
    changes = Fields(document)
    pairs = {}
    for name in document:
        pair = changes.sequence(name)
        if len(pair) != 2:
            raise changes.odd(name)
        old, new = (_side_of(name, Fields({name: value})) for value in pair)
        pairs[name] = (old, new)
    return pairs


def _side_of(name: str, side: Fields) -> object:
    """Return one side of a change: of the kind that the event or the booking has this field of."""
    if side.is_null(name):
        return None
    read = _SIDES.get(_KINDS.get(name, str), Fields.text_or_whole_or_none)
    return read(side, name)


def _kinds_of(kind: type) -> dict[str, Any]:
    return {
        name: next(one for one in (*get_args(hint), hint) if one is not type(None))
        for name, hint in get_type_hints(kind).items()
    }


_KINDS = {**_kinds_of(Event), **_kinds_of(Booking)}

# What is no plain detail, a text or a number.
_SIDES: Mapping[Any, Read] = {
    bool: Fields.truth,
    date: Fields.day_or_none,
    datetime: Fields.moment,
    Customer: Fields.customer_or_none,
}


def _write(value: object) -> object:
    write = _WRITERS.get(type(value))
    return write(value) if write else value


def _shares_of(fields: Fields, key: str) -> tuple[Share, ...]:
    shares = [Fields(Fields({key: item}).mapping(key)) for item in fields.sequence(key)]
    return tuple(Share(each.text("customer"), each.whole("tickets", 1)) for each in shares)


_WRITERS: Mapping[type, Callable[[Any], Any]] = {
    tuple: lambda shares: [{"customer": s.customer, "tickets": s.tickets} for s in shares],
    date: date.isoformat,
    Customer: lambda customer: customer.id,
    Head: str,
    dict: lambda changes: {name: [_write(side) for side in pair] for name, pair in changes.items()},
}

# By the kind of a field, and whether it may be None.
_READERS: Mapping[tuple[Any, bool], Read] = {
    (str, False): Fields.text,
    (str, True): Fields.text_or_none,
    (bool, False): Fields.truth,
    (date, True): Fields.day_or_none,
    (datetime, False): Fields.moment,
    (datetime, True): Fields.moment,
    (Customer, True): Fields.customer_or_none,
    (Head, True): Fields.head,
    (tuple[Share, ...], True): _shares_of,
    (Mapping[str, tuple[object, object]], False): _changes_of,
}

EVENTS = Codec(Event)
BOOKINGS = Codec(Booking)
AUDIT = Codec(AuditEntry)
CUSTOMERS = Codec(Customer)
