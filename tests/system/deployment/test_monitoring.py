"""What is delivered for Prometheus and Grafana asks for what there is; each alert is explained."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.domain.builders import an_event, decided, sell
from tests.system.server import ROOT
from ticketing.domain.audit import Action
from ticketing.metrics import KNOWN_NOW, Metrics

DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "monitoring.md").read_text()

# What Prometheus itself tells of whom it asks.
OF_PROMETHEUS = {"up"}

needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is not here: apt-get install prometheus"
)


def exposition():
    """All that there may be: each metric, with each of its labels once."""
    metrics = Metrics()
    metrics.count_request("/livez", "GET", 200, 0.001)
    metrics.count_refusal("sold_out")
    metrics.count_commit(1, 0.01, decided(an_event(), sell()).entries)
    metrics.count_failed_commit(0.01, conflict=True)
    metrics.count_alone("reads")
    return metrics.exposition(dict.fromkeys(KNOWN_NOW, 0.0)).decode()


def series():
    """The labels of each series by its name."""
    found = {}
    for family in text_string_to_metric_families(exposition()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def alerts():
    (group,) = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    return group["rules"]


def dashboard():
    return json.loads((DEPLOY / "grafana-dashboard.json").read_text())


def queries():
    asked = [
        target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])
    ]
    return [*asked, *(alert["expr"] for alert in alerts())]


def test_every_metric_stands_in_the_docs():
    told = set(re.findall(r"^\| `(ticketing_\w+)` \|", PAGE, re.MULTILINE))
    there = {line.split()[2] for line in exposition().splitlines() if line.startswith("# TYPE")}

    assert there == told


def test_the_docs_name_the_labels_of_every_metric():
    for name, said in re.findall(r"^\| `(ticketing_\w+)` \| ([^|]*) \|", PAGE, re.MULTILINE):
        labels = set(re.findall(r"`(\w+)`", said))
        found = [of for of in (name, f"{name}_bucket") if of in series()]
        assert {label for of in found for label in series()[of]} - {"le"} == labels, name


@pytest.mark.parametrize("query", queries())
def test_every_query_asks_for_what_there_is(query):
    asked = set(
        re.findall(r"\b(ticketing_\w+|up)\b(?=\{|\[|\)|\s|$)", re.sub(r'"[^"]*"', '""', query))
    )

    assert asked
    assert asked - series().keys() <= OF_PROMETHEUS
    for name, selectors in re.findall(r"(ticketing_\w+)\{([^}]*)\}", query):
        assert set(re.findall(r"(\w+)=", selectors)) <= series()[name]


def test_every_action_that_a_query_names_exists():
    named = {
        action
        for query in queries()
        for actions in re.findall(r'action=~"([^"]+)"', query)
        for action in actions.split("|")
    }

    assert named
    assert named <= set(Action.__args__)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_every_alert_has_a_page(alert):
    heading = f"### {alert['alert']}\n"

    assert alert["annotations"]["page"] == f"docs/monitoring.md#{alert['alert'].lower()}"
    assert PAGE.count(heading) == 1
    assert "\nDo: " in PAGE.split(heading)[1].split("\n###")[0] or "- `" in PAGE.split(heading)[1]


def test_no_page_is_about_an_alert_that_there_is_not():
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == [alert["alert"] for alert in alerts()]


def test_no_two_panels_lie_on_one_another():
    taken = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@needs_promtool
def test_prometheus_takes_the_configuration_and_the_alerts(tmp_path):
    key = tmp_path / "key"
    key.write_text("a-key")
    text = (DEPLOY / "prometheus.yml").read_text()
    assert "/etc/prometheus/ticketing-metrics-key" in text
    config = tmp_path / "prometheus.yml"
    config.write_text(text.replace("/etc/prometheus/ticketing-metrics-key", str(key)))
    shutil.copy(DEPLOY / "alerts.yml", tmp_path)

    checked = subprocess.run(
        ["promtool", "check", "config", config], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs_promtool
def test_prometheus_has_no_complaint_about_the_metrics():
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=exposition(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
