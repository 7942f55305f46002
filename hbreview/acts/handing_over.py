"""A deputy takes over what an expert cannot score any more: each sheet checked, what cannot go stays and is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from .. import clock
from ..model import Person, Round, ScoreSheet, Submission
from ..transact import Receipt, carry_out
from ..words import N_, UNDECIDED, Reason, Role, State
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError
from ..workflow.journal import Origin
from ..workflow.policy import Action, has_role_for
from . import holding
from .answering import NotEditableError
from .assigning import give
from .barring import WORDS, PoolExpert, bars_between, pool_of, rules_of
from .drawing_lots import POOL, sheets_of_round
from .locked_rows import one_at_a_time

ALREADY = N_("This expert scores it already.")


@dataclass(frozen=True, slots=True)
class Handing:
    """An open sheet, and why the deputy may not take it (an English source sentence); "": it may."""

    sheet: ScoreSheet
    submission: Submission
    against: str


def open_sheets(session: Session, person_id: int, round_: Round, *, deputy: PoolExpert | None) -> list[Handing]:
    """The expert's sheets of a round that are not handed in, in the order of the roster, asked about for ``deputy``."""
    query = (
        select(ScoreSheet, Submission)
        .join(Submission, Submission.id == ScoreSheet.submission_id)
        .where(
            Submission.round_id == round_.id,
            Submission.state != State.SCORED,
            ScoreSheet.expert_id == person_id,
            ScoreSheet.withdrawn_at.is_(None),
            ScoreSheet.handed_in_at.is_(None),
        )
        .options(joinedload(Submission.round))
        .order_by(Submission.id)
        .execution_options(populate_existing=True)
    )
    rows = [(row[0], row[1]) for row in session.execute(query)]
    if deputy is None:
        return [Handing(sheet, submission, "") for sheet, submission in rows]
    own_city = {key: rule.own_city for key, rule in rules_of(session, round_).items()}
    bars = bars_between(session, [deputy], [submission for _sheet, submission in rows], own_city=own_city)
    live = sheets_of_round(session, round_.id).live
    found: list[Handing] = []
    for sheet, submission in rows:
        pair = (submission.public_id, deputy.public_id)
        against = WORDS[bars[pair]] if pair in bars else ALREADY if pair in live else ""
        found.append(Handing(sheet, submission, against))
    return found


def hand_over(person_id: str, *, deputy_id: str, round_id: str, origin: Origin) -> Receipt:
    """Give all open sheets of an expert in a round to a deputy; the receipt's version is how many went.

    InvalidError without a deputy, and where the deputy may take none of them.
    """
    return carry_out(
        lambda session: _hand_over(session, person_id, deputy_id, round_id=round_id, origin=origin), origin=origin
    )


def _hand_over(session: Session, person_id: str, deputy_id: str, *, round_id: str, origin: Origin) -> Receipt:
    if not has_role_for(origin.actor, Action.ASSIGN_MANY):
        raise ForbiddenError
    holding.keep_round(session, select(Round.id).where(Round.public_id == round_id))
    one_at_a_time(session, POOL)
    person = session.scalar(select(Person).where(Person.public_id == person_id, Person.role == Role.EXPERT))
    round_ = session.scalar(select(Round).where(Round.public_id == round_id))
    if person is None:
        raise HiddenError
    if round_ is None:
        raise MalformedError("round")
    if round_.state not in UNDECIDED:
        raise NotEditableError(N_("The outcomes of this round are public: nothing of it changes any more."))
    deputies = pool_of(session, only=deputy_id) if deputy_id else []
    if not deputies or deputies[0].id == person.id:
        raise InvalidError([Reason(N_("Please choose another expert as the deputy."), "to")])
    _lock(session, person, round_)
    found = open_sheets(session, person.id, round_, deputy=deputies[0])
    going = [one for one in found if not one.against]
    if not going:
        raise InvalidError([Reason(N_("There is no open sheet that this deputy may take."), "to")])
    _give_all(session, going, person=person, deputy=deputies[0], origin=origin)
    return Receipt(person.public_id, len(going))


def _lock(session: Session, person: Person, round_: Round) -> None:
    mine = select(ScoreSheet.submission_id).where(ScoreSheet.expert_id == person.id)
    query = select(Submission.id).where(Submission.round_id == round_.id, Submission.id.in_(mine))
    session.execute(query.order_by(Submission.id).with_for_update(key_share=True))


def _give_all(
    session: Session, going: Sequence[Handing], *, person: Person, deputy: PoolExpert, origin: Origin
) -> None:
    own = origin
    for one in going:
        one.sheet.withdrawn_at = clock.now()
        facts = {"because": "hand_over", "to": deputy.public_id}
        holding.record(session, one.submission, origin=own, act="withdraw_expert", target=person.public_id, data=facts)
        own = replace(origin, key=None, digest=None)
        because = {"because": "hand_over", "from": person.public_id}
        give(session, one.submission, deputy, origin=own, further=one.sheet.further, data=because)
