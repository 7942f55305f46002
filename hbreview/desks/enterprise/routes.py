"""What the enterprise types and attaches; and files for whoever may see them."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from flask import Blueprint, Response, abort, current_app, g, make_response, request, url_for
from sqlalchemy import select

from ... import hx
from ...acts import answering, attaching
from ...acts.answering import Answering, ClashError, NotEditableError
from ...acts.attaching import Attaching, Upload
from ...acts.holding import version_from
from ...evaluation.file_kinds import SHOWN_INLINE
from ...extensions import db
from ...model import Attachment
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import N_, Reason
from ...workflow.errors import InvalidError, StaleError
from ...workflow.policy import Action, has_role_for
from ..counter import panels

enterprise = Blueprint("enterprise", __name__)
_NOT_FIELDS = frozenset({"csrf_token", "version", "request_key"})


@enterprise.post("/submissions/<submission_id>/answers")
@policy(Action.ANSWER)
def save(submission_id: str) -> Response:
    version = version_from(request.form.get("version"))
    raw = {key: text for key, text in request.form.items() if key not in _NOT_FIELDS}
    try:
        answering.save_answers(Answering(submission_id, version, raw), origin=origin())
    except InvalidError as error:
        _save_the_rest(submission_id, version, raw, error)
        return _saved(422, raw, problems={reason.field: reason for reason in error.reasons})
    except ClashError as error:
        return _saved(409, raw, clashes={clash.key: clash for clash in error.clashes})
    except NotEditableError as error:
        return _saved(409, raw, reasons=(Reason(sentence_for(error)),))
    if hx.wants_fragment():
        return _saved(200, raw)
    return hx.go_to(url_for("counter.submission", submission_id=submission_id, saved=1))


def _save_the_rest(submission_id: str, version: int, raw: dict[str, str], error: InvalidError) -> None:
    """Fields that are right are kept although another one is not: nothing that was typed is lost."""
    wrong = {reason.field for reason in error.reasons}
    rest = {key: text for key, text in raw.items() if key not in wrong}
    if rest:
        try:
            answering.save_answers(Answering(submission_id, version, rest), origin=origin())
        except StaleError:
            return


def _saved(status: int, raw: dict[str, str], **more: object) -> Response:
    """For htmx the fields that were sent with what follows from them; else the whole page with what was typed."""
    if status != 200:  # noqa: PLR2004 - a refused act was rolled back: the row is read again
        db.session().refresh(g.submission, ["version", "state"])
    # What colleagues changed meanwhile goes along: the page moves to the newest version, so it must show it.
    more["since"] = version_from(request.form.get("version"))
    faulty = {*more.get("problems", {}), *more.get("clashes", {})}  # type: ignore[misc]  # both are mappings or absent
    typed = {key: text for key, text in raw.items() if key in faulty or more.get("reasons")}
    more |= {"sent": list(raw), "typed": typed, "all_kept": status == 200}  # noqa: PLR2004 - as above
    context = panels.submission_context(form_only=hx.wants_fragment(), **more)
    return hx.page_or_part("counter/submission.html", "enterprise/_saved.html", status=status, **context)


@enterprise.post("/submissions/<submission_id>/attachments")
@policy(Action.ATTACH)
def attach(submission_id: str) -> Response:
    version = version_from(request.form.get("version"))
    field = request.form.get("field", "")
    uploads = [file for file in request.files.getlist("file") if file.filename]
    try:
        if not uploads:
            raise InvalidError([Reason(N_("Please choose a file."), "file")])
        whole = origin()
        for number, upload in enumerate(uploads):
            # Each file is an act of its own, so each has a one-time key of its own.
            one = replace(whole, key=f"{whole.key[:60]}-{number}" if whole.key else None)
            attached = attaching.attach(
                Attaching(submission_id, version, field, Upload(upload.filename or "", upload.stream)),
                origin=one,
                storage=current_app.config["STORAGE"],
                limit=current_app.config["SETTINGS"].upload_bytes,
            )
            version = max(version, attached.version)
    except InvalidError as error:
        return panels.submission_page(422, problems={field: error.reasons[0]})
    except NotEditableError as error:
        return panels.submission_page(409, reasons=(Reason(sentence_for(error)),))
    way = request.form.get("next", "")
    endpoint = "audit.record" if way == "audit" else "counter.submission"
    return hx.go_to(url_for(endpoint, submission_id=submission_id, _anchor=f"field-{field}"))


@enterprise.post("/attachments/<attachment_id>/remove")
@policy(Action.ATTACH)
def remove(attachment_id: str) -> Response:
    version = version_from(request.form.get("version"))
    attaching.remove(attachment_id, version, origin=origin())
    return hx.go_to(url_for("counter.submission", submission_id=g.submission.public_id))


@enterprise.get("/attachments/<attachment_id>")
@policy(Action.SEE_ATTACHMENT)
def attachment(attachment_id: str) -> Response:
    row = db.session().scalar(select(Attachment).where(Attachment.public_id == attachment_id))
    if row is None:
        abort(404)
    if row.field == "audit_report_file" and not has_role_for(signed_in_actor(), Action.SEE_AUDIT_RECORD):
        abort(404)
    content = current_app.config["STORAGE"].read(row.sha256)
    response = make_response(content)
    response.headers["Content-Type"] = row.media_type
    inline = request.args.get("inline") and row.media_type in SHOWN_INLINE
    response.headers["Content-Disposition"] = disposition(row.name, inline=bool(inline))
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def disposition(name: str, *, inline: bool) -> str:
    """The header that names a download, right for Chinese names in every browser (U06)."""
    ending = name.rpartition(".")[2]
    plain = f"file.{ending}" if ending.isascii() and ending.isalnum() else "file"
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
