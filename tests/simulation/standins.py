"""What stands in for threads, time, chance and logs in the modules of the write path.

A module of the service says `time.sleep(0.002)`, and `time` is a name of that module: here it gets
another meaning while simulations run. So the service has no seam for it, and pays nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.simulation.scheduler import Event, Lock, Mailbox, Scheduler
from ticketing.domain.changes import read_set, waiting_list
from ticketing.domain.commands import events as event_commands
from ticketing.services.writes import combining, handler, host_lock, queue, recovery, turns, waiters
from ticketing.storage import documents, events
from ticketing.storage.driver import deadlines, reads, units_of_work
from ticketing.storage.writes import idempotency
from ticketing.storage.writes import turns as stored_turns

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

# A module or a class, a name in it, and what that is to mean.
Meaning = tuple[Any, str, Any]

WRITES = queue, waiters, combining, turns, handler, host_lock

COUNTED: Sequence[tuple[Any, str, Mapping[object, str]]] = (
    (stored_turns, "give_back", {True: "somebody was in line", False: "nobody was in line"}),
    (stored_turns, "leave", {None: "a turn was not waited for any longer"}),
    (events, "lock", {None: "an event was locked first"}),
    (queue.BatchQueues, "_requeue", {None: "a publication was given back"}),
    (reads, "_let_catch_up", {None: "a new primary was waited for"}),
)


def stand_ins(simulation: Simulation, folder_of: Callable[[str], Path]) -> Iterator[Meaning]:
    """Return each module of the write path with a name in it, and what that is to mean."""
    scheduler, plan, sometimes = simulation.scheduler, simulation.plan, simulation.sometimes
    chance = scheduler.chance

    def monotonic() -> float:
        scheduler.give_way()
        return scheduler.now

    time = SimpleNamespace(
        monotonic=monotonic, perf_counter=lambda: scheduler.now, sleep=scheduler.sleep
    )
    threading = SimpleNamespace(Lock=lambda: Lock(scheduler), Event=lambda: Event(scheduler))
    for module in (*WRITES, units_of_work, reads, deadlines):
        yield module, "time", time
    for module in (queue, waiters, turns, recovery):
        yield module, "threading", threading
    for module in (handler, units_of_work, recovery):
        yield module, "random", SimpleNamespace(uniform=chance.uniform)
    yield turns, "secrets", SimpleNamespace(token_hex=lambda n: chance.randbytes(n).hex())
    yield recovery, "uuid4", lambda: SimpleNamespace(hex=chance.randbytes(16).hex())
    for module in (handler, recovery, units_of_work, documents):
        yield module, "log", _Log(simulation.note)
    yield idempotency, "utc_now", simulation.utc_now_here
    yield host_lock, "shared_folder", folder_of
    for module in (units_of_work, reads):
        yield module, "renew_stamp", lambda name: None
    for module in (waiting_list, read_set, event_commands):
        yield module, "MOST_PER_COMMIT", plan.most_per_commit
    yield turns, "PATIENCE_S", plan.turn_patience_s
    yield host_lock, "PATIENCE_S", plan.lock_patience_s
    yield queue.BatchQueues, "_lead", _watched(queue.BatchQueues._lead, simulation.leading)
    for module, name, told in COUNTED:
        yield module, name, _counting(getattr(module, name), told, sometimes)
    yield stored_turns, "take", _noting(stored_turns.take, simulation)
    yield from _combining(scheduler, sometimes)


def _combining(scheduler: Scheduler, sometimes: Counter[str]) -> Iterator[Meaning]:
    """Return what stands in for the sockets between the processes of a host."""
    for module in (queue, combining):
        yield module, "randbits", scheduler.chance.getrandbits
    # Of two locks and lists both events have the same, of three each its own.
    yield host_lock, "LOCKS", scheduler.chance.choice([2, 3])
    yield combining, "_sockets", lambda: (box := Mailbox(scheduler), box)
    yield combining, "_await_message", lambda box, seconds: box.wait(seconds)
    shared, queues = combining.SharedPublications, queue.BatchQueues
    yield shared, "take_published", _telling(shared.take_published, sometimes, _who_was_taken)
    yield queues, "_lost", _telling(queues._lost, sometimes, _what_was_lost)


def _noting(take: Callable[..., bool], simulation: Simulation) -> Callable[..., bool]:
    """Note which process asks for a turn by which name, and count what it gets."""

    def noted(db: Any, event_id: str, holder: str, lease_s: float) -> bool:
        simulation.turns[holder] = simulation.scheduler.current.process.name
        kept = db.client.server.find("leases", f"turn:{event_id}")
        is_ours = take(db, event_id, holder, lease_s)
        if kept and kept.get("kept_for") == holder:
            simulation.sometimes["a turn was kept and had"] += is_ours
        elif kept and kept.get("before", 1) == 0 and not is_ours:
            simulation.sometimes["a turn was kept for somebody else"] += 1
        simulation.sometimes["a turn was had" if is_ours else "a turn was somebody else's"] += 1
        return is_ours

    return noted


def _watched(lead: Callable[..., bool], leading: Counter[object]) -> Callable[..., bool]:
    """Note of each queue how many threads lead it."""

    def watched(queues: object, event_id: str, of: object, leader: object) -> bool:
        leading[of] += 1
        try:
            return lead(queues, event_id, of, leader)
        finally:
            leading[of] -= 1

    return watched


def _counting(
    function: Callable[..., Any], told: Mapping[object, str], sometimes: Counter[str]
) -> Callable[..., Any]:
    """Count what a function has come to."""

    def counted(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        sometimes[told[result]] += 1
        return result

    return counted


def _telling(
    function: Callable[..., Any], sometimes: Counter[str], tells: Callable[..., str]
) -> Callable[..., Any]:
    """Count what a function has done, in the words of another that sees what it has come to."""

    def told(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        sometimes[tells(result, *args, **kwargs)] += 1
        return result

    return told


def _who_was_taken(taken: Any, *_: object, locked: bool) -> str:
    guests = any(isinstance(one, combining.Guest) for one in taken[0])
    if not guests:
        return "no guests were taken"
    return "guests were taken" if locked else "guests were taken without the lock"


def _what_was_lost(lost: Any, *_: object) -> str:
    if not lost:
        return "nothing was lost"
    has_key = any(waiter.item.key for waiter in lost)
    return "what was lost was committed anew" if has_key else "of what was lost nothing is known"


@contextmanager
def standing_in(meanings: Iterator[Meaning]) -> Iterator[None]:
    """Give names in modules another meaning for a while."""
    with ExitStack() as stack:
        for module, name, meaning in meanings:
            stack.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, meaning)
        yield


class _Log:
    """Writes log events into the history."""

    def __init__(self, note: Callable[..., None]) -> None:
        self._note = note

    def info(self, event: str, **facts: object) -> None:
        self._note("log", event, *facts.values())

    warning = error = exception = info
