"""Moving a round along its chain, and what follows from each move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from .. import clock
from ..evaluation import working_days
from ..model import Answer, Designation, Objection, Organisation, Round, RoundProgramme, Submission
from ..model.kept import programme_of, settings_of
from ..transact import Receipt, carry_out
from ..words import RoundTrigger, State
from ..workflow import journal, round_chain
from ..workflow.errors import (
    ForbiddenError,
    HiddenError,
    InvalidError,
    WrongStateError,
)
from ..workflow.journal import Deed, Origin
from ..workflow.policy import may_fire_round
from . import designating, holding
from .deciding_titles import valid_lines
from .importing import latest_roster
from .planning_rounds import Plan, plan_round

__all__ = [
    "Plan", "RoundFiring", "fire_round", "left_out_of", "plan_round", "publicity_ends",
]  # fmt: skip
# The round's setting that names who takes no part: by programme, then by the organisation's public id, the reason.
LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class RoundFiring:
    """One request to move a round, made on a version of it."""

    round: str
    trigger: RoundTrigger
    version: int
    data: Mapping[str, str]


class _RoundCase:
    """The facts that a round's guards ask for."""

    def __init__(self, session: Session, round_: Round, firing: RoundFiring, *, origin: Origin) -> None:
        self._session, self._round, self._origin = session, round_, origin
        self.deferring = firing.data.get("defer", "") in {"1", "on", "yes", "true"}
        self.reason = firing.data.get("reason", "")
        self.today = clock.today()

    @cached_property
    def unfinished(self) -> int:
        query = select(func.count()).where(
            Submission.round_id == self._round.id, Submission.state.not_in([State.DRAFT, State.SCORED])
        )
        return self._session.scalar(query) or 0

    @cached_property
    def roster_size(self) -> int:
        rosters = [latest_roster(self._session, line.programme) for line in self._round.programmes]
        known = [roster.id for roster in rosters if roster is not None]
        query = select(func.count()).where(Designation.roster_id.in_(known))
        return (self._session.scalar(query) or 0) if len(known) == len(rosters) else 0

    @cached_property
    def open_objections(self) -> int:
        query = select(func.count()).where(Objection.round_id == self._round.id, Objection.upheld.is_(None))
        return self._session.scalar(query) or 0

    @property
    def publicity_ends(self) -> date | None:
        return publicity_ends(self._session, self._round)

    @property
    def is_proposer(self) -> bool:
        actor = self._origin.actor
        return actor is not None and self._round.publicised_by == actor.person_id

    @property
    def upheld_an_objection(self) -> bool:
        actor = self._origin.actor
        query = select(Objection.id).where(
            Objection.round_id == self._round.id, Objection.upheld.is_(True), Objection.designation_id.is_not(None)
        )
        mine = query.where(Objection.answered_by == (actor.person_id if actor else None))
        return self._session.scalar(mine.limit(1)) is not None


def publicity_ends(session: Session, round_: Round) -> date | None:
    """R9: the last day of publicity, in working days after the day it began; None: no period."""
    if round_.publicised_at is None:
        return None
    lengths = [settings_of(round_, programme_of(session, line.version_id)).publicity_days for line in round_.programmes]
    days = max(lengths, default=0)
    return working_days.last_day(clock.day_of(round_.publicised_at), days) if days else None


def fire_round(firing: RoundFiring, *, origin: Origin) -> Receipt:
    """Move a round: policy, version, state, guards, consequences and journal entry in one transaction."""
    return carry_out(lambda session: _fire(session, firing, origin), origin=origin)


def _fire(session: Session, firing: RoundFiring, origin: Origin) -> Receipt:
    round_ = session.scalar(
        select(Round)
        .where(Round.public_id == firing.round)
        .options(selectinload(Round.programmes))
        .with_for_update(of=Round, key_share=True)
        .execution_options(populate_existing=True)
    )
    if round_ is None:
        raise HiddenError
    if origin.actor is None or not may_fire_round(origin.actor, firing.trigger):
        raise ForbiddenError
    holding.require_version(round_, firing.version)
    if round_.state is not round_chain.ROUND_BY_TRIGGER[firing.trigger].source:
        raise WrongStateError(firing.trigger, round_.state)
    case = _RoundCase(session, round_, firing, origin=origin)
    if objections := round_chain.round_objections(firing.trigger, case):
        raise InvalidError(objections)
    data = _consequence(session, round_, firing, origin=origin)
    before = round_chain.move_round(round_, firing.trigger)
    round_.version += 1
    session.flush()
    deed = Deed(
        act=f"round_{firing.trigger.value}", target=round_.public_id, round_id=round_.id, data=data,
        versions=(round_.version - 1, round_.version), states=(before.value, round_.state.value),
    )  # fmt: skip
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(round_.public_id, round_.version)


def _consequence(session: Session, round_: Round, firing: RoundFiring, *, origin: Origin) -> dict[str, Any]:
    reason = firing.data.get("reason", "").strip()
    if firing.trigger is RoundTrigger.OPEN:
        return {"submissions": _make_drafts(session, round_)}
    if firing.trigger is RoundTrigger.PUBLICISE:
        round_.publicised_at = clock.now()
        round_.publicised_by = origin.actor.person_id if origin.actor else None
        outcomes = designating.propose(session, round_, deferral=reason)
        return {"reason": reason, "outcomes": outcomes} if reason else {"outcomes": outcomes}
    if firing.trigger is RoundTrigger.FINALISE:
        designating.fix(session, round_)
    return {"reason": reason} if reason else {}


def _make_drafts(session: Session, round_: Round) -> int:
    """R2: one draft for each valid line of the rosters in force, in their order, but for who was left out."""
    count = 0
    for line in sorted(round_.programmes, key=lambda p: p.programme, reverse=True):
        roster = latest_roster(session, line.programme)
        if roster is None:
            continue
        left_out = _left_out_ids(session, round_, line.programme)
        for designation in valid_lines(session, roster):
            if designation.organisation_id in left_out:
                continue
            submission = _draft(round_, line, designation)
            session.add(submission)
            session.flush()
            session.add_all(_prefilled(submission, line.programme))
            count += 1
    return count


def left_out_of(round_: Round, programme: str) -> dict[str, str]:
    """Who takes no part in a programme of the round: the reason by the organisation's public id."""
    return dict(round_.settings.get(LEFT_OUT, {}).get(programme, {}))


def _left_out_ids(session: Session, round_: Round, programme: str) -> set[int]:
    names = list(left_out_of(round_, programme))
    return set(session.scalars(select(Organisation.id).where(Organisation.public_id.in_(names)))) if names else set()


def _draft(round_: Round, line: RoundProgramme, designation: Designation) -> Submission:
    return Submission(
        round_id=round_.id,
        programme=line.programme,
        programme_version_id=line.version_id,
        organisation_id=designation.organisation_id,
        organisation_name=designation.organisation_name,
        site_name=designation.site_name,
        region=designation.region,
        printed_region=designation.printed_region,
        national=designation.national,
        moved_at=clock.now(),
    )


def _prefilled(submission: Submission, programme: str) -> list[Answer]:
    names = {"organization_name": submission.organisation_name}
    if programme == "base" and submission.site_name:
        names["base_name"] = submission.site_name
    return [Answer(submission_id=submission.id, key=key, value=value, version=1) for key, value in names.items()]
