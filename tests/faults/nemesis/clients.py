"""Clients that behave badly, beside those who go on as ever."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from tests.client import Answer
from tests.faults.load.history import Operation, is_final, new_operation
from tests.faults.nemesis import Target

TWINS = 50


def cut_off(target: Target) -> None:
    """Everybody gives up after 50 ms, twice, and asks again with the same key."""
    target.workload.impatient = True
    time.sleep(4)
    target.workload.impatient = False


def same_key_at_once(target: Target) -> None:
    """One operation, asked fifty times at the same moment over all hosts and workers."""
    for _ in range(5):
        event = target.chance.choice(target.workload.events)
        body = {"event": event, "nTickets": 2}
        staff = target.workload.people.staff
        operation = new_operation("POST", "/api/v1/transactions", body, staff)

        with ThreadPoolExecutor(TWINS) as pool:
            answers = list(pool.map(partial(_ask, target, operation), range(TWINS)))
        operation.attempts, operation.answer, operation.ended = TWINS, answers[0], time.monotonic()
        target.workload.history.append(operation)
        bodies = {(answer.status, answer.body) for answer in answers}
        target.complain(len(bodies) == 1, f"one key, {len(bodies)} answers")


def _ask(target: Target, operation: Operation, _: int) -> Answer:
    client = target.workload.connect()
    while True:
        answer = client.request(
            operation.method, operation.path, operation.body,
            Idempotency_Key=operation.key, X_Request_ID=operation.key,
            Authorization=operation.asker.authorization,
        )  # fmt: skip
        if is_final(answer):
            return answer


def gone_before_the_answer(target: Target) -> None:
    """Clients that send a request and hang up at once."""
    for _ in range(100):
        client = target.workload.connect()
        with suppress(OSError):
            client.send("GET", "/api/v1/events")
        client.close()
        time.sleep(0.02)
