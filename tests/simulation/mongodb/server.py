"""What a MongoDB keeps and refuses, in memory: snapshots, write conflicts, unique keys, terms.

A collection is a mapping that never changes: a commit puts a new one in its place, so a snapshot
costs nothing. So are the unique indexes, from key to id: one key is taken, and conflicts with
somebody else's, as a document does.

No driver and no network here (`driver.py`): whatever is asked is done at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal

from tests.simulation.mongodb.matching import Document, matches

Rows = Mapping[Hashable, Any]

# As the office starts its own MongoDB: `transactionLifetimeLimitSeconds`.
LIFETIME = timedelta(seconds=5)


class WriteConflict(Exception):
    """Somebody else has written it, or is about to."""


class NoSuchTransaction(Exception):
    """It has been aborted, or its primary is none any more."""


class DuplicateKey(Exception):
    """It is taken."""


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique index of those documents that its condition finds."""

    fields: tuple[str, ...]
    condition: Document = field(default_factory=dict)

    def key_of(self, document: Document, now: datetime) -> tuple[Any, ...] | None:
        """Return a document's key; None where the index does not have it."""
        if not matches(document, self.condition, now):
            return None
        return tuple(document.get(name) for name in self.fields)


@dataclass(eq=False, slots=True)
class Transaction:
    """What one transaction sees and has written; `owner` is the client that has it."""

    owner: object
    snapshot: Mapping[str, Rows]
    begun_at: datetime
    state: Literal["open", "committed", "aborted"] = "open"
    views: dict[str, Rows] = field(default_factory=dict)
    written: dict[tuple[str, Hashable], None] = field(default_factory=dict)

    def rows(self, name: str) -> Rows:
        """Return a collection, or an index, as this transaction sees it."""
        found = self.views.get(name)
        return self.snapshot.get(name, {}) if found is None else found


