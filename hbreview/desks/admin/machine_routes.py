"""Machines' keys, and the addresses that are told of acts."""

from __future__ import annotations

from flask import Response, current_app, make_response, render_template, request, url_for
from sqlalchemy import func, select

from ... import clock, hx
from ...acts import machine_keys, telling_machines
from ...acts.machine_keys import SCOPES, Wanted
from ...extensions import db
from ...model import ApiToken, Entry, Webhook, WebhookDelivery
from ...notices.webhooks import EVENTS, TRIES
from ...security import origin, policy
from ...words import N_, MailState, Reason
from ...workflow.errors import InvalidError
from ...workflow.policy import Action
from ..counter.typed_days import day_or_none
from .routes import admin

SHOWN = 50
SCOPE_WORDS = {
    "rounds:read": N_("read the rounds"),
    "submissions:read": N_("read submissions and what was submitted"),
    "scores:read": N_("read the scores of finalised rounds"),
    "designations:read": N_("read the designations"),
    "monthly:write": N_("bring monthly records"),
}
STATE_WORDS = {
    MailState.WAITING: N_("waiting"),
    MailState.SENT: N_("delivered"),
    MailState.FAILED: N_("given up"),
}


@admin.get("/machines")
@policy(Action.MANAGE_MACHINES)
def machines() -> Response:
    return _machines()


def _machines(status: int = 200, **more: object) -> Response:
    session = db.session()
    waiting = (
        select(func.count())
        .where(WebhookDelivery.webhook_id == Webhook.id, WebhookDelivery.state == MailState.WAITING)
        .correlate(Webhook)
        .scalar_subquery()
    )
    deliveries = (
        select(WebhookDelivery, Webhook, Entry.act, Entry.at)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .join(Entry, Entry.sequence == WebhookDelivery.sequence)
        .order_by(WebhookDelivery.sequence.desc(), WebhookDelivery.id.desc())
        .limit(SHOWN)
    )
    page = render_template(
        "admin/machines.html",
        tokens=session.scalars(select(ApiToken).order_by(ApiToken.id.desc())).all(),
        webhooks=session.execute(select(Webhook, waiting).order_by(Webhook.id.desc())).all(),
        deliveries=session.execute(deliveries).all(),
        scopes=SCOPES,
        scope_words=SCOPE_WORDS,
        events=EVENTS,
        state_words=STATE_WORDS,
        tries=TRIES,
        now=clock.now(),
        **more,
    )
    return make_response(page, status)


@admin.post("/machines")
@policy(Action.MANAGE_MACHINES)
def make_token() -> Response:
    form = request.form
    try:
        last_day = day_or_none(form.get("last_day", "").strip(), field="last_day")
        wanted = Wanted(form.get("name", ""), form.getlist("scopes"), last_day)
        token = machine_keys.make_token(wanted, origin=origin())
    except InvalidError as error:
        return _machines(422, problems=_beside(error), typed=form, chosen=form.getlist("scopes"))
    if not token:  # the same form sent twice: what it made was shown the first time
        return hx.go_to(url_for("admin.machines"))
    return make_response(render_template("admin/machines_made.html", token=token, secret=""))


def _beside(error: InvalidError) -> dict[str, Reason]:
    return {reason.field: reason for reason in reversed(error.reasons)}


@admin.post("/machines/<token_id>/revoke")
@policy(Action.MANAGE_MACHINES)
def revoke_token(token_id: str) -> Response:
    machine_keys.revoke_token(token_id, origin=origin())
    return hx.go_to(url_for("admin.machines"))


@admin.post("/machines/webhooks")
@policy(Action.MANAGE_MACHINES)
def add_webhook() -> Response:
    form = request.form
    try:
        allowed = current_app.config["SETTINGS"].webhook_hosts
        secret = telling_machines.add_webhook(
            form.get("url", ""), form.getlist("events"), allowed=allowed, origin=origin()
        )
    except InvalidError as error:
        return _machines(422, problems=_beside(error), typed=form, chosen=form.getlist("events"))
    if not secret:
        return hx.go_to(url_for("admin.machines"))
    return make_response(render_template("admin/machines_made.html", token="", secret=secret))


@admin.post("/machines/webhooks/<webhook_id>/end")
@policy(Action.MANAGE_MACHINES)
def end_webhook(webhook_id: str) -> Response:
    telling_machines.end_webhook(webhook_id, origin=origin())
    return hx.go_to(url_for("admin.machines"))


@admin.post("/machines/webhooks/<webhook_id>/retry")
@policy(Action.MANAGE_MACHINES)
def retry_delivery(webhook_id: str) -> Response:
    telling_machines.retry_delivery(webhook_id, request.form.get("sequence", ""), origin=origin())
    return hx.go_to(url_for("admin.machines", _anchor="deliveries"))
