"""Builds of the service with a guard taken out, or a lie put in: each has to be noticed."""

from __future__ import annotations

from collections.abc import Sequence

from tests.faults.mutants.book_mutants import BOOKS
from tests.faults.mutants.builds import Change
from tests.faults.mutants.edge_mutants import EDGES

GUARDS: dict[str, Sequence[Change]] = {
    "no transaction": (
        Change(
            "storage/driver/units_of_work.py",
            "            session.start_transaction(_SNAPSHOT, _MAJORITY, ReadPreference.PRIMARY)\n",
            "            return work(session)\n",
        ),
    ),
    "answers before the commit": (
        Change(
            "storage/driver/units_of_work.py",
            "        with deadline(seconds), client.start_session() as session:\n",
            "        session = client.start_session()\n        with deadline(seconds):\n",
        ),
        Change(
            "storage/driver/units_of_work.py",
            "            _commit(session, client)\n            return",
            "            __import__('threading').Timer(0.03, _commit, [session, client]).start()\n"
            "            return",
        ),
    ),
    "w:1": (
        Change(
            "storage/driver/units_of_work.py",
            'WriteConcern("majority", j=True)',
            "WriteConcern(1)",
        ),
    ),
    # What a primary has that its peers have lost is seen, and gone once it hears of the next one.
    "reads what no majority has": (
        Change(
            "storage/driver/clients.py", 'readConcernLevel="majority"', 'readConcernLevel="local"'
        ),
    ),
    # The sequence in the filter, the snapshot, and the status of a booking that is cancelled: any
    # of the three alone would do, so all of them are out, and the locks that keep workers apart.
    "no fence": (
        Change("storage/writes/change_sets.py", '            "sequence": before.sequence,\n', ""),
        Change(
            "storage/writes/change_sets.py",
            "        session=session,\n    )\n    if updated is None",
            "    )\n    if updated is None",
        ),
        Change(
            "storage/writes/read_sets.py",
            "events.find(db, event_id, session)",
            "events.find(db, event_id)",
        ),
        Change("storage/events.py", "*stages], session=session), None)", "*stages]), None)"),
        Change(
            "storage/writes/change_sets.py",
            '{"status": before.status, "tickets": before.tickets}',
            "{}",
        ),
        Change("services/writes/host_lock.py", "self._acquire(self._folder, ", "_ = ("),
    ),
    "the last who came is served first": (
        Change(
            "domain/changes/change_set.py",
            "in read_set.queue)\n",
            "in read_set.queue[::-1])\n",
        ),
    ),
    "newcomers jump the queue": (
        Change(
            "domain/commands/bookings.py",
            "        if event.waiting or event.available == 0:\n",
            "        if event.available == 0:\n",
        ),
    ),
    "one ticket more than there are": (
        Change("domain/events.py", " self.capacity - self.sold", " self.capacity + 1 - self.sold"),
        Change("storage/writes/change_sets.py", 'values.get("capacity", "$capacity")', "10**9"),
        Change("storage/migrations/schema.py", '{"$lte": ["$sold", "$capacity"]}', "True"),
    ),
    "no audit": (
        Change(
            "storage/writes/change_sets.py",
            "    append_audit(db, decision.entries, session)\n",
            "",
        ),
    ),
    "no idempotency": (
        Change(
            "services/writes/transaction.py",
            "idempotency.insert_many(self.db, batch.records, session)",
            "pass",
        ),
    ),
    "keys by MongoDB's clock": (
        Change(
            "storage/writes/idempotency.py",
            "earlier, later = sorted((time_of(session), utc_now()))",
            "earlier = later = time_of(session)",
        ),
    ),
}

# Events that were read are known until a commit of the same host, by a stamp that its processes
# share: sound on one host.
_READS_KNOWN_TO_A_HOST: Sequence[Change] = (
    Change(
        "storage/driver/units_of_work.py",
        "            _commit(session, client)\n            return",
        "            from ticketing.storage.driver.host import renew_stamp\n"
        "            _commit(session, client)\n"
        "            renew_stamp('reads')\n"
        "            return",
    ),
    Change(
        "services/shared_reads.py",
        '        return self.get(f"event {id_}", lambda: events.get(self._db, id_))\n',
        "        from ticketing.storage.driver.host import stamp_of\n"
        "        stamp, known = stamp_of('reads').read(), self.__dict__.setdefault('known', {})\n"
        "        if known.get(id_, (None,))[0] != stamp:\n"
        "            known[id_] = stamp, events.get(self._db, id_)\n"
        "        return known[id_][1]\n",
    ),
)

