"""How many files a write passes, and how often it goes from one to another.

`python -m bench.micro.write_path` sells one ticket over the counter and books one for a named
customer, each as the only client of a service in this process, on a MongoDB of its own.
`sys.setprofile` sees each Python function that is entered; counted are those of `ticketing/`. A
change of file is a function entered in another file than the one entered before it. What happens
once per process (imports, caches) is left out by a first request that is not counted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from flask.testing import FlaskClient

from bench.load.office import own_office
from bench.load.scenarios import EVENT
from ticketing.app import create_app

PACKAGE = str(Path(__file__).parents[2] / "ticketing") + "/"


class Trace:
    """The files of the package that the code in this thread passes, one after the other."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Note the file of a Python function that is entered or gone back to."""
        if event != "call":
            return
        file = frame.f_code.co_filename
        if file.startswith(PACKAGE) and (not self.files or self.files[-1] != file):
            self.files.append(file)


def passed(ask: Callable[[], Any]) -> list[str]:
    """Return the files that a request passes, in order, each change of file once."""
    trace = Trace()
    sys.setprofile(trace)
    try:
        answer = ask()
    finally:
        sys.setprofile(None)
    assert answer.status_code in (201, 202), answer.text
    return trace.files


def main() -> int:
    """Print both counts for a sale and for a booking; `--files` lists the files as well."""
    with own_office() as office:
        _measure(create_app(office.settings, office.client).test_client())
    return 0


def _measure(api: FlaskClient) -> None:
    event = json.loads(api.post("/api/v1/events", json=EVENT).data)["id"]
    sale = {"event": event, "nTickets": 1}
    # What is asked beforehand and is not counted, and what is counted.
    requests: dict[str, tuple[str, list[dict[str, object]]]] = {
        "sale": ("/api/v1/transactions", [sale, sale]),
        "booking": (
            f"/api/v1/events/{event}/bookings",
            [{"customer": "ada"}, {"customer": "grace"}],
        ),
    }
    for name, (address, (first, second)) in requests.items():
        api.post(address, json=first)
        files = passed(partial(api.post, address, json=second))
        entered = sorted({file.removeprefix(PACKAGE) for file in files})
        print(f"{name}: {len(entered)} files, {len(files) - 1} changes of file")
        if "--files" in sys.argv:
            print(json.dumps(entered, indent=1))


if __name__ == "__main__":
    sys.exit(main())
