"""A test is not a stopwatch: on a machine that is busy, whatever is measured takes longer.

What has to happen is waited for (`tests/system/waiting.py`); how long it takes is told by
`make faults` and `make bench`, whose bounds mark and fail nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

import pytest

from tests.conventions.sources import TESTS, files, text
from tests.system.server import ROOT

CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
          "thread_time", "time", "time_ns", "now", "utcnow"}  # fmt: skip


def name_of(node: ast.AST) -> str | None:
    """What a variable, an attribute or a called function is called, last part first."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return name_of(function)
        case ast.Subscript(value=value) | ast.Starred(value=value):
            return name_of(value)
    return None


def names_in(node: ast.AST) -> set[str]:
    return {name for part in ast.walk(node) if (name := name_of(part))}


def reads_a_clock(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute | ast.Name)
        and name_of(part.func) in CLOCKS
        for part in ast.walk(node)
    )  # fmt: skip


def given_to(tree: ast.AST) -> Iterable[tuple[set[str], ast.AST]]:
    """Names, each with an expression that becomes their value, be it partly."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield {name for target in targets for name in _bound(target)}, value
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
                | ast.NamedExpr(target=target, value=value)
                | ast.For(target=target, iter=value)
                | ast.comprehension(target=target, iter=value)
            ):
                yield set(_bound(target)), value
            case ast.Call(func=ast.Attribute(ast.Name(name), "append" | "add"), args=[value]):
                yield {name}, value
            case ast.FunctionDef(name=name):
                for part in ast.walk(node):
                    if isinstance(part, ast.Return) and part.value:
                        yield {name}, part.value


def _bound(target: ast.AST) -> Iterable[str]:
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _bound(part)
    elif name := name_of(target):
        yield name


def stopwatches(text: str) -> list[int]:
    """The lines where what was measured, a moment taken from another, must not be too much."""
    if not re.search(rf"\b({'|'.join(CLOCKS)}|timed)\(", text):
        return []
    tree = ast.parse(text)
    moments: set[str] = set()
    durations = {"timed"}

    def is_duration(node: ast.AST) -> bool:
        return bool(names_in(node) & durations) or any(map(is_difference, ast.walk(node)))

    def is_difference(node: ast.AST) -> bool:
        match node:
            case ast.BinOp(op=ast.Sub(), right=right) if name_of(right) != "timedelta":
                return reads_a_clock(node) or bool(names_in(node) & moments)
        return False

    given = list(given_to(tree))
    for _ in range(4):  # through as many names as anybody would pass it on
        for names, value in given:
            if is_duration(value):
                durations |= names
            elif reads_a_clock(value):
                moments |= names

    def is_bound(check: ast.AST) -> bool:
        """Slowness can only break what says that a duration is less than something."""
        if not isinstance(check, ast.Compare):
            return False
        sides = [check.left, *check.comparators]
        return any(
            (isinstance(op, ast.Lt | ast.LtE) and is_duration(left))
            or (isinstance(op, ast.Gt | ast.GtE) and is_duration(right))
            for left, op, right in zip(sides, check.ops, sides[1:], strict=False)
        )

    return [
        check.lineno
        for check in ast.walk(tree)
        if isinstance(check, ast.Assert) and any(map(is_bound, ast.walk(check.test)))
    ]


def test_no_test_fails_because_something_takes_long():
    found = {
        str(file.relative_to(ROOT)): lines
        for file in files(TESTS)
        if (lines := stopwatches(text(file)))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "start = monotonic()\nassert monotonic() - start < 2",
        "start = time.monotonic()\nask()\ntook = time.monotonic() - start\nassert took < 2",
        "answer, took = timed(ask)\nassert answer == 1 and took <= 3",
        "start = monotonic()\nassert 2 > monotonic() - start",
        "start = monotonic()\nassert 1 < (monotonic() - start) / 2 < 2",
        "slow = max(slow, perf_counter() - start)\nassert slow <= 3",
        "self.slow = max(self.slow, time.perf_counter() - start)\nassert crowd.slow <= 3",
        "def took():\n    start = time.time()\n    return time.time() - start\nassert took() < 1",
        "took = []\ntook.append(time.monotonic() - start)\nassert min(took) / 2 < 1",
        "for answer, took in [timed(ask)]:\n    assert took < 2",
        "before = datetime.now(UTC)\nassert datetime.now(UTC) - before < timedelta(seconds=1)",
    ],
)
def test_finds_a_stopwatch(text):
    assert len(stopwatches(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "until = time.monotonic() + 60\nassert time.monotonic() < until",
        "long_ago = datetime.now(UTC) - timedelta(hours=1)\nassert user.created_at > long_ago",
        "moment = int(time.time())\nassert claims['exp'] == moment + 3600",
        "assert event.capacity - event.sold < 2",
        "assert server.wait(60) == 0",
        "start = monotonic()\nassert monotonic() - start >= PATIENCE_S",
        "took = monotonic() - start\nassert rounds <= took / PAUSE_S + 1",
    ],
)
def test_leaves_what_measures_nothing(text):
    assert stopwatches(text) == []
