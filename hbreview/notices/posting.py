"""One turn of the worker: letters made from the journal and from deadlines, and those that are due sent.

The journal is the outbox: an entry stands there only if its act went through. A letter is made once for its key, in
the transaction that moves the cursor. It is claimed by moving its next try on before the mail server is asked, so two
workers never send the same one. A worker that dies between the server's word and ours sends it again later: mail knows
no better, and both copies carry the same Message-ID, by which servers and readers recognise them.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from .. import clock
from ..config import Settings
from ..extensions import db
from ..model import Entry, JournalHead, Mail, MailCursor, Person, Round, Submission
from ..transact import Receipt, carry_out
from ..words import MailState
from ..workflow.journal import one_line
from . import letters, reminders
from .audience import BY_ACT, is_told, people_told
from .claiming import Claimed, claim
from .delivery import UnreachableError, deliver
from .letters import Letter

log = logging.getLogger("hbreview.notices")

# After so many tries somebody should look; after a week of hourly ones a letter is given up.
ALARM, TRIES = 8, 170
# Minutes until the next try after the first, second ... failure; the last one stays.
PAUSES = (1, 5, 15, 60)
# Longer than any talk with a mail server: who dies in it is taken for dead only then.
LEASE = timedelta(minutes=15)
ENTRIES, BATCHES, LETTERS = 50, 20, 50  # of one turn: a worker that is asked to stop does so soon


def turn(app: Flask) -> int:
    """Do what there is to do, within bounds; how many letters were made or dealt with: 0 is a reason to pause."""
    settings: Settings = app.config["SETTINGS"]
    with app.app_context():
        made = _make_letters(settings)
        if not settings.smtp_url:
            return made
        return made + _make_reminders() + _send_due(app)


def _make_letters(settings: Settings) -> int:
    made = 0
    for _batch in range(BATCHES):
        session = db.session()
        cursor = session.scalar(select(MailCursor.sequence)) or 0
        head = session.scalar(select(JournalHead.sequence)) or 0
        session.rollback()  # only a look: an idle turn takes no lock
        if cursor >= head:
            break
        receipt = carry_out(lambda session: _read_on(session, sending=bool(settings.smtp_url)))
        made += receipt.version
    return made


def _held_cursor(session: Session) -> MailCursor:
    """The cursor, locked until the transaction ends: workers make letters one after another."""
    query = select(MailCursor).where(MailCursor.id == 1).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one()


def _read_on(session: Session, *, sending: bool) -> Receipt:
    cursor = _held_cursor(session)
    if not sending:
        cursor.sequence = session.scalar(select(func.max(Entry.sequence))) or cursor.sequence
        return Receipt("", 0)
    query = select(Entry).where(Entry.sequence > cursor.sequence).order_by(Entry.sequence).limit(ENTRIES)
    made = 0
    for entry in session.scalars(query).all():
        made += _letters_of(session, entry)
        cursor.sequence = entry.sequence
    return Receipt("", made)


def _letters_of(session: Session, entry: Entry) -> int:
    if entry.act not in BY_ACT:
        return 0
    people = people_told(session, entry)
    if not people:
        return 0
    facts = _facts(session, entry)
    for person in people:
        _add(session, f"entry:{entry.sequence}:{person.id}", kind=entry.act, person_id=person.id, data=facts)
    return len(people)


def _facts(session: Session, entry: Entry) -> dict[str, object]:
    """What the letter names: the form and the round; never what somebody wrote, nor who it was."""
    facts: dict[str, object] = {"sequence": entry.sequence, **letters.facts_of(entry.data)}
    submission = session.get(Submission, entry.submission_id) if entry.submission_id else None
    if submission is not None:
        facts |= {"submission": submission.public_id, "organisation": submission.organisation_name}
    if entry.round_id is not None:
        facts["round"] = session.scalar(select(Round.title).where(Round.id == entry.round_id)) or ""
    return facts


def _add(session: Session, key: str, *, kind: str, person_id: int, data: dict[str, object]) -> None:
    now = clock.now()
    session.add(Mail(key=key, person_id=person_id, kind=kind, data=data, due_at=now, created_at=now))


def _make_reminders() -> int:
    session = db.session()
    wanted = reminders.missing(session, list(reminders.due(session, today=clock.today())))
    session.rollback()
    return carry_out(_remind).version if wanted else 0


def _remind(session: Session) -> Receipt:
    _held_cursor(session)  # a second worker waits here, and then finds nothing missing
    wanted = reminders.missing(session, list(reminders.due(session, today=clock.today())))
    for one in wanted:
        _add(session, one.key, kind=one.kind, person_id=one.person_id, data=one.data)
    return Receipt("", len(wanted))


def _send_due(app: Flask) -> int:
    sent = 0
    for mail_id in _due():
        claimed = claim(Mail, mail_id, lease=LEASE)
        if claimed is None:
            continue
        if not _send(app, claimed):
            break
        sent += 1
    return sent


def _due() -> Iterable[int]:
    session = db.session()
    query = select(Mail.id).where(Mail.state == MailState.WAITING, Mail.due_at <= clock.now())
    found = session.scalars(query.order_by(Mail.due_at, Mail.id).limit(LETTERS)).all()
    session.rollback()
    return found


def _send(app: Flask, claimed: Claimed) -> bool:
    """Send one letter and keep what came of it; False when the server itself cannot be reached now."""
    session = db.session()
    mail = session.get_one(Mail, claimed.id, populate_existing=True)
    person = session.get_one(Person, mail.person_id, populate_existing=True)
    wanted = bool(person.email) and person.suspended_at is None and _still_concerns(session, mail, person)
    letter = Letter(mail.key, mail.kind, mail.data, person.email, person.name, person.language)
    session.rollback()  # no transaction stays open while a server thinks
    if not wanted:
        _keep(claimed, state=MailState.FAILED, fault="it concerns its reader no more")
        return True
    try:
        deliver(letters.write(app, letter, at=clock.now()), settings=app.config["SETTINGS"])
    except (OSError, smtplib.SMTPException, ValueError) as error:
        _failed(claimed, letter.key, error)
        return not isinstance(error, UnreachableError)
    _keep(claimed, state=MailState.SENT)
    return True


def _still_concerns(session: Session, mail: Mail, person: Person) -> bool:
    if mail.kind in {letters.REMINDER, letters.CITY_REMINDER, letters.EXPERT_REMINDER, letters.AUDITOR_REMINDER}:
        return reminders.still_owed(session, mail, person)
    return is_told(session, int(mail.data["sequence"]), person)


def _failed(claimed: Claimed, key: str, error: Exception) -> None:
    fault = one_line(f"{type(error).__name__}: {error}")
    if claimed.tries < TRIES:
        level = logging.ERROR if claimed.tries == ALARM else logging.WARNING
        log.log(level, "letter %s not sent, try %d: %s", key, claimed.tries, fault)
        _keep(claimed, state=MailState.WAITING, fault=fault)
        return
    log.error("letter %s given up after %d tries: %s", key, claimed.tries, fault)
    _keep(claimed, state=MailState.FAILED, fault=fault)


def _keep(claimed: Claimed, *, state: MailState, fault: str = "") -> None:
    """What came of a try; not when another worker took the letter meanwhile, as its word is newer."""
    now = clock.now()
    pause = PAUSES[min(claimed.tries, len(PAUSES)) - 1]
    changed: dict[str, object] = {"state": state, "fault": fault}
    if state is MailState.WAITING:
        changed["due_at"] = now + timedelta(minutes=pause)
    if state is MailState.SENT:
        changed["sent_at"] = now

    def work(session: Session) -> Receipt:
        session.execute(
            update(Mail)
            .where(Mail.id == claimed.id, Mail.tries == claimed.tries, Mail.state == MailState.WAITING)
            .values(**changed)
            .execution_options(synchronize_session=False)
        )
        return Receipt("")

    carry_out(work)
