"""How many files a write passes, and how often it goes from one to another.

`python -m bench.micro.write_path` sells one ticket over the counter and books one for a named
customer, each as the only client of a service in this process, on a MongoDB of its own.
`sys.setprofile` sees each Python function that is entered; counted are those of `ticketing/`. A
change of file is a function entered in another file than the one entered before it. What happens
once per process (imports, caches) is left out by a first request that is not counted, and what a
request does now and then for all (noting the connections) by the shortest way of a few requests.

`--files` lists the files, `--changes` each change of file in its order, with the function that is
entered: what goes back and forth there without need is a detour for whoever reads it.
`tests/bench/test_write_path.py` holds both counts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from flask.testing import FlaskClient

from bench.load.office import own_office
from bench.load.scenarios import EVENT
from ticketing.app import create_app

PACKAGE = str(Path(__file__).parents[2] / "ticketing") + "/"


@dataclass(frozen=True, slots=True)
class Way:
    """The files that a request enters, one after the other, each with the function entered."""

    steps: Sequence[tuple[str, str]]

    @property
    def files(self) -> list[str]:
        """Which files are entered, by name."""
        return sorted({file for file, _ in self.steps})

    @property
    def changes(self) -> int:
        """How often it goes from one file to another."""
        return len(self.steps) - 1


class Trace:
    """The files of the package that the code in this thread passes, one after the other."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Note the file of a Python function that is entered or gone back to."""
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE):
            return
        file = code.co_filename.removeprefix(PACKAGE)
        if not self.steps or self.steps[-1][0] != file:
            self.steps.append((file, code.co_qualname))


def passed(ask: Callable[[], Any]) -> Way:
    """Return the way of a request."""
    trace = Trace()
    sys.setprofile(trace)
    try:
        answer = ask()
    finally:
        sys.setprofile(None)
    assert answer.status_code in (201, 202), answer.text
    return Way(trace.steps)


def ways(api: FlaskClient) -> Mapping[str, Way]:
    """Return the way of a sale and that of a booking, by name."""
    event = json.loads(api.post("/api/v1/events", json=EVENT).data)["id"]
    sale = {"event": event, "nTickets": 1}
    names = ("ada", "grace", "linus", "margaret")
    # What is asked beforehand and is not counted, and what is counted.
    requests: dict[str, tuple[str, Sequence[dict[str, object]]]] = {
        "sale": ("/api/v1/transactions", [sale] * 4),
        "booking": (f"/api/v1/events/{event}/bookings", [{"customer": name} for name in names]),
    }
    found = {}
    for name, (address, (first, *others)) in requests.items():
        api.post(address, json=first)
        tried = [passed(partial(api.post, address, json=body)) for body in others]
        found[name] = min(tried, key=lambda way: way.changes)
    return found


def main() -> int:
    """Print both counts for a sale and for a booking, and what else is asked for."""
    with own_office() as office:
        found = ways(create_app(office.settings, office.client).test_client())
    for name, way in found.items():
        print(f"{name}: {len(way.files)} files, {way.changes} changes of file")
        if "--files" in sys.argv:
            print(json.dumps(way.files, indent=1))
        if "--changes" in sys.argv:
            print(*(f"  {file}: {function}" for file, function in way.steps), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
