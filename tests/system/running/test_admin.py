"""`make admin`, as somebody at a terminal meets it."""

from __future__ import annotations

import pytest

from tests.system.runs import TICKETING
from tests.system.server import ROOT, clean_environment
from tests.system.terminal import Terminal

PASSWORD = "a long password"


@pytest.fixture
def at_a_terminal(mongodb_uri, db, tmp_path):
    def start(email="boss@example.org"):
        environment = clean_environment(MONGODB_URI=mongodb_uri, DATABASE=db.name)
        return Terminal([*TICKETING, "create-admin", email], ROOT, environment)

    return start


def test_asks_for_the_password_twice_and_shows_it_never(at_a_terminal, db):
    with at_a_terminal() as terminal:
        terminal.wait_for("Password: ")
        terminal.type(PASSWORD)
        terminal.wait_for("The same again: ")
        terminal.type(PASSWORD)
        assert terminal.wait() == 0

    assert "boss@example.org is an administrator now" in terminal.seen
    assert PASSWORD not in terminal.seen
    assert db.users.count_documents({}) == 1


def test_makes_nobody_of_two_passwords_that_differ(at_a_terminal, db):
    with at_a_terminal() as terminal:
        terminal.wait_for("Password: ")
        terminal.type(PASSWORD)
        terminal.wait_for("The same again: ")
        terminal.type("a long passwort")
        assert terminal.wait() == 1

    assert "The two passwords differ" in terminal.seen
    assert "Traceback" not in terminal.seen
    assert db.users.count_documents({}) == 0


@pytest.mark.parametrize("email", ["", "boss", "boss@"])
def test_refuses_an_address_before_it_asks_for_a_password(at_a_terminal, email):
    with at_a_terminal(email) as terminal:
        assert terminal.wait() == 1

    assert "Password" not in terminal.seen
    assert "Traceback" not in terminal.seen
    assert terminal.seen.strip().count("\n") == 0


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ends_without_a_fuss_when_nobody_wants_to_go_on(at_a_terminal, db, key):
    """Ctrl-C and Ctrl-D."""
    with at_a_terminal() as terminal:
        terminal.wait_for("Password: ")
        assert terminal.press_until_it_ends(key) == 130

    assert "Traceback" not in terminal.seen
    assert db.users.count_documents({}) == 0
