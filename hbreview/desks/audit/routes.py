"""The special audit's record: read by the reviewing side, kept by the firm, or by the province where it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, g, request, url_for

from ... import hx
from ...acts import attaching, auditing, moving
from ...acts.answering import NotEditableError
from ...acts.auditing import EXPLANATION, REPORT_NUMBER, Record
from ...acts.holding import version_from
from ...acts.moving import Firing
from ...acts.weighing import SubmissionCase
from ...evaluation import comparison
from ...extensions import db
from ...model.kept import programme_of
from ...programmes.schema import AuditFigure, FieldType, Programme
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import Reason, Trigger
from ...workflow import chain
from ...workflow.errors import ForbiddenError, InvalidError, StaleError, WrongStateError
from ...workflow.guards import EXPLAIN
from ...workflow.policy import Action
from ..counter import panels
from .queries import Kept, kept_of

audit = Blueprint("audit", __name__)
OK, CONFLICT, INVALID = 200, 409, 422
_SPARE_ROWS, _MORE_ROWS = 2, 5
_COMPUTED = "fee_comparison"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the page's inputs: as it is kept, or as somebody typed it."""

    figures: Mapping[str, str] = field(default_factory=dict)
    items: Sequence[Mapping[str, str]] = ()
    explanation: str = ""
    explanations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A service item, and how far its fee is from the market's in percent (None: not known)."""

    texts: Mapping[str, str]
    share: Decimal | None


def _singles(programme: Programme) -> list[AuditFigure]:
    return [f for f in programme.audit_figures if not f.repeats and f.type is not FieldType.ATTACHMENT]


def _repeating(programme: Programme) -> list[AuditFigure]:
    return [f for f in programme.audit_figures if f.repeats and f.key != _COMPUTED]


def _kept(kept: Kept) -> Typed:
    record = kept.record
    if record is None:
        firm = g.submission.firm
        return Typed({"audit_firm_name": firm.name} if firm else {})
    figures = {**record.figures, REPORT_NUMBER: record.report_number}
    return Typed(figures, record.items, record.explanation, record.explanations)


def _rows(programme: Programme, items: Sequence[Mapping[str, str]]) -> list[Row]:
    rows = []
    for item in items:
        parsed = next(iter(auditing.parse_items(programme, [item])[0]), {})
        share = comparison.fee_comparison(parsed.get("service_item_fee", ""), parsed.get("market_standard_fee", ""))
        rows.append(Row(item, share))
    return rows


def _by_figure(programme: Programme, shown: Mapping[str, str], typed: Typed) -> dict[str, list[comparison.Line]]:
    """The comparisons of what can be read of what was typed, by figure."""
    figures, _unread = auditing.parse_figures(programme, typed.figures)
    found: dict[str, list[comparison.Line]] = {}
    for line in comparison.table(programme, shown, figures):
        found.setdefault(line.key, []).append(line)
    return found


def _lacking(context: Mapping[str, Any], kept: Kept) -> list[Reason]:
    """Why the record as it is kept could not be signed off; asks the database nothing more."""
    if not any(step.trigger is Trigger.AUDIT for step in context["steps"]):
        return []
    case = SubmissionCase(db.session(), g.submission, {})
    case.standing, case.audit_record = context["view"].form, kept.record
    return chain.objections(Trigger.AUDIT, case)


def _context(typed: Typed | None, *, spare: int, more: Mapping[str, object]) -> dict[str, object]:
    context = panels.submission_context()
    programme: Programme = context["programme"]
    kept = kept_of(db.session(), g.submission)
    inputs = typed or _kept(kept)
    keeper = auditing.is_keeper(g.submission, programme, signed_in_actor())
    editable = keeper and auditing.is_kept_now(g.submission)
    beside = dict.fromkeys(f.compare_with for f in _repeating(programme) if programme.has_field(f.compare_with))
    return context | {
        "kept": kept,
        "inputs": inputs,
        "rows": _rows(programme, inputs.items),
        "lines": _by_figure(programme, context["view"].form.shown, inputs),
        "lacking": _lacking(context, kept),
        "editable": editable,
        "takes_report": attaching.is_expected(db.session(), g.submission, attaching.REPORT, origin=origin()),
        "spare": max(0, min(spare, auditing.MOST_ITEMS - len(inputs.items))) if editable else 0,
        "most_items": auditing.MOST_ITEMS,
        "singles": _singles(programme),
        "repeating": _repeating(programme),
        "beside": [programme.field(key) for key in beside],
        "version": g.submission.version,
        "problems": {},
        "reasons": (),
        **more,
    }


