"""The score sheet: filled in by one expert, blind to the others until it is handed in; read by the province."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from ... import hx
from ...acts import declaring, marking, recording_months
from ...acts.answering import Clash, ClashError, NotEditableError
from ...acts.handing_in import missing_reasons
from ...acts.holding import version_from
from ...acts.marking import KINDS, KeptMarks, Marks
from ...acts.score_sheets import is_scored_now
from ...evaluation import points
from ...extensions import db
from ...model.kept import programme_of, settings_of
from ...programmes.schema import Programme
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import Reason
from ...workflow.errors import InvalidError, MalformedError, StaleError
from ...workflow.journal import Origin
from ...workflow.policy import Action, has_role_for
from ..counter import panels
from ..counter.queries import audit_record_of
from . import queries
from .queries import Beside, SheetSeen

expert = Blueprint("expert", __name__)

OK, CONFLICT, INVALID = 200, 409, 422


def _context(**more: object) -> dict[str, object]:
    session, submission, who = db.session(), g.submission, signed_in_actor()
    context = panels.submission_context()
    programme: Programme = context["programme"]
    settings = settings_of(submission.round, programme)
    sheets = queries.sheets_seen(session, submission, who)
    own = next((seen for seen in sheets if seen.own), None) if has_role_for(who, Action.MARK) else None
    context |= {
        "sheets": sheets,
        "others": [seen for seen in sheets if own and not seen.own],
        "typed": {},
        "problems": {},
        "clashes": {},
    }
    if own is not None:
        beside = Beside(audit_record_of(session, submission), recording_months.reporting_of(session, submission))
        context |= _own(own, programme) | {
            "lines": (lines := queries.lines_of(context["view"], beside, settings)),
            # Where no indicator is about them (base, section 六), they stand before all of them.
            "reporting": None if any(line.reporting for line in lines) else beside.reporting,
            "person": who.person_id,
            "editable": own.sheet.handed_in_at is None and is_scored_now(submission),
        }
    return context | more


def _own(own: SheetSeen, programme: Programme) -> dict[str, object]:
    """What the state of the own sheet and its single fields are shown by."""
    settings = settings_of(g.submission.round, programme)
    low = {
        indicator.order: indicator.weight * settings.remark_below
        for indicator in programme.indicators
        if (given := own.given.get(indicator.order)) is not None
        if points.remark_needed(given, indicator.weight, below=settings.remark_below)
    }
    return {
        "own": own,
        "sheet": own.sheet,
        "stored": marking.texts_of(own.sheet),
        "progress": queries.progress_of(programme, own),
        "low": low,
        "unexplained": {reason.field for reason in missing_reasons(programme, own.sheet, former=own.former)},
    }


def _page(status: int = OK, **more: object) -> Response:
    if status != OK:
        panels.read_again()
    return hx.page_or_part("expert/sheet.html", "expert/_sheet.html", status=status, **_context(**more))


@expert.get("/submissions/<submission_id>/score-sheet")
@policy(Action.SEE_SCORE_SHEET)
def sheet(submission_id: str) -> Response:
    return _page()


def _marks(submission_id: str) -> Marks:
    given: dict[str, dict[int, str]] = {kind: {} for kind in KINDS}
    for name, text in request.form.items():
        kind, _dash, order = name.partition("-")
        if kind in given:
            if not order.isascii() or not order.isdigit() or len(order) > 3:  # noqa: PLR2004 - no rubric is as long
                raise MalformedError(name)
            given[kind][int(order)] = text
    version = version_from(request.form.get("version"))
    return Marks(submission_id, version, given["points"], given["remark"], given["change"])


@expert.post("/submissions/<submission_id>/score-sheet")
@policy(Action.MARK)
def keep(submission_id: str) -> Response:
    """The whole form, all or nothing; from a page with scripts the changed fields, each that fits."""
    marks = _marks(submission_id)
    if hx.wants_fragment():
        return _keep_some(marks)
    try:
        marking.keep_marks(marks, origin=origin())
    except (InvalidError, StaleError, NotEditableError) as error:
        return _refused(error)
    return hx.go_to(url_for("expert.sheet", submission_id=submission_id, saved=1))


def _keep_some(marks: Marks) -> Response:
    try:
        kept = marking.keep_what_fits(marks, origin=origin())
    except NotEditableError as error:
        page = render_template("layout/_reasons.html", reasons=(Reason(sentence_for(error)),))
        return hx.in_live_region(make_response(page, CONFLICT))
    panels.read_again()
    session, submission = db.session(), g.submission
    programme = programme_of(session, submission.programme_version_id)
    own = next(seen for seen in queries.sheets_seen(session, submission, signed_in_actor()) if seen.own)
    typed = marks.by_name()
    page = render_template(
        "expert/_kept.html",
        kept=kept,
        programme=programme,
        submission=submission,
        names=list(typed),
        problems=kept.problems,
        clashes=kept.clashes,
        **_own(own, programme),
    )
    response = make_response(page, CONFLICT if kept.clashes else INVALID if kept.problems else OK)
    response.headers["HX-Trigger"] = json.dumps({"hbreview:saved": {"names": _safe(kept, typed)}})
    return response


def _safe(kept: KeptMarks, typed: Mapping[str, object]) -> list[str]:
    """The fields that the browser may forget."""
    return [name for name in typed if name not in kept.problems and name not in kept.clashes]


def _refused(error: Exception) -> Response:
    """The sheet again as it stands now, with everything that was typed and each message beside its field."""
    more: dict[str, Any] = {"typed": request.form}
    if isinstance(error, InvalidError):
        problems = {reason.field: reason for reason in error.reasons}
        return _page(INVALID, problems=problems, reasons=error.reasons, **more)
    clashes: dict[str, Clash] = {}
    if isinstance(error, ClashError):
        clashes = {clash.key: clash for clash in error.clashes}
    return _page(CONFLICT, clashes=clashes, reasons=(Reason(sentence_for(error)),), **more)


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
        return _refused(error)
    return hx.go_to(url_for("expert.sheet", submission_id=g.submission.public_id))


def _preparing() -> Origin:
    """The keeping of marks before the hand-in: the one-time key belongs to the hand-in."""
    whole = origin()
    return Origin(whole.actor, whole.address, whole.request_id)


@expert.post("/score-sheets/<sheet_id>/reopen")
@policy(Action.REOPEN_SHEET)
def reopen(sheet_id: str) -> Response:
    submission_id = g.submission.public_id
    try:
        marking.reopen_sheet(sheet_id, request.form.get("reason", ""), origin=origin())
    except InvalidError as error:
        problems = {f"reason-{sheet_id}": error.reasons[0]}
        return _page(INVALID, problems=problems, reasons=error.reasons, typed=request.form)
    return hx.go_to(url_for("expert.sheet", submission_id=submission_id, reopened=1))


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
        return _refused(error)
    return hx.go_to(url_for("counter.queue", declared=1))
