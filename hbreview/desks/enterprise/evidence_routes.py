"""Files: attaching, replacing, what they prove, lists of enterprises; and reading them for whoever may."""

from __future__ import annotations

from dataclasses import replace as replaced
from typing import Any

from flask import Response, abort, current_app, g, make_response, render_template, request, url_for
from sqlalchemy import select

from ... import hx
from ...acts import attaching, listing
from ...acts.answering import NotEditableError
from ...acts.attaching import Attaching, Upload
from ...acts.holding import version_from
from ...acts.standing import standing_of
from ...documents.enterprise_template import list_template as empty_list
from ...evaluation.file_kinds import SHOWN_INLINE, XLSX
from ...extensions import db
from ...model import Attachment
from ...model.kept import programme_of
from ...programmes.schema import Programme
from ...security import origin, policy, signed_in_actor
from ...words import N_, Reason
from ...workflow.errors import InvalidError
from ...workflow.policy import Action
from ..counter import panels, queries
from ..counter.downloads import download
from .routes import INVALID, OK, enterprise


def _means() -> dict[str, Any]:
    """What taking a file in needs of the application."""
    config = current_app.config
    return {"storage": config["STORAGE"], "limit": config["SETTINGS"].upload_bytes, "scanner": config["SCANNER"]}


@enterprise.post("/submissions/<submission_id>/attachments")
@policy(Action.ATTACH)
def attach(submission_id: str) -> Response:
    """Each file by itself: one that is not taken keeps no other one out."""
    version = followed = version_from(request.form.get("version"))
    field = request.form.get("field", "")
    uploads = [file for file in request.files.getlist("file") if file.filename]
    refused: list[tuple[str, Reason]] = []
    if not uploads:
        refused.append(("", Reason(N_("Please choose a file."), "file")))
    whole = origin()
    for number, upload in enumerate(uploads):
        # Each file is an act of its own, so each has a one-time key of its own.
        one = replaced(whole, key=f"{whole.key[:60]}-{number}" if whole.key else None)
        given = Attaching(submission_id, version, field, Upload(upload.filename or "", upload.stream))
        try:
            attached = attaching.attach(given, origin=one, **_means())
        except InvalidError as error:
            refused.append((upload.filename or "", error.reasons[0]))
        except NotEditableError as error:
            return panels.not_now(error)
        else:
            version, followed = max(version, attached.version), followed + 1
    # What others did meanwhile is not in this answer: the page then stays on its version, and their fields clash.
    return _attached(submission_id, field, refused, newest=version if version == followed else 0)


def _attached(submission_id: str, field: str, refused: list[tuple[str, Reason]], *, newest: int) -> Response:
    status = INVALID if refused else OK
    if hx.wants_fragment():
        return _files_part(field, refused, status=status, newest=newest)
    if refused:
        named = tuple(
            Reason(N_("%(name)s: %(reason)s"), values={"name": name, "reason": why}) if name else why
            for name, why in refused
        )
        return panels.submission_page(INVALID, problems={field: refused[0][1]}, reasons=named)
    endpoint = "audit.record" if request.form.get("next") == "audit" else "counter.submission"
    return hx.go_to(url_for(endpoint, submission_id=submission_id, _anchor=f"field-{field}"))


def _files_part(field: str, refused: list[tuple[str, Reason]], *, status: int, newest: int) -> Response:
    """The place's files as they stand now, and what is still missing."""
    if refused:
        db.session().refresh(g.submission)
    context = panels.submission_context()
    programme: Programme = context["programme"]
    name = programme.field(field).label if programme.has_field(field) else None
    part = render_template(
        "enterprise/_attached.html", place=field, place_label=name, file_problems=refused, newest=newest, **context
    )
    return make_response(part, status)


@enterprise.post("/attachments/<attachment_id>/remove")
@policy(Action.ATTACH)
def remove(attachment_id: str) -> Response:
    version = version_from(request.form.get("version"))
    submission_id, field = g.submission.public_id, _row(attachment_id).field
    attaching.remove(attachment_id, version, origin=origin())
    return hx.go_to(url_for("counter.submission", submission_id=submission_id, saved=1, _anchor=f"files-{field}"))


