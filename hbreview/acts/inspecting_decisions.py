"""Inspecting what was drawn and decided: it comes out again from seeds, totals, rules and the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from ..model import Designation, Draw, Entry, Roster, Round, RoundProgramme
from ..words import DECIDED, RoundState
from . import designating, drawing_lots
from .designating import Standing


def faults(session: Session) -> Iterator[str]:
    """S03 (9): a decision names its rank, total and score set, and is what the rules, a ruling or an answer made it."""
    query = select(Round).where(Round.state.in_(DECIDED)).options(selectinload(Round.programmes))
    for round_ in session.scalars(query):
        upheld = _upheld(session, round_)
        for line in round_.programmes:
            yield from _of_programme(session, round_, line, upheld=upheld)
    for draw in session.scalars(select(Draw).order_by(Draw.id)):
        if not drawing_lots.comes_out_again(draw):
            yield f"draw {draw.public_id}: its seed gives another result"


def _of_programme(
    session: Session, round_: Round, line: RoundProgramme, *, upheld: Mapping[int, Mapping[str, Any]]
) -> Iterator[str]:
    rosters = select(Roster).where(Roster.round_id == round_.id, Roster.programme == line.programme)
    roster = session.scalar(rosters)
    if roster is None:
        yield f"round {round_.public_id}: the outcomes of {line.programme} were not written down"
        return
    if (roster.fixed_at is not None) != (round_.state is RoundState.FINALISED):
        yield f"round {round_.public_id}: the roster of {line.programme} does not fit state {round_.state}"
    query = select(Designation).where(Designation.roster_id == roster.id)
    written = {row.submission_id: row for row in session.scalars(query)}
    for standing in designating.standings(session, round_, line):
        row = written.pop(standing.submission.id, None)
        if row is None:
            yield f"submission {standing.submission.public_id}: nothing was decided on it"
        elif _facts(row) != _expected(standing, upheld.get(standing.submission.id)):
            yield f"submission {standing.submission.public_id}: its designation is not what the rules make of it"
    for row in written.values():
        yield f"round {round_.public_id}: {row.organisation_name} stands on its roster without a submission"


def _upheld(session: Session, round_: Round) -> dict[int, Mapping[str, Any]]:
    """What the last upheld objection made of a line, by submission: the journal says it."""
    query = select(Entry).where(Entry.round_id == round_.id, Entry.act == "answer_objection", Entry.result == "done")
    return {
        entry.submission_id: entry.data["after"]
        for entry in session.scalars(query.order_by(Entry.sequence))
        if entry.submission_id is not None and "after" in entry.data
    }


def _facts(row: Designation) -> tuple[object, ...]:
    return (
        row.rank, row.total, row.score_set, row.outcome, row.commended, row.supervised,
        row.rectify_until.isoformat() if row.rectify_until else None,
    )  # fmt: skip


def _expected(standing: Standing, after: Mapping[str, Any] | None) -> tuple[object, ...]:
    submission = standing.submission
    scored = (standing.rank, submission.total, submission.score_set)
    if after is not None:
        return (*scored, after["outcome"], after["commended"], after["supervised"], after["rectify_until"])
    until = standing.rectify_until.isoformat() if standing.rectify_until else None
    return (*scored, standing.outcome, standing.commended, standing.supervised, until)
