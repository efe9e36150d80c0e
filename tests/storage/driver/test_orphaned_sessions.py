from __future__ import annotations

import pytest

from tests.domain.builders import an_event
from ticketing.storage import events
from ticketing.storage.driver import orphaned_sessions
from ticketing.storage.driver.clients import connect
from ticketing.storage.driver.units_of_work import Conflict, unit_of_work
from ticketing.storage.writes import change_sets


def take_a_ticket(db):
    unit_of_work(
        db.client,
        lambda session: db.events.update_one({"_id": "e1"}, {"$inc": {"sold": 1}}, session=session),
        seconds=8,
    )


@pytest.fixture
def locked_by_the_dead(mongodb_uri, db, leaves_transactions_open):
    """An event that a process holds locked, which will never go on."""
    with db.client.start_session() as session:
        change_sets.write_event(db, None, an_event(), session)
    with connect(mongodb_uri, appname="ticketing-dead-1") as client, client.start_session() as dead:
        dead.start_transaction()
        client[db.name].events.update_one({"_id": "e1"}, {"$inc": {"sold": 1}}, session=dead)
        yield


@pytest.mark.usefixtures("locked_by_the_dead")
def test_frees_what_a_dead_process_held(mongodb_uri, db):
    with pytest.raises(Conflict):
        take_a_ticket(db)

    assert orphaned_sessions.end_sessions(mongodb_uri, "ticketing-dead-1") >= 1

    take_a_ticket(db)
    assert events.get(db, "e1").sold == 1


@pytest.mark.usefixtures("locked_by_the_dead")
def test_leaves_the_sessions_of_others_alone(mongodb_uri, db):
    assert orphaned_sessions.end_sessions(mongodb_uri, "ticketing-dead-11") == 0

    with pytest.raises(Conflict):
        take_a_ticket(db)
