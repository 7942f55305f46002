"""What the cases of deciding do by hand: closing, publicising and finalising the matrix's round, counting entries."""

from __future__ import annotations

import io
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview import clock
from hbreview.acts import running_rounds
from hbreview.acts.running_rounds import RoundFiring
from hbreview.acts.signing_in import actor_for
from hbreview.extensions import db
from hbreview.model import Designation, Entry, Objection, Person, Round, Submission
from hbreview.transact import Receipt, carry_out
from hbreview.words import RoundState, RoundTrigger
from hbreview.workflow.journal import Origin
from tests.trust.desk_hands import pdf
from tests.worlds import World


def by(world: World, login: str) -> Origin:
    """Acts of this person."""
    with world.app.app_context():
        return Origin(actor_for(db.session.scalars(select(Person).where(Person.login == login)).one()), "test")


def write(world: World, work: object) -> None:
    """Change rows as no act would."""

    def whole(session: Session) -> Receipt:
        work(session)  # type: ignore[operator]  # any callable of a session
        return Receipt("")

    with world.app.app_context():
        carry_out(whole)


def the_round(world: World) -> Round:
    """The round that the matrix's submissions are of."""
    wanted = world.submission("scored").round_id
    with world.app.app_context():
        return db.session.scalars(select(Round).where(Round.id == wanted)).one()


def fire(world: World, trigger: RoundTrigger, login: str, **data: str) -> None:
    """Move the matrix's round on its newest version."""
    round_ = the_round(world)
    with world.app.app_context():
        running_rounds.fire_round(
            RoundFiring(round_.public_id, trigger, round_.version, data), origin=Origin(by(world, login).actor, "test")
        )


def publicise(world: World) -> Round:
    """Close the round and publicise it; what is not scored is deferred."""
    if the_round(world).state is RoundState.OPEN:
        fire(world, RoundTrigger.CLOSE, "province")
    fire(world, RoundTrigger.PUBLICISE, "province", defer="1", reason="材料未齐")
    return the_round(world)


def set_publicity(world: World, days: int) -> None:
    """The round's publicity has so many working days; the matrix's own has none."""
    round_ = the_round(world)
    settings = {**round_.settings, "publicity_days": days}
    write(world, lambda session: session.execute(update(Round).where(Round.id == round_.id).values(settings=settings)))


def end_publicity(world: World) -> None:
    """As if it had begun a month ago."""
    long_ago = clock.now() - timedelta(days=30)
    round_id = the_round(world).id
    write(
        world, lambda session: session.execute(update(Round).where(Round.id == round_id).values(publicised_at=long_ago))
    )


def finalise(world: World) -> Round:
    """Publicise, let the time pass, and have a second person finalise."""
    if the_round(world).state is not RoundState.PUBLICISED:
        publicise(world)
    end_publicity(world)
    fire(world, RoundTrigger.FINALISE, "province2")
    return the_round(world)


def line_of(world: World, submission: Submission) -> Designation:
    """The line that came of a submission."""
    with world.app.app_context():
        return db.session.scalars(select(Designation).where(Designation.submission_id == submission.id)).one()


def entries(world: World, act: str) -> list[Entry]:
    """The entries of an act, oldest first."""
    with world.app.app_context():
        return list(db.session.scalars(select(Entry).where(Entry.act == act).order_by(Entry.sequence)))


def evidence() -> tuple[io.BytesIO, str]:
    """A file as a form sends it."""
    return io.BytesIO(pdf()), "证据.pdf"


def decide_all(world: World) -> None:
    """Every objection is answered, as no act would."""

    def work(session: Session) -> None:
        for row in session.scalars(select(Objection)):
            row.upheld, row.answer, row.answered_at = False, "不属实", clock.now()

    write(world, work)
