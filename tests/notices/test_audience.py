"""Who is told what: a table by hand, and that letters and the list of notices never disagree."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hbreview.acts import inviting
from hbreview.acts.inviting import Newcomer
from hbreview.clock import now
from hbreview.extensions import db
from hbreview.model import Entry, Firm, Interest, Person, Round, Submission
from hbreview.notices.audience import TABLE, people_told, reader, told
from hbreview.transact import Receipt, carry_out
from hbreview.words import Role
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
