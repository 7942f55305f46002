"""Reminders by hand: once a day, only of open work, and told to exactly those who owe it when the letter leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hbreview.acts import inviting
from hbreview.acts.answering import NotEditableError
from hbreview.acts.inviting import Newcomer
from hbreview.acts.reminding import remind
from hbreview.clock import now, today
from hbreview.extensions import db
from hbreview.model import Answer, Entry, Mail, Round, Submission
from hbreview.notices import posting
from hbreview.words import MailState, Role, RoundState, State
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError
from tests.acts.test_reviewing import by, do
from tests.notices.addressed import give_addresses, mails, person, skip_to_now, use_mail
from tests.notices.mail_server import mail_server
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def refused(world: World, submission: Submission, login: str) -> bool:
    """Whether a reminder was refused with a sentence."""
    with world.app.app_context():
        try:
            remind(submission.public_id, origin=by(world, login))
        except (InvalidError, NotEditableError):
            return True
    return False


def entries(world: World) -> list[Entry]:
    with world.app.app_context():
        return list(db.session.scalars(select(Entry).where(Entry.act == "remind").order_by(Entry.sequence)))


def test_once_a_day_in_shanghai_whoever_reminds(world: World) -> None:
    submission = world.submission("returned")
    city, version = f"city-{submission.region}", submission.version
    at = now().replace(hour=2, minute=0)
    for moved, login, again in ((0, city, False), (1, "province", True), (13, city, True), (14, "province", False)):
        with time_machine.travel(at + timedelta(hours=moved), tick=True):
            assert refused(world, submission, login) is again, moved
    assert len(entries(world)) == 2
    assert world.now(submission).version == version
    assert world.faults() == []


@only_sqlite
def test_there_must_be_open_work_and_a_right_to_remind(world: World) -> None:
    for state in ("submitted", "city_reviewed", "audited", "scored"):
        assert refused(world, world.submission(state), "province"), state
    draft = world.submission("returned")
    elsewhere = "baoding" if draft.region != "baoding" else "tangshan"
    for login, error in ((f"city-{elsewhere}", HiddenError), (f"hb{draft.organisation_id:04d}", ForbiddenError)):
        with world.app.app_context(), pytest.raises(error):
            remind(draft.public_id, origin=by(world, login))
    do(world, lambda session: session.execute(update(Round).values(state=RoundState.CLOSED)))
    assert refused(world, draft, "province")
    assert entries(world) == []


@only_sqlite
def test_reminder_says_what_is_open_and_until_when(world: World) -> None:
    """Returned; then sent, withdrawn and whole; then with things missing; and never begun."""
    draft, own = world.submission("returned"), today() + timedelta(60)
    do(world, lambda session: session.execute(update(Submission).values(extended_to=own)))

    def case(submission: Submission) -> tuple[str, str, bool]:
        do(world, lambda session: session.execute(update(Round).values(enterprise_deadline=today())))
        at = now() + timedelta(days=len(entries(world)) + 1)
        with time_machine.travel(at, tick=True):
            assert not refused(world, submission, "province")
        data = entries(world)[-1].data
        return data["case"], data["day"], data["missing"] > 0

    assert case(draft) == ("mend", own.isoformat(), False)
    enterprise = world.enterprise(draft)
    assert world.fire(enterprise, draft, "submit", declared="1").status_code == 303
    assert world.fire(enterprise, draft, "withdraw").status_code == 303
    assert case(draft) == ("send", own.isoformat(), False)
    do(world, lambda session: session.execute(delete(Answer).where(Answer.submission_id == draft.id)))
    assert case(draft) == ("fill", own.isoformat(), True)
    with world.app.app_context():
        begun = select(Entry.submission_id).where(Entry.submission_id.is_not(None))
        untouched = db.session.scalars(
            select(Submission).where(Submission.state == State.DRAFT, Submission.id.not_in(begun)).limit(1)
        ).one()
    assert case(untouched) == ("begin", own.isoformat(), True)


@only_sqlite
def test_letters_go_to_exactly_those_who_owe_the_form_when_they_leave(world: World) -> None:
    """Field case 25: two people of one organisation are written to; what was sent meanwhile is not chased."""
    owing, done = world.submission("returned"), world.submission("draft")

    def hire(session: Session) -> None:
        newcomer = Newcomer(Role.ENTERPRISE, "同事", "colleague", organisation_id=owing.organisation_id)
        inviting.add_person(session, newcomer)

    do(world, hire)
    give_addresses(world)
    skip_to_now(world)
    deadline = {"enterprise_deadline": today() + timedelta(30), "city_deadline": today() + timedelta(60)}
    do(world, lambda session: session.execute(update(Round).values(**deadline)))
    assert not refused(world, owing, "province")
    assert not refused(world, done, "province")
    use_mail(world, "smtp://127.0.0.1:9")
    with world.app.app_context():
        posting._make_letters(world.app.config["SETTINGS"])
    whom = {person(world, login).id for login in ("colleague", f"hb{owing.organisation_id:04d}")}
    finished = person(world, f"hb{done.organisation_id:04d}").id
    assert {mail.person_id for mail in mails(world)} == whom | {finished}
    change = update(Submission).where(Submission.id == done.id).values(state=State.SUBMITTED)
    do(world, lambda session: session.execute(change))
    with mail_server() as server:
        use_mail(world, server.url)
        posting.turn(world.app)
        posting.turn(world.app)
    sent = {mail.person_id for mail in mails(world) if mail.state is MailState.SENT}
    assert sent == whom
    assert len(server.letters) == len(whom)


@only_sqlite
def test_automatic_reminders_go_by_the_organisations_own_day(world: World) -> None:
    """Three days before the round's end: not whom it does not concern yet; and again before the own day, once."""
    give_addresses(world)
    skip_to_now(world)
    longer, end = world.submission("returned"), today() + timedelta(3)
    deadlines = {"enterprise_deadline": end, "city_deadline": end + timedelta(90)}
    do(world, lambda session: session.execute(update(Round).values(**deadlines)))
    change = update(Submission).where(Submission.id == longer.id).values(extended_to=end + timedelta(20))
    do(world, lambda session: session.execute(change))

    def reminded() -> list[str]:
        with world.app.app_context():
            posting._make_reminders()
            query = select(Mail).order_by(Mail.id)
            return [m.data["deadline"] for m in db.session.scalars(query) if m.data["submission"] == longer.public_id]

    assert reminded() == []
    assert len(mails(world)) > 50
    with time_machine.travel(now() + timedelta(days=16), tick=True):
        assert reminded() == [(end + timedelta(20)).isoformat()]
        assert reminded() == [(end + timedelta(20)).isoformat()]
    with time_machine.travel(now() + timedelta(days=24), tick=True):
        assert len(reminded()) == 1
