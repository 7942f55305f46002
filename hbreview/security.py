"""Who asks, may they, and what every answer carries: sessions, the policy at the door, headers, error pages."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, g, request, session, url_for
from flask_login import AnonymousUserMixin, UserMixin, current_user
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from . import clock, hx
from .acts import signing_in
from .acts.denying import record_denial
from .extensions import db, login
from .model import Attachment, Comment, Person, ScoreSheet, SignIn, Submission
from .workflow import deputies
from .workflow.actors import Actor
from .workflow.journal import Origin
from .workflow.policy import RULES, About, Action, Verdict, judge
from .workflow.visibility import comments_visible_to, visible_to

View = TypeVar("View", bound=Callable[..., Any])
_TOUCH_EVERY = timedelta(minutes=5)
# Files of our own and of the installed libraries; everything else declares its policy at its route.
_STATIC = frozenset({"static", "bootstrap.static"})
_CHILDREN: dict[str, type[Comment | Attachment | ScoreSheet]] = {
    "comment_id": Comment,
    "attachment_id": Attachment,
    "sheet_id": ScoreSheet,
}


class UndeclaredRouteError(RuntimeError):
    """A route without a policy: the application does not start."""


class SignedIn(UserMixin):  # type: ignore[misc]  # flask_login has no types
    """Flask-Login's user: the actor, and the live session that it came with."""

    def __init__(self, actor: Actor, sign_in_id: int) -> None:
        self.actor = actor
        self.sign_in_id = sign_in_id


def policy(action: Action) -> Callable[[View], View]:
    """Declare what a route does. The door asks the policy before the view runs."""

    def declare(view: View) -> View:
        view.policy = action  # type: ignore[attr-defined]  # read by declared_action
        return view

    return declare


def declared_action(app: Flask, endpoint: str) -> Action | None:
    """The action that an endpoint declared; None when it did not."""
    if endpoint in _STATIC:
        return Action.READ_PUBLIC
    action = getattr(app.view_functions[endpoint], "policy", None)
    return action if isinstance(action, Action) else None


def require_policies(app: Flask) -> None:
    """UndeclaredRouteError naming the first route that declares no policy (Z01)."""
    for rule in app.url_map.iter_rules():
        if declared_action(app, rule.endpoint) is None:
            raise UndeclaredRouteError(f"route {rule.rule} ({rule.endpoint}) declares no policy")


def actor() -> Actor | None:
    """Who asks; None for nobody signed in."""
    user = current_user
    return user.actor if isinstance(user._get_current_object(), SignedIn) else None


def signed_in_actor() -> Actor:
    """Who asks, on a route that the policy opened to signed-in people only."""
    found = actor()
    if found is None:
        abort(401)
    return found


def origin() -> Origin:
    """Where an act of this request comes from, for the journal."""
    key = request.form.get("request_key") or None
    return Origin(
        actor(),
        request.remote_addr or "",
        g.get("request_id", ""),
        key[:64] if key else None,
        _digest() if key else None,
    )


def _digest() -> str:
    """A digest of what was sent, so that a one-time key cannot cover another content (C06)."""
    given = sorted((k, v) for k, v in request.form.items(multi=True) if k not in {"csrf_token", "request_key"})
    return hashlib.sha256(repr((request.method, request.path, given)).encode("utf-8", "backslashreplace")).hexdigest()


def open_door(token: str) -> None:
    """Begin a session in this browser: everything of the one before is dropped, the CSRF token too (A01)."""
    session.clear()
    session["_user_id"] = token
    session.permanent = True


@login.user_loader  # type: ignore[untyped-decorator]  # flask_login has no types
def _load(token: str) -> SignedIn | None:
    # For whom somebody stands in comes with the session: a row for each, in the same statement for everybody.
    standing = deputies.authorities()
    rows = (
        db.session()
        .execute(
            select(SignIn, standing.c.region, standing.c.name)
            .join(SignIn.person)
            .outerjoin(standing, standing.c.deputy_id == Person.id)
            .where(SignIn.token_digest == signing_in.digest_of(token), SignIn.ended_at.is_(None))
            .where(Person.suspended_at.is_(None))
            .order_by(standing.c.id)
            .options(contains_eager(SignIn.person))
        )
        .all()
    )
    if not rows:
        return None
    row: SignIn = rows[0][0]
    settings, now = current_app.config["SETTINGS"], clock.now()
    idle = now - row.seen_at
    if idle >= timedelta(minutes=settings.idle_minutes) or now - row.created_at >= timedelta(
        hours=settings.session_hours
    ):
        return None
    stands_in = deputies.by_city(found[1:] for found in rows)
    # Before touching: that ends the row's snapshot.
    found = SignedIn(signing_in.actor_for(row.person, stands_in=stands_in), row.id)
    # Polling must not keep a session alive that nobody uses (A07).
    if idle > _TOUCH_EVERY and request.headers.get("X-Polling") is None:
        signing_in.touch(found.sign_in_id)
    return found


