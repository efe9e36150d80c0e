"""What the box office does without a browser; the rules are those of the API."""

from __future__ import annotations

from datetime import date

import click
import pytest

from tests.domain.builders import ADA, GRACE, a_new_event, book, sell
from ticketing.command.main import COMMANDS
from ticketing.domain.errors import DateTaken, LastAdmin, NotEnoughTickets, UserNotFound
from ticketing.domain.identity.caller import Caller
from ticketing.server.running import CannotStart
from ticketing.services.verification import verify

CALLER = Caller("ada", "r1")


def test_adds_an_event_sells_its_tickets_and_adds_them_up(command, db):
    event = command("events", "add", "Gala", "31/10/2024", "5", "12.50", "--venue", "Hall").printed
    event = event.strip()

    sold = command("sell", event, 3).printed

    assert sold.startswith("Sold 3 for 37.5: transaction ")
    shown = command("events", "show", event).printed.splitlines()
    assert {"ticketsSold: 3", "date: 2024-10-31", "venue: Hall", "revenue: 37.5"} <= {*shown}
    entries = list(db.audit.find({"event": event}))
    assert {entry["actor"] for entry in entries} == {"command line"}
    assert list(verify(db)) == []


def test_refuses_what_the_api_refuses(command):
    event = command("events", "add", "Gala", "2024-10-31", "5", "5").printed.strip()

    with pytest.raises(NotEnoughTickets):
        command("sell", event, 6)
    with pytest.raises(DateTaken):
        command("events", "add", "Ball", "31/10/2024", "5", "5")
    with pytest.raises(CannotStart, match="capacity: Must be greater"):
        command("events", "add", "Ball", "2024-11-01", "0", "5")
    with pytest.raises(CannotStart, match="costPerTicket: Not a number"):
        command("events", "add", "Ball", "2024-11-01", "5", "dear")


def test_lists_events_by_day(command, handler):
    for day, id_ in ((date(2024, 11, 2), "late"), (date(2024, 11, 1), "soon")):
        handler.execute(a_new_event(day=day), on=id_, caller=CALLER)

    lines = command("events", "list").printed.splitlines()
    assert [line.split()[-1] for line in lines] == ["id", "soon", "late"]
    assert len(command("events", "list", "--from", "2024-11-02").printed.splitlines()) == 2
    assert len(command("events", "list", "--status", "cancelled").printed.splitlines()) == 1


def test_prints_the_months(command, handler):
    handler.execute(a_new_event(capacity=4), on="e1", caller=CALLER)
    handler.execute(sell(1, "s1"), on="e1", caller=CALLER)

    lines = command("stats", "--months", 60).printed.splitlines()

    assert len(lines) == 61
    assert [line.split() for line in lines if line.startswith("2024     10")] == [
        ["2024", "10", "5", "1", "25"]
    ]


def test_adds_users_and_changes_them(command, db):
    command("users", "add", "Boss@example.org", "--role", "admin", answers="a long password\n")
    command("users", "add", "till@example.org", answers="another long password\n")

    command("users", "change", "TILL@example.org", "--role", "customer", "--inactive")

    lines = command("users", "list").printed.splitlines()
    assert [line.split()[:4] for line in lines[1:]] == [
        ["Boss@example.org", "admin", "True", "True"],
        ["till@example.org", "customer", "False", "True"],
    ]
    assert db.user_audit.count_documents({"actor": "command line"}) == 3
    with pytest.raises(LastAdmin):
        command("users", "change", "boss@example.org", "--role", "staff")
    with pytest.raises(UserNotFound):
        command("users", "change", "nobody@example.org", "--inactive")
    with pytest.raises(CannotStart, match="Nothing to change"):
        command("users", "change", "boss@example.org")


def test_makes_nobody_of_a_password_that_is_guessed_first(command, db):
    with pytest.raises(CannotStart, match="can't be a user: password: "):
        command("users", "add", "till@example.org", answers="password1234\n")

    assert db.users.count_documents({}) == 0


def test_changes_nothing_in_a_database_of_a_newer_version(command, db):
    db.migrations.insert_one({"_id": "9999_later"})
    try:
        for arguments in (["events", "list"], ["events", "add", "Gala", "2024-10-31", "5", "5"]):
            with pytest.raises(CannotStart, match="newer"):
                command(*arguments)
    finally:
        db.migrations.delete_one({"_id": "9999_later"})

    assert db.events.count_documents({}) == 0


def walk(group, path=()):
    for command in group.commands.values():
        yield (*path, command.name), command
        if isinstance(command, click.Group):
            yield from walk(command, (*path, command.name))


def test_every_command_says_what_it_does_and_every_option_what_it_is_for():
    found = list(walk(click.Group(commands=list(COMMANDS))))

    assert len(found) > 18
    for path, command in found:
        assert command.help, path
        assert "..." not in command.get_short_help_str(65), path
        for option in command.params:
            plain = isinstance(option, click.Argument) or isinstance(option.type, click.Choice)
            assert plain or option.help, (path, option.name)


def test_shows_a_waiting_list_in_the_figures(command, handler):
    for new in (a_new_event(capacity=1), book(ADA), book(GRACE)):
        handler.execute(new, on="e1", caller=CALLER)

    shown = command("events", "show", "e1").printed

    assert "ticketsSold: 1\n" in shown
    assert "waiting: 1\n" in shown
