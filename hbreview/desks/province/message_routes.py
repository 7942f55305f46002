"""Messages to a group, shown before they go."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, make_response, render_template, request, url_for

from ... import hx
from ...acts import announcing
from ...acts.announcing import GROUPS, Group, Message
from ...extensions import db
from ...programmes.loader import regions
from ...programmes.message_templates import KNOWN, message_templates
from ...security import origin, policy
from ...wording import label
from ...workflow.errors import InvalidError, MalformedError
from ...workflow.policy import Action
from .routes import province, round_or_404

OK, INVALID = 200, 422
_LONGEST = 20


def _group(given: Mapping[str, str]) -> Group:
    """The group of an address or a form; MalformedError for a kind or a city that there is not."""
    kind = given.get("group", "") or next(iter(GROUPS))
    city, programme = given.get("city", ""), given.get("programme", "")
    if kind not in GROUPS:
        raise MalformedError("group")
    if city and city not in {region.key for region in regions()}:
        raise MalformedError("city")
    if programme not in {"", "platform", "base"}:
        raise MalformedError("programme")
    # One firm or expert only where the group is of such people: another group would seem narrowed and not be.
    named = given.get("who", "")[:_LONGEST] if GROUPS[kind].of_one else ""
    return Group(kind, city, programme, named, late=bool(given.get("late")))


@province.get("/rounds/<round_id>/messages")
@policy(Action.SEND_MESSAGES)
def messages(round_id: str) -> Response:
    """The form, begun from a template if one is named, and what was sent before."""
    group = _group(request.args)
    named = request.args.get("template", "")
    template = next((one for one in message_templates() if one.key == named), None)
    typed = {"subject": label(template.subject), "body": label(template.body)} if template else {}
    return _page(round_id, group, typed=typed, template=named)


@province.post("/rounds/<round_id>/messages")
@policy(Action.SEND_MESSAGES)
def send_message(round_id: str) -> Response:
    """Show the message and its readers as they are now, or send it to whoever they are at that moment."""
    form = request.form
    message = Message(round_id, _group(form), form.get("subject", ""), form.get("body", ""))
    try:
        if form.get("do") == "send":
            announcing.announce(message, origin=origin())
            return hx.go_to(url_for("province.messages", round_id=round_id, done="sent"))
        session = db.session()
        round_ = round_or_404(round_id)
        prepared = announcing.prepare(session, round_, message)
    except InvalidError as error:
        problems = {reason.field: reason for reason in error.reasons}
        return _page(round_id, message.group, status=INVALID, typed=form, problems=problems, reasons=error.reasons)
    return _page(round_id, message.group, typed=form, prepared=prepared)


def _page(round_id: str, group: Group, *, status: int = OK, **more: object) -> Response:
    session = db.session()
    round_ = round_or_404(round_id)
    context: dict[str, object] = {
        "round": round_,
        "group": group,
        "groups": GROUPS,
        "regions": regions(),
        "region_names": {region.key: region.name for region in regions()},
        "templates": message_templates(),
        "template": "",
        "known": KNOWN,
        "facts": announcing.facts_of(round_, group),
        "now": len(announcing.recipients(session, round_, group)),
        "sent": announcing.sent_messages(session, round_),
        "prepared": None,
        "problems": {},
        "reasons": (),
    }
    return make_response(render_template("province/messages.html", **context | more), status)
