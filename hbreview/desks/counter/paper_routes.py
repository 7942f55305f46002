"""The form as Word, PDF and Excel, the receipt, and everything of a submission in one file."""

from __future__ import annotations

from flask import Response, abort, g, request, send_file

from ...documents.bundle import bundle as pack
from ...documents.form_sheet import form_xlsx as form_workbook
from ...evaluation.file_kinds import DOCX, PDF, XLSX
from ...extensions import db
from ...model import Revision
from ...security import policy, signed_in_actor
from ...workflow.policy import Action
from . import notices_made, papers_made, queries
from .downloads import disposition, download
from .routes import counter


def _asked_revision() -> Revision | None:
    """The revision that the address names; 404 for one that is not there."""
    if "revision" not in request.args:
        return None
    number = request.args.get("revision", 0, type=int)
    return queries.revision_of(db.session(), g.submission, number) or abort(404)


@counter.get("/submissions/<submission_id>/form.docx")
@policy(Action.SEE_SUBMISSION)
def form_docx(submission_id: str) -> Response:
    paper = papers_made.paper_of(db.session(), g.submission, _asked_revision(), who=signed_in_actor())
    return download(paper.docx(), name=f"{g.submission.organisation_name}运营情况表.docx", media_type=DOCX)


@counter.get("/submissions/<submission_id>/form.pdf")
@policy(Action.SEE_SUBMISSION)
def form_pdf(submission_id: str) -> Response:
    paper = papers_made.paper_of(db.session(), g.submission, _asked_revision(), who=signed_in_actor())
    inline = bool(request.args.get("inline"))
    name = f"{g.submission.organisation_name}运营情况表.pdf"
    return download(paper.pdf(), name=name, media_type=PDF, inline=inline)


@counter.get("/submissions/<submission_id>/form.xlsx")
@policy(Action.SEE_SUBMISSION)
def form_xlsx(submission_id: str) -> Response:
    form = queries.form_of(db.session(), g.submission, signed_in_actor())
    content = form_workbook(form.programme, form.shown, last=form.before or None)
    return download(content, name=f"{g.submission.organisation_name}运营情况表.xlsx", media_type=XLSX)


@counter.get("/submissions/<submission_id>/revisions/<int:number>/receipt.pdf")
@policy(Action.SEE_SUBMISSION)
def receipt_pdf(submission_id: str, number: int) -> Response:
    revision = queries.revision_of(db.session(), g.submission, number)
    if revision is None:
        abort(404)
    content = papers_made.receipt_of(db.session(), g.submission, revision)
    name = f"{g.submission.organisation_name}提交回执（申报版本{number}）.pdf"
    return download(content, name=name, media_type=PDF)


@counter.get("/submissions/<submission_id>/bundle.zip")
@policy(Action.SEE_SUBMISSION)
def bundle(submission_id: str) -> Response:
    session, who = db.session(), signed_in_actor()
    packed = pack(papers_made.bundle_members(session, g.submission, who), facts=papers_made.bundle_facts(g.submission))
    response = send_file(packed, mimetype="application/zip")
    response.headers["Content-Disposition"] = disposition(f"{g.submission.organisation_name}.zip", inline=False)
    return response


@counter.get("/submissions/<submission_id>/returns/<int:number>.<any(docx,pdf):kind>")
@policy(Action.SEE_COMMENTS)
def return_notice(submission_id: str, number: int, kind: str) -> Response:
    """The numbered notice of a return, for whoever may read the comments that it lists."""
    session = db.session()
    notice = notices_made.notice_of(session, g.submission, number) or abort(404)
    facts = notices_made.notice_facts(session, g.submission, notice)
    make, media_type = (notices_made.notice_docx, DOCX) if kind == "docx" else (notices_made.notice_pdf, PDF)
    return download(make(facts), name=f"退回修改通知{facts.number}.{kind}", media_type=media_type)
