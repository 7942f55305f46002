"""Sessions begin, end and follow the person's account at once (A01-A05)."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hbreview.acts.rehearsing import PASSWORD
from hbreview.extensions import db
from hbreview.model import Entry, Person, Submission
from hbreview.transact import Receipt, carry_out
from hbreview.words import State
from tests.worlds import Browser, World

COOKIE = "hbreview"
NEW = "a new pass phrase"
_LATER = {"journal", "journal_head"}


def _cookie(browser: Browser) -> str:
    cookie = browser.client.get_cookie(COOKIE)
    return cookie.value if cookie else ""


def _replay(world: World, cookie: str, token: str = "") -> Browser:
    """Somebody else's browser with a cookie that was copied."""
    browser = world.stranger()
    browser.client.set_cookie(COOKIE, cookie)
    browser.token = token
    return browser


def _user(browser: Browser) -> object:
    with browser.client.session_transaction() as kept:
        return kept.get("_user_id")


def _is_out(browser: Browser, submission: Submission) -> bool:
    """A page, a fragment and a POST are all refused for want of a session."""
    path = f"/submissions/{submission.public_id}"
    page = browser.client.get(path)
    part = browser.client.get(path, headers={"HX-Request": "true"})
    write = browser.post(f"{path}/answers", {"version": "1"})
    moved = page.status_code == 303 and page.headers["Location"].startswith("/login?next=")
    return moved and part.status_code == 401 and write.status_code in {400, 401}


def _public_id(world: World, login: str) -> str:
    with world.app.app_context():
        return str(db.session.scalars(select(Person.public_id).where(Person.login == login)).one())


def _kept(world: World) -> dict[str, list[tuple[object, ...]]]:
    return {name: rows for name, rows in world.dump().items() if name not in _LATER}


def _acts(world: World) -> list[str]:
    with world.app.app_context():
        return list(db.session.scalars(select(Entry.act).order_by(Entry.sequence)))


def test_sign_in_gives_a_new_session_and_the_old_cookie_stays_anonymous(world: World) -> None:
    """A01."""
    browser = world.stranger()
    browser.get("/login")
    before, token_before = _cookie(browser), browser.token
    browser.sign_in("province")
    assert before and _cookie(browser) != before
    assert browser.token != token_before
    assert browser.get("/rounds").status_code == 200
    old = _replay(world, before, token_before)
    assert old.client.get("/rounds").status_code == 303
    assert old.post("/rounds").status_code == 401


def test_sign_in_again_in_the_same_browser_gives_another_id(world: World) -> None:
    """A01: each signing in has an id of its own."""
    browser = world.stranger()
    browser.sign_in("province")
    first = _user(browser)
    browser.sign_in("province")
    assert first and _user(browser) and _user(browser) != first


def test_cookie_replayed_after_sign_out_is_anonymous_and_writes_nothing(world: World) -> None:
    """A02: on a page, a fragment and a POST."""
    draft = world.submission("draft")
    browser = world.stranger()
    browser.sign_in(f"hb{draft.organisation_id:04d}")
    cookie, token = _cookie(browser), browser.token
    response = browser.post("/logout")
    assert (response.status_code, response.headers["Location"]) == (303, "/login")
    before, acts = _kept(world), _acts(world)
    assert acts[-1] == "sign_out"
    assert _is_out(_replay(world, cookie, token), draft)
    late = _replay(world, cookie, token).post(f"/submissions/{draft.public_id}/answers", {"version": "1"})
    assert late.status_code == 401
    assert _kept(world) == before
    assert _acts(world) == acts


def test_sign_out_ends_this_session_only(world: World) -> None:
    """A02: the same person's other browser goes on."""
    one, two = world.stranger(), world.stranger()
    one.sign_in("province")
    two.sign_in("province")
    one.post("/logout")
    assert one.client.get("/rounds").status_code == 303
    assert two.client.get("/rounds").status_code == 200


def test_password_change_ends_the_other_sessions_and_renews_this_one(world: World) -> None:
    """A03."""
    one, two = world.stranger(), world.stranger()
    one.sign_in("province")
    two.sign_in("province")
    before, id_before = _cookie(one), _user(one)
    answer = one.post("/account", {"current": PASSWORD, "password": NEW, "again": NEW})
    assert answer.status_code == 303
    assert two.client.get("/rounds").status_code == 303
    assert two.post("/rounds").status_code == 401
    assert one.get("/rounds").status_code == 200
    assert _user(one) != id_before
    assert _replay(world, before).client.get("/rounds").status_code == 303
    assert world.stranger().sign_in("province").status_code == 422
    assert world.stranger().sign_in("province", NEW).status_code == 303


def test_wrong_present_password_changes_nothing(world: World) -> None:
    """A03: the other sessions stay as well."""
    one, two = world.stranger(), world.stranger()
    one.sign_in("province")
    two.sign_in("province")
    before = _kept(world)
    assert one.post("/account", {"current": "not it at all", "password": NEW, "again": NEW}).status_code == 422
    assert _kept(world) == before
    assert two.client.get("/rounds").status_code == 200


def test_suspension_between_two_requests_refuses_the_next(world: World) -> None:
    """A04: no later write by that session, and none after the account is restored either."""
    draft = world.submission("returned")
    enterprise, admin = world.enterprise(draft), world.browser("admin")
    path = f"/submissions/{draft.public_id}"
    assert enterprise.get(path).status_code == 200
    person = _public_id(world, f"hb{draft.organisation_id:04d}")
    assert admin.post(f"/people/{person}/suspend").status_code == 303
    before = _kept(world)
    assert _is_out(enterprise, draft)
    assert world.fire(enterprise, draft, "submit", declared="1").status_code == 401
    assert world.stranger().sign_in(f"hb{draft.organisation_id:04d}").status_code == 422
    assert _kept(world) == before
    assert admin.post(f"/people/{person}/restore").status_code == 303
    assert _is_out(enterprise, draft)
    assert world.now(draft).state is State.DRAFT
    assert world.stranger().sign_in(f"hb{draft.organisation_id:04d}").status_code == 303


@pytest.mark.parametrize("verb", ["suspend", "restore"])
def test_administrator_cannot_suspend_the_own_account(world: World, verb: str) -> None:
    """A04: the last administrator does not lock everybody out."""
    admin, own = world.browser("admin"), _public_id(world, "admin")
    response = admin.post(f"/people/{own}/{verb}")
    assert response.status_code < 500
    assert admin.get("/people").status_code == 200 or verb == "restore"


def test_reviewer_moved_to_another_city_loses_access_at_once(world: World) -> None:
    """A05: the live session sees the new city's submissions and no longer the old one's."""
    submitted = world.submission("submitted")
    reviewer, path = world.city(submitted), f"/submissions/{submitted.public_id}"
    assert reviewer.get(path).status_code == 200
    with world.app.app_context():
        elsewhere = db.session.scalars(select(Submission).where(Submission.region != submitted.region)).first()
        assert elsewhere is not None

        def move(session: Session) -> Receipt:
            person = session.scalars(select(Person).where(Person.login == f"city-{submitted.region}")).one()
            person.region = elsewhere.region
            return Receipt("")

        carry_out(move)
    before = _kept(world)
    assert reviewer.client.get(path).status_code == 404
    assert reviewer.client.get(path, headers={"HX-Request": "true"}).status_code == 404
    assert world.fire(reviewer, submitted, "return", reason="不再归我管").status_code == 404
    assert submitted.public_id not in reviewer.get("/submissions").get_data(as_text=True)
    assert reviewer.get(f"/submissions/{elsewhere.public_id}").status_code == 200
    assert _kept(world) == before
