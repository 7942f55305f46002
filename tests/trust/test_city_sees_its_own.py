"""A city and what is not its own; an interest; no page offers what is refused (Z10, Z11, Z18, H14)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import pytest
from lxml import html
from sqlalchemy import func, select

from hbreview.acts import standing_in
from hbreview.acts.signing_in import actor_for
from hbreview.acts.standing_in import Naming
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Interest, Organisation, Person, Submission
from hbreview.workflow.journal import Origin
from tests.trust import desk_hands as hands
from tests.worlds import Browser, World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PEOPLE = ("own", "city", "auditor", "expert", "province")
STATES = ("draft", "returned", "submitted", "city_reviewed", "audited", "scored")
HTMX = {"HX-Request": "true"}
# What differs between any two pages: tokens, and the address that was asked for.
_OWN = re.compile(r'(content|value)="[^"]+"|"X-CSRFToken": "[^"]+"|/submissions/\w{16}')
# What an answer may change beside the place that it was asked for.
_OUT_OF_BAND = re.compile(r"(post|count|version|reply)-[\w-]+")


def _person(world: World, who: str, submission: Submission) -> Browser:
    if who == "own":
        return world.enterprise(submission)
    return world.city(submission) if who == "city" else world.browser(who)


def _pages(submission: Submission) -> list[str]:
    one = f"/submissions/{submission.public_id}"
    return [
        "/submissions", one, f"{one}?indicator=4", f"{one}/history", f"{one}/indicators/4", f"{one}/return",
        f"{one}/diff", f"{one}/reuse", "/city", "/summary", "/notices", "/account", "/desk", "/rounds",
    ]  # fmt: skip


def _links(text: str) -> Iterator[str]:
    tree = html.fromstring(text)
    for attribute in ("href", "hx-get"):
        for address in tree.xpath(f"//*[@{attribute}]/@{attribute}"):
            path = str(address).partition("#")[0]
            # The queue's own question brings fields that no link has.
            if path.startswith("/") and not path.startswith(("/static", "/bootstrap", "/assets", "/submissions/rows")):
                yield path


@only_sqlite
@pytest.mark.parametrize(
    "who", [who if who == "expert" else pytest.param(who, marks=pytest.mark.thorough) for who in PEOPLE]
)
def test_no_page_offers_a_link_that_its_reader_may_not_follow(world: World, who: str) -> None:
    """Z18: every link of every page, in every state, opens for whom it is shown to."""
    followed: set[str] = set()
    faults: list[str] = []
    for state in STATES:
        submission = world.submission(state)
        browser = _person(world, who, submission)
        for page in _pages(submission):
            answer = browser.get(page)
            if answer.status_code != 200:
                continue
            for link in _links(answer.get_data(as_text=True)):
                if link in followed:
                    continue
                followed.add(link)
                status = browser.client.get(link).status_code
                if status not in {200, 204, 303}:
                    faults.append(f"{page} -> {link}: {status}")
    assert faults == []
    assert len(followed) > 15


@only_sqlite
def test_everything_that_a_reviewer_may_do_is_on_the_page(world: World) -> None:
    """Z18, the other way: each act of the city has a form or a button somewhere on its pages."""
    submission = world.submission("submitted")
    city, one = world.city(submission), f"/submissions/{submission.public_id}"
    said = city.post(f"{one}/indicators/4/comments", {"body": "请补充"})
    assert said.status_code == 303
    texts = [city.get(page).get_data(as_text=True) for page in (one, f"{one}?indicator=4", "/city", "/submissions")]
    texts.append(city.get(f"/submissions/{world.submission('returned').public_id}").get_data(as_text=True))
    addresses = {
        str(address)
        for text in texts
        for name in ("action", "formaction", "hx-post")
        for address in html.fromstring(text).xpath(f"//*[@{name}]/@{name}")
    }
    wanted = (
        "/approve", "/return", "/preview", "/comments", "/resolve", "/ticks", "/assignee", "/tags", "/flag",
        "/interest", "/extend", "/remind", "/city/deputies", "/city/phrases", "/city/second-check", "/selection",
        "/submissions/views", "/look",
    )  # fmt: skip
    assert [end for end in wanted if not any(address.endswith(end) for address in addresses)] == []


@only_sqlite
def test_an_interest_leaves_nothing_of_the_organisation(world: World) -> None:
    """Z10: rows, counts, search, export, pages, acts; for whoever declared it and for nobody else."""
    submission = world.submission("submitted")
    city, one = world.city(submission), f"/submissions/{submission.public_id}"
    before = len(re.findall(r'id="row-', city.get("/submissions").get_data(as_text=True)))
    assert city.post(f"{one}/interest", {"reason": "亲属任职"}).status_code == 303
    with world.app.app_context():
        gone = db.session.scalar(
            select(func.count()).select_from(Submission).where(Submission.organisation_id == submission.organisation_id)
        )
        assert db.session.scalars(select(Interest)).one().reason == "亲属任职"
    text = city.get("/submissions").get_data(as_text=True)
    assert len(re.findall(r'id="row-', text)) == before - (gone or 0)
    assert submission.organisation_name not in text
    assert submission.organisation_name not in city.get("/summary").get_data(as_text=True)
    for page in (one, f"{one}/indicators/1", f"{one}/reuse", f"{one}/form.pdf", f"{one}/bundle.zip"):
        assert city.get(page).status_code == 404, page
    for act in ("approve", "return", "ticks", "assignee", "remind"):
        assert city.post(f"{one}/{act}", {"version": "2"}).status_code == 404, act
    assert world.browser("province").get(one).status_code == 200


@only_sqlite
def test_exports_name_the_own_city_only(world: World) -> None:
    """Z11: file names, sheet, document properties and folders; and a row of another city stops the whole export."""
    own = world.submission("submitted")
    city = world.city(own)
    with world.app.app_context():
        others = db.session.scalars(
            select(Organisation.name).join(Submission).where(Submission.region != own.region)
        ).all()
        other = db.session.scalars(select(Submission).where(Submission.region != own.region)).first()
    assert other is not None
    row = f"{own.public_id}:{world.now(own).version}"
    for kind in ("export_xlsx", "export_docx", "export_zip"):
        answer = city.post("/selection", {"do": kind, "row": row})
        assert answer.status_code == 200, kind
        with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
            held = "".join(packed.namelist()) + "".join(
                packed.read(name).decode("utf-8", "ignore") for name in packed.namelist() if name.endswith(".xml")
            )
        whole = held + answer.headers["Content-Disposition"]
        assert [name for name in others if name in whole and name != own.organisation_name] == []
        refused = city.post("/selection", {"do": kind, "row": [row, f"{other.public_id}:1"]})
        assert refused.status_code == 422
        assert other.organisation_name not in refused.get_data(as_text=True)


@only_sqlite
def test_what_is_another_citys_answers_like_what_was_never_there(world: World) -> None:
    """Status, body and headers, up to the page's own reference and tokens."""
    elsewhere = world.submission("submitted")
    city = world.browser("city-chengde" if elsewhere.region != "chengde" else "city-baoding")
    for end in ("", "/history", "/return", "/reuse", "/indicators/1", "/form.pdf", "/returns/1.pdf", "/next", "/diff"):
        seen = [city.get(f"/submissions/{one}{end}") for one in (elsewhere.public_id, "x" * 16)]
        plain = [_OWN.sub("", one.get_data(as_text=True)) for one in seen]
        assert seen[0].status_code == seen[1].status_code == 404, end
        assert plain[0] == plain[1], end
        assert dict(seen[0].headers).keys() == dict(seen[1].headers).keys(), end


