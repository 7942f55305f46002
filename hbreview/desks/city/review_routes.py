"""What the city's team notes beside a form: parts of the review page, and each also by a plain form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Response, g, make_response, render_template, request, url_for

from ... import hx
from ...acts import extending, looking, reminding, reviewing
from ...acts.answering import NotEditableError
from ...acts.extending import Extension
from ...acts.holding import version_from
from ...extensions import db
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import Reason
from ...workflow.errors import InvalidError, MalformedError, StaleError
from ...workflow.policy import Action, has_role_for
from ..counter import panels
from .routes import city

OK, CONFLICT, INVALID = 200, 409, 422
_BETWEEN_TAGS = re.compile(r"[,，、;；\n]")
_LONGEST_NUMBER = 15


def _number(name: str) -> int:
    """A count that a page of ours sends, 0 or more; MalformedError for anything else."""
    text = request.form.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_NUMBER:
        raise MalformedError(name)
    return int(text)


def _noted(note: Callable[[], object], part: str = "team") -> Response:
    """Carry the note out and show the part that it belongs to, with the sentence why not where it was refused."""
    address = url_for("counter.submission", submission_id=g.submission.public_id, _anchor=part)
    try:
        note()
    except InvalidError as error:
        return _refused(part, INVALID, error.reasons)
    except (NotEditableError, StaleError) as error:
        return _refused(part, CONFLICT, (Reason(sentence_for(error)),))
    # The province may note nothing of the team's: it gets the page anew.
    own_part = hx.wants_fragment() and has_role_for(signed_in_actor(), Action.REVIEW)
    return _part(part) if own_part else hx.go_to(address)


def _refused(part: str, status: int, reasons: tuple[Reason, ...]) -> Response:
    more = {"problems": {reason.field: reason for reason in reasons}, "typed": request.form}
    if hx.wants_fragment() and has_role_for(signed_in_actor(), Action.REVIEW):
        return _part(part, status=status, team_reasons=reasons, **more)
    return panels.submission_page(status, reasons=reasons, **more)


def _part(part: str, *, status: int = OK, **more: Any) -> Response:
    """One part of the review page as it stands now; the door's row is of before the act."""
    panels.read_again()
    context = {"submission": g.submission, "problems": {}, "typed": {}, "done": status == OK}
    context |= panels.team_context(g.submission)
    return make_response(render_template(f"city/_{part}.html", **context | more), status)


@city.post("/submissions/<submission_id>/assignee")
@policy(Action.REVIEW)
def assign(submission_id: str) -> Response:
    person = request.form.get("assignee", "")
    return _noted(lambda: reviewing.assign_reviewer(submission_id, person, origin=origin()))


@city.post("/submissions/<submission_id>/tags")
@policy(Action.REVIEW)
def tags(submission_id: str) -> Response:
    """All tags of the submission in one line, between commas of any kind."""
    given = _BETWEEN_TAGS.split(request.form.get("tags", ""))
    return _noted(lambda: reviewing.set_tags(submission_id, given, origin=origin()))


@city.post("/submissions/<submission_id>/flag")
@policy(Action.REVIEW)
def flag(submission_id: str) -> Response:
    """Flag it and say why; the other button takes the flag down."""
    why = request.form.get("flag", "")
    if request.form.get("say") == "clear":
        why = ""
    return _noted(lambda: reviewing.set_flag(submission_id, why, origin=origin()))


@city.post("/submissions/<submission_id>/ticks")
@policy(Action.REVIEW)
def tick(submission_id: str) -> Response:
    revision, ticked = _number("revision"), request.form.get("ticked") == "1"
    key = request.form.get("key", "")
    return _noted(
        lambda: reviewing.tick(submission_id, key, ticked=ticked, revision=revision, origin=origin()), "checklist"
    )


@city.post("/submissions/<submission_id>/second-check")
@policy(Action.REVIEW)
def second_check(submission_id: str) -> Response:
    version = version_from(request.form.get("version"))
    return _noted(lambda: reviewing.second_check(submission_id, version, origin=origin()))


@city.post("/submissions/<submission_id>/extend")
@policy(Action.EXTEND)
def extend(submission_id: str) -> Response:
    version, form = version_from(request.form.get("version")), request.form
    extension = Extension(submission_id, version, form.get("last_day", ""), form.get("extend_reason", ""))
    return _noted(lambda: extending.extend(extension, origin=origin()), "team")


@city.post("/submissions/<submission_id>/remind")
@policy(Action.REMIND)
def remind(submission_id: str) -> Response:
    return _noted(lambda: reminding.remind(submission_id, origin=origin()), "team")


@city.post("/submissions/<submission_id>/look")
@policy(Action.LOOK)
def look(submission_id: str) -> Response:
    """A page says what it has on the screen, and learns who else is reviewing the same form now."""
    submission = g.submission
    looking.look(submission, revision=_number("revision"), sequence=_number("sequence"), origin=origin())
    others = looking.looking_now(db.session(), submission, signed_in_actor())
    return make_response(render_template("city/_looking.html", others=others))
