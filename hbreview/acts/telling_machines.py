"""Addresses of other systems that are told of acts: added, ended, and a delivery tried once more."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..model import JournalHead, Webhook, WebhookDelivery
from ..notices.webhook_sending import address_fault
from ..notices.webhooks import EVENTS
from ..transact import Receipt, carry_out
from ..words import N_, MailState, Reason
from ..workflow import journal
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError
from ..workflow.journal import Deed, Origin

PREFIX = "hbs_"


def add_webhook(url: str, events: Sequence[str], *, allowed: Collection[str], origin: Origin) -> str:
    """Tell this address of these acts from now on; returns its secret. "" when the same request did it already.

    ``allowed``: see ``webhook_sending.address_fault``. InvalidError for an address that may not be told, no event, or
    one that is none.
    """
    address = url.strip()
    faults = [fault] if (fault := address_fault(address, allowed=allowed)) else []
    if not events or not set(events) <= set(EVENTS):
        faults.append(Reason(N_("Please choose what it is told of."), "events"))
    if faults:
        raise InvalidError(faults)
    secret = PREFIX + secrets.token_urlsafe(32)

    def work(session: Session) -> Receipt:
        return _add(session, address, events, secret=secret, origin=origin)

    return "" if carry_out(work, origin=origin).repeated else secret


def _add(session: Session, url: str, events: Sequence[str], *, secret: str, origin: Origin) -> Receipt:
    if origin.actor is None:
        raise ForbiddenError
    chosen = [event for event in EVENTS if event in events]
    head = session.scalars(select(JournalHead.sequence).where(JournalHead.id == 1).with_for_update()).one()
    row = Webhook(
        url=url, secret=secret, events=chosen, cursor=head, created_by=origin.actor.person_id, created_at=clock.now()
    )
    session.add(row)
    session.flush()
    # The whole address may hold a secret of the other side: the journal keeps whose it is.
    data = {"host": urlsplit(url).hostname or "", "events": chosen}
    deed = Deed(act="add_webhook", target=row.public_id, data=data)
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(row.public_id)


def end_webhook(public_id: str, *, origin: Origin) -> Receipt:
    """Tell this address nothing more; HiddenError for one that is not there. Twice is the same as once."""

    def work(session: Session) -> Receipt:
        row = _held(session, public_id)
        if row.ended_at is None:
            row.ended_at = clock.now()
            deed = Deed(act="end_webhook", target=public_id, data={"host": urlsplit(row.url).hostname or ""})
            journal.append(session, origin=origin, deed=deed, at=clock.now())
        return Receipt(public_id)

    return carry_out(work, origin=origin)


def retry_delivery(public_id: str, sequence: str, *, origin: Origin) -> Receipt:
    """Try a delivery of this address anew, that of the journal's entry ``sequence``; what arrived is not sent again."""

    def work(session: Session) -> Receipt:
        row = _held(session, public_id)
        if not sequence.isascii() or not sequence.isdigit() or len(sequence) > len("999999999"):
            raise MalformedError("sequence")
        query = select(WebhookDelivery).where(
            WebhookDelivery.webhook_id == row.id, WebhookDelivery.sequence == int(sequence)
        )
        delivery = session.scalar(query.with_for_update())
        if delivery is None or row.ended_at is not None:
            raise HiddenError
        if delivery.state is not MailState.SENT:
            # Its tries go on counting, so that a worker that is at it now knows its own try from this one.
            delivery.state, delivery.due_at = MailState.WAITING, clock.now()
            deed = Deed(act="retry_delivery", target=public_id, data={"sequence": int(sequence)})
            journal.append(session, origin=origin, deed=deed, at=clock.now())
        return Receipt(public_id)

    return carry_out(work, origin=origin)


def _held(session: Session, public_id: str) -> Webhook:
    row = session.scalar(select(Webhook).where(Webhook.public_id == public_id).with_for_update())
    if row is None:
        raise HiddenError
    return row