class Server:
    """One replica set; `unique` says for each collection which keys can be had once."""

    def __init__(
        self, unique: Mapping[str, Iterable[Unique]], clock: Callable[[], datetime]
    ) -> None:
        self.term = 1
        self.clock = clock
        self._unique = {name: list(indexes) for name, indexes in unique.items()}
        self._rows: Mapping[str, Rows] = {}
        # What reads outside of transactions show. A primary that is new shows what it knows to be
        # held by a majority: all there is only after its first commit.
        self._shown: Mapping[str, Rows] = self._rows
        self._before: deque[Mapping[str, Rows]] = deque([self._rows], maxlen=4)
        self._open: dict[Transaction, None] = {}
        self._holders: dict[tuple[str, Hashable], Transaction] = {}
        # What rows were before one node alone has written them: a new primary may not have that.
        self._unreplicated: dict[tuple[str, Hashable], Any] = {}
        self._numbers = count()

    def new_id(self) -> str:
        """Return an id that no document has."""
        return f"made-{next(self._numbers)}"

    def begin(self, owner: object) -> Transaction:
        """Begin a transaction on what there is at this moment."""
        transaction = Transaction(owner, self._rows, self.clock())
        self._open[transaction] = None
        return transaction

    def shown(self, name: str) -> Rows:
        """Return a collection as a majority read shows it."""
        return self._shown.get(name, {})

    def rows(self, name: str) -> Rows:
        """Return a collection as the primary has it, be it lost with it or not."""
        return self._rows.get(name, {})

    def all_of(self, name: str) -> list[Document]:
        """Return all documents, as they are."""
        return list(self.rows(name).values())

    def find(self, name: str, id_: Hashable) -> Document | None:
        """Return a document as it is."""
        found: Document | None = self.rows(name).get(id_)
        return found

    def open_transactions(self) -> Iterable[Transaction]:
        """Return the transactions that are open."""
        return list(self._open)

    def insert(self, transaction: Transaction, name: str, document: Document) -> None:
        """Insert a document; raises DuplicateKey, WriteConflict."""
        if document["_id"] in transaction.rows(name):
            raise DuplicateKey
        self._put(transaction, name, document["_id"], document)
        for index, key in self._keys(name, document):
            self._take(transaction, index, key, document["_id"])

    def replace(self, transaction: Transaction, name: str, after: Document) -> None:
        """Write a document over itself; raises DuplicateKey, WriteConflict."""
        before = transaction.rows(name)[after["_id"]]
        self._put(transaction, name, after["_id"], after)
        old, new = dict(self._keys(name, before)), dict(self._keys(name, after))
        for index in {**old, **new}:
            if old.get(index) == new.get(index):
                continue
            if index in old:
                self._put(transaction, index, old[index], None)
            if index in new:
                self._take(transaction, index, new[index], after["_id"])

    def delete(self, transaction: Transaction, name: str, id_: Hashable) -> None:
        """Delete a document; raises WriteConflict."""
        for index, key in self._keys(name, transaction.rows(name)[id_]):
            self._put(transaction, index, key, None)
        self._put(transaction, name, id_, None)

    def require_open(self, transaction: Transaction) -> None:
        """Require that a transaction can go on; raises NoSuchTransaction."""
        if self._is_over(transaction):
            self.abort(transaction)
        if transaction.state != "open":
            raise NoSuchTransaction

    def commit(self, transaction: Transaction) -> None:
        """Commit, once: the second time changes nothing. Raises NoSuchTransaction."""
        if transaction.state == "committed":
            return
        self.require_open(transaction)
        if transaction.written:
            self._before.append(self._rows)
            self._write(transaction)
        self._replicate()
        self._close(transaction, "committed")
        self.committed(transaction)

    def committed(self, transaction: Transaction) -> None:
        """Be told of each commit."""

    def commit_alone(self, transaction: Transaction, *, majority: bool) -> None:
        """Commit what was written outside of transactions, to one node or to a majority."""
        before = self._rows
        self._write(transaction)
        for name, id_ in transaction.written:
            self._unreplicated.setdefault((name, id_), before.get(name, {}).get(id_))
        if majority:
            self._replicate()
        self._close(transaction, "committed")

    def abort(self, transaction: Transaction) -> None:
        """Abort what is open."""
        if transaction.state == "open":
            self._close(transaction, "aborted")

    def abort_all_of(self, owner: object) -> int:
        """Abort what a client has left open; return how many there were."""
        left = [transaction for transaction in self._open if transaction.owner is owner]
        for transaction in left:
            self.abort(transaction)
        return len(left)

    def elect(self, *, loses: bool, lags_by: int) -> None:
        """Make another node the primary: what was open is gone.

        With `loses` it does not have what one node alone had. It does not know yet that the last
        `lags_by` commits are held by a majority.
        """
        self.term += 1
        for transaction in list(self._open):
            self.abort(transaction)
        if loses:
            rows: dict[str, Rows] = dict(self._rows)
            for (name, id_), document in self._unreplicated.items():
                rows[name] = _with(rows.get(name, {}), {id_: document})
            self._rows = rows
        self._unreplicated.clear()
        self._shown = list(self._before)[-lags_by:][0] if lags_by else self._rows

    def _replicate(self) -> None:
        self._unreplicated.clear()
        self._shown = self._rows

    def _is_over(self, transaction: Transaction) -> bool:
        return self.clock() - transaction.begun_at >= LIFETIME

    def _keys(self, name: str, document: Document) -> Iterator[tuple[str, tuple[Any, ...]]]:
        for number, index in enumerate(self._unique.get(name, ())):
            if (key := index.key_of(document, self.clock())) is not None:
                yield f"{name}#{number}", key

    def _take(self, transaction: Transaction, name: str, id_: Hashable, value: Any) -> None:
        """Take a key; raises WriteConflict where somebody else has taken it, or is about to.

        Who gives it up is not in the way: then it is a duplicate, as long as the snapshot has it.
        """
        holder, before = self._holders.get((name, id_)), transaction.snapshot.get(name, {}).get(id_)
        others = [self._rows.get(name, {}).get(id_)]
        if holder is not None and holder is not transaction and not self._is_over(holder):
            others.append(holder.rows(name).get(id_))
        if any(other not in (None, before) for other in others):
            raise WriteConflict
        if id_ in transaction.rows(name):
            raise DuplicateKey
        self._put(transaction, name, id_, value)

    def _put(self, transaction: Transaction, name: str, id_: Hashable, value: Any) -> None:
        """Write a row as its first committer."""
        self._require_first(transaction, name, id_)
        transaction.views[name] = _with(transaction.rows(name), {id_: value})

    def _require_first(self, transaction: Transaction, name: str, id_: Hashable) -> None:
        """Require that nobody else has written a row since, or is about to; nobody else may now."""
        place = name, id_
        holder = self._holders.get(place)
        if holder is not None and holder is not transaction and self._is_over(holder):
            self.abort(holder)
        if self._holders.setdefault(place, transaction) is not transaction:
            raise WriteConflict
        transaction.written[place] = None
        if self._rows.get(name, {}).get(id_) is not transaction.snapshot.get(name, {}).get(id_):
            raise WriteConflict

    def _write(self, transaction: Transaction) -> None:
        """Put what a transaction has written in the place of what was there."""
        changes: dict[str, dict[Hashable, Any]] = {}
        for name, id_ in transaction.written:
            changes.setdefault(name, {})[id_] = transaction.views[name].get(id_)
        rows: dict[str, Rows] = dict(self._rows)
        for name, changed in changes.items():
            rows[name] = _with(rows.get(name, {}), changed)
        self._rows = rows

    def _close(self, transaction: Transaction, state: Literal["committed", "aborted"]) -> None:
        transaction.state = state
        self._open.pop(transaction, None)
        for place in transaction.written:
            if self._holders.get(place) is transaction:
                del self._holders[place]


def _with(rows: Rows, changed: Rows) -> Rows:
    """Return rows with some of them changed, those that are None now left out."""
    after = {**rows, **changed}
    for id_, row in changed.items():
        if row is None:
            del after[id_]
    return after
