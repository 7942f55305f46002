"""The only place that commits. A reading request cannot write: its session refuses to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.unitofwork import UOWTransaction

from .extensions import db
from .model import Entry
from .workflow.errors import KeyReusedError, RefusedError
from .workflow.journal import Origin


class ReadingSessionError(RuntimeError):
    """Something tried to write outside ``carry_out``: a programming error, never a person's."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an act answers: the public id of what it made or moved, and that thing's new version."""

    target: str
    version: int = 0
    repeated: bool = False


def carry_out(work: Callable[[Session], Receipt], *, origin: Origin | None = None) -> Receipt:
    """Run one act in one transaction and commit it; roll everything back if it raises.

    With a key in its origin, a request that was already carried out is answered with its first receipt and done once
    only (C05): the key is a unique column of the journal entry that the act appends. KeyReusedError when
    the same key comes with another content (C06).
    """
    session = db.session()
    session.rollback()  # the reads before belong to an older snapshot
    session.info["writing"] = True
    try:
        session.connection(execution_options={"writing": True})
        receipt = work(session)
        session.commit()
    except (RefusedError, IntegrityError):
        session.rollback()
        earlier = _earlier(session, origin)
        if earlier is None:
            raise
        return earlier
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["writing"] = False
    return receipt


def _earlier(session: Session, origin: Origin | None) -> Receipt | None:
    if origin is None or origin.key is None or origin.actor is None:
        return None
    person_id = origin.actor.person_id
    entry = session.scalar(select(Entry).where(Entry.person_id == person_id, Entry.request_key == origin.key))
    session.rollback()
    if entry is None:
        return None
    if entry.request_digest != origin.digest:
        raise KeyReusedError
    return Receipt(entry.target, entry.version_to or 0, repeated=True)


def _refuse_flush(session: Session, _context: UOWTransaction, _instances: object) -> None:
    if not session.info.get("writing"):
        raise ReadingSessionError("a reading session cannot write")


def _refuse_statement(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and not state.session.info.get("writing"):
        raise ReadingSessionError("a reading session cannot write")


def guard_sessions() -> None:
    """Make every session of the application a reading one until ``carry_out`` opens it."""
    factory = db.session.session_factory
    if not event.contains(factory, "before_flush", _refuse_flush):
        event.listen(factory, "before_flush", _refuse_flush)
        event.listen(factory, "do_orm_execute", _refuse_statement)