def _subject(arguments: dict[str, Any], who: Actor) -> Submission | None:
    """The submission that an address is about, if this person may know of it."""
    query = select(Submission).where(visible_to(who)).options(joinedload(Submission.round), joinedload(Submission.firm))
    if "submission_id" in arguments:
        query = query.where(Submission.public_id == arguments["submission_id"])
    for name, model in _CHILDREN.items():
        if name in arguments:
            query = query.join(model, model.submission_id == Submission.id).where(model.public_id == arguments[name])
            if model is Comment:
                query = query.where(comments_visible_to(who))
    return db.session().scalar(query)


def _door() -> Response | None:
    """Ask the policy before any view runs: sign in (302 or 401), hidden (404), forbidden (403)."""
    g.request_id = secrets.token_hex(8)
    if request.endpoint is None:
        return None
    if _holds_nul():
        abort(400)
    action = declared_action(current_app, request.endpoint)
    if action is None:
        abort(404)
    rule, who = RULES[action], None
    if rule.roles is None:
        return None
    who = actor()
    submission = None
    if who is not None and rule.about is About.SUBMISSION:
        submission = _subject(request.view_args or {}, who)
        g.submission = submission
    verdict = judge(who, action, seen=submission is not None)
    if verdict is Verdict.SIGN_IN:
        return to_the_door()
    if verdict is not Verdict.ALLOW:
        abort(404 if verdict is Verdict.HIDE else 403)
    return None


# What people write is read by its own rules, which say kindly what is wrong; anything else with a NUL is no page's.
_WRITTEN = frozenset(
    {
        "advised", "again", "answer", "body", "contact", "employer", "login", "name", "new_password", "note", "opinion",
        "password", "q", "reason", "subject", "text", "title",
    }
)  # fmt: skip
# The queue's own addresses read every sign literally: a filter of nothing finds nothing, and says so kindly.
_READS_ANY_SIGN = "counter"
_ASKED_OF = frozenset({"city", "counter", "expert", "discussion", "province", "public", "admin"})


def _holds_nul() -> bool:
    """Whether an address, or a field that is no free text, holds a character that no database of ours can keep."""
    place = request.blueprint
    if any("\0" in text for text in (request.view_args or {}).values() if isinstance(text, str)):
        return True
    if place != _READS_ANY_SIGN and any("\0" in text for _name, text in request.args.items(multi=True)):
        return True
    if request.method not in {"POST"} or place not in _ASKED_OF:
        return False
    return any("\0" in text for name, text in request.form.items(multi=True) if not _is_written(name))


def _is_written(name: str) -> bool:
    return name in _WRITTEN or name.startswith("reason-")


def to_the_door() -> Response:
    """Ask to sign in, and come back here afterwards."""
    return hx.to_sign_in(url_for("account.sign_in", next=_way_back()))


def is_at_the_door() -> bool:
    """Whether nobody is signed in on a route that is for signed-in people: what is missing first is a session."""
    action = declared_action(current_app, request.endpoint) if request.endpoint else None
    return action is not None and RULES[action].roles is not None and actor() is None


def _way_back() -> str:
    """Where to go after signing in: this page, or for a refused POST the page that it was sent from."""
    sent_from = request.headers.get("HX-Current-URL", "")
    if not sent_from and request.method == "GET":
        return safe_path(request.full_path.rstrip("?"))
    sent_from = sent_from or request.headers.get("Referer", "")
    return safe_path("/" + sent_from.split("//", 1)[-1].partition("/")[2])


def safe_path(path: str) -> str:
    """A path of this site, or "/": never another host, scheme or header line (H09)."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain and "//" not in path.partition("?")[0] and "%2f%2f" not in path.lower()[:8] else "/"


def remember_denial(status: int) -> None:
    """One journal entry for a refusal of a signed-in person."""
    if g.get("denied") or actor() is None:
        return
    g.denied = True
    record_denial(f"{request.method} {request.path}", status, origin=origin())


_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _CSP)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if current_app.config["SETTINGS"].https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint in _STATIC or request.endpoint == "health.htmx_file":
        headers["Cache-Control"] = "public, max-age=86400"
        return response
    # A machine may keep what it was given, if it asks each time whether that still holds.
    kept = request.blueprint == "machine" and "ETag" in headers
    headers["Cache-Control"] = "private, no-cache" if kept else "no-store"
    return hx.add_vary(response)


class Nobody(AnonymousUserMixin):  # type: ignore[misc]  # flask_login has no types
    """Nobody signed in."""


def init_app(app: Flask) -> None:
    """Wire the door, the headers and Flask-Login."""
    login.init_app(app)
    login.anonymous_user = Nobody
    login.session_protection = None
    app.before_request(_door)
    app.after_request(_headers)
