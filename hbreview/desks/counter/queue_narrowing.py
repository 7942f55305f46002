"""What the queue is narrowed to. Each condition asks the submission alone and looks up the rest by itself, so that
what nobody asks for costs nothing: the counts of an unnarrowed queue are read from their index.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, or_, select
from sqlalchemy.orm import aliased

from ... import clock
from ...evaluation.deadlines import SOON_DAYS
from ...evaluation.names import normalised_name
from ...model import (
    Answer,
    Attachment,
    Comment,
    Entry,
    Look,
    Organisation,
    Person,
    Review,
    Revision,
    Round,
    ScoreSheet,
    Submission,
)
from ...words import DECIDED, N_, State
from ...workflow.actors import Actor
from ...workflow.deputies import stood_in_for
from ...workflow.errors import MalformedError
from ...workflow.policy import Action, has_role_for
from ...workflow.visibility import comments_visible_to, visible_to
from .queries import COURSE
from .queue_order import due_day

# A receipt's code from its first eight signs on: fewer are also somebody's initials or a year.
_RECEIPT = re.compile(r"[0-9a-f]{8,64}")
# What ``normalised_name`` folds and a site or a former name may well be written with.
_FOLDED = {"（": "(", "）": ")", "，": ",", "－": "-", "＆": "&", " ": "", "\u3000": "", "\u00a0": "", "\t": ""}
_FOLDED |= {chr(ord("０") + figure): str(figure) for figure in range(10)}
_TALK = (
    "comment", "reply", "edit_comment", "resolve_comment", "reopen_comment", "mend_comment", "unmend_comment",
)  # fmt: skip
_TEAM = ("tag", "flag", "unflag", "tick", "check_review")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the queue is narrowed to and ordered by, as it stands in the address."""

    q: str = ""
    city: str = ""
    programme: str = ""
    state: str = ""
    round: str = ""
    show: str = ""
    tag: str = ""
    sort: str = ""
    after: str = ""

    def but(self, **other: str) -> dict[str, str]:
        """The filters as an address has them, some of them different, the page's place left out; for links."""
        kept = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "after"}
        return {name: value for name, value in (kept | other).items() if value}


def conditions(filters: Filters, who: Actor, *, backend: str) -> list[ColumnElement[bool]]:
    """What the filters leave of what this person may see, the state and the round apart; MalformedError for a ``show``
    or a tag that this person has not. ``backend``: the database's kind."""
    found = [visible_to(who)]
    if filters.city:
        found.append(Submission.region == filters.city)
    if filters.programme:
        found.append(Submission.programme == filters.programme)
    if filters.show:
        if filters.show not in shows_for(who):
            raise MalformedError("show")
        found.append(_CONDITIONS[filters.show](who))
    if filters.tag:
        if not has_role_for(who, Action.REVIEW):
            raise MalformedError("tag")
        found.append(_has_tag(filters.tag))
    if normalised_name(filters.q):
        found.append(_matches(filters.q, backend))
    return found


