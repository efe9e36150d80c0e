"""A chart of a benchmark's figures, as SVG of our own making.

`python -m bench.chart bench.json -o docs/pictures/bench.svg`: a bar for each line, as long as its
requests a second, and a mark on it where the wanted ratio begins. Whether it is met is told by a
shape and a word. It suits light and dark screens, by what the reader's system prefers.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.sax.saxutils import escape

from bench.report.figures import Line, Run
from bench.report.tables import caption

MARGIN, GAP = 24, 20
TITLE, LEAD, ROW, BAR = 28, 18, 30, 14
BARS = 400
WORD = 104
# A letter's width in its size, wide enough for each font that system-ui may come to; a long line
# evens it out.
EM_S, LONG_EM_S = 0.62, 0.55

STYLE = """
  svg { color-scheme: light dark; font-family: system-ui, sans-serif; font-size: 13px }
  .page { fill: #ffffff; stroke: #d0d7de }
  .grid { stroke: #d0d7de }
  .rule { stroke: #eff2f5 }
  text { fill: #1f2328 }
  .title { font-size: 18px; font-weight: 600 }
  .less { fill: #59636e; font-size: 12px }
  .figure { font-variant-numeric: tabular-nums; text-anchor: end }
  .tick { font-size: 12px; fill: #59636e; text-anchor: middle }
  .bar { fill: #3577c8 }
  .yardstick { fill: #8c959f }
  .wanted { stroke: #1f2328; stroke-width: 2 }
  .flag { fill: #1f2328 }
  .met { fill: #1a7f37 } .unmet { fill: #bc4c00 }
  .sign { fill: none; stroke: #ffffff; stroke-width: 2; stroke-linecap: round }
  .word { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #30363d }
    .grid { stroke: #30363d }
    .rule { stroke: #1c2129 }
    text, .flag { fill: #e6edf3 }
    .less, .tick { fill: #9198a1 }
    .bar { fill: #4a8fe0 }
    .yardstick { fill: #6e7681 }
    .wanted { stroke: #e6edf3 }
    .met { fill: #3fb950 } .unmet { fill: #f0883e }
    .sign { stroke: #0d1117 }
  }
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns of a chart begin, and how many requests a second its bars stand for."""

    names: int
    figures: int
    bars: int
    verdicts: int
    width: int
    most: int
    step: int
    top: int = 0

    def x(self, rate: float) -> float:
        """Return where a bar of this rate ends."""
        return self.bars + BARS * rate / self.most


def main() -> int:
    """Draw the file of figures that is named."""
    parser = argparse.ArgumentParser(description="A chart of a benchmark's figures.")
    parser.add_argument("figures", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    asked = parser.parse_args()
    try:
        asked.output.write_text(draw(Run.read(asked.figures)))
    except (OSError, ValueError) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def draw(run: Run) -> str:
    """Return the chart of a run."""
    layout = _layout(run.lines)
    lead = _lead(run, layout.width)
    layout = replace(layout, top=MARGIN + TITLE + len(lead) * LEAD + 2 * GAP)
    bottom = layout.top + len(run.lines) * ROW
    size = layout.width, bottom + 2 * GAP + MARGIN
    leads = (_text(MARGIN, MARGIN + TITLE + LEAD * n + 12, words, "less")
             for n, words in enumerate(lead))  # fmt: skip
    rows = (part for n, line in enumerate(run.lines) for part in _row(layout, n, line))
    parts = [
        *_head(run, *size),
        _text(MARGIN, MARGIN + 16, _title(run), "title"),
        *leads,
        *_grid(layout, bottom),
        *rows,
        *_legend(layout, bottom + GAP + 18),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _head(run: Run, width: int, height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="title desc">'
    )
    yield f'<title id="title">{escape(_title(run))}</title>'
    yield f'<desc id="desc">{escape(_described(run))}</desc>'
    yield f"<style>{STYLE}</style>"
    yield (f'<rect class="page" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>')


def _lead(run: Run, width: int) -> list[str]:
    """Return where and how it was measured, in lines that fit."""
    most = int((width - 2 * MARGIN) / (12 * LONG_EM_S))
    where, _, how = caption(run).partition("; ")
    return textwrap.wrap(where, most) + textwrap.wrap(how, most)


def _title(run: Run) -> str:
    return f"make {run.benchmark}: requests a second, and what was wanted"


def _described(run: Run) -> str:
    """Say in words what the bars show."""
    return " ".join(
        f"{line.name}: {line.rate:,.0f} a second{f', {told}' if (told := _told(line)) else ''}."
        for line in run.lines
    )


def _told(line: Line) -> str:
    return f"{_word(line)}: {_ratio(line)}" if line.met is not None else _ratio(line)


def _word(line: Line) -> str:
    return "met" if line.met else "not met"


def _ratio(line: Line) -> str:
    if line.ratio is None:
        return ""
    wanted = "" if line.wanted is None else f", wanted {line.wanted}"
    return f"{line.ratio:.2f} of {line.against}{' by p99' if line.by == 'p99_ms' else ''}{wanted}"


def _layout(lines: Sequence[Line]) -> Layout:
    longest_name = max(len(line.name) for line in lines)
    longest_ratio = max(len(_ratio(line)) for line in lines)
    figures = MARGIN + round(longest_name * 13 * EM_S) + 56
    bars = figures + GAP
    verdicts = bars + BARS + GAP
    width = verdicts + WORD + round(longest_ratio * 13 * EM_S) + MARGIN
    most, step = _scale(max(_reach(line) for line in lines))
    return Layout(MARGIN, figures, bars, verdicts, width, most, step)


def _reach(line: Line) -> float:
    return max(line.rate, _wanted_rate(line) or 0)


def _wanted_rate(line: Line) -> float | None:
    """Return the rate at which a line would come to the ratio that is wanted."""
    if line.wanted is None or not line.ratio or line.by != "rate":
        return None
    return line.rate / line.ratio * line.wanted


def _scale(most: float) -> tuple[int, int]:
    """Return where the scale ends and its step: 1, 2 or 5 and zeros, at most six of them."""
    steps = (digit * 10**zeros for zeros in range(12) for digit in (1, 2, 5))
    step = next(step for step in steps if most <= 6 * step)
    return step * max(1, -int(-most // step)), step


def _grid(layout: Layout, bottom: int) -> Iterator[str]:
    for y in range(layout.top, bottom + 1, ROW):
        yield f'<path class="rule" d="M{MARGIN} {y}H{layout.width - MARGIN}"/>'
    for rate in range(0, layout.most + 1, layout.step):
        x = layout.x(rate)
        yield f'<path class="grid" d="M{x:.1f} {layout.top - 6}V{bottom}"/>'
        yield _text(x, layout.top - 12, f"{rate:,}", "tick")


def _row(layout: Layout, number: int, line: Line) -> Iterator[str]:
    middle = layout.top + number * ROW + ROW / 2
    base = middle + 4.5
    kind = "bar yardstick" if line.against is None else "bar"
    length = max(1.0, layout.x(line.rate) - layout.bars)
    yield _text(layout.names, base, line.name)
    yield _text(layout.figures, base, f"{line.rate:,.0f}", "figure")
    yield (
        f'<rect class="{kind}" x="{layout.bars}" y="{middle - BAR / 2}" '
        f'width="{length:.1f}" height="{BAR}" rx="2"/>'
    )
    if (wanted := _wanted_rate(line)) is not None:
        yield _mark(layout.x(wanted), middle)
    if line.met is not None:
        yield _sign(layout.verdicts + 8, middle, met=line.met)
        yield _text(layout.verdicts + 24, base, _word(line), "word")
    if told := _ratio(line):
        yield _text(layout.verdicts + WORD, base, told)


def _mark(x: float, middle: float) -> str:
    """Draw where a bar should reach: a line with a flag on top."""
    top, end = middle - BAR / 2 - 4, middle + BAR / 2 + 3
    return (
        f'<path class="wanted" d="M{x:.1f} {top}V{end}"/>'
        f'<path class="flag" d="M{x:.1f} {top}h7l-2.5 3l2.5 3h-7z"/>'
    )


def _sign(x: float, y: float, *, met: bool) -> str:
    """Draw a round tick, or a cross in a square that stands on its corner."""
    if met:
        return (
            f'<circle class="met" cx="{x}" cy="{y}" r="8"/>'
            f'<path class="sign" d="M{x - 3.5} {y + 0.5}l2.5 2.5l4.5 -5.5"/>'
        )
    return (
        f'<path class="unmet" d="M{x} {y - 10}l10 10l-10 10l-10 -10z"/>'
        f'<path class="sign" d="M{x - 2.5} {y - 2.5}l5 5m0 -5l-5 5"/>'
    )


def _legend(layout: Layout, y: float) -> Iterator[str]:
    x = layout.bars
    yield f'<rect class="yardstick" x="{x}" y="{y - 5}" width="20" height="10" rx="2"/>'
    yield _text(x + 28, y + 4, "a yardstick", "less")
    yield _mark(x + 130, y)
    yield _text(x + 144, y + 4, "where the wanted ratio begins", "less")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text{of_kind} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


if __name__ == "__main__":
    sys.exit(main())
