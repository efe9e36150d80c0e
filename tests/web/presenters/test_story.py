# ruff: noqa: E501 - each sentence on a line
from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from tests.domain.builders import an_event
from ticketing.domain.audit import Action, AuditEntry
from ticketing.domain.identity.caller import SYSTEM_ACTOR
from ticketing.domain.identity.customers import Customer
from ticketing.web.presenters.story import Telling, actor_of, plainly, sentence_of, story_of
from ticketing.web.presenters.words import Words

AT = datetime(2026, 11, 25, 13, 3, 22, tzinfo=timezone.utc)  # noqa: UP017
WORDS = Words("EUR", ZoneInfo("Europe/Berlin"))
BRAM, NOOR = Customer("c1", "Bram", user="u1"), Customer("c2", "Noor")
GONE = Customer("c3", None)


def entry(action, **known):
    values = {
        "event": "e1", "sequence": 1, "booking": "b1", "customer": BRAM, "tickets": 2,
        "total": 3200, "sold": 180, "waiting": 14, "changes": {}, "actor": "u1", "at": AT,
        "request_id": "r1",
    }  # fmt: skip
    return AuditEntry(action=action, **{**values, **known})


def told(action, **known):
    event = an_event(owed_total=287_800, status="cancelled")
    since = {"b1": AT - timedelta(days=3)}
    return plainly(sentence_of(entry(action, **known), Telling(WORDS, event, {}, since)))


NEW = {
    "name": (None, "X"),
    "day": (None, date(2026, 11, 27)),
    "capacity": (None, 180),
    "price": (None, 1600),
}

SENTENCES = [
    ("created", {"changes": NEW}, "Put on for Fri 27 November 2026: 180 tickets at €16.00."),
    ("created", {"changes": {"capacity": (None, 1), "price": (None, 0)}}, "Put on: 1 ticket, free entry."),
    ("replaced", {"changes": NEW}, "Put on anew, before anybody had booked."),
    ("changed", {"changes": {"capacity": (177, 180)}}, "There are more tickets: 177 became 180, so 3 came free."),
    ("changed", {"changes": {"capacity": (200, 180)}}, "Fewer: 200 became 180."),
    ("changed", {"changes": {"price": (1400, 1600)}}, "The price went from €14.00 to €16.00; sold tickets keep theirs."),
    ("changed", {"changes": {"day": (date(2026, 11, 26), date(2026, 11, 27))}}, "Moved from Thu 26 November 2026 to Fri 27 November 2026."),
    ("changed", {"changes": {"name": ("Brass Night", "Brass")}}, "Renamed, was “Brass Night”."),
    ("changed", {"changes": {"venue": (None, "The Barn")}}, "Now in The Barn."),
    ("changed", {"changes": {"venue": ("The Barn", None)}}, "Now in no place that is named."),
    ("deleted", {}, "Taken off, nobody had ever booked."),
    ("called_off", {}, "Called off. 180 tickets ended, €2,878.00 is owed; 14 stopped waiting."),
    ("sold", {"customer": None}, "A counter sale of 2 tickets, €32.00."),
    ("returned", {"customer": None}, "A counter sale was given back: 2 tickets, €32.00."),
    ("booked", {}, "Bram booked 2 tickets, €32.00."),
    ("waitlisted", {"total": None, "waiting": 15, "tickets": 1}, "Bram joined the line for 1 ticket, 15th."),
    ("cancelled", {"changes": {"status": ("confirmed", "cancelled")}}, "Bram cancelled: 2 tickets came free, €32.00 to give back."),
    ("cancelled", {"changes": {"status": ("waiting", "cancelled")}, "total": None}, "Bram left the line."),
    ("cancelled", {"changes": {"status": ("waiting", "cancelled")}, "actor": "u9"}, "Bram was taken off the line."),
    ("cancelled", {"changes": {"status": ("confirmed", "cancelled")}, "actor": "u9"}, "Bram’s booking was cancelled: 2 tickets came free, €32.00 to give back."),
    ("cancelled", {"customer": GONE, "actor": "u9"}, "Somebody who has left’s booking was cancelled: 2 tickets came free, €32.00 to give back."),
    ("assigned", {"customer": NOOR}, "Noor got 2 tickets that came free, €32.00; in line since Sun 22 Nov, 14:03:22."),
    ("reduced", {"changes": {"tickets": (5, 2), "total": (8000, 3200)}}, "Bram kept 2 of 5 tickets: 3 came free, €48.00 to give back."),
    ("reduced", {"changes": {"tickets": (5, 2), "total": (None, None)}}, "Bram now wants 2 instead of 5 and keeps the place."),
    ("added", {"changes": {"tickets": (2, 5), "total": (3200, 8000)}}, "Bram added 3 tickets to 2, €48.00."),
    ("offered", {}, "Bram offered 2 tickets to whoever has the code."),
    ("withdrawn", {}, "Bram took the offer back."),
    ("transferred", {"customer": NOOR, "changes": {"customer": (BRAM, NOOR)}}, "Bram passed 2 tickets on to Noor."),
    ("transferred", {"customer": NOOR, "changes": {"customer": (GONE, NOOR)}}, "Somebody who has left passed 2 tickets on to Noor."),
    ("moved_out", {}, "Bram moved to another event: 2 tickets came free."),
    ("moved_in", {}, "Bram moved here from another event with 2 tickets, €32.00."),
]  # fmt: skip


@pytest.mark.parametrize(("action", "known", "sentence"), SENTENCES)
def test_tells_what_happened(action, known, sentence):
    assert told(action, **known) == sentence


def test_every_action_has_its_sentence():
    assert {action for action, _, _ in SENTENCES} == set(get_args(Action))


@pytest.mark.parametrize(
    ("actor", "said"),
    [
        ("u1", "by the customer"),
        ("u2", "by robin@example.org in the office"),
        (SYSTEM_ACTOR, "by the office itself, going on with what was too much for one commit"),
        ("open", "in open mode"),
        ("open:sal", "by sal, in open mode"),
        ("key:web shop", "by the key “web shop”"),
        ("u7", "by somebody who has left"),
    ],
)
def test_says_who_did_it(actor, said):
    assert actor_of(entry("booked", actor=actor), {"u2": "robin@example.org"}) == said


def test_cause_and_effect_stand_together_the_cause_first():
    entries = [
        entry("booked", sequence=212, request_id="r0", at=AT - timedelta(days=1)),
        entry("cancelled", sequence=213, changes={"status": ("confirmed", "cancelled")}),
        entry("assigned", sequence=214, customer=NOOR),
        entry("waitlisted", sequence=215, request_id="r2"),
    ]

    today, yesterday = story_of(entries, Telling(WORDS, an_event()), newest_first=True)

    assert (today.day, yesterday.day) == (date(2026, 11, 25), date(2026, 11, 24))
    joined, cancelled = today.happenings
    assert [plainly(sentence)[:9] for sentence in cancelled.sentences] == ["Bram canc", "Noor got "]
    assert cancelled.small == ", by the customer. Then 180 sold, 14 waiting. No. 213 and 214"
    assert cancelled.changed_hands
    assert not joined.changed_hands
    assert yesterday.happenings[0].small.endswith("No. 212")


def test_a_name_stands_out_and_is_a_part_of_its_own():
    parts = sentence_of(entry("booked", customer=Customer("c", "<b>")), Telling(WORDS, an_event()))

    assert parts[0].text == "<b>"
    assert parts[0].strong
