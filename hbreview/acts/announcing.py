"""Messages to a group: who is in it now, what it says with the round's facts in it, and sending it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, true
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.deadlines import own_day
from ..evaluation.values import parse
from ..model import Announcement, AnnouncementReader, Entry, Firm, Organisation, Person, Round, ScoreSheet, Submission
from ..programmes.message_templates import KNOWN, filled, placeholders, unknown_placeholders
from ..programmes.schema import Field, FieldType
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason, Role, State
from ..workflow import deputies, journal
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError
from ..workflow.journal import Deed, Origin
from ..workflow.policy import Action, has_role_for
from ..workflow.visibility import no_interest_of

ANNOUNCE = "announce"
LONGEST_SUBJECT, LONGEST_BODY = 200, 5000
_SUBJECT = Field("subject", Label("主题", "Subject"), 0, FieldType.TEXT, max_length=LONGEST_SUBJECT)
_BODY = Field("body", Label("正文", "Text"), 0, FieldType.TEXTAREA, max_length=LONGEST_BODY)


@dataclass(frozen=True, slots=True)
class GroupKind:
    """A kind of group: its people's role, the states that their forms are in, and the last day that is theirs."""

    label: str
    role: Role
    states: tuple[State, ...]
    deadline: str

    @property
    def of_one(self) -> bool:
        """Whether such a group can be narrowed to one firm or expert."""
        return self.role in {Role.AUDITOR, Role.EXPERT}


