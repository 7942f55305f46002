"""Score sheets: what one expert gives, saved field by field; blind to the others (Z07)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..evaluation import points
from ..model import Entry, Score, ScoreSheet
from ..model.kept import programme_of
from ..programmes.schema import Programme
from ..transact import Receipt, carry_out
from ..words import N_, Reason
from ..workflow.errors import InvalidError, MalformedError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding
from .answering import Clash, ClashError
from .handing_in import hand_in, reopen_sheet
from .score_sheets import own_sheet, record, require_open, require_since_reopening

__all__ = [
    "KINDS",
    "KeptMarks",
    "Marks",
    "hand_in",
    "keep_marks",
    "keep_what_fits",
    "order_in",
    "reopen_sheet",
    "texts_of",
]

LONGEST_REMARK = 2000
KINDS = ("points", "remark", "change")


@dataclass(frozen=True, slots=True)
class Marks:
    """What an expert typed: raw points, remarks and reasons of changes by indicator, on this version of the sheet."""

    submission: str
    version: int
    points: Mapping[int, str]
    remarks: Mapping[int, str]
    changes: Mapping[int, str] = dataclasses.field(default_factory=dict)

    def by_name(self) -> dict[str, tuple[str, int, str]]:
        """Every field by its name in the form: its kind, its indicator and its text."""
        given = zip(KINDS, (self.points, self.remarks, self.changes), strict=True)
        return {
            f"{kind}-{order}": (kind, order, text) for kind, texts in given for order, text in texts.items()
        }  # fmt: skip


@dataclass(slots=True)
class KeptMarks:
    """What came of it, by field name: what was changed, what is wrong, what was changed in another window too."""

    sheet: str = ""
    version: int = 0
    changed: tuple[str, ...] = ()
    problems: dict[str, Reason] = dataclasses.field(default_factory=dict)
    clashes: dict[str, Clash] = dataclasses.field(default_factory=dict)
    # What stands in other fields that were changed since the version on the screen.
    elsewhere: dict[str, str] = dataclasses.field(default_factory=dict)


def keep_marks(marks: Marks, *, origin: Origin) -> Receipt:
    """Save fields of the actor's own sheet, all or none; ``version`` is the sheet's that was on the screen.

    Other fields that were changed since do not matter. Raises InvalidError with a reason for each field, ClashError
    for fields that were changed since in another window, MalformedError, NotEditableError.
    """

    def work(session: Session) -> Receipt:
        kept = _keep(session, marks, origin, whole=True)
        return Receipt(kept.sheet, kept.version)

    return carry_out(work, origin=origin)


def keep_what_fits(marks: Marks, *, origin: Origin, without_clashes: bool = False) -> KeptMarks:
    """Save each field that is right and was not changed elsewhere since; the others are told, not lost.

    Saving what stands already changes nothing. ``without_clashes``: one clash, and nothing at all is saved.
    """
    found = KeptMarks()

    def work(session: Session) -> Receipt:
        nonlocal found
        found = _keep(session, marks, origin, whole=False, without_clashes=without_clashes)
        return Receipt(found.sheet, found.version)

    receipt = carry_out(work, origin=origin)
    return KeptMarks(receipt.target, receipt.version) if receipt.repeated else found


def _keep(session: Session, marks: Marks, origin: Origin, *, whole: bool, without_clashes: bool = False) -> KeptMarks:
    submission = holding.hold_in_round(session, marks.submission, origin=origin, action=Action.MARK)
    sheet = own_sheet(session, submission, origin)
    require_open(submission, sheet)
    if marks.version > sheet.version:
        raise MalformedError("version")
    if whole:
        require_since_reopening(session, sheet, marks.version)
    kept = KeptMarks(sheet.public_id, sheet.version)
    given = _parsed(programme_of(session, submission.programme_version_id), marks, kept.problems)
    before = texts_of(sheet)
    differing = {name: text for name, text in given.items() if text != before.get(name, "")}
    elsewhere = _changed_since(session, sheet, marks.version) if marks.version < sheet.version else frozenset()
    kept.elsewhere = {name: before.get(name, "") for name in elsewhere if name not in given}
    kept.clashes = {name: Clash(name, before.get(name, ""), differing[name]) for name in differing if name in elsewhere}
    if whole and kept.problems:
        raise InvalidError(list(kept.problems.values()))
    if kept.clashes and (whole or without_clashes):
        raise ClashError(sheet.version, tuple(kept.clashes.values()))
    fresh = {name: text for name, text in differing.items() if name not in kept.clashes}
    if not fresh and not whole:
        return kept
    _write(sheet, fresh)
    # The revision that is scored; a newer one is told until the sheet is handed in on it.
    sheet.revision_number = sheet.revision_number or submission.revision_number
    data = {"indicators": sorted({order_in(name) for name in given}), "fields": sorted(fresh)}
    record(session, submission, sheet, origin=origin, act="mark", data=data)
    kept.version, kept.changed = sheet.version, tuple(fresh)
    return kept


def order_in(name: str) -> int:
    """The indicator of a field's name."""
    return int(name.partition("-")[2])


