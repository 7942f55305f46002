"""How a form stands, read in one statement: the same as separate questions give, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from hbreview import clock
from hbreview.acts.standing import SERVED_LIST, Standing, standing_of
from hbreview.extensions import db
from hbreview.model import Answer, Attachment, Person, Revision, Round, Submission
from hbreview.transact import Receipt, carry_out
from hbreview.words import RoundState, State
from tests.desks.test_query_counts import counting
from tests.worlds import World

STATES = ("draft", "returned", "submitted", "scored")


def loaded(submission: Submission) -> Submission:
    """The submission with its round, as the door loads it."""
    query = select(Submission).where(Submission.id == submission.id).options(joinedload(Submission.round))
    return db.session().scalars(query).one()


def standing(world: World, submission: Submission) -> Standing:
    """How it stands now."""
    with world.app.app_context():
        return standing_of(db.session(), loaded(submission))


def person_of(session: Session, submission: Submission) -> int:
    """Somebody of its organisation."""
    return session.scalars(select(Person.id).where(Person.organisation_id == submission.organisation_id)).first() or 0


def earlier(
    world: World,
    submission: Submission,
    year: int,
    revisions: dict[int, dict[str, str]],
    *,
    number: int,
    programme: str = "",
    organisation: int = 0,
) -> None:
    """A round of another year with a form of the same organisation and its revisions; ``number`` is the newest."""

    def work(session: Session) -> Receipt:
        day = clock.today() - timedelta(days=300)
        round_ = session.scalars(select(Round).where(Round.year == year)).first() or Round(
            year=year, title=str(year), state=RoundState.FINALISED, enterprise_deadline=day, city_deadline=day,
            created_at=clock.now(),
        )  # fmt: skip
        session.add(round_)
        session.flush()
        form = Submission(
            round_id=round_.id, programme=programme or submission.programme, state=State.SCORED,
            programme_version_id=submission.programme_version_id, organisation_name=submission.organisation_name,
            organisation_id=organisation or submission.organisation_id, region=submission.region,
            printed_region=submission.printed_region, revision_number=number, moved_at=clock.now(),
        )  # fmt: skip
        session.add(form)
        session.flush()
        session.add_all(
            Revision(submission_id=form.id, number=n, answers=answers, attachments=[], digest="0" * 64,
                     person_id=person_of(session, submission), created_at=clock.now())
            for n, answers in revisions.items()
        )  # fmt: skip
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def attach(world: World, submission: Submission, field: str, *, removed: bool = False, **counts: int) -> None:
    """A file at a field; a list's with what it counts."""

    def work(session: Session) -> Receipt:
        session.add(
            Attachment(submission_id=submission.id, field=field, name="表.xlsx", media_type="x/y", size=1,
                       sha256="0" * 64, person_id=person_of(session, submission), created_at=clock.now(),
                       removed_at=clock.now() if removed else None, counts=counts)
        )  # fmt: skip
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def test_it_is_one_statement_and_what_separate_ones_give(world: World) -> None:
    forms = [world.submission(state, key) for state in STATES for key in ("platform", "base")]
    earlier(world, forms[0], 2018, {1: {"employees": "7"}}, number=1)
    attach(world, forms[0], SERVED_LIST, enterprises_served=3)
    attach(world, forms[0], "development_plan", removed=True)
    for form in forms:
        standing(world, form)  # what is kept in memory is read once
        with world.app.app_context():
            held = loaded(form)
            with counting(world) as statements:
                found = standing_of(db.session(), held)
            assert len(statements) == 1
            answers = db.session().scalars(select(Answer).where(Answer.submission_id == form.id)).all()
            live = select(Attachment.field, func.count()).where(
                Attachment.submission_id == form.id, Attachment.removed_at.is_(None)
            )
            files = {row[0]: row[1] for row in db.session().execute(live.group_by(Attachment.field))}
        assert found.answers == {row.key: row.value for row in answers}
        assert found.versions == {row.key: row.version for row in answers}
        assert found.files == files
        assert found.last == ({"employees": "7"} if form is forms[0] else None)
        assert found.listed == ({"enterprises_served": 3} if form is forms[0] else {})
    assert standing(world, forms[2]).answers
    assert standing(world, forms[2]).files


