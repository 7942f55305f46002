"""Comment threads per indicator: parts that every desk's page includes, whole pages by themselves."""

from __future__ import annotations

from flask import Blueprint, Response, abort, g, request, url_for

from ... import hx
from ...acts import commenting
from ...acts.answering import NotEditableError
from ...acts.commenting import Remark
from ...acts.holding import version_from
from ...extensions import db
from ...model import Comment
from ...model.kept import programme_of
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import N_, Reason, Visibility
from ...workflow.errors import InvalidError, MalformedError, StaleError
from ...workflow.policy import Action
from ..counter import queries

discussion = Blueprint("discussion", __name__)


def _thread(order: int, *, status: int = 200, **more: object) -> Response:
    session, submission = db.session(), g.submission
    programme = programme_of(session, submission.programme_version_id)
    if order not in {indicator.order for indicator in programme.indicators}:
        abort(404)
    threads = queries.threads_of(session, submission, signed_in_actor(), indicator=order)
    return hx.page_or_part(
        "discussion/thread.html",
        "discussion/_thread.html",
        status=status,
        submission=submission,
        programme=programme,
        indicator=programme.indicator(order),
        comments=threads.get(order, []),
        reply_to=request.args.get("reply", ""),
        **more,
    )


@discussion.get("/submissions/<submission_id>/indicators/<int:order>")
@policy(Action.SEE_COMMENTS)
def thread(submission_id: str, order: int) -> Response:
    return _thread(order)


@discussion.post("/submissions/<submission_id>/indicators/<int:order>/comments")
@policy(Action.COMMENT)
def post(submission_id: str, order: int) -> Response:
    form = request.form
    given = form.get("visibility", Visibility.ENTERPRISE.value)
    if given not in set(Visibility):
        raise MalformedError("visibility")
    version = form.get("version")
    remark = Remark(
        submission=submission_id,
        indicator=order,
        body=form.get("body", ""),
        blocking=form.get("blocking", "") in {"1", "on", "true", "yes"},
        visibility=Visibility(given),
        parent=form.get("parent", ""),
        thread_version=None if version is None else _thread_version(version),
    )
    try:
        commenting.post_comment(remark, origin=origin())
    except InvalidError as error:
        return _thread(order, status=422, typed=form, reasons=error.reasons)
    except StaleError:
        return _thread(order, status=409, typed=form, reasons=(Reason(_GROWN),))
    except NotEditableError as error:
        return _thread(order, status=409, typed=form, reasons=(Reason(sentence_for(error)),))
    if hx.wants_fragment():
        return _thread(order)
    return hx.go_to(url_for("counter.submission", submission_id=submission_id, _anchor=f"thread-{order}"))


_GROWN = N_("Somebody wrote here meanwhile: read it above; your text is kept below, and can be sent again.")


def _thread_version(text: str) -> int:
    """How many comments were on the screen; 0 for an empty thread."""
    return 0 if text == "0" else version_from(text)


@discussion.post("/comments/<comment_id>/resolve")
@policy(Action.SETTLE_COMMENT)
def resolve(comment_id: str) -> Response:
    return _settle(comment_id, resolved=True)


@discussion.post("/comments/<comment_id>/reopen")
@policy(Action.SETTLE_COMMENT)
def reopen(comment_id: str) -> Response:
    return _settle(comment_id, resolved=False)


def _settle(comment_id: str, *, resolved: bool) -> Response:
    commenting.settle(comment_id, resolved=resolved, origin=origin())
    comment = db.session().query(Comment).filter_by(public_id=comment_id).one()
    if hx.wants_fragment():
        return _thread(comment.indicator)
    way = url_for("counter.submission", submission_id=g.submission.public_id, _anchor=f"thread-{comment.indicator}")
    return hx.go_to(way)
