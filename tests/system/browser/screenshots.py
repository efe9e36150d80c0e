"""Pictures of all pages, for whoever looks at them: `make screenshots`.

python -m tests.system.browser.screenshots FOLDER      a picture of each page, two contact sheets
python -m tests.system.browser.screenshots --pictures  the two of the README, in docs/pictures
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, sync_playwright

from tests.storage.mongodb import replica_set
from tests.system.browser.conftest import ARGUMENTS, CHROMIUM
from tests.system.server import ROOT, Server
from ticketing.services import demo
from ticketing.storage.driver.clients import Database, connect
from ticketing.storage.migrations.runner import migrate

WIDTHS = (1440, 360)
SCHEMES = ("light", "dark")

SHEET = """<style>body{{margin:24px;background:#888;font:700 22px sans-serif;width:2800px}}
figure{{display:inline-block;margin:12px;vertical-align:top}}img{{display:block;height:auto;
max-height:900px;object-fit:cover;object-position:top}}</style>{figures}"""


@contextmanager
def demonstration(folder: Path) -> Iterator[tuple[str, Database, str]]:
    """Serve a year of a made-up venue; give its address, its database and the URI of that."""
    with replica_set(folder / "mongodb") as uri, connect(uri, appname="screenshots") as client:
        db = client["screenshots"]
        migrate(db)
        demo.fill(db, client, datetime.now(UTC), ZoneInfo("UTC"))
        with Server(uri, db.name, folder / "log", VENUE_NAME="Pepperwick Hall") as server:
            _sell_tonight(server, db)
            yield f"http://127.0.0.1:{server.port}", db, uri


def _sell_tonight(server: Server, db: Database) -> None:
    """Sell a few tickets over the counter, so that the till has something to show."""
    tonight = db.events.find_one({"day": datetime.now(UTC).date().isoformat()})
    assert tonight is not None, "the demonstration has an event on this very day"
    for number in (1, 4, 2, 3, 2):
        body = {"event": tonight["_id"], "nTickets": number}
        assert server.client().post("/api/v1/transactions", body).status == 201


def paths_of(db: Database) -> dict[str, str]:
    """Return the addresses of all pages, by name."""
    today = datetime.now(UTC).date().isoformat()
    ahead = {"day": {"$gte": today}}

    def one(**conditions: object) -> str:
        found = db.events.find_one({**ahead, **conditions}, sort=[("day", 1)])
        return str(found["_id"]) if found else "nothing"

    tonight = one(status="scheduled")
    waiting, off = one(waiting={"$gt": 0}), one(status="cancelled")
    booking = db.bookings.find_one({"event": waiting, "status": "waiting"})
    sale = db.bookings.find_one(
        {"event": tonight, "customer": None, "sold_by": "open"}, sort=[("sequence", -1)]
    )
    receipt = f"&sale={sale['_id']}" if sale else ""
    return {
        "whats-on": "/",
        "month": f"/month/{today[:7]}",
        "event": f"/events/{tonight}",
        "event-waiting": f"/events/{waiting}",
        "event-called-off": f"/events/{off}",
        "booking": f"/bookings/{booking['_id']}" if booking else "/bookings",
        "sign-in": "/sign-in",
        "not-found": "/nothing",
        "calendar": "/office",
        "office-event": f"/office/events/{waiting}",
        "new-event": "/office/events/new",
        "call-off": f"/office/events/{tonight}/call-off",
        "owed": f"/office/events/{off}/owed",
        "list": f"/office/events/{tonight}/list",
        "till": f"/office/till?event={tonight}{receipt}",
        "evening": "/office/till/evening",
        "figures": "/office/figures",
        "people": "/office/people",
        "keys": "/office/keys",
    }


def take(browser: Browser, base: str, path: str, *, width: int, scheme: str, height: int) -> bytes:
    """Take a picture of the upper part of a page."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(base + path)
    picture = page.screenshot(type="jpeg", quality=70)
    context.close()
    return picture


def sheet(browser: Browser, pictures: dict[str, bytes], file: Path) -> None:
    """Put pictures on one sheet."""
    figures = "".join(
        f'<figure><figcaption>{name}</figcaption><img width="{640 if "1440" in name else 240}" '
        f'src="data:image/jpeg;base64,{base64.b64encode(picture).decode()}"></figure>'
        for name, picture in pictures.items()
    )
    page = browser.new_page(viewport={"width": 2900, "height": 1000})
    page.set_content(SHEET.format(figures=figures))
    page.screenshot(path=file, type="jpeg", quality=60, full_page=True)
    page.close()


def main() -> int:
    """Take what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("screenshots"))
    parser.add_argument("--pictures", action="store_true")
    asked = parser.parse_args()
    if CHROMIUM is None:
        print("There is no chromium on the PATH: apt-get install chromium.", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        demonstration(Path(folder)) as (base, db, _),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        paths = paths_of(db)
        if asked.pictures:
            target = ROOT / "docs" / "pictures"
            target.mkdir(exist_ok=True)
            for name in ("whats-on", "till"):
                picture = take(browser, base, paths[name], width=1200, scheme="light", height=760)
                (target / f"{name}.jpg").write_bytes(picture)
            return 0
        asked.folder.mkdir(exist_ok=True)
        for scheme in SCHEMES:
            pictures = {}
            for name, path in paths.items():
                for width in WIDTHS:
                    known = f"{name} {width}"
                    pictures[known] = take(
                        browser,
                        base,
                        path,
                        width=width,
                        scheme=scheme,
                        height=1125 if width > 800 else 900,
                    )
                    (asked.folder / f"{name}-{width}-{scheme}.jpg").write_bytes(pictures[known])
            sheet(browser, pictures, asked.folder / f"contact-{scheme}.jpg")
    print(f"The contact sheets are in {asked.folder}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
