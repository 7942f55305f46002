"""Sentences that a city's reviewers keep for their opinions and their reasons, shared by all of them."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.values import parse
from ..model import Phrase
from ..programmes.schema import Field, FieldType
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason, Role
from ..workflow import journal
from ..workflow.actors import Actor
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError
from ..workflow.journal import Deed, Origin

KINDS = ("approve", "return")
LONGEST, MOST = 500, 40
_TEXT = Field("text", Label("常用语", "Phrase"), 0, FieldType.TEXTAREA, max_length=LONGEST)


def phrases_of(session: Session, region: str) -> dict[str, list[Phrase]]:
    """A city's phrases of each kind ("approve", "return"), oldest first; one statement."""
    found: dict[str, list[Phrase]] = {kind: [] for kind in KINDS}
    for phrase in session.scalars(select(Phrase).where(Phrase.region == region).order_by(Phrase.id)):
        found[phrase.kind].append(phrase)
    return found


def phrase_of(session: Session, region: str, public_id: str) -> str:
    """The text of one of a city's sentences; "" when it has none of this id."""
    query = select(Phrase.text).where(Phrase.region == region, Phrase.public_id == public_id)
    return session.scalar(query) or ""


def keep_phrase(kind: str, text: str, *, origin: Origin) -> Receipt:
    """Keep a sentence for the own city; InvalidError for none, a long one, one that is there, or the 41st of a kind."""
    if kind not in KINDS:
        raise MalformedError("kind")
    found = parse(_TEXT, text)
    if not found:
        found = Reason(N_("Please write the sentence."), "text")
    if isinstance(found, Reason):
        raise InvalidError([found])
    return carry_out(lambda session: _keep(session, kind, found, origin=origin), origin=origin)


def _keep(session: Session, kind: str, text: str, *, origin: Origin) -> Receipt:
    who, region = _reviewer(origin)
    phrase = Phrase(region=region, kind=kind, text=text, person_id=who.person_id, created_at=clock.now())
    session.add(phrase)
    session.flush()
    deed = Deed(act="keep_phrase", target=phrase.public_id, data={"kind": kind, "text": text})
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    # Counted after the entry: the journal's head is locked from there on, so of two at once the second counts both.
    of_kind = (Phrase.region == region, Phrase.kind == kind)
    count, same = session.execute(
        select(func.count(), func.count().filter(Phrase.text == text)).select_from(Phrase).where(*of_kind)
    ).one()
    if same > 1:
        raise InvalidError([Reason(N_("This sentence is kept already."), "text")])
    if count > MOST:
        most = {"count": str(MOST)}
        raise InvalidError([Reason(N_("At most %(count)s sentences of a kind: drop one first."), "text", values=most)])
    return Receipt(phrase.public_id)


def drop_phrase(public_id: str, *, origin: Origin) -> Receipt:
    """Drop one of the own city's phrases; HiddenError for another city's, or one that is gone."""
    return carry_out(lambda session: _drop(session, public_id, origin=origin), origin=origin)


def _drop(session: Session, public_id: str, *, origin: Origin) -> Receipt:
    _who, region = _reviewer(origin)
    gone = session.execute(
        delete(Phrase)
        .where(Phrase.public_id == public_id, Phrase.region == region)
        .returning(Phrase.kind, Phrase.text)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if gone is None:
        raise HiddenError
    deed = Deed(act="drop_phrase", target=public_id, data={"kind": gone.kind, "text": gone.text})
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(public_id)


def _reviewer(origin: Origin) -> tuple[Actor, str]:
    """Who asks and the own city; standing in elsewhere gives no say in what is kept there."""
    who = origin.actor
    if who is None or who.role is not Role.CITY or who.region is None:
        raise ForbiddenError
    return who, who.region
