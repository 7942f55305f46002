"""Taking a roster in: what it would change, and changing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..documents.roster_reading import RosterRow
from ..evaluation.names import initials, normalised_name
from ..model import Designation, Organisation, Roster
from ..programmes.loader import region
from ..transact import Receipt, carry_out
from ..workflow import journal
from ..workflow.errors import StaleError
from ..workflow.journal import Deed, Origin

LONGEST_INITIALS = 200


@dataclass(slots=True)
class RosterChange:
    """What an import would do: organisations that are new, and per programme the roster's lines."""

    new_organisations: list[str] = field(default_factory=list)
    new_rosters: dict[str, int] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    joined: int = 0
    empty_regions: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.new_organisations and not self.new_rosters


def latest_roster(session: Session, programme: str) -> Roster | None:
    """The roster in force of a programme: the newest fixed one."""
    return session.scalar(
        select(Roster)
        .where(Roster.programme == programme, Roster.fixed_at.is_not(None))
        .order_by(Roster.fixed_at.desc(), Roster.id.desc())
        .limit(1)
    )


def _lines(rows: Sequence[RosterRow]) -> list[tuple[str, str, str, str, bool]]:
    return [(row.organisation, row.site_name, row.region, row.printed_region, row.national) for row in rows]


def _stored_lines(session: Session, roster: Roster | None) -> list[tuple[str, str, str, str, bool]]:
    if roster is None:
        return []
    rows = session.execute(
        select(
            Designation.organisation_name,
            Designation.site_name,
            Designation.region,
            Designation.printed_region,
            Designation.national,
        )
        .where(Designation.roster_id == roster.id)
        .order_by(Designation.position)
    )
    return [(name, site, region, printed, national) for name, site, region, printed, national in rows]


def _by_programme(rows: Sequence[RosterRow]) -> dict[str, list[RosterRow]]:
    grouped: dict[str, list[RosterRow]] = {}
    for row in rows:
        grouped.setdefault(row.programme, []).append(row)
    return grouped


def preview(session: Session, rows: Sequence[RosterRow]) -> RosterChange:
    """What importing these rows would change; reads only."""
    change = RosterChange()
    known = set(session.scalars(select(Organisation.search_name)))
    names: dict[str, str] = {}
    for row in rows:
        names.setdefault(normalised_name(row.organisation), row.organisation)
    change.new_organisations = [name for key, name in names.items() if key not in known]
    change.joined = len(rows) - len(names)
    for programme, lines in _by_programme(rows).items():
        if _stored_lines(session, latest_roster(session, programme)) == _lines(lines):
            change.unchanged.append(programme)
        else:
            change.new_rosters[programme] = len(lines)
    return change


@dataclass(frozen=True, slots=True)
class Difference:
    """How the lines of a programme differ from its roster in force, by the folded names of its organisations."""

    joining: list[str]
    leaving: list[str]


def differences(session: Session, rows: Sequence[RosterRow]) -> dict[str, Difference]:
    """Who would join and who would leave each programme's roster; reads only."""
    found = {}
    for programme, lines in _by_programme(rows).items():
        stored = {
            normalised_name(line[0]): line[0] for line in _stored_lines(session, latest_roster(session, programme))
        }
        given = {normalised_name(line.organisation): line.organisation for line in lines}
        joining = [name for key, name in given.items() if key not in stored]
        found[programme] = Difference(joining, [name for key, name in stored.items() if key not in given])
    return found


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a list beside its lines: the year it is of, until when its titles hold, the file's SHA-256.

    ``against``: what ``in_force`` answered when the list was looked at; None: whatever is in force.
    """

    year: int | None = None
    valid_until: date | None = None
    file: str = ""
    against: str | None = None


def in_force(session: Session) -> str:
    """The rosters in force, as one text that changes when another comes into force."""
    found = {row.programme: row.public_id for row in rosters_in_force(session)}
    return ",".join(found[key] for key in sorted(found))


def rosters_in_force(session: Session) -> list[Roster]:
    """The newest fixed roster of each programme; one statement."""
    query = select(Roster).where(Roster.fixed_at.is_not(None)).order_by(Roster.fixed_at, Roster.id)
    newest = {row.programme: row for row in session.scalars(query)}
    return [newest[key] for key in sorted(newest, reverse=True)]


def import_roster(rows: Sequence[RosterRow], *, origin: Origin, about: About | None = None) -> Receipt:
    """Add what is new: organisations by their folded name, and one roster a programme whose lines changed.

    Doing it twice changes nothing. An organisation on both rosters is one organisation (R1). StaleError when another
    roster has come into force since ``about.against``.
    """
    return carry_out(lambda session: _import(session, rows, origin, about=about or About()), origin=origin)


def _import(session: Session, rows: Sequence[RosterRow], origin: Origin, *, about: About) -> Receipt:
    if about.against is not None and about.against != in_force(session):
        raise StaleError(0)
    change = preview(session, rows)
    if change.is_empty:
        return Receipt("")
    organisations = _organisations(session, rows)
    now = clock.now()
    for programme, lines in _by_programme(rows).items():
        if programme not in change.new_rosters:
            continue
        roster = Roster(
            programme=programme, created_at=now, fixed_at=now, year=about.year, valid_until=about.valid_until
        )
        session.add(roster)
        session.flush()
        session.add_all(
            Designation(
                roster_id=roster.id,
                organisation_id=organisations[normalised_name(line.organisation)].id,
                position=position,
                organisation_name=line.organisation,
                site_name=line.site_name,
                region=line.region,
                printed_region=line.printed_region,
                national=line.national,
            )
            for position, line in enumerate(lines, start=1)
        )
    data: dict[str, Any] = {"rosters": change.new_rosters, "new_organisations": len(change.new_organisations)}
    day = about.valid_until.isoformat() if about.valid_until else None
    data |= {k: v for k, v in {"year": about.year, "valid_until": day, "file": about.file}.items() if v}
    journal.append(session, origin=origin, deed=Deed(act="import_roster", data=data), at=now)
    return Receipt("")


def _organisations(session: Session, rows: Sequence[RosterRow]) -> dict[str, Organisation]:
    found = {row.search_name: row for row in session.scalars(select(Organisation))}
    now = clock.now()
    for row in rows:
        key = normalised_name(row.organisation)
        if key not in found:
            found[key] = Organisation(
                name=row.organisation,
                search_name=key,
                initials=initials(row.organisation)[:LONGEST_INITIALS],
                region=region(row.region).key,
                created_at=now,
            )
            session.add(found[key])
    session.flush()
    return found
