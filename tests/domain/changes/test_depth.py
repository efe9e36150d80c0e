"""What else has to be read before a batch is decided."""

from __future__ import annotations

import pytest

from tests.domain.builders import an_event
from ticketing.domain.changes.read_set import merge_reads, plan_reads
from ticketing.domain.commands.events import Change

SOLD_OUT = an_event(capacity=10, sold=10, waiting=500)


@pytest.mark.parametrize(
    ("capacities", "asked_for"),
    [([11], None), ([10], None), ([9], 9), ([20, 8], 8), ([8, 20], 8), ([20, 15], None)],
)
def test_asks_for_large_wishes_only_where_the_capacity_falls(capacities, asked_for):
    """Nobody who waits wants more than there is."""
    commands = [Change({"capacity": capacity}) for capacity in capacities]

    reads = merge_reads([command.reads() for command in commands])

    assert plan_reads(SOLD_OUT, reads, {}).larger_than == asked_for


def test_asks_for_nobodys_wish_where_nobody_waits():
    event = an_event(capacity=10, waiting=0)

    assert plan_reads(event, Change({"capacity": 5}).reads(), {}).larger_than is None
