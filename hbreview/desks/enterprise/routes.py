"""What the enterprise types: its desk, the form's answers, and what it takes over from elsewhere."""

from __future__ import annotations

import json

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from ... import hx
from ...acts import answering, attending
from ...acts.answering import Answering, NotEditableError, Saved
from ...acts.holding import version_from
from ...extensions import db
from ...security import origin, policy, signed_in_actor
from ...workflow.policy import Action
from ..counter import panels
from . import deltas, queries

enterprise = Blueprint("enterprise", __name__)
_NOT_FIELDS = frozenset({"csrf_token", "version", "request_key", "section"})
OK, CONFLICT, INVALID = 200, 409, 422
STOP_POLLING = 286  # htmx takes this for: do not ask again


@enterprise.get("/desk")
@policy(Action.ENTERPRISE_DESK)
def desk() -> Response:
    """Both forms of the organisation, where they stand and what is to be done next."""
    cards = queries.cards_of(db.session(), signed_in_actor())
    organisation = queries.organisation_of(db.session(), signed_in_actor())
    return make_response(render_template("enterprise/desk.html", cards=cards, organisation=organisation, problems={}))


@enterprise.post("/submissions/<submission_id>/answers")
@policy(Action.ANSWER)
def save(submission_id: str) -> Response:
    """Save what was sent; of a whole section everything that is right, and say what is not."""
    version = version_from(request.form.get("version"))
    raw = {key: text for key, text in request.form.items() if key not in _NOT_FIELDS}
    try:
        saved = answering.save_what_fits(Answering(submission_id, version, raw), origin=origin())
    except NotEditableError as error:
        return panels.not_now(error, typed=raw)
    status = CONFLICT if saved.clashes else INVALID if saved.problems else OK
    if hx.wants_fragment() and saved.before and saved.after:
        return _parts(saved, raw, status=status, since=version)
    if status == OK:
        anchor = f"section-{request.form['section']}" if request.form.get("section", "").isdigit() else None
        return hx.go_to(url_for("counter.submission", submission_id=submission_id, saved=1, _anchor=anchor))
    typed = {key: raw[key] for key in {*saved.problems, *saved.clashes}}
    return panels.submission_page(status, problems=saved.problems, clashes=saved.clashes, typed=typed)


def _parts(saved: Saved, raw: dict[str, str], *, status: int, since: int) -> Response:
    """For htmx: the parts of the page that changed, swapped by id; the header names what is safe now."""
    if saved.before is None or saved.after is None:
        raise RuntimeError("nothing was saved")
    refused = {*saved.problems, *saved.clashes}
    skipped = saved.version - bool(saved.changed) > since
    kept = [key for key in raw if key not in refused]
    page = render_template(
        "enterprise/_saved.html",
        delta=deltas.between(saved.before, saved.after, touched=raw, since=since, skipped=skipped),
        form=saved.after,
        programme=saved.after.programme,
        submission=g.submission,
        version=saved.version,
        can_edit=True,
        sent=frozenset(kept),
        raw=raw,
        problems=saved.problems,
        clashes=saved.clashes,
        typed={key: raw[key] for key in refused},
        attachments={},
        comments_by_indicator={},
    )
    response = make_response(page, status)
    response.headers["HX-Trigger"] = json.dumps({"hbreview:saved": {"names": kept}})
    return response


@enterprise.post("/submissions/<submission_id>/presence")
@policy(Action.ANSWER)
def presence(submission_id: str) -> Response:
    """A page says in which section somebody is, and learns who else is there; alone, it is told to stop asking."""
    who, number = signed_in_actor(), request.form.get("section", "0")
    if not queries.has_colleagues(db.session(), who):
        return make_response("", STOP_POLLING)
    known = number.isascii() and number.isdigit() and len(number) < 3  # noqa: PLR2004 - two digits hold every section
    row_id = g.submission.id
    attending.attend(row_id, int(number) if known else 0, origin=origin())
    colleagues = attending.colleagues_at(db.session(), row_id, besides=who.person_id)
    sections = queries.section_names(g.submission)
    return make_response(render_template("enterprise/_colleagues.html", colleagues=colleagues, sections=sections))
