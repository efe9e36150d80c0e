"""Broken builds: each lacks what some judge is there for, and has to be noticed.

A mutant is a patch at run time. It is looked for in the plans of the ordinary seeds, or in one that
is drawn for it where what it breaks is seldom met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest

from tests.simulation.plan import Host, Plan, combining, plan_of
from ticketing.domain.changes import change_set, waiting_list
from ticketing.domain.changes.chain import Head
from ticketing.domain.changes.change_set import ChangeSet
from ticketing.domain.commands import bookings as booking_rules
from ticketing.domain.commands import moves as move_rules
from ticketing.domain.commands import sales as sale_rules
from ticketing.domain.errors import Busy, NotEnoughTickets, OutcomeUnknown, Unreadable
from ticketing.services.writes import handler, moves, queue, recovery, waiters
from ticketing.services.writes import turns as service_turns
from ticketing.services.writes.batch import Batch, CommandResult
from ticketing.services.writes.combining import SharedPublications
from ticketing.services.writes.handler import CommandHandler
from ticketing.services.writes.queue import BatchQueues
from ticketing.services.writes.transaction import Transactions
from ticketing.storage import events
from ticketing.storage.documents import EVENTS
from ticketing.storage.driver import reads, units_of_work
from ticketing.storage.writes import change_sets, idempotency

Drawn = Callable[[int], Plan]


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is broken, by which patch, which judge has to notice it, and in which plans.

    It has to be noticed in one of the first `seeds`.
    """

    breaks: Callable[[pytest.MonkeyPatch], None]
    noticed_by: str
    drawn: Drawn = plan_of
    seeds: int = 1_000

    @property
    def name(self) -> str:
        """What it is called, in words."""
        return self.breaks.__name__.replace("_", " ")


# The queue.


def hands_over_to_nobody(patch: pytest.MonkeyPatch) -> None:
    def hand_over(of: Any) -> None:
        with of.lock:
            if not of.waiters:
                of.led = False

    patch.setattr(waiters.EventQueue, "hand_over", hand_over)


def leads_twice(patch: pytest.MonkeyPatch) -> None:
    def enter(self: Any, event: str, of: Any, waiter: Any) -> None:
        with of.lock:
            of.waiters.append(waiter)
            waiter.leads = True

    patch.setattr(BatchQueues, "_enter", enter)


def withdraws_who_was_taken(patch: pytest.MonkeyPatch) -> None:
    def wait(self: Any, of: Any, waiter: Any) -> None:
        if waiter.leads or waiter.wake.acquire(timeout=waiter.remaining()):
            return
        with of.lock:
            if waiter.leads or waiter.completed:
                return
            if not waiter.taken:
                of.waiters.remove(waiter)
            raise Busy

    patch.setattr(BatchQueues, "_await", wait)


def withdraws_a_leader(patch: pytest.MonkeyPatch) -> None:
    def wait(self: Any, of: Any, waiter: Any) -> None:
        if waiter.leads or waiter.wake.acquire(timeout=waiter.remaining()):
            return
        with of.lock:
            if waiter.completed:
                return
            if not waiter.taken:
                of.waiters.remove(waiter)
                raise Busy
        if not waiter.wake.acquire(timeout=self._complete_s):
            raise OutcomeUnknown

    patch.setattr(BatchQueues, "_await", wait)


def is_busy_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(waiters.Waiter, "remaining", lambda waiter: 0.0)


def completes_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    real = CommandHandler._attempt

    def attempt(self: Any, event: str, submissions: Any, seconds: float, *, lock: bool) -> Any:
        kept: list[Any] = []

        def decide(*args: Any, **known: Any) -> Any:
            kept[:] = [decided(*args, **known)]
            return kept[0]

        decided = Transactions.decide_and_write
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Transactions, "decide_and_write", decide)
            try:
                return real(self, event, submissions, seconds, lock=lock)
            except Exception:
                if kept:
                    return kept[0][0]
                raise

    patch.setattr(CommandHandler, "_attempt", attempt)


def lets_an_error_reach_the_leader_alone(patch: pytest.MonkeyPatch) -> None:
    real = BatchQueues._lead

    def lead(self: Any, event: str, of: Any, leader: Any) -> bool:
        commit = self._commit

        def committed(event_id: str, items: Any) -> Any:
            try:
                return commit(event_id, items)
            except Exception as error:
                return [error]

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(self, "_commit", committed)
            return real(self, event, of, leader)

    patch.setattr(BatchQueues, "_lead", lead)


