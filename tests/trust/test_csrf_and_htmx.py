"""No write without the session's own token; fragments, caches and addresses to come back to (H01-H05, H09)."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from hbreview.acts.rehearsing import PASSWORD
from tests.trust import policy_by_hand as by_hand
from tests.trust.test_policy_matrix import HTMX, NOWHERE, Stage, address
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
STATIC = ("/static/", "/bootstrap/static/", "/assets/")
# Where an attacker would like to send somebody after signing in.
EVIL = (
    "//evil.example", "///evil.example", "https:evil.example", "https://evil.example", "/\\evil.example",
    "\\\\evil.example", "\t//evil.example", "/\t/evil.example", "%2f%2fevil.example", "/%2f%2fevil.example",
    "/ok\r\nX-Injected: 1", "/ok\nX-Injected: 1", "javascript:alert(1)", "data:text/html,x", "evil.example", "",
    "@evil.example", " //evil.example", "/.//evil.example",
)  # fmt: skip
GOING = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url")


def _owner_of(rule: str, stage: Stage) -> str:
    """Somebody of the cast to whom the hand's table allows a write in the state "submitted"."""
    submission = stage.world.submission("submitted")
    for actor in ("province", "admin", "city-own", "enterprise-own", "auditor-assigned", "expert-assigned"):
        if by_hand.expected("POST", rule, actor, "submitted") == "allow":
            return stage.login_of(actor, submission)
    # What belongs to one person alone is hidden from all the cast: the token is asked for before that is.
    for actor in ("city-own", "province", "admin", "expert-assigned", "anonymous"):
        if by_hand.expected("POST", rule, actor, "submitted") == "hide":
            return stage.login_of(actor, submission)
    raise AssertionError(rule)


def _writes() -> list[str]:
    # A machine shows its own token at each request, and no cookie of it counts.
    return sorted(rule for method, rule in by_hand.TABLE if method == "POST" and not rule.startswith("/api/"))


def _forged(own: str, old: str, other: str) -> dict[str, dict[str, Any]]:
    """Requests without the session's own token in a place where it counts."""
    return {
        "none": {},
        "empty": {"data": {"csrf_token": ""}},
        "from before signing in": {"data": {"csrf_token": old}},
        "another person's": {"data": {"csrf_token": other}},
        "another person's in the header": {"headers": {"X-CSRFToken": other}},
        "in the query": {"query_string": {"csrf_token": own}},
        "in a field of another name": {"data": {"X-CSRFToken": own}},
        "multipart": {"data": {"file": (io.BytesIO(b"%PDF-1.4"), "a.pdf")}},
    }


@only_sqlite
def test_write_without_the_sessions_own_token_is_refused_everywhere(world: World) -> None:
    """H01: none, an old one, another person's, in the query; as form, HTMX and multipart."""
    stage = Stage.of(world)
    ids = stage.ids(world.submission("submitted"))
    other = world.stranger()
    other.sign_in("province2")
    stranger = world.stranger()
    stranger.get("/login")
    for login in {_owner_of(rule, stage) for rule in _writes()}:
        world.browser(login)
    before, faults = stage.kept(), []
    for rule in _writes():
        browser, path = world.browser(_owner_of(rule, stage)), address(rule, ids)
        for extra in ({}, HTMX):
            for name, options in _forged(browser.token, stranger.token, other.token).items():
                headers = {**options.get("headers", {}), **extra}
                response = browser.client.post(path, **{**options, "headers": headers})
                if response.status_code not in {400, 403}:
                    faults.append(f"{rule} {name} {extra}: {response.status_code}")
    assert "\n".join(faults) == ""
    assert stage.kept() == before


@only_sqlite
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Referer": "https://evil.example/"},
        {"X-Requested-With": "XMLHttpRequest"},
    ],
)
def test_htmx_header_is_no_proof_of_anything(world: World, headers: Mapping[str, str]) -> None:
    """H02: a POST without a token stays refused, whatever its headers say."""
    returned = world.submission("returned")
    enterprise, before = world.enterprise(returned), world.now(returned).version
    path = f"/submissions/{returned.public_id}/submit"
    response = enterprise.client.post(path, data={"version": str(before), "declared": "1"}, headers={**HTMX, **headers})
    assert response.status_code in {400, 403}
    assert world.now(returned).version == before


def test_cross_site_sign_in_is_refused(world: World) -> None:
    """H03: nobody is signed in with the attacker's account; the attacker's own token does not help either."""
    attacker, victim = world.stranger(), world.stranger()
    attacker.get("/login")
    victim.get("/login")
    for token in ("", attacker.token):
        response = victim.client.post(
            "/login",
            data={"login": "province", "password": PASSWORD, "csrf_token": token},
            headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        )
        assert response.status_code in {400, 403}
    assert victim.client.get("/rounds").status_code == 303


def _is_whole(response: TestResponse) -> bool:
    text = response.get_data(as_text=True)
    return "<!doctype html" in text.lower() and "<main" in text


def _scored_enterprise(stage: Stage) -> str:
    """The enterprise whose submission was scored."""
    return stage.login_of("enterprise-own", stage.world.submission("scored"))


@only_sqlite
def test_address_opened_directly_is_never_a_naked_fragment(world: World) -> None:
    """H04: every reading address gives a whole page or leads to one; so do the answers of refused writes."""
    stage, naked = Stage.of(world), []
    submission = world.submission("scored")
    ids = stage.ids(submission)
    for who in ("province", "expert", "admin", _scored_enterprise(stage)):
        client = world.browser(who).client
        for method, rule in by_hand.TABLE:
            if method != "GET":
                continue
            response = client.get(address(rule, ids))
            html = response.mimetype == "text/html" and response.status_code != 303
            if html and not _is_whole(response):
                naked.append(f"{who} {rule} ({response.status_code})")
            if client.head(address(rule, ids)).get_data():
                naked.append(f"{who} HEAD {rule} has a body")
    assert "\n".join(naked) == ""


