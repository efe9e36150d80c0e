"""`python -m ticketing.server.reaper NAME`: ends the MongoDB sessions of a dead worker."""

from __future__ import annotations

import sys

import structlog
from pymongo.errors import PyMongoError

from ticketing import config
from ticketing.server import logs
from ticketing.storage.driver import orphaned_sessions

# How long a server that stops waits for it: it has 2 s for its work, and needs a moment to start.
LONGEST_S = 4.0

log = structlog.get_logger("ticketing.reaper")


def main(appname: str) -> int:
    """End the sessions of the process with this name, within 2 s."""
    settings = config.load()
    logs.configure(settings.log_level, settings.log_format)
    logs.log_what_nobody_catches()
    if settings.mongodb_uri is None:
        return 1
    try:
        ended = orphaned_sessions.end_sessions(settings.mongodb_uri, appname)
    except PyMongoError as error:
        log.warning("orphans_left", process=appname, error=type(error).__name__)
        return 1
    if ended:
        log.warning("orphans_ended", process=appname, sessions=ended)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
