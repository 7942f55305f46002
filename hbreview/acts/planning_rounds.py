"""Planning a round: its programmes, each by a kept version of its file, its last days and its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.deadlines import RoundDates
from ..model import ProgrammeVersion, Round, RoundProgramme
from ..programmes import loader
from ..transact import Receipt, carry_out
from ..words import N_, Reason, RoundState
from ..workflow import journal
from ..workflow.errors import InvalidError
from ..workflow.journal import Deed, Origin


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
    # The digest of the version that a programme is evaluated by; none or "": the file of the year.
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offered:
    """A version that a round of its year may be planned with. ``note``: what is new in it; shipped: it came along."""

    programme: str
    year: int
    digest: str
    note: str = ""
    shipped: bool = False


def plan_round(plan: Plan, *, origin: Origin) -> Receipt:
    """Create a planned round that keeps its programme files. InvalidError says what is wrong."""
    return carry_out(lambda session: _plan(session, plan, origin))


def _plan(session: Session, plan: Plan, origin: Origin) -> Receipt:
    offered = offered_versions(session)
    chosen = {key: _chosen(plan, key, offered) for key in plan.programmes}
    faults = list(_plan_faults(plan))
    for found in chosen.values():
        if isinstance(found, Reason) and found not in faults:
            faults.append(found)
    if faults:
        raise InvalidError(faults)
    now = clock.now()
    round_ = Round(
        year=plan.year, title=plan.title.strip(), enterprise_deadline=plan.enterprise_deadline,
        city_deadline=plan.city_deadline, audit_deadline=plan.audit_deadline, score_deadline=plan.score_deadline,
        settings=dict(plan.settings), created_at=now,
    )  # fmt: skip
    session.add(round_)
    session.flush()
    data: dict[str, Any] = {"year": plan.year, "programmes": list(plan.programmes), "versions": {}}
    for key, version_of in chosen.items():
        if isinstance(version_of, Offered):
            version = _kept(session, version_of)
            data["versions"][key] = version.digest
            session.add(RoundProgramme(round_id=round_.id, programme=key, version_id=version.id))
    deed = Deed(
        act="plan_round", target=round_.public_id, round_id=round_.id, versions=(0, 1),
        states=(None, RoundState.PLANNED.value), data=data,
    )  # fmt: skip
    journal.append(session, origin=origin, deed=deed, at=now)
    return Receipt(round_.public_id, round_.version)


def offered_versions(session: Session) -> list[Offered]:
    """What rounds can be planned with: the shipped files, and the versions that somebody brought; newest year first."""
    found = [
        Offered(key, year, loader.shipped(key, year).digest, shipped=True) for year, key, _path in loader.available()
    ]
    query = select(ProgrammeVersion.programme, ProgrammeVersion.year, ProgrammeVersion.digest, ProgrammeVersion.note)
    query = query.where(ProgrammeVersion.uploaded_at.is_not(None)).order_by(ProgrammeVersion.id.desc())
    known = {one.digest for one in found}
    found += [Offered(*row) for row in session.execute(query) if row.digest not in known]
    return sorted(found, key=lambda one: one.year, reverse=True)


def _chosen(plan: Plan, key: str, offered: list[Offered]) -> Offered | Reason:
    """The version that the plan names for a programme; without a name the year's shipped one, or its only one."""
    mine = [one for one in offered if (one.programme, one.year) == (key, plan.year)]
    if digest := plan.versions.get(key, ""):
        named = [one for one in mine if one.digest == digest]
        return named[0] if named else Reason(N_("This version is of another programme or year."), f"version_{key}")
    usual = [one for one in mine if one.shipped] or mine
    if not usual:
        field = f"version_{key}" if any(one.year == plan.year for one in offered) else "year"
        return Reason(N_("There is no programme file of this year."), field)
    if len(usual) > 1:
        return Reason(N_("There are several versions of this year: please choose one."), f"version_{key}")
    return usual[0]


def _plan_faults(plan: Plan) -> Iterator[Reason]:
    if not plan.title.strip():
        yield Reason(N_("Please give the round a title."), "title")
    if not plan.programmes:
        yield Reason(N_("Please choose at least one programme."), "programmes")
    yield from date_faults(
        RoundDates(plan.enterprise_deadline, plan.city_deadline, plan.audit_deadline, plan.score_deadline)
    )


def date_faults(dates: RoundDates) -> Iterator[Reason]:
    """The last days in the order of the work: enterprises, cities, audit firms, experts; where one is set."""
    if dates.city < dates.enterprise:
        yield Reason(N_("The city's deadline is before the enterprises'."), "city_deadline")
    if dates.audit and dates.audit < dates.city:
        yield Reason(N_("The audit's deadline is before the cities'."), "audit_deadline")
    if dates.score and dates.score < (dates.audit or dates.city):
        yield Reason(N_("The experts' deadline is before the one before it."), "score_deadline")


def _kept(session: Session, offered: Offered) -> ProgrammeVersion:
    version = session.scalar(select(ProgrammeVersion).where(ProgrammeVersion.digest == offered.digest))
    if version is None:
        source = loader.source_text(offered.programme, offered.year)
        version = ProgrammeVersion(programme=offered.programme, year=offered.year, digest=offered.digest, source=source)
        session.add(version)
        session.flush()
    return version
