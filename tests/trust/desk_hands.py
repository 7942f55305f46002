"""What the cases of the enterprise's desk do by hand: sending files, reading what was kept, stopping the clock."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hbreview import clock
from hbreview.acts import answering, inviting, moving
from hbreview.acts.answering import Answering
from hbreview.acts.imagining import imagine
from hbreview.acts.inviting import Newcomer
from hbreview.acts.moving import Firing
from hbreview.acts.rehearsing import PASSWORD, REMARK
from hbreview.acts.signing_in import HASHER, actor_for
from hbreview.evaluation import remarks
from hbreview.extensions import db
from hbreview.model import Answer, Attachment, Entry, Person, Revision, SignIn, Submission
from hbreview.model.kept import programme_of
from hbreview.programmes.schema import Programme
from hbreview.transact import Receipt, carry_out
from hbreview.words import Role, Trigger
from hbreview.workflow.journal import Origin
from tests.worlds import Browser, World

HTMX = {"HX-Request": "true"}
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def pdf(text: str = "") -> bytes:
    """A PDF that is taken; another text makes another file."""
    return f"%PDF-1.4\n%{text}\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".encode()


def address(submission: Submission, *parts: str) -> str:
    return "/".join((f"/submissions/{submission.public_id}", *parts))


def send(
    world: World, browser: Browser, submission: Submission, *files: tuple[str, bytes], **more: Any
) -> TestResponse:
    """Send files to a place of the form on its newest version; ``headers`` for htmx."""
    headers = more.pop("headers", None)
    given = [(io.BytesIO(content), name.replace("\\", "\\\\").replace('"', '\\"')) for name, content in files]
    data = {"version": world.now(submission).version, "field": "evidence", "file": given, **more}
    return browser.post(address(submission, "attachments"), data, headers=headers)


def give(world: World, submission: Submission, name: str, content: bytes, **more: Any) -> Attachment:
    """Attach a file by the submission's own enterprise; its row."""
    answer = send(world, world.enterprise(submission), submission, (name, content), **more)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return files_of(world, submission)[-1]


def files_of(world: World, submission: Submission, *conditions: Any) -> list[Attachment]:
    """The submission's attachments, removed ones too, oldest first."""
    with world.app.app_context():
        query = select(Attachment).where(Attachment.submission_id == submission.id, *conditions)
        return list(db.session.scalars(query.order_by(Attachment.id)))


def live(world: World, submission: Submission, field: str) -> list[Attachment]:
    return files_of(world, submission, Attachment.removed_at.is_(None), Attachment.field == field)


def store(world: World) -> set[Path]:
    """Every file in the store's folder, half-received ones too."""
    return {path for path in world.app.config["SETTINGS"].storage.rglob("*") if path.is_file()}


def place_of(world: World, sha256: str) -> Path:
    """Where the store keeps a content."""
    return next(path for path in store(world) if path.name == sha256)


def kept(world: World) -> Mapping[str, Any]:
    """Everything that a refused request must leave as it was; the journal remembers refusals."""
    rows = {name: found for name, found in world.dump().items() if name not in {"journal", "journal_head", "people"}}
    return {**rows, "store": store(world)}


def answers(world: World, submission: Submission) -> dict[str, str]:
    with world.app.app_context():
        query = select(Answer.key, Answer.value).where(Answer.submission_id == submission.id)
        return {row.key: row.value for row in db.session.execute(query)}


def revisions(world: World, submission: Submission) -> list[Revision]:
    with world.app.app_context():
        query = select(Revision).where(Revision.submission_id == submission.id)
        return list(db.session.scalars(query.order_by(Revision.number)))


def done(world: World, submission: Submission, act: str = "") -> int:
    """How many things were done to a submission, or how many of one kind."""
    query = select(func.count()).where(Entry.submission_id == submission.id, Entry.result == "done")
    with world.app.app_context():
        return db.session.scalar(query.where(Entry.act == act) if act else query) or 0


def origin_of(world: World, login: str) -> Origin:
    with world.app.app_context():
        return Origin(actor_for(db.session.scalars(select(Person).where(Person.login == login)).one()))


def owner(submission: Submission) -> str:
    return f"hb{submission.organisation_id:04d}"


def programme(world: World, submission: Submission) -> Programme:
    with world.app.app_context():
        return programme_of(db.session(), submission.programme_version_id)


def fire(world: World, submission: Submission, trigger: Trigger, login: str, **data: str) -> None:
    """Move past HTTP, to bring a form where a case begins."""
    origin = origin_of(world, login)
    with world.app.app_context():
        version = db.session.scalars(select(Submission.version).where(Submission.id == submission.id)).one()
        moving.fire(Firing(submission.public_id, trigger, version, data), origin=origin)


def fill(world: World, submission: Submission, **instead: str) -> None:
    """Type a whole form, past HTTP, and say why to every warning."""
    origin = origin_of(world, owner(submission))
    with world.app.app_context():
        found = programme_of(db.session(), submission.programme_version_id)
        raw = imagine(found, name=submission.organisation_name, site=submission.site_name, seed=5) | instead
        while raw:
            version = db.session.scalars(select(Submission.version).where(Submission.id == submission.id)).one()
            saved = answering.save_what_fits(Answering(submission.public_id, version, raw), origin=origin)
            assert saved.after is not None and not saved.problems, saved.problems
            raw = {remarks.key_for(finding): REMARK for finding in saved.after.unremarked}


def write(world: World, work: Any) -> None:
    """Change rows directly, for what no act can do yet."""

    def whole(session: Session) -> Receipt:
        work(session)
        return Receipt("")

    with world.app.app_context():
        carry_out(whole)


def hire(world: World, submission: Submission, login: str, name: str = "第二人") -> Browser:
    """A second person of the submission's organisation, signed in."""

    def work(session: Session) -> None:
        newcomer = Newcomer(Role.ENTERPRISE, name, login, organisation_id=submission.organisation_id)
        inviting.add_person(session, newcomer).password_hash = HASHER.hash(PASSWORD)

    write(world, work)
    return world.browser(login)


def stop_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """From now on it is this moment, for the whole application."""
    monkeypatch.setattr(clock, "now", lambda: moment)


def end_sessions(world: World, login: str) -> None:
    """Every session of this person has ended on the server; its browsers do not know yet."""

    def work(session: Session) -> None:
        person = select(Person.id).where(Person.login == login).scalar_subquery()
        session.execute(update(SignIn).where(SignIn.person_id == person).values(ended_at=clock.now()))

    write(world, work)
