"""The versions of the programmes as the round office sees them, and what they are compared with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...model import Person, ProgrammeVersion, Round, RoundProgramme
from ...programmes import loader
from ...programmes.schema import Programme


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version: who brought it and when ("" and None: it came with the application), and the rounds that use it."""

    programme: str
    year: int
    digest: str
    number: int = 0
    by: str = ""
    at: datetime | None = None
    note: str = ""
    rounds: tuple[tuple[str, str], ...] = ()


def version_lines(session: Session) -> list[VersionLine]:
    """All versions, newest year first, and of a year those brought last first; two statements."""
    used = defaultdict(list)
    rounds = select(RoundProgramme.version_id, Round.public_id, Round.title).join(Round).order_by(Round.id)
    for version_id, public_id, title in session.execute(rounds):
        used[version_id].append((public_id, title))
    query = select(
        ProgrammeVersion.programme, ProgrammeVersion.year, ProgrammeVersion.digest, ProgrammeVersion.id, Person.name,
        ProgrammeVersion.uploaded_at, ProgrammeVersion.note,
    ).outerjoin(Person, Person.id == ProgrammeVersion.uploaded_by)  # fmt: skip
    found = [
        VersionLine(*row[:4], by=row.name or "", at=row.uploaded_at, note=row.note, rounds=tuple(used[row.id]))
        for row in session.execute(query)
    ]
    known = {line.digest for line in found}
    for year, key, _path in loader.available():
        digest = loader.shipped(key, year).digest
        if digest not in known:
            found.append(VersionLine(key, year, digest))
    # What came with the application is older than what somebody brought, whenever a round took it.
    return sorted(found, key=lambda line: (line.year, line.programme, bool(line.at), line.number), reverse=True)


def compared_with(lines: Sequence[VersionLine], programme: Programme, *, asked: str = "") -> tuple[VersionLine, ...]:
    """What a version can be compared with, the usual one (or the one asked for) first.

    Usual is the newest before it of its own year, else of the year before, else whatever is newest.
    """
    others = [line for line in lines if line.programme == programme.key and line.digest != programme.digest]
    place = next((n for n, line in enumerate(lines) if line.digest == programme.digest), -1)
    later = {line.digest for line in lines[: max(place, 0)]}

    def rank(line: VersionLine) -> tuple[bool, bool, bool]:
        near = line.year in {programme.year, programme.year - 1}
        return line.digest != asked, line.digest in later, not near

    return tuple(sorted(others, key=rank))
