"""Lists, a page at a time: the items, a cursor in the body and the whole address in `Link`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import Response, request, url_for
from marshmallow import Schema

from ticketing.api.http import cursors
from ticketing.api.http.responses import answer, respond

Item = TypeVar("Item")


def paged(
    found: Sequence[Item],
    limit: int,
    schema: Schema,
    place: Callable[[Item], tuple[str | int | None, ...]],
    **more: object,
) -> Response:
    """Answer with the first `limit` of what was found, one more having been asked for.

    `place` tells where the next page begins: after the last item of this one. `more` is what the
    answer says beside its items.
    """
    items = found[:limit]
    cursor = cursors.encode(*place(items[-1])) if len(found) > limit else None
    response = respond(answer(200, {**more, "items": items, "next": cursor}, schema))
    if cursor:
        query: dict[str, Any] = {**request.args.to_dict(), "cursor": cursor}
        address = url_for(request.endpoint or "", **(request.view_args or {}), **query)
        response.headers["Link"] = f'<{address}>; rel="next"'
    return response
