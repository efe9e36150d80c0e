"""How gunicorn runs the service.

`ticketing serve` does it, and so does, in a checkout,
`gunicorn -c python:ticketing.server.gunicorn_config wsgi:app`.
"""

from __future__ import annotations

import atexit
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import gunicorn.http.wsgi
from gunicorn.errors import HaltServer

from ticketing.api.http import context
from ticketing.config import SIGN_IN_THREADS, authority, is_loopback, load
from ticketing.server import background, logs, names, shared_metrics
from ticketing.server.gunicorn_log import LikeOurs
from ticketing.server.reaper import LONGEST_S
from ticketing.server.sharing import MOST_WORKERS, SHARES
from ticketing.services.writes.combining import SharedLists, SharedPublications

# gunicorn reads every name here that is one of its settings: import no module called `config`.
_settings = load()

bind = [authority(_settings.host, _settings.port)]
worker_class = "ticketing.server.worker.Worker"
workers = _settings.workers
threads = _settings.threads + SIGN_IN_THREADS
graceful_timeout = _settings.graceful_timeout_s
timeout = 30
keepalive = 75
control_socket_disable = True
preload_app = False
accesslog = None
logger_class = LikeOurs
loglevel = "error" if _settings.log_level == "error" else "warning"
# Large enough for any request of ours, small enough to be no burden.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# Only one thread of a Python process runs at a time. Spread over several processors, its threads
# spend more time on fighting for the interpreter lock than on work, so each worker stays on one.
# See docs/performance.md for what it gains.
_CPUS = (
    sorted(os.sched_getaffinity(0))
    if _settings.pin_workers and hasattr(os, "sched_setaffinity")
    else []
)

# Python gives up the interpreter lock only every 5 ms unless told otherwise, and the leader of a
# batch waits for it after each of its five round trips to MongoDB while its neighbours parse
# requests. See docs/performance.md for what it gains.
SWITCH_INTERVAL_S = 0.0005

# In open mode nobody has to set a key, but all workers have to sign with the same. Where one is
# set, be it in `.env`, nothing may be put into the environment, which would win.
if not _settings.secret_keys:
    os.environ["TICKETING_SECRET_KEY"] = secrets.token_urlsafe(48)

logs.configure(_settings.log_level, _settings.log_format)
logs.log_what_nobody_catches()
LikeOurs.format = _settings.log_format
names.new_run_token()


# Two workers have large batches already: combining would cost more than it gains
# (docs/performance.md).
_COMBINES_FROM = 3

_lists: list[SharedLists] = []

_reapers: list[subprocess.Popen[bytes]] = []

_metrics: list[Path] = []


def on_starting(server: Any) -> None:
    """Refuse an address beyond loopback in open mode, also one given on the command line.

    And make what the workers share: the folder in which they count together, and the lists by which
    they commit for each other, with places for the workers of a reload beside the old ones.
    """
    beyond = [address for address in server.cfg.bind if not _is_loopback(address)]
    if _settings.auth == "open" and beyond:
        sys.exit(f"TICKETING_AUTH=open listens on loopback only, not on {beyond[0]}.")
    _metrics.append(shared_metrics.make_folder())
    if server.cfg.workers >= _COMBINES_FROM:
        _lists.append(SharedLists(2 * server.cfg.workers))


def pre_fork(server: Any, worker: Any) -> None:
    """Choose a free place among the workers, and the processor with the fewest of them."""
    places = {other.place for other in server.WORKERS.values()}
    worker.place = next(place for place in range(MOST_WORKERS) if place not in places)
    taken = Counter(getattr(other, "cpu", None) for other in server.WORKERS.values())
    worker.cpu = min(_CPUS, key=lambda cpu: taken[cpu]) if _CPUS else None


def post_worker_init(worker: Any) -> None:
    """Keep the worker on its processor, join it to the others, and start what runs beside requests.

    What is registered for the exit is done after the last thread that serves has ended, and not in
    a worker that is killed.
    """
    if worker.cpu is not None:
        os.sched_setaffinity(0, {worker.cpu})
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    for lists in _lists:
        if worker.place < lists.places:
            commands = getattr(worker.wsgi, context.KEY).commands
            commands.combine(SharedPublications(lists, worker.place))
    running = background.start(worker.wsgi)
    atexit.register(_end_in_good_order, worker.place, running)
    # Nobody needs to know what serves them.
    gunicorn.http.wsgi.SERVER = "ticketing"


def child_exit(server: Any, worker: Any) -> None:
    """Free a dead worker's place, and what it may have left locked in MongoDB.

    The latter in a process of its own, bounded in time, so that the master keeps no client across
    its next fork and is not held up: it reaps this process like any other. A worker that has ended
    in good order has left nothing.
    """
    for folder in _metrics:
        shared_metrics.forget_worker(folder, worker.pid)
    ended = SHARES.has_ended(worker.place)
    SHARES.leave(worker.place)
    if not ended:
        command = [sys.executable, "-m", "ticketing.server.reaper", names.appname(worker.pid)]
        _reapers.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))


def on_exit(server: Any) -> None:
    """Leave no process behind: what frees the locks of dead workers ends first, or is ended.

    gunicorn kills workers that do not end in time, and does not wait until they are dead.
    """
    until = time.monotonic() + LONGEST_S
    while server.WORKERS and time.monotonic() < until:
        with suppress(HaltServer):  # it halts already
            server.reap_workers()
        time.sleep(0.01)
    for reaper in _reapers:
        try:
            reaper.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            reaper.kill()
            reaper.wait()
    for folder in _metrics:
        shared_metrics.remove(folder)


def _end_in_good_order(place: int, running: background.Background) -> None:
    """Note that nothing is left behind, once what ran beside the requests has ended, too."""
    if running.stop():
        SHARES.end(place)


def _is_loopback(address: str) -> bool:
    if address.startswith(("unix:", "fd://")):
        return True
    return is_loopback(address.rpartition(":")[0])
