"""The special audit's record: read by the reviewing side, kept by the firm."""

from __future__ import annotations

from flask import Blueprint, Response, g, request, url_for

from ... import hx
from ...acts import auditing
from ...acts.answering import NotEditableError
from ...acts.auditing import REPORT_NUMBER, Record
from ...acts.holding import version_from
from ...evaluation.comparison import fee_comparison
from ...extensions import db
from ...model import AuditRecord
from ...model.kept import programme_of
from ...programmes.schema import FieldType, Programme
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import Reason, State
from ...workflow.errors import InvalidError, StaleError
from ...workflow.policy import Action, has_role_for
from ..counter import panels, queries

audit = Blueprint("audit", __name__)
_SPARE_ROWS = 2


def _context(**more: object) -> dict[str, object]:
    context = panels.submission_context()
    programme: Programme = context["programme"]
    record: AuditRecord | None = queries.audit_record_of(db.session(), g.submission)
    figures = {**record.figures, REPORT_NUMBER: record.report_number} if record else {}
    items = list(record.items) if record else []
    editable = g.submission.state is State.CITY_REVIEWED and has_role_for(signed_in_actor(), Action.KEEP_AUDIT_RECORD)
    return context | {
        "differences": queries.differences(programme, context["view"].form.shown, record),
        "figures": figures,
        "items": items,
        "explanation": record.explanation if record else "",
        "editable": editable,
        "spare": _SPARE_ROWS if editable else 0,
        "singles": [f for f in programme.audit_figures if not f.repeats and f.type is not FieldType.ATTACHMENT],
        "repeating": [f for f in programme.audit_figures if f.repeats and f.key != "fee_comparison"],
        "fee_comparison": fee_comparison,
        "problems": {},
        **more,
    }


def _page(status: int = 200, **more: object) -> Response:
    return hx.page_or_part("audit/record.html", "audit/_record.html", status=status, **_context(**more))


@audit.get("/submissions/<submission_id>/audit-record")
@policy(Action.SEE_AUDIT_RECORD)
def record(submission_id: str) -> Response:
    return _page()


@audit.post("/submissions/<submission_id>/audit-record")
@policy(Action.KEEP_AUDIT_RECORD)
def keep(submission_id: str) -> Response:
    version = version_from(request.form.get("version"))
    programme = programme_of(db.session(), g.submission.programme_version_id)
    figures, items = _figures(programme), _items(programme)
    explanation = request.form.get("explanation", "")
    typed = {"figures": figures, "items": items, "explanation": explanation}
    try:
        auditing.keep_record(Record(submission_id, version, figures, items, explanation), origin=origin())
    except InvalidError as error:
        problems = {reason.field: reason for reason in error.reasons}
        return _page(422, problems=problems, **typed)
    except (StaleError, NotEditableError) as error:
        db.session().refresh(g.submission, ["version", "state"])
        return _page(409, reasons=(Reason(sentence_for(error)),), **typed)
    return hx.go_to(url_for("audit.record", submission_id=submission_id, saved=1))


def _figures(programme: Programme) -> dict[str, str]:
    singles = [f for f in programme.audit_figures if not f.repeats and f.type is not FieldType.ATTACHMENT]
    return {f.key: request.form[f.key] for f in singles if f.key in request.form}


def _items(programme: Programme) -> list[dict[str, str]]:
    """Service items arrive as columns: the n-th of each name is one row."""
    keys = [f.key for f in programme.audit_figures if f.repeats and f.key != "fee_comparison"]
    columns = {key: request.form.getlist(key) for key in keys}
    length = max((len(column) for column in columns.values()), default=0)
    rows = [{key: column[n] if n < len(column) else "" for key, column in columns.items()} for n in range(length)]
    return [row for row in rows if any(text.strip() for text in row.values())]
