"""What the enterprise's desk shows beside the form itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ...acts.standing import Standing, standing_of
from ...evaluation import values
from ...extensions import db
from ...model import Comment, Organisation, Person, Return, Submission
from ...model.kept import programme_of
from ...programmes.schema import Field, FieldType
from ...words import Label, Reason, State, Visibility
from ...workflow.actors import Actor
from ...workflow.visibility import visible_to

# What stays the same from year to year and from form to form: names, addresses, texts; never figures.
_CARRIED = frozenset(
    {FieldType.TEXT, FieldType.TEXTAREA, FieldType.PHONE, FieldType.EMAIL, FieldType.URL, FieldType.CHOICE}
)
MOST_CARDS = 12


@dataclass(frozen=True, slots=True)
class Card:
    """One form on the desk: how far it is, and how many comments are still to be mended."""

    submission: Submission
    form: Standing | None
    to_mend: int = 0
    mended: int = 0


def cards_of(session: Session, who: Actor) -> list[Card]:
    """The organisation's forms, newest round first; the drafts with their progress."""
    query = select(Submission).where(visible_to(who)).options(joinedload(Submission.round))
    rows = list(session.scalars(query.order_by(Submission.round_id.desc(), Submission.id).limit(MOST_CARDS)))
    drafts = [row.id for row in rows if row.state is State.DRAFT]
    asked = {
        row.submission_id: row.comments
        for row in session.execute(
            select(Return.submission_id, Return.comments).where(Return.submission_id.in_(drafts)).order_by(Return.id)
        )
    }
    open_ = select(Comment.submission_id, Comment.mended_at, Comment.public_id).where(
        Comment.submission_id.in_(drafts),
        Comment.parent_id.is_(None),
        Comment.resolved_at.is_(None),
        Comment.visibility == Visibility.ENTERPRISE,
    )
    # What the latest notice asks for; all where there is none, of a return before notices were kept.
    comments = [
        (submission_id, mended)
        for submission_id, mended, public_id in session.execute(open_)
        if submission_id not in asked or public_id in asked[submission_id]
    ]
    cards = []
    for row in rows:
        own = [mended for submission_id, mended in comments if submission_id == row.id]
        form = standing_of(session, row) if row.state is State.DRAFT and row.round_id == rows[0].round_id else None
        cards.append(Card(row, form, len(own), sum(mended is not None for mended in own)))
    return cards


def organisation_of(session: Session, who: Actor) -> Organisation:
    """The organisation that this person belongs to."""
    return session.get_one(Organisation, who.organisation_id)


def has_colleagues(session: Session, who: Actor) -> bool:
    """Whether somebody else of the organisation has an account that is in use."""
    query = select(Person.id).where(
        Person.organisation_id == who.organisation_id, Person.id != who.person_id, Person.suspended_at.is_(None)
    )
    return session.scalar(query.limit(1)) is not None


def section_names(submission: Submission) -> Mapping[int, Label]:
    """The form's sections by number."""
    programme = programme_of(db.session(), submission.programme_version_id)
    return {section.number: section.label for section in programme.sections}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What some source would put into a field: the text as it came, its canonical value or why it is none."""

    field: Field
    present: str
    raw: str
    value: str
    problem: Reason | None

    @property
    def is_new(self) -> bool:
        """Whether taking it over would change something."""
        return self.problem is None and self.value != self.present


def proposals(form: Standing, found: Mapping[str, str]) -> list[Proposal]:
    """Field by field what would be taken over, in the form's order."""
    result = []
    for field in form.programme.enterprise_fields:
        if not found.get(field.key, "").strip():
            continue
        parsed = values.parse(field, found[field.key])
        problem = parsed if isinstance(parsed, Reason) else None
        value = "" if isinstance(parsed, Reason) else parsed
        result.append(Proposal(field, form.answers.get(field.key, ""), found[field.key], value, problem))
    return result


def carried(form: Standing, source: Mapping[str, str]) -> dict[str, str]:
    """Of another form's answers those that usually stay the same: names, addresses, texts."""
    return {
        field.key: source[field.key]
        for field in form.programme.enterprise_fields
        if field.type in _CARRIED and source.get(field.key)
    }
