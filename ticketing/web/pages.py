"""Where the pages are put together, for `ticketing.app`."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Flask, Response, abort, g, request, url_for

from ticketing.api.http.context import app_context
from ticketing.config import Settings
from ticketing.domain.identity.users import Role
from ticketing.web.assets import Assets
from ticketing.web.http import access, errors
from ticketing.web.http.headers import FOR_EVER, with_headers
from ticketing.web.http.last_seen import LastSeen
from ticketing.web.http.session import PageSessions
from ticketing.web.presenters import words
from ticketing.web.views import (
    accounts,
    bookings,
    calendar,
    figures,
    keys,
    leaving,
    office,
    people,
    public,
    second_factor,
    till,
)

VIEWS = (
    public,
    accounts,
    second_factor,
    leaving,
    bookings,
    calendar,
    office,
    till,
    figures,
    people,
    keys,
)


def register(app: Flask, settings: Settings, secret_keys: Sequence[str]) -> None:
    """Add the pages to the application; sessions are signed with the first of the keys."""
    assets = Assets(settings.accent)
    blp = Blueprint("web", __name__, template_folder="templates")
    for view in VIEWS:
        blp.register_blueprint(view.blp)
    _serve(blp, assets)
    seen = LastSeen()

    def keep(response: Response) -> Response:
        """Keep what anybody may see, for while the database is away."""
        seen.keep(response, app_context.clock().astimezone(settings.timezone))
        return response

    errors.register(app, blp, seen)
    blp.after_request(with_headers)
    blp.after_request(keep)  # which comes before, while the page is not packed yet
    app.register_blueprint(blp)

    app.secret_key = secret_keys[0]
    app.config.update(
        SECRET_KEY_FALLBACKS=list(secret_keys[1:]),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,  # `access` asks for it, for forms alone
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # `access` looks at the Origin instead
    )
    access.csrf.init_app(app)
    app.session_interface = PageSessions(_first_segments(app))
    _prepare_templates(app, settings, assets)


def _first_segments(app: Flask) -> set[str]:
    """Return how the paths of pages begin."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("web.")]
    return {rule.rule.split("/", 2)[1] for rule in rules} - {"static"}


def _serve(blp: Blueprint, assets: Assets) -> None:
    @blp.get("/static/<name>")
    def static(name: str) -> Response:
        """Send a file whose name changes with what is in it."""
        asset = assets.served.get(name)
        if asset is None:
            abort(404)
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        packs = request.accept_encodings["gzip"] > 0
        if packs:
            headers["Content-Encoding"] = "gzip"
        content = asset.packed if packs else asset.content
        return Response(content, content_type=asset.content_type, headers=headers)


def _prepare_templates(app: Flask, settings: Settings, assets: Assets) -> None:
    speaks = words.Words(settings.currency, settings.timezone)
    environment = app.jinja_env
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters.update(
        day=words.day,
        month_day=words.month_day,
        money=speaks.money,
        price=speaks.price,
        plain_money=words.plain_money,
        time=speaks.time,
        moment=speaks.moment,
        machine=speaks.machine,
        local=speaks.local,
        tickets=words.tickets,
        counted=words.counted,
        whole=words.whole,
        ordinal=words.ordinal,
        name=words.name_of,
    )

    def asset(name: str) -> str:
        return url_for("web.static", name=assets.hashed(name))

    environment.globals.update(
        asset=asset,
        venue=settings.venue_name,
        open_mode=settings.auth == "open",
        symbol=speaks.symbol,
        currency=settings.currency,
        zone=str(settings.timezone),
        Role=Role,
    )

    @app.context_processor
    def known() -> dict[str, object]:
        """Give every page who asks and what time it is."""
        principal = g.get("principal")
        return {
            "me": principal,
            "is_staff": principal is not None and principal.role >= Role.STAFF,
            "is_admin": principal is not None and principal.role >= Role.ADMIN,
            "now": app_context.clock(),
            "request_id": g.get("request_id", ""),
            "in_office": request.path.startswith("/office"),
        }
