"""Whom an entry of the journal is told to: one table, read as a condition on entries and as a list of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import Session

from ..model import Announcement, AnnouncementReader, Entry, Firm, Person, Round, ScoreSheet, Submission
from ..words import Role, RoundState, State
from ..workflow import deputies
from ..workflow.actors import Actor
from ..workflow.visibility import visible_to


@dataclass(frozen=True, slots=True)
class Telling:
    """An act that is told, to people of which roles. Who does it is never told of it.

    ``named``: only to whom the entry's target names, a person or an audit firm. ``by``: only when somebody of
    this role did it. ``about_round``: to whom can see a submission of the entry's round. ``while_unsent``: only as
    long as the form is a draft in an open round, asked anew at each reading. ``listed``: to exactly those who were
    written down as readers of the message that the entry's target names. ``own_sheet``: to whose score sheet the
    target names, and to no other expert.
    """

    act: str
    roles: frozenset[Role]
    named: bool = False
    by: Role | None = None
    about_round: bool = False
    while_unsent: bool = False
    listed: bool = False
    own_sheet: bool = False


def _telling(act: str, *roles: Role, **more: Any) -> Telling:
    return Telling(act, frozenset(roles), **more)


_R = Role
# Kept to what asks something of somebody or ends a wait. A city's comments are told with the return, not singly;
# nothing that tells of scores goes to an enterprise before the outcomes are public (P03).
TABLE: tuple[Telling, ...] = (
    _telling("submit", _R.CITY),
    _telling("withdraw", _R.CITY),
    _telling("approve", _R.ENTERPRISE, _R.AUDITOR),
    _telling("return", _R.ENTERPRISE),
    _telling("send_back", _R.CITY),
    _telling("audit", _R.ENTERPRISE, _R.PROVINCE),
    _telling("reaudit", _R.AUDITOR),
    _telling("reply", _R.CITY, by=_R.ENTERPRISE),
    _telling("assign_firm", _R.AUDITOR, named=True),
    _telling("assign_expert", _R.EXPERT, named=True),
    _telling("assign_reviewer", _R.CITY, named=True),
    _telling("mention", _R.CITY, _R.PROVINCE, named=True),
    _telling("flag", _R.CITY),
    _telling("declare_interest", _R.CITY, by=_R.CITY),
    _telling("extend", _R.ENTERPRISE),
    _telling("remind", _R.ENTERPRISE, while_unsent=True),
    _telling("ask_sign_off", _R.ENTERPRISE),
    _telling("sign_off", _R.ENTERPRISE),
    _telling("decline_sign_off", _R.ENTERPRISE),
    _telling("round_open", _R.ENTERPRISE, _R.CITY, about_round=True),
    _telling("round_reopen", _R.ENTERPRISE, _R.CITY, about_round=True),
    _telling("round_publicise", _R.ENTERPRISE, about_round=True),
    _telling("round_finalise", _R.ENTERPRISE, about_round=True),
    _telling("object", _R.PROVINCE, about_round=True),
    _telling("issue_letter", _R.ENTERPRISE),
    _telling("void_letter", _R.ENTERPRISE),
    _telling("reopen_sheet", _R.EXPERT, own_sheet=True),
    _telling("announce", _R.ENTERPRISE, _R.CITY, _R.AUDITOR, _R.EXPERT, listed=True),
)
BY_ACT: Mapping[str, Telling] = {telling.act: telling for telling in TABLE}


def reader(person: Person, *, stands_in: tuple[tuple[str, str], ...] = ()) -> Actor:
    """A person as the law sees them, to ask what they may know of; ``stands_in``: see ``Actor``."""
    return Actor(
        person_id=person.id,
        public_id=person.public_id,
        name=person.name,
        role=person.role,
        organisation_id=person.organisation_id,
        region=person.region,
        firm_id=person.firm_id,
        stands_in=stands_in,
    )


def _stands_in(session: Session, person: Person) -> tuple[tuple[str, str], ...]:
    """The cities where this person stands in for somebody today, and for whom."""
    if person.role is not Role.CITY:
        return ()
    standing = deputies.authorities()
    query = select(standing.c.region, standing.c.name).where(standing.c.deputy_id == person.id)
    return deputies.by_city(session.execute(query.order_by(standing.c.id)))


def _names(actor: Actor) -> ColumnElement[bool]:
    """Whether the entry's target is this person, one for whom it stands in, or this person's firm."""
    if actor.firm_id is not None:
        return Entry.target == select(Firm.public_id).where(Firm.id == actor.firm_id).scalar_subquery()
    own = Entry.target == actor.public_id
    return own | Entry.target.in_(deputies.stood_in_for(actor.person_id)) if actor.stands_in else own


def _asked(telling: Telling, actor: Actor) -> ColumnElement[bool]:
    conditions = [Entry.act == telling.act]
    if telling.own_sheet:
        own = select(ScoreSheet.public_id).where(ScoreSheet.expert_id == actor.person_id)
        conditions.append(Entry.target.in_(own))
    if telling.named:
        conditions.append(_names(actor))
    if telling.by is not None:
        conditions.append(Entry.role == telling.by.value)
    if telling.while_unsent:
        open_rounds = select(Round.id).where(Round.state == RoundState.OPEN)
        conditions += [Submission.state == State.DRAFT, Submission.round_id.in_(open_rounds)]
    return and_(*conditions)


def told(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Entry``, outer-joined to its ``Submission``, for what is told to this person.

    What they may not know of any more is not told any more either: visibility is asked at each reading.
    """
    mine = [telling for telling in TABLE if actor.role in telling.roles]
    if not mine:
        return false()
    acts = [_asked(telling, actor) for telling in mine if not telling.about_round and not telling.listed]
    listed = [telling.act for telling in mine if telling.listed]
    rounds = [telling.act for telling in mine if telling.about_round]
    # Said outright: the submissions of the round are not the one that the outer query joins.
    of_round = select(Submission.id).where(Submission.round_id == Entry.round_id, visible_to(actor)).correlate(Entry)
    return and_(
        Entry.act.in_([telling.act for telling in mine]),  # what the index goes by; the rest narrows it
        Entry.result == "done",
        Entry.person_id.is_distinct_from(actor.person_id),
        or_(
            and_(Entry.submission_id.is_not(None), visible_to(actor), or_(*acts)),
            and_(Entry.act.in_(rounds), of_round.exists()),
            and_(
                Entry.act.in_(listed), Entry.target.in_(_messages_to(AnnouncementReader.person_id == actor.person_id))
            ),
        ),
    )


