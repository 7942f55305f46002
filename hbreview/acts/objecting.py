"""Objections to what is publicised (R9): under a real name, with contact and evidence, answered in writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from .. import clock
from ..documents.scanning import Scanner
from ..extensions import db
from ..model import Designation, Entry, Objection, Roster, Round
from ..storage import DamagedFileError, Incoming, LocalStorage
from ..transact import Receipt, carry_out
from ..words import N_, Reason, RoundState
from ..workflow import journal
from ..workflow.errors import HiddenError, InvalidError, MalformedError
from ..workflow.journal import Deed, Origin
from . import numbering
from .attaching import Upload, received
from .ruling import held_round
from .running_rounds import publicity_ends

MOST_FILES = 5
# From one address in one day: enough for an office behind one, too few to fill the store.
MOST_A_DAY = 20
SHORTEST_TEXT, LONGEST_TEXT = 10, 5000
LONGEST_NAME, LONGEST_CONTACT = 100, 200


@dataclass(frozen=True, slots=True)
class Objecting:
    """What somebody objects to. ``designation``: its number on the proposed roster, "" for the whole.

    ``received_on``: the day on which a letter on paper came, for the province that records it; None: now.
    """

    round: str
    designation: str
    name: str
    contact: str
    text: str
    uploads: Sequence[Upload] = ()
    received_on: date | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """Where files go, how large each may be in bytes, and who looks at them."""

    storage: LocalStorage
    limit: int
    scanner: Scanner | None = None


def object_to(objecting: Objecting, *, means: Means, origin: Origin) -> Receipt:
    """Take an objection in, with its files or not at all; the receipt's target is its address.

    InvalidError beside each field, before any file is read; also when the publicity is over, when there is no
    evidence, and when too many came from one address today. The same once more is the first one again.
    HiddenError for a round that is not in publicity.
    """
    objecting = replace(objecting, text=objecting.text.replace("\r\n", "\n"))  # browsers send a break as two signs
    _require_period(db.session(), objecting)
    if faults := list(_faults(objecting)):
        raise InvalidError(faults)
    with ExitStack() as arriving:
        taken = [
            arriving.enter_context(received(u, storage=means.storage, limit=means.limit, scanner=means.scanner))
            for u in objecting.uploads
        ]
        files = [_file(facts) for _incoming, facts in taken]

        def work(session: Session) -> Receipt:
            receipt = _object(session, objecting, origin, files=files)
            if not receipt.repeated:
                _keep(means.storage, [incoming for incoming, _facts in taken])
            return receipt

        return carry_out(work, origin=origin)


def _keep(storage: LocalStorage, arrived: Sequence[Incoming]) -> None:
    for incoming in {one.sha256: one for one in arrived}.values():
        storage.keep(incoming)


def _file(facts: Mapping[str, object]) -> dict[str, Any]:
    """What a row says of a file; what the scanner said goes by its word."""
    return {name: facts[name] if name == "size" else str(facts[name]) for name in
            ("name", "sha256", "size", "media_type", "scan")}  # fmt: skip


def _faults(objecting: Objecting) -> Iterator[Reason]:
    plain = {"name": objecting.name.strip(), "contact": objecting.contact.strip()}
    if not plain["name"]:
        yield Reason(N_("Please give your real name."), "name", "R9")
    if not plain["contact"]:
        yield Reason(N_("Please say how to reach you: a telephone number, an address or an e-mail."), "contact", "R9")
    for field, text, most in (
        ("name", plain["name"], LONGEST_NAME),
        ("contact", plain["contact"], LONGEST_CONTACT),
        ("text", objecting.text, LONGEST_TEXT),
    ):
        if len(text) > most:
            yield Reason(N_("At most %(count)s characters."), field, values={"count": str(most)})
        if "\0" in text:
            yield Reason(N_("The text holds a character that cannot be kept."), field)
    if len(objecting.text.strip()) < SHORTEST_TEXT:
        least = {"count": str(SHORTEST_TEXT)}
        yield Reason(N_("Please say what you object to, in at least %(count)s characters."), "text", "R9", least)
    if len(objecting.uploads) > MOST_FILES:
        yield Reason(N_("At most %(count)s files."), "file", values={"count": str(MOST_FILES)})
    if not objecting.uploads:
        yield Reason(N_("Please attach evidence: at least one file."), "file", "R9")


def _require_period(session: Session, objecting: Objecting) -> Round:
    """The round in publicity; a letter on paper counts by the day on which it came."""
    query = select(Round).where(Round.public_id == objecting.round).options(selectinload(Round.programmes))
    round_ = session.scalar(query)
    if round_ is None or round_.state is not RoundState.PUBLICISED or round_.publicised_at is None:
        raise HiddenError
    ends, came = publicity_ends(session, round_), objecting.received_on or clock.today()
    field = "received_on" if objecting.received_on else ""
    if came > clock.today() or came < clock.day_of(round_.publicised_at):
        raise InvalidError([Reason(N_("This day is not within the publicity."), field, "R9")])
    if ends is not None and came > ends:
        day = {"day": ends.isoformat()}
        raise InvalidError([Reason(N_("Objections were taken until the end of %(day)s."), field, "R9", day)])
    return round_


def _object(session: Session, objecting: Objecting, origin: Origin, *, files: list[dict[str, Any]]) -> Receipt:
    held_round(session, select(Round.id).where(Round.public_id == objecting.round))
    round_ = _require_period(session, objecting)
    designation = _designation(session, round_, objecting.designation)
    if found := _same(session, round_, objecting, designation=designation, files=files):
        return Receipt(found.public_id, found.version, repeated=True)
    number = numbering.next_number(session, f"objections/{round_.public_id}")
    if objecting.received_on is None:
        _require_few(session, origin)
    now = clock.now()
    row = Objection(
        round_id=round_.id, number=number, designation_id=designation, files=files, text=objecting.text.strip(),
        name=objecting.name.strip(), contact=objecting.contact.strip(), received_at=_moment(objecting, now),
        recorded_by=origin.actor.person_id if origin.actor and objecting.received_on else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    # Names and contacts stay out of the journal, which more people read.
    data = {"number": number, "files": [file["sha256"] for file in files]}
    deed = Deed(act="object", target=row.public_id, round_id=round_.id, versions=(0, 1), data=data)
    journal.append(session, origin=origin, deed=deed, at=now)
    return Receipt(row.public_id, row.version)


def _moment(objecting: Objecting, now: datetime) -> datetime:
    """When it came: now, or noon of the day on which the letter on paper did."""
    day = objecting.received_on
    return now if day is None or day == clock.day_of(now) else datetime.combine(day, time(12), clock.SHANGHAI)


def _designation(session: Session, round_: Round, given: str) -> int | None:
    """The line on the round's proposed rosters; None for the whole; MalformedError for one of another list."""
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 9:  # noqa: PLR2004 - digits of a row's number
        raise MalformedError("designation")
    query = select(Designation.id).join(Roster, Roster.id == Designation.roster_id)
    found = session.scalar(query.where(Designation.id == int(given), Roster.round_id == round_.id))
    if found is None:
        raise MalformedError("designation")
    return found


