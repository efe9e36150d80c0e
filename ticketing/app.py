"""Where the parts are put together, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from secrets import token_urlsafe

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from ticketing import config
from ticketing.api.auth import origins
from ticketing.api.document import openapi
from ticketing.api.http import context, middleware, problems
from ticketing.api.http.blueprints import Api
from ticketing.api.legacy import views
from ticketing.api.views import (
    api_keys,
    bookings,
    customers,
    events,
    health,
    metrics,
    second_factor,
    statistics,
    transactions,
    transfers,
    users,
)
from ticketing.config import Settings, SettingsError
from ticketing.domain.audit import ACTIONS
from ticketing.metrics import Metrics
from ticketing.server.names import appname
from ticketing.services.accounts.proofs import Proofs
from ticketing.services.mail.messages import Letters
from ticketing.services.rates import RateLimiter
from ticketing.services.shared_reads import SharedReads
from ticketing.services.signing_in.attempts import POLICY, Attempts
from ticketing.services.signing_in.callers import Callers
from ticketing.services.signing_in.passwords import Passwords
from ticketing.services.signing_in.second_factor import SecondFactors
from ticketing.services.signing_in.sign_in import SignIn
from ticketing.services.signing_in.tokens import PAGES_AUDIENCE, Tokens
from ticketing.services.writes.handler import CommandHandler
from ticketing.storage.driver.clients import Client, Database, connect
from ticketing.storage.driver.fitness import Fitness
from ticketing.storage.driver.pool import PoolWatch
from ticketing.storage.driver.units_of_work import utc_now
from ticketing.storage.limits.counting import SharedCounts
from ticketing.web import pages, reference

# The refusals that somebody is woken for (deploy/alerts.yml).
ALARMING = ("internal_server_error", "outcome_unknown", "too_many_requests")

# How long whoever asks is kept waiting for the counts that all workers share, in seconds.
RATES_WAIT_S, ATTEMPTS_WAIT_S = 0.5, 2.0

VIEWS = (
    events,
    transactions,
    bookings,
    transfers,
    customers,
    statistics,
    users,
    second_factor,
    api_keys,
    views,
    health,
    metrics,
)


def create_app(
    settings: Settings | None = None,
    client: Client | None = None,
    clock: Callable[[], datetime] | None = None,
    passwords: Passwords | None = None,
) -> Flask:
    """Return the application, put together; raises SettingsError.

    The client connects at its first use, so this may be called before a fork.
    """
    settings = settings or config.load()
    if settings.mongodb_uri is None:
        raise SettingsError(
            "TICKETING_MONGODB_URI is not set: point it at a replica set, or start the "
            "service with `make run`, which brings a MongoDB along."
        )
    client = client or connect(settings.mongodb_uri, appname=appname())
    counted = Metrics(PoolWatch(client))
    counted.expect(actions=ACTIONS, codes=ALARMING, policies=settings.rates)

    app = middleware.Application("ticketing", static_folder=None)
    app.config.update(
        API_TITLE="Ticket office",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
    )
    # Without a key of its own (open mode only) a process signs for itself alone.
    keys = settings.secret_keys or (token_urlsafe(48),)
    app_context = _app_context(
        settings,
        settings.mongodb_uri,
        client,
        clock or utc_now,
        passwords or Passwords(),
        counted,
        keys,
    )
    setattr(app, context.KEY, app_context)
    app.wsgi_app = middleware.with_deadline(app.wsgi_app, settings.request_timeout_s)  # type: ignore[assignment, method-assign]
    if settings.trusted_proxies:
        trusted = settings.trusted_proxies
        proxied = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_prefix=trusted)
        app.wsgi_app = middleware.with_sound_prefix(proxied)  # type: ignore[assignment, method-assign]

    middleware.register(app)
    if settings.cors_origins:
        origins.allow(app, settings.cors_origins)
    if settings.auth == "open":
        origins.refuse_foreign(app, settings.cors_origins)
    api = Api(app)
    openapi.describe_sign_in(api)
    for view in VIEWS:
        api.register_blueprint(view.blp)
    problems.register(app)
    openapi.describe_aliases(api)
    document = openapi.register(app, api, settings)
    app.register_blueprint(reference.blueprint(document))
    pages.register(app, settings, keys)
    return app


def command_handler(
    settings: Settings,
    client: Client,
    db: Database,
    clock: Callable[[], datetime],
    counted: Metrics | None = None,
) -> CommandHandler:
    """Return what executes commands, as it is set.

    In open mode, which is for trying out, nothing is ever over: its days may be those of the past.
    """
    return CommandHandler(
        client,
        db,
        clock,
        timezone=None if settings.auth == "open" else settings.timezone,
        group_size=settings.group_size,
        wait_s=settings.lane_wait_s,
        commit_s=settings.commit_timeout_s,
        metrics=counted,
    )


def _app_context(
    settings: Settings,
    uri: str,
    client: Client,
    clock: Callable[[], datetime],
    passwords: Passwords,
    counted: Metrics,
    keys: Sequence[str],
) -> context.AppContext:
    db = client[settings.database]
    letters = Letters(settings.public_url or "", settings.mail_from)
    counts = settings.rate_limit_uri or uri
    # With a connection and a patience of their own: what else is counted must not be in their way.
    attempts = Attempts(
        settings.rates.get(POLICY),
        SharedCounts(counts, settings.database, timeout_s=ATTEMPTS_WAIT_S),
        counted.count_alone,
    )
    tokens = Tokens(keys, settings.token_lifetime_s)
    sessions = Tokens(keys, settings.session_lifetime_s, PAGES_AUDIENCE)
    sign_in = SignIn(db, passwords, attempts, threads=config.SIGN_IN_THREADS)
    return context.AppContext(
        settings=settings,
        client=client,
        db=db,
        commands=command_handler(settings, client, db, clock, counted),
        reads=SharedReads(db),
        clock=clock,
        passwords=passwords,
        sign_in=sign_in,
        tokens=tokens,
        sessions=sessions,
        callers=Callers(db, tokens),
        visitors=Callers(db, sessions),
        rates=RateLimiter(
            settings.rates,
            SharedCounts(counts, settings.database, timeout_s=RATES_WAIT_S),
            counted.count_alone,
        ),
        fitness=Fitness(db),
        proofs=Proofs(db, passwords, letters) if settings.mail_uri else None,
        second_factors=SecondFactors(db, sign_in, keys, settings.venue_name),
        metrics=counted,
    )