def wakes_the_first_follower_alone(patch: pytest.MonkeyPatch) -> None:
    def wake_next(self: Any) -> None:
        if self.next is not None and self.leads:
            self.next.wake.release()

    patch.setattr(waiters.Waiter, "wake_next", wake_next)


def keeps_every_queue(patch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def using(self: Any, event: str) -> Any:
        with self._lock:
            of = self._queues.setdefault(event, waiters.EventQueue())
        yield of

    patch.setattr(BatchQueues, "_using", using)


def takes_all_who_wait(patch: pytest.MonkeyPatch) -> None:
    real = BatchQueues._take_batch

    def take(self: Any, event: str, of: Any, *, locked: bool) -> Any:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(self, "_size", 1_000)
            return real(self, event, of, locked=locked)

    patch.setattr(BatchQueues, "_take_batch", take)


# Combining.


def wakes_the_first_before_the_line_stands(patch: pytest.MonkeyPatch) -> None:
    real = waiters.complete_in_line

    def complete(completed: Any, leader: Any = None) -> None:
        real(completed[:1], leader)
        for (before, _), one in pairwise(completed):
            real([one], before)

    for module in (queue, waiters):
        patch.setattr(module, "complete_in_line", complete)


def hands_over_to_nobody_who_is_published(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(waiters.EventQueue, "heir", lambda of: of.waiters[0] if of.waiters else None)


def replies_to_no_guest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SharedPublications, "reply", lambda self, results: None)


def tells_a_guest_what_another_came_to(patch: pytest.MonkeyPatch) -> None:
    real = SharedPublications.reply

    def reply(self: Any, results: Any) -> None:
        guests, told = zip(*results, strict=True)
        real(self, zip(guests, reversed(told), strict=True))

    patch.setattr(SharedPublications, "reply", reply)


def commits_anew_what_was_lost_without_a_key(patch: pytest.MonkeyPatch) -> None:
    real = BatchQueues.__init__

    def made(self: Any, *args: Any, **known: Any) -> None:
        real(self, *args, **{**known, "repeatable": lambda _: True})

    patch.setattr(BatchQueues, "__init__", made)


def drops_what_is_given_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(BatchQueues, "_requeue", lambda self, of, waiter: None)


# The handler.


def splits_nothing(patch: pytest.MonkeyPatch) -> None:
    def commit_alone(self: Any, event: str, submission: Any) -> Any:
        return Unreadable()

    patch.setattr(CommandHandler, "_commit_alone", commit_alone)


def resumes_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CommandHandler, "resume", lambda *_: True)
    patch.setattr(recovery, "recover", lambda *_: True)


def recovers_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recovery, "recover", lambda *_: True)


def takes_an_unknown_outcome_for_a_conflict(patch: pytest.MonkeyPatch) -> None:
    _with_unknown_as(patch, units_of_work.Conflict)


def says_busy_where_the_outcome_is_unknown(patch: pytest.MonkeyPatch) -> None:
    _with_unknown_as(patch, Busy)


def _with_unknown_as(patch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    real = units_of_work.unit_of_work

    def work(*args: Any, **known: Any) -> Any:
        try:
            return real(*args, **known)
        except OutcomeUnknown:
            raise kind from None

    patch.setattr(handler, "unit_of_work", work)


def never_locks_first_nor_takes_turns(patch: pytest.MonkeyPatch) -> None:
    """Take both away: a host that has its turn seldom has to lock first."""
    patch.setattr(Transactions, "lock_events", lambda *_: None)
    takes_no_turns(patch)


def takes_no_turns(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service_turns.Turns, "_is_contended", lambda *_: False)


def gives_no_turn_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service_turns.Turns, "_end_turn", lambda *_: None)


# Keys.


def keeps_no_record(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(idempotency, "insert_many", lambda *_: None)


def decides_twins_of_a_batch_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Batch,
        "_first_of_each_key",
        lambda self: [s for s in self._submissions if not s.key or s.key.scope not in self._stored],
    )


def replays_what_another_was_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Batch,
        "_replay",
        lambda self, _: replace(
            next(r for r in [_replayed(s) for s in self._stored.values()]), replayed=True
        ),
    )


def _replayed(record: Any) -> Any:
    return CommandResult(None, record.response)


# Storage.


