"""Lists, a page at a time: the items, a cursor in the body and the whole address in `Link`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import Response, request, url_for
from marshmallow import Schema

from ticketing.api.http import cursors
from ticketing.api.http.conditions import content_tag
from ticketing.api.http.context import app_context
from ticketing.api.http.responses import answer, respond
from ticketing.domain.places import Place, Row

Item = TypeVar("Item")


def paged(
    found: Sequence[Item],
    limit: int,
    schema: Schema,
    place: Callable[[Item], tuple[str | int | None, ...]],
    *,
    rest: Item | None = None,
    **more: object,
) -> Response:
    """Answer with the first `limit` of what was found, one more having been asked for.

    `place` tells where the next page begins: after the last item of this one, or after `rest`,
    which was the last that was looked at where more remains to be looked at. `more` is what the
    answer says beside its items.
    """
    items = found[:limit]
    last = items[-1] if len(found) > limit else rest
    cursor = cursors.encode(*place(last)) if last is not None else None
    response = respond(answer(200, {**more, "items": items, "next": cursor}, schema))
    if cursor:
        # Where the next page begins may be told in several ways, the longer it is ago the more
        # carefully; a caller who has the same items can go on with the cursor that they have.
        items_alone = response.get_data().replace(cursor.encode(), b"")
        response.set_etag(content_tag(items_alone), weak=True)
        query: dict[str, Any] = {**request.args.to_dict(), "cursor": cursor}
        address = url_for(request.endpoint or "", **(request.view_args or {}), **query)
        response.headers["Link"] = f'<{address}>; rel="next"'
    return response


def paged_by_time(
    found: Sequence[Item],
    limit: int,
    schema: Schema,
    after: Place,
    row_of: Callable[[Item], Row],
    rest: Item | None = None,
) -> Response:
    """Answer as `paged` does with what was found after a place in a list by time."""
    given = [row_of(item) for item in found[:limit]]
    if rest is not None and len(found) <= limit:
        given.append(row_of(rest))
    following = after.after(given, app_context.commands.settled_before()) if given else after
    return paged(found, limit, schema, lambda _: cursors.by_time(following), rest=rest)
