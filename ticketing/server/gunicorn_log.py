"""gunicorn's own log lines, written like all the others."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from ticketing.server import logs


class LikeOurs(Logger):
    """gunicorn's logger, whose lines have our format wherever they go."""

    # Set before a server makes its logger.
    format: logs.Format = "auto"

    def _set_handler(self, log: Any, output: Any, fmt: Any, stream: Any = None) -> None:
        """Set the handler as gunicorn does, whatever format it asks for."""
        super()._set_handler(log, output, logs.formatter(self.format), stream)
