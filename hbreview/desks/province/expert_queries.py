"""What the pool of experts and the draw show, each in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import Session

from ...acts.barring import WORDS, Bar, PoolExpert, bars_between, is_expert, rules_of
from ...acts.drawing_lots import Prospect, comes_out_again
from ...acts.keeping_experts import Facts, facts_of
from ...evaluation.lots import Pair
from ...model import Draw, Expert, Interest, Organisation, Person, Round, ScoreSheet, Submission
from ...words import N_, UNDECIDED

WITHDRAWN = N_("This expert was withdrawn from it before.")


@dataclass(frozen=True, slots=True)
class PoolLine:
    """An expert with its facts, and how much it has in the round: sheets that are open, sheets handed in."""

    person: Person
    facts: Facts
    version: int
    open: int
    handed_in: int
    interests: int


def newest_round(session: Session) -> Round | None:
    """The newest round in which there may still be something to score."""
    query = select(Round).where(Round.state.in_(UNDECIDED)).order_by(Round.year.desc(), Round.id.desc())
    return session.scalar(query.limit(1))


def pool_lines(session: Session, round_: Round | None, *, only: str = "") -> list[PoolLine]:
    """All experts, or the one of this public id; one statement."""
    interests = select(func.count()).where(Interest.person_id == Person.id).correlate(Person).scalar_subquery()
    query = (
        select(
            Person,
            Expert,
            _sheets(round_, ScoreSheet.handed_in_at.is_(None)),
            _sheets(round_, ScoreSheet.handed_in_at.is_not(None)),
            interests,
        )
        .outerjoin(Expert, Expert.person_id == Person.id)
        .where(is_expert())
        .order_by(Person.id)
        .execution_options(populate_existing=True)
    )
    if only:
        query = query.where(Person.public_id == only)
    return [
        PoolLine(person, facts_of(expert), expert.version if expert else 1, open_, handed_in, declared)
        for person, expert, open_, handed_in, declared in session.execute(query)
    ]


def _sheets(round_: Round | None, handed_in: ColumnElement[bool]) -> ScalarSelect[int]:
    return (
        select(func.count())
        .select_from(ScoreSheet)
        .join(Submission, Submission.id == ScoreSheet.submission_id)
        .where(
            ScoreSheet.expert_id == Person.id,
            ScoreSheet.withdrawn_at.is_(None),
            Submission.round_id == (round_.id if round_ else 0),
            handed_in,
        )
        .correlate(Person)
        .scalar_subquery()
    )


def interests_of(session: Session, person_id: int) -> list[str]:
    """The organisations in which somebody has declared an interest."""
    query = select(Organisation.name).join(Interest, Interest.organisation_id == Organisation.id)
    return list(session.scalars(query.where(Interest.person_id == person_id).order_by(Interest.id)))


@dataclass(frozen=True, slots=True)
class DrawLine:
    """A submission of a draw: who has it already, who is drawn for it; names in their order."""

    submission: Submission
    has: list[str]
    drawn: list[str]


@dataclass(frozen=True, slots=True)
class LackingLine:
    """A submission that cannot get enough experts: how many are missing, and why which expert may not."""

    submission: Submission
    missing: int
    reasons: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LoadLine:
    """An expert of a draw: sheets before and after, and what it is kept from, by rule."""

    name: str
    field: str
    before: int
    after: int
    bars: list[tuple[Bar, list[str]]]


@dataclass(frozen=True, slots=True)
class DrawView:
    """A draw as it is shown."""

    lines: list[DrawLine]
    lacking: list[LackingLine]
    loads: list[LoadLine]

    @property
    def pairs(self) -> int:
        """How many sheets would be made."""
        return sum(len(line.drawn) for line in self.lines)


def view_of(session: Session, prospect: Prospect) -> DrawView:
    """The whole result with everybody's names; one statement."""
    query = select(Person.public_id, Person.name).where(is_expert())
    names = {row[0]: row[1] for row in session.execute(query)}
    drawn, has = _by_submission(prospect.drawn.pairs, names), _by_submission(prospect.existing, names)
    lines = [DrawLine(s, has.get(s.public_id, []), drawn.get(s.public_id, [])) for s in prospect.submissions]
    lacking = [
        LackingLine(s, prospect.drawn.lacking[s.public_id], _reasons(prospect, s.public_id))
        for s in prospect.submissions
        if s.public_id in prospect.drawn.lacking
    ]
    return DrawView(lines, lacking, _loads(prospect))


def _by_submission(pairs: Iterable[Pair], names: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for submission, expert in pairs:
        found.setdefault(submission, []).append(names[expert])
    return {submission: sorted(people) for submission, people in found.items()}


def _reasons(prospect: Prospect, submission: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for expert in prospect.experts:
        pair = (submission, expert.public_id)
        if pair in prospect.bars:
            found.append((expert.name, WORDS[prospect.bars[pair]]))
        elif pair in prospect.out and pair not in prospect.existing:
            found.append((expert.name, WITHDRAWN))
    return found


def _loads(prospect: Prospect) -> list[LoadLine]:
    organisations = {s.public_id: s.organisation_name for s in prospect.submissions}
    kept_from: dict[str, dict[Bar, list[str]]] = {}
    for (submission, person), bar in prospect.bars.items():
        kept_from.setdefault(person, {}).setdefault(bar, []).append(organisations[submission])
    lines: list[LoadLine] = []
    for expert in prospect.experts:
        mine = kept_from.get(expert.public_id, {})
        before = sum(1 for _submission, one in prospect.existing if one == expert.public_id)
        bars = [(bar, sorted(set(mine[bar]))) for bar in Bar if bar in mine]
        lines.append(LoadLine(expert.name, expert.field, before, prospect.drawn.loads[expert.public_id], bars))
    return lines


@dataclass(frozen=True, slots=True)
class KeptDraw:
    """A draw that was kept, by whom, and whether it comes out again from what was kept with it."""

    draw: Draw
    by: str
    agrees: bool


def kept_draws(session: Session, round_: Round) -> list[KeptDraw]:
    """The draws of a round, newest first; one statement."""
    query = select(Draw, Person.name).join(Person, Person.id == Draw.person_id).where(Draw.round_id == round_.id)
    rows = session.execute(query.order_by(Draw.id.desc()))
    return [KeptDraw(draw, name, comes_out_again(draw)) for draw, name in rows]


def barred_now(session: Session, expert: PoolExpert, round_: Round) -> dict[str, str]:
    """Sheets that the expert has in a round although something bars it: submission to the source sentence why."""
    query = select(Submission).join(ScoreSheet, ScoreSheet.submission_id == Submission.id)
    mine = query.where(
        Submission.round_id == round_.id, ScoreSheet.expert_id == expert.id, ScoreSheet.withdrawn_at.is_(None)
    )
    own_city = {key: rule.own_city for key, rule in rules_of(session, round_).items()}
    bars = bars_between(session, [expert], list(session.scalars(mine)), own_city=own_city)
    return {submission: WORDS[bar] for (submission, _expert), bar in bars.items()}
