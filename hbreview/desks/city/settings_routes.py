"""What a reviewer and its city set: deputies, phrases, the second person's check. One page, its parts also alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, abort, make_response, render_template, request, url_for

from ... import clock, hx
from ...acts import city_settings, keeping_phrases, standing_in
from ...acts.standing_in import Naming
from ...extensions import db
from ...programmes.loader import region as region_of
from ...security import origin, policy, signed_in_actor
from ...workflow.errors import InvalidError, MalformedError
from ...workflow.policy import Action
from .routes import city

OK, FORBIDDEN, INVALID = 200, 403, 422


@city.get("/city")
@policy(Action.CITY_DESK)
def settings() -> Response:
    return make_response(render_template("city/settings.html", **_context()))


def _context(part: str = "") -> dict[str, Any]:
    """What the page shows, or one of its parts ("deputies", "phrases", "second_check")."""
    session, region = db.session(), signed_in_actor().region
    if region is None:  # the policy lets in reviewers of a city alone
        abort(FORBIDDEN)
    found: dict[str, Any] = {"problems": {}, "typed": {}, "today": clock.today(), "city_of": region_of}
    if part in {"", "deputies"}:
        found["standing"] = standing_in.standing_in_of(session, origin=origin())
    if part in {"", "phrases"}:
        found["phrases"] = keeping_phrases.phrases_of(session, region)
    if part in {"", "second_check"}:
        found["setting"] = city_settings.settings_of_city(session, region)
    return found


def _set(act: Callable[[], object], part: str) -> Response:
    """Carry it out and show the part that it belongs to, with the sentence why not where it was refused."""
    try:
        act()
    except InvalidError as error:
        more = {"problems": {reason.field: reason for reason in error.reasons}, "typed": request.form}
        if hx.wants_fragment():
            return make_response(render_template(f"city/_{part}.html", **_context(part) | more), INVALID)
        page = render_template("city/settings.html", **_context() | more, reasons=error.reasons)
        return make_response(page, INVALID)
    if hx.wants_fragment():
        return make_response(render_template(f"city/_{part}.html", **_context(part) | {"done": part}), OK)
    return hx.go_to(url_for("city.settings", done=part, _anchor=part))


@city.post("/city/deputies")
@policy(Action.CITY_DESK)
def name_deputy() -> Response:
    form = request.form
    naming = Naming(form.get("login", ""), form.get("first_day", ""), form.get("last_day", ""))
    return _set(lambda: standing_in.name_deputy(naming, origin=origin()), "deputies")


@city.post("/city/deputies/<deputy_id>/end")
@policy(Action.CITY_DESK)
def end_deputy(deputy_id: str) -> Response:
    return _set(lambda: standing_in.end_deputy(deputy_id, origin=origin()), "deputies")


@city.post("/city/phrases")
@policy(Action.CITY_DESK)
def keep_phrase() -> Response:
    kind, text = request.form.get("kind", ""), request.form.get("text", "")
    return _set(lambda: keeping_phrases.keep_phrase(kind, text, origin=origin()), "phrases")


@city.post("/city/phrases/<phrase_id>/drop")
@policy(Action.CITY_DESK)
def drop_phrase(phrase_id: str) -> Response:
    return _set(lambda: keeping_phrases.drop_phrase(phrase_id, origin=origin()), "phrases")


@city.post("/city/second-check")
@policy(Action.CITY_DESK)
def want_second_check() -> Response:
    wanted = request.form.get("wanted", "")
    if wanted not in {"0", "1"}:
        raise MalformedError("wanted")
    return _set(lambda: city_settings.set_second_check(wanted == "1", origin=origin()), "second_check")
