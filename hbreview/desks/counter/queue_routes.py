"""The queue of whoever asks, its address, and the views that somebody keeps of it."""

from __future__ import annotations

from flask import Response, request

from ... import hx
from ...extensions import db
from ...programmes.loader import regions
from ...security import policy, signed_in_actor
from ...words import State
from ...workflow.policy import Action
from . import queue_queries
from .queue_queries import Filters
from .routes import counter


@counter.get("/submissions")
@policy(Action.LIST_SUBMISSIONS)
def queue() -> Response:
    filters = Filters(**{name: request.args.get(name, "")[:100] for name in Filters.__slots__})
    page = queue_queries.queue(db.session(), filters, signed_in_actor())
    return hx.page_or_part(
        "counter/queue.html",
        "counter/_queue.html",
        page=page,
        filters=filters,
        regions=regions(),
        region_names={region.key: region.name for region in regions()},
        states=list(State),
    )
