"""Inspecting everything that must hold always: states, seals, revisions, totals, files, the journal's chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..model import (
    Attachment,
    AuditRecord,
    Entry,
    JournalHead,
    Opinion,
    Return,
    Revision,
    ScoreSet,
    ScoreSheet,
    Submission,
)
from ..model.kept import programme_of
from ..storage import DamagedFileError, LocalStorage
from ..words import State
from ..workflow import journal
from . import inspecting_decisions, issuing_letters, objecting, totalling
from .freezing import revision_digest
from .weighing import answers_of

_APPROVED = frozenset({State.CITY_REVIEWED, State.AUDITED, State.SCORED})
_AUDITED = frozenset({State.AUDITED, State.SCORED})


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: faults as sentences, how much was looked at, and the journal's head."""

    faults: list[str]
    counted: dict[str, int]
    head: tuple[int, str] | None


def inspect(session: Session, storage: LocalStorage, *, kept: Mapping[int, str]) -> Report:
    """Check every invariant (S03) and every stored file (D09); ``kept`` are journal heads kept elsewhere."""
    head = session.get(JournalHead, 1)
    faults = journal.verify(journal.entries(session), head=head, kept=kept)
    submissions = list(session.scalars(select(Submission)))
    for submission in submissions:
        faults.extend(f"submission {submission.public_id}: {fault}" for fault in _faults(session, submission))
    faults.extend(_numbers(session))
    faults.extend(objecting.faults(session, storage))
    faults.extend(issuing_letters.faults(session))
    faults.extend(inspecting_decisions.faults(session))
    files = 0
    for attachment in session.scalars(select(Attachment)):
        files += 1
        try:
            storage.read(attachment.sha256)
        except DamagedFileError:
            faults.append(f"attachment {attachment.public_id}: its file is gone or was changed")
    counted = {
        "journal entries": session.scalar(select(func.count()).select_from(Entry)) or 0,
        "submissions": len(submissions),
        "attachments": files,
    }
    return Report(faults, counted, (head.sequence, head.hash) if head and head.sequence else None)


def _faults(session: Session, submission: Submission) -> Iterator[str]:
    yield from _history(session, submission)
    sealed = _count(
        session, select(Opinion.id).where(Opinion.submission_id == submission.id, Opinion.void_at.is_(None))
    )
    if sealed != (1 if submission.state in _APPROVED else 0):
        yield f"{sealed} opinions are in force in state {submission.state}"
    record = session.get(AuditRecord, submission.id)
    if (record is not None and record.signed_at is not None) != (submission.state in _AUDITED):
        yield f"the audit's sign-off does not fit state {submission.state}"
    if submission.state is not State.DRAFT and submission.open_fields is not None:
        yield f"only some of its fields are open in state {submission.state}"
    yield from _revision(session, submission)
    yield from _total(session, submission)


def _numbers(session: Session) -> Iterator[str]:
    """The notices of a round and city are numbered from 1 without a gap, and each comes of a return."""
    series: dict[tuple[int, str], list[int]] = {}
    for notice in session.scalars(select(Return).order_by(Return.number)):
        series.setdefault((notice.round_id, notice.region), []).append(notice.number)
    for (round_id, region), numbers in series.items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"the return notices of {region} in round {round_id} are numbered {numbers}"
    noted = select(func.count()).where(Entry.act == "return", Entry.data["notice"].as_integer().is_not(None))
    if (session.scalar(noted) or 0) < sum(map(len, series.values())):
        yield "there are more return notices than returns"


def _count(session: Session, query: object) -> int:
    return len(list(session.scalars(query)))  # type: ignore[call-overload]  # a select of ids


