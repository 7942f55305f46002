"""A second person of the organisation signs a form off before it is sent, or declines with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import clock
from ..model import Organisation, Person, Round, SignOff, Submission
from ..transact import Receipt, carry_out
from ..words import N_, Reason, RoundState, State
from ..workflow.errors import ForbiddenError, InvalidError
from ..workflow.guards import SignOffFacts
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action, has_role_for
from . import holding
from .answering import NotEditableError, require_editable
from .freezing import frozen_attachments, revision_digest
from .standing import standing_of

LONGEST = 1000
_LEAST_PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Signature:
    """What a second person says to the form of this version; ``declined``: why it may not be sent."""

    submission: str
    version: int
    declined: str | None = None


def sign_off(signature: Signature, *, origin: Origin) -> Receipt:
    """Sign the form as it stands, or decline. StaleError on another version; InvalidError without a reason."""
    return carry_out(lambda session: _sign(session, signature, origin), origin=origin)


def _sign(session: Session, signature: Signature, origin: Origin) -> Receipt:
    submission = _held(session, signature.submission, signature.version, origin=origin)
    reason = (signature.declined or "").strip()
    if signature.declined is not None and not reason:
        raise InvalidError([Reason(N_("Please give the reason."), "declined")])
    if len(reason) > LONGEST:
        raise InvalidError([Reason(N_("At most %(count)s characters."), "declined", values={"count": str(LONGEST)})])
    digest = form_digest(session, submission)
    person_id = origin.actor.person_id if origin.actor else 0
    session.add(
        SignOff(
            submission_id=submission.id, person_id=person_id, digest=digest, declined=reason, created_at=clock.now()
        )
    )
    data = {"digest": digest} | ({"reason": reason} if reason else {})
    act = "decline_sign_off" if reason else "sign_off"
    holding.record(session, submission, origin=origin, act=act, target=submission.public_id, data=data)
    return Receipt(submission.public_id, submission.version)


def ask(submission_id: str, version: int, *, origin: Origin) -> Receipt:
    """Ask the colleagues to sign off: they are told, nothing else changes."""
    return carry_out(lambda session: _ask(session, submission_id, version, origin=origin), origin=origin)


def _ask(session: Session, submission_id: str, version: int, *, origin: Origin) -> Receipt:
    submission = _held(session, submission_id, version, origin=origin)
    holding.record(session, submission, origin=origin, act="ask_sign_off", target=submission.public_id)
    return Receipt(submission.public_id, submission.version)


def _held(session: Session, submission_id: str, version: int, *, origin: Origin) -> Submission:
    submission = holding.hold(session, submission_id, origin=origin, action=Action.SIGN_OFF)
    holding.require_version(submission, version)
    require_editable(submission)
    if not _wanted(session, submission):
        raise NotEditableError(N_("Your organisation asks for no second signature."))
    return submission


def form_digest(session: Session, submission: Submission) -> str:
    """The digest over what the form holds now, as a revision of it would have."""
    return revision_digest(standing_of(session, submission).filled, frozen_attachments(session, submission.id))


def _wanted(session: Session, submission: Submission) -> bool:
    query = select(Organisation.second_signature).where(Organisation.id == submission.organisation_id)
    return bool(session.scalar(query))


def sign_off_facts(session: Session, submission: Submission, answers: Mapping[str, str]) -> SignOffFacts:
    """Whether the organisation wants a second signature, who gave one to this content, and who declined."""
    if not _wanted(session, submission):
        return SignOffFacts()
    digest = revision_digest(answers, frozen_attachments(session, submission.id))
    query = select(SignOff).where(SignOff.submission_id == submission.id, SignOff.digest == digest)
    latest = {row.person_id: row for row in session.scalars(query.order_by(SignOff.id))}
    signed = frozenset(person for person, row in latest.items() if not row.declined)
    declined = next((row.declined for row in latest.values() if row.declined), "")
    return SignOffFacts(True, signed, declined)


def want_second_signature(wanted: bool, *, origin: Origin) -> Receipt:
    """Switch the second signature on or off for the actor's organisation; on needs two people to be there."""
    return carry_out(lambda session: _want(session, wanted, origin), origin=origin)


def _want(session: Session, wanted: bool, origin: Origin) -> Receipt:
    actor = origin.actor
    if actor is None or not has_role_for(actor, Action.SET_ORGANISATION):
        raise ForbiddenError
    organisation = session.scalars(
        select(Organisation).where(Organisation.id == actor.organisation_id).with_for_update(key_share=True)
    ).one()
    people = select(func.count()).where(Person.organisation_id == organisation.id, Person.suspended_at.is_(None))
    if wanted and (session.scalar(people) or 0) < _LEAST_PEOPLE:
        text = N_("A second signature needs a second account of your organisation: ask the administrator for one.")
        raise InvalidError([Reason(text, "second_signature")])
    if not wanted and (session.scalar(people) or 0) >= _LEAST_PEOPLE and _has_unsent(session, organisation):
        text = N_("It stays on while a form is still to be sent: nobody can switch it off and send alone.")
        raise InvalidError([Reason(text, "second_signature")])
    if organisation.second_signature == wanted:
        return Receipt(organisation.public_id, organisation.version)
    before = organisation.version
    organisation.second_signature, organisation.version = wanted, before + 1
    deed = Deed(
        act="want_second_signature", target=organisation.public_id, versions=(before, before + 1),
        data={"wanted": wanted},
    )  # fmt: skip
    append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(organisation.public_id, organisation.version)


def _has_unsent(session: Session, organisation: Organisation) -> bool:
    query = (
        select(Submission.id)
        .join(Round, Round.id == Submission.round_id)
        .where(
            Submission.organisation_id == organisation.id,
            Submission.state == State.DRAFT,
            Round.state == RoundState.OPEN,
        )
    )
    return organisation.second_signature and session.scalar(query.limit(1)) is not None
