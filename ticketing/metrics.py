"""What the service tells Prometheus about itself, over all workers of a server.

Each worker counts in a file that it shares with the others (prometheus-client's multiprocess mode),
where `PROMETHEUS_MULTIPROC_DIR` names the folder for it: `ticketing.server.gunicorn_config` does.
The library looks at that name when it is imported, so nothing that the server's master process
imports may import this module, but for types: `ticketing.app` makes the one `Metrics` there is.
docs/monitoring.md tells what each of them means.
"""

from __future__ import annotations

import os
import time
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

import ticketing

# When a counter began is told of one process only, and nobody asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

# From a read of one document to the longest that a request may take.
_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_GROUPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

# Whatever else somebody calls a method would be a series of its own for ever.
_METHODS = {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}


# Connections come and go by the thousand: how many there are is looked at now and then.
_NOTED_EVERY_S = 1.0


class Pool(Protocol):
    """The connections of a process to MongoDB."""

    @property
    def open(self) -> int:
        """How many there are."""

    @property
    def in_use(self) -> int:
        """How many of them somebody works with."""


class Entry(Protocol):
    """The audit's entry of a change."""

    @property
    def action(self) -> str:
        """What has been done."""

    @property
    def tickets(self) -> int | None:
        """To how many tickets, if it was done to any."""


class _NoPool:
    """Of a process whose connections nobody follows."""

    open = in_use = 0


class Metrics:
    """Counts what one process does; safe for threads."""

    def __init__(self, pool: Pool | None = None) -> None:
        self._pool = pool or _NoPool()
        self._noted_at = 0.0
        own = self._own = CollectorRegistry()
        self._requests = Counter(
            "ticketing_requests_total",
            "Requests by route, method and status.",
            ["route", "method", "status"],
            registry=own,
        )
        self._request_seconds = Histogram(
            "ticketing_request_seconds",
            "How long requests take, by route and method.",
            ["route", "method"],
            buckets=_SECONDS,
            registry=own,
        )
        self._refusals = Counter(
            "ticketing_refusals_total", "Refused requests by code.", ["code"], registry=own
        )
        self._changes = Counter(
            "ticketing_changes_total", "Committed changes by action.", ["action"], registry=own
        )
        self._tickets = Counter(
            "ticketing_tickets_total",
            "Tickets of committed changes by action.",
            ["action"],
            registry=own,
        )
        self._group_commands = Histogram(
            "ticketing_group_commands",
            "How many commands one commit takes.",
            buckets=_GROUPS,
            registry=own,
        )
        self._commit_seconds = Histogram(
            "ticketing_commit_seconds",
            "How long an attempt at a commit takes, from its first read.",
            ["outcome"],
            buckets=_SECONDS,
            registry=own,
        )
        self._conflicts = Counter(
            "ticketing_commit_conflicts_total",
            "Attempts at a commit that another was faster than, and that were made again.",
            registry=own,
        )
        self._splits = Counter(
            "ticketing_group_splits_total",
            "Groups that were taken apart because of one command in them.",
            registry=own,
        )
        self._in_commit = Gauge(
            "ticketing_commands_in_commit",
            "Commands that are being committed.",
            multiprocess_mode="livesum",
            registry=own,
        )
        self._counted_alone = Counter(
            "ticketing_limits_counted_alone_total",
            "Requests that a worker counted for itself, the shared counts being away.",
            ["policy"],
            registry=own,
        )
        self._connections = Gauge(
            "ticketing_mongodb_connections",
            "Connections to MongoDB by state: open, and of those in use.",
            ["state"],
            multiprocess_mode="livesum",
            registry=own,
        )
        # Looking a series up by its labels costs more than counting in it.
        self._request_of = lru_cache(4096)(self._requests.labels)
        self._seconds_of = lru_cache(1024)(self._request_seconds.labels)
        self._changes_of = lru_cache(64)(self._changes.labels)
        self._tickets_of = lru_cache(64)(self._tickets.labels)
        self._open = self._connections.labels("open")
        self._in_use = self._connections.labels("in_use")
        self._committed = self._commit_seconds.labels("committed")
        self._failed = self._commit_seconds.labels("failed")

    def expect(
        self, *, actions: Iterable[str], codes: Iterable[str], policies: Iterable[str]
    ) -> None:
        """Begin these series at zero.

        Prometheus sees no increase in a series that begins with its first: an alert would miss the
        first crash, and a panel the first sale after a start.
        """
        for action in actions:
            self._changes_of(action)
            self._tickets_of(action)
        for code in codes:
            self._refusals.labels(code)
        for policy in policies:
            self._counted_alone.labels(policy)

    def count_request(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count an answer; without a route where the address is none of ours."""
        route, method = route or "none", method if method in _METHODS else "other"
        self._request_of(route, method, status).inc()
        self._seconds_of(route, method).observe(seconds)
        now = time.monotonic()
        if now > self._noted_at + _NOTED_EVERY_S:
            self._noted_at = now
            self.note_connections()

    def count_refusal(self, code: str) -> None:
        """Count a refusal."""
        self._refusals.labels(code).inc()

    def count_commit(self, commands: int, seconds: float, entries: Iterable[Entry]) -> None:
        """Count a commit of so many commands, and the action and tickets of each entry."""
        self._group_commands.observe(commands)
        self._committed.observe(seconds)
        actions: Tally[str] = Tally()
        tickets: Tally[str] = Tally()
        for entry in entries:
            actions[entry.action] += 1
            tickets[entry.action] += entry.tickets or 0
        for action, number in actions.items():
            self._changes_of(action).inc(number)
        for action, number in tickets.items():
            if number:
                self._tickets_of(action).inc(number)

    def count_failed_commit(self, seconds: float, *, conflict: bool) -> None:
        """Count an attempt at a commit that came to nothing."""
        self._failed.observe(seconds)
        if conflict:
            self._conflicts.inc()

    def count_split(self) -> None:
        """Count a group that was taken apart."""
        self._splits.inc()

    @contextmanager
    def committing(self, commands: int) -> Iterator[None]:
        """Count so many commands as being committed."""
        self._in_commit.inc(commands)
        try:
            yield
        finally:
            self._in_commit.dec(commands)

    def count_alone(self, policy: str) -> None:
        """Count what was counted without the other workers."""
        self._counted_alone.labels(policy).inc()

    def note_connections(self) -> None:
        """Note how many connections to MongoDB there are now."""
        self._open.set(self._pool.open)
        self._in_use.set(self._pool.in_use)

    def exposition(self, known_now: Mapping[str, float]) -> bytes:
        """Write down what all workers have counted, and what is known at this moment."""
        self.note_connections()
        registry = self._own
        if SHARED_FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(_now(known_now))


class _Known(Collector):
    """What is not counted but looked up when somebody asks."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values

    def collect(self) -> Iterable[Metric]:
        info = GaugeMetricFamily(
            "ticketing_build_info", "Which version this is; always 1.", labels=["version"]
        )
        info.add_metric([ticketing.__version__], 1)
        yield info
        for name, value in self._values.items():
            yield GaugeMetricFamily(name, KNOWN_NOW[name], value=value)


KNOWN_NOW = {
    "ticketing_waiting_bookings": "Bookings on the waiting lists of all events.",
    "ticketing_awaited_events": "Events that somebody waits for.",
    "ticketing_verification_timestamp_seconds": "When the last nightly verification ended.",
    "ticketing_verification_differences": "What the last nightly verification found.",
}


def _now(values: Mapping[str, float]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Known(values))
    return registry
