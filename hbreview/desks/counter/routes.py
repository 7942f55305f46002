"""The addresses that all roles share: own desk, queue, one submission, its triggers and its history."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, abort, current_app, g, make_response, render_template, request, url_for

from ... import hx
from ...acts import attaching, moving
from ...acts.answering import NotEditableError
from ...acts.attaching import Attaching, Upload
from ...acts.holding import version_from
from ...acts.moving import Firing
from ...acts.standing import standing_of
from ...evaluation import computed
from ...extensions import db
from ...model.kept import programme_of
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import Reason, Trigger
from ...workflow.chain import BY_TRIGGER
from ...workflow.errors import InvalidError, StaleError, WrongStateError
from ...workflow.policy import Action, has_role_for, may_fire
from . import changes, panels, queries

counter = Blueprint("counter", __name__)
_TRIGGERS = ",".join(trigger.value for trigger in Trigger)
# Where each person's own desk is: the first of these that the policy opens.
_DESKS = (
    (Action.ENTERPRISE_DESK, "enterprise.desk"),
    (Action.RUN_ROUNDS, "province.rounds"),
    (Action.LIST_SUBMISSIONS, "counter.queue"),
    (Action.MANAGE_PEOPLE, "admin.people"),
)


@counter.get("/")
@policy(Action.OWN_DESK)
def home() -> Response:
    who = signed_in_actor()
    endpoint = next(endpoint for action, endpoint in _DESKS if has_role_for(who, action))
    return hx.go_to(url_for(endpoint))


@counter.get("/submissions/<submission_id>")
@policy(Action.SEE_SUBMISSION)
def submission(submission_id: str) -> Response:
    return panels.submission_page()


@counter.post(f"/submissions/<submission_id>/<any({_TRIGGERS}):trigger>")
@policy(Action.MOVE)
def move(submission_id: str, trigger: str) -> Response:
    step = BY_TRIGGER[Trigger(trigger)]
    if not may_fire(signed_in_actor(), step.trigger):
        abort(403)
    version = version_from(request.form.get("version"))
    data = {name: request.form.get(name, "")[:5000] for name in step.needs}
    try:
        version = _keep_scan(submission_id, version, step.needs)
        moving.fire(Firing(submission_id, step.trigger, version, data), origin=origin())
    except InvalidError as error:
        return panels.refused_step(trigger, error.reasons, status=422, data=data)
    except (StaleError, WrongStateError, NotEditableError) as error:
        return panels.refused_step(trigger, (Reason(sentence_for(error)),), status=409, data=data)
    sent = 1 if step.trigger is Trigger.SUBMIT else None
    return hx.go_to(url_for("counter.submission", submission_id=submission_id, sent=sent))


def _keep_scan(submission_id: str, version: int, needs: tuple[str, ...]) -> int:
    """Attach the sealed page's scan that came with an approval, so that a refusal does not lose it."""
    upload = request.files.get("seal_scan")
    if "seal_scan" not in needs or upload is None or not upload.filename:
        return version
    if version != g.submission.version:
        return version
    try:
        attached = attaching.attach(
            Attaching(submission_id, version, "city_seal", Upload(upload.filename, upload.stream), exact=True),
            origin=replace(origin(), key=None, digest=None),  # the one-time key is the approval's
            storage=current_app.config["STORAGE"],
            limit=current_app.config["SETTINGS"].upload_bytes,
            scanner=current_app.config["SCANNER"],
        )
    except (StaleError, NotEditableError):
        # It has moved on: the firing says so, or answers a repeated request as the first time (C05).
        return version
    return attached.version


@counter.get("/submissions/<submission_id>/history")
@policy(Action.SEE_SUBMISSION)
def history(submission_id: str) -> Response:
    session = db.session()
    return make_response(
        render_template(
            "counter/history.html",
            submission=g.submission,
            course=queries.course_of(session, g.submission),
            revisions=queries.revisions_of(session, g.submission),
        )
    )


@counter.get("/submissions/<submission_id>/revisions/<int:number>")
@policy(Action.SEE_SUBMISSION)
def revision(submission_id: str, number: int) -> Response:
    session = db.session()
    found = queries.revision_of(session, g.submission, number)
    if found is None:
        abort(404)
    programme = programme_of(session, g.submission.programme_version_id)
    shown = computed.effective(programme, found.answers, last=standing_of(session, g.submission).last)
    return make_response(
        render_template(
            "counter/revision.html", submission=g.submission, programme=programme, revision=found, shown=shown
        )
    )


@counter.get("/submissions/<submission_id>/diff")
@policy(Action.SEE_SUBMISSION)
def diff(submission_id: str) -> Response:
    session = db.session()
    latest = g.submission.revision_number
    first = request.args.get("from", max(latest - 1, 1), type=int)
    second = request.args.get("to", latest, type=int)
    before = queries.revision_of(session, g.submission, first)
    after = queries.revision_of(session, g.submission, second)
    if before is None or after is None:
        abort(404)
    programme = programme_of(session, g.submission.programme_version_id)
    last = standing_of(session, g.submission).last
    page = render_template(
        "counter/diff.html",
        submission=g.submission,
        changes=changes.between_answers(programme, before.answers, after.answers, last=last),
        files=changes.between_files(programme, before.attachments, after.attachments),
        first=first,
        second=second,
    )
    return make_response(page)
