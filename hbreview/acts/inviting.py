"""Making accounts and their one-time activation codes; suspending and restoring them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .. import clock
from ..model import Firm, Invitation, Organisation, Person, Round, Submission
from ..programmes.loader import regions
from ..transact import Receipt, carry_out
from ..words import N_, Reason, Role
from ..workflow import journal
from ..workflow.errors import HiddenError, InvalidError
from ..workflow.journal import Deed, Origin
from .signing_in import digest_of, end_sessions, folded_login

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that are read as another


def new_code() -> str:
    """A one-time activation code, easy to type from paper: 16 letters of 32, in groups."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody to be given an account: role, name, login, and the scope that the role has."""

    role: Role
    name: str
    login: str
    organisation_id: int | None = None
    region: str | None = None
    firm_name: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """An account with its code, which is shown now and never again."""

    name: str
    login: str
    code: str


def invite(newcomer: Newcomer, *, days: int, origin: Origin) -> Invited:
    """Make an account and its activation code, valid for ``days``. InvalidError beside the field."""
    made: list[Invited] = []
    carry_out(lambda session: _invite(session, newcomer, days=days, origin=origin, made=made))
    return made[0]


def _invite(session: Session, newcomer: Newcomer, *, days: int, origin: Origin, made: list[Invited]) -> Receipt:
    person = add_person(session, newcomer)
    made.append(Invited(person.name, person.login, add_code(session, person, days=days)))
    data = {"role": person.role.value}
    journal.append(session, origin=origin, deed=Deed(act="invite", target=person.public_id, data=data), at=clock.now())
    return Receipt(person.public_id)


def add_person(session: Session, newcomer: Newcomer) -> Person:
    """Add an account without a password inside the caller's transaction; InvalidError beside the field."""
    login = folded_login(newcomer.login)
    if not newcomer.name.strip() or not login:
        raise InvalidError([Reason(N_("Please fill this in."), "name" if login else "login")])
    if session.scalar(select(Person.id).where(Person.login == login)) is not None:
        raise InvalidError([Reason(N_("This login is taken."), "login", "A14")])
    firm = _firm(session, newcomer)
    _require_scope(session, newcomer)
    person = Person(
        role=newcomer.role,
        name=newcomer.name.strip(),
        login=login,
        organisation_id=newcomer.organisation_id if newcomer.role is Role.ENTERPRISE else None,
        region=newcomer.region if newcomer.role is Role.CITY else None,
        firm_id=firm.id if firm else None,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    return person


def _firm(session: Session, newcomer: Newcomer) -> Firm | None:
    if newcomer.role is not Role.AUDITOR:
        return None
    name = newcomer.firm_name.strip()
    if not name:
        raise InvalidError([Reason(N_("Please name the firm."), "firm")])
    firm = session.scalar(select(Firm).where(Firm.name == name))
    if firm is None:
        firm = Firm(name=name)
        session.add(firm)
        session.flush()
    return firm


def _require_scope(session: Session, newcomer: Newcomer) -> None:
    if newcomer.role is Role.CITY and newcomer.region not in {region.key for region in regions()}:
        raise InvalidError([Reason(N_("Please choose the city."), "region")])
    if newcomer.role is Role.ENTERPRISE and (
        newcomer.organisation_id is None or session.get(Organisation, newcomer.organisation_id) is None
    ):
        raise InvalidError([Reason(N_("Please choose the organisation."), "organisation")])


def add_code(session: Session, person: Person, *, days: int) -> str:
    """A new code for a person; older ones end. Returns the code, of which only a digest is kept."""
    now, code = clock.now(), new_code()
    session.execute(
        update(Invitation)
        .where(
            Invitation.person_id == person.id,
            Invitation.used_at.is_(None),
            Invitation.superseded_at.is_(None),
        )
        .values(superseded_at=now)
    )
    session.add(
        Invitation(
            person_id=person.id,
            code_digest=digest_of(code),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    return code


def invite_round(round_id: str, *, days: int, origin: Origin) -> list[Invited]:
    """Codes for all organisations of a round that have no active account yet: one list to print or send."""
    made: list[Invited] = []
    carry_out(lambda session: _invite_round(session, round_id, days=days, origin=origin, made=made))
    return made


def _invite_round(session: Session, round_id: str, *, days: int, origin: Origin, made: list[Invited]) -> Receipt:
    round_ = session.scalar(select(Round).where(Round.public_id == round_id))
    if round_ is None:
        raise HiddenError
    organisations = session.scalars(
        select(Organisation)
        .where(Organisation.id.in_(select(Submission.organisation_id).where(Submission.round_id == round_.id)))
        .order_by(Organisation.id)
    ).all()
    people: dict[int | None, list[Person]] = {}
    for person in session.scalars(select(Person).where(Person.role == Role.ENTERPRISE)):
        people.setdefault(person.organisation_id, []).append(person)
    for organisation in organisations:
        known = people.get(organisation.id, [])
        if any(person.password_hash for person in known):
            continue
        person = known[0] if known else add_person(session, newcomer_for(organisation))
        made.append(Invited(organisation.name, person.login, add_code(session, person, days=days)))
    deed = Deed(act="invite_round", target=round_.public_id, round_id=round_.id, data={"codes": len(made)})
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(round_.public_id)


def newcomer_for(organisation: Organisation) -> Newcomer:
    """The first account of an organisation: its login is short and fit for print."""
    return Newcomer(Role.ENTERPRISE, organisation.name, f"hb{organisation.id:04d}", organisation_id=organisation.id)


def renew_code(person_id: str, *, days: int, origin: Origin) -> Invited:
    """A new code for somebody who lost the first; the old password stays until it is used."""
    made: list[Invited] = []

    def work(session: Session) -> Receipt:
        person = _person(session, person_id)
        made.append(Invited(person.name, person.login, add_code(session, person, days=days)))
        journal.append(session, origin=origin, deed=Deed(act="renew_code", target=person.public_id), at=clock.now())
        return Receipt(person.public_id)

    carry_out(work)
    return made[0]


def suspend(person_id: str, *, suspended: bool, origin: Origin) -> Receipt:
    """Suspend an account and end its sessions at once (A04), or restore it."""

    def work(session: Session) -> Receipt:
        person = _person(session, person_id)
        if origin.actor is not None and origin.actor.person_id == person.id:
            raise InvalidError([Reason(N_("Nobody suspends the own account."))])
        person.suspended_at = clock.now() if suspended else None
        person.version += 1
        end_sessions(session, person)
        act = "suspend" if suspended else "restore"
        journal.append(session, origin=origin, deed=Deed(act=act, target=person.public_id), at=clock.now())
        return Receipt(person.public_id, person.version)

    return carry_out(work)


def _person(session: Session, public_id: str) -> Person:
    query = select(Person).where(Person.public_id == public_id)
    person = session.scalar(query.with_for_update(key_share=True))
    if person is None:
        raise HiddenError
    return person


def codes_as_text(invited: Sequence[Invited]) -> str:
    """The list as tab-separated lines, for printing or a spreadsheet."""
    return "".join(f"{one.name}\t{one.login}\t{one.code}\n" for one in invited)
