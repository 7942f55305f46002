"""Worlds in which there is something to work through: many forms of one city, and what came of them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hbreview.acts.freezing import revision_digest
from hbreview.acts.weighing import answers_of
from hbreview.clock import now, today
from hbreview.extensions import db
from hbreview.model import Entry, Revision, Round, Submission
from hbreview.words import State
from hbreview.workflow.journal import Deed, Origin, append
from tests.acts.test_reviewing import do
from tests.worlds import Browser, World

CITY = "tangshan"
OPINION = "材料齐全，同意上报。"
_ITEM = re.compile(r'<li data-done="([01])"([^>]*)>(.*?)</li>', re.S)
_TAGS = re.compile(r"<[^>]+>")


def gather(world: World, count: int, *, state: State = State.SUBMITTED, waived: bool = True) -> list[Submission]:
    """So many drafts of the roster, of both programmes in turn, all of one city and in this state."""

    def work(session: Session) -> None:
        session.execute(update(Round).values(settings={"waive_scan": waived}))
        rows = session.scalars(select(Submission).order_by(Submission.id)).all()
        session.execute(update(Submission).where(Submission.region == CITY).values(region="langfang"))
        untouched = [row for row in rows if row.version == 1 and row.state is State.DRAFT]
        drafts = {key: [row for row in untouched if row.programme == key] for key in ("platform", "base")}
        for place in range(count):
            row = drafts["base" if place % 2 else "platform"][place // 2]
            row.region = CITY
            if state is State.SUBMITTED:
                _submit(session, row)

    do(world, work)
    with world.app.app_context():
        query = select(Submission).where(Submission.region == CITY).order_by(Submission.programme, Submission.id)
        return list(db.session.scalars(query))


def _submit(session: Session, row: Submission) -> None:
    """As if its enterprise had sent it, as empty as it is."""
    row.state, row.version, row.revision_number, row.submitted_at, row.moved_at = State.SUBMITTED, 2, 1, now(), now()
    answers = answers_of(session, row.id)
    revision = Revision(
        submission_id=row.id, number=1, answers=answers, attachments=[], digest=revision_digest(answers, []),
        warnings=0, person_id=1, created_at=now(),
    )  # fmt: skip
    session.add(revision)
    states, versions = (State.DRAFT.value, State.SUBMITTED.value), (1, 2)
    deed = Deed("submit", row.public_id, row.id, row.round_id, versions=versions, states=states)
    append(session, origin=Origin(None, "test"), deed=deed, at=now())


def reviewer(world: World) -> Browser:
    """The browser of the city's reviewer."""
    return world.browser(f"city-{CITY}")


def rows(submissions: Sequence[Submission]) -> list[str]:
    return [f"{one.public_id}:{one.version}" for one in submissions]


def approval(submissions: Sequence[Submission], key: str = "k" * 22, **more: Any) -> dict[str, Any]:
    """The form of an approval of all of these."""
    day = today().isoformat()
    data = {"do": "approve", "row": rows(submissions), "opinion": OPINION, "seal_date": day, "request_key": key}
    return data | more


def report(answer: TestResponse) -> list[tuple[bool, str, str]]:
    """What the page reports of each: whether it went through, its attributes, its text."""
    found = _ITEM.findall(html.unescape(answer.get_data(as_text=True)))
    return [(done == "1", given, " ".join(_TAGS.sub(" ", text).split())) for done, given, text in found]


def entries(world: World, act: str) -> list[Entry]:
    with world.app.app_context():
        return list(db.session.scalars(select(Entry).where(Entry.act == act).order_by(Entry.sequence)))


def last_entry(world: World) -> int:
    with world.app.app_context():
        return db.session.scalars(select(Entry.sequence).order_by(Entry.sequence.desc()).limit(1)).one()


def done_since(world: World, sequence: int, act: str) -> list[int]:
    """The submissions that an act was done to since, one for each entry."""
    return [entry.submission_id or 0 for entry in entries(world, act) if entry.sequence > sequence]
