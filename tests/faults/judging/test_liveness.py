"""A kind of request that gets no turn after a fault is named; who is answered late is, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.judging.kinds import KINDS
from tests.faults.judging.liveness import TURN_S, starved
from tests.faults.load.history import Request

OVER = 100.0
HOSTS = 8001, 8002
OTHERS = [kind for kind in KINDS if kind != "call off"]


def answered(kind: str, port: int = HOSTS[0], **known: Any) -> Request:
    """Write down a request of after the fault that was granted at once."""
    return replace(Request(kind, port, OVER + 1, OVER + 1.1, 200, route=KINDS[kind]), **known)


def all_but_one() -> list[Request]:
    return [answered(kind) for kind in OTHERS]


def found(*of_calling_off: Request) -> list[str]:
    return list(starved([*all_but_one(), *of_calling_off], OVER, HOSTS[:1]))


@pytest.mark.parametrize("status", [200, 201, 202, 404, 409, 410, 412], ids="told {}".format)
def test_is_silent_where_each_kind_was_granted_or_refused_by_a_rule(status: int) -> None:
    assert found(answered("call off", status=status)) == []


@pytest.mark.parametrize("status", [503, 500, 429, None])
def test_names_a_kind_that_is_never_decided(status: int | None) -> None:
    (text,) = found(*[answered("call off", status=status)] * 3)

    assert text == "call off: no answer at 8001 since, asked 3 times"


def test_looks_at_nothing_from_before_the_fault_was_over() -> None:
    (text,) = found(answered("call off", began=OVER - 1))

    assert "nobody has asked" in text


def test_names_a_kind_whose_first_answer_comes_late() -> None:
    late = answered("call off", ended=OVER + 1 + TURN_S + 0.1)
    assert "its first answer" in found(late)[0]

    assert found(late, answered("call off")) == []


def test_counts_from_the_first_question_and_not_from_the_one_that_was_heard() -> None:
    unheard = answered("call off", status=503)
    again = answered("call off", began=OVER + 2 + TURN_S, ended=OVER + 2.1 + TURN_S)

    assert "its first answer" in found(unheard, again)[0]


def test_counts_nothing_that_was_asked_at_another_route() -> None:
    (text,) = found(answered("call off", route=KINDS["cancel"]))

    assert "nobody has asked" in text


def test_wants_a_turn_at_every_host() -> None:
    requests = [*all_but_one(), answered("call off")]
    requests += [replace(request, port=HOSTS[1]) for request in all_but_one()]

    (text,) = starved(requests, OVER, HOSTS)

    assert text.startswith("call off:")
    assert "at 8002" in text
