"""The chart of a run is whole, has a bar for each line, and tells by words and shapes."""

from __future__ import annotations

import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from bench import chart
from tests.bench.runs import REFUSED, SALE, a_run

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawn():
    return ET.fromstring(chart.draw(a_run()))


def of_class(svg, name):
    return [part for part in svg.iter() if name in part.get("class", "").split()]


def words(svg):
    return [part.text for part in svg.iter(f"{SVG}text")]


def test_has_a_bar_for_each_line_as_long_as_its_rate(drawn):
    lengths = [float(bar.get("width")) for bar in of_class(drawn, "bar")]

    rates = [line.rate for line in a_run().lines]
    assert len(lengths) == len(rates)
    assert lengths == [pytest.approx(chart.BARS * rate / 2000, abs=0.1) for rate in rates]


def test_tells_what_is_met_by_a_shape_and_a_word(drawn):
    assert [part.tag.removeprefix(SVG) for part in of_class(drawn, "met")] == ["circle"]
    assert [part.tag.removeprefix(SVG) for part in of_class(drawn, "unmet")] == ["path"]
    assert [part.text for part in of_class(drawn, "word")] == ["not met", "met"]


def test_marks_where_the_wanted_ratio_begins(drawn):
    begins = float(of_class(drawn, "bar")[0].get("x"))
    marks = [float(m.get("d")[1:].split()[0]) - begins for m in of_class(drawn, "wanted")[:-1]]

    # Of 2,000 a second; the last mark is the legend's.
    assert marks == [pytest.approx(chart.BARS * wanted, abs=0.2) for wanted in (0.65, 0.9)]


def test_can_be_read_without_seeing_it(drawn):
    title, described = drawn.find(f"{SVG}title"), drawn.find(f"{SVG}desc")

    assert drawn.get("aria-labelledby") == f"{title.get('id')} {described.get('id')}"
    assert title.text == "make bench: requests a second, and what was wanted"
    assert "sale: 1,000 a second, not met: 0.50 of refused, wanted 0.65." in described.text


def test_names_every_line_though_it_has_signs_of_markup(drawn):
    assert {line.name for line in a_run().lines} <= set(words(drawn))
    assert any("A <processor>" in word for word in words(drawn))


def test_leaves_room_for_long_names():
    long = replace(SALE, name="a scenario with a name that goes on and on", against="refused" * 5)
    drawn = ET.fromstring(chart.draw(a_run(REFUSED, long)))
    (name,) = [t for t in drawn.iter(f"{SVG}text") if t.text == long.name]
    (ratio,) = [t for t in drawn.iter(f"{SVG}text") if "wanted 0.65" in t.text]

    def ends(text):
        return float(text.get("x")) + len(text.text) * 13 * chart.EM_S

    assert ends(name) < float(of_class(drawn, "figure")[0].get("x")) - 40
    assert ends(ratio) < float(drawn.get("width"))


def test_the_command_draws_a_file(tmp_path, monkeypatch):
    run, file, picture = a_run(), tmp_path / "bench.json", tmp_path / "bench.svg"
    run.write(file)

    monkeypatch.setattr(sys, "argv", ["chart", str(file), "-o", str(picture)])
    assert chart.main() == 0
    assert picture.read_text() == chart.draw(run)


def test_the_command_says_what_it_cannot_read(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["chart", str(tmp_path / "none"), "-o", str(tmp_path / "b")])

    assert chart.main() == 1
    assert "No such file" in capsys.readouterr().err
