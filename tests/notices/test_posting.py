"""K06, C13: what was done is told once, whatever the mail server and the workers do; what was undone is not."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview import clock
from hbreview.acts import assigning
from hbreview.acts.signing_in import actor_for
from hbreview.extensions import db
from hbreview.model import Entry, Mail, Submission
from hbreview.notices import delivery, posting
from hbreview.notices.claiming import claim
from hbreview.notices.letters import message_id
from hbreview.transact import Receipt, carry_out
from hbreview.words import MailState
from hbreview.workflow.journal import Deed, Origin
from tests.notices.addressed import cursor, enter, give_addresses, mails, person, skip_to_now, use_mail
from tests.notices.mail_server import mail_server
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NOBODY = "smtp://127.0.0.1:9"


def _withdraw(world: World) -> Submission:
    """The enterprise withdraws its form: one entry, told to its city alone."""
    submitted = world.submission("submitted")
    give_addresses(world, f"city-{submitted.region}", f"hb{submitted.organisation_id:04d}")
    own = world.enterprise(submitted)
    world.city(submitted)
    skip_to_now(world)
    began = time.monotonic()
    assert world.fire(own, submitted, "withdraw").status_code == 303
    assert time.monotonic() - began < 2
    return submitted


def _number(world: World, mail: Mail) -> str:
    return message_id(mail.key, world.app.config["SETTINGS"].public_url)


def _later(minutes: int) -> time_machine.travel:
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True)


@pytest.mark.parametrize(
    ("database", "mood"),
    [("sqlite", "refuses"), ("sqlite", "hangs"), ("sqlite", "drops"), ("sqlite", "gone"), ("postgresql", "drops")],
    indirect=["database"],
)
def test_letter_waits_while_the_server_is_ill_and_leaves_once_when_it_is_back(
    world: World, mood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K06: the act answers in normal time, the letter is tried again later and not sooner, and is sent once."""
    monkeypatch.setattr(delivery, "TIMEOUT", 0.3)
    with mail_server(mood) as server:
        use_mail(world, NOBODY if mood == "gone" else server.url)
        submitted = _withdraw(world)

        posting.turn(world.app)

        mail = mails(world)[0]
        assert (len(mails(world)), mail.state, mail.tries, mail.kind) == (1, MailState.WAITING, 1, "withdraw")
        assert mail.fault and not server.letters
        assert mail.due_at - clock.now() > timedelta(seconds=50)
        server.mood = "works"
        use_mail(world, server.url)
        posting.turn(world.app)
        assert not server.letters
        for _turn in range(2):
            with _later(2):
                posting.turn(world.app)
    assert server.numbers() == [_number(world, mail)]
    assert server.messages()[0]["To"] == f"city-{submitted.region}@people.example"
    assert (mails(world)[0].state, mails(world)[0].fault) == (MailState.SENT, "")


@only_sqlite
def test_name_that_cannot_be_looked_up_is_a_server_that_is_away(world: World) -> None:
    """K06: DNS down."""
    use_mail(world, "smtp://no-such-host.invalid:25")
    _withdraw(world)
    posting.turn(world.app)
    assert [(mail.state, mail.tries) for mail in mails(world)] == [(MailState.WAITING, 1)]


@only_sqlite
def test_letter_that_was_taken_is_not_sent_again_for_an_unfriendly_goodbye(world: World) -> None:
    with mail_server("sulks") as server:
        use_mail(world, server.url)
        _withdraw(world)
        posting.turn(world.app)
    assert (len(server.letters), mails(world)[0].state) == (1, MailState.SENT)


@only_sqlite
def test_one_bad_box_does_not_hold_the_others_up(world: World) -> None:
    """Field case 16: of several letters one fails; the others leave and each says what became of it."""
    with mail_server() as server:
        use_mail(world, server.url)
        submitted = _withdraw(world)
        enter(world, Deed("submit", submission_id=submitted.id), login=f"hb{submitted.organisation_id:04d}")

        def spoil(session: Session) -> Receipt:
            session.execute(update(Mail).where(Mail.kind == "withdraw").values(data={"sequence": 0}))
            return Receipt("")

        with world.app.app_context():
            posting._make_letters(world.app.config["SETTINGS"])
            carry_out(spoil)
        posting.turn(world.app)
    assert [(mail.kind, mail.state) for mail in mails(world)] == [
        ("withdraw", MailState.FAILED),
        ("submit", MailState.SENT),
    ]
    assert len(server.letters) == 1


@only_sqlite
def test_server_that_is_away_is_asked_once_a_turn_and_a_refused_box_is_not_the_server(world: World) -> None:
    submitted = _withdraw(world)
    for _entry in range(2):
        enter(world, Deed("submit", submission_id=submitted.id), login=f"hb{submitted.organisation_id:04d}")
    for mood, talks in (("refuses", 1), ("forgets", 2)):
        with mail_server(mood) as server, _later(2):
            use_mail(world, server.url)
            posting.turn(world.app)
        assert server.talks == talks
    assert [mail.tries for mail in mails(world)] == [1, 1, 1]
    assert [fault in mail.fault for mail, fault in zip(mails(world), ("554", "550", "550"), strict=True)] == [True] * 3


