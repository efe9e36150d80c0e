"""Idempotency inside a batch: which submissions are decided, and which answer belongs to whom.

Pure: no clock, no database. A key is decided once, whether its twin is in an earlier batch (a
record was found) or in this one (the first decides, the others replay it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ticketing.domain.changes.results import Outcome, customers_in, id_of
from ticketing.domain.commands.command import Envelope
from ticketing.domain.errors import Busy, DomainError, KeyReused, NotFound, Refused
from ticketing.storage.writes.idempotency import IdempotencyRecord, KeyScope, StoredResponse


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's key, the request that it came with, and how that request's response is written.

    `respond` runs in whatever thread commits the batch, so it must not look at a request.
    """

    caller: str
    key: str
    fingerprint: str
    respond: Callable[[Outcome], StoredResponse]

    @property
    def scope(self) -> KeyScope:
        """Whose key it is, and which."""
        return self.caller, self.key


@dataclass(frozen=True, slots=True)
class Submission:
    """A command with its caller, to be executed once under a key where there is one."""

    envelope: Envelope
    key: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of a submission.

    `response` is what was stored under its key; then `replayed` tells whether it was an earlier
    request's, and `outcome` is None if so. `has_remaining_work` is set for one of a batch where
    there was too much for one commit: its thread resumes.
    """

    outcome: Outcome
    response: StoredResponse | None = None
    replayed: bool = False
    has_remaining_work: bool = False

    @property
    def subject(self) -> str | None:
        """The id of the event or booking that this is about; None where it was refused.

        Of a replay it is the last part of the stored `Location`, and None where there is none:
        what an earlier request came to is known by its response alone.
        """
        if self.replayed:
            location = self.response.location if self.response else None
            return location.rpartition("/")[2] if location else None
        return id_of(self.outcome)


class Batch:
    """Submissions that are decided together, some of whose keys may have a response already.

    `fresh` are those to be decided: not what was answered before, nor a twin in this batch.
    `records` are the responses to be stored, once the batch is complete.
    """

    def __init__(
        self, submissions: Sequence[Submission], stored: Mapping[KeyScope, IdempotencyRecord]
    ) -> None:
        self._submissions = submissions
        self._stored = dict(stored)
        self.fresh = self._first_of_each_key()
        self.records: Sequence[IdempotencyRecord] = ()

    def complete(
        self, outcomes: Sequence[Outcome], *, has_remaining_work: bool = False
    ) -> Sequence[CommandResult | BaseException]:
        """Return each submission's result, knowing the outcome of each that was fresh."""
        results = [
            CommandResult(outcome, fresh.key.respond(outcome) if fresh.key else None)
            for fresh, outcome in zip(self.fresh, outcomes, strict=True)
        ]
        if has_remaining_work and results:
            results[0] = replace(results[0], has_remaining_work=True)
        self.records = _records(self.fresh, results)
        self._stored |= {record.scope: record for record in self.records}

        # By identity: two submissions may be equal, twins of one key or the same sale twice, and
        # each has to get the result of its own.
        by_submission = {id(s): result for s, result in zip(self.fresh, results, strict=True)}
        return [by_submission.get(id(s)) or self._replay(s) for s in self._submissions]

    def _first_of_each_key(self) -> Sequence[Submission]:
        seen = set(self._stored)
        fresh = []
        for submission in self._submissions:
            if submission.key is None:
                fresh.append(submission)
            elif submission.key.scope not in seen:
                seen.add(submission.key.scope)
                fresh.append(submission)
        return fresh

    def _replay(self, submission: Submission) -> CommandResult | BaseException:
        """Return what the key has been answered; raises nothing, returns the error."""
        assert submission.key is not None
        record = self._stored.get(submission.key.scope)
        if record is None:
            # The first with this key came in this batch, and its outcome is not one to be stored.
            return Busy()
        if record.fingerprint != submission.key.fingerprint:
            return KeyReused()
        return CommandResult(None, record.response, replayed=True)


def _records(
    submissions: Sequence[Submission], results: Sequence[CommandResult]
) -> Sequence[IdempotencyRecord]:
    return [
        IdempotencyRecord(
            s.key.caller,
            s.key.key,
            s.key.fingerprint,
            result.response,
            customers_in(result.outcome),
        )
        for s, result in zip(submissions, results, strict=True)
        if s.key and result.response and _is_final(result.outcome)
    ]


def _is_final(outcome: Outcome) -> bool:
    return not isinstance(outcome, DomainError) or isinstance(outcome, NotFound | Refused)
