from __future__ import annotations

import random

import pytest

from ticketing.web.presenters.accent import (
    BLACK,
    DARK,
    INK,
    LIGHT,
    WHITE,
    accent_of,
    contrast,
    stylesheet,
)

ANY = random.Random(7)
COLOURS = ["#ffc729", "#a3195b", "#1f3a93", "#777777", "#ffffff", "#000000",
           *(f"#{ANY.randrange(2**24):06x}" for _ in range(200))]  # fmt: skip


@pytest.mark.parametrize("colour", COLOURS)
def test_whatever_the_colour_everything_can_be_read(colour):
    accent = accent_of(colour)

    assert accent.fill == colour
    assert contrast(accent.fill, accent.on_fill) >= 4.5
    assert all(contrast(accent.line, ground) >= 4.5 for ground in LIGHT)
    assert all(contrast(accent.line_dark, ground) >= 4.5 for ground in DARK)


@pytest.mark.parametrize(
    ("colour", "text", "line", "line_dark"),
    [
        ("#ffc729", INK, "#8b6a01", "#ffc729"),
        ("#a3195b", WHITE, "#a3195b", "#db5389"),
        ("#1f3a93", WHITE, "#1f3a93", "#5b80df"),
        ("#777777", BLACK, "#6e6e6e", "#848484"),
        ("#ffffff", INK, "#6d6d6d", "#ffffff"),
        ("#000000", WHITE, "#000000", "#848484"),
    ],
)
def test_computes_the_colours_of_the_design(colour, text, line, line_dark):
    accent = accent_of(colour)

    assert (accent.on_fill, accent.line, accent.line_dark) == (text, line, line_dark)


def test_the_style_sheet_sets_all_four():
    written = stylesheet(accent_of("#a3195b"))

    for name in (
        "--accent:#a3195b",
        "--on-accent:#ffffff",
        "--accent-ink:#a3195b",
        "--accent-ink-dark:#db5389",
    ):
        assert name in written