def test_act_that_is_rolled_back_leaves_no_letter(world: World) -> None:
    """K06: refused by a guard, or broken after its entry was written; the next act's letter is the only one."""
    with mail_server() as server:
        use_mail(world, server.url)
        submitted = world.submission("submitted")
        give_addresses(world, f"city-{submitted.region}", f"hb{submitted.organisation_id:04d}")
        skip_to_now(world)
        before = cursor(world)
        assert world.fire(world.city(submitted), submitted, "return", reason="").status_code == 422
        with pytest.raises(ZeroDivisionError):
            deed = Deed("return", submission_id=submitted.id)
            enter(world, deed, login=f"city-{submitted.region}", fails=True)
        posting.turn(world.app)
        assert mails(world) == []
        enter(world, Deed("return", submission_id=submitted.id), login=f"city-{submitted.region}")
        posting.turn(world.app)
        posting.turn(world.app)
    assert len(server.letters) == 1
    with world.app.app_context():
        last = db.session.scalars(select(Entry.sequence).order_by(Entry.sequence.desc())).first() or 0
    assert cursor(world) == last > before
    reader = person(world, f"hb{submitted.organisation_id:04d}")
    assert [mail.key for mail in mails(world)] == [f"entry:{last}:{reader.id}"]


@only_sqlite
def test_alarm_after_the_last_try_and_pauses_that_grow(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K06: 1, 5, 15, 60 minutes and hourly; after so many tries an alarm, and one more when it is given up."""
    monkeypatch.setattr(posting, "TRIES", 11)  # a week of tries, shortened; the alarm comes after the same eight
    use_mail(world, NOBODY)
    _withdraw(world)
    pauses = []
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for _try in range(posting.TRIES):
            posting.turn(world.app)
            mail = mails(world)[0]
            pauses.append(round((mail.due_at - clock.now()) / timedelta(minutes=1)))
            traveller.move_to(mail.due_at)
        posting.turn(world.app)
    assert pauses[:-1] == [1, 5, 15, *[60] * (posting.TRIES - 4)]
    assert (mail.state, mail.tries) == (MailState.FAILED, posting.TRIES)
    assert [record.levelname for record in caplog.records if record.levelname == "ERROR"] == ["ERROR"] * 2


def test_many_workers_send_each_letter_once(world: World) -> None:
    """C13: four workers begin at the same moment, over letters that are not made yet."""
    give_addresses(world)
    skip_to_now(world)
    submitted = world.submission("submitted")
    for _number_of in range(6):
        enter(world, Deed("submit", submission_id=submitted.id), login=f"hb{submitted.organisation_id:04d}")
        enter(world, Deed("audit", submission_id=submitted.id), login="auditor")
    with mail_server() as server:
        use_mail(world, server.url)
        start = threading.Barrier(4)
        faults: list[BaseException] = []

        def work() -> None:
            try:
                start.wait()
                for _turn in range(2):
                    posting.turn(world.app)
            except BaseException as error:
                faults.append(error)

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert faults == []
        posting.turn(world.app)
    assert {mail.state for mail in mails(world)} == {MailState.SENT}
    assert len(mails(world)) == 6 * (1 + 3)
    assert sorted(server.numbers()) == sorted(_number(world, mail) for mail in mails(world))


def test_two_workers_that_saw_the_same_letter_take_it_once(world: World) -> None:
    """C13: both found it due; the claim decides."""
    use_mail(world, NOBODY)
    _withdraw(world)
    with world.app.app_context():
        posting._make_letters(world.app.config["SETTINGS"])
        found = [list(posting._due()), list(posting._due())]
        assert found[0] == found[1] != []
        taken = [claim(Mail, one[0], lease=posting.LEASE) for one in found]
    assert taken[0] is not None
    assert taken[1] is None


@only_sqlite
def test_worker_that_died_after_sending_sends_again_under_the_same_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: the second copy comes after the claim has run out, and is known by its Message-ID."""

    def die(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with mail_server() as server:
        use_mail(world, server.url)
        _withdraw(world)
        with monkeypatch.context() as patch:
            patch.setattr(posting, "_keep", die)
            with pytest.raises(KeyboardInterrupt):
                posting.turn(world.app)
        with _later(14):
            posting.turn(world.app)
        assert len(server.letters) == 1
        with _later(16):
            posting.turn(world.app)
    assert len(server.letters) == 2
    assert len(set(server.numbers())) == 1
    assert mails(world)[0].state is MailState.SENT


@only_sqlite
def test_without_server_or_address_the_cursor_moves_and_nothing_is_made_up_for(world: World) -> None:
    submitted = _withdraw(world)
    posting.turn(world.app)
    assert mails(world) == []
    with mail_server() as server:
        use_mail(world, server.url)
        posting.turn(world.app)
        assert (mails(world), server.letters) == ([], [])
        enter(world, Deed("approve", submission_id=submitted.id), login="province")
        posting.turn(world.app)
    # The firm's auditor is told too and has no address.
    assert [message["To"] for message in server.messages()] == [f"hb{submitted.organisation_id:04d}@people.example"]


@only_sqlite
def test_letter_is_not_sent_to_whom_it_concerns_no_more(world: World) -> None:
    """Between the entry and the sending the expert was taken off: the name of the form is not theirs to read."""
    submission = world.submission("submitted")
    give_addresses(world, "expert")
    by = Origin(actor_for(person(world, "province")), "test")
    expert = person(world, "expert").public_id
    with world.app.app_context():
        assigning.withdraw_expert(submission.public_id, expert, origin=by)
    skip_to_now(world)
    use_mail(world, NOBODY)
    with world.app.app_context():
        assigning.assign_expert(submission.public_id, expert, origin=by)
    posting.turn(world.app)
    assert [mail.state for mail in mails(world)] == [MailState.WAITING]
    with world.app.app_context():
        assigning.withdraw_expert(submission.public_id, expert, origin=by)
    with mail_server() as server:
        use_mail(world, server.url)
        with _later(2):
            posting.turn(world.app)
    assert server.talks == 0
    assert [mail.state for mail in mails(world)] == [MailState.FAILED]