def fences_nothing(patch: pytest.MonkeyPatch) -> None:
    """Read the event before the snapshot, and write it whatever has come of it since.

    Without the unique indexes as well: fence, snapshot and the index of the audit each hold alone.
    """
    find = events.find

    def find_before(db: Any, id_: str, session: Any = None) -> Any:
        return find(db, id_)

    def write_event(db: Any, before: Any, after: Any, session: Any) -> None:
        if before is None:
            db.events.insert_one(EVENTS.encode(after), session=session)
            return
        values = change_sets._changed_details(before, after)
        values["ever_booked"] = after.ever_booked
        more = {f: getattr(after, f) - getattr(before, f) for f in change_sets._COUNTERS}
        db.events.update_one({"_id": before.id}, {"$set": values, "$inc": more}, session=session)

    patch.setattr(events, "find", find_before)
    patch.setattr(change_sets, "write_event", write_event)
    patch.setattr("tests.simulation.simulation.unique_indexes", dict)


def writes_no_audit_of_some(patch: pytest.MonkeyPatch) -> None:
    real = change_sets.append_audit

    def append(db: Any, entries: Any, session: Any) -> None:
        real(db, entries[:-1] if len(entries) > 1 else entries, session)

    patch.setattr(change_sets, "append_audit", append)


def lets_no_new_primary_catch_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reads, "_let_catch_up", lambda db: None)


# The rules.


def sells_what_is_not_there(patch: pytest.MonkeyPatch) -> None:
    for module in (sale_rules, booking_rules, move_rules):
        patch.setattr(module, "require_free", lambda event, tickets: None)
    patch.setattr(change_sets, "UnreadableDocument", lambda *_: None)

    def write_event(db: Any, before: Any, after: Any, session: Any) -> None:
        if before is None:
            db.events.insert_one(EVENTS.encode(after), session=session)
        else:
            document = EVENTS.encode(after)
            db.events.update_one({"_id": before.id}, {"$set": document}, session=session)

    patch.setattr(change_sets, "write_event", write_event)


def serves_the_last_first(patch: pytest.MonkeyPatch) -> None:
    def next_waiting(self: Any) -> Any:
        waits = [b for b in self._bookings.values() if b.status == "waiting"]
        return max(waits, key=lambda booking: booking.sequence, default=None)

    patch.setattr(ChangeSet, "next_waiting", next_waiting)


def lets_newcomers_overtake(patch: pytest.MonkeyPatch) -> None:
    def free(event: Any, tickets: int) -> None:
        if event.available < tickets:
            raise NotEnoughTickets(available=event.available)

    for module in (sale_rules, booking_rules, move_rules):
        patch.setattr(module, "require_free", free)


def serves_nobody(patch: pytest.MonkeyPatch) -> None:
    for module in (waiting_list, sale_rules, booking_rules, move_rules):
        patch.setattr(module, "serve", lambda change_set, caller, **_: ())


def forgets_what_customers_hold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(booking_rules, "require_no_booking", lambda change_set, customer: None)
    patch.setattr(move_rules, "require_no_booking", lambda change_set, customer: None)
    patch.setattr("tests.simulation.simulation.unique_indexes", dict)


def limits_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(booking_rules, "_require_below_limit", lambda *_: None)


# Moves.


def writes_half_a_move(patch: pytest.MonkeyPatch) -> None:
    real = moves.decide_move

    def decide(*args: Any) -> Any:
        outcome, decisions = real(*args)
        return outcome, decisions[:1]

    patch.setattr(moves, "decide_move", decide)


