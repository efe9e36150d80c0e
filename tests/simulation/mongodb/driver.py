"""A client of the server in memory, in PyMongo's words: as much of it as the write path uses.

Each operation is two messages, and anything may happen to either (`Line`). What a server refuses
comes as the error that PyMongo would raise, with its labels, because that is what the unit of work
goes by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Any, Protocol, TypeVar, cast

from bson import ObjectId, Timestamp
from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from tests.simulation.mongodb.matching import Document, matches, named_by, updated
from tests.simulation.mongodb.server import (
    DuplicateKey,
    NoSuchTransaction,
    Rows,
    Server,
    Transaction,
    WriteConflict,
)

T = TypeVar("T")
Operation = InsertOne[Document] | UpdateOne | UpdateMany | ReplaceOne[Document] | DeleteOne

_WRITE_CONFLICT, _NO_SUCH_TRANSACTION, _DUPLICATE_KEY = 112, 251, 11000
_TRANSIENT, _UNKNOWN = "TransientTransactionError", "UnknownTransactionCommitResult"
_LOCKED_S = 0.001


class Line(Protocol):
    """The network between one process and MongoDB."""

    def ask(self, what: str, do: Callable[[], T]) -> T:
        """Do something at the server; raises what PyMongo raises where a message is lost."""

    def pause(self, seconds: float) -> None:
        """Wait at the server."""

    def defeats(self) -> bool:
        """Return whether somebody else is to be faster than this commit."""


@dataclass(frozen=True, slots=True)
class _Node:
    is_writable: bool
    election_id: ObjectId


class Client:
    """A process's MongoClient; `name` is its database's."""

    def __init__(self, server: Server, line: Line, name: str) -> None:
        self.server = server
        self.line = line
        self.term = server.term
        self.admin = SimpleNamespace(command=self._command)
        self.database = Database(self, name)

    @property
    def topology_description(self) -> Client:
        """What this process knows of the nodes."""
        return self

    def server_descriptions(self) -> Mapping[str, _Node]:
        """Return the primary, as far as this process has heard."""
        return {"primary": _Node(is_writable=True, election_id=ObjectId(f"{self.term:024x}"))}

    def start_session(self, *, snapshot: bool = False) -> Session:
        """Start a session."""
        assert not snapshot, "the write path takes transactions"
        return Session(self)

    def ask(self, what: str, do: Callable[[], T]) -> T:
        """Do something at the server, from where this process hears who is the primary."""

        def at_the_server() -> T:
            self.term = self.server.term
            return do()

        return self.line.ask(what, at_the_server)

    def _command(self, name: str) -> Document:
        assert name == "hello"
        return {"localTime": self.ask("hello", self.server.clock)}


class Session:
    """A session with at most one transaction."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.cluster_time: Mapping[str, Timestamp] | None = None
        self._transaction: Transaction | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        """End it; what is open is left to MongoDB, as where the process has died."""

    def start_transaction(self, *_: object) -> None:
        """Start a transaction; the server hears of it with the first operation."""
        self._transaction = None

    def commit_transaction(self) -> None:
        """Commit; the second time asks what has become of it."""
        transaction = self._transaction
        if transaction is None:
            return

        def commit() -> None:
            if transaction.state == "open" and self.client.line.defeats():
                self.client.server.abort(transaction)
            self.client.server.commit(transaction)

        try:
            self.client.ask("commit", commit)
        except NoSuchTransaction:
            raise _labelled(OperationFailure("aborted", _NO_SUCH_TRANSACTION), _TRANSIENT) from None
        except PyMongoError as error:
            raise _labelled(error, _UNKNOWN) from None

    def abort_transaction(self) -> None:
        """Abort."""
        if (transaction := self._transaction) is not None:
            self.client.ask("abort", lambda: self.client.server.abort(transaction))

    def with_transaction(self, work: Callable[[Session], T], *_: object) -> T:
        """Do something in a transaction of its own, again where it was defeated."""
        while True:
            self.start_transaction()
            try:
                result = work(self)
                self.commit_transaction()
            except PyMongoError as error:
                if error.timeout or not error.has_error_label(_TRANSIENT):
                    raise
            else:
                return result

    def do(self, what: str, do: Callable[[Transaction], T]) -> T:
        """Do something in the transaction, which an error of the server ends."""
        server = self.client.server

        def in_transaction() -> T:
            if self._transaction is None:
                self._transaction = server.begin(self.client)
            server.require_open(self._transaction)
            self.cluster_time = {"clusterTime": Timestamp(int(server.clock().timestamp()), 1)}
            try:
                return do(self._transaction)
            except (WriteConflict, DuplicateKey):
                server.abort(self._transaction)
                raise

        try:
            return self.client.ask(what, in_transaction)
        except WriteConflict:
            raise _labelled(
                OperationFailure("write conflict", _WRITE_CONFLICT), _TRANSIENT
            ) from None
        except NoSuchTransaction:
            raise _labelled(OperationFailure("gone", _NO_SUCH_TRANSACTION), _TRANSIENT) from None
        except DuplicateKey:
            raise DuplicateKeyError("it is taken", _DUPLICATE_KEY) from None
        except PyMongoError as error:
            raise _labelled(error, _TRANSIENT) from None


