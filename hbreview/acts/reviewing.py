"""What a city's team notes while it reviews: who has it, tags, a flag, the checklist, a second person's check.

None of it raises the submission's version: what colleagues note must not make a decision stale.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from .. import clock
from ..model import CitySetting, Interest, Person, Review, Submission
from ..model.kept import programme_of
from ..transact import Receipt, carry_out
from ..words import DECIDED, N_, Reason, Role, State
from ..workflow import deputies
from ..workflow.errors import InvalidError, MalformedError, StaleError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError

LONGEST_TAG, MOST_TAGS, LONGEST_FLAG = 20, 8, 500
Change = Callable[[Session, Submission, Review], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Team:
    """What the team has noted, as its page shows it. Ticks and the check are those of the revision on the table."""

    review: Review | None
    ticks: frozenset[str]
    second_check: bool
    checked_by: Person | None
    colleagues: Sequence[Person]

    @property
    def assignee(self) -> Person | None:
        """Who has it."""
        return next((one for one in self.colleagues if self.review and one.id == self.review.assignee_id), None)


def team_of(session: Session, submission: Submission) -> Team:
    """The team's notes and its people; two statements."""
    row = session.execute(
        select(Review, CitySetting.second_check)
        .select_from(Submission)
        .outerjoin(Review, Review.submission_id == Submission.id)
        .outerjoin(CitySetting, CitySetting.region == Submission.region)
        .where(Submission.id == submission.id)
    ).one()
    review: Review | None = row[0]
    people = colleagues_of(session, submission)
    number = submission.revision_number
    checked = review.checked_by if review and review.checked_revision == number else None
    return Team(
        review=review,
        ticks=frozenset(review.ticks) if review and review.ticks_revision == number else frozenset(),
        second_check=bool(row[1]),
        checked_by=next((person for person in people if person.id == checked), None),
        colleagues=people,
    )


def colleagues_of(session: Session, submission: Submission, *, province: bool = False) -> Sequence[Person]:
    """The city's reviewers with an account in use, and who stands in for one of them today; by name.

    Without those who have an interest in the organisation. ``province``: and the provincial team.
    """
    interested = select(Interest.person_id).where(Interest.organisation_id == submission.organisation_id)
    reviewer = and_(Person.role == Role.CITY, deputies.reviews(submission.region))
    query = select(Person).where(
        or_(reviewer, Person.role == Role.PROVINCE) if province else reviewer,
        Person.suspended_at.is_(None),
        Person.id.not_in(interested),
    )
    return session.scalars(query.order_by(Person.name, Person.id)).all()


def assign_reviewer(submission_id: str, person_id: str, *, origin: Origin) -> Receipt:
    """Give a submission to a colleague (a public id), or to nobody (""); InvalidError for anybody else."""

    def change(session: Session, submission: Submission, review: Review) -> Mapping[str, Any] | None:
        found = next((one for one in colleagues_of(session, submission) if one.public_id == person_id), None)
        if person_id and found is None:
            raise InvalidError([Reason(N_("Please choose a colleague."), "assignee")])
        if review.assignee_id == (found.id if found else None):
            return None
        review.assignee_id = found.id if found else None
        return {"to": found.name if found else ""}

    return _note(submission_id, "assign_reviewer", change, origin=origin, target=person_id)


def set_tags(submission_id: str, tags: Sequence[str], *, origin: Origin) -> Receipt:
    """The team's own words on a submission, in place of the former ones; InvalidError for too long or too many."""
    kept = list(dict.fromkeys(filter(None, ("".join(unicodedata.normalize("NFKC", tag).split()) for tag in tags))))
    if any(len(tag) > LONGEST_TAG for tag in kept):
        raise InvalidError([Reason(N_("At most %(count)s characters."), "tags", values={"count": str(LONGEST_TAG)})])
    if len(kept) > MOST_TAGS:
        raise InvalidError([Reason(N_("At most %(count)s tags."), "tags", values={"count": str(MOST_TAGS)})])

    def change(_session: Session, _submission: Submission, review: Review) -> Mapping[str, Any] | None:
        if review.tags == kept:
            return None
        review.tags = kept
        return {"tags": kept}

    return _note(submission_id, "tag", change, origin=origin)


