"""A turn of the worker: addresses of other systems are told of acts, as letters are sent.

The journal is the outbox. A delivery is made once for its address and entry, in the transaction that moves the
address's cursor, and claimed by moving its next try on before anybody is asked. A worker that dies between the other
side's word and ours tells it again: both carry the same ``X-Hbreview-Delivery``. What goes out names no person and
no points.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from datetime import timedelta
from http.client import HTTPException
from typing import NamedTuple

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .. import clock
from ..extensions import db
from ..model import Entry, JournalHead, Round, Submission, Webhook, WebhookDelivery
from ..transact import Receipt, carry_out
from ..words import MailState, RoundTrigger, Trigger
from ..workflow.journal import one_line
from .claiming import Claimed, claim
from .webhook_sending import post, signature

log = logging.getLogger("hbreview.notices")

# What may be told: the moves of forms and of rounds.
EVENTS: tuple[str, ...] = (
    *(trigger.value for trigger in Trigger),
    *(f"round_{trigger.value}" for trigger in RoundTrigger),
)
TRIES = 8
# Minutes until the next try after the first, second ... failure; the last one stays.
PAUSES = (1, 5, 15, 60)
# Longer than any talk may last.
LEASE = timedelta(minutes=2)
ENTRIES, BATCHES, DELIVERIES = 100, 20, 20  # of one turn
_GOOD = range(200, 300)
ENDED = "the address was taken out"


class Call(NamedTuple):
    """What is sent where."""

    webhook_id: int
    url: str
    secret: str
    ended: bool
    body: bytes
    headers: dict[str, str]


def turn(app: Flask) -> int:
    """Do what there is to do, within bounds; how many deliveries were made or dealt with: 0 is a reason to pause."""
    with app.app_context():
        return _make_deliveries() + _send_due(app.config["SETTINGS"].webhook_hosts)


def _make_deliveries() -> int:
    made = 0
    for _batch in range(BATCHES):
        session = db.session()
        head = select(JournalHead.sequence).where(JournalHead.id == 1).scalar_subquery()
        behind = select(Webhook.id).where(Webhook.ended_at.is_(None), Webhook.cursor < head).order_by(Webhook.id)
        ids = session.scalars(behind).all()
        session.rollback()  # only a look: an idle turn takes no lock
        if not ids:
            break
        made += sum(_read_on(webhook_id) for webhook_id in ids)
    return made


def _read_on(webhook_id: int) -> int:
    def work(session: Session) -> Receipt:
        query = select(Webhook).where(Webhook.id == webhook_id).with_for_update()
        row = session.scalars(query.execution_options(populate_existing=True)).one()
        head = session.scalars(select(JournalHead.sequence)).one()
        told = select(Entry.sequence).where(
            Entry.sequence > row.cursor, Entry.act.in_(row.events), Entry.result == "done"
        )
        found = session.scalars(told.order_by(Entry.sequence).limit(ENTRIES)).all()
        now = clock.now()
        session.add_all(WebhookDelivery(webhook_id=row.id, sequence=sequence, due_at=now) for sequence in found)
        # An entry may have come after the head was read: the cursor is never behind what was made.
        row.cursor = found[-1] if len(found) == ENTRIES else max([head, *found[-1:]])
        return Receipt("", len(found))

    return carry_out(work).version


def _send_due(allowed: Collection[str]) -> int:
    sent, ill = 0, set[int]()
    for delivery_id, webhook_id in _due():
        if webhook_id in ill:
            continue  # it is asked again in the next turn: others shall not wait for it
        claimed = claim(WebhookDelivery, delivery_id, lease=LEASE)
        if claimed is None:
            continue
        if not _send(claimed, allowed):
            ill.add(webhook_id)
        sent += 1
    return sent


def _due() -> list[tuple[int, int]]:
    session = db.session()
    query = select(WebhookDelivery.id, WebhookDelivery.webhook_id).where(
        WebhookDelivery.state == MailState.WAITING, WebhookDelivery.due_at <= clock.now()
    )
    rows = session.execute(query.order_by(WebhookDelivery.due_at, WebhookDelivery.id).limit(DELIVERIES)).all()
    session.rollback()
    return [(delivery_id, webhook_id) for delivery_id, webhook_id in rows]


def _send(claimed: Claimed, allowed: Collection[str]) -> bool:
    """Send one delivery and keep what came of it; False when it was not taken."""
    call = _call(claimed.id)
    if call.ended:
        _keep(claimed, state=MailState.FAILED, fault=ENDED)
        return True
    try:
        status = post(call.url, call.body, headers=call.headers, allowed=allowed)
        fault = "" if status in _GOOD else f"HTTP {status}"
    except (OSError, HTTPException, ValueError) as error:
        fault = one_line(f"{type(error).__name__}: {error}")
    if not fault:
        _keep(claimed, state=MailState.SENT)
        return True
    given_up = claimed.tries >= TRIES
    log.log(logging.ERROR if given_up else logging.WARNING, "delivery %d, try %d: %s", claimed.id, claimed.tries, fault)
    _keep(claimed, state=MailState.FAILED if given_up else MailState.WAITING, fault=fault)
    return False


def _call(delivery_id: int) -> Call:
    """What a delivery says, read anew at each try: the act and public ids, never who did it nor what was written."""
    session = db.session()
    query = (
        select(WebhookDelivery.sequence, Webhook, Entry.act, Entry.at, Entry.state_to, Round.public_id,
               Submission.public_id)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .join(Entry, Entry.sequence == WebhookDelivery.sequence)
        .outerjoin(Round, Round.id == Entry.round_id)
        .outerjoin(Submission, Submission.id == Entry.submission_id)
        .where(WebhookDelivery.id == delivery_id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    sequence, row, act, at, state, round_id, submission_id = session.execute(query).one()
    name = f"{row.public_id}-{sequence}"
    said = {
        "id": name,
        "event": act,
        "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "round": round_id,
        "submission": submission_id,
        "state": state,
    }
    body = json.dumps(said, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "hbreview",
        "X-Hbreview-Event": act,
        "X-Hbreview-Delivery": name,
        "X-Hbreview-Signature": signature(row.secret, body, at=int(clock.now().timestamp())),
    }
    call = Call(row.id, row.url, row.secret, row.ended_at is not None, body, headers)
    session.rollback()  # no transaction stays open while the other side thinks
    return call


def _keep(claimed: Claimed, *, state: MailState, fault: str = "") -> None:
    """What came of a try; not when another worker took it meanwhile, as its word is newer."""
    now = clock.now()
    changed: dict[str, object] = {"state": state, "fault": fault}
    if state is MailState.WAITING:
        changed["due_at"] = now + timedelta(minutes=PAUSES[min(claimed.tries, len(PAUSES)) - 1])
    if state is MailState.SENT:
        changed["delivered_at"] = now

    def work(session: Session) -> Receipt:
        session.execute(
            update(WebhookDelivery)
            .where(
                WebhookDelivery.id == claimed.id,
                WebhookDelivery.tries == claimed.tries,
                WebhookDelivery.state == MailState.WAITING,
            )
            .values(**changed)
            .execution_options(synchronize_session=False)
        )
        return Receipt("")

    carry_out(work)