def _holds(column: Any, text: str) -> ColumnElement[bool]:
    """Whether a column holds this text anywhere, every sign of it literal (I05)."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    condition: ColumnElement[bool] = column.like(f"%{escaped}%", escape="\\")
    return condition


def _folded(column: Any) -> Any:
    for sign, plain in _FOLDED.items():
        column = func.replace(column, sign, plain)
    return func.lower(column)


def _matches(q: str, backend: str) -> ColumnElement[bool]:
    """By name, present or former, and by site, whatever their blanks and the width of their brackets; by the first
    letters in pinyin; by the submission's id in addresses; by the beginning of a receipt's code."""
    text = normalised_name(q)
    by_organisation = [_holds(Organisation.search_name, text), _is_former_name(text, backend)]
    if text.isascii() and text.isalnum():
        by_organisation.append(_holds(Organisation.initials, text))
    named = select(Organisation.id).where(or_(*by_organisation)).correlate(None)
    found = [
        Submission.organisation_id.in_(named),
        _holds(_folded(Submission.organisation_name), text),
        _holds(_folded(Submission.site_name), text),
        Submission.public_id == q.strip(),
    ]
    if _RECEIPT.fullmatch(text):
        sent = select(Revision.submission_id).where(Revision.digest >= text, Revision.digest < f"{text}g")
        found.append(Submission.id.in_(sent.correlate(None)))
    return or_(*found)


def _is_former_name(text: str, backend: str) -> ColumnElement[bool]:
    """Each former name by itself: in the JSON's own text a figure could be part of another sign's number."""
    one_each = func.json_each if backend == "sqlite" else func.json_array_elements_text
    names = one_each(Organisation.former_names).table_valued("value", name="former")
    query = select(names.c.value).where(_holds(_folded(names.c.value), text))
    return query.correlate(Organisation).exists()


def _has_tag(tag: str) -> ColumnElement[bool]:
    """Whether the team gave it exactly this tag; the list is stored as SQLAlchemy writes JSON."""
    tags = cast(Review.tags, Text)
    return _of_review(func.replace(tags, json.dumps(tag), "") != tags).exists()


def _of_review(*conditions: ColumnElement[bool]) -> Select[Any]:
    query = select(Review.submission_id).where(Review.submission_id == Submission.id, *conditions)
    return query.correlate(Submission)


def open_comments(who: Actor, *more: ColumnElement[bool]) -> Select[Any]:
    """The threads of a submission that are open, of those that this person may read."""
    query = select(Comment.id).where(
        Comment.submission_id == Submission.id,
        Comment.parent_id.is_(None),
        Comment.resolved_at.is_(None),
        comments_visible_to(who),
        *more,
    )
    return query.correlate(Submission)


def news(who: Actor, since: ColumnElement[Any] | int, *more: ColumnElement[bool]) -> Select[Any]:
    """The entries about a submission after a number of the journal that change what this person sees of it.

    Of talk only what they may read: not even that there is more may show.
    """
    told: ColumnElement[bool] = Entry.act.in_((*COURSE, "extend"))
    if has_role_for(who, Action.LOOK):
        told = or_(told, Entry.act.in_(("assign_reviewer", "remind")))
    if has_role_for(who, Action.REVIEW):
        told = or_(told, Entry.act.in_(_TEAM))
    if has_role_for(who, Action.SEE_COMMENTS):
        comment = aliased(Comment)
        readable = select(comment.id).where(comment.public_id == Entry.target, comments_visible_to(who, comment))
        told = or_(told, and_(Entry.act.in_(_TALK), readable.correlate(Entry).exists()))
    query = select(Entry.sequence).where(
        Entry.submission_id == Submission.id, Entry.sequence > since, Entry.result == "done", told, *more
    )
    return query.correlate(Submission, Look)


def by_others(who: Actor) -> ColumnElement[bool]:
    """The condition on ``Entry`` that somebody else did it."""
    return Entry.person_id.is_distinct_from(who.person_id)


def _of_round(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    query = select(Round.id).where(Round.id == Submission.round_id, *conditions)
    return query.correlate(Submission).exists()


def _mine(who: Actor) -> ColumnElement[bool]:
    """With this person, or with a reviewer for whom they stand in today."""
    other = aliased(Person)
    others = select(other.id).where(other.public_id.in_(stood_in_for(who.person_id)))
    return _of_review(or_(Review.assignee_id == who.person_id, Review.assignee_id.in_(others))).exists()


def _soon() -> ColumnElement[bool]:
    today = clock.today()
    return _of_round(due_day().between(today, today + timedelta(days=SOON_DAYS)))


def _returned(_who: Actor) -> ColumnElement[bool]:
    """A draft that a city sent back, and that was neither sent again nor withdrawn since."""
    query = select(Entry.act).where(Entry.submission_id == Submission.id, Entry.act.in_(("return", "withdraw")))
    last = query.order_by(Entry.sequence.desc()).limit(1).correlate(Submission).scalar_subquery()
    return and_(Submission.state == State.DRAFT, last == "return")


def _not_begun(_who: Actor) -> ColumnElement[bool]:
    """A draft that nobody has written into. The roster made it, so whoever never opened the form is on the list too;
    what was filled in when the round opened is of the first version."""
    answer = select(Answer.key).where(Answer.submission_id == Submission.id, Answer.version > 1, Answer.value != "")
    file = select(Attachment.id).where(Attachment.submission_id == Submission.id)
    return and_(
        Submission.state == State.DRAFT,
        Submission.revision_number == 0,
        ~answer.correlate(Submission).exists(),
        ~file.correlate(Submission).exists(),
    )


def _new(who: Actor) -> ColumnElement[bool]:
    """With something new since this person's last look; what was never looked at is new once it was sent."""
    look = select(Look.sequence).where(Look.submission_id == Submission.id, Look.person_id == who.person_id)
    since = look.correlate(Submission).scalar_subquery()
    unseen = and_(Submission.state != State.DRAFT, since.is_(None))
    return or_(unseen, and_(since.is_not(None), news(who, since, by_others(who)).exists()))


