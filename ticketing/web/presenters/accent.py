"""The venue's colour, and what is computed from it so that everything can be read.

Contrast is WCAG's (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio). A colour is made lighter or
darker in OKLCH, where hue and strength stay (https://bottosson.github.io/posts/oklab/).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

INK, WHITE, BLACK = "#14161a", "#ffffff", "#000000"

# What lines and text in the colour stand on: page and paper, as office.css has them.
LIGHT = ("#f1f2f4", "#ffffff")
DARK = ("#0f1115", "#1a1d23")

# WCAG's AA for text.
READABLE = 4.5

_STEP = 0.005
_CHROMA_STEP = 0.002

_Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Accent:
    """A colour to fill with, what is written on it, and the same as lines, in light and dark."""

    fill: str
    on_fill: str
    line: str
    line_dark: str


def accent_of(fill: str) -> Accent:
    """Return the colours that go with a fill (`#rrggbb`)."""
    return Accent(fill, _text_on(fill), _line(fill, LIGHT, -_STEP), _line(fill, DARK, _STEP))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours: 1 for the same, 21 for black and white."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def stylesheet(accent: Accent) -> str:
    """Write the colours as the custom properties that office.css works with."""
    return (
        f":root{{--accent:{accent.fill};--on-accent:{accent.on_fill};"
        f"--accent-ink:{accent.line};--accent-ink-dark:{accent.line_dark}}}\n"
        f"@media(prefers-color-scheme:dark){{:root{{--accent-ink:{accent.line_dark}}}}}\n"
        "@media print{:root{--accent:#fff;--on-accent:#000;--accent-ink:#000;"
        "--accent-ink-dark:#000}}\n"
    )


def icon(accent: Accent) -> str:
    """Draw the ticket that stands before the venue's name, for the browser's tab."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -6 36 36">'
        f'<path fill="{accent.fill}" stroke="{INK}" '
        'd="M2 0h20a3 3 0 0 0 6 0h6l2 2v20l-2 2h-6a3 3 0 0 0-6 0H2l-2-2V2z"/></svg>\n'
    )


def _text_on(fill: str) -> str:
    """Return the ink if it can be read there, or white; for the greys between, black or white.

    One of black and white always has 4.58 or more: together they have 21.
    """
    best = max((INK, WHITE), key=lambda colour: contrast(fill, colour))
    if contrast(fill, best) >= READABLE:
        return best
    return max((BLACK, WHITE), key=lambda colour: contrast(fill, colour))


def _line(fill: str, grounds: tuple[str, str], step: float) -> str:
    """Return the fill, as far darker or lighter as it takes to be read on these grounds."""
    lightness, chroma, hue = _to_oklch(fill)
    while 0 <= lightness <= 1:
        colour = _from_oklch(lightness, chroma, hue)
        if min(contrast(colour, ground) for ground in grounds) >= READABLE:
            return colour
        lightness += step
    return INK if step < 0 else WHITE


def _linear(colour: str) -> _Rgb:
    def channel(start: int) -> float:
        value = int(colour[start : start + 2], 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return channel(1), channel(3), channel(5)


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_oklch(colour: str) -> _Rgb:
    red, green, blue = _linear(colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """Return the colour, its chroma lowered until a screen can show it."""
    rgb = _to_rgb(lightness, chroma, hue)
    while chroma > 0 and not all(-1e-4 <= channel <= 1.0001 for channel in rgb):
        chroma = max(0.0, chroma - _CHROMA_STEP)
        rgb = _to_rgb(lightness, chroma, hue)
    return "#" + "".join(f"{round(_gamma(channel) * 255):02x}" for channel in rgb)


def _to_rgb(lightness: float, chroma: float, hue: float) -> _Rgb:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _gamma(channel: float) -> float:
    value = min(1.0, max(0.0, channel))
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