def _history(session: Session, submission: Submission) -> Iterator[str]:
    """S03 (1), (2), (10): the state is that of the last entry, reached by its own history, versions in order."""
    query = select(Entry).where(Entry.submission_id == submission.id, Entry.result == "done")
    moves = [e for e in session.scalars(query.order_by(Entry.sequence)) if e.state_to is not None]
    state = State.DRAFT.value
    for entry in moves:
        if entry.state_from != state:
            yield f"entry {entry.sequence} moves from {entry.state_from}, but the state was {state}"
        state = entry.state_to or state
    if state != submission.state.value:
        yield f"the state is {submission.state}, its history ends in {state}"
    versioned = select(Entry.version_from, Entry.version_to).where(
        Entry.submission_id == submission.id, Entry.act.in_([*_VERSIONED])
    )
    steps = list(session.execute(versioned.order_by(Entry.sequence)))
    if any(before.version_to != after.version_from for before, after in pairwise(steps)):
        yield "its versions do not follow each other"
    if steps and steps[-1].version_to != submission.version:
        yield f"its version is {submission.version}, its history ends with {steps[-1].version_to}"


_VERSIONED = (
    "submit", "withdraw", "approve", "return", "send_back", "audit", "reaudit", "score", "rescore", "answer", "attach",
    "remove_attachment", "replace_attachment", "link_evidence", "quarantine", "sign_off", "decline_sign_off",
    "ask_sign_off", "keep_audit_record", "assign_firm", "assign_expert", "withdraw_expert", "extend",
)  # fmt: skip


def _revision(session: Session, submission: Submission) -> Iterator[str]:
    """S03 (5): figures are frozen from the submission on, and no revision was ever changed."""
    revisions = list(session.scalars(select(Revision).where(Revision.submission_id == submission.id)))
    for revision in revisions:
        if revision_digest(revision.answers, revision.attachments) != revision.digest:
            yield f"revision {revision.number} was changed"
    if submission.state is State.DRAFT:
        return
    latest = next((r for r in revisions if r.number == submission.revision_number), None)
    if latest is None or latest.answers != answers_of(session, submission.id):
        yield "its answers are not those of its last revision"


def _total(session: Session, submission: Submission) -> Iterator[str]:
    """S03 (8): scored means that every assigned sheet is in and the total comes out again, twice."""
    for kept in session.scalars(select(ScoreSet).where(ScoreSet.submission_id == submission.id)):
        yield from totalling.set_faults(kept)
    if submission.state is not State.SCORED:
        if submission.total is not None:
            yield "it has a total without being scored"
        return
    waiting = select(ScoreSheet.id).where(
        ScoreSheet.submission_id == submission.id,
        ScoreSheet.withdrawn_at.is_(None),
        ScoreSheet.handed_in_at.is_(None),
    )
    if _count(session, waiting):
        yield "it is scored, but sheets are not handed in"
    programme = programme_of(session, submission.programme_version_id)
    again = totalling.total_of(session, submission, programme)
    if (again.total, again.score_set) != (submission.total, submission.score_set):
        yield f"its total is {submission.total}, its sheets give {again.total}"
    yield from _kept_set(session, submission, again)


def _kept_set(session: Session, submission: Submission, again: totalling.Totalled) -> Iterator[str]:
    """C09: the set that was kept when the scoring was closed says the same as the sheets and the submission."""
    kept = session.scalar(
        select(ScoreSet).where(ScoreSet.submission_id == submission.id, ScoreSet.digest == submission.score_set)
    )
    if kept is not None:
        stored = (kept.total, kept.deduction, kept.spread, kept.sheets)
        if stored != (submission.total, again.deduction, again.spread, again.sheets):
            yield f"its total is {submission.total}, the score set that was kept says {kept.total}"
        return
    closed = select(Entry.data).where(
        Entry.submission_id == submission.id, Entry.act == "score", Entry.result == "done"
    )
    # Scorings that were closed before sets were kept say no spread.
    if "spread" in (session.scalar(closed.order_by(Entry.sequence.desc()).limit(1)) or {}):
        yield "the score set that its total comes from was not kept"
