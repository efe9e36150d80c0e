"""Where the parts are put together, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask
from flask_swagger_ui import get_swaggerui_blueprint

from ticketing import config
from ticketing.api import document, parts, problems, requests
from ticketing.api.blueprints import Api
from ticketing.api.views import actions, bookings, events, health, statistics, transactions
from ticketing.config import Settings, SettingsError
from ticketing.server.names import appname
from ticketing.services.office import Office
from ticketing.storage.clients import Client, connect


def create_app(
    settings: Settings | None = None,
    client: Client | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Flask:
    """Put the service together; raises SettingsError.

    The client connects at its first use, so this may be called before a fork.
    """
    settings = settings or config.load()
    clock = clock or now
    if client is None:
        if settings.mongodb_uri is None:
            raise SettingsError(
                "TICKETING_MONGODB_URI is not set: point it at a replica set, or start the "
                "service with `make run`, which brings a MongoDB along."
            )
        client = connect(settings.mongodb_uri, appname=appname())
    db = client[settings.database]
    office = Office(
        client,
        db,
        clock,
        group_size=settings.group_size,
        wait_s=settings.lane_wait_s,
        commit_s=settings.commit_timeout_s,
    )

    app = Flask("ticketing", static_folder=None)
    app.config.update(
        API_TITLE="Ticket office",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
    )
    app.extensions[parts.KEY] = parts.Parts(settings, client, db, office, clock)

    requests.register(app)
    api = Api(app)
    for view in (events, transactions, bookings, statistics, actions, health):
        api.register_blueprint(view.blp)
    problems.register(app)
    document.register(app, api)
    app.register_blueprint(get_swaggerui_blueprint("/docs", "/openapi.json", {"validatorUrl": ""}))
    return app


def now() -> datetime:
    """Tell the time in UTC, in whole milliseconds, which is what MongoDB keeps."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
