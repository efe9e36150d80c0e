"""Sixty-four connections guess passwords at a real server with two workers."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from datetime import UTC, datetime

import pytest

from tests.client import at_once
from tests.system.server import Server
from ticketing.domain.identity.users import Role
from ticketing.services.accounts.users import register
from ticketing.services.signing_in.passwords import Passwords

LIMIT = 10
PASSWORD = "the till's own password"
SETTINGS = {
    "AUTH": "required",
    "SECRET_KEY": "Zq8vT2mXw5nLk9dRb3yHc7jF4sGp6aQe",
    "RATE_TOKENS": f"{LIMIT} per hour",
    # However fast the machine is, the till is not what is limited here.
    "RATE_WRITES": "off",
}


def basic(email, password=PASSWORD):
    return "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def people(office_db):
    """Fifteen who work behind one address, the first of them an administrator."""
    emails = [f"{number}@example.org" for number in range(15)]
    passwords = Passwords(memory_kib=8, passes=1)
    for email in emails:
        register(office_db, passwords, email, PASSWORD, datetime.now(UTC), Role.ADMIN)
    return emails


@pytest.fixture(scope="module")
def server(mongodb_uri, office_db, people, tmp_path_factory):
    """They have hashes of their own cost from their first sign-in on."""
    log = tmp_path_factory.mktemp("guessing") / "log"
    with Server(mongodb_uri, office_db.name, log, **SETTINGS) as running:
        yield running


def sign_in(client, email):
    return client.request("POST", "/api/v1/tokens", Authorization=basic(email))


def test_lets_fifteen_behind_one_address_sign_in_at_once(server, people):
    answers = at_once(server.port, len(people), lambda client, n: sign_in(client, people[n]))

    assert {answer.status for answer in answers} == {201}


def test_answers_no_more_guesses_than_the_limit_while_a_till_sells(server, people):
    """On every route that takes a password, over both workers."""
    till = server.client()
    token = sign_in(till, people[0]).json["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    event = {"name": "Gala", "date": "2030-10-31", "capacity": 1_000_000, "costPerTicket": 5}
    event_id = till.post("/api/v1/events", event, **bearer).json["id"]
    routes = [("POST", "/api/v1/tokens"), ("GET", "/api/v1/bookings"), ("GET", "/api/v1/events")]
    done = threading.Event()
    sales = []

    def sell():
        while not done.is_set():
            sales.append(till.sell(event_id, **bearer).status)

    def guess(client, number):
        method, path = routes[number % 3]
        return client.request(
            method, path, Authorization=basic(people[0], f"guess {number}")
        ).status

    selling = threading.Thread(target=sell)
    selling.start()
    try:
        statuses = Counter(at_once(server.port, 64, guess, times=10))
    finally:
        done.set()
        selling.join()

    assert statuses == {401: LIMIT, 429: 640 - LIMIT}
    assert set(sales) == {201}
    refused = sign_in(server.client(), people[1])
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 60
