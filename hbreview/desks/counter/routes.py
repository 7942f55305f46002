"""The addresses that all roles share: own desk, queue, one submission, its triggers and its history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, make_response, render_template, request, url_for

from ... import hx
from ...acts import attaching, keeping_phrases, looking, moving
from ...acts.answering import NotEditableError
from ...acts.attaching import Attaching, Upload
from ...acts.holding import version_from
from ...acts.moving import Firing
from ...evaluation import computed
from ...extensions import db
from ...model import Submission
from ...model.kept import programme_of
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import N_, Reason, Trigger
from ...workflow.chain import BY_TRIGGER
from ...workflow.errors import InvalidError, StaleError, WrongStateError
from ...workflow.policy import Action, has_role_for, may_fire
from . import changes, notices_made, panels, queries
from .panels import Refused

counter = Blueprint("counter", __name__)
LONGEST = 5000
_MOVED_ON = N_("It has moved on meanwhile, and nothing was done. This page shows it as it stands now: look again.")
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
    version = asked = version_from(request.form.get("version"))
    data = _given(step.needs)
    try:
        version = _keep_scan(submission_id, version, step.needs)
        moving.fire(Firing(submission_id, step.trigger, version, data), origin=origin())
    except InvalidError as error:
        return panels.refused_step(Refused(step.trigger, error.reasons, 422, data))
    except (StaleError, WrongStateError, NotEditableError) as error:
        seen = {"version": asked, "revision": request.form.get("revision", 0, type=int)}
        why = sentence_for(error) if isinstance(error, NotEditableError) else _MOVED_ON
        return panels.refused_step(Refused(step.trigger, (Reason(why),), 409, data, **seen))
    sent = 1 if step.trigger is Trigger.SUBMIT else None
    return hx.go_to(url_for("counter.submission", submission_id=submission_id, sent=sent))


def _given(needs: tuple[str, ...]) -> dict[str, str]:
    """What the step takes, as it was given. Chosen comments come one by one, and not at all from the short form."""
    data = {name: request.form.get(name, "").replace("\0", "")[:LONGEST] for name in needs if name != "mend"}
    if "mend" in needs and "mend" in request.form:
        data["mend"] = " ".join(request.form.getlist("mend"))
    told = next((name for name in ("opinion", "reason") if name in needs), "")
    if told and not data[told].strip() and (phrase := request.form.get("phrase")):
        data[told] = keeping_phrases.phrase_of(db.session(), g.submission.region, phrase)
    return data


def _keep_scan(submission_id: str, version: int, needs: tuple[str, ...]) -> int:
    """Attach the sealed page's scan that came with an approval, so that a refusal does not lose it."""
    upload = request.files.get("seal_scan")
    if "seal_scan" not in needs or upload is None or not upload.filename:
        return version
    if version != g.submission.version:
        return version
    try:
        attached = attaching.attach(
            # A second try brings its scan again: it takes the place of the one before, as only one is sealed.
            Attaching(
                submission_id,
                version,
                "city_seal",
                Upload(upload.filename, upload.stream),
                exact=True,
                replaces=queries.seal_scan_of(db.session(), g.submission),
            ),
            origin=replace(origin(), key=None, digest=None),  # the one-time key is the approval's
            storage=current_app.config["STORAGE"],
            limit=current_app.config["SETTINGS"].upload_bytes,
            scanner=current_app.config["SCANNER"],
        )
    except (StaleError, NotEditableError):
        # It has moved on: the firing says so, or answers a repeated request as the first time (C05).
        return version
    return attached.version


@counter.get("/submissions/<submission_id>/next")
@policy(Action.SEE_SUBMISSION)
def following(submission_id: str) -> Response:
    """The next submission that waits for this person, in roster order and round again; the queue when none does."""
    found = queries.next_after(db.session(), g.submission, signed_in_actor())
    return hx.go_to(url_for("counter.submission", submission_id=found) if found else url_for("counter.queue"))


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
            notices=notices_made.notices_of(session, g.submission) if _reads_comments() else [],
        )
    )


def _reads_comments() -> bool:
    return has_role_for(signed_in_actor(), Action.SEE_COMMENTS)


@counter.get("/submissions/<submission_id>/revisions/<int:number>")
@policy(Action.SEE_SUBMISSION)
def revision(submission_id: str, number: int) -> Response:
    session = db.session()
    found = queries.revision_of(session, g.submission, number)
    if found is None:
        abort(404)
    programme = programme_of(session, g.submission.programme_version_id)
    who = signed_in_actor()
    answers, last = queries.answers_for(who, programme, found.answers), queries.form_of(session, g.submission, who).last
    shown = computed.effective(programme, answers, last=last)
    return make_response(
        render_template(
            "counter/revision.html", submission=g.submission, programme=programme, revision=found, shown=shown
        )
    )


@counter.get("/submissions/<submission_id>/diff")
@policy(Action.SEE_SUBMISSION)
def diff(submission_id: str) -> Response:
    """What changed between two revisions; by default since the reviewer's own last look, else since the one before."""
    session, submission = db.session(), g.submission
    latest = submission.revision_number
    since = _last_look(submission)
    first = request.args.get("from", since or max(latest - 1, 1), type=int)
    second = request.args.get("to", latest, type=int)
    programme = programme_of(session, submission.programme_version_id)
    context: dict[str, Any] = {"changes": [], "files": [], "first": first, "second": second}
    before, after = (queries.revision_of(session, submission, number) for number in (first, second))
    if before is None or after is None:
        abort(404)
    who = signed_in_actor()
    last = queries.form_of(session, submission, who).last
    told = [queries.answers_for(who, programme, one.answers) for one in (before, after)]
    context["changes"] = changes.between_answers(programme, *told, last=last)
    context["files"] = changes.between_files(programme, before.attachments, after.attachments)
    return hx.page_or_part(
        "counter/diff.html",
        "counter/_diff.html",
        submission=submission,
        programme=programme,
        revisions=queries.revisions_of(session, submission),
        since_last_look=bool(since) and (first, second) == (since, latest),
        **context,
    )


def _last_look(submission: Submission) -> int:
    who = signed_in_actor()
    if not has_role_for(who, Action.LOOK):
        return 0
    look, _sequence = looking.look_of(db.session(), submission, who)
    return looking.since(look, submission)
