"""People with addresses, a mail server in the settings, and what the outbox holds."""

from __future__ import annotations

import dataclasses

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview.acts.signing_in import actor_for
from hbreview.clock import now
from hbreview.extensions import db
from hbreview.model import JournalHead, Mail, MailCursor, Person
from hbreview.transact import Receipt, carry_out
from hbreview.workflow import journal
from hbreview.workflow.journal import Deed, Origin
from tests.worlds import World


def use_mail(world: World, url: str) -> None:
    """Letters of this world leave through this server."""
    settings = world.app.config["SETTINGS"]
    world.app.config["SETTINGS"] = dataclasses.replace(settings, smtp_url=url, mail_from="office@hebei.example")


def give_addresses(world: World, *logins: str, language: str = "zh") -> None:
    """These people have an address of their login's name; everybody, when none is named."""

    def work(session: Session) -> Receipt:
        change = update(Person).values(email=Person.login + "@people.example", language=language)
        session.execute(change.where(Person.login.in_(logins)) if logins else change)
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def skip_to_now(world: World) -> None:
    """The cursor stands at the journal's end: what the rehearsal did is told to nobody."""

    def work(session: Session) -> Receipt:
        head = session.scalar(select(JournalHead.sequence)) or 0
        session.execute(update(MailCursor).values(sequence=head))
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def cursor(world: World) -> int:
    with world.app.app_context():
        return db.session.scalars(select(MailCursor.sequence)).one()


def mails(world: World) -> list[Mail]:
    with world.app.app_context():
        return list(db.session.scalars(select(Mail).order_by(Mail.id)))


def person(world: World, login: str) -> Person:
    with world.app.app_context():
        return db.session.scalars(select(Person).where(Person.login == login)).one()


def enter(world: World, deed: Deed, *, login: str, fails: bool = False) -> None:
    """An act that leaves this entry, by this person; with ``fails`` it is rolled back after that."""

    def work(session: Session) -> Receipt:
        by = session.scalars(select(Person).where(Person.login == login)).one()
        journal.append(session, origin=Origin(actor_for(by), "test"), deed=deed, at=now())
        if fails:
            raise ZeroDivisionError
        return Receipt("")

    with world.app.app_context():
        carry_out(work)
