"""Who is told what: a table by hand, and that letters and the list of notices never disagree."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview.acts import inviting
from hbreview.acts.inviting import Newcomer
from hbreview.clock import now, today
from hbreview.extensions import db
from hbreview.model import Deputy, Entry, Firm, Interest, Person, Round, Submission
from hbreview.notices.audience import TABLE, people_told, reader, told
from hbreview.transact import Receipt, carry_out
from hbreview.words import Role, RoundState, State
from hbreview.workflow.journal import Deed
from tests.notices.addressed import enter, give_addresses, person
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
# By hand, for one submission: who does it, and who is told. "own" and "colleague" are of the enterprise.
BY_HAND: dict[tuple[str, str], set[str]] = {
    ("submit", "own"): {"city"},
    ("withdraw", "own"): {"city"},
    ("approve", "city"): {"own", "colleague", "auditor"},
    ("return", "city"): {"own", "colleague"},
    ("send_back", "province"): {"city"},
    ("audit", "auditor"): {"own", "colleague", "province", "province2"},
    ("audit", "province"): {"own", "colleague", "province2"},
    ("reaudit", "province"): {"auditor"},
    ("reply", "own"): {"city"},
    ("reply", "city"): set(),
    ("comment", "city"): set(),
    ("ask_sign_off", "own"): {"colleague"},
    ("sign_off", "colleague"): {"own"},
    ("decline_sign_off", "colleague"): {"own"},
    ("flag", "city"): set(),
    ("declare_interest", "expert"): set(),
    ("extend", "city"): {"own", "colleague"},
    ("extend", "province"): {"own", "colleague"},
    # The form is with the city: whatever it was reminded of is done.
    ("remind", "city"): set(),
    ("score", "province"): set(),
    ("hand_in", "expert"): set(),
    ("mark", "expert"): set(),
    ("answer", "own"): set(),
}


def _hire(world: World, submission: Submission) -> dict[str, str]:
    """A second person of the enterprise, an auditor and an expert of elsewhere; the logins by their part."""

    def work(session: Session) -> Receipt:
        for newcomer in (
            Newcomer(Role.ENTERPRISE, "同事", "colleague", organisation_id=submission.organisation_id),
            Newcomer(Role.AUDITOR, "别家审计员", "auditor-other", firm_name="另一家会计师事务所"),
            Newcomer(Role.EXPERT, "别的专家", "expert-other"),
        ):
            inviting.add_person(session, newcomer)
        return Receipt("")

    with world.app.app_context():
        carry_out(work)
    give_addresses(world)
    return {"own": f"hb{submission.organisation_id:04d}", "city": f"city-{submission.region}"}


def _newest(session: Session) -> Entry:
    return session.scalars(select(Entry).order_by(Entry.sequence.desc())).first() or Entry()


@only_sqlite
def test_each_act_is_told_to_whom_the_hand_says(world: World) -> None:
    submission = world.submission("submitted")
    logins = _hire(world, submission)
    parts = {login: part for part, login in logins.items()}
    found = {}
    for (act, by), _expected in BY_HAND.items():
        enter(world, Deed(act, submission_id=submission.id), login=logins.get(by, by))
        with world.app.app_context():
            entry = _newest(db.session())
            found[act, by] = {parts.get(one.login, one.login) for one in people_told(db.session(), entry)}
    assert found == BY_HAND


@only_sqlite
def test_round_is_told_to_its_enterprises_and_cities(world: World) -> None:
    submission = world.submission("submitted")
    _hire(world, submission)
    with world.app.app_context():
        round_id = db.session.scalars(select(Round.id)).one()
        organisations = set(db.session.scalars(select(Submission.organisation_id)))
        regions = set(db.session.scalars(select(Submission.region)))
    for act, cities in (("round_open", regions), ("round_publicise", set()), ("round_close", None)):
        enter(world, Deed(act, round_id=round_id), login="province")
        with world.app.app_context():
            people = people_told(db.session(), _newest(db.session()))
        assert {one.organisation_id for one in people} - {None} == (organisations if cities is not None else set())
        assert {one.region for one in people} - {None} == (cities or set())
        assert {one.role for one in people} <= {Role.ENTERPRISE, Role.CITY}


@only_sqlite
def test_assignment_is_told_to_the_named_alone_and_never_over_a_declared_interest(world: World) -> None:
    submission = world.submission("submitted")
    _hire(world, submission)
    expert = person(world, "expert")
    with world.app.app_context():
        firms = list(db.session.scalars(select(Firm.public_id).order_by(Firm.id)))

    def people(deed: Deed) -> list[str]:
        enter(world, deed, login="province")
        with world.app.app_context():
            return [one.login for one in people_told(db.session(), _newest(db.session()))]

    assert people(Deed("assign_firm", target=firms[0], submission_id=submission.id)) == ["auditor"]
    assert people(Deed("assign_firm", target=firms[1], submission_id=submission.id)) == []
    assigned = Deed("assign_expert", target=expert.public_id, submission_id=submission.id)
    assert people(assigned) == ["expert"]
    assert people(Deed("assign_expert", target="nobody", submission_id=submission.id)) == []

    def declare(session: Session) -> Receipt:
        session.add(Interest(person_id=expert.id, organisation_id=submission.organisation_id, created_at=now()))
        return Receipt("")

    with world.app.app_context():
        carry_out(declare)
    assert people(assigned) == []


def test_letters_and_list_of_notices_agree_on_everybody_and_every_entry(world: World) -> None:
    """The property over the whole matrix: each entry, each person, both directions."""
    submission = world.submission("submitted")
    logins = _hire(world, submission)
    for act, by in BY_HAND:
        enter(world, Deed(act, submission_id=submission.id), login=logins.get(by, by))
    with world.app.app_context():
        session = db.session()
        by_list = set()
        for one in session.scalars(select(Person)).all():
            query = select(Entry.sequence).outerjoin(Submission, Submission.id == Entry.submission_id)
            by_list |= {(sequence, one.id) for sequence in session.scalars(query.where(told(reader(one))))}
        acts = {telling.act for telling in TABLE}
        entries = session.scalars(select(Entry).where(Entry.act.in_(acts))).all()
        by_letter = {(entry.sequence, one.id) for entry in entries for one in people_told(session, entry)}
    assert len(by_list) > 200
    assert by_letter == by_list


@only_sqlite
def test_notes_of_a_team_are_told_to_its_other_people_and_to_who_stands_in_today(world: World) -> None:
    submission = world.submission("submitted")
    own = f"city-{submission.region}"
    elsewhere = "city-baoding" if submission.region != "baoding" else "city-tangshan"

    def hire(session: Session) -> Receipt:
        inviting.add_person(session, Newcomer(Role.CITY, "同事", "city2", region=submission.region))
        return Receipt("")

    with world.app.app_context():
        carry_out(hire)
    give_addresses(world)

    def people(act: str, *, target: str = "", login: str = "city2") -> set[str]:
        enter(world, Deed(act, target=target, submission_id=submission.id), login=login)
        with world.app.app_context():
            return {one.login for one in people_told(db.session(), _newest(db.session()))}

    def stand_in(first: int, last: int) -> None:
        day, ids = today(), (person(world, own).id, person(world, elsewhere).id)

        def work(session: Session) -> Receipt:
            days = {"first_day": day + timedelta(first), "last_day": day + timedelta(last)}
            session.add(Deputy(person_id=ids[0], deputy_id=ids[1], created_at=now(), **days))
            return Receipt("")

        with world.app.app_context():
            carry_out(work)

    stand_in(-9, -1)
    for act in ("flag", "declare_interest"):
        assert people(act) == {own}
        assert people(act, login=own) == {"city2"}
    for act in ("unflag", "tag", "tick", "check_review"):
        assert people(act) == set()
    named = person(world, elsewhere).public_id
    assert people("assign_reviewer", target=person(world, own).public_id) == {own}
    assert people("assign_reviewer", target=named) == set()
    assert people("mention", target=person(world, "province").public_id) == {"province"}
    stand_in(0, 0)
    assert people("assign_reviewer", target=named) == {elsewhere}
    assert people("flag") == {own, elsewhere}


@only_sqlite
def test_reminder_is_told_as_long_as_the_form_is_owed(world: World) -> None:
    submission = world.submission("returned")
    give_addresses(world)
    enter(world, Deed("remind", submission_id=submission.id), login="province")

    def people() -> int:
        with world.app.app_context():
            entry = db.session.scalars(select(Entry).where(Entry.act == "remind")).one()
            return len(people_told(db.session(), entry))

    def change(model: type[Round] | type[Submission], **values: object) -> None:
        def work(session: Session) -> Receipt:
            session.execute(update(model).values(**values))
            return Receipt("")

        with world.app.app_context():
            carry_out(work)

    assert people() == 1
    change(Round, state=RoundState.CLOSED)
    assert people() == 0
    change(Round, state=RoundState.OPEN)
    assert people() == 1
    change(Submission, state=State.SUBMITTED)
    assert people() == 0
