"""Messages to a group: exactly those with open work, asked again when it is sent, once, and told to them alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import select, update

from hbreview.acts import announcing
from hbreview.acts.announcing import GROUPS, Group, Message
from hbreview.acts.inviting import suspend
from hbreview.acts.signing_in import actor_for
from hbreview.clock import now, today
from hbreview.extensions import db
from hbreview.model import Announcement, AnnouncementReader, Entry, Firm, Mail, Person, Round, ScoreSheet, Submission
from hbreview.notices import letters, posting
from hbreview.notices.audience import people_told, reader, told
from hbreview.notices.letters import Letter
from hbreview.programmes.message_templates import (
    filled,
    message_templates,
    placeholders,
    read_templates,
    unknown_placeholders,
)
from hbreview.programmes.reading import ProgrammeError
from hbreview.transact import Receipt, carry_out
from hbreview.words import State
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError, KeyReusedError
from hbreview.workflow.journal import Origin
from tests.notices.addressed import give_addresses, skip_to_now, use_mail
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
Found = TypeVar("Found")


def by(world: World, login: str = "province", key: str | None = None) -> Origin:
    with world.app.app_context():
        person = db.session.scalars(select(Person).where(Person.login == login)).one()
        return Origin(actor_for(person), "test", key=key, digest=key)


def the_round(world: World) -> Round:
    with world.app.app_context():
        return db.session.scalars(select(Round)).one()


def logins(world: World, group: Group) -> list[str]:
    with world.app.app_context():
        session = db.session()
        found = announcing.recipients(session, session.scalars(select(Round)).one(), group)
        ids = [one.person_id for one in found]
        assert len(ids) == len(set(ids))
        return sorted(session.scalars(select(Person.login).where(Person.id.in_(ids))))


def send(world: World, group: Group, *, key: str | None = None, login: str = "province", **texts: str) -> Receipt:
    message = Message(the_round(world).public_id, group, texts.get("subject", "主题"), texts.get("body", "正文"))
    with world.app.app_context():
        return announcing.announce(message, origin=by(world, login, key))


def _change(world: World, **values: object) -> None:
    with world.app.app_context():
        carry_out(lambda s: Receipt(str(s.execute(update(Round).values(**values)))))


def test_groups_are_exactly_those_with_open_work(world: World) -> None:
    """Field case 25, on both databases: against the rows themselves, by hand."""
    with world.app.app_context():
        rows = list(db.session.scalars(select(Submission).order_by(Submission.id)))

    def own(*states: State) -> list[str]:
        return sorted({f"hb{row.organisation_id:04d}" for row in rows if row.state in states})

    def of_cities(*states: State) -> set[str]:
        return {row.region for row in rows if row.state in states}

    assert logins(world, Group("enterprises_unsent")) == own(State.DRAFT)
    returned = {f"hb{world.submission('returned', key).organisation_id:04d}" for key in ("platform", "base")}
    assert logins(world, Group("enterprises_returned")) == sorted(returned)
    assert logins(world, Group("enterprises_all")) == own(*State)
    waiting = logins(world, Group("cities_waiting"))
    assert {login.split("-")[1] for login in waiting} == of_cities(State.SUBMITTED)
    assert {login.split("-")[1] for login in logins(world, Group("cities_all"))} == of_cities(*State)
    reviewed = [row for row in rows if row.state is State.CITY_REVIEWED and row.firm_id]
    assert logins(world, Group("auditors_open")) == (["auditor"] if reviewed else [])
    region = world.submission("draft").region
    narrowed = logins(world, Group("enterprises_unsent", region=region, programme="platform"))
    assert narrowed == sorted(
        f"hb{row.organisation_id:04d}"
        for row in rows
        if row.state is State.DRAFT and row.region == region and row.programme == "platform"
    )


@only_sqlite
def test_experts_and_auditors_are_asked_for_open_work_of_their_own(world: World) -> None:
    with world.app.app_context():
        session = db.session()
        firm = session.scalars(select(Firm.public_id).order_by(Firm.id)).first() or ""
        expert = session.scalars(select(Person.public_id).where(Person.login == "expert")).one()
        unfinished = update(ScoreSheet).values(handed_in_at=None)
        carry_out(lambda s: Receipt(str(s.execute(unfinished))))
    # The sheets of what is scored ask for nothing any more; those of what is audited do.
    assert logins(world, Group("experts_open")) == ["expert"]
    assert logins(world, Group("experts_open", who=expert)) == ["expert"]
    assert logins(world, Group("auditors_open", who=firm)) == logins(world, Group("auditors_open")) == ["auditor"]
    for group in (Group("experts_open", who="nobody"), Group("auditors_open", who="nobody")):
        assert logins(world, group) == []
    with world.app.app_context():
        carry_out(lambda s: Receipt(str(s.execute(unfinished.values(withdrawn_at=now())))))
    assert logins(world, Group("experts_open")) == []


@only_sqlite
def test_only_the_late_are_asked_and_whoever_has_longer_is_not(world: World) -> None:
    everybody = logins(world, Group("enterprises_unsent"))
    assert logins(world, Group("enterprises_unsent", late=True)) == []
    _change(world, enterprise_deadline=today() - timedelta(days=1))
    assert logins(world, Group("enterprises_unsent", late=True)) == everybody
    draft = world.submission("draft")
    with world.app.app_context():
        longer = update(Submission).where(Submission.organisation_id == draft.organisation_id)
        carry_out(lambda s: Receipt(str(s.execute(longer.values(extended_to=today() + timedelta(days=3))))))
    assert logins(world, Group("enterprises_unsent", late=True)) == [
        login for login in everybody if login != f"hb{draft.organisation_id:04d}"
    ]
    _change(world, enterprise_deadline=today())
    assert logins(world, Group("enterprises_unsent", late=True)) == []


@only_sqlite
def test_who_has_finished_between_preview_and_sending_gets_nothing(world: World) -> None:
    give_addresses(world)
    group = Group("enterprises_returned", programme="platform")
    returned = world.submission("returned")
    assert logins(world, group) == [f"hb{returned.organisation_id:04d}"]
    with world.app.app_context():
        moved = update(Submission).where(Submission.id == returned.id).values(state=State.SUBMITTED)
        carry_out(lambda s: Receipt(str(s.execute(moved))))
    with pytest.raises(InvalidError) as caught:
        send(world, group)
    assert [reason.field for reason in caught.value.reasons] == ["group"]


@only_sqlite
def test_message_is_kept_told_and_lettered_to_its_readers_alone_and_once(world: World) -> None:
    give_addresses(world)
    use_mail(world, "smtp://127.0.0.1:9")
    skip_to_now(world)
    group = Group("cities_waiting")
    wanted = logins(world, group)
    first = send(world, group, key="k1", subject="请审核 %(round)s", body="截止%(deadline)s\n见 evil.example/x")
    again = send(world, group, key="k1", subject="请审核 %(round)s", body="截止%(deadline)s\n见 evil.example/x")
    assert (again.target, again.repeated) == (first.target, True)
    with world.app.app_context():
        session = db.session()
        kept = session.scalars(select(Announcement)).one()
        readers = set(session.scalars(select(AnnouncementReader.person_id)))
        entry = session.scalars(select(Entry).where(Entry.act == "announce")).one()
        people = list(session.scalars(select(Person).order_by(Person.id)))
        assert sorted(person.login for person in people if person.id in readers) == wanted
        assert (kept.count, entry.target, entry.round_id) == (len(wanted), kept.public_id, kept.round_id)
        assert kept.subject == f"请审核 {the_round(world).title}"
        heard = [
            person.login
            for person in people
            if session.scalar(select(Entry.sequence).outerjoin(Submission, Submission.id == Entry.submission_id)
                              .where(Entry.act == "announce", told(reader(person))))
        ]  # fmt: skip
        assert sorted(heard) == wanted
        assert sorted(person.login for person in people_told(session, entry)) == wanted
        posting._make_letters(world.app.config["SETTINGS"])
        mails = list(db.session.scalars(select(Mail).where(Mail.kind == "announce")))
        assert {mail.person_id for mail in mails} == readers
        letter = Letter(mails[0].key, mails[0].kind, mails[0].data, "a@b.example", "王", "zh")
    message = letters.write(world.app, letter, at=now())
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has a plain part
    assert "请审核" in str(message["Subject"])
    assert "evil.example" not in text
    assert "evil" in text
    assert world.faults() == []


@only_sqlite
def test_own_page_of_a_reader_shows_subject_and_text_and_nobody_elses_does(world: World) -> None:
    draft = world.submission("draft")
    send(world, Group("enterprises_unsent", region=draft.region), subject="甲乙丙", body="<b>丁</b>")
    page = world.enterprise(draft).get("/notices").get_data(as_text=True)
    assert "甲乙丙" in page
    assert "&lt;b&gt;丁&lt;/b&gt;" in page
    assert "甲乙丙" not in world.city(draft).get("/notices").get_data(as_text=True)


@pytest.mark.parametrize(
    ("subject", "body", "fields"),
    [
        ("", "x", ["subject"]), ("x", " ", ["body"]), ("%(secret)s", "x", ["subject"]), ("x", "%(round)d", ["body"]),
        ("x", "%(audit_deadline)s", ["body"]), ("a" * 201, "x", ["subject"]), ("x", "y" * 5001, ["body"]),
        ("x\x07", "y\x00", ["subject", "body"]), ("%(round.__class__)s", "{round}", ["subject"]),
    ],
)  # fmt: skip
@only_sqlite
def test_text_that_will_not_do_is_refused_and_nothing_is_sent(
    world: World, subject: str, body: str, fields: list[str]
) -> None:
    before = world.dump()
    with pytest.raises(InvalidError) as caught:
        send(world, Group("enterprises_all"), subject=subject, body=body)
    assert [reason.field for reason in caught.value.reasons] == fields
    assert world.dump() == before


@only_sqlite
def test_only_the_province_sends_and_a_key_covers_one_message(world: World) -> None:
    for login in ("admin", "expert", "hb0001"):
        with pytest.raises(ForbiddenError):
            send(world, Group("enterprises_all"), login=login)
    with world.app.app_context(), pytest.raises(HiddenError):
        announcing.announce(Message("nothing", Group("enterprises_all"), "x", "y"), origin=by(world))
    send(world, Group("enterprises_all"), key="k")
    with world.app.app_context(), pytest.raises(KeyReusedError):
        other = replace(by(world, key="k"), digest="another")
        message = Message(the_round(world).public_id, Group("enterprises_all"), "别的", "x")
        announcing.announce(message, origin=other)


@only_sqlite
def test_suspended_people_are_in_no_group(world: World) -> None:
    draft = world.submission("draft")
    login = f"hb{draft.organisation_id:04d}"
    with world.app.app_context():
        public_id = db.session.scalars(select(Person.public_id).where(Person.login == login)).one()
        suspend(public_id, suspended=True, origin=by(world, "admin"))
    assert login not in logins(world, Group("enterprises_all"))


def test_templates_are_for_groups_that_there_are_and_use_known_names_only() -> None:
    found = message_templates()
    assert len({one.key for one in found}) == len(found) >= 5
    assert {one.group for one in found} <= set(GROUPS)
    for one in found:
        for label in (one.name, one.subject, one.body):
            assert label.zh
            assert label.en


def test_unknown_placeholder_in_the_file_is_refused() -> None:
    text = '[[message]]\nkey = "a"\ngroup = "g"\nname = { zh = "a", en = "a" }\n'
    good = text + 'subject = { zh = "%(round)s", en = "b" }\nbody = { zh = "c", en = "d" }\n'
    assert len(read_templates(good)) == 1
    for bad in (good.replace("(round)", "(person)"), good + 'more = "x"\n', "= ="):
        with pytest.raises(ProgrammeError):
            read_templates(bad)


@pytest.mark.parametrize(
    ("text", "unknown", "known"),
    [
        ("100% (甲) %(round)s", [], ["round"]), ("%(x)s%(year)s", ["%(x)s"], ["year"]), ("%(", ["%("], []),
        ("%(round)", ["%(round)"], []), ("%(%(round)s)s", ["%(" + ")s"], ["round"]),
    ],
)  # fmt: skip
def test_placeholders_are_names_and_nothing_else(text: str, unknown: list[str], known: list[str]) -> None:
    assert unknown_placeholders(text) == unknown
    assert placeholders(text) == known
    assert filled("%(round)s", {"round": "%(year)s", "year": "x"}) == "%(year)s"
