"""Comment threads per indicator: parts that every desk's page includes, whole pages by themselves."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, g, make_response, render_template, request, url_for

from ... import hx
from ...acts import comment_files, commenting, rewording
from ...acts.answering import NotEditableError
from ...acts.attaching import Upload
from ...acts.commenting import Remark
from ...acts.holding import version_from
from ...acts.rewording import Rewording
from ...acts.standing import standing_of
from ...extensions import db
from ...model.kept import programme_of
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import N_, Reason, Visibility
from ...workflow.errors import InvalidError, MalformedError, StaleError
from ...workflow.policy import Action
from ..counter import queries, thread_queries

discussion = Blueprint("discussion", __name__)
_GROWN = N_("Somebody wrote here meanwhile: read it above; your text is kept below, and can be sent again.")
_REWORDED = N_("It was changed meanwhile: read it above; your text is kept below, and can be saved again.")
_MODES = frozenset({"reply", "edit"})


def _require_indicator(order: int) -> None:
    programme = programme_of(db.session(), g.submission.programme_version_id)
    if order not in {indicator.order for indicator in programme.indicators}:
        abort(404)


@discussion.get("/submissions/<submission_id>/indicators")
@policy(Action.SEE_COMMENTS)
def counts(submission_id: str) -> Response:
    """How much is written on each indicator, as parts that the page asks for from time to time."""
    if not hx.wants_fragment():
        return hx.go_to(url_for("counter.submission", submission_id=submission_id))
    found = thread_queries.counts_of(db.session(), g.submission, signed_in_actor())
    programme = programme_of(db.session(), g.submission.programme_version_id)
    return make_response(render_template("discussion/_counts.html", counts=found, programme=programme))


@discussion.get("/submissions/<submission_id>/indicators/<int:order>")
@policy(Action.SEE_COMMENTS)
def thread(submission_id: str, order: int) -> Response:
    """One indicator: what it looks at, what proves it, last year, what the checks say, and what was said about it."""
    return _panel(order)


def _panel(order: int, *, status: int = 200, **more: Any) -> Response:
    _require_indicator(order)
    session, submission, who = db.session(), g.submission, signed_in_actor()
    form, files = standing_of(session, submission), thread_queries.files_of(session, submission)
    said = thread_queries.comments_on(session, submission, who, indicator=order)
    indicator = form.programme.indicator(order)
    context = _modes() | {
        "submission": submission,
        "programme": form.programme,
        "form": form,
        "indicator": indicator,
        "proofs": queries.proofs(queries.by_field(files), indicator),
        "thread": thread_queries.with_files(said, files),
    }
    return hx.page_or_part("discussion/thread.html", "discussion/_panel.html", status=status, **(context | more))


def _modes() -> dict[str, str]:
    """Which comment is being answered or written anew, as the address says."""
    return {mode: request.args.get(mode, "")[:32] for mode in _MODES}


def _refused_thread(order: int, *, status: int, reasons: tuple[Reason, ...], **more: Any) -> Response:
    """The thread as it stands now with what was typed: in the place of the old one, or as a whole page."""
    given = {"reasons": reasons, "typed": request.form, **more}
    if not hx.wants_fragment():
        return _panel(order, status=status, **given)
    session, who = db.session(), signed_in_actor()
    said = thread_queries.comments_on(session, g.submission, who, indicator=order)
    files = thread_queries.files_of(session, g.submission)
    programme = programme_of(session, g.submission.programme_version_id)
    part = render_template(
        "discussion/_thread.html",
        submission=g.submission,
        programme=programme,
        indicator=programme.indicator(order),
        thread=thread_queries.with_files(said, files),
        **(_modes() | given),
    )
    response = make_response(part, status)
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = f"#thread-{order}", "outerHTML"
    return response


@discussion.post("/submissions/<submission_id>/indicators/<int:order>/comments")
@policy(Action.COMMENT)
def post(submission_id: str, order: int) -> Response:
    remark = _remark(submission_id, order)
    _require_indicator(order)
    try:
        receipt = _keep(remark)
    except InvalidError as error:
        return _refused_thread(order, status=422, reasons=error.reasons, reply=remark.parent)
    except StaleError:
        return _refused_thread(order, status=409, reasons=(Reason(_GROWN),), reply=remark.parent)
    except NotEditableError as error:
        return _refused_thread(order, status=409, reasons=(Reason(sentence_for(error)),), reply=remark.parent)
    if hx.wants_fragment():
        return _said(receipt.target, "discussion/_posted.html", files="file" in request.files)
    return _back(order)


def _remark(submission_id: str, order: int) -> Remark:
    form = request.form
    given = form.get("visibility", Visibility.ENTERPRISE.value)
    if given not in set(Visibility):
        raise MalformedError("visibility")
    version = form.get("version")
    return Remark(
        submission=submission_id,
        indicator=order,
        body=form.get("body", ""),
        blocking=form.get("blocking", "") in {"1", "on", "true", "yes"},
        visibility=Visibility(given),
        parent=form.get("parent", ""),
        thread_version=None if version is None else _thread_version(version),
        fields=tuple(key for key in form.getlist("fields") if key),
    )


def _keep(remark: Remark) -> Any:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return commenting.post_comment(remark, origin=origin())
    config = current_app.config
    return comment_files.post_with_file(
        remark,
        Upload(upload.filename, upload.stream),
        origin=origin(),
        storage=config["STORAGE"],
        limit=config["SETTINGS"].upload_bytes,
        scanner=config["SCANNER"],
    )


def _thread_version(text: str) -> int:
    """How many comments were on the screen; 0 for an empty thread."""
    return 0 if text == "0" else version_from(text)


def _back(order: int) -> Response:
    address = url_for(
        "counter.submission", submission_id=g.submission.public_id, indicator=order, _anchor=f"thread-{order}"
    )
    return hx.go_to(address)


def _said(comment_id: str, template: str, *, status: int = 200, files: bool = True, **more: Any) -> Response:
    """A comment with its replies and the counts of its indicator: what goes back after it was changed."""
    session, submission = db.session(), g.submission
    rows, count = thread_queries.around(session, submission, signed_in_actor(), comment_id)
    comment = next(row for row in rows if row.public_id == comment_id)
    programme = programme_of(session, submission.programme_version_id)
    part = render_template(
        template,
        comment=comment,
        root=rows[0],
        submission=submission,
        programme=programme,
        indicator=programme.indicator(comment.indicator),
        thread=thread_queries.with_files(rows, thread_queries.files_with(session, rows) if files else []),
        count=count,
        **(_modes() | more),
    )
    return make_response(part, status)


def _order_of(comment_id: str) -> int:
    rows, _count = thread_queries.around(db.session(), g.submission, signed_in_actor(), comment_id)
    return rows[0].indicator


@discussion.get("/comments/<comment_id>")
@policy(Action.SEE_COMMENTS)
def one(comment_id: str) -> Response:
    """One comment, with the place to answer it or to write it anew; opened directly it is on its page."""
    if hx.wants_fragment():
        return _said(comment_id, "discussion/_changed.html")
    order, modes = _order_of(comment_id), _modes()
    way = url_for(
        "discussion.thread", submission_id=g.submission.public_id, order=order, reply=modes["reply"], edit=modes["edit"]
    )
    return hx.go_to(f"{way}#comment-{comment_id}")


@discussion.post("/comments/<comment_id>/edit")
@policy(Action.EDIT_COMMENT)
def edit(comment_id: str) -> Response:
    version = version_from(request.form.get("version"))
    body = request.form.get("body", "")
    try:
        rewording.reword(Rewording(comment_id, version, body), origin=origin())
    except InvalidError as error:
        return _not_reworded(comment_id, 422, error.reasons)
    except StaleError:
        return _not_reworded(comment_id, 409, (Reason(_REWORDED),))
    except NotEditableError as error:
        return _not_reworded(comment_id, 409, (Reason(sentence_for(error)),))
    return _changed(comment_id)


def _not_reworded(comment_id: str, status: int, reasons: tuple[Reason, ...]) -> Response:
    more: dict[str, Any] = {"reasons": reasons, "typed": request.form, "edit": comment_id}
    if hx.wants_fragment():
        return _said(comment_id, "discussion/_changed.html", status=status, **more)
    return _panel(_order_of(comment_id), status=status, **more)


@discussion.post("/comments/<comment_id>/resolve")
@policy(Action.SETTLE_COMMENT)
def resolve(comment_id: str) -> Response:
    commenting.settle(comment_id, resolved=True, origin=origin())
    return _changed(comment_id)


@discussion.post("/comments/<comment_id>/reopen")
@policy(Action.SETTLE_COMMENT)
def reopen(comment_id: str) -> Response:
    commenting.settle(comment_id, resolved=False, origin=origin())
    return _changed(comment_id)


def _changed(comment_id: str) -> Response:
    if hx.wants_fragment():
        return _said(comment_id, "discussion/_changed.html")
    return _back(_order_of(comment_id))