def _page(status: int = OK, *, typed: Typed | None = None, spare: int = _SPARE_ROWS, **more: object) -> Response:
    context = _context(typed, spare=spare, more=more)
    return hx.page_or_part("audit/record.html", "audit/_record.html", status=status, **context)


@audit.get("/submissions/<submission_id>/audit-record")
@policy(Action.SEE_AUDIT_RECORD)
def record(submission_id: str) -> Response:
    return _page()


@audit.post("/submissions/<submission_id>/audit-record")
@policy(Action.KEEP_AUDIT_RECORD)
def keep(submission_id: str) -> Response:
    """Save the record; "more" and "drop" only give the page again with rows more or one less, nothing saved."""
    programme = programme_of(db.session(), g.submission.programme_version_id)
    if not auditing.is_keeper(g.submission, programme, signed_in_actor()):
        raise ForbiddenError
    version, typed = version_from(request.form.get("version")), _typed(programme)
    # Nothing was saved: the page stays on the version that it was typed on.
    if "more" in request.form:
        return _page(typed=typed, spare=_blank_rows(programme, typed) + _MORE_ROWS, version=version)
    if "drop" in request.form:
        return _page(typed=_typed(programme, without=request.form["drop"]), version=version)
    given = Record(submission_id, version, typed.figures, typed.items, typed.explanation, typed.explanations)
    try:
        auditing.keep_record(given, origin=origin())
    except InvalidError as error:
        return _page(INVALID, typed=typed, problems=_by_field(error), reasons=error.reasons)
    except (StaleError, NotEditableError) as error:
        panels.read_again()
        meanwhile = _kept(kept_of(db.session(), g.submission))
        return _page(CONFLICT, typed=typed, meanwhile=meanwhile, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("audit.record", submission_id=submission_id, saved=1))


@audit.post("/submissions/<submission_id>/audit-record/sign-off")
@policy(Action.KEEP_AUDIT_RECORD)
def sign_off(submission_id: str) -> Response:
    """The trigger "audit", answered on the record's page: what is lacking stands beside its input."""
    version = version_from(request.form.get("version"))
    try:
        moving.fire(Firing(submission_id, Trigger.AUDIT, version, {}), origin=origin())
    except InvalidError as error:
        panels.read_again()
        return _page(INVALID, problems=_by_field(error), reasons=error.reasons)
    except (StaleError, WrongStateError) as error:
        panels.read_again()
        return _page(CONFLICT, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("audit.record", submission_id=submission_id))


def _by_field(error: InvalidError) -> dict[str, Reason]:
    return {reason.field: reason for reason in error.reasons}


def _typed(programme: Programme, *, without: str = "") -> Typed:
    """What was typed; of the service items, without the row of this number."""
    form = request.form
    explanations = {
        figure.key: form[f"{EXPLAIN}{figure.key}"]
        for figure in auditing.compared(programme)
        if f"{EXPLAIN}{figure.key}" in form
    }
    return Typed(
        {f.key: form[f.key] for f in _singles(programme) if f.key in form},
        _items(programme, without=without),
        form.get(EXPLANATION, ""),
        explanations,
    )


def _blank_rows(programme: Programme, typed: Typed) -> int:
    """How many of the rows on the page had nothing in them."""
    columns = [len(request.form.getlist(figure.key)) for figure in _repeating(programme)]
    return max(columns, default=0) - len(typed.items)


def _items(programme: Programme, *, without: str) -> list[dict[str, str]]:
    """Service items arrive as columns: the n-th of each name is one row. Empty rows are left out."""
    columns = {figure.key: request.form.getlist(figure.key) for figure in _repeating(programme)}
    length = max((len(column) for column in columns.values()), default=0)
    rows = [
        {key: column[n] if n < len(column) else "" for key, column in columns.items()}
        for n in range(length)
        if str(n) != without
    ]
    return [row for row in rows if any(text.strip() for text in row.values())]