def test_last_years_answers_are_the_submitted_ones_of_the_newest_earlier_round(world: World) -> None:
    form = world.submission("draft")
    other = world.submission("submitted")
    assert standing(world, form).last is None
    earlier(world, form, 2016, {1: {"employees": "16"}}, number=1)
    assert standing(world, form).last == {"employees": "16"}
    earlier(world, form, 2017, {1: {"employees": "1"}, 2: {"employees": "2"}, 3: {"employees": "3"}}, number=2)
    assert standing(world, form).last == {"employees": "2"}
    # Not another organisation's, not another programme's, not a later round's, though they are newer.
    earlier(world, form, 2015, {1: {"employees": "15"}}, number=1)
    earlier(world, form, 2018, {2: {"employees": "90"}}, number=2, organisation=other.organisation_id)
    earlier(world, form, 2018, {2: {"employees": "91"}}, number=2, programme="base")
    earlier(world, form, 2020, {1: {"employees": "20"}}, number=1)
    assert standing(world, form).last == {"employees": "2"}
    assert standing(world, world.submission("returned")).last is None


def test_a_form_that_was_never_submitted_is_nobodys_last_year(world: World) -> None:
    form = world.submission("draft")
    earlier(world, form, 2018, {}, number=0)
    assert standing(world, form).last is None
    earlier(world, form, 2018, {1: {"employees": "9"}}, number=0, programme="other")
    assert standing(world, form).last is None


def test_last_years_remarks_are_not_carried_and_its_texts_come_whole(world: World) -> None:
    form = world.submission("draft")
    answers = {"employees": "9", "remark.JUMP.employees": "合并", "address": '石家庄"\\\n<b>𠮷'}
    earlier(world, form, 2018, {1: answers}, number=1)
    found = standing(world, form)
    assert found.last == {"employees": "9", "address": answers["address"]}
    assert "JUMP.employees" in [finding.key for finding in found.unremarked]


def test_the_lists_counts_are_those_of_the_live_list_alone(world: World) -> None:
    form, other = world.submission("draft"), world.submission("returned")
    assert standing(world, form).listed == {}
    attach(world, form, SERVED_LIST, removed=True, enterprises_served=1)
    attach(world, other, SERVED_LIST, enterprises_served=2)
    attach(world, form, "evidence", enterprises_served=3)
    assert standing(world, form).listed == {}
    attach(world, form, SERVED_LIST, enterprises_served=4, small_micro_enterprises_served=0)
    found = standing(world, form)
    assert found.listed == {"enterprises_served": 4, "small_micro_enterprises_served": 0}
    assert (found.files[SERVED_LIST], found.files["evidence"]) == (1, 1)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_answers_just_saved_stand_without_being_read_again(world: World) -> None:
    form = world.submission("returned")
    now = standing(world, form).answers["employees"]
    earlier(world, form, 2018, {1: {"employees": now}}, number=1)
    before = standing(world, form)
    after = before.with_answers({"employees": f"{now}00", "address": ""}, version=99)
    assert (after.answers["employees"], after.answers["address"]) == (f"{now}00", "")
    assert {key for key, version in after.versions.items() if version == 99} == {"employees", "address"}
    assert before.answers["employees"] == now
    keys = [[finding.key for finding in one.findings] for one in (before, after)]
    assert ("UNIT.employees" in keys[0], "UNIT.employees" in keys[1]) == (False, True)
    assert {reason.field for reason in after.missing} - {reason.field for reason in before.missing} == {"address"}
    assert (after.files, after.last, after.settings) == (before.files, before.last, before.settings)
