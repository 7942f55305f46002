"""Score sheets as a workbook, out and in: one, or all that the expert still has to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from flask import Response, abort, current_app, g, make_response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...acts import marking
from ...acts.answering import Clash, ClashError, NotEditableError
from ...acts.handing_in import former_points
from ...acts.marking import Marks
from ...documents.form_sheet import shown
from ...documents.score_sheet_file import (
    MOST_SHEETS,
    FilledSheet,
    PrintedMark,
    PrintedSheet,
    read_score_sheets,
    score_sheets_xlsx,
)
from ...evaluation import computed
from ...evaluation.file_kinds import XLSX
from ...evaluation.suggestions import plain
from ...extensions import db
from ...model import Attachment, Revision, ScoreSheet, SheetVersion, Submission
from ...model.kept import programme_of
from ...programmes.schema import Indicator, Programme
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import N_, Reason
from ...workflow.errors import HiddenError, MalformedError
from ...workflow.policy import Action
from ..counter.downloads import download
from ..counter.queries import by_field, proofs
from . import queries
from .routes import INVALID, OK, expert

_MOST_TEXT = 400  # signs of a text that stands in a cell as evidence


@expert.get("/submissions/<submission_id>/score-sheet.xlsx")
@policy(Action.MARK)
def sheet_file(submission_id: str) -> Response:
    session = db.session()
    mine = queries.own_sheet(session, signed_in_actor(), g.submission)
    if not mine:
        abort(404)
    return download(
        score_sheets_xlsx(_printed(session, mine)), name=f"评分表-{_name(mine[0][1])}.xlsx", media_type=XLSX
    )


@expert.get("/score-sheets.xlsx")
@policy(Action.EXPERT_DESK)
def all_sheets_file() -> Response:
    session = db.session()
    mine = queries.open_sheets(session, signed_in_actor())[:MOST_SHEETS]
    return download(score_sheets_xlsx(_printed(session, mine)), name="评分表.xlsx", media_type=XLSX)


def _name(submission: Submission) -> str:
    return submission.organisation_name.replace("/", "_").replace("\\", "_")[:80]


def _printed(session: Session, mine: Sequence[tuple[ScoreSheet, Submission]]) -> list[PrintedSheet]:
    """The sheets with what was submitted beside each indicator; three statements, however many there are."""
    ids = [submission.id for _sheet, submission in mine]
    newest = (Revision.submission_id == Submission.id) & (Revision.number == Submission.revision_number)
    query = select(Revision.submission_id, Revision.answers).join(Submission, newest).where(Submission.id.in_(ids))
    answers: dict[int, dict[str, str]] = {row[0]: row[1] for row in session.execute(query)}
    files: dict[int, list[Attachment]] = {}
    live = select(Attachment).where(Attachment.submission_id.in_(ids), Attachment.removed_at.is_(None))
    for file in session.scalars(live.order_by(Attachment.id)):
        files.setdefault(file.submission_id, []).append(file)
    handed_in = select(SheetVersion).where(SheetVersion.sheet_id.in_([sheet.id for sheet, _submission in mine]))
    former = {one.sheet_id: former_points(one) for one in session.scalars(handed_in.order_by(SheetVersion.number))}
    printed = []
    for sheet, submission in mine:
        programme = programme_of(session, submission.programme_version_id)
        given = computed.effective(programme, answers.get(submission.id, {}))
        attached, before = files.get(submission.id, []), former.get(sheet.id, {})
        evidence = {one.order: _evidence(programme, one, given, files=attached) for one in programme.indicators}
        marks = [_mark(sheet, one, evidence[one.order], before=before) for one in programme.indicators]
        printed.append(PrintedSheet(submission.organisation_name, sheet.public_id, sheet.version, marks))
    return printed


def _mark(sheet: ScoreSheet, indicator: Indicator, evidence: str, *, before: Mapping[int, Decimal]) -> PrintedMark:
    texts, order = marking.texts_of(sheet), indicator.order
    return PrintedMark(
        order=order,
        name=indicator.name.zh,
        weight=plain(indicator.weight),
        evidence=evidence,
        points=texts.get(f"points-{order}", ""),
        remark=texts.get(f"remark-{order}", ""),
        former=str(before.get(order, "")),
        change=texts.get(f"change-{order}", ""),
    )


def _evidence(programme: Programme, indicator: Indicator, given: dict[str, str], *, files: Sequence[Attachment]) -> str:
    lines = []
    for key in indicator.evidence:
        if value := given.get(key, ""):
            one = programme.field(key)
            text = shown(one, value)
            cut = text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"
            lines.append(f"{one.title.zh}：{cut}{one.unit}")
    names = [file.name for file, _pages in proofs(by_field(list(files)), indicator)]
    return "\n".join([*lines, *([f"附件：{'、'.join(names)}"] if names else [])])


@dataclass(slots=True)
class Taken:
    """What came of one worksheet: cells by place that were taken, refused with why, or changed elsewhere since."""

    worksheet: str
    title: str = ""
    address: str = ""
    fault: Reason | None = None
    taken: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, Reason]] = field(default_factory=list)
    clashes: list[tuple[str, Clash]] = field(default_factory=list)
    unchanged: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing of it was refused."""
        return not (self.fault or self.refused or self.clashes)


