"""Keeping the special audit's record (notice, attachment 3) until it is signed off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from ..evaluation import values
from ..model import AuditRecord, Submission
from ..model.kept import programme_of, settings_of
from ..programmes.schema import AuditFigure, Field, FieldType, Programme
from ..transact import Receipt, carry_out
from ..words import DECIDED, N_, Label, Reason, Role, State
from ..workflow.actors import Actor
from ..workflow.errors import ForbiddenError, InvalidError, MalformedError
from ..workflow.guards import EXPLAIN
from ..workflow.journal import Origin
from ..workflow.policy import Action, has_role_for
from . import holding
from .answering import NotEditableError

MOST_ITEMS = 50
# More than anybody types: no page of ours sends so many.
_ABSURD = 10 * MOST_ITEMS
EXPLANATION = "explanation"
# Kept beside the figures in columns of their own, or computed from them.
REPORT_NUMBER = "audit_report_number"
_EXPLANATION = Label("差异说明", "Explanation of differences")
NOT_TYPED = frozenset({REPORT_NUMBER, "fee_comparison", "audit_report_file"})


@dataclass(frozen=True, slots=True)
class Record:
    """What an auditor typed: raw figures by key, service items, and why figures differ: all of them, and one by one."""

    submission: str
    version: int
    figures: Mapping[str, str]
    items: Sequence[Mapping[str, str]]
    explanation: str
    explanations: Mapping[str, str] = field(default_factory=dict)


def is_keeper(submission: Submission, programme: Programme, actor: Actor | None) -> bool:
    """Whether the record of this submission is this person's to keep: the firm's, and the province's only in a round
    that has the enterprise bring the report. The submission's round must be loaded."""
    if actor is None or not has_role_for(actor, Action.KEEP_AUDIT_RECORD):
        return False
    return actor.role is not Role.PROVINCE or bool(settings_of(submission.round, programme).enterprise_brings_report)


def is_kept_now(submission: Submission) -> bool:
    """Whether the record may change: after the city's approval, before the sign-off, in a round not yet decided."""
    return submission.state is State.CITY_REVIEWED and submission.round.state not in DECIDED


def keep_record(record: Record, *, origin: Origin) -> Receipt:
    """Save the audit record; ``version`` is the submission's. InvalidError has a reason per figure.

    ForbiddenError for the province in a round whose audits are the firms'; NotEditableError at any other time.
    """
    return carry_out(lambda session: _keep(session, record, origin), origin=origin)


def _keep(session: Session, record: Record, origin: Origin) -> Receipt:
    submission = holding.hold_in_round(session, record.submission, origin=origin, action=Action.KEEP_AUDIT_RECORD)
    programme = programme_of(session, submission.programme_version_id)
    if not is_keeper(submission, programme, origin.actor):
        raise ForbiddenError
    if not is_kept_now(submission):
        raise NotEditableError(N_("The audit is recorded after the city's approval and before its sign-off."))
    holding.require_version(submission, record.version)
    figures, reasons = parse_figures(programme, record.figures)
    items, item_reasons = parse_items(programme, record.items)
    told, told_reasons = parse_explanations(programme, {EXPLANATION: record.explanation, **record.explanations})
    if faults := [*reasons, *item_reasons, *told_reasons]:
        raise InvalidError(faults)
    row = session.get(AuditRecord, submission.id, with_for_update=True) or AuditRecord(
        submission_id=submission.id, version=0
    )
    _write(row, submission, figures=figures, items=items, explanations=told)
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
    explanations: dict[str, str],
) -> None:
    row.report_number = figures.pop(REPORT_NUMBER, "")
    row.figures, row.items = figures, items
    row.explanation = explanations.pop(EXPLANATION, "")
    row.explanations = explanations
    row.revision_number = submission.revision_number
    row.version = (row.version or 0) + 1


def parse_figures(programme: Programme, raw: Mapping[str, str]) -> tuple[dict[str, str], list[Reason]]:
    """Canonical texts of the figures that do not repeat, and a reason for each that is none."""
    singles = {figure.key: figure for figure in programme.audit_figures if not figure.repeats}
    return _parse({key: figure for key, figure in singles.items() if figure.type is not FieldType.ATTACHMENT}, raw)


def parse_items(programme: Programme, raw: Sequence[Mapping[str, str]]) -> tuple[list[dict[str, str]], list[Reason]]:
    """Canonical service items; an empty row is left out. A reason's field is ``key-row`` (rows from 0), or "items"."""
    repeating = {f.key: f for f in programme.audit_figures if f.repeats and f.key not in NOT_TYPED}
    items: list[dict[str, str]] = []
    reasons: list[Reason] = []
    if len(raw) > _ABSURD:
        raise MalformedError("items")
    if len(raw) > MOST_ITEMS:
        most = {"most": str(MOST_ITEMS), "count": str(len(raw))}
        return [], [Reason(N_("At most %(most)s service items are taken; these are %(count)s."), "items", values=most)]
    for number, texts in enumerate(raw):
        if not any(text.strip() for text in texts.values()):
            continue
        item, faults = _parse(repeating, texts)
        items.append(item)
        reasons.extend(Reason(f.message, f"{f.field}-{number}", f.rule, f.values) for f in faults)
    return items, reasons


def compared(programme: Programme) -> tuple[AuditFigure, ...]:
    """The figures that are held against something, and so may differ from it."""
    return tuple(figure for figure in programme.audit_figures if figure.comparison or figure.parts)


def parse_explanations(programme: Programme, raw: Mapping[str, str]) -> tuple[dict[str, str], list[Reason]]:
    """Clean texts by figure, the general one under "explanation"; empty ones left out. A reason's field is the
    input's: "explanation", or ``explain-key``."""
    known = {EXPLANATION, *(figure.key for figure in compared(programme))}
    texts: dict[str, str] = {}
    reasons: list[Reason] = []
    for key, text in raw.items():
        if key not in known:
            raise MalformedError(key)
        name = key if key == EXPLANATION else f"{EXPLAIN}{key}"
        found = values.parse(Field(name, _EXPLANATION, 0, FieldType.TEXTAREA, max_length=values.LONGEST_TEXT), text)
        if isinstance(found, Reason):
            reasons.append(found)
        elif found:
            texts[key] = found
    return texts, reasons


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
