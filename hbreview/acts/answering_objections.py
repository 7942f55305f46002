"""Answering objections in writing, and changing what is publicised where one is upheld (R9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..model import Designation, Entry, Objection
from ..transact import Receipt, carry_out
from ..words import N_, Outcome, Reason, RoundState
from ..workflow import journal
from ..workflow.errors import ForbiddenError, InvalidError, MalformedError, StaleError
from ..workflow.journal import Deed, Origin
from ..workflow.policy import Action, has_role_for
from .answering import NotEditableError
from .designating import PASSED
from .ruling import Word, faults_of, held_round

SHORTEST_ANSWER, LONGEST_ANSWER = 2, 5000


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to an objection. ``word``: what becomes of its organisation's outcome; None: it stays."""

    objection: str
    version: int
    upheld: bool | None
    text: str
    word: Word | None = None


def answer(given: Answer, *, origin: Origin) -> Receipt:
    """Keep the answer while the round is in publicity; a later one replaces it, and the journal has both.

    InvalidError beside the field, StaleError on another version, NotEditableError once the round is final.
    """
    # Browsers send a line break as two signs.
    plain = replace(given, text=given.text.replace("\r\n", "\n"))
    return carry_out(lambda session: _answer(session, plain, origin), origin=origin)


def _answer(session: Session, given: Answer, origin: Origin) -> Receipt:
    if not has_role_for(origin.actor, Action.ANSWER_OBJECTIONS) or origin.actor is None:
        raise ForbiddenError
    one = select(Objection).where(Objection.public_id == given.objection)
    round_ = held_round(session, select(Objection.round_id).where(Objection.public_id == given.objection))
    objection = session.scalars(one.with_for_update().execution_options(populate_existing=True)).one()
    if round_.state is not RoundState.PUBLICISED:
        raise NotEditableError(N_("The round is final: what was answered stays."))
    if given.version > objection.version:
        raise MalformedError("version")
    if given.version != objection.version:
        raise StaleError(objection.version)
    designation = session.get(Designation, objection.designation_id) if objection.designation_id else None
    changed = _change_by(session, objection)
    if faults := [*_faults(given, designation), *_taken_back_faults(given, designation, changed)]:
        raise InvalidError(faults)
    data = _written(objection, designation, given, changed=changed)
    objection.answered_at, objection.answered_by = clock.now(), origin.actor.person_id
    objection.version += 1
    session.flush()
    deed = Deed(
        act="answer_objection", target=objection.public_id, round_id=round_.id, data=data,
        submission_id=designation.submission_id if designation else None,
        versions=(objection.version - 1, objection.version),
    )  # fmt: skip
    journal.append(session, origin=origin, deed=deed, at=objection.answered_at)
    return Receipt(objection.public_id, objection.version)


def _faults(given: Answer, designation: Designation | None) -> list[Reason]:
    faults = []
    if len(given.text.replace("\0", "").strip()) < SHORTEST_ANSWER:
        faults.append(Reason(N_("Please write the answer."), "answer", "R9"))
    if len(given.text) > LONGEST_ANSWER:
        faults.append(Reason(N_("At most %(count)s characters."), "answer", values={"count": str(LONGEST_ANSWER)}))
    if given.upheld is None:
        faults.append(Reason(N_("Please say whether it is upheld."), "upheld", "R9"))
    if given.word is None:
        return faults
    if not given.upheld:
        faults.append(Reason(N_("An outcome changes only where the objection is upheld."), "upheld", "R9"))
    if designation is None:
        faults.append(Reason(N_("This objection is about no organisation: no outcome changes by it."), "outcome"))
    else:
        faults += faults_of(given.word, has_total=designation.total is not None)
        failing = given.word.outcome is None and designation.outcome not in PASSED
        if failing and (given.word.commended or given.word.supervised or given.word.rectify_until):
            faults.append(Reason(N_("Only what is qualified can have this."), "outcome", "P4"))
    return faults


def _change_by(session: Session, objection: Objection) -> dict[str, Any] | None:
    """What this objection made of its line as long as it is upheld: the first entry's before, the last one's after."""
    query = select(Entry.data).where(
        Entry.submission_id == select(Designation.submission_id).where(
            Designation.id == objection.designation_id
        ).scalar_subquery(),
        Entry.act == "answer_objection", Entry.target == objection.public_id, Entry.result == "done",
    )  # fmt: skip
    found: dict[str, Any] | None = None
    for data in session.scalars(query.order_by(Entry.sequence)):
        if "after" in data and data["upheld"]:
            found = {"before": found["before"] if found else data["before"], "after": data["after"]}
        elif not data["upheld"]:
            found = None
    return found


def _taken_back_faults(
    given: Answer, designation: Designation | None, changed: Mapping[str, Any] | None
) -> list[Reason]:
    """An outcome that changed by this objection goes back with it, unless another one has changed it since."""
    if given.upheld is not False or designation is None or changed is None or _line(designation) == changed["after"]:
        return []
    text = N_("Another objection has changed this outcome since: what this one changed cannot be taken back alone.")
    return [Reason(text, "upheld", "R9")]


def _put_back(line: Designation, before: Mapping[str, Any]) -> None:
    until = before["rectify_until"]
    line.outcome = Outcome(before["outcome"]) if before["outcome"] else None
    line.commended, line.supervised, line.reason = before["commended"], before["supervised"], before["reason"]
    line.rectify_until = date.fromisoformat(until) if until else None


def _written(
    objection: Objection, designation: Designation | None, given: Answer, *, changed: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Write the answer down and change the line, or put it back as it was; what the journal keeps of it."""
    data: dict[str, Any] = {
        "number": objection.number,
        "upheld": given.upheld,
        "answer": given.text.replace("\0", "").strip(),
    }
    if objection.upheld is not None:
        data["earlier"] = {"upheld": objection.upheld, "answer": objection.answer}
    objection.upheld, objection.answer = given.upheld, data["answer"]
    if designation is not None and given.word is not None:
        data["before"] = _line(designation)
        _change(designation, given.word)
        data["after"] = _line(designation)
    elif designation is not None and changed is not None and not given.upheld:
        data["before"] = _line(designation)
        _put_back(designation, changed["before"])
        data["after"] = _line(designation)
    return data


def _change(line: Designation, word: Word) -> None:
    """The publicised line as it is from now on; rank, total and the national mark stay (P8)."""
    line.outcome = word.outcome or line.outcome
    passed = line.outcome in PASSED
    line.commended = passed and (line.commended if word.commended is None else word.commended)
    line.supervised = passed and (line.supervised if word.supervised is None else word.supervised)
    line.rectify_until = (word.rectify_until or line.rectify_until) if passed else None
    line.reason = word.reason


def _line(line: Designation) -> dict[str, Any]:
    return {
        "outcome": line.outcome.value if line.outcome else None,
        "commended": line.commended,
        "supervised": line.supervised,
        "rectify_until": line.rectify_until.isoformat() if line.rectify_until else None,
        "reason": line.reason,
    }
