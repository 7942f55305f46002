"""The enterprises served, given as a list: read, kept as data, and the form's counts taken from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ..documents.enterprise_list import LABELS, ServedRow, counts, read_list
from ..documents.scanning import Scanner
from ..evaluation import values
from ..extensions import db
from ..model import Attachment, ServedEnterprise, Submission
from ..model.kept import programme_of
from ..programmes.schema import Field, FieldType, Programme
from ..storage import LocalStorage
from ..transact import Receipt
from ..words import N_, Reason
from ..workflow.errors import InvalidError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import attaching, holding
from .answering import write
from .attaching import Attaching
from .standing import SERVED_LIST, standing_of

MOST_PROBLEMS = 50
_NAME = Field(key="file", label=LABELS["name"], section=0, type=FieldType.TEXT, max_length=200)


def take_list(
    given: Attaching, *, origin: Origin, storage: LocalStorage, limit: int, scanner: Scanner | None = None
) -> Receipt:
    """Attach the list in place of the one before, keep its rows, and put its counts into the form.

    InvalidError names every row that is wrong (the first 50); nothing is taken over then. Other errors as
    ``attaching.attach``.
    """
    attaching.require_turn_now(given.submission, SERVED_LIST, origin=origin)
    session = db.session()
    submission = holding.look_at(session, given.submission, origin=origin, action=Action.ATTACH)
    programme = programme_of(session, submission.programme_version_id)
    rows = _rows(given, programme, limit=limit)
    counted = form_counts(programme, counts(rows))
    whole = replace(given, field=SERVED_LIST, replaces=_present(session, submission), counts=counted)

    def keep(session: Session, submission: Submission, attachment: Attachment) -> None:
        session.execute(insert(ServedEnterprise), [_as_row(row, attachment.id) for row in rows])
        before = standing_of(session, submission)
        figures = {key: str(count) for key, count in counted.items()}
        write(session, submission, {k: v for k, v in figures.items() if before.answers.get(k) != v}, before=before)

    return attaching.take_in(whole, origin=origin, storage=storage, limit=limit, scanner=scanner, also=keep)


def _rows(given: Attaching, programme: Programme, *, limit: int) -> Sequence[ServedRow]:
    stream = given.upload.stream
    content = stream.read(limit + 1)
    stream.seek(0)
    found = read_list(content, programme)
    problems = [*found.problems, *_unclean_names(found.rows)][:MOST_PROBLEMS]
    if not problems and not found.rows:
        problems = [Reason(N_("The list names no enterprise."))]
    if problems:
        raise InvalidError([replace(problem, field="file") for problem in problems])
    return found.rows


def _unclean_names(rows: Sequence[ServedRow]) -> Iterator[Reason]:
    """Names that a form would not take either: too long, or with signs that are no text (D08)."""
    for row in rows:
        found = values.parse(_NAME, row.name)
        if isinstance(found, Reason):
            text = N_("Row %(row)s, column “%(column)s”: %(reason)s")
            yield Reason(text, values={"row": row.row, "column": LABELS["name"], "reason": found})


def _present(session: Session, submission: Submission) -> str:
    """The list that stands now, which the new one takes the place of; "" for none."""
    query = select(Attachment.public_id).where(
        Attachment.submission_id == submission.id, Attachment.field == SERVED_LIST, Attachment.removed_at.is_(None)
    )
    return session.scalar(query) or ""


def form_counts(programme: Programme, counted: Mapping[str, int]) -> dict[str, int]:
    """The list's counts by the fields of the form that ask for them."""
    return {field.key: counted.get(field.counted, 0) for field in programme.enterprise_fields if field.counted}


def _as_row(row: ServedRow, attachment_id: int) -> dict[str, object]:
    return {
        "attachment_id": attachment_id,
        "position": row.position,
        "name": row.name,
        "credit_code": row.credit_code,
        "small_micro": row.small_micro,
        "categories": list(row.categories),
    }