GROUPS: Mapping[str, GroupKind] = {
    "enterprises_unsent": GroupKind(
        N_("Enterprises that have not submitted"), Role.ENTERPRISE, (State.DRAFT,), "enterprise_deadline"
    ),
    "enterprises_returned": GroupKind(
        N_("Enterprises with a returned form"), Role.ENTERPRISE, (State.DRAFT,), "enterprise_deadline"
    ),
    "enterprises_all": GroupKind(N_("All enterprises"), Role.ENTERPRISE, tuple(State), "enterprise_deadline"),
    "cities_waiting": GroupKind(
        N_("Cities where forms wait for review"), Role.CITY, (State.SUBMITTED,), "city_deadline"
    ),
    "cities_all": GroupKind(N_("All cities"), Role.CITY, tuple(State), "city_deadline"),
    "auditors_open": GroupKind(N_("Auditors with open audits"), Role.AUDITOR, (State.CITY_REVIEWED,), "audit_deadline"),
    "experts_open": GroupKind(N_("Experts with open score sheets"), Role.EXPERT, (State.AUDITED,), "score_deadline"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Whom a message is for: a kind, within a city and a programme ("": all), of one firm or expert, the late only."""

    kind: str
    region: str = ""
    programme: str = ""
    who: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody of a group: by number and name, of which organisation, city or firm; a later day of its own."""

    person_id: int
    name: str
    of: str
    own_day: date | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was typed, to a group of a round."""

    round: str
    group: Group
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message as it would go now: its texts with the facts in them, and exactly who gets it."""

    subject: str
    body: str
    recipients: tuple[Recipient, ...]


def recipients(session: Session, round_: Round, group: Group) -> list[Recipient]:
    """Who is in the group now: exactly those with such work, no suspended account; one statement, reads only."""
    if group.kind not in GROUPS:
        raise MalformedError("group")
    kind = GROUPS[group.kind]
    of, query = _joined(kind, group)
    query = query.add_columns(func.max(Submission.extended_to)).where(
        Submission.round_id == round_.id,
        Submission.state.in_(kind.states),
        Person.role == kind.role,
        Person.suspended_at.is_(None),
        *_narrowed(round_, group),
    )
    rows = session.execute(query.group_by(Person.id, Person.name, of).order_by(Person.id))
    return [Recipient(row[0], row[1], row[2], _own_day(round_, kind, row[3])) for row in rows]


def _own_day(round_: Round, kind: GroupKind, extended_to: date | None) -> date | None:
    later = kind.role is Role.ENTERPRISE and extended_to is not None and extended_to > round_.enterprise_deadline
    return own_day(round_.enterprise_deadline, extended_to=extended_to) if later else None


def _joined(kind: GroupKind, group: Group) -> tuple[Any, Select[Any]]:
    """Submissions with the people of the kind who have to do with them, and the column that says of what they are."""
    if kind.role is Role.ENTERPRISE:
        query = _people(Organisation.name).join(Person, Person.organisation_id == Submission.organisation_id)
        return Organisation.name, query.join(Organisation, Organisation.id == Person.organisation_id)
    if kind.role is Role.CITY:
        query = _people(Person.region).join(Person, deputies.reviews(Submission.region))
        return Person.region, query.where(no_interest_of(Person.id))
    if kind.role is Role.AUDITOR:
        query = _people(Firm.name).join(Person, Person.firm_id == Submission.firm_id)
        query = query.join(Firm, Firm.id == Person.firm_id)
        return Firm.name, query.where(Firm.public_id == group.who) if group.who else query
    sheets = and_(ScoreSheet.submission_id == Submission.id, open_sheet())
    query = _people(literal("")).join(ScoreSheet, sheets).join(Person, Person.id == ScoreSheet.expert_id)
    query = query.where(no_interest_of(Person.id))
    return Person.region, query.where(Person.public_id == group.who) if group.who else query


def _people(of: Any) -> Select[Any]:
    return select(Person.id, Person.name, of).select_from(Submission)


def open_sheet() -> ColumnElement[bool]:
    """The condition on ``ScoreSheet``: assigned, and not handed in yet."""
    return and_(ScoreSheet.withdrawn_at.is_(None), ScoreSheet.handed_in_at.is_(None))


def _narrowed(round_: Round, group: Group) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if group.region:
        found.append(Submission.region == group.region)
    if group.programme:
        found.append(Submission.programme == group.programme)
    if group.kind == "enterprises_returned":
        found.append(_returned())
    if group.late:
        found.append(is_late(round_, today=clock.today()))
    return found


def _returned() -> ColumnElement[bool]:
    """Sent back by the city, and neither sent again nor withdrawn since."""
    query = select(Entry.act).where(Entry.submission_id == Submission.id, Entry.act.in_(("return", "withdraw")))
    last = query.order_by(Entry.sequence.desc()).limit(1).correlate(Submission).scalar_subquery()
    return last == "return"


def is_late(round_: Round, *, today: date) -> ColumnElement[bool]:
    """The condition on ``Submission``: what comes next in its state was due before today."""
    own = or_(Submission.extended_to.is_(None), Submission.extended_to < today)
    days: dict[State, date | None] = {
        State.DRAFT: round_.enterprise_deadline, State.SUBMITTED: round_.city_deadline,
        State.CITY_REVIEWED: round_.audit_deadline, State.AUDITED: round_.score_deadline,
    }  # fmt: skip
    over = [
        and_(Submission.state == state, own if state is State.DRAFT else true())
        for state, day in days.items()
        if day is not None and day < today
    ]
    return or_(*over) if over else Submission.id.is_(None)


def facts_of(round_: Round, group: Group) -> dict[str, str]:
    """What the placeholders stand for; a day that was not set is left out."""
    kind = GROUPS[group.kind]
    days = {name: getattr(round_, name) for name in KNOWN if name.endswith("_deadline")}
    days["deadline"] = getattr(round_, kind.deadline)
    return {"round": round_.title, "year": str(round_.year)} | {k: v.isoformat() for k, v in days.items() if v}


def prepare(session: Session, round_: Round, message: Message) -> Prepared:
    """The message as it would go now, to whom. InvalidError beside the text that will not do. Reads only."""
    found = recipients(session, round_, message.group)
    facts = facts_of(round_, message.group)
    problems: list[Reason] = []
    texts: dict[str, str] = {}
    for field, typed in ((_SUBJECT, message.subject), (_BODY, message.body)):
        text = _text(field, typed, facts=facts)
        if isinstance(text, Reason):
            problems.append(text)
        else:
            texts[field.key] = text
    if not found:
        problems.append(Reason(N_("Nobody is in this group now."), "group"))
    if problems:
        raise InvalidError(problems)
    return Prepared(texts["subject"], texts["body"], tuple(found))


def _text(field: Field, typed: str, *, facts: Mapping[str, str]) -> str | Reason:
    if not typed.strip():
        return Reason(N_("Please write something."), field.key)
    if unknown := unknown_placeholders(typed):
        text = N_("%(placeholder)s stands for nothing that is known here.")
        return Reason(text, field.key, "I08", {"placeholder": unknown[0]})
    if missing := [name for name in placeholders(typed) if name not in facts]:
        text = N_("No day is set for %(placeholder)s in this round.")
        return Reason(text, field.key, values={"placeholder": f"%({missing[0]})s"})
    return parse(field, filled(typed, facts))


def announce(message: Message, *, origin: Origin) -> Receipt:
    """Send the message to whoever is in the group at this moment; one entry, and each reader kept by name.

    InvalidError as ``prepare``. The letters and the list of notices follow from the entry (``notices/audience.py``).
    """
    return carry_out(lambda session: _announce(session, message, origin), origin=origin)


def _announce(session: Session, message: Message, origin: Origin) -> Receipt:
    if origin.actor is None or not has_role_for(origin.actor, Action.SEND_MESSAGES):
        raise ForbiddenError
    round_ = session.scalar(select(Round).where(Round.public_id == message.round))
    if round_ is None:
        raise HiddenError
    prepared = prepare(session, round_, message)
    now = clock.now()
    group = {name: value for name, value in asdict(message.group).items() if value}
    announcement = Announcement(
        round_id=round_.id, group=group, subject=prepared.subject, body=prepared.body,
        count=len(prepared.recipients), person_id=origin.actor.person_id, created_at=now,
    )  # fmt: skip
    session.add(announcement)
    session.flush()
    session.add_all(
        AnnouncementReader(announcement_id=announcement.id, person_id=one.person_id) for one in prepared.recipients
    )
    data = {"group": group, "count": announcement.count, "subject": prepared.subject, "body": prepared.body}
    deed = Deed(act=ANNOUNCE, target=announcement.public_id, round_id=round_.id, data=data)
    journal.append(session, origin=origin, deed=deed, at=now)
    return Receipt(announcement.public_id)


def sent_messages(session: Session, round_: Round, *, most: int = 50) -> list[Any]:
    """What was sent in this round, newest first, with who sent it; one statement."""
    query = select(Announcement, Person.name).join(Person, Person.id == Announcement.person_id)
    query = query.where(Announcement.round_id == round_.id).order_by(Announcement.id.desc())
    return list(session.execute(query.limit(most)))
