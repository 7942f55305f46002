"""Saving answers of a draft, one field or many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..evaluation import values
from ..model import Answer, Submission
from ..model.kept import programme_of
from ..transact import Receipt, carry_out
from ..words import N_, Reason, RoundState, State
from ..workflow.errors import InvalidError, MalformedError, RefusedError, StaleError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding


@dataclass(frozen=True, slots=True)
class Clash:
    """One field that somebody else changed meanwhile: theirs, and what this person typed."""

    key: str
    theirs: str
    yours: str


class ClashError(StaleError):
    """Fields were changed by somebody else since the version on the screen (409)."""

    def __init__(self, version: int, clashes: tuple[Clash, ...]) -> None:
        super().__init__(version)
        self.clashes = clashes


class NotEditableError(RefusedError):
    """The form is not a draft, or its round takes none (409)."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What to save: raw texts by field key, made on this version of the submission."""

    submission: str
    version: int
    raw: Mapping[str, str]


def save_answers(answering: Answering, *, origin: Origin) -> Receipt:
    """Save the fields that were given, all or none; others stay. Saving what stands already changes nothing.

    A field that somebody else changed since the version on the screen is a clash and nothing is saved;
    other people's changes in other fields do not matter. Raises ClashError, InvalidError (a reason per
    field), NotEditableError, MalformedError for an unknown field.
    """
    return carry_out(lambda session: _save(session, answering, origin), origin=origin)


def _save(session: Session, answering: Answering, origin: Origin) -> Receipt:
    submission = holding.hold(session, answering.submission, origin=origin, action=Action.ANSWER)
    if answering.version > submission.version:
        raise MalformedError("version")
    require_editable(submission)
    given = _parsed(session, submission, answering.raw)
    stored = {row.key: row for row in _rows(session, submission, given)}
    _refuse_clashes(submission, answering, given, stored=stored)
    changed = [key for key, value in given.items() if value != (stored[key].value if key in stored else "")]
    if not changed:
        return Receipt(submission.public_id, submission.version)
    for key in changed:
        row = stored.get(key) or Answer(submission_id=submission.id, key=key)
        row.value, row.version = given[key], submission.version + 1
        session.add(row)
    holding.record(
        session,
        submission,
        origin=origin,
        act="answer",
        target=submission.public_id,
        data={"fields": changed},
    )
    return Receipt(submission.public_id, submission.version)


def require_editable(submission: Submission) -> None:
    """The enterprise writes into a draft of an open round only (R5)."""
    if submission.state is not State.DRAFT:
        raise NotEditableError(N_("The form was submitted: it cannot be changed now."))
    if submission.round.state is not RoundState.OPEN:
        raise NotEditableError(N_("The round is not open."))


def _parsed(session: Session, submission: Submission, raw: Mapping[str, str]) -> dict[str, str]:
    """Canonical values of the enterprise's fields; R5: a field of the city's is none of them."""
    programme = programme_of(session, submission.programme_version_id)
    known = {field.key: field for field in programme.enterprise_fields}
    if unknown := [key for key in raw if key not in known]:
        raise MalformedError(unknown[0])
    given: dict[str, str] = {}
    reasons: list[Reason] = []
    for key, text in raw.items():
        value = values.parse(known[key], text)
        if isinstance(value, Reason):
            reasons.append(value)
        else:
            given[key] = value
    if reasons:
        raise InvalidError(reasons)
    return given


def _rows(session: Session, submission: Submission, keys: Mapping[str, str]) -> list[Answer]:
    query = select(Answer).where(Answer.submission_id == submission.id, Answer.key.in_(list(keys)))
    return list(session.scalars(query))


def _refuse_clashes(
    submission: Submission, answering: Answering, given: Mapping[str, str], *, stored: Mapping[str, Answer]
) -> None:
    clashes = tuple(
        Clash(key, stored[key].value, given[key])
        for key in given
        if key in stored and stored[key].version > answering.version and stored[key].value != given[key]
    )
    if clashes:
        raise ClashError(submission.version, clashes)
