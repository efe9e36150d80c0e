"""Events of before get the time of their last change from the audit."""

from __future__ import annotations

from tests.domain.builders import CALLER, a_new_event, an_event, sell
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.documents import EVENTS
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.migrations.runner import migrate


def test_knows_of_events_of_before_when_they_were_changed_last(mongo, fresh_db):
    handler = CommandHandler(mongo, fresh_db, utc_now, group_size=128, wait_s=4, commit_s=8)
    for id_, commands in (("sold", [a_new_event(), sell(1)]), ("new", [a_new_event(day=None)])):
        for command in commands:
            handler.execute(command, on=id_, caller=CALLER)
    as_it_is_now = list(fresh_db.events.find())
    fresh_db.events.insert_one(EVENTS.encode(an_event(id="untold", day=None)))
    fresh_db.events.update_many({}, {"$unset": {"updated_at": 1}})
    fresh_db.migrations.delete_one({"_id": "0010_updates"})

    assert migrate(fresh_db) == ["0010_updates"]

    untold = fresh_db.events.find_one_and_delete({"_id": "untold"})
    assert untold["updated_at"] == untold["created_at"]
    assert list(fresh_db.events.find()) == as_it_is_now
