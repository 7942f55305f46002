"""Before the form is sent: review, second signature, mending after a return; and what is taken over from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, abort, g, make_response, render_template, request, url_for

from ... import hx
from ...acts import answering, mending, signing_off
from ...acts.answering import Answering, NotEditableError
from ...acts.holding import version_from
from ...acts.signing_off import Signature
from ...acts.standing import Standing, standing_of
from ...documents.form_reading import read_form
from ...documents.form_sheet_reading import read_sheet
from ...evaluation.values import parse
from ...extensions import db
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import N_, Reason, State
from ...workflow.errors import InvalidError
from ...workflow.policy import Action
from ..counter import panels
from ..counter.queries import sibling_of
from . import queries
from .routes import CONFLICT, INVALID, OK, enterprise

_MOST_UNREAD = 200
_HEADINGS = {
    "last": N_("Take over from last year"),
    "sibling": N_("Take over from your other form"),
    "file": N_("What was read from the file"),
}


@enterprise.get("/submissions/<submission_id>/review")
@policy(Action.ANSWER)
def review(submission_id: str) -> Response:
    if g.submission.state is not State.DRAFT:
        return hx.go_to(url_for("counter.submission", submission_id=submission_id))
    return panels.review_page(asked="asked" in request.args)


@enterprise.post("/submissions/<submission_id>/sign-off")
@policy(Action.SIGN_OFF)
def sign_off(submission_id: str) -> Response:
    """Sign, decline with a reason, or ask a colleague to."""
    version, say = version_from(request.form.get("version")), request.form.get("say", "")
    declined = request.form.get("declined", "")
    try:
        if say == "ask":
            signing_off.ask(submission_id, version, origin=origin())
        elif say in {"sign", "decline"}:
            given = Signature(submission_id, version, declined if say == "decline" else None)
            signing_off.sign_off(given, origin=origin())
        else:
            abort(400)
    except InvalidError as error:
        return panels.review_page(INVALID, sign_reasons=error.reasons, typed={"declined": declined})
    except NotEditableError as error:
        return panels.review_page(CONFLICT, sign_reasons=(Reason(sentence_for(error)),), typed={"declined": declined})
    return hx.go_to(url_for("enterprise.review", submission_id=submission_id, asked=1 if say == "ask" else None))


@enterprise.post("/desk/second-signature")
@policy(Action.SET_ORGANISATION)
def second_signature() -> Response:
    who = signed_in_actor()
    try:
        signing_off.want_second_signature(request.form.get("wanted") == "1", origin=origin())
    except InvalidError as error:
        session = db.session()
        page = render_template(
            "enterprise/desk.html",
            cards=queries.cards_of(session, who),
            organisation=queries.organisation_of(session, who),
            problems={reason.field: reason for reason in error.reasons},
        )
        return make_response(page, INVALID)
    return hx.go_to(url_for("enterprise.desk"))


@enterprise.post("/comments/<comment_id>/mended")
@policy(Action.MEND)
def mend(comment_id: str) -> Response:
    """One of the list of what is to be mended: done, or not yet after all."""
    submission_id = g.submission.public_id
    mending.mark_mended(comment_id, mended=request.form.get("mended") == "1", origin=origin())
    if hx.wants_fragment():
        db.session().refresh(g.submission)
        return make_response(render_template("enterprise/_mend.html", **panels.submission_context()))
    return hx.go_to(url_for("counter.submission", submission_id=submission_id, _anchor="mend"))


@enterprise.get("/submissions/<submission_id>/proposals/<any(last,sibling):source>")
@policy(Action.ANSWER)
def propose(submission_id: str, source: str) -> Response:
    """Names, addresses and texts of last year's form, or of the other form of this year."""
    session = db.session()
    form = standing_of(session, g.submission)
    found: Mapping[str, str] = form.last or {}
    if source == "sibling":
        other = sibling_of(session, g.submission, signed_in_actor())
        found = standing_of(session, other).answers if other else {}
    return _proposals(form, queries.carried(form, found), heading=_HEADINGS[source])


def _proposals(form: Standing, found: Mapping[str, str], *, status: int = OK, **more: Any) -> Response:
    context = {"problems": (), "unread": (), "missing": (), "tick_all": False, "heading": _HEADINGS["file"]} | more
    page = render_template(
        "enterprise/proposals.html",
        submission=g.submission,
        programme=form.programme,
        proposals=queries.proposals(form, found),
        **context,
    )
    return make_response(page, status)


@enterprise.post("/submissions/<submission_id>/imports")
@policy(Action.ANSWER)
def read_file(submission_id: str) -> Response:
    """A form that was filled in with Word or Excel: what was understood, field by field. Nothing is changed."""
    session = db.session()
    form = standing_of(session, g.submission)
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _proposals(form, {}, status=INVALID, problems=(Reason(N_("Please choose a file."), "file"),))
    if not upload.filename.lower().endswith((".docx", ".doc", ".xlsx", ".xls")):
        text = N_("Please give a Word (.docx) or Excel (.xlsx) file.")
        return _proposals(form, {}, status=INVALID, problems=(Reason(text, "file"),))
    content = upload.stream.read()
    if upload.filename.lower().endswith((".xlsx", ".xls")):
        sheet = read_sheet(content, form.programme, last=form.before or None)
        values, problems, missing, unread = sheet.values, sheet.problems, sheet.missing, sheet.unread
    else:
        found = read_form(content, form.programme)
        values, problems, missing = found.values, found.problems, found.missing
        unread = tuple((_place(one), one.text) for one in found.unread)
    fields = [form.programme.field(key) for key in missing if form.programme.has_field(key)]
    return _proposals(
        form,
        _asked(form, values),
        status=INVALID if problems else OK,
        problems=problems,
        unread=unread[:_MOST_UNREAD],
        missing=fields,
        tick_all=True,
    )


def _asked(form: Standing, found: Mapping[str, str]) -> dict[str, str]:
    """Without what is computed here anyway, be it from the file's own figures.

    Taken over, it would stand as typed beside its inputs, and contradict them as soon as one of these changes.
    """
    read = {key: parse(form.programme.field(key), text) for key, text in found.items() if form.programme.has_field(key)}
    taken = {key: value for key, value in read.items() if isinstance(value, str) and value}
    sources = form.with_answers(taken, version=0).sources
    return {key: text for key, text in found.items() if sources.get(key) not in {"computed", "undefined"}}


def _place(unread: Any) -> str:
    return f"{unread.table}/{unread.row}/{unread.cell}" if unread.table else ""


@enterprise.post("/submissions/<submission_id>/take-over")
@policy(Action.ANSWER)
def take_over(submission_id: str) -> Response:
    """Save what was ticked; what does not fit any more comes back on the form, with why."""
    version = version_from(request.form.get("version"))
    raw = {key: request.form.get(f"value.{key}", "") for key in request.form.getlist("take")}
    try:
        saved = answering.save_what_fits(Answering(submission_id, version, raw), origin=origin())
    except NotEditableError as error:
        return panels.not_now(error)
    if saved.problems or saved.clashes:
        typed = {key: raw[key] for key in {*saved.problems, *saved.clashes}}
        status = CONFLICT if saved.clashes else INVALID
        return panels.submission_page(status, problems=saved.problems, clashes=saved.clashes, typed=typed)
    return hx.go_to(url_for("counter.submission", submission_id=submission_id, saved=1))
