"""Clients that behave badly, beside those who go on as ever."""

from __future__ import annotations

import time
from contextlib import suppress

from tests.faults.nemesis import CommandHandler
from tests.faults.workload import is_final, new_operation
from tests.system.client import Client, at_once

TWINS = 50


def cut_off(target: CommandHandler) -> None:
    """Everybody gives up after 50 ms, twice, and asks again with the same key."""
    target.workload.impatient = True
    time.sleep(4)
    target.workload.impatient = False


def same_key_at_once(target: CommandHandler) -> None:
    """One wish, asked fifty times at the same moment over both workers."""
    for _ in range(5):
        event = target.chance.choice(target.workload.events)
        operation = new_operation("POST", "/api/v1/transactions", {"event": event, "nTickets": 2})

        def ask(client: Client, _: int, body=operation.body, key=operation.key):
            while True:
                answer = client.post(
                    "/api/v1/transactions", body, Idempotency_Key=key, X_Request_ID=key
                )
                if is_final(answer):
                    return answer

        answers = at_once(target.server.port, TWINS, ask)
        operation.attempts, operation.answer, operation.ended = TWINS, answers[0], time.monotonic()
        target.workload.history.append(operation)
        bodies = {(answer.status, answer.body) for answer in answers}
        target.complain(len(bodies) == 1, f"one key, {len(bodies)} answers")


def gone_before_the_answer(target: CommandHandler) -> None:
    """Clients that send a request and hang up at once."""
    for _ in range(100):
        client = Client(target.server.port)
        with suppress(OSError):
            client.send("GET", "/api/v1/events")
        client.close()
        time.sleep(0.02)