def _messages_to(reader_is: ColumnElement[bool]) -> Select[str]:
    """The public ids of the messages that were sent to a reader."""
    query = select(Announcement.public_id).join(
        AnnouncementReader, AnnouncementReader.announcement_id == Announcement.id
    )
    return query.where(reader_is)


def people_told(session: Session, entry: Entry) -> Sequence[Person]:
    """To whom an entry is told who has an address for letters and an account in use; in order of their numbers.

    The people of the right scope are found first, then each is asked about by ``told``, so that a letter and
    the list of notices cannot disagree.
    """
    telling = BY_ACT.get(entry.act)
    if telling is None or entry.result != "done":
        return []
    if telling.listed:  # who is asked is written down; each is asked again when a letter leaves
        return _readers(session, entry)
    scope = Submission.id == entry.submission_id
    if telling.about_round:
        scope = Submission.round_id == entry.round_id
    query = select(Person).where(
        _named(telling, entry),
        Person.role.in_(telling.roles),
        Person.email != "",
        Person.suspended_at.is_(None),
        or_(
            Person.organisation_id.in_(select(Submission.organisation_id).where(scope)),
            Person.region.in_(select(Submission.region).where(scope)),
            Person.id.in_(deputies.deputies(deputies.Reviewer.region.in_(select(Submission.region).where(scope)))),
            Person.firm_id.in_(select(Submission.firm_id).where(scope)),
            and_(Person.organisation_id.is_(None), Person.region.is_(None), Person.firm_id.is_(None)),
        ),
    )
    found = session.scalars(query.order_by(Person.id)).all()
    if telling.about_round:  # thousands, and the scope above is all that is asked of them; each is asked when it leaves
        return [person for person in found if person.id != entry.person_id]
    return [person for person in found if is_told(session, entry.sequence, person)]


def _readers(session: Session, entry: Entry) -> Sequence[Person]:
    """The readers of the message that an entry is about, with an address and an account in use."""
    readers = (
        select(AnnouncementReader.person_id)
        .join(Announcement, Announcement.id == AnnouncementReader.announcement_id)
        .where(Announcement.public_id == entry.target)
    )
    query = select(Person).where(
        Person.id.in_(readers),
        Person.role.in_(BY_ACT[entry.act].roles),
        Person.email != "",
        Person.suspended_at.is_(None),
        Person.id.is_distinct_from(entry.person_id),
    )
    return session.scalars(query.order_by(Person.id)).all()


def _named(telling: Telling, entry: Entry) -> ColumnElement[bool]:
    if not telling.named:
        return true()
    firm = select(Firm.id).where(Firm.public_id == entry.target)
    standing_in = deputies.deputies(deputies.Reviewer.public_id == entry.target)
    return or_(Person.public_id == entry.target, Person.firm_id.in_(firm), Person.id.in_(standing_in))


def is_told(session: Session, sequence: int, person: Person) -> bool:
    """Whether this entry is told to this person, as things stand now."""
    query = select(Entry.sequence).outerjoin(Submission, Submission.id == Entry.submission_id)
    return (
        session.scalar(
            query.where(Entry.sequence == sequence, told(reader(person, stands_in=_stands_in(session, person))))
        )
        is not None
    )