def leaves_without_serving(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(move_rules, "serve", lambda change_set, caller: ())


def keeps_its_tickets_where_it_was(patch: pytest.MonkeyPatch) -> None:
    _departs_counting(patch, lambda booking, side: booking)


def takes_one_ticket_along(patch: pytest.MonkeyPatch) -> None:
    _departs_counting(patch, lambda booking, side: side and replace(side, tickets=side.tickets - 1))


def _departs_counting(patch: pytest.MonkeyPatch, counted: Callable[[Any, Any], Any]) -> None:
    """Have something else counted, before and after, of a booking that leaves."""
    depart, figures = ChangeSet.record_departure, change_set._figures

    def departs(of: Any, caller: Any, booking: Any) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(change_set, "_figures", lambda side: figures(counted(booking, side)))
            depart(of, caller, booking)

    patch.setattr(ChangeSet, "record_departure", departs)


def tells_one_head_to_all_of_a_batch(patch: pytest.MonkeyPatch) -> None:
    def of_first(self: Any) -> Any:
        first = self.entries[0] if self.entries else None
        return Head(first.sequence, first.hash) if first else self.event and self.event.head

    patch.setattr(ChangeSet, "chain_head", property(of_first))


def looks_for_who_has_left(patch: pytest.MonkeyPatch) -> None:
    """As it was before the simulation found it."""

    def next_waiting(self: Any) -> Any:
        while self._queue:
            booking = self._bookings[self._queue[0]]
            if booking.status == "waiting":
                return booking
            self._queue.popleft()
        return None

    patch.setattr(ChangeSet, "next_waiting", next_waiting)


def arrives_where_nothing_is_free(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(move_rules, "require_free", lambda event, tickets: None)


def arrives_beside_another_of_the_same_customer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(move_rules, "require_no_booking", lambda change_set, customer: None)


def costs_what_it_did(patch: pytest.MonkeyPatch) -> None:
    _arrives_with(patch, total=lambda before: before.total)


def counts_for_who_passed_it_on(patch: pytest.MonkeyPatch) -> None:
    _arrives_with(patch, shares=lambda before: before.shares)


def brings_its_offer_along(patch: pytest.MonkeyPatch) -> None:
    _arrives_with(patch, offer=lambda b: b.offer, offer_until=lambda b: b.offer_until)


def _arrives_with(patch: pytest.MonkeyPatch, **wrong: Callable[[Any], Any]) -> None:
    """Have what arrives differ from what should."""
    real = ChangeSet.record_arrival

    def record(change_set: Any, caller: Any, before: Any, after: Any) -> Any:
        values: Mapping[str, Any] = {name: value(before) for name, value in wrong.items()}
        return real(change_set, caller, before, replace(after, **values))

    patch.setattr(ChangeSet, "record_arrival", record)


def counts_for_nobody(patch: pytest.MonkeyPatch) -> None:
    arrived: set[str] = set()
    record = ChangeSet.record_arrival

    def note(change_set: Any, caller: Any, before: Any, after: Any) -> Any:
        arrived.add(after.id)
        return record(change_set, caller, before, after)

    def count(change_set: Any, customer: str) -> int:
        held = change_set.active_bookings()
        return sum(b.acquired_by(customer) for b in held if b.id not in arrived)

    patch.setattr(ChangeSet, "record_arrival", note)
    patch.setattr(ChangeSet, "acquired_by", count)


# Plans in which something is met that is seldom met otherwise.


def moving(seed: int) -> Plan:
    """Draw a plan in which bookings are moved to and fro, and nothing is broken."""
    return Plan(
        seed, [Host("host0", 1, 1.0)], clients=6, operations=10, favours="moves", by_themselves=0.5
    )


def passing(seed: int) -> Plan:
    """Draw a plan in which bookings of customers with a limit are moved and passed on."""
    return Plan(
        seed, [Host("host0", 1, 1.0)], clients=6, operations=12, favours="passing",
        by_themselves=0.4, capacity=40,
    )  # fmt: skip


def piecemeal(seed: int) -> Plan:
    """Draw a plan in which one change goes into a commit, and bookings are moved."""
    hosts = [Host("host0", 1, 1.0), Host("host1", 1, 1.0)]
    return Plan(seed, hosts, clients=8, operations=8, favours="moves", most_per_commit=1)


def awaited(seed: int) -> Plan:
    """Draw a plan in which many wait, and nothing is broken."""
    return Plan(seed, [Host("host0", 1, 1.0)], clients=6, operations=10, favours="waiting")


def elected(seed: int) -> Plan:
    """Draw a plan in which another primary is elected every now and then."""
    elections = [(0.01 * number, 0.0) for number in range(1, 20)]
    return Plan(seed, [Host("host0", 1, 1.0)], clients=6, operations=6, elections=elections)


def dying(seed: int) -> Plan:
    """Draw a plan in which processes die that resume what a commit has left."""
    hosts = [Host("host0", 1, 1.0), Host("host1", 1, 1.0)]
    return Plan(
        seed, hosts, clients=5, most_per_commit=1, calls_off=True, dies_resuming=True,
        favours="waiting",
    )  # fmt: skip


def hurried(seed: int) -> Plan:
    """Draw a plan in which many wait for one process, and not for long."""
    hosts = [Host("host0", 1, 1.0)]
    return Plan(seed, hosts, clients=8, operations=12, wait_s=0.008, eagerness=0.7, group_size=1)


def met(seed: int) -> Plan:
    """Draw a plan in which two hosts that are near meet all the time, and nothing is broken."""
    hosts = [Host("host0", 1, 1.0), Host("host1", 1, 1.0)]
    return Plan(seed, hosts, clients=8, operations=6, favours="changes", twice=0.3)


def twinned(seed: int) -> Plan:
    """Draw a plan in which most requests come twice, to one process or to both."""
    hosts = [Host("host0", 1, 1.0), Host("host1", 1, 1.0)]
    return Plan(seed, hosts, clients=8, operations=4, crowding=0.9, twice=0.8)


def contested(seed: int) -> Plan:
    """Draw a plan in which a host that is far away competes with two that are near."""
    hosts = [Host("host0", 1, 1.0), Host("host1", 1, 1.0), Host("host2", 1, 10.0)]
    return Plan(seed, hosts, clients=8, operations=25, commit_s=0.25, favours="changes")


def dying_together(seed: int) -> Plan:
    """Draw a plan in which workers that commit for each other die often, and nobody has a key."""
    moments = [0.02 + 0.03 * number + 0.0007 * (seed % 40) for number in range(8)]
    return replace(combining(seed), without_key=1.0, deaths=moments)


def together(seed: int) -> Plan:
    """Draw a calm plan in which two workers of a host commit few at once of what many ask for."""
    return Plan(
        seed,
        [Host("host0", 2, 1.0)],
        crowding=0.6,
        clients=8,
        operations=8,
        group_size=2 + seed % 2,
        combines=True,
    )


MUTANTS = (
    Mutant(hands_over_to_nobody, "broken"),
    Mutant(leads_twice, "broken"),
    Mutant(withdraws_who_was_taken, "untrue"),
    Mutant(withdraws_a_leader, "broken", hurried),
    Mutant(is_busy_at_once, "impatient"),
    Mutant(completes_before_the_commit, "lost"),
    Mutant(lets_an_error_reach_the_leader_alone, "broken"),
    Mutant(wakes_the_first_follower_alone, "asleep"),
    Mutant(tells_one_head_to_all_of_a_batch, "unchained"),
    Mutant(keeps_every_queue, "left"),
    Mutant(takes_all_who_wait, "left"),
    Mutant(wakes_the_first_before_the_line_stands, "asleep", together),
    Mutant(hands_over_to_nobody_who_is_published, "broken", combining),
    Mutant(replies_to_no_guest, "troubled", combining),
    Mutant(tells_a_guest_what_another_came_to, "untrue", combining),
    Mutant(commits_anew_what_was_lost_without_a_key, "doubled", dying_together),
    Mutant(drops_what_is_given_back, "troubled", combining),
    Mutant(splits_nothing, "unreadable"),
    Mutant(resumes_nothing, "waiting"),
    Mutant(recovers_nothing, "waiting", dying),
    Mutant(takes_an_unknown_outcome_for_a_conflict, "untrue"),
    Mutant(says_busy_where_the_outcome_is_unknown, "untrue"),
    Mutant(never_locks_first_nor_takes_turns, "troubled", contested),
    Mutant(takes_no_turns, "quarrelling", contested),
    Mutant(gives_no_turn_back, "left", met),
    Mutant(keeps_no_record, "doubled", twinned),
    Mutant(decides_twins_of_a_batch_twice, "troubled", twinned),
    Mutant(replays_what_another_was_told, "doubled", twinned),
    Mutant(fences_nothing, "differing", met),
    Mutant(writes_no_audit_of_some, "differing"),
    Mutant(lets_no_new_primary_catch_up, "unseen", elected),
    Mutant(sells_what_is_not_there, "unordered"),
    Mutant(serves_the_last_first, "unordered"),
    Mutant(lets_newcomers_overtake, "unordered", awaited),
    Mutant(serves_nobody, "waiting"),
    Mutant(forgets_what_customers_hold, "unruly"),
    Mutant(limits_nobody, "unruly", passing),
    Mutant(writes_half_a_move, "halved"),
    Mutant(leaves_without_serving, "waiting", moving),
    Mutant(keeps_its_tickets_where_it_was, "differing"),
    Mutant(looks_for_who_has_left, "broken", piecemeal),
    Mutant(takes_one_ticket_along, "differing"),
    Mutant(arrives_where_nothing_is_free, "unordered", moving),
    Mutant(arrives_beside_another_of_the_same_customer, "starved", moving),
    Mutant(costs_what_it_did, "halved"),
    Mutant(counts_for_who_passed_it_on, "differing", moving),
    Mutant(brings_its_offer_along, "differing", moving),
    Mutant(counts_for_nobody, "unruly", passing),
)
