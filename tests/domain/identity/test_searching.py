from __future__ import annotations

import pytest

from ticketing.domain.identity.searching import fold


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Zo\u00eb Kravitz", "zoe"),
        ("Zoe\u0308 Kravitz", "ZO\u00cb"),
        ("Jos\u00e9 Mu\u00f1oz", "jose munoz"),
        ("jose munoz", "Jos\u00c9  Mu\u00d1oz"),
        ("\u0141ukasz S\u00f8rensen", "lukasz sorensen"),
        ("Stra\u00dfe", "STRASSE"),
        ("\u0130stanbul", "istanbul"),
        ("\u1f08\u03b8\u1fc6\u03bd\u03b1\u03b9", "\u03b1\u03b8\u03b7\u03bd\u03b1\u03b9"),
        ("\ufb01n", "fin"),
        ("Vi\u1ec7t", "viet"),
        ("O'Brien (2)", "o'brien (2"),
    ],
)
def test_finds_a_name_by_a_part_of_it_without_its_accents(name, part):
    assert fold(part) in fold(name)


@pytest.mark.parametrize(
    ("name", "part"), [("abc", "a.c"), ("abc", ".*"), ("abc", "^a"), ("a", "b")]
)
def test_finds_nothing_else(name, part):
    assert fold(part) not in fold(name)
