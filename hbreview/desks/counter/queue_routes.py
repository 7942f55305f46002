"""The queue of whoever asks, its address, and the views that somebody keeps of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request, url_for

from ... import hx
from ...acts import keeping_views
from ...acts.keeping_views import View
from ...extensions import db
from ...programmes.loader import regions
from ...security import origin, policy, signed_in_actor
from ...words import N_, State
from ...workflow.errors import InvalidError
from ...workflow.policy import Action
from . import queue_queries
from .queue_order import SORTS
from .queue_queries import Filters
from .routes import counter

SHOWS = {
    "mine": N_("Assigned to me"),
    "unassigned": N_("Not assigned"),
    "new": N_("New since my last look"),
    "overdue": N_("Overdue"),
    "soon": N_("Due within three days"),
    "not_begun": N_("Not begun"),
    "returned": N_("Returned"),
    "comments": N_("With open comments"),
    "warnings": N_("With warnings"),
    "flagged": N_("Flagged"),
}
SORT_WORDS = {
    "turn": N_("What waits for you first"),
    "due": N_("By the day that it is due"),
    "since": N_("Longest unmoved first"),
    "name": N_("By name"),
    "roster": N_("As on the roster"),
}
_LONGEST = 100


def _filters() -> Filters:
    longest = {"after": 1000}
    return Filters(**{name: request.values.get(name, "")[: longest.get(name, _LONGEST)] for name in Filters.__slots__})


def _address(filters: Filters) -> str:
    return f"{url_for('counter.queue')}?{urlencode(filters.but())}"


def _context(page: Any, filters: Filters, **more: Any) -> dict[str, Any]:
    who = signed_in_actor()
    names = {region.key: region.name for region in regions()}
    mine = who.regions or tuple(names)
    return {
        "page": page,
        "filters": filters,
        "regions": [region for region in regions() if region.key in mine],
        "region_names": names,
        "states": list(State),
        "shows": {name: SHOWS[name] for name in queue_queries.shows_for(who)},
        "sorts": {name: SORT_WORDS[name] for name in SORTS},
        "problems": {},
    } | more


@counter.get("/submissions")
@policy(Action.LIST_SUBMISSIONS)
def queue() -> Response:
    filters = _filters()
    page = queue_queries.queue(db.session(), filters, signed_in_actor())
    return hx.page_or_part("counter/queue.html", "counter/_queue.html", **_context(page, filters))


@counter.get("/submissions/rows")
@policy(Action.LIST_SUBMISSIONS)
def rows() -> Response:
    """The rows on a page that something happened to, in place of the old ones; 204 when nothing did."""
    filters = _filters()
    if not hx.wants_fragment():
        return hx.go_to(_address(filters))
    since, shown = request.args.get("since", 0, type=int), request.args.get("ids", "").split(",")
    found = queue_queries.news_of(db.session(), filters, signed_in_actor(), shown=shown, since=since)
    if found is None:
        return make_response("", 204)
    return make_response(render_template("counter/_queue_rows.html", **_context(found.page, filters, news=found.rows)))


@counter.post("/submissions/views")
@policy(Action.KEEP_VIEWS)
def keep_view() -> Response:
    filters = _filters()
    try:
        keeping_views.save_view(View(request.form.get("name", ""), filters.but()), origin=origin())
    except InvalidError as error:
        page = queue_queries.queue(db.session(), filters, signed_in_actor())
        problems = {reason.field: reason for reason in error.reasons}
        context = _context(page, filters, problems=problems, typed=request.form)
        return make_response(render_template("counter/queue.html", **context), 422)
    return hx.go_to(_address(filters))


@counter.post("/submissions/views/<view_id>/forget")
@policy(Action.KEEP_VIEWS)
def forget_view(view_id: str) -> Response:
    keeping_views.forget_view(view_id, origin=origin())
    return hx.go_to(url_for("counter.queue"))