def _same(
    session: Session, round_: Round, objecting: Objecting, *, designation: int | None, files: list[dict[str, Any]]
) -> Objection | None:
    """The same objection that is there already: a button pressed twice (C05), as nobody's key can tell."""
    query = select(Objection).where(
        Objection.round_id == round_.id,
        Objection.name == objecting.name.strip(),
        Objection.contact == objecting.contact.strip(),
        Objection.text == objecting.text.strip(),
        Objection.designation_id.is_not_distinct_from(designation),
    )
    digests = sorted(file["sha256"] for file in files)
    rows = session.scalars(query.order_by(Objection.id))
    return next((row for row in rows if sorted(file["sha256"] for file in row.files) == digests), None)


def _require_few(session: Session, origin: Origin) -> None:
    """Counted under the lock of the number, so that many at once are counted too."""
    begin = datetime.combine(clock.today(), time(), clock.SHANGHAI)
    address = journal.one_line(origin.address)[:60]
    query = select(func.count()).where(Entry.act == "object", Entry.address == address, Entry.at >= begin)
    if (session.scalar(query) or 0) >= MOST_A_DAY:
        text = N_("Too many objections came from this connection today. Please send yours by post, or tomorrow.")
        raise InvalidError([Reason(text)])


def faults(session: Session, storage: LocalStorage) -> Iterator[str]:
    """What must hold of objections: numbered from 1 without a gap, decided as a whole, every file as it came."""
    series: dict[int, list[int]] = {}
    for row in session.scalars(select(Objection).order_by(Objection.round_id, Objection.number)):
        series.setdefault(row.round_id, []).append(row.number)
        if (row.upheld is None) != (row.answered_at is None) or (row.upheld is None) != (row.answer == ""):
            yield f"objection {row.public_id} is half answered"
        for file in row.files:
            try:
                storage.read(file["sha256"])
            except DamagedFileError:
                yield f"objection {row.public_id}: its file {file['sha256'][:12]} is gone or was changed"
    for round_id, numbers in series.items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"the objections of round {round_id} are numbered {numbers}"
    undecided = select(Round.public_id).join(Objection, Objection.round_id == Round.id)
    query = undecided.where(Round.state == RoundState.FINALISED, Objection.upheld.is_(None)).distinct()
    yield from (f"round {public_id} is final with an objection undecided" for public_id in session.scalars(query))