def _has_warnings(_who: Actor) -> ColumnElement[bool]:
    query = select(Revision.id).where(
        Revision.submission_id == Submission.id, Revision.number == Submission.revision_number, Revision.warnings > 0
    )
    return query.correlate(Submission).exists()


def own_sheet(who: Actor) -> Select[Any]:
    """This expert's sheet of a submission, one that was not withdrawn."""
    mine = (ScoreSheet.expert_id == who.person_id, ScoreSheet.withdrawn_at.is_(None))
    return select(ScoreSheet.id).where(ScoreSheet.submission_id == Submission.id, *mine).correlate(Submission)


def _to_score(who: Actor) -> ColumnElement[bool]:
    waits = own_sheet(who).where(ScoreSheet.handed_in_at.is_(None)).exists()
    return and_(Submission.state == State.AUDITED, waits, ~_of_round(Round.state.in_(DECIDED)))


_CONDITIONS: Mapping[str, Callable[[Actor], ColumnElement[bool]]] = {
    "to_score": _to_score,
    "handed_in": lambda who: own_sheet(who).where(ScoreSheet.handed_in_at.is_not(None)).exists(),
    "mine": _mine,
    "unassigned": lambda _who: ~_of_review(Review.assignee_id.is_not(None)).exists(),
    "new": _new,
    "overdue": lambda _who: _of_round(due_day() < clock.today()),
    "soon": lambda _who: _soon(),
    "not_begun": _not_begun,
    "returned": _returned,
    "comments": lambda who: open_comments(who).exists(),
    "warnings": _has_warnings,
    "flagged": lambda _who: _of_review(Review.flag != "").exists(),
}
SHOWS: Mapping[str, str] = {
    "to_score": N_("To be scored by me"),
    "handed_in": N_("Handed in by me"),
    "mine": N_("Assigned to me"),
    "unassigned": N_("Not assigned"),
    "new": N_("New since my last look"),
    "overdue": N_("Overdue"),
    "soon": N_("Due within three days"),
    "not_begun": N_("Not begun"),
    "returned": N_("Returned"),
    "comments": N_("With open comments"),
    "warnings": N_("With warnings"),
    "flagged": N_("Flagged"),
}
_NEEDS: Mapping[str, Action] = {
    "mine": Action.REVIEW, "flagged": Action.REVIEW, "unassigned": Action.LOOK, "new": Action.LOOK,
    "comments": Action.SEE_COMMENTS, "to_score": Action.EXPERT_DESK, "handed_in": Action.EXPERT_DESK,
}  # fmt: skip


def shows_for(who: Actor) -> dict[str, str]:
    """The ready-made views of a person with their words: by what one may not see nothing is narrowed either."""
    needs = {name: _NEEDS.get(name, Action.LIST_SUBMISSIONS) for name in SHOWS}
    return {name: words for name, words in SHOWS.items() if has_role_for(who, needs[name])}
