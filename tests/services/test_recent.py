from __future__ import annotations

from ticketing.services.recent import Recent


def test_forgets_what_was_set_longest_ago():
    recent: Recent[str, int] = Recent(2)
    recent["a"] = 1
    recent["b"] = 2
    recent["a"] = 3
    recent["c"] = 4

    assert dict(recent) == {"a": 3, "c": 4}


def test_keeps_what_it_is_told_to_forget_out_of_the_count():
    recent: Recent[str, int] = Recent(2)
    recent["a"] = 1
    recent["b"] = 2
    assert recent.pop("a") == 1
    recent["c"] = 3

    assert dict(recent) == {"b": 2, "c": 3}
