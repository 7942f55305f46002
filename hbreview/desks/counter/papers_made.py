"""The papers of one submission, made from what stands in it or from a frozen revision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import current_app, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from ... import clock, wording
from ...acts.weighing import as_reason
from ...documents.bundle import Member
from ...documents.form_printing import form_pdf
from ...documents.form_writing import SealedOpinion, form_docx
from ...documents.receipt import ReceiptFacts, ReceiptFile, ReceiptRemark, receipt_pdf
from ...evaluation import checks, computed, remarks
from ...model import Attachment, Opinion, Person, Revision, Submission
from ...model.kept import programme_of
from ...programmes.schema import Programme
from ...storage import DamagedFileError
from ...words import Label
from ...workflow.actors import Actor
from ...workflow.guards import DECLARATION
from ...workflow.policy import Action, has_role_for
from . import queries, thread_queries

_COLUMNS = ("时间", "指标", "角色", "意见", "状态")


@dataclass(frozen=True, slots=True)
class FormPaper:
    """The form to be printed: what stands in every field, the names of its files, the city's opinion."""

    programme: Programme
    shown: Mapping[str, str]
    names: Mapping[str, list[str]]
    opinion: SealedOpinion | None
    remark: str = ""

    def docx(self) -> bytes:
        """As Word."""
        return form_docx(self.programme, self.shown, attachments=self.names, opinion=self.opinion, remark=self.remark)

    def pdf(self) -> bytes:
        """As PDF."""
        fonts = current_app.config["SETTINGS"].fonts
        return form_pdf(
            self.programme, self.shown, attachments=self.names, opinion=self.opinion, remark=self.remark, fonts=fonts
        )


def paper_of(session: Session, submission: Submission, revision: Revision | None = None, *, who: Actor) -> FormPaper:
    """The form as it stands now, or as it was in a revision, for this person."""
    form = queries.form_of(session, submission, who)
    files: list[tuple[str, str]]
    if revision is None:
        shown = form.shown
        query = select(Attachment.field, Attachment.name).where(
            Attachment.submission_id == submission.id,
            Attachment.removed_at.is_(None),
            Attachment.comment_id.is_(None),
        )
        files = [(field, name) for field, name in session.execute(query.order_by(Attachment.id))]
    else:
        answers = queries.answers_for(who, form.programme, revision.answers)
        shown = computed.effective(form.programme, answers, last=form.last)
        files = [(file["field"], file["name"]) for file in revision.attachments]
    names: dict[str, list[str]] = {}
    for field, name in files:
        names.setdefault(field, []).append(name)
    remark = f"申报版本{revision.number}" if revision else ""
    return FormPaper(form.programme, shown, names, _sealed(session, submission, revision), remark)


def preview_of(session: Session, submission: Submission, opinion: str, seal_date: date | None, *, who: Actor) -> bytes:
    """The form with an opinion and a seal date that are not kept, marked on every page as not in force."""
    paper = paper_of(session, submission, who=who)
    return form_pdf(
        paper.programme,
        paper.shown,
        attachments=paper.names,
        opinion=SealedOpinion(opinion, seal_date or clock.today()),
        remark=f"申报版本{submission.revision_number}",
        fonts=current_app.config["SETTINGS"].fonts,
        draft_mark=True,
    )


def _sealed(session: Session, submission: Submission, revision: Revision | None) -> SealedOpinion | None:
    query = select(Opinion).where(Opinion.submission_id == submission.id, Opinion.void_at.is_(None))
    if revision is not None:
        query = query.where(Opinion.revision_number == revision.number)
    found = session.scalar(query.order_by(Opinion.id.desc()).limit(1))
    return SealedOpinion(found.opinion, found.seal_date) if found else None


def receipt_of(session: Session, submission: Submission, revision: Revision) -> bytes:
    """The receipt of one revision, as PDF."""
    programme = programme_of(session, submission.programme_version_id)
    sender = session.scalar(select(Person.name).where(Person.id == revision.person_id)) or ""
    settings = current_app.config["SETTINGS"]
    address = settings.public_url.rstrip("/") + url_for("public.receipt", digest=revision.digest)
    facts = ReceiptFacts(
        organisation=submission.organisation_name,
        form_title=programme.form_title,
        round_title=Label(submission.round.title, submission.round.title),
        revision=revision.number,
        submitted_at=wording.moment(revision.created_at),
        submitted_by=sender,
        digest=revision.digest,
        address=address,
        field_count=len(remarks.figures_only(revision.answers)),
        declaration=DECLARATION,
        files=tuple(ReceiptFile(file["name"], file["sha256"]) for file in revision.attachments),
        remarks=_remarked(programme, revision.answers),
    )
    return receipt_pdf(facts, fonts=settings.fonts)


def _remarked(programme: Programme, answers: Mapping[str, str]) -> tuple[ReceiptRemark, ...]:
    found = {finding.key: as_reason(finding) for finding in checks.run(programme, answers)}
    lines = []
    for key, text in sorted(answers.items()):
        if remarks.is_remark(key) and text:
            name = key.removeprefix(remarks.PREFIX)
            rule, _dot, field = name.partition(".")
            warning = wording.say(found[name]) if name in found else programme.field(field).label.zh
            lines.append(ReceiptRemark(rule, warning, text))
    return tuple(lines)


def bundle_members(session: Session, submission: Submission, who: Actor) -> Iterator[Member]:
    """Form, files and comments as this person may see them, one after the other."""
    paper = paper_of(session, submission, who=who)
    title = f"{submission.organisation_name}运营情况表"
    yield Member((), f"{title}.docx", paper.docx())
    yield Member((), f"{title}.pdf", paper.pdf())
    yield from _files(session, submission, paper.programme, who=who)
    if has_role_for(who, Action.SEE_COMMENTS):
        yield Member((), "意见.txt", _comments(session, submission, who).encode("utf-8-sig"))


def _files(session: Session, submission: Submission, programme: Programme, *, who: Actor) -> Iterator[Member]:
    query = select(Attachment).where(Attachment.submission_id == submission.id, Attachment.removed_at.is_(None))
    for row in list(session.scalars(query.order_by(Attachment.id))):
        if not queries.may_see_file(session, row, who):
            continue
        place = programme.field(row.field).label.zh if programme.has_field(row.field) else _PLACES.get(row.field, "")
        try:
            content = current_app.config["STORAGE"].read(row.sha256)
        except DamagedFileError:
            content = None
        yield Member(("附件", " ".join(place.split()) or "其他"), row.name, content)


_PLACES = {
    "evidence": "佐证材料",
    "served_list": "服务企业名单",
    "audit_report_file": "专项审计报告",
    "comment": "意见附件",
}


def _comments(session: Session, submission: Submission, who: Actor) -> str:
    lines = ["\t".join(_COLUMNS)]
    for comment in thread_queries.comments_on(session, submission, who):
        state = "" if comment.parent_id else "已解决" if comment.resolved_at else "未解决"
        body = " ".join(comment.body.split())
        role = wording.word(comment.person.role)
        lines.append("\t".join((wording.moment(comment.created_at), str(comment.indicator), role, body, state)))
    return "\r\n".join(lines) + "\r\n"


def bundle_facts(submission: Submission) -> dict[str, Any]:
    """What the manifest says beside the files."""
    return {
        "organisation": submission.organisation_name,
        "programme": submission.programme,
        "round": submission.round.title,
        "state": submission.state.value,
        "revision": submission.revision_number,
        "made_at": clock.now().isoformat(timespec="seconds"),
    }
