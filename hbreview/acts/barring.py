"""Who may not score what, and why: one place, asked by hand assignment, draw, replacement and hand-over alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ..evaluation.names import normalised_name
from ..model import Draw, Expert, Interest, Organisation, Person, Round, RoundProgramme, Submission
from ..model.kept import programme_of, settings_of
from ..words import N_, Role

Pair = tuple[str, str]


class Bar(StrEnum):
    """Why an expert may not score a submission."""

    INTEREST = "interest"
    EMPLOYER = "employer"
    ADVISED = "advised"
    OWN_CITY = "own_city"


WORDS: Mapping[Bar, str] = {
    Bar.INTEREST: N_("This expert has declared an interest in the organisation."),
    Bar.EMPLOYER: N_("This expert is employed by the organisation."),
    Bar.ADVISED: N_("This expert has advised the organisation."),
    Bar.OWN_CITY: N_("This expert is of the same city as the organisation."),
}


@dataclass(frozen=True, slots=True)
class PoolExpert:
    """An expert whose account is in use, with what is known of it; see ``model.Expert``."""

    id: int
    public_id: str
    name: str
    field: str = ""
    employer: str = ""
    region: str | None = None
    advised: tuple[str, ...] = ()
    reserve: bool = False


@dataclass(frozen=True, slots=True)
class ScoringRule:
    """How many experts score a submission of a programme in a round, and whether its own city's are barred."""

    each: int
    own_city: bool


def pool_of(session: Session, *, only: str = "") -> list[PoolExpert]:
    """The experts who are not suspended, in the order of their numbers; ``only``: the one of this public id."""
    query = (
        select(Person, Expert)
        .outerjoin(Expert, Expert.person_id == Person.id)
        .where(is_expert(), Person.suspended_at.is_(None))
        .order_by(Person.id)
    )
    if only:
        query = query.where(Person.public_id == only)
    return [_pool_expert(person, facts) for person, facts in session.execute(query)]


def is_expert() -> ColumnElement[bool]:
    """The condition on ``Person``: an expert, suspended or not."""
    return Person.role == Role.EXPERT


def _pool_expert(person: Person, facts: Expert | None) -> PoolExpert:
    if facts is None:
        return PoolExpert(person.id, person.public_id, person.name)
    return PoolExpert(
        person.id,
        person.public_id,
        person.name,
        field=facts.field,
        employer=facts.employer,
        region=facts.region,
        advised=tuple(facts.advised),
        reserve=facts.reserve,
    )


def bars_between(
    session: Session, experts: Sequence[PoolExpert], submissions: Sequence[Submission], *, own_city: Mapping[str, bool]
) -> dict[Pair, Bar]:
    """Why which pair (submission, expert: public ids) is barred; ``own_city`` by programme. Two statements.

    Names are compared folded, with the organisation's present, former and roster names.
    """
    organisations = {submission.organisation_id for submission in submissions}
    interests = select(Interest.person_id, Interest.organisation_id).where(
        Interest.person_id.in_([expert.id for expert in experts]), Interest.organisation_id.in_(organisations)
    )
    declared = {(row[0], row[1]) for row in session.execute(interests)}
    names = _names_of(session, organisations)
    folded = {expert.id: (_folded([expert.employer]), _folded(expert.advised)) for expert in experts}
    bars: dict[Pair, Bar] = {}
    for submission in submissions:
        known = names[submission.organisation_id] | _folded([submission.organisation_name])
        for expert in experts:
            employer, advised = folded[expert.id]
            reasons = {
                Bar.INTEREST: (expert.id, submission.organisation_id) in declared,
                Bar.EMPLOYER: bool(employer & known),
                Bar.ADVISED: bool(advised & known),
                Bar.OWN_CITY: own_city[submission.programme] and expert.region == submission.region,
            }
            if bar := next((bar for bar, holds in reasons.items() if holds), None):
                bars[submission.public_id, expert.public_id] = bar
    return bars


def _names_of(session: Session, organisations: Iterable[int]) -> dict[int, set[str]]:
    query = select(Organisation.id, Organisation.name, Organisation.former_names)
    rows = session.execute(query.where(Organisation.id.in_(list(organisations))))
    return {row[0]: _folded([row[1], *row[2]]) for row in rows}


def _folded(names: Iterable[str]) -> set[str]:
    return {folded for name in names if (folded := normalised_name(name))}


def rules_of(session: Session, round_: Round) -> dict[str, ScoringRule]:
    """By programme: as the newest draw of this round was kept, or as the round is set where nothing was drawn."""
    lines = select(RoundProgramme.programme, RoundProgramme.version_id).where(RoundProgramme.round_id == round_.id)
    rules: dict[str, ScoringRule] = {}
    for programme, version_id in session.execute(lines.order_by(RoundProgramme.programme.desc())):
        defaults = settings_of(round_, programme_of(session, version_id))
        rules[programme] = ScoringRule(defaults.min_sheets, bool(defaults.own_city_barred))
    for settings in session.scalars(select(Draw.settings).where(Draw.round_id == round_.id).order_by(Draw.id)):
        for programme in rules:
            if settings["programme"] in {"", programme}:
                rules[programme] = ScoringRule(settings["each"], settings["own_city"])
    return rules


def bar_of(session: Session, expert: PoolExpert, submission: Submission) -> Bar | None:
    """Why this expert may not score this submission, by the rules of its round; None: it may."""
    own_city = {key: rule.own_city for key, rule in rules_of(session, submission.round).items()}
    bars = bars_between(session, [expert], [submission], own_city=own_city)
    return bars.get((submission.public_id, expert.public_id))