def set_flag(submission_id: str, why: str, *, origin: Origin) -> Receipt:
    """Show a submission to the team, with the reason; "" takes the flag away."""
    text = " ".join(why.split())
    if len(text) > LONGEST_FLAG:
        raise InvalidError([Reason(N_("At most %(count)s characters."), "flag", values={"count": str(LONGEST_FLAG)})])

    def change(_session: Session, _submission: Submission, review: Review) -> Mapping[str, Any] | None:
        if review.flag == text:
            return None
        review.flag = text
        return {"why": text}

    return _note(submission_id, "flag" if text else "unflag", change, origin=origin)


def tick(submission_id: str, key: str, *, ticked: bool, origin: Origin, revision: int | None = None) -> Receipt:
    """Tick an item of the programme's checklist for the revision on the table, or take the tick back.

    ``revision``: the one that was on the screen; StaleError when there is a newer one.
    """

    def change(session: Session, submission: Submission, review: Review) -> Mapping[str, Any] | None:
        _require_with_city(submission)
        programme = programme_of(session, submission.programme_version_id)
        if key not in {item.key for item in programme.checklist}:
            raise MalformedError("key")
        if revision is not None and revision != submission.revision_number:
            raise StaleError(submission.version)
        now = set(review.ticks) if review.ticks_revision == submission.revision_number else set()
        if (key in now) == ticked and review.ticks_revision == submission.revision_number:
            return None
        now = now | {key} if ticked else now - {key}
        review.ticks = [item.key for item in programme.checklist if item.key in now]
        review.ticks_revision = submission.revision_number
        return {"key": key, "ticked": ticked, "revision": submission.revision_number}

    return _note(submission_id, "tick", change, origin=origin)


def second_check(submission_id: str, version: int, *, origin: Origin) -> Receipt:
    """Say as a second person that this revision was checked; StaleError when it is not the one on the screen."""

    def change(_session: Session, submission: Submission, review: Review) -> Mapping[str, Any] | None:
        _require_with_city(submission)
        holding.require_version(submission, version)
        person_id = origin.actor.person_id if origin.actor else None
        if (review.checked_by, review.checked_revision) == (person_id, submission.revision_number):
            return None
        review.checked_by, review.checked_revision = person_id, submission.revision_number
        return {"revision": submission.revision_number}

    return _note(submission_id, "check_review", change, origin=origin)


def _require_with_city(submission: Submission) -> None:
    if submission.state is not State.SUBMITTED:
        raise NotEditableError(N_("This is done while the form is with the city."))


def _note(submission_id: str, act: str, change: Change, *, origin: Origin, target: str = "") -> Receipt:
    """One note of the team, with its entry; nothing at all where ``change`` changed nothing."""

    def work(session: Session) -> Receipt:
        submission = holding.hold(session, submission_id, origin=origin, action=Action.REVIEW)
        if submission.round.state in DECIDED:
            raise NotEditableError(N_("The outcomes of this round are public: nothing of it changes any more."))
        review = review_of(session, submission)
        data = change(session, submission, review)
        if data is None:
            return Receipt(submission.public_id, review.version)
        review.version += 1
        session.flush()
        deed = Deed(
            act=act, target=target or submission.public_id, submission_id=submission.id,
            round_id=submission.round_id, versions=(review.version - 1, review.version), data=data,
        )  # fmt: skip
        append(session, origin=origin, deed=deed, at=clock.now())
        return Receipt(submission.public_id, review.version)

    return carry_out(work, origin=origin)


def review_of(session: Session, submission: Submission) -> Review:
    """The team's notes on a submission that is held; an empty page of them where there were none."""
    found = session.scalar(
        select(Review).where(Review.submission_id == submission.id).execution_options(populate_existing=True)
    )
    if found is None:
        found = Review(
            submission_id=submission.id, version=0, tags=[], flag="", ticks=[], ticks_revision=0, checked_revision=0
        )
        session.add(found)
    return found
