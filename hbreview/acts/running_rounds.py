"""Planning a round and moving it along its chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from .. import clock
from ..model import Answer, Designation, ProgrammeVersion, Roster, Round, RoundProgramme, Submission
from ..model.kept import programme_of, settings_of
from ..programmes import loader
from ..transact import Receipt, carry_out
from ..words import N_, Outcome, Reason, RoundState, RoundTrigger, State
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
from .importing import latest_roster


@dataclass(frozen=True, slots=True)
class Plan:
    """A round to be: its data year, programmes, last days (inclusive, Asia/Shanghai) and settings."""

    year: int
    title: str
    programmes: tuple[str, ...]
    enterprise_deadline: date
    city_deadline: date
    settings: Mapping[str, Any]
    # None: no last day is set for these.
    audit_deadline: date | None = None
    score_deadline: date | None = None


def plan_round(plan: Plan, *, origin: Origin) -> Receipt:
    """Create a planned round that keeps the programme files as they are now. InvalidError says what is wrong."""
    return carry_out(lambda session: _plan(session, plan, origin))


def _plan(session: Session, plan: Plan, origin: Origin) -> Receipt:
    if reasons := list(_plan_faults(plan)):
        raise InvalidError(reasons)
    now = clock.now()
    round_ = Round(
        year=plan.year, title=plan.title.strip(), enterprise_deadline=plan.enterprise_deadline,
        city_deadline=plan.city_deadline, audit_deadline=plan.audit_deadline, score_deadline=plan.score_deadline,
        settings=dict(plan.settings), created_at=now,
    )  # fmt: skip
    session.add(round_)
    session.flush()
    for key in plan.programmes:
        version = _keep_version(session, key, plan.year)
        session.add(RoundProgramme(round_id=round_.id, programme=key, version_id=version.id))
    deed = Deed(
        act="plan_round", target=round_.public_id, round_id=round_.id, versions=(0, 1),
        states=(None, RoundState.PLANNED.value), data={"year": plan.year, "programmes": list(plan.programmes)},
    )  # fmt: skip
    journal.append(session, origin=origin, deed=deed, at=now)
    return Receipt(round_.public_id, round_.version)


def _plan_faults(plan: Plan) -> list[Reason]:
    faults = []
    if not plan.title.strip():
        faults.append(Reason(N_("Please give the round a title."), "title"))
    if not plan.programmes:
        faults.append(Reason(N_("Please choose at least one programme."), "programmes"))
    known = {(year, key) for year, key, _path in loader.available()}
    if any((plan.year, key) not in known for key in plan.programmes):
        faults.append(Reason(N_("There is no programme file of this year."), "year"))
    if plan.city_deadline < plan.enterprise_deadline:
        faults.append(Reason(N_("The city's deadline is before the enterprises'."), "city_deadline"))
    if plan.audit_deadline and plan.audit_deadline < plan.city_deadline:
        faults.append(Reason(N_("The audit's deadline is before the cities'."), "audit_deadline"))
    if plan.score_deadline and plan.score_deadline < (plan.audit_deadline or plan.city_deadline):
        faults.append(Reason(N_("The experts' deadline is before the one before it."), "score_deadline"))
    return faults


def _keep_version(session: Session, key: str, year: int) -> ProgrammeVersion:
    programme, source = loader.shipped(key, year), loader.source_text(key, year)
    version = session.scalar(select(ProgrammeVersion).where(ProgrammeVersion.digest == programme.digest))
    if version is None:
        version = ProgrammeVersion(programme=key, year=year, digest=programme.digest, source=source)
        session.add(version)
        session.flush()
    return version


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

    @property
    def publicity_ends(self) -> date | None:
        return publicity_ends(self._session, self._round)

    @property
    def is_proposer(self) -> bool:
        actor = self._origin.actor
        return actor is not None and self._round.publicised_by == actor.person_id


def publicity_ends(session: Session, round_: Round) -> date | None:
    """R9: the last day of publicity, in working days (Monday to Friday) after the day it began; None: no period."""
    if round_.publicised_at is None:
        return None
    lengths = [settings_of(round_, programme_of(session, line.version_id)).publicity_days for line in round_.programmes]
    left, day = max(lengths, default=0), clock.day_of(round_.publicised_at)
    if left == 0:
        return None
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5  # noqa: PLR2004 - Saturday is 5
    return day


def fire_round(firing: RoundFiring, *, origin: Origin) -> Receipt:
    """Move a round: policy, version, state, guards, consequences and journal entry in one transaction."""
    return carry_out(lambda session: _fire(session, firing, origin), origin=origin)


def _fire(session: Session, firing: RoundFiring, origin: Origin) -> Receipt:
    round_ = session.scalar(
        select(Round)
        .where(Round.public_id == firing.round)
        .options(selectinload(Round.programmes))
        .with_for_update(of=Round)
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
    """R2: one draft for each line of the rosters in force that holds a title, in their order; names filled in."""
    count = 0
    for line in sorted(round_.programmes, key=lambda p: p.programme, reverse=True):
        roster = latest_roster(session, line.programme)
        if roster is None:
            continue
        for designation in _valid_lines(session, roster):
            submission = _draft(round_, line, designation)
            session.add(submission)
            session.flush()
            session.add_all(_prefilled(submission, line.programme))
            count += 1
    return count


def _valid_lines(session: Session, roster: Roster) -> list[Designation]:
    query = select(Designation).where(
        Designation.roster_id == roster.id,
        Designation.outcome.is_distinct_from(Outcome.FAIL),
    )
    return list(session.scalars(query.order_by(Designation.position)))


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
