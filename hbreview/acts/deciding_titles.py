"""Later decisions on a title, outside of any round: proposed by one person, confirmed by another.

A round's roster is never changed by them (R4): whoever asks who holds a title asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from .. import clock
from ..model import DecisionLetter, Designation, Organisation, Roster, TitleDecision
from ..transact import Receipt, carry_out
from ..words import N_, Outcome, Reason
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError
from ..workflow.journal import Deed, Origin, append
from .answering import NotEditableError
from .importing import latest_roster
from .locked_rows import one_at_a_time

LONGEST = 1000
# Decisions on titles, and letters that say who holds one, are one at a time.
TITLES = "title decisions"


class Kind(StrEnum):
    """What a later decision does to a title."""

    REVOKE = "revoke"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed: which title, what is to become of it, why, and the day that the decision is of."""

    programme: str
    organisation: str
    kind: str
    reason: str
    decided_on: date | None


def decisions_after(session: Session, roster: Roster) -> dict[int, TitleDecision]:
    """The newest confirmed decision on each title since the roster came into force, by organisation."""
    query = select(TitleDecision).where(
        TitleDecision.programme == roster.programme, TitleDecision.confirmed_at >= roster.fixed_at
    )
    # The last one of each organisation stays.
    found = session.scalars(query.order_by(TitleDecision.confirmed_at, TitleDecision.id))
    return {decision.organisation_id: decision for decision in found}


def is_valid(line: Designation, decisions: Mapping[int, TitleDecision]) -> bool:
    """Whether a line of a roster holds its title: by the newest decision on it, else by the outcome (P6)."""
    decision = decisions.get(line.organisation_id)
    return line.outcome is not Outcome.FAIL if decision is None else decision.kind == Kind.RESTORE


def valid_lines(session: Session, roster: Roster) -> list[Designation]:
    """The lines of a roster that hold a title, in its order (R2, P6)."""
    decisions = decisions_after(session, roster)
    query = select(Designation).where(Designation.roster_id == roster.id).order_by(Designation.position)
    return [line for line in session.scalars(query) if is_valid(line, decisions)]


def propose(proposal: Proposal, *, origin: Origin) -> Receipt:
    """Propose to revoke or restore a title of the roster in force. InvalidError beside the field."""
    # Browsers send a line break as two signs.
    given = replace(proposal, reason=proposal.reason.replace("\r\n", "\n"))
    return carry_out(lambda session: _propose(session, given, origin), origin=origin)


def _propose(session: Session, proposal: Proposal, origin: Origin) -> Receipt:
    if origin.actor is None:
        raise ForbiddenError
    one_at_a_time(session, TITLES)
    line = _line(session, proposal)
    reasons = _faults(session, proposal, line)
    if reasons or line is None or proposal.decided_on is None:
        raise InvalidError(reasons)
    decision = TitleDecision(
        programme=proposal.programme, organisation_id=line.organisation_id, kind=Kind(proposal.kind).value,
        reason=proposal.reason.replace("\0", "").strip(), decided_on=proposal.decided_on,
        proposed_by=origin.actor.person_id, proposed_at=clock.now(),
    )  # fmt: skip
    session.add(decision)
    session.flush()
    _note(session, decision, line.organisation_name, act="propose_title", origin=origin)
    return Receipt(decision.public_id)


def _line(session: Session, proposal: Proposal) -> Designation | None:
    roster = latest_roster(session, proposal.programme)
    if roster is None:
        return None
    query = select(Designation).join(Organisation, Organisation.id == Designation.organisation_id)
    return session.scalar(
        query.where(Designation.roster_id == roster.id, Organisation.public_id == proposal.organisation)
    )


