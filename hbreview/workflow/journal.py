"""The journal: append an entry to the chain, and verify the chain.

Each entry's hash covers all of its columns and the hash before it, so a changed, removed, swapped or
inserted entry shows. A tail that was cut off, or a chain written anew, shows against a head that was
kept elsewhere (``flask check`` keeps one at each clean run).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..model import Entry, JournalHead, Submission
from .actors import Actor

GENESIS = "0" * 64
_LONGEST = 200
# The key of an entry's data that names whom its actor stood in for.
STANDS_IN_FOR = "stands_in_for"
# In a round that was read from its archive: an entry of something else, of which only the hash came along.
LEFT_OUT, IMPORTED = "left_out", "import_round"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an act comes from: person, address, request. ``key`` and ``digest`` make a repeat recognisable."""

    actor: Actor | None
    address: str = ""
    request_id: str = ""
    key: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, on what, from which version and state to which."""

    act: str
    target: str = ""
    submission_id: int | None = None
    round_id: int | None = None
    versions: tuple[int | None, int | None] = (None, None)
    states: tuple[str | None, str | None] = (None, None)
    data: Mapping[str, Any] = field(default_factory=dict)
    result: str = "done"


def one_line(text: str) -> str:
    """Text for the record: control characters and line separators escaped, length capped (I06)."""
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    return shown[:_LONGEST]


def append(session: Session, *, origin: Origin, deed: Deed, at: datetime) -> Entry:
    """Add an entry inside the caller's transaction; the head row is locked until that ends.

    The head follows by itself: a trigger of the database moves it with the entry.
    """
    data = dict(deed.data) | _stood_in_for(session, origin.actor, deed)
    head = session.execute(
        select(JournalHead.sequence, JournalHead.hash).where(JournalHead.id == 1).with_for_update()
    ).one()
    actor = origin.actor
    entry = Entry(
        sequence=head.sequence + 1,
        at=at,
        person_id=actor.person_id if actor else None,
        actor=actor.name if actor else "",
        role=actor.role.value if actor else "",
        scope=actor.scope if actor else "",
        act=deed.act,
        submission_id=deed.submission_id,
        round_id=deed.round_id,
        target=one_line(deed.target),
        version_from=deed.versions[0],
        version_to=deed.versions[1],
        state_from=deed.states[0],
        state_to=deed.states[1],
        data=data,
        result=deed.result,
        address=one_line(origin.address)[:60],
        request_id=origin.request_id[:40],
        request_key=origin.key,
        request_digest=origin.digest,
        previous=head.hash,
    )
    entry.hash = digest(entry)
    session.add(entry)
    session.flush()
    return entry


def _stood_in_for(session: Session, actor: Actor | None, deed: Deed) -> dict[str, str]:
    """In whose place a deputy acts on this submission, so that the entry names both; nothing for everybody else.

    An act holds its submission, so that this asks the database nothing.
    """
    if actor is None or not actor.stands_in or deed.submission_id is None:
        return {}
    name = actor.stands_in_for(session.get_one(Submission, deed.submission_id).region)
    return {STANDS_IN_FOR: name} if name else {}


_HASHED = (
    "sequence", "person_id", "actor", "role", "scope", "act", "submission_id", "round_id", "target",
    "version_from", "version_to", "state_from", "state_to", "data", "result", "address", "request_id",
    "request_key", "request_digest", "previous",
)  # fmt: skip


def digest(entry: Entry) -> str:
    """The hash of an entry: all of its columns and the hash before it, in a fixed text."""
    facts = {name: getattr(entry, name) for name in _HASHED}
    facts["at"] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def entries(session: Session) -> Iterator[Entry]:
    """All entries in order, a batch at a time."""
    yield from session.scalars(select(Entry).order_by(Entry.sequence).execution_options(yield_per=1000))


def verify(chain: Iterable[Entry], *, head: JournalHead | None, kept: Mapping[int, str]) -> list[str]:
    """What is wrong with the chain, as sentences; ``kept`` are heads (sequence to hash) kept elsewhere.

    An entry that was left out of an archive is believed only where a later entry says that a round was read in up
    to there.
    """
    faults: list[str] = []
    previous, expected, seen = GENESIS, 1, dict(kept)
    left_out = imported_to = 0
    for entry in chain:
        if entry.sequence != expected:
            faults.append(f"journal entry {expected} is missing before {entry.sequence}")
        if entry.previous != previous:
            faults.append(f"journal entry {entry.sequence} does not follow the one before it")
        if entry.act == LEFT_OUT:
            left_out = entry.sequence
        elif entry.hash != digest(entry):
            faults.append(f"journal entry {entry.sequence} was changed")
        if seen.pop(entry.sequence, entry.hash) != entry.hash:
            faults.append(f"journal entry {entry.sequence} is not the one that was kept")
        if entry.act == IMPORTED:
            imported_to = max(imported_to, entry.data.get("head", 0))
        previous, expected = entry.hash, entry.sequence + 1
    if left_out > imported_to:
        faults.append(f"journal entry {left_out} says nothing, and no round was read in")
    if head is None or (head.sequence, head.hash) != (expected - 1, previous):
        faults.append("the journal's head is not its last entry")
    faults.extend(f"journal entry {number} was kept, and is gone" for number in sorted(seen))
    return faults
