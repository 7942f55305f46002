"""Which parts of a submission's page this person gets. Asks the policy; knows no rule of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g, make_response, render_template, request
from flask.wrappers import Response
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ... import clock, hx
from ...acts import keeping_phrases, looking, reviewing
from ...acts.answering import NotEditableError
from ...acts.freezing import frozen_attachments
from ...acts.signing_off import sign_off_facts
from ...acts.standing import Standing
from ...acts.weighing import SubmissionCase
from ...extensions import db
from ...model import Firm, Person, Submission
from ...model.kept import programme_of
from ...programmes.loader import regions
from ...refusals import sentence_for
from ...security import signed_in_actor
from ...words import Reason, Role, RoundState, State, Trigger
from ...workflow.chain import STEPS, Step
from ...workflow.policy import Action, has_role_for, may_fire
from . import changes, queries
from .decision_shown import decision_of

OK, CONFLICT = 200, 409


def steps_for(submission: Submission) -> list[Step]:
    """The triggers that this person may fire from the state that the submission is in."""
    who = signed_in_actor()
    return [step for step in STEPS if step.source is submission.state and may_fire(who, step.trigger)]


def can_edit(submission: Submission) -> bool:
    """Whether this person may type into the form now."""
    open_draft = submission.state is State.DRAFT and submission.round.state is RoundState.OPEN
    return open_draft and has_role_for(signed_in_actor(), Action.ANSWER)


def submission_context(**more: Any) -> dict[str, Any]:
    """What the templates of a submission's page need, for the submission that the door has loaded."""
    session, submission, who = db.session(), g.submission, signed_in_actor()
    sees_comments = has_role_for(who, Action.SEE_COMMENTS)
    asked = request.args.get("indicator", 0, type=int)
    view = queries.view_of(session, submission, who, comments=sees_comments, indicator=asked)
    editing = can_edit(submission)
    context: dict[str, Any] = {
        "view": view,
        "form": view.form,
        "submission": submission,
        "programme": view.programme,
        "steps": steps_for(submission),
        "can_edit": editing,
        "sibling": queries.sibling_of(session, submission, who) if editing else None,
        "sees_comments": sees_comments,
        "region_names": {region.key: region.name for region in regions()},
        "problems": {},
        "typed": {},
        "reasons": (),
        "step_reasons": {},
    }
    if has_role_for(who, Action.LOOK):
        look, sequence = looking.look_of(session, submission, who)
        context |= {"look": look, "look_sequence": sequence, "since": looking.since(look, submission)}
    if has_role_for(who, Action.SEE_DECISION):
        context["decided"] = decision_of(session, submission)
    if has_role_for(who, Action.REVIEW):
        context |= team_context(submission)
    if has_role_for(who, Action.ASSIGN):
        context |= _assignment_context(submission)
    return context | more


def review_page(status: int = 200, **more: Any) -> Response:
    """Everything once more before it is sent, with the reasons why it was not, if it was tried."""
    if status != OK:
        read_again()
    session, submission = db.session(), g.submission
    context = submission_context(**more)
    form: Standing = context["view"].form
    before = queries.revision_of(session, submission, submission.revision_number)
    facts = sign_off_facts(session, submission, form.filled)
    context["signed_by_others"] = bool(facts.signed_by - {signed_in_actor().person_id})
    context["scan_is_older"] = queries.changed_since_scan(session, submission, context["view"].attachments)
    context |= {"sign_off": facts, "first": submission.revision_number, "second": 0, "changes": [], "files": []}
    if before is not None:
        context["changes"] = changes.between_answers(form.programme, before.answers, form.answers, last=form.last)
        now = frozen_attachments(session, submission.id)
        context["files"] = changes.between_files(form.programme, before.attachments, now)
    return hx.page_or_part("enterprise/review.html", "enterprise/_review.html", status=status, **context)


def team_context(submission: Submission) -> dict[str, Any]:
    """What the city's team notes on the submission, and the sentences that it keeps for its decisions."""
    session = db.session()
    deciding = submission.state is State.SUBMITTED
    return {
        "team": reviewing.team_of(session, submission),
        "programme": programme_of(session, submission.programme_version_id),
        "phrases": keeping_phrases.phrases_of(session, submission.region) if deciding else {},
        "today": clock.today().isoformat(),
    }


def return_context() -> dict[str, Any]:
    """What the full form of a return needs: every comment that can be chosen."""
    session, submission = db.session(), g.submission
    case = SubmissionCase(session, submission, {})
    return {
        "submission": submission,
        "programme": case.programme,
        "mendable": case.mendable_comments,
        "phrases": keeping_phrases.phrases_of(session, submission.region),
        "typed": {},
        "refused": "",
        "step_reasons": (),
    }


def _assignment_context(submission: Submission) -> dict[str, Any]:
    session = db.session()
    experts = select(Person.public_id, Person.name).filter_by(role=Role.EXPERT, suspended_at=None)
    return {
        "firms": list(session.execute(select(Firm.public_id, Firm.name).order_by(Firm.name))),
        "experts": list(session.execute(experts.order_by(Person.name))),
        "sheets": queries.sheets_of(session, submission),
    }


def submission_page(status: int = 200, **more: Any) -> Response:
    """The whole page of the submission, with whatever messages ``more`` brings; after a refusal as it stands now."""
    if status != OK:
        read_again()
    return hx.page_or_part(
        "counter/submission.html", "counter/_submission.html", status=status, **submission_context(**more)
    )


def not_now(error: NotEditableError, **more: Any) -> Response:
    """Nothing of the form may be changed now: the sentence says why, and what was typed stays."""
    reasons = (Reason(sentence_for(error)),)
    if hx.wants_fragment():
        return hx.in_live_region(make_response(render_template("layout/_reasons.html", reasons=reasons), CONFLICT))
    return submission_page(CONFLICT, reasons=reasons, **more)


def read_again() -> None:
    """A refused act leaves the door's row behind: expired, and without the firm that the page names."""
    query = select(Submission).where(Submission.id == g.submission.id)
    query = query.options(joinedload(Submission.round), joinedload(Submission.firm))
    db.session().scalar(query.execution_options(populate_existing=True))


@dataclass(frozen=True, slots=True)
class Refused:
    """A step that was refused: the trigger, why, with which status, and what was typed. ``version`` and ``revision``
    are what was on the screen, so that the page can say what has changed since."""

    trigger: Trigger
    reasons: tuple[Reason, ...]
    status: int
    data: Mapping[str, str]
    version: int = 0
    revision: int = 0


def refused_step(refused: Refused) -> Response:
    """The page again after a trigger was refused: reasons beside their inputs, everything typed kept."""
    more: dict[str, Any] = {"step_reasons": refused.reasons, "typed": refused.data}
    if refused.trigger is Trigger.SUBMIT:
        return review_page(refused.status, **more)
    if refused.status == CONFLICT:
        more["meanwhile"] = queries.entries_since(db.session(), g.submission, version=refused.version)
        more["seen_revision"] = refused.revision if refused.revision <= g.submission.revision_number else 0
    if "mend" in refused.data and g.submission.state is State.SUBMITTED:
        more["mendable"] = SubmissionCase(db.session(), g.submission, {}).mendable_comments
    return submission_page(refused.status, refused=refused.trigger.value, **more)
