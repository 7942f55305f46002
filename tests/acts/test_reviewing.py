"""What a city's team notes: each note once in the journal, none of them a new version of the submission."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview.acts import declaring, inviting, looking, reviewing
from hbreview.acts.answering import NotEditableError
from hbreview.acts.inviting import Newcomer
from hbreview.acts.signing_in import actor_for
from hbreview.acts.weighing import SubmissionCase
from hbreview.clock import now, today
from hbreview.extensions import db
from hbreview.model import CitySetting, Deputy, Entry, Interest, Look, Person, Review, Round, Submission
from hbreview.transact import Receipt, carry_out
from hbreview.words import Role, RoundState
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError, StaleError
from hbreview.workflow.journal import Origin
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LONG = "长" * 21


def do(world: World, work: Callable[[Session], object]) -> None:
    """Change the database as no act would."""

    def change(session: Session) -> Receipt:
        work(session)
        return Receipt("")

    with world.app.app_context():
        carry_out(change)


def hire(world: World, login: str, region: str) -> None:
    """Another reviewer of a city."""
    do(world, lambda session: inviting.add_person(session, Newcomer(Role.CITY, login, login, region=region)))


def person(world: World, login: str) -> Person:
    with world.app.app_context():
        return db.session.scalars(select(Person).where(Person.login == login)).one()


def by(world: World, login: str) -> Origin:
    """Acts of this person."""
    return Origin(actor_for(person(world, login)), "test")


def review(world: World, submission: Submission) -> Review:
    with world.app.app_context():
        return db.session.scalars(select(Review).where(Review.submission_id == submission.id)).one()


def acts(world: World, submission: Submission) -> list[str]:
    """The acts of the journal on this submission, oldest first."""
    with world.app.app_context():
        query = select(Entry.act).where(Entry.submission_id == submission.id)
        return list(db.session.scalars(query.order_by(Entry.sequence)))


def test_notes_are_journaled_once_each_and_leave_the_submission_as_it_was(world: World) -> None:
    submission = world.submission("submitted")
    hire(world, "second", submission.region)
    second, one = person(world, "second"), by(world, f"city-{submission.region}")
    before, version = len(acts(world, submission)), submission.version
    here = submission.public_id
    notes: list[tuple[str, Callable[[], Receipt]]] = [
        ("assign_reviewer", lambda: reviewing.assign_reviewer(here, second.public_id, origin=one)),
        ("assign_reviewer", lambda: reviewing.assign_reviewer(here, "", origin=one)),
        ("tag", lambda: reviewing.set_tags(here, ["急", "ＡＢＣ", "急", " "], origin=one)),
        ("flag", lambda: reviewing.set_flag(here, "合同\r\n缺页", origin=one)),
        ("unflag", lambda: reviewing.set_flag(here, "", origin=one)),
        ("tick", lambda: reviewing.tick(here, "complete", ticked=True, revision=1, origin=one)),
        ("tick", lambda: reviewing.tick(here, "complete", ticked=False, revision=1, origin=one)),
    ]
    with world.app.app_context():
        for number, (_act, note) in enumerate(notes, 1):
            assert note().version == number
            assert note().version == number
    assert acts(world, submission)[before:] == [act for act, _note in notes]
    assert world.now(submission).version == version
    kept = review(world, submission)
    assert (kept.tags, kept.flag, kept.ticks, kept.assignee_id) == (["急", "ABC"], "", [], None)
    assert world.faults() == []


@only_sqlite
def test_only_who_reviews_for_the_city_today_is_given_a_submission(world: World) -> None:
    submission = world.submission("submitted")
    one, here = by(world, f"city-{submission.region}"), submission.public_id
    elsewhere = "baoding" if submission.region != "baoding" else "tangshan"
    other, gone, deputised = (person(world, f"city-{elsewhere}"), "gone", person(world, f"city-{submission.region}"))
    hire(world, gone, submission.region)
    do(world, lambda session: session.execute(update(Person).where(Person.login == gone).values(suspended_at=now())))

    def refused(public_id: str) -> bool:
        with world.app.app_context():
            try:
                reviewing.assign_reviewer(here, public_id, origin=one)
            except InvalidError as error:
                return [reason.field for reason in error.reasons] == ["assignee"]
        return False

    for login in (gone, "province", "expert", f"hb{submission.organisation_id:04d}", other.login):
        assert refused(person(world, login).public_id), login
    assert refused("nobody")

    def stand_in(first: int, last: int, *, ended: bool = False) -> None:
        day = today()
        row = {"first_day": day + timedelta(first), "last_day": day + timedelta(last)}
        whom = {"person_id": deputised.id, "deputy_id": other.id, "created_at": now()}
        do(world, lambda session: session.add(Deputy(**whom, **row, ended_at=now() if ended else None)))

    for days in ((-5, -1), (1, 9)):
        stand_in(*days)
    stand_in(-1, 1, ended=True)
    assert refused(other.public_id)
    stand_in(0, 0)
    assert not refused(other.public_id)
    assert review(world, submission).assignee_id == other.id


@only_sqlite
def test_what_does_not_do_is_refused_beside_its_field_and_keeps_nothing(world: World) -> None:
    submission = world.submission("submitted")
    one, here, before = by(world, f"city-{submission.region}"), submission.public_id, world.dump()
    with world.app.app_context():
        for given in ([LONG], [str(number) for number in range(9)]):
            with pytest.raises(InvalidError):
                reviewing.set_tags(here, given, origin=one)
        with pytest.raises(InvalidError):
            reviewing.set_flag(here, "长" * 501, origin=one)
        with pytest.raises(MalformedError):
            reviewing.tick(here, "no such item", ticked=True, origin=one)
        with pytest.raises(StaleError):
            reviewing.tick(here, "complete", ticked=True, revision=2, origin=one)
        with pytest.raises(StaleError):
            reviewing.second_check(here, submission.version - 1, origin=one)
        elsewhere = "baoding" if submission.region != "baoding" else "tangshan"
        with pytest.raises(HiddenError):
            reviewing.set_flag(here, "看", origin=by(world, f"city-{elsewhere}"))
        with pytest.raises(ForbiddenError):
            reviewing.set_flag(here, "看", origin=by(world, "province"))
    assert world.dump() == before


@only_sqlite
def test_ticks_and_checks_are_made_while_it_is_with_the_city_and_notes_until_the_outcomes(world: World) -> None:
    for state in ("returned", "city_reviewed"):
        submission = world.submission(state)
        one = by(world, f"city-{submission.region}")
        with world.app.app_context():
            with pytest.raises(NotEditableError):
                reviewing.tick(submission.public_id, "complete", ticked=True, origin=one)
            with pytest.raises(NotEditableError):
                reviewing.second_check(submission.public_id, submission.version, origin=one)
            reviewing.set_flag(submission.public_id, "看", origin=one)
    do(world, lambda session: session.execute(update(Round).values(state=RoundState.PUBLICISED)))
    with world.app.app_context(), pytest.raises(NotEditableError):
        reviewing.set_flag(submission.public_id, "", origin=one)


def test_new_revision_unticks_and_voids_the_second_check(world: World) -> None:
    submission = world.submission("submitted")
    city, here = by(world, f"city-{submission.region}"), submission.public_id
    do(world, lambda session: session.add(CitySetting(region=submission.region, second_check=True, version=1)))

    def facts() -> tuple[frozenset[str], int | None]:
        with world.app.app_context():
            row = db.session.scalars(select(Submission).where(Submission.id == submission.id)).one()
            case = SubmissionCase(db.session(), row, {})
            return case.ticks, case.second_check.checked_by

    with world.app.app_context():
        reviewing.tick(here, "consistent", ticked=True, origin=city)
        reviewing.second_check(here, submission.version, origin=city)
    assert facts() == (frozenset({"consistent"}), person(world, f"city-{submission.region}").id)
    do(world, lambda session: session.execute(update(Submission).values(revision_number=2)))
    assert facts() == (frozenset(), None)
    with world.app.app_context():
        reviewing.tick(here, "complete", ticked=True, origin=city)
    assert facts() == (frozenset({"complete"}), None)


def test_who_declares_an_interest_is_out_of_both_forms_and_has_nothing_left_of_them(world: World) -> None:
    """Z10: invisible, unassigned, the check void; a colleague is not touched, and nobody gives it back to them."""
    submission = world.submission("submitted")
    login = f"city-{submission.region}"
    hire(world, "second", submission.region)
    one, second, here = by(world, login), by(world, "second"), submission.public_id
    who = person(world, login)
    do(world, lambda session: session.add(CitySetting(region=submission.region, second_check=True, version=1)))
    with world.app.app_context():
        reviewing.assign_reviewer(here, who.public_id, origin=second)
        reviewing.second_check(here, submission.version, origin=one)
        with pytest.raises(InvalidError):
            declaring.declare_interest(here, "  ", origin=one)
        declaring.declare_interest(here, "亲属任职", origin=one)
    kept = review(world, submission)
    assert (kept.assignee_id, kept.checked_by) == (None, None)
    assert acts(world, submission)[-1] == "declare_interest"
    with world.app.app_context():
        with pytest.raises(HiddenError):
            declaring.declare_interest(here, "亲属任职", origin=one)
        with pytest.raises(HiddenError):
            reviewing.set_flag(here, "看", origin=one)
        with pytest.raises(InvalidError):
            reviewing.assign_reviewer(here, who.public_id, origin=second)
        reviewing.set_flag(here, "看", origin=second)
        assert [row.person_id for row in db.session.scalars(select(Interest))] == [who.id]
    assert world.faults() == []


def test_look_never_goes_back_and_is_no_entry_of_the_journal(world: World) -> None:
    submission = world.submission("submitted")
    login = f"city-{submission.region}"
    origin, before = by(world, login), len(acts(world, submission))

    def seen(revision: int, sequence: int) -> tuple[int, int, int]:
        with world.app.app_context():
            row = db.session.scalars(select(Submission).where(Submission.id == submission.id)).one()
            looking.look(row, revision=revision, sequence=sequence, origin=origin)
            kept = db.session.scalars(select(Look)).one()
            return kept.former_revision, kept.revision_number, kept.sequence

    assert seen(1, 5) == (0, 1, 5)
    assert seen(1, 3) == (0, 1, 5)
    do(world, lambda session: session.execute(update(Submission).values(revision_number=3)))
    assert seen(3, 6) == (1, 3, 6)
    assert seen(2, 6) == (1, 3, 6)
    with world.app.app_context():
        head = db.session.scalars(select(Entry.sequence).order_by(Entry.sequence.desc())).first()
    assert seen(3, 10**14) == (1, 3, head)
    assert len(acts(world, submission)) == before