def _labelled(error: PyMongoError, label: str) -> PyMongoError:
    error._add_error_label(label)
    return error


class Database:
    """A database, whose collections are there once they are asked for."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name

    def __getitem__(self, name: str) -> Collection:
        return getattr(self, name)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Collection:
        collection = self.__dict__[name] = Collection(self.client, name)
        return collection


@dataclass(frozen=True, slots=True)
class Result:
    """What a write has come to."""

    matched_count: int = 0
    deleted_count: int = 0


class Cursor:
    """Documents that are found when they are looked at."""

    def __init__(self, find: Callable[[], list[Document]]) -> None:
        self._find = find
        self._order: tuple[str, int] | None = None
        self._limit: int | None = None

    def sort(self, name: str, direction: int = 1) -> Cursor:
        """Put them in an order."""
        self._order = name, direction
        return self

    def limit(self, number: int) -> Cursor:
        """Take no more than so many."""
        self._limit = number
        return self

    def __iter__(self) -> Iterator[Document]:
        found = self._find()
        if self._order:
            name, direction = self._order
            found.sort(key=lambda document: document[name], reverse=direction < 0)
        return iter(found[: self._limit])


class Collection:
    """A collection, in a session's transaction or alone."""

    def __init__(
        self, client: Client, name: str, *, majority: bool = True, local: bool = False
    ) -> None:
        self._client = client
        self._server = client.server
        self._name = name
        self._majority = majority
        self._local = local

    def with_options(self, *, read_concern: ReadConcern, write_concern: WriteConcern) -> Collection:
        """Return the collection as it is read, and written to so many nodes."""
        return Collection(
            self._client,
            self._name,
            majority=write_concern.document["w"] == "majority",
            local=read_concern.level == "local",
        )

    def find(
        self, conditions: Document, projection: Document | None = None,
        session: Session | None = None,
    ) -> Cursor:  # fmt: skip
        """Find documents."""
        return Cursor(lambda: self._read(conditions, projection, session))

    def find_one(
        self, conditions: Document, projection: Document | None = None,
        session: Session | None = None,
    ) -> Document | None:  # fmt: skip
        """Find the first document."""
        return next(iter(self._read(conditions, projection, session)), None)

    def aggregate(self, pipeline: Sequence[Document], session: Session) -> Iterator[Document]:
        """Find documents, each with what else is looked up in the same read."""
        (match, *lookups), found = pipeline, list[Document]()

        def look(transaction: Transaction) -> None:
            for document in self._found(transaction.rows(self._name), match["$match"]):
                found.append(dict(document))
                for lookup in lookups:
                    found[-1] |= self._looked_up(transaction, **lookup)

        session.do(f"aggregate {self._name}", look)
        return iter(found)

    def count_documents(self, conditions: Document, session: Session | None = None) -> int:
        """Count documents."""
        return len(self._read(conditions, None, session))

    def insert_one(self, document: Document, session: Session | None = None) -> None:
        """Insert a document."""
        self.insert_many([document], session)

    def insert_many(self, documents: Sequence[Document], session: Session | None = None) -> None:
        """Insert documents."""

        def insert(transaction: Transaction) -> None:
            for document in documents:
                self._insert(transaction, document)

        self._in_transaction("insert", session, insert)

    def update_one(
        self, conditions: Document, update: Document, *, upsert: bool = False,
        session: Session | None = None,
    ) -> Result:  # fmt: skip
        """Update the first document."""
        operation: Operation = UpdateOne(conditions, update, upsert=upsert)
        return self._write("update", [operation], session)

    def update_many(
        self, conditions: Document, update: Document, session: Session | None = None
    ) -> Result:
        """Update all of the documents."""

        def update_all(transaction: Transaction) -> Result:
            return Result(self._update_all(transaction, conditions, update))

        return self._in_transaction("update", session, update_all)

    def delete_one(self, conditions: Document) -> Result:
        """Delete the first document."""

        def delete(transaction: Transaction) -> Result:
            return Result(deleted_count=self._delete_first(transaction, conditions))

        return self._in_transaction("delete", None, delete)

    def bulk_write(
        self, operations: Sequence[Operation], *, ordered: bool = True,
        session: Session | None = None,
    ) -> Result:  # fmt: skip
        """Write one after the other."""
        assert ordered
        try:
            return self._write("bulk", operations, session)
        except DuplicateKeyError:
            raise BulkWriteError({"writeErrors": [{"code": _DUPLICATE_KEY}]}) from None

    def find_one_and_update(
        self, conditions: Document, update: Document | list[Document], *,
        projection: Document | None = None, upsert: bool = False, return_document: bool = False,
        session: Session | None = None,
    ) -> Document | None:  # fmt: skip
        """Update the first document, and return it."""
        kept: list[Document] = []
        operation = UpdateOne(conditions, update, upsert=upsert)
        self._write("update", [operation], session, kept)
        if not kept:
            return None
        return _projected(kept[-1] if return_document else kept[0], projection)

    def _read(
        self, conditions: Document, projection: Document | None, session: Session | None
    ) -> list[Document]:
        if session is None:
            what = f"read {self._name}"
            rows = self._server.rows if self._local else self._server.shown
            found = self._client.ask(what, lambda: self._found(rows(self._name), conditions))
        else:
            found = session.do(
                f"find {self._name}",
                lambda transaction: self._found(transaction.rows(self._name), conditions),
            )
        return [_projected(document, projection) for document in found]

    def _looked_up(self, transaction: Transaction, **lookup: Document) -> Document:
        """Return a field with the documents of another collection that a stage finds."""
        stage = lookup.pop("$lookup")
        if lookup or stage.keys() != {"from", "as", "pipeline"}:
            raise NotImplementedError(f"the stand-in for MongoDB does not know {lookup or stage}")
        ((operator, conditions),) = (item for each in stage["pipeline"] for item in each.items())
        assert operator == "$match"
        found = self._found(transaction.rows(stage["from"]), conditions)
        return {stage["as"]: [dict(document) for document in found]}

    def _found(self, rows: Rows, conditions: Document) -> list[Document]:
        id_ = conditions.get("_id")
        candidates: Any = rows.values()
        if isinstance(id_, str):
            candidates = [rows[id_]] if id_ in rows else []
        now = self._server.clock()
        return [document for document in candidates if matches(document, conditions, now)]

    def _write(
        self, what: str, operations: Sequence[Operation], session: Session | None,
        kept: list[Document] | None = None,
    ) -> Result:  # fmt: skip
        """Write one after the other; `kept` gets what was there before and what is after."""

        def write(transaction: Transaction) -> Result:
            return Result(sum(self._apply(transaction, each, kept) for each in operations))

        return self._in_transaction(what, session, write)

    def _in_transaction(
        self, what: str, session: Session | None, write: Callable[[Transaction], T]
    ) -> T:
        what = f"{what} {self._name}"
        if session is not None:
            return session.do(what, write)
        try:
            return self._client.ask(what, lambda: self._alone(write))
        except DuplicateKey:
            raise DuplicateKeyError("it is taken", _DUPLICATE_KEY) from None

    def _alone(self, write: Callable[[Transaction], T]) -> T:
        """Write outside of a transaction: who is in the way is waited for."""
        while True:
            transaction = self._server.begin(self._client)
            try:
                result = write(transaction)
            except WriteConflict:
                self._server.abort(transaction)
                self._client.line.pause(_LOCKED_S)
            except DuplicateKey:
                self._server.abort(transaction)
                raise
            else:
                self._server.commit_alone(transaction, majority=self._majority)
                return result

    def _delete_first(self, transaction: Transaction, conditions: Document) -> int:
        """Delete the first document; return how many that is."""
        found = next(iter(self._found(transaction.rows(self._name), conditions)), None)
        if found is None:
            return 0
        self._server.delete(transaction, self._name, found["_id"])
        return 1

    def _apply(
        self, transaction: Transaction, operation: Operation, kept: list[Document] | None
    ) -> int:
        """Do one write; return how many documents it has found."""
        now = self._server.clock()
        if isinstance(operation, InsertOne):
            self._insert(transaction, operation._doc)
            return 0
        conditions: Document = dict(operation._filter)
        if isinstance(operation, UpdateMany):
            return self._update_all(transaction, conditions, cast(Document, operation._doc))
        if isinstance(operation, DeleteOne):
            self._delete_first(transaction, conditions)
            return 0
        found = next(iter(self._found(transaction.rows(self._name), conditions)), None)
        is_new = found is None
        if is_new and not operation._upsert:
            return 0
        before = found if found is not None else named_by(conditions)
        if isinstance(operation, ReplaceOne):
            after = {**({} if is_new else {"_id": before["_id"]}), **operation._doc}
        else:
            after = updated(before, cast(Document, operation._doc), now, is_new=is_new)
        if is_new:
            self._insert(transaction, after)
        else:
            self._replace(transaction, after)
        if kept is not None:
            kept += [before, after]
        return not is_new

    def _update_all(self, transaction: Transaction, conditions: Document, update: Document) -> int:
        found = self._found(transaction.rows(self._name), conditions)
        for document in found:
            self._replace(transaction, updated(document, update, self._server.clock()))
        return len(found)

    def _insert(self, transaction: Transaction, document: Document) -> None:
        if "_id" not in document:
            document = {"_id": self._server.new_id(), **document}
        self._server.insert(transaction, self._name, document)

    def _replace(self, transaction: Transaction, after: Document) -> None:
        self._server.replace(transaction, self._name, after)


def _projected(document: Document, projection: Document | None) -> Document:
    if projection is None:
        return dict(document)
    return {name: document[name] for name in ("_id", *projection) if name in document}
