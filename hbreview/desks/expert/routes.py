"""The score sheet: filled in by one expert, blind to the others; read by the province."""

from __future__ import annotations

from flask import Blueprint, Response, g, request, url_for

from ... import hx
from ...acts import declaring, marking
from ...acts.answering import NotEditableError
from ...acts.holding import version_from
from ...acts.marking import Marks
from ...evaluation import points
from ...extensions import db
from ...model import ScoreSheet
from ...model.kept import settings_of
from ...programmes.schema import Programme
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import Reason, State
from ...workflow.errors import InvalidError, MalformedError, StaleError
from ...workflow.journal import Origin
from ...workflow.policy import Action, has_role_for
from ..counter import panels, queries

expert = Blueprint("expert", __name__)


def _sheets() -> list[ScoreSheet]:
    """The expert's own live sheet; for the province all of them (P02)."""
    who = signed_in_actor()
    found = queries.sheets_of(db.session(), g.submission)
    if has_role_for(who, Action.MARK):
        return [sheet for sheet in found if sheet.expert_id == who.person_id and sheet.withdrawn_at is None]
    return found


def _context(**more: object) -> dict[str, object]:
    context = panels.submission_context()
    programme: Programme = context["programme"]
    sheets = _sheets()
    own = sheets[0] if sheets and has_role_for(signed_in_actor(), Action.MARK) else None
    scores = {score.indicator: score for score in own.scores} if own else {}
    return context | {
        "sheets": sheets,
        "sheet": own,
        "scores": scores,
        "sheet_total": points.sheet_total({s.indicator: s.points for s in scores.values() if s.points is not None}),
        "editable": own is not None and own.handed_in_at is None and g.submission.state is State.AUDITED,
        "remark_below": settings_of(g.submission.round, programme).remark_below,
        "problems": {},
        **more,
    }


def _page(status: int = 200, **more: object) -> Response:
    return hx.page_or_part("expert/sheet.html", "expert/_sheet.html", status=status, **_context(**more))


@expert.get("/submissions/<submission_id>/score-sheet")
@policy(Action.SEE_SCORE_SHEET)
def sheet(submission_id: str) -> Response:
    return _page()


def _marks(submission_id: str) -> Marks:
    given: dict[str, dict[int, str]] = {"points": {}, "remark": {}}
    for name, text in request.form.items():
        kind, _dash, order = name.partition("-")
        if kind in given:
            if not order.isascii() or not order.isdigit():
                raise MalformedError(name)
            given[kind][int(order)] = text
    return Marks(submission_id, version_from(request.form.get("version")), given["points"], given["remark"])


@expert.post("/submissions/<submission_id>/score-sheet")
@policy(Action.MARK)
def keep(submission_id: str) -> Response:
    marks = _marks(submission_id)
    try:
        marking.keep_marks(marks, origin=origin())
    except (InvalidError, StaleError, NotEditableError) as error:
        return _refused(error, typed=request.form)
    return hx.go_to(url_for("expert.sheet", submission_id=submission_id, saved=1))


def _refused(error: Exception, *, typed: object) -> Response:
    if isinstance(error, InvalidError):
        problems = {reason.field: reason for reason in error.reasons}
        return _page(422, problems=problems, reasons=error.reasons, typed=typed)
    return _page(409, reasons=(Reason(sentence_for(error)),), typed=typed)


@expert.post("/score-sheets/<sheet_id>/hand-in")
@policy(Action.MARK)
def hand_in(sheet_id: str) -> Response:
    version = version_from(request.form.get("version"))
    try:
        if any(name.startswith("points-") for name in request.form):
            # The button stands in the sheet's form: what was typed is kept first, then handed in.
            version = marking.keep_marks(_marks(g.submission.public_id), origin=_preparing()).version
        marking.hand_in(sheet_id, version, origin=origin())
    except (InvalidError, StaleError, NotEditableError) as error:
        return _refused(error, typed={} if isinstance(error, InvalidError) else request.form)
    return hx.go_to(url_for("expert.sheet", submission_id=g.submission.public_id))


def _preparing() -> Origin:
    """The keeping of marks before the hand-in: the one-time key belongs to the hand-in."""
    whole = origin()
    return Origin(whole.actor, whole.address, whole.request_id)


@expert.post("/score-sheets/<sheet_id>/reopen")
@policy(Action.REOPEN_SHEET)
def reopen(sheet_id: str) -> Response:
    try:
        marking.reopen_sheet(sheet_id, request.form.get("reason", ""), origin=origin())
    except InvalidError as error:
        return _refused(error, typed=request.form)
    return hx.go_to(url_for("expert.sheet", submission_id=g.submission.public_id))


@expert.post("/submissions/<submission_id>/interest")
@policy(Action.DECLARE_INTEREST)
def interest(submission_id: str) -> Response:
    """An expert's, from the score sheet, or a city reviewer's, from the submission's page."""
    try:
        declaring.declare_interest(submission_id, request.form.get("reason", ""), origin=origin())
    except InvalidError as error:
        if has_role_for(signed_in_actor(), Action.REVIEW):
            problems = {reason.field: reason for reason in error.reasons}
            return panels.submission_page(422, reasons=error.reasons, problems=problems)
        return _refused(error, typed=request.form)
    return hx.go_to(url_for("counter.queue"))
