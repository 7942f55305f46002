"""Signing in and out, activating an account, the own password, the language."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for

from ... import hx, languages
from ...acts import own_settings, signing_in
from ...acts.own_settings import Contact
from ...acts.signing_in import Attempt
from ...extensions import db
from ...refusals import answer
from ...security import actor, open_door, origin, policy, safe_path
from ...words import N_, Reason
from ...workflow.errors import InvalidError, MalformedError
from ...workflow.policy import Action

account = Blueprint("account", __name__)
_YEAR = 365 * 24 * 3600


def _device() -> str:
    return request.headers.get("User-Agent", "")


@account.get("/login")
@policy(Action.SIGN_IN)
def sign_in() -> Response:
    if actor() is not None:
        return hx.go_to(safe_path(request.args.get("next", "/")))
    return make_response(render_template("account/sign_in.html", next=safe_path(request.args.get("next", "/"))))


@account.post("/login")
@policy(Action.SIGN_IN)
def enter() -> Response:
    way = safe_path(request.form.get("next", "/"))
    attempt = Attempt(request.form.get("login", "")[:200], request.form.get("password", ""), _device())
    token = signing_in.sign_in(attempt, origin=origin())
    if token is None:
        reasons = [Reason(N_("Login or password is not right, or there were too many tries."))]
        page = render_template("account/sign_in.html", next=way, login=attempt.login, reasons=reasons)
        return make_response(page, 422)
    open_door(token)
    return hx.go_to(way)


@account.post("/logout")
@policy(Action.OWN_ACCOUNT)
def leave() -> Response:
    signing_in.sign_out(str(session.get("_user_id", "")), origin=origin())
    session.clear()
    response = hx.go_to(url_for("account.sign_in"))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@account.get("/account")
@policy(Action.OWN_ACCOUNT)
def own() -> Response:
    return _own()


def _own(status: int = 200, **more: object) -> Response:
    more.setdefault("contact", own_settings.contact_of(db.session(), origin=origin()))
    return make_response(render_template("account/own.html", person=actor(), **more), status)


@account.post("/account")
@policy(Action.OWN_ACCOUNT)
def change() -> Response:
    current, new = request.form.get("current", ""), request.form.get("password", "")
    try:
        if faults := signing_in.password_faults(new, request.form.get("again", "")):
            raise InvalidError(faults)
        token = signing_in.change_password(current, new, device=_device(), origin=origin())
    except InvalidError as error:
        return _own(422, reasons=error.reasons)
    open_door(token)
    return hx.go_to(url_for("account.own", done=1))


@account.post("/account/contact")
@policy(Action.OWN_ACCOUNT)
def change_contact() -> Response:
    if not {"email", "language"} <= request.form.keys():
        raise MalformedError("email")
    contact = Contact(request.form["email"][:500], request.form["language"])
    try:
        own_settings.change_contact(contact, origin=origin())
    except InvalidError as error:
        return _own(422, contact=contact, contact_reasons={reason.field: reason for reason in error.reasons})
    return hx.go_to(url_for("account.own", kept=1))


@account.get("/activate")
@policy(Action.SIGN_IN)
def ask_code() -> Response:
    code = request.args.get("code", "").strip()
    if code:
        return make_response(redirect(url_for("account.see_invitation", code=code), 303))
    return make_response(render_template("account/ask_code.html"))


@account.get("/activate/<code>")
@policy(Action.SIGN_IN)
def see_invitation(code: str) -> Response:
    invitation = signing_in.live_invitation(db.session(), code)
    if invitation is None:
        return answer(404, sentence=N_("This code was used, has expired or was replaced. Ask for a new one."))
    return make_response(render_template("account/activate.html", person=invitation.person, code=code))


@account.post("/activate/<code>")
@policy(Action.SIGN_IN)
def activate(code: str) -> Response:
    invitation = signing_in.live_invitation(db.session(), code)
    if invitation is None:
        return answer(404, sentence=N_("This code was used, has expired or was replaced. Ask for a new one."))
    password = request.form.get("password", "")
    faults = signing_in.password_faults(password, request.form.get("again", ""))
    if faults:
        page = render_template("account/activate.html", person=invitation.person, code=code, reasons=faults)
        return make_response(page, 422)
    token = signing_in.activate(code, password, device=_device(), origin=origin())
    if token is None:
        return answer(404, sentence=N_("This code was used, has expired or was replaced. Ask for a new one."))
    open_door(token)
    return hx.go_to(url_for("counter.home"))


@account.post("/language")
@policy(Action.READ_PUBLIC)
def language() -> Response:
    response = hx.go_to(safe_path(request.form.get("next", "/")))
    given = request.form.get("language", "")
    if given in languages.LOCALES:
        response.set_cookie(
            languages.COOKIE, given, max_age=_YEAR, samesite="Lax", httponly=True, secure=request.is_secure
        )
    return response