@only_sqlite
def test_an_answer_changes_nothing_but_its_own_blocks(world: World) -> None:
    """H14: what comes out of band is the form, the count or the version of the thread that was written in."""
    submission = world.submission("submitted")
    city, one = world.city(submission), f"/submissions/{submission.public_id}"
    first = city.post(f"{one}/indicators/4/comments", {"body": "一", "version": "0"}, headers=HTMX)
    comment = re.findall(r'id="comment-(\w+)"', first.get_data(as_text=True))[0]
    answers = [
        first,
        city.post(f"{one}/indicators/4/comments", {"body": "二", "parent": comment}, headers=HTMX),
        city.post(f"/comments/{comment}/edit", {"body": "三", "version": "1"}, headers=HTMX),
        city.post(f"/comments/{comment}/resolve", headers=HTMX),
        city.post(f"{one}/ticks", {"key": "complete", "ticked": "1", "revision": "1"}, headers=HTMX),
        city.post(f"{one}/tags", {"tags": "重点"}, headers=HTMX),
        city.post(f"{one}/flag", {"flag": "请看"}, headers=HTMX),
        city.get(f"{one}/indicators", headers=HTMX),
        city.get(f"{one}/return", headers=HTMX),
    ]
    for answer in answers:
        assert answer.status_code == 200
        tree = html.fromstring(f"<div>{answer.get_data(as_text=True)}</div>")
        ids = tree.xpath("//*[@hx-swap-oob]/@id")
        assert [name for name in ids if not _OUT_OF_BAND.fullmatch(str(name))] == []


@only_sqlite
def test_a_deputys_pages_offer_nothing_that_is_refused(world: World) -> None:
    """Z18 for somebody who stands in: in both cities every row opens."""
    submission = world.submission("submitted")
    with world.app.app_context():
        people = {
            login: actor_for(db.session.scalars(select(Person).where(Person.login == login)).one())
            for login in (f"city-{submission.region}", "city-baoding")
        }
        naming = Naming("city-baoding", today().isoformat(), today().isoformat())
        standing_in.name_deputy(naming, origin=Origin(people[f"city-{submission.region}"], "test"))
    deputy = world.browser("city-baoding")
    links = {
        link
        for link in _links(deputy.get("/submissions").get_data(as_text=True))
        if re.fullmatch(r"/submissions/\w{16}", link)
    }
    assert hands.address(submission) in links
    assert {deputy.get(link).status_code for link in sorted(links)} == {200}
