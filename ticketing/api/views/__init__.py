"""The routes, by the nouns of `ticketing.api.schemas`.

What belongs to an event stands in the document with it, so its blueprints are nested in that of
`events`.
"""

from __future__ import annotations

from ticketing.api.views import audit, cancellations, events, waiting_list

for _part in (cancellations, waiting_list, audit):
    events.blp.register_blueprint(_part.blp)
