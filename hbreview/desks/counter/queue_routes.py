"""The queue of whoever asks, its address, what is new on it, and the views that somebody keeps of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, make_response, render_template, request, url_for

from ... import hx
from ...acts import keeping_views
from ...acts.keeping_views import View
from ...extensions import db
from ...programmes.loader import regions
from ...security import origin, policy, signed_in_actor
from ...words import State
from ...workflow.errors import InvalidError, MalformedError
from ...workflow.policy import Action
from . import queue_queries
from .queue_narrowing import Filters, shows_for
from .queue_order import SORTS
from .queue_queries import PAGE
from .routes import counter

OK, INVALID, NOTHING = 200, 422, 204
# A cursor carries names; everything else is short.
_LONGEST, _LONGEST_CURSOR, _LONGEST_NUMBER, _LONGEST_ID = 100, 2000, 15, 16


def _filters(given: Any) -> Filters:
    """The filters of an address, of nothing longer than they can be."""
    longest = {"after": _LONGEST_CURSOR}
    names = Filters.__slots__
    return Filters(**{name: given.get(name, "")[: longest.get(name, _LONGEST)].replace("\0", "") for name in names})


def _address(filters: Filters) -> str:
    return f"{url_for('counter.queue')}?{urlencode(filters.but())}".rstrip("?")


def _context(filters: Filters, **more: Any) -> dict[str, Any]:
    """What the parts of the queue need. The column of cities is for those who see more than one."""
    who = signed_in_actor()
    mine = who.regions or tuple(region.key for region in regions() if who.organisation_id is None)
    return {
        "filters": filters,
        "regions": [region for region in regions() if region.key in mine],
        "region_names": {region.key: region.name for region in regions()},
        "states": list(State),
        "shows": shows_for(who),
        "sorts": SORTS,
        "due_of_row": queue_queries.due_of_row,
        "page_ids": "",
        "problems": {},
        "typed": {},
    } | more


def _page(filters: Filters, *, status: int = OK, **more: Any) -> Response:
    """The queue: whole with the views that are kept of it, or the list alone."""
    session, who = db.session(), signed_in_actor()
    page = queue_queries.queue(session, filters, who)
    context = _context(filters, page=page, **more)
    context["page_ids"] = ",".join(row.public_id for row in page.rows)
    newest = page.rounds[0].public_id if page.rounds else ""
    # A view that is kept of the newest round is about the newest round of any year.
    context["view_query"] = urlencode(filters.but(round="" if page.chosen == newest else page.chosen))
    if not hx.wants_fragment():
        context["views"] = queue_queries.views_of(session, who)
    return hx.page_or_part("counter/queue.html", "counter/_queue.html", status=status, **context)


@counter.get("/submissions")
@policy(Action.LIST_SUBMISSIONS)
def queue() -> Response:
    return _page(_filters(request.args))


@counter.get("/submissions/rows")
@policy(Action.LIST_SUBMISSIONS)
def rows() -> Response:
    """The rows on a page that something happened to, each in place of the old one; 204 when nothing did."""
    filters = _filters(request.args)
    if not hx.wants_fragment():
        return hx.go_to(_address(filters))
    since, ids = request.args.get("since", ""), request.args.get("ids", "")
    if not since.isascii() or not since.isdigit() or len(since) > _LONGEST_NUMBER:
        raise MalformedError("since")
    shown = [one for one in ids.split(",")[:PAGE] if one.isascii() and one.isalnum() and len(one) <= _LONGEST_ID]
    found = queue_queries.news_of(db.session(), filters, signed_in_actor(), shown=shown, since=int(since))
    if found is None:
        return make_response("", NOTHING)
    context = _context(filters, page=found, page_ids=",".join(shown), oob=True)
    return make_response(render_template("counter/_queue_rows.html", **context))


@counter.get("/submissions/views")
@policy(Action.KEEP_VIEWS)
def views() -> Response:
    """Kept views stand above the queue: whoever opens their address comes there."""
    return hx.go_to(url_for("counter.queue"))


@counter.post("/submissions/views")
@policy(Action.KEEP_VIEWS)
def keep_view() -> Response:
    """Keep what stands in ``query``, by the names of filters that there are, under a name."""
    filters = _filters(dict(parse_qsl(request.form.get("query", "").replace("\0", "")[:_LONGEST_CURSOR])))
    try:
        keeping_views.save_view(View(request.form.get("name", ""), filters.but()), origin=origin())
    except InvalidError as error:
        problems = {reason.field: reason for reason in error.reasons}
        return _page(filters, status=INVALID, problems=problems, reasons=error.reasons, typed=request.form)
    return hx.go_to(_address(filters))


@counter.post("/submissions/views/<view_id>/forget")
@policy(Action.KEEP_VIEWS)
def forget_view(view_id: str) -> Response:
    keeping_views.forget_view(view_id, origin=origin())
    return hx.go_to(url_for("counter.queue"))
