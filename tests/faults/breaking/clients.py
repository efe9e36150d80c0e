"""Clients that behave badly, beside those who go on as ever."""

from __future__ import annotations

import time
from contextlib import suppress

from tests.faults.breaking import Office
from tests.faults.crowd import is_final, new_wish
from tests.system.client import Client, at_once

TWINS = 50


def cut_off(office: Office) -> None:
    """Everybody gives up after 50 ms, twice, and asks again with the same key."""
    office.crowd.impatient = True
    time.sleep(4)
    office.crowd.impatient = False


def same_key_at_once(office: Office) -> None:
    """One wish, asked fifty times at the same moment over both workers."""
    for _ in range(5):
        event = office.chance.choice(office.crowd.events)
        wish = new_wish("POST", "/api/v1/transactions", {"event": event, "nTickets": 2})

        def ask(client: Client, _: int, body=wish.body, key=wish.key):
            while True:
                answer = client.post(
                    "/api/v1/transactions", body, Idempotency_Key=key, X_Request_ID=key
                )
                if is_final(answer):
                    return answer

        answers = at_once(office.server.port, TWINS, ask)
        wish.attempts, wish.answer, wish.ended = TWINS, answers[0], time.monotonic()
        office.crowd.history.append(wish)
        bodies = {(answer.status, answer.body) for answer in answers}
        office.complain(len(bodies) == 1, f"one key, {len(bodies)} answers")


def gone_before_the_answer(office: Office) -> None:
    """Clients that send a request and hang up at once."""
    for _ in range(100):
        client = Client(office.server.port)
        with suppress(OSError):
            client.send("GET", "/api/v1/events")
        client.close()
        time.sleep(0.02)