@expert.post("/score-sheets/upload")
@policy(Action.EXPERT_DESK)
def upload_sheets() -> Response:
    """Each sheet by itself: one that is not taken keeps no other one out."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _told([], Reason(N_("Please choose a file."), "file"))
    limit = current_app.config["SETTINGS"].upload_bytes
    content = upload.stream.read(limit + 1)
    found = Reason(N_("The file is too large."), "file") if len(content) > limit else read_score_sheets(content)
    if isinstance(found, Reason):
        return _told([], found)
    addresses = queries.addresses_of(db.session(), signed_in_actor(), [filled.sheet_id for filled in found])
    results, seen = [], set()
    for number, filled in enumerate(found):
        address, title = addresses.get(filled.sheet_id, ("", ""))
        twice = filled.sheet_id in seen
        seen.add(filled.sheet_id)
        results.append(_take(filled, Taken(filled.worksheet, title, address), number=number, twice=twice))
    return _told(results)


def _told(results: Sequence[Taken], fault: Reason | None = None) -> Response:
    fits = fault is None and all(result.whole for result in results)
    page = render_template("expert/upload.html", results=results, fault=fault, reasons=(fault,) if fault else ())
    return make_response(page, OK if fits else INVALID)


def _take(filled: FilledSheet, result: Taken, *, number: int, twice: bool) -> Taken:
    result.unchanged = filled.unchanged
    if not filled.sheet_id:
        result.fault = Reason(N_("This worksheet is no score sheet of this system: nothing was taken of it."))
    elif not result.address:
        result.fault = Reason(N_("This is not a sheet that is assigned to you: nothing was taken of it."))
    elif twice:
        result.fault = Reason(N_("This sheet stands twice in the file: nothing was taken of the second one."))
    elif filled.cells:
        _save(filled, result, number=number)
    return result


def _save(filled: FilledSheet, result: Taken, *, number: int) -> None:
    given: dict[str, dict[int, str]] = {kind: {} for kind in marking.KINDS}
    for cell in filled.cells:
        given[cell.name.partition("-")[0]][marking.order_in(cell.name)] = cell.text
    marks = Marks(result.address, filled.version, given["points"], given["remark"], given["change"])
    whole = origin()
    # Each sheet is an act of its own, so each has a one-time key of its own.
    one = replace(whole, key=f"{whole.key[:60]}-{number}" if whole.key else None)
    places = {cell.name: cell.place for cell in filled.cells}
    try:
        kept = marking.keep_what_fits(marks, origin=one, without_clashes=True)
    except ClashError as error:
        result.clashes = [(places[clash.key], clash) for clash in error.clashes]
        return
    except NotEditableError as error:
        result.fault = Reason(sentence_for(error))
        return
    except (HiddenError, MalformedError):
        result.fault = Reason(N_("The file does not belong to this sheet as it is now: please download it again."))
        return
    result.taken = [(cell.place, cell.text) for cell in filled.cells if cell.name in kept.changed]
    result.refused = [(places[name], reason) for name, reason in kept.problems.items()]
    result.unchanged += len(filled.cells) - len(result.taken) - len(result.refused)