def texts_of(sheet: ScoreSheet) -> dict[str, str]:
    """What stands in a sheet, by field name; no score is "", never 0."""
    found: dict[str, str] = {}
    for score in sheet.scores:
        found[f"points-{score.indicator}"] = "" if score.points is None else format(score.points, ".1f")
        found[f"remark-{score.indicator}"] = score.remark
        found[f"change-{score.indicator}"] = score.change_reason
    return found


def _write(sheet: ScoreSheet, fresh: Mapping[str, str]) -> None:
    rows = {score.indicator: score for score in sheet.scores}
    for name, text in fresh.items():
        kind, order = name.partition("-")[0], order_in(name)
        row = rows.get(order)
        if row is None:
            row = rows[order] = Score(indicator=order, remark="", change_reason="")
            sheet.scores.append(row)
        if kind == "points":
            row.points = Decimal(text) if text else None
        elif kind == "remark":
            row.remark = text
        else:
            row.change_reason = text


def _changed_since(session: Session, sheet: ScoreSheet, version: int) -> frozenset[str]:
    """The fields that were changed after this version of the sheet; the journal knows."""
    entries = session.scalars(
        select(Entry.data).where(
            Entry.submission_id == sheet.submission_id,
            Entry.act == "mark",
            Entry.target == sheet.public_id,
            Entry.version_to > version,
        )
    )
    return frozenset(name for data in entries for name in _fields_in(data))


def _fields_in(data: Mapping[str, object]) -> Iterable[str]:
    fields, orders = data.get("fields"), data.get("indicators")
    if isinstance(fields, list):
        return [str(name) for name in fields]
    # An entry from before fields were named one by one.
    return [f"{kind}-{order}" for kind in KINDS for order in orders] if isinstance(orders, list) else []


def _parsed(programme: Programme, marks: Marks, problems: dict[str, Reason]) -> dict[str, str]:
    """Canonical texts by field name; what is wrong goes to ``problems``. An indicator of no rubric is malformed."""
    weights = {indicator.order: indicator.weight for indicator in programme.indicators}
    parsed: dict[str, str] = {}
    for name, (kind, order, text) in marks.by_name().items():
        if order not in weights:
            raise MalformedError(str(order))
        plain = text.replace("\r\n", "\n").replace("\0", "").strip()
        value: str | Reason = _points_text(plain, weights[order]) if kind == "points" else plain
        if isinstance(value, str) and kind != "points" and len(value) > LONGEST_REMARK:
            value = Reason(N_("A remark has at most 2,000 characters."))
        if isinstance(value, Reason):
            problems[name] = dataclasses.replace(value, field=name)
        else:
            parsed[name] = value
    return parsed


def _points_text(plain: str, weight: Decimal) -> str | Reason:
    if not plain:
        return ""  # no score is blank: not 0, not an average
    value = points.parse_points(plain, weight)
    return value if isinstance(value, Reason) else format(value, ".1f")
