"""Many at once: approve, remind or export what was selected, with a report of what came of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from flask import Response, abort, request, send_file
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ... import clock, hx
from ...acts import keeping_phrases, working_through
from ...acts.denying import record_denial
from ...acts.holding import version_from
from ...acts.working_through import Item, Result
from ...documents.bundle import Member, bundle
from ...documents.city_summary import summary_docx, summary_xlsx
from ...evaluation.file_kinds import DOCX, XLSX
from ...evaluation.values import parse
from ...extensions import db
from ...model import Submission
from ...programmes.loader import region
from ...programmes.schema import Field, FieldType
from ...refusals import NOT_FOUND
from ...security import origin, policy, signed_in_actor
from ...words import N_, Label, Reason, Trigger
from ...workflow.errors import HiddenError, MalformedError, StaleError
from ...workflow.policy import Action, may_fire
from ..counter import papers_made
from ..counter.downloads import disposition, download
from ..counter.why_not import why_not
from . import summary_queries
from .routes import city
from .summary_queries import PROGRAMMES, Line

OK, INVALID = 200, 422
MOST, MOST_IN_A_ZIP = 100, 50
LONGEST = 5000
ASK, APPROVE, REMIND, ZIP = "ask", "approve", "remind", "export_zip"
ASK_BACK, SEND_BACK = "ask_back", "send_back"
# What moves a submission, by what is done or asked about first.
_TRIGGERS = {ASK: Trigger.APPROVE, APPROVE: Trigger.APPROVE, ASK_BACK: Trigger.SEND_BACK, SEND_BACK: Trigger.SEND_BACK}
_MAKERS = {"export_xlsx": (summary_xlsx, XLSX, "xlsx"), "export_docx": (summary_docx, DOCX, "docx")}
_PUBLIC_ID = re.compile(r"[0-9A-Za-z]{1,16}")
_SEAL_DATE = Field("seal_date", Label("盖章日期", "Seal date"), 0, FieldType.DATE)


@dataclass(frozen=True, slots=True)
class Told:
    """What the report says of one: who it is (None for what may not be seen), and why not, or nothing."""

    line: Line | None
    reasons: tuple[Reason, ...]
    stale: bool = False


@city.post("/selection")
@policy(Action.WORK_THROUGH)
def selection() -> Response:
    """Do it, or say first what would be done ("ask"); refused as a whole only for what holds for each of them."""
    what = request.form.get("do", "")
    if what not in {*_TRIGGERS, REMIND, ZIP, *_MAKERS}:
        raise MalformedError("do")
    if what in _TRIGGERS and not may_fire(signed_in_actor(), _TRIGGERS[what]):
        abort(403)
    items = _selected()
    if faults := [*_too_few_or_many(what, items), *(_missing_words(what) if items else ())]:
        return _page(items, status=INVALID, what=what, reasons=tuple(faults))
    if what in {ASK, ASK_BACK}:
        return _page(items, what=what)
    if what in {APPROVE, REMIND, SEND_BACK}:
        return _report(_work_through(what, items), what)
    return _exported(what, items)


def _selected() -> list[Item]:
    """The selected rows, each submission once; MalformedError for a row that no page of ours has."""
    found: dict[str, Item] = {}
    for text in request.form.getlist("row"):
        public_id, _colon, version = text.partition(":")
        if not _PUBLIC_ID.fullmatch(public_id):
            raise MalformedError("row")
        found.setdefault(public_id, Item(public_id, version_from(version)))
    return list(found.values())


def _too_few_or_many(what: str, items: Sequence[Item]) -> list[Reason]:
    if not items:
        return [Reason(N_("Nothing is selected: choose at least one submission."))]
    most = MOST_IN_A_ZIP if what == ZIP else MOST
    if len(items) <= most:
        return []
    few = {"count": str(len(items)), "most": str(most)}
    return [Reason(N_("%(count)s are selected, and at most %(most)s go at once: choose fewer."), values=few)]


def _missing_words(what: str) -> list[Reason]:
    """What would be wrong with each of them in the same way is said once, before anything is tried."""
    reasons: list[Reason] = []
    given = _given()
    if what == SEND_BACK and not given["reason"].strip():
        reasons.append(Reason(N_("Please give the reason."), "reason", "R4"))
    if what != APPROVE:
        return reasons
    if not given["opinion"].strip():
        reasons.append(Reason(N_("Please write the opinion."), "opinion", "K7"))
    day = parse(_SEAL_DATE, given["seal_date"])
    if not given["seal_date"].strip():
        reasons.append(Reason(N_("Please give the seal date."), "seal_date", "K7"))
    elif isinstance(day, Reason):
        reasons.append(replace(day, field="seal_date"))
    return reasons


def _given() -> dict[str, str]:
    """Opinion, seal date and reason as they were typed; a kept sentence where no opinion was."""
    names = ("opinion", "seal_date", "reason")
    given = {name: request.form.get(name, "").replace("\0", "")[:LONGEST] for name in names}
    own, phrase = signed_in_actor().region, request.form.get("phrase")
    if own and phrase and not given["opinion"].strip():
        given["opinion"] = keeping_phrases.phrase_of(db.session(), own, phrase)
    return given


def _work_through(what: str, items: Sequence[Item]) -> list[Result]:
    if what == APPROVE:
        return working_through.approve_each(items, given=_given(), origin=origin())
    if what == SEND_BACK:
        return working_through.send_back_each(items, reason=_given()["reason"], origin=origin())
    return working_through.remind_each(items, origin=origin())


def _report(results: Sequence[Result], what: str) -> Response:
    """One line for each in the order of the selection; those that failed are selected again as they stand now."""
    if any(isinstance(result.error, HiddenError) for result in results):
        _note_denial()
    known = _known([result.item for result in results])
    told = [
        Told(known.get(result.item.submission), why_not(result), isinstance(result.error, StaleError))
        for result in results
    ]
    # What has changed since is not chosen again: it is to be looked at first.
    again = [one.line for one in told if one.line and one.reasons and not one.stale]
    return _show(again, what=what, told=told)


def _note_denial() -> None:
    """Somebody named what is not there for them: noted once, without the key, which is that of what is done."""
    record_denial(f"{request.method} {request.path}", NOT_FOUND, origin=replace(origin(), key=None, digest=None))


def _known(items: Sequence[Item]) -> dict[str, Line]:
    ids = [item.submission for item in items]
    found = summary_queries.lines(db.session(), signed_in_actor(), Submission.public_id.in_(ids))
    return {line.public_id: line for line in found}


def _page(items: Sequence[Item], *, what: str, status: int = OK, reasons: tuple[Reason, ...] = ()) -> Response:
    """What is selected, to be looked at before it is done; that a row is not there for this person is said."""
    known = _known(items[:MOST])
    there = [item for item in items[:MOST] if item.submission in known]
    lines = [known[item.submission] for item in there if known[item.submission].version == item.version]
    if moved := len(there) - len(lines):
        text = N_("%(count)s were changed since you selected them and were taken out: look at them again.")
        reasons += (Reason(text, values={"count": str(moved)}),)
    if len(there) < len(items[:MOST]):
        _note_denial()
        lost = {"count": str(len(items[:MOST]) - len(there))}
        reasons += (Reason(N_("%(count)s of what was selected is not there for you: it was taken out."), values=lost),)
    return _show(lines, what=what, status=status, reasons=reasons)


def _show(lines: Sequence[Line], *, what: str, status: int = OK, **more: object) -> Response:
    own = signed_in_actor().region
    return hx.page_or_part(
        "city/selection.html",
        "city/_selection_report.html",
        status=status,
        lines=lines,
        approving=what in {ASK, APPROVE},
        sending_back=what in {ASK_BACK, SEND_BACK},
        typed=_given(),
        today=clock.today().isoformat(),
        phrases=keeping_phrases.phrases_of(db.session(), own) if own and what in {ASK, APPROVE} else {},
        **more,
    )


def _exported(what: str, items: Sequence[Item]) -> Response:
    """One file of exactly what was selected; none while something of it is not there for this person."""
    known = _known(items)
    if len(known) < len(items):
        return _page(items, status=INVALID, what=what)
    working_through.record_export(what.removeprefix("export_"), count=len(items), origin=origin())
    lines = list(known.values())
    cities = [region(key) for key in dict.fromkeys(line.region for line in lines)]
    titles = list(dict.fromkeys(line.round_title for line in lines))
    summary = summary_queries.summary_of(lines, cities=cities, titles=titles)
    if what in _MAKERS:
        make, media_type, ending = _MAKERS[what]
        name = f"{summary.city.zh}汇总表（{len(lines)}家）.{ending}"
        return download(make(summary), name=name, media_type=media_type)
    facts = {"city": summary.city.zh, "round": summary.round_title, "made_on": summary.made_on.isoformat()}
    packed = bundle(_forms(lines), facts=facts | {"submissions": len(lines)})
    response = send_file(packed, mimetype="application/zip")
    name = f"{summary.city.zh}运营情况表（{len(lines)}家）.zip"
    response.headers["Content-Disposition"] = disposition(name, inline=False)
    return response


def _forms(lines: Sequence[Line]) -> Iterator[Member]:
    """Of each submission a folder of its own, numbered as names may be the same, with its form in Word and PDF."""
    session = db.session()
    query = select(Submission).where(Submission.public_id.in_([line.public_id for line in lines]))
    rows = {row.public_id: row for row in session.scalars(query.options(joinedload(Submission.round)))}
    for number, line in enumerate(lines, start=1):
        folder = f"{number:02d} {line.organisation}（{PROGRAMMES[line.programme].zh}）"
        paper = papers_made.paper_of(session, rows[line.public_id], who=signed_in_actor())
        title = f"{line.organisation}运营情况表"
        yield Member((folder,), f"{title}.docx", paper.docx())
        yield Member((folder,), f"{title}.pdf", paper.pdf())