def _faults(session: Session, proposal: Proposal, line: Designation | None) -> list[Reason]:
    reasons = []
    if proposal.kind not in set(Kind):
        reasons.append(Reason(N_("Please choose what is decided."), "kind"))
    if not proposal.reason.replace("\0", "").strip():
        reasons.append(Reason(N_("Please give the reason."), "reason", "R4"))
    elif len(proposal.reason) > LONGEST:
        reasons.append(Reason(N_("The text is too long."), "reason"))
    if proposal.decided_on is None:
        reasons.append(Reason(N_("This is not a date. Write it as 2026-03-01."), "decided_on"))
    elif proposal.decided_on > clock.today():
        reasons.append(Reason(N_("The day is in the future."), "decided_on"))
    if line is None:
        return [*reasons, Reason(N_("Please choose an organisation of the roster in force."), "organisation", "R2")]
    roster = session.get_one(Roster, line.roster_id)
    valid = is_valid(line, decisions_after(session, roster))
    if proposal.kind == Kind.REVOKE and not valid:
        reasons.append(Reason(N_("This title is not valid: there is nothing to revoke."), "organisation"))
    if proposal.kind == Kind.RESTORE and valid:
        reasons.append(Reason(N_("This title is valid: there is nothing to restore."), "organisation"))
    waiting = select(func.count()).where(
        TitleDecision.programme == proposal.programme, TitleDecision.organisation_id == line.organisation_id,
        TitleDecision.confirmed_at.is_(None), TitleDecision.dropped_at.is_(None),
    )  # fmt: skip
    if session.scalar(waiting):
        reasons.append(Reason(N_("A decision on this title is waiting for its second person already."), "organisation"))
    return reasons


def confirm(decision_id: str, *, origin: Origin) -> Receipt:
    """The second person confirms: from now on the decision holds. InvalidError to who proposed it."""
    return carry_out(lambda session: _settle(session, decision_id, confirming=True, origin=origin), origin=origin)


def drop(decision_id: str, *, origin: Origin) -> Receipt:
    """Take back what was proposed, before it is confirmed."""
    return carry_out(lambda session: _settle(session, decision_id, confirming=False, origin=origin), origin=origin)


def _settle(session: Session, decision_id: str, *, confirming: bool, origin: Origin) -> Receipt:
    if origin.actor is None:
        raise ForbiddenError
    one_at_a_time(session, TITLES)
    decision = session.scalar(select(TitleDecision).where(TitleDecision.public_id == decision_id).with_for_update())
    if decision is None:
        raise HiddenError
    if decision.confirmed_at is not None or decision.dropped_at is not None:
        raise NotEditableError(N_("This was decided already."))
    if confirming and decision.proposed_by == origin.actor.person_id:
        raise InvalidError([Reason(N_("A second person confirms: you proposed this."), decision_id)])
    name = session.get_one(Organisation, decision.organisation_id).name
    if confirming:
        decision.confirmed_by, decision.confirmed_at = origin.actor.person_id, clock.now()
        _void_letters(session, decision)
        _note(session, decision, name, act=f"{decision.kind}_title", origin=origin)
    else:
        decision.dropped_at = clock.now()
        _note(session, decision, name, act="drop_title", origin=origin)
    return Receipt(decision.public_id)


def _void_letters(session: Session, decision: TitleDecision) -> None:
    """S07: a letter that says otherwise is void from now on, and says so to whoever asks.

    A title that is restored is that of the roster in force: of an earlier evaluation it says nothing.
    """
    lines = (
        select(Designation.id)
        .join(Roster, Roster.id == Designation.roster_id)
        .where(Designation.organisation_id == decision.organisation_id, Roster.programme == decision.programme)
    )
    if decision.kind == Kind.REVOKE:
        lines = lines.where(Designation.outcome.is_distinct_from(Outcome.FAIL))
    else:
        roster = latest_roster(session, decision.programme)
        lines = lines.where(Designation.outcome == Outcome.FAIL, Roster.id == (roster.id if roster else 0))
    session.execute(
        update(DecisionLetter)
        .where(DecisionLetter.designation_id.in_(lines), DecisionLetter.void_at.is_(None))
        .values(void_at=clock.now(), void_reason=decision.reason)
    )


def _note(session: Session, decision: TitleDecision, name: str, *, act: str, origin: Origin) -> None:
    data = {
        "organisation": name, "programme": decision.programme, "kind": decision.kind, "reason": decision.reason,
        "decided_on": decision.decided_on.isoformat(),
    }  # fmt: skip
    append(session, origin=origin, deed=Deed(act=act, target=decision.public_id, data=data), at=clock.now())
