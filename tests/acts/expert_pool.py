"""A pool of experts for tests: hired with facts, and who scores what as it stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hbreview.acts import inviting
from hbreview.acts.inviting import Newcomer
from hbreview.acts.rehearsing import PASSWORD
from hbreview.acts.signing_in import HASHER
from hbreview.extensions import db
from hbreview.model import Entry, Expert, Person, Round, ScoreSheet, Submission
from hbreview.transact import Receipt, carry_out
from hbreview.words import Role
from tests.worlds import World


def hire_expert(world: World, login: str, **facts: Any) -> str:
    """An expert who can sign in, with these facts; its public id."""
    made: list[str] = []

    def work(session: Session) -> Receipt:
        person = inviting.add_person(session, Newcomer(Role.EXPERT, f"专家{login}", login))
        person.password_hash = HASHER.hash(PASSWORD)
        if facts:
            session.add(Expert(person_id=person.id, **facts))
        made.append(person.public_id)
        return Receipt(person.public_id)

    with world.app.app_context():
        carry_out(work)
    return made[0]


def hire_many(world: World, count: int) -> list[str]:
    """So many experts of whom nothing is known."""
    return [hire_expert(world, f"pool{number}") for number in range(count)]


def know(world: World, login: str, **facts: Any) -> None:
    """These facts of an expert, as if nothing had been known before."""

    def work(session: Session) -> Receipt:
        person_id = session.scalars(select(Person.id).where(Person.login == login)).one()
        session.merge(Expert(person_id=person_id, **facts))
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def the_round(world: World) -> Round:
    with world.app.app_context():
        return db.session.scalars(select(Round)).one()


def live(world: World, submission: Submission | None = None) -> list[tuple[str, str]]:
    """Live pairs (submission, login of the expert), of one submission or all; sorted."""
    query = select(Submission.public_id, Person.login).join(ScoreSheet, ScoreSheet.submission_id == Submission.id)
    query = query.join(Person, Person.id == ScoreSheet.expert_id).where(ScoreSheet.withdrawn_at.is_(None))
    if submission is not None:
        query = query.where(Submission.id == submission.id)
    with world.app.app_context():
        return sorted((row[0], row[1]) for row in db.session.execute(query))


def scorers(world: World, submission: Submission) -> list[str]:
    """Logins of who scores it."""
    return [login for _submission, login in live(world, submission)]


def entries(world: World, act: str) -> list[Entry]:
    with world.app.app_context():
        return list(db.session.scalars(select(Entry).where(Entry.act == act).order_by(Entry.sequence)))
