"""The same key again, when something has gone wrong in between."""

from __future__ import annotations

import pytest

from tests.domain.builders import a_new_event, sell
from tests.services.conftest import a_handler, keyed
from tests.system.checks import check_event
from ticketing.domain.errors import Unavailable
from ticketing.domain.identity.caller import Caller
from ticketing.storage import events


@pytest.fixture(autouse=True)
def event(handler):
    return handler.execute(a_new_event(capacity=30), on="e1", caller=Caller("ada", "r0")).outcome


def test_a_crash_between_commit_and_answer_sells_once(mongo, db, handler, monkeypatch):
    """The first office commits and dies before it can say so; another one is asked again."""
    attempt = handler._attempt

    def commit_and_die(*args, **known):
        attempt(*args, **known)
        raise SystemExit

    monkeypatch.setattr(handler, "_attempt", commit_and_die)
    with pytest.raises(SystemExit):
        handler.execute(sell(2), on="e1", **keyed())

    again = a_handler(mongo, db).execute(sell(2), on="e1", **keyed())

    assert again.replayed
    assert events.get(db, "e1").sold == 2
    check_event(db, "e1")


@pytest.mark.parametrize(
    "failure",
    [
        {"failCommands": ["commitTransaction"], "closeConnection": True},
        {"failCommands": ["commitTransaction"], "errorCode": 91},
        {"failCommands": ["commitTransaction"], "errorCode": 262},
        {"failCommands": ["update", "insert", "findAndModify"], "closeConnection": True},
        {"failCommands": ["find"], "errorCode": 11602},
        {"failCommands": ["commitTransaction"], "writeConcernError": {"code": 91, "errmsg": "x"}},
    ],
    ids=lambda failure: "-".join(map(str, failure["failCommands"])),
)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_asking_until_there_is_an_answer_sells_once(mongo, db, failing, failure, times):
    handler = a_handler(mongo, db, commit_s=2)
    failing(times, **failure)

    # A commit that was never heard of keeps the event locked until its lifetime (5 s) has passed.
    for _ in range(15):
        try:
            result = handler.execute(sell(2), on="e1", **keyed())
        except Unavailable:
            continue
        break
    else:
        pytest.fail("there never was an answer")

    assert result.response.body == b"sold"
    assert events.get(db, "e1").sold == 2
    check_event(db, "e1")
