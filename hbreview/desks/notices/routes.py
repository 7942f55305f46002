"""What is told to whoever asks: the list, how many are new, and the rounds' dates as a calendar file."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, request, url_for

from ... import clock, hx, languages
from ...acts.reading_notices import read_notices
from ...extensions import db
from ...notices.letters import WORDINGS, sentence_of
from ...notices.round_dates import calendar_file
from ...security import origin, policy, signed_in_actor
from ...workflow.errors import MalformedError
from ...workflow.policy import Action
from . import queries

notices = Blueprint("notices", __name__)
_LONGEST_NUMBER = 15


def _number(text: str) -> int | None:
    known = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if known else None


@notices.get("/notices")
@policy(Action.OWN_ACCOUNT)
def inbox() -> Response:
    before = _number(request.args.get("before", "")) or 0
    page = queries.notices_of(db.session(), signed_in_actor(), before=before)
    return hx.page_or_part(
        "notices/inbox.html", "notices/_inbox.html", page=page, wordings=WORDINGS, sentence_of=sentence_of
    )


@notices.get("/notices/unread")
@policy(Action.OWN_ACCOUNT)
def unread() -> Response:
    if not hx.wants_fragment():
        return inbox()
    count = queries.unread(db.session(), signed_in_actor())
    return hx.page_or_part("notices/inbox.html", "notices/_badge.html", unread=count, most=queries.MOST)


@notices.post("/notices/read")
@policy(Action.OWN_ACCOUNT)
def read() -> Response:
    sequence = _number(request.form.get("sequence", ""))
    if sequence is None:
        raise MalformedError("sequence")
    read_notices(sequence, origin=origin())
    return hx.go_to(url_for("notices.inbox"))


@notices.get("/calendar.ics")
@policy(Action.LIST_SUBMISSIONS)
def calendar() -> Response:
    rounds = queries.round_dates(db.session(), signed_in_actor())
    response = make_response(calendar_file(rounds, language=languages.chosen(), at=clock.now()))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="evaluation-dates.ics"'
    return response
