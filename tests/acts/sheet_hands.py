"""Score sheets as the cases of totals and panels want them: written down directly, by no act."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hbreview.acts import inviting, moving
from hbreview.acts.inviting import Newcomer
from hbreview.acts.moving import Firing
from hbreview.acts.signing_in import actor_for
from hbreview.clock import now
from hbreview.extensions import db
from hbreview.model import Person, Round, Score, ScoreSheet, Submission
from hbreview.model.kept import programme_of
from hbreview.transact import Receipt, carry_out
from hbreview.words import Role, Trigger
from hbreview.workflow.journal import Origin
from tests.worlds import World


def do(world: World, work: Any) -> None:
    """Change the database as no act would; ``work`` takes the session."""

    def change(session: Session) -> Receipt:
        work(session)
        return Receipt("")

    with world.app.app_context():
        carry_out(change)


def person(world: World, login: str) -> Person:
    with world.app.app_context():
        return db.session.scalars(select(Person).where(Person.login == login)).one()


def by(world: World, login: str) -> Origin:
    """Acts of this person."""
    return Origin(actor_for(person(world, login)), "test")


def put_sheet(world: World, submission: Submission, login: str, share: str, **more: Any) -> None:
    """An expert's sheet with this share of each weight; hired if need be. ``handed_in``, ``points``, ``remarks``."""

    def work(session: Session) -> None:
        expert = session.scalar(select(Person).where(Person.login == login))
        if expert is None:
            expert = inviting.add_person(session, Newcomer(Role.EXPERT, f"专家{login}", login))
            session.flush()
        query = select(ScoreSheet).where(ScoreSheet.submission_id == submission.id, ScoreSheet.expert_id == expert.id)
        sheet = session.scalar(query.options(selectinload(ScoreSheet.scores)))
        if sheet is None:
            sheet = ScoreSheet(submission_id=submission.id, expert_id=expert.id, assigned_at=now(), scores=[])
            session.add(sheet)
        given = {s.indicator: s for s in sheet.scores}
        for indicator in programme_of(session, submission.programme_version_id).indicators:
            value = (indicator.weight * Decimal(share)).quantize(Decimal("0.1"))
            value = more.get("points", {}).get(indicator.order, value)
            row = given.get(indicator.order) or Score(indicator=indicator.order)
            row.points, row.remark = value, more.get("remarks", {}).get(indicator.order, "")
            if row not in sheet.scores:
                sheet.scores.append(row)
        sheet.handed_in_at = now() if more.get("handed_in", True) else None
        sheet.revision_number = submission.revision_number
        sheet.version = (sheet.version or 1) + 1

    do(world, work)


def fire(world: World, submission: Submission, trigger: Trigger, **data: str) -> Receipt:
    """Fire a trigger as the province, on the version that stands."""
    with world.app.app_context():
        version = db.session.scalars(select(Submission.version).where(Submission.id == submission.id)).one()
        firing = Firing(submission.public_id, trigger, version, data)
        return moving.fire(firing, origin=by_here("province"))


def by_here(login: str) -> Origin:
    return Origin(actor_for(db.session.scalars(select(Person).where(Person.login == login)).one()), "test")


def set_round(world: World, **settings: Any) -> None:
    """Set what the province may set for the round alone."""

    def work(session: Session) -> None:
        round_ = session.scalars(select(Round)).one()
        round_.settings = round_.settings | settings

    do(world, work)