@enterprise.get("/attachments/<attachment_id>")
@policy(Action.SEE_ATTACHMENT)
def attachment(attachment_id: str) -> Response:
    row = _row(attachment_id)
    content = current_app.config["STORAGE"].read(row.sha256)
    inline = bool(request.args.get("inline")) and row.media_type in SHOWN_INLINE
    return download(content, name=row.name, media_type=row.media_type, inline=inline, digest=row.sha256)


def _row(attachment_id: str) -> Attachment:
    """The attachment, if this person may read it; else 404."""
    session, who = db.session(), signed_in_actor()
    row = session.scalar(select(Attachment).where(Attachment.public_id == attachment_id))
    if row is None or not queries.may_see_file(session, row, who):
        abort(404)
    # A file of the city's or the firm's was shown from the moment it came; one of a draft once it was submitted.
    own = who.organisation_id is not None or row.field in attaching.BY_OTHERS
    if row.removed_at is not None and not own and not queries.was_shown(session, row):
        abort(404)
    return row


@enterprise.get("/attachments/<attachment_id>/evidence")
@policy(Action.ANSWER)
def evidence(attachment_id: str) -> Response:
    return _evidence_page(_row(attachment_id))


def _evidence_page(row: Attachment, status: int = OK, **more: Any) -> Response:
    programme = programme_of(db.session(), g.submission.programme_version_id)
    by_field = programme.field(row.field).evidence_for if programme.has_field(row.field) else ()
    context = {"proves": row.proves, "reasons": (), "file_reasons": ()} | more
    page = render_template(
        "enterprise/evidence.html", file=row, submission=g.submission, programme=programme, by_field=by_field, **context
    )
    return make_response(page, status)


@enterprise.post("/attachments/<attachment_id>/evidence")
@policy(Action.ANSWER)
def link_evidence(attachment_id: str) -> Response:
    version = version_from(request.form.get("version"))
    proves = {order: request.form.get(f"pages-{order}", "") for order in request.form.getlist("proves")}
    try:
        attaching.link_evidence(attachment_id, version, proves=proves, origin=origin())
    except InvalidError as error:
        return _evidence_page(_row(attachment_id), INVALID, reasons=error.reasons, proves=proves)
    return hx.go_to(url_for("counter.submission", submission_id=g.submission.public_id, _anchor="evidence"))


@enterprise.post("/attachments/<attachment_id>/replace")
@policy(Action.ANSWER)
def replace(attachment_id: str) -> Response:
    """A new file in the place of this one, which stays for whoever could read it (U09)."""
    version = version_from(request.form.get("version"))
    row, submission_id, upload = _row(attachment_id), g.submission.public_id, request.files.get("file")
    field = row.field
    try:
        if upload is None or not upload.filename:
            raise InvalidError([Reason(N_("Please choose a file."), "file")])
        given = Attaching(submission_id, version, field, Upload(upload.filename, upload.stream), replaces=attachment_id)
        attaching.attach(given, origin=origin(), **_means())
    except InvalidError as error:
        return _evidence_page(_row(attachment_id), INVALID, file_reasons=error.reasons)
    return hx.go_to(url_for("counter.submission", submission_id=submission_id, _anchor=f"files-{field}"))


@enterprise.get("/submissions/<submission_id>/enterprises.xlsx")
@policy(Action.ANSWER)
def list_template(submission_id: str) -> Response:
    form = standing_of(db.session(), g.submission)
    return download(empty_list(form.programme), name="服务企业名单.xlsx", media_type=XLSX)


@enterprise.post("/submissions/<submission_id>/enterprises")
@policy(Action.ANSWER)
def take_list(submission_id: str) -> Response:
    """The list of enterprises served: read, checked, counted."""
    version = version_from(request.form.get("version"))
    upload = request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise InvalidError([Reason(N_("Please choose a file."), "file")])
        given = Attaching(submission_id, version, "", Upload(upload.filename, upload.stream))
        listing.take_list(given, origin=origin(), **_means())
    except InvalidError as error:
        count = {"count": str(len(error.reasons))}
        told = Reason(N_("The list was not taken: %(count)s faults, named below beside it."), "list", values=count)
        return panels.submission_page(INVALID, list_problems=error.reasons, reasons=(told,))
    except NotEditableError as error:
        return panels.not_now(error)
    return hx.go_to(url_for("counter.submission", submission_id=submission_id, listed=1, _anchor="sources"))
