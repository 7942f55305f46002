"""Saving answers of a draft, one field or many; remarks on warnings among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from ..evaluation import remarks, values
from ..evaluation.computed import Source, derived_fields
from ..model import Answer, Submission
from ..programmes.schema import Field, Programme
from ..transact import Receipt, carry_out
from ..words import N_, Reason, RoundState, State
from ..workflow.errors import InvalidError, MalformedError, RefusedError, StaleError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding
from .standing import Standing, standing_of


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


@dataclass(slots=True)
class Saved:
    """What came of it: the form before and after, and the fields that were not saved, each with why."""

    version: int = 0
    before: Standing | None = None
    after: Standing | None = None
    changed: tuple[str, ...] = ()
    problems: dict[str, Reason] = field(default_factory=dict)
    clashes: dict[str, Clash] = field(default_factory=dict)


def save_answers(answering: Answering, *, origin: Origin) -> Receipt:
    """Save the fields that were given, all or none; others stay. Saving what stands already changes nothing.

    A field that somebody else changed since the version on the screen is a clash and nothing is saved;
    other people's changes in other fields do not matter. Raises ClashError, InvalidError (a reason per
    field), NotEditableError, MalformedError for an unknown field.
    """

    def work(session: Session) -> Receipt:
        saved = Saved()
        receipt = _save(session, answering, origin, saved=saved)
        if saved.problems:
            raise InvalidError(list(saved.problems.values()))
        if saved.clashes:
            raise ClashError(receipt.version, tuple(saved.clashes.values()))
        return receipt

    return carry_out(work, origin=origin)


def save_what_fits(answering: Answering, *, origin: Origin) -> Saved:
    """Save each field that is right and nobody else changed meanwhile; the others are told, not lost.

    So one wrong figure, or one field that a colleague wrote into, never keeps the rest of a section from
    being saved. Raises NotEditableError, MalformedError for an unknown field. A request that was carried out before
    comes back without ``after``.
    """
    saved = Saved()

    def work(session: Session) -> Receipt:
        saved.problems, saved.clashes = {}, {}
        receipt = _save(session, answering, origin, saved=saved)
        if saved.clashes and not saved.changed:
            # Refused as a whole: a repeated request is recognised by that, one with another content too (C05, C06).
            saved.version = receipt.version
            raise ClashError(receipt.version, tuple(saved.clashes.values()))
        return receipt

    try:
        receipt = carry_out(work, origin=origin)
    except ClashError:
        return saved
    if receipt.repeated:
        return Saved(receipt.version)
    saved.version = receipt.version
    return saved


def _save(session: Session, answering: Answering, origin: Origin, *, saved: Saved) -> Receipt:
    submission = holding.hold(session, answering.submission, origin=origin, action=Action.ANSWER)
    if answering.version > submission.version:
        raise MalformedError("version")
    require_editable(submission)
    before = standing_of(session, submission)
    given = _parsed(before.programme, answering.raw, saved.problems)
    saved.clashes |= _clashes(before, answering, given)
    fresh = {
        key: value for key, value in given.items() if key not in saved.clashes and value != before.answers.get(key, "")
    }
    for key in _closed(submission, fresh):
        del fresh[key]
        saved.problems[key] = Reason(N_("This was not returned for mending: it stays as it was sent."), key)
    fresh |= _overtaken(before, fresh, given=given)
    saved.before, saved.after, saved.changed = before, before, tuple(fresh)
    if fresh:
        write(session, submission, fresh, before=before)
        holding.record(
            session, submission, origin=origin, act="answer", target=submission.public_id, data={"fields": list(fresh)}
        )
        saved.after = before.with_answers(fresh, version=submission.version)
    return Receipt(submission.public_id, submission.version)


def is_open(submission: Submission, key: str) -> bool:
    """Whether a field may be changed now: all may, unless the city returned some of them only."""
    return submission.open_fields is None or key in submission.open_fields or remarks.is_remark(key)


def _closed(submission: Submission, fresh: Mapping[str, str]) -> list[str]:
    return [key for key in fresh if not is_open(submission, key)]


def _overtaken(before: Standing, fresh: Mapping[str, str], *, given: Mapping[str, str]) -> dict[str, str]:
    """Figures that were typed while they could not be computed, and now can be: the computed one takes their place.

    One that is given in the same request stays: where it contradicts, the check says so.
    """
    now = before.with_answers(fresh, version=0)
    return {
        field.key: ""
        for field in derived_fields(before.programme)
        if before.answers.get(field.key) and field.key not in given
        if now.sources[field.key] is Source.COMPUTED and before.sources[field.key] is not Source.COMPUTED
    }


def write(session: Session, submission: Submission, fresh: Mapping[str, str], *, before: Standing) -> None:
    """Put canonical values down inside the caller's act, which raises the version by one.

    One statement for the fields that had an answer and one for those that had none, however many there are."""
    version = submission.version + 1
    new = [key for key in fresh if key not in before.versions]
    if new:
        rows = [{"submission_id": submission.id, "key": key, "value": fresh[key], "version": version} for key in new]
        session.execute(insert(Answer), rows)
    old = [key for key in fresh if key in before.versions]
    if old:
        rows = [{"submission_id": submission.id, "key": key, "value": fresh[key], "version": version} for key in old]
        session.execute(update(Answer), rows)


def require_editable(submission: Submission) -> None:
    """The enterprise writes into a draft of an open round only (R5)."""
    if submission.state is not State.DRAFT:
        raise NotEditableError(N_("The form was submitted: it cannot be changed now."))
    if submission.round.state is not RoundState.OPEN:
        raise NotEditableError(N_("The round is not open."))


def _parsed(programme: Programme, raw: Mapping[str, str], problems: dict[str, Reason]) -> dict[str, str]:
    """Canonical values of the enterprise's fields; R5: a field of the city's is none of them."""
    known = {known.key: known for known in programme.enterprise_fields}
    given: dict[str, str] = {}
    for key, text in raw.items():
        asked: Field | None = known.get(key) or remarks.field_for(programme, key)
        if asked is None:
            raise MalformedError(key)
        value = values.parse(asked, text)
        if isinstance(value, Reason):
            problems[key] = value
        else:
            given[key] = value
    return given


def _clashes(before: Standing, answering: Answering, given: Mapping[str, str]) -> dict[str, Clash]:
    return {
        key: Clash(key, before.answers[key], given[key])
        for key in given
        if before.versions.get(key, 0) > answering.version and before.answers[key] != given[key]
    }