# What is stored is sound in most of these: only an answer or a rule tells.
LIES: dict[str, Sequence[Change]] = {
    "what a host has read is good until that host changes something": _READS_KNOWN_TO_A_HOST,
    "a position too high by one": (
        Change("domain/changes/change_set.py", "] - gone + 1\n", "] - gone + 2\n"),
    ),
    "the waiting list is shown backwards": (
        Change(
            "storage/bookings.py",
            "before.index(booking.id)) for booking in waiting]",
            "before.index(booking.id)) for booking in waiting[::-1]]",
        ),
    ),
    "a cancellation does not tell who was served": (
        Change(
            "domain/commands/bookings.py",
            "    return BookingResult(cancelled, None, serve("
            "change_set, caller, after_the_day=after_the_day))",
            "    serve(change_set, caller, after_the_day=after_the_day)\n"
            "    return BookingResult(cancelled)",
        ),
    ),
    "everything at half price": (
        Change(
            "domain/changes/change_set.py",
            "total=tickets * event.price,",
            "total=tickets * event.price // 2,",
        ),
    ),
    "tickets are added for nothing": (
        Change("domain/commands/bookings.py", "more * event.price", "0 * event.price"),
    ),
    "refused though there are tickets enough": (
        Change(
            "domain/commands/sales.py",
            "    if available < tickets:\n",
            "    if available < tickets + 9:\n",
        ),
    ),
    "no code is good": (
        Change(
            "domain/commands/transfers.py", ".offer_until <= change_set.now", ".offer_until != ''"
        ),
    ),
    "a code is good twice": (
        Change(
            "domain/bookings.py", "shares=shares or None).without_offer()", "shares=shares or None)"
        ),
    ),
    "one customer always has a booking": (
        Change(
            "domain/commands/bookings.py",
            "    held = change_set.held_by(customer)\n    if held is not None:\n",
            "    held = change_set.held_by(customer)\n"
            "    if (customer.name or '').startswith('person1@'):\n"
            "        raise AlreadyBooked\n"
            "    if held is not None:\n",
        ),
    ),
    "one customer, two bookings": (
        Change(
            "domain/commands/bookings.py",
            "    held = change_set.held_by(customer)\n    if held is not None:\n",
            "    held = change_set.held_by(customer)\n    if False and held is not None:\n",
        ),
        Change(
            "storage/migrations/schema.py",
            'name="one_active_a_customer",\n                unique=True,',
            'name="one_active_a_customer",',
        ),
    ),
    "one person, two customers": (
        Change(
            "domain/identity/names.py",
            "    return _key_of(as_shown(text))\n",
            "    return NAME + text\n",
        ),
    ),
    "no limit to what somebody acquires": (
        Change("domain/commands/bookings.py", "    if tickets > left:\n", "    if False:\n"),
    ),
    "what was passed on does not count any more": (
        Change(
            "domain/bookings.py", "customer=customer, shares=shares or None", "customer=customer"
        ),
    ),
    "a move leaves its tickets behind": (
        Change(
            "domain/changes/change_set.py",
            'self._count(caller, "moved_out", booking, None, {})',
            'self._count(caller, "moved_out", booking, booking, {})',
        ),
    ),
    # All is stored as it should be, and what is told in a batch is the head of its first member.
    "one head for all of a batch": (
        Change(
            "domain/commands/decide.py",
            "        return outcome.with_head(change_set.chain_head)\n",
            "        first = change_set.entries[0] if change_set.entries else None\n"
            "        from ticketing.domain.changes.chain import Head\n\n"
            "        return outcome.with_head(\n"
            "            Head(first.sequence, first.hash) if first else change_set.chain_head\n"
            "        )\n",
        ),
    ),
    "a move does not tell where from": (
        Change(
            "domain/changes/change_set.py", "(before.event, after.event)", "(None, after.event)"
        ),
    ),
}

# Nothing that is answered is wrong: something is not answered, or not in time.
STALLS: dict[str, Sequence[Change]] = {
    "nothing can be called off": (
        Change(
            "api/views/cancellations.py",
            "    command = CallOff(expected_sequences())\n",
            "    from ticketing.domain.errors import Busy\n"
            "    raise Busy\n"
            "    command = CallOff(expected_sequences())\n",
        ),
    ),
    "no capacity can be changed": (
        Change(
            "api/views/events.py",
            "    command = replace(command, expected=expected_sequences())\n",
            "    from ticketing.domain.errors import Busy\n"
            "    if 'capacity' in command.values:\n"
            "        raise Busy\n"
            "    command = replace(command, expected=expected_sequences())\n",
        ),
    ),
    "who was defeated begins again as before": (
        Change("services/writes/handler.py", "lock=defeats > 0)", "lock=False)"),
        Change(
            "services/writes/handler.py",
            "                self._turns.defeated(event_id)\n",
            "",
        ),
    ),
    "the statistics take longer than a commit may": (
        Change(
            "api/views/statistics.py",
            "    return respond(",
            "    __import__('time').sleep(8.5)\n    return respond(",
        ),
    ),
}

MUTANTS = GUARDS | LIES | STALLS | EDGES | BOOKS
