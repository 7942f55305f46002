"""Keeping the special audit's record (notice, attachment 3) until it is signed off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ..evaluation import values
from ..model import AuditRecord, Submission
from ..model.kept import programme_of
from ..programmes.schema import AuditFigure, FieldType, Programme
from ..transact import Receipt, carry_out
from ..words import N_, Reason, State
from ..workflow.errors import InvalidError, MalformedError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError

MOST_ITEMS = 50
# Kept beside the figures in columns of their own, or computed from them.
REPORT_NUMBER = "audit_report_number"
NOT_TYPED = frozenset({REPORT_NUMBER, "fee_comparison", "audit_report_file"})


@dataclass(frozen=True, slots=True)
class Record:
    """What an auditor typed: raw figures by key, service items, and the explanation of differences."""

    submission: str
    version: int
    figures: Mapping[str, str]
    items: Sequence[Mapping[str, str]]
    explanation: str


def keep_record(record: Record, *, origin: Origin) -> Receipt:
    """Save the audit record; ``version`` is the submission's. InvalidError has a reason per figure."""
    return carry_out(lambda session: _keep(session, record, origin), origin=origin)


def _keep(session: Session, record: Record, origin: Origin) -> Receipt:
    submission = holding.hold(session, record.submission, origin=origin, action=Action.KEEP_AUDIT_RECORD)
    if submission.state is not State.CITY_REVIEWED:
        raise NotEditableError(N_("The audit is recorded after the city's approval and before its sign-off."))
    holding.require_version(submission, record.version)
    programme = programme_of(session, submission.programme_version_id)
    figures, reasons = parse_figures(programme, record.figures)
    items, item_reasons = parse_items(programme, record.items)
    if len(record.explanation) > values.LONGEST_TEXT:
        item_reasons.append(Reason(N_("The text is too long."), "explanation"))
    if reasons or item_reasons:
        raise InvalidError([*reasons, *item_reasons])
    row = session.get(AuditRecord, submission.id, with_for_update=True) or AuditRecord(
        submission_id=submission.id, version=0
    )
    _write(row, submission, figures=figures, items=items, explanation=record.explanation)
    session.add(row)
    holding.record(
        session, submission, origin=origin, act="keep_audit_record", target=submission.public_id,
        data={"record_version": row.version},
    )  # fmt: skip
    return Receipt(submission.public_id, submission.version)


def _write(
    row: AuditRecord,
    submission: Submission,
    *,
    figures: dict[str, str],
    items: list[dict[str, str]],
    explanation: str,
) -> None:
    row.report_number = figures.pop(REPORT_NUMBER, "")
    row.figures, row.items = figures, items
    row.explanation = explanation.replace("\r\n", "\n").strip()
    row.revision_number = submission.revision_number
    row.version = (row.version or 0) + 1


def parse_figures(programme: Programme, raw: Mapping[str, str]) -> tuple[dict[str, str], list[Reason]]:
    """Canonical texts of the figures that do not repeat, and a reason for each that is none."""
    singles = {figure.key: figure for figure in programme.audit_figures if not figure.repeats}
    return _parse({key: figure for key, figure in singles.items() if figure.type is not FieldType.ATTACHMENT}, raw)


def parse_items(programme: Programme, raw: Sequence[Mapping[str, str]]) -> tuple[list[dict[str, str]], list[Reason]]:
    """Canonical service items; an empty row is left out. A reason's field is ``key-row`` (rows from 0)."""
    repeating = {f.key: f for f in programme.audit_figures if f.repeats and f.key not in NOT_TYPED}
    items: list[dict[str, str]] = []
    reasons: list[Reason] = []
    if len(raw) > MOST_ITEMS:
        raise MalformedError("items")
    for number, texts in enumerate(raw):
        if not any(text.strip() for text in texts.values()):
            continue
        item, faults = _parse(repeating, texts)
        items.append(item)
        reasons.extend(Reason(f.message, f"{f.field}-{number}", f.rule, f.values) for f in faults)
    return items, reasons


def _parse(known: Mapping[str, AuditFigure], raw: Mapping[str, str]) -> tuple[dict[str, str], list[Reason]]:
    parsed: dict[str, str] = {}
    reasons: list[Reason] = []
    for key, text in raw.items():
        if key not in known:
            raise MalformedError(key)
        value = values.parse(known[key].as_field(), text)
        if isinstance(value, Reason):
            reasons.append(value)
        elif value:
            parsed[key] = value
    return parsed, reasons