@only_sqlite
def test_boosted_and_restored_addresses_are_whole_pages(world: World) -> None:
    """H04: HTMX asks for whole pages with these headers."""
    browser = world.browser("province")
    path = f"/submissions/{world.submission('submitted').public_id}/indicators/1"
    assert not _is_whole(browser.client.get(path, headers=HTMX))
    for extra in ({"HX-Boosted": "true"}, {"HX-History-Restore-Request": "true"}):
        assert _is_whole(browser.client.get(path, headers={**HTMX, **extra}))


def _cache_faults(response: TestResponse, where: str) -> list[str]:
    vary = {word.strip() for word in ",".join(response.headers.getlist("Vary")).split(",")}
    faults = [] if {"HX-Request", "Cookie"} <= vary else [f"{where}: Vary is {vary}"]
    if response.headers.get("Cache-Control") != "no-store":
        faults.append(f"{where}: Cache-Control is {response.headers.get('Cache-Control')}")
    return faults


@pytest.mark.thorough
@only_sqlite
def test_every_answer_tells_caches_what_it_depends_on(world: World) -> None:
    """H05: pages, fragments, refusals and errors; files of our own alone may be kept."""
    stage, faults = Stage.of(world), []
    ids = stage.ids(world.submission("submitted"))
    anonymous = world.stranger()
    anonymous.get("/login")
    for browser in (world.browser("province"), world.browser("admin"), anonymous):
        for method, rule in by_hand.TABLE:
            if rule.startswith(STATIC) or rule == "/logout":
                continue
            for headers in ({}, HTMX):
                path, data = address(rule, ids), {"csrf_token": browser.token, "version": "junk"}
                options: dict[str, Any] = {"data": data} if method == "POST" else {}
                response = browser.client.open(path, method=method, headers=headers, **options)
                faults += _cache_faults(response, f"{method} {rule} {response.status_code}")
        for method, path, status in (
            ("GET", "/nowhere", 404),
            ("POST", "/healthz", 405),
            ("POST", "/language", 400),
            ("GET", f"/attachments/{NOWHERE}", 303 if browser is anonymous else 404),
        ):
            for headers in ({}, HTMX):
                response = browser.client.open(path, method=method, headers=headers)
                wanted = 401 if status == 303 and headers else status
                assert response.status_code == wanted, f"{method} {path}"
                faults += _cache_faults(response, f"{method} {path} {status}")
    assert "\n".join(faults) == ""


@only_sqlite
def test_page_and_fragment_of_one_address_differ_in_either_order(world: World) -> None:
    """H05: whichever was asked for first."""
    client = world.browser("province").client
    plain: dict[str, str] = {}
    for headers in (plain, HTMX, HTMX, plain):
        assert _is_whole(client.get("/submissions", headers=headers)) is (not headers)


def _leaves_the_site(response: TestResponse) -> bool:
    """Whether a header of going somewhere names anything but a path of ours, or a line was smuggled in."""
    if "X-Injected" in response.headers:
        return True
    addresses = [response.headers[name] for name in GOING if name in response.headers]
    return any(not re.match(r"/(?![/\\])[^\s\\]*$", path) or "//" in path.partition("?")[0] for path in addresses)


@only_sqlite
@pytest.mark.parametrize("way", EVIL)
def test_address_to_come_back_to_stays_on_this_site(world: World, way: str) -> None:
    """H09: from the query, the form, HX-Current-URL and Referer; at the door, after it and for the language."""
    signed, answers = world.browser("province"), []
    for headers in ({}, HTMX):
        answers.append(signed.client.get("/login", query_string={"next": way}, headers=headers))
        answers.append(signed.post("/language", {"language": "en", "next": way}, headers=headers))
    newcomer = world.stranger()
    page = newcomer.get("/login", query_string={"next": way})
    hidden = re.search(r'name="next" value="([^"]*)"', page.get_data(as_text=True))
    assert hidden is not None
    assert re.match(r"/(?![/\\])", hidden.group(1))
    answers.append(newcomer.post("/login", {"login": "province", "password": PASSWORD, "next": way}))
    assert answers[-1].status_code == 303
    if "\r" not in way and "\n" not in way:
        stranger = world.stranger()
        told = {**HTMX, "HX-Current-URL": way, "Referer": way}
        answers.append(stranger.client.get("/rounds", headers=told))
        answers.append(stranger.post("/rounds", headers=told))
        answers.append(stranger.post("/rounds", headers={"HX-Current-URL": way, "Referer": way}))
    assert [dict(answer.headers) for answer in answers if _leaves_the_site(answer)] == []
    for answer in answers:
        back = re.search(r"next=([^&]*)", answer.headers.get("HX-Redirect", answer.headers.get("Location", "")))
        assert back is None or "evil" not in back.group(1) or re.match(r"/[^/\\]|%2F[^%]", back.group(1))


@only_sqlite
def test_good_address_is_come_back_to(world: World) -> None:
    """H09: a path of ours with its query survives, even one that looks like an address with a user name."""
    for way in ("/submissions?state=draft&q=a", "/ok@evil.example", "/rounds"):
        browser = world.stranger()
        browser.get("/login")
        response = browser.post("/login", {"login": "province", "password": PASSWORD, "next": way})
        assert (response.status_code, response.headers["Location"]) == (303, way)
