"""The real Prometheus before the real service, under a short load, with what is delivered."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import urllib.request
from itertools import count
from urllib.parse import quote

import pytest

from tests.system.deployment.test_monitoring import DEPLOY, alerts, dashboard
from tests.system.server import Server
from tests.system.waiting import NEVER_S, eventually
from ticketing.server.mongod import free_port

pytestmark = pytest.mark.skipif(
    not shutil.which("prometheus"), reason="prometheus is not here: apt-get install prometheus"
)

KEY = "a-key-for-prometheus-and-nothing-else"

# Minutes of the delivered files are seconds here: a test can't wait for them.
QUICK = {"15s": "1s"}


class Prometheus:
    """Prometheus with the delivered files, in which only places are others and time runs faster."""

    def __init__(self, folder, target):
        self.port = free_port()
        self._folder = folder
        config = (DEPLOY / "prometheus.yml").read_text()
        for old, new in {
            "/etc/prometheus/ticketing-metrics-key": str(folder / "key"),
            "127.0.0.1:8000": f"127.0.0.1:{target}",
            **QUICK,
        }.items():
            assert old in config
            config = config.replace(old, new)
        rules = re.sub(r"for: \d+m", "for: 1s", (DEPLOY / "alerts.yml").read_text())
        (folder / "prometheus.yml").write_text(config)
        (folder / "alerts.yml").write_text(rules)
        (folder / "key").write_text(KEY)

    def __enter__(self):
        with (self._folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self._folder}/prometheus.yml",
                 f"--storage.tsdb.path={self._folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}"],
                stderr=log, stdout=log,
            )  # fmt: skip
        eventually(lambda: self.ask('up{job="ticketing"} == 1'), "it has asked the service")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(NEVER_S)

    def _get(self, path):
        assert self.process.poll() is None, (self._folder / "log").read_text()
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=NEVER_S
            ) as answer:
                return json.load(answer)["data"]
        except OSError:
            return {}

    def ask(self, query):
        """What a query gives, as numbers; what is not a number is none."""
        found = self._get(f"query?query={quote(query)}").get("result", [])
        return [float(row["value"][1]) for row in found if row["value"][1] != "NaN"]

    def rules(self):
        return [rule for group in self._get("rules").get("groups", []) for rule in group["rules"]]

    def firing(self):
        return {rule["name"] for rule in self.rules() if rule["state"] == "firing"}


@pytest.fixture(scope="module")
def server(mongodb_uri, office_db, tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    settings = {"METRICS_KEY": KEY, "RATE_WRITES": "100000 per minute"}
    with Server(mongodb_uri, office_db.name, folder / "log", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(server, tmp_path_factory):
    with Prometheus(tmp_path_factory.mktemp("prometheus"), server.port) as running:
        yield running


@pytest.fixture(scope="module")
def event(server):
    return server.client().create(capacity=100_000)["id"]


numbers = count(1)


def an_evening(server, event):
    """A bit of everything: sales, bookings, who waits, what comes back, and what is refused."""
    client = server.client()
    sale = client.sell(event).json["id"]
    client.sell(event, 2)
    number = next(numbers)
    small = (
        client.create(capacity=1, date=f"2030-01-{number % 28 + 1:02}")["id"]
        if number < 28
        else event
    )
    bookings = [
        client.post(f"/api/v1/events/{small}/bookings", {"customer": f"customer-{number}-{n}"})
        for n in range(2)
    ]
    client.request("DELETE", f"/api/v1/bookings/{bookings[0].json['id']}")
    client.request("DELETE", f"/api/v1/transactions/{sale}")
    client.sell(event, 1_000_000)
    client.get(f"/api/v1/events/{event}")
    client.get("/nothing")


def queries():
    return {
        f"{panel['title']} {place}": target["expr"]
        for panel in dashboard()["panels"]
        for place, target in enumerate(panel.get("targets", []), start=1)
    }


def test_every_panel_shows_something_under_a_load(prometheus, server, event):
    silent = queries()

    def all_speak():
        an_evening(server, event)
        for name, query in list(silent.items()):
            if prometheus.ask(query):
                del silent[name]
        return not silent

    assert len(silent) > 20
    try:
        eventually(all_speak, "every query has an answer")
    except AssertionError:
        assert silent == {}


def test_takes_every_rule_and_finds_nothing_wrong_in_an_evening(prometheus, server, event):
    an_evening(server, event)
    evaluated = eventually(
        lambda: [r for r in prometheus.rules() if r["health"] != "unknown"], "rules are looked at"
    )

    assert {rule["name"] for rule in evaluated} == {alert["alert"] for alert in alerts()}
    assert {rule["health"] for rule in evaluated} == {"ok"}
    assert prometheus.firing() == set()


def test_the_first_refusal_of_an_unknown_outcome_raises_its_alert(prometheus, server, event, mongo):
    """MongoDB goes away in the middle of one commit, and says nothing more."""
    data = {"failCommands": ["commitTransaction"], "closeConnection": True}
    mongo.admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data})
    try:
        answer = server.client().sell(event)
    finally:
        mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
    assert (answer.status, answer.json["code"]) == (503, "outcome_unknown")

    eventually(lambda: "TicketingOutcomesUnknown" in prometheus.firing(), "somebody is told")


def test_a_server_that_is_gone_raises_its_alert(prometheus, server):
    server.stop()

    eventually(lambda: "TicketingDown" in prometheus.firing(), "somebody is told")
