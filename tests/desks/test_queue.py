"""The queue: every row once in every order, narrowed and found by what one may see, and rows that follow alone."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview.acts import commenting, declaring, looking, reviewing
from hbreview.acts.commenting import Remark
from hbreview.acts.signing_in import actor_for
from hbreview.clock import now, today
from hbreview.desks.counter import queue_queries
from hbreview.desks.counter.queue_narrowing import SHOWS, Filters, shows_for
from hbreview.desks.counter.queue_order import SORTS
from hbreview.evaluation.deadlines import DueStanding
from hbreview.evaluation.names import initials
from hbreview.extensions import db
from hbreview.model import Comment, Deputy, Entry, Look, Organisation, Review, Revision, Round, Submission
from hbreview.words import State, Visibility
from hbreview.workflow.actors import Actor
from hbreview.workflow.journal import Deed, append
from tests.acts.test_reviewing import by, do, hire, person
from tests.desks.test_query_counts import counting
from tests.worlds import Browser, World

HTMX = {"HX-Request": "true"}
POLLING = {**HTMX, "X-Polling": "1"}
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ROW = re.compile(r'<tr id="row-(\w+)"')


def actor(world: World, login: str, **more: Any) -> Actor:
    return actor_for(person(world, login), **more)


def all_rows(world: World, who: Actor, **filters: str) -> list[Any]:
    """Every row that the filters leave, in order, as one big page."""
    with world.app.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue_queries, "PAGE", 10_000)
        return list(queue_queries.queue(db.session(), Filters(**filters), who).rows)


def listed(browser: Browser, query: str = "") -> list[str]:
    """The public ids of the rows of a page, in order."""
    response = browser.get(f"/submissions?{query}")
    assert response.status_code == 200
    return ROW.findall(response.get_data(as_text=True))


def shuffle(world: World, seed: int) -> None:
    """Submissions in any state, moved, sent and due on few days, and names that are the same: ties everywhere."""
    dice, at = Random(seed), now()

    def work(session: Session) -> None:
        for one in session.scalars(select(Submission)):
            one.state = dice.choice(list(State))
            one.moved_at = at - timedelta(days=dice.randrange(3), microseconds=dice.randrange(2))
            one.submitted_at = dice.choice([None, at - timedelta(days=dice.randrange(3))])
            one.extended_to = dice.choice([None, today() + timedelta(dice.randrange(25, 35))])
        for organisation in session.scalars(select(Organisation)):
            organisation.initials = dice.choice(["", "a", organisation.initials])
        days = {"city_deadline": today() + timedelta(27), "audit_deadline": dice.choice([None, today()])}
        session.execute(update(Round).values(**days))

    do(world, work)


def walk(world: World, who: Actor, sort: str, *, between: Callable[[int], None] = lambda place: None) -> list[str]:
    """The public ids of all pages, followed from cursor to cursor."""
    found: list[str] = []
    after, pages = "", 0
    while pages == 0 or after:
        with world.app.app_context():
            page = queue_queries.queue(db.session(), Filters(sort=sort, after=after), who)
        found += [row.public_id for row in page.rows]
        after, pages = page.next, pages + 1
        between(pages)
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_all_pages_of_every_order_give_each_row_once_as_one_big_page_does(
    world: World, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shuffle(world, seed)
    monkeypatch.setattr(queue_queries, "PAGE", 9)
    for login in ("province", "city-baoding"):
        who = actor(world, login)
        for sort in SORTS:
            whole = [row.public_id for row in all_rows(world, who, sort=sort)]
            assert walk(world, who, sort) == whole, (login, sort)
            assert len(set(whole)) == len(whole) > 9


@only_sqlite
@pytest.mark.parametrize("sort", list(SORTS))
def test_row_that_moves_between_two_pages_hides_and_repeats_no_other(
    world: World, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shuffle(world, 3)
    monkeypatch.setattr(queue_queries, "PAGE", 9)
    who = actor(world, "province")
    whole = [row.public_id for row in all_rows(world, who, sort=sort)]
    moving = whole[8]  # the very row that the cursor names

    def move(pages: int) -> None:
        if pages == 1:
            change = {"state": State.SCORED, "moved_at": now(), "extended_to": None}
            do(world, lambda session: session.execute(update(Submission).filter_by(public_id=moving).values(**change)))

    seen = walk(world, who, sort, between=move)
    assert [one for one in seen if one != moving] == [one for one in whole if one != moving]


def test_orders_are_what_they_are_called(world: World) -> None:
    shuffle(world, 4)
    province, city = actor(world, "province"), actor(world, "city-baoding")
    days = [queue_queries.due_of_row(row).day for row in all_rows(world, province, sort="due")]
    known = [day for day in days if day]
    assert days == sorted(known) + [None] * (len(days) - len(known))
    since = [row.moved_at for row in all_rows(world, province, sort="since")]
    assert since == sorted(since)
    states = [row.state for row in all_rows(world, city)]
    waiting = states.count(State.SUBMITTED)
    assert set(states[:waiting]) == {State.SUBMITTED}
    assert len(states) > waiting > 0
    roster = [row.id for row in all_rows(world, province)]
    assert roster == sorted(roster)
    sent = {one.public_id: one.submitted_at or one.moved_at for one in submissions(world)}
    oldest = [sent[row.public_id] for row in all_rows(world, city)[:waiting]]
    assert oldest == sorted(oldest)


def submissions(world: World) -> Sequence[Submission]:
    with world.app.app_context():
        return db.session.scalars(select(Submission).order_by(Submission.id)).all()


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def test_what_is_no_order_view_tag_or_cursor_of_ours_is_refused_and_nothing_breaks(world: World) -> None:
    """I05: every sign is literal, an unknown name is 400."""
    city, expert = world.browser("city-baoding"), world.browser("expert")
    moment = "2026-01-01T00:00:00+00:00"
    wrong = [
        "sort=state", "sort=id;drop", "show=all", "show=%00x", "sort=name&after=junk", "sort=name&after=%25%25",
        f"sort=name&after={cursor('a')}", f"sort=name&after={cursor('a', 1, 'x')}",
        f"sort=name&after={cursor('a', chr(0), 'x')}", f"sort=name&after={cursor('a', chr(0xD800), 'x')}",
        f"sort=since&after={cursor('x', 'y')}", f"sort=since&after={cursor('0001-01-01T00:00:00+14:00', 'y')}",
        f"sort=turn&after={cursor(10**30, moment, 'y')}", f"sort=turn&after={cursor(True, moment, 'y')}",
        f"sort=due&after={cursor('2026-13-01', 'y')}", f"sort=due&after={cursor({}, 'y')}",
        f"sort=since&after={cursor(moment, 'y', 'z')}", f"sort=since&after={quote('[' * 1000)}",
        f"sort=due&after={base64.urlsafe_b64encode(b'[' * 1200).decode().rstrip('=')}",
    ]  # fmt: skip
    assert {query: city.get(f"/submissions?{query}").status_code for query in wrong} == dict.fromkeys(wrong, 400)
    for query in (
        "city=%00",
        "state=x",
        "programme='",
        "round=%00",
        "q=%00",
        "tag=%00%22",
        "q=%5C",
        "after=%00",
        "q=%27",
    ):
        assert city.get(f"/submissions?{query}").status_code == 200, query
    for query in ("q=%25", "q=_", "q=%5C", "q='", "city=nowhere", "state=x", "round=x", "tag=_"):
        assert listed(city, query) == [], query
    for query in ("tag=x", "show=mine", "show=flagged", "show=unassigned", "show=new", "show=comments"):
        assert expert.get(f"/submissions?{query}").status_code == 400, query


@only_sqlite
def test_cursor_and_filters_reach_no_row_of_another_city(world: World) -> None:
    """Z11: neither by a cursor that names it nor by its id, its receipt's code or its city."""
    city = world.browser("city-baoding")
    own = {one.public_id for one in submissions(world) if one.region == "baoding"}
    elsewhere = next(one for one in submissions(world) if one.region != "baoding" and one.revision_number)
    with world.app.app_context():
        digest = db.session.scalars(select(Revision.digest).where(Revision.submission_id == elsewhere.id)).first() or ""
    assert listed(world.browser("province"), f"q={digest}") == [elsewhere.public_id]
    first = "2000-01-01T00:00:00+00:00"
    for query in (
        f"sort=roster&after={elsewhere.public_id}",
        f"sort=turn&after={cursor(0, first, elsewhere.public_id)}",
        f"sort=name&after={cursor('', '', elsewhere.public_id)}",
    ):
        stranger = query.replace(elsewhere.public_id, "x" * 16)
        assert set(listed(city, query)) <= own
        assert listed(city, query) == listed(city, stranger)
    for query in (f"q={elsewhere.public_id}", f"q={digest}", f"city={elsewhere.region}", f"q={digest[:8]}"):
        text = city.get(f"/submissions?{query}").get_data(as_text=True)
        assert ROW.findall(text) == [], query
        assert set(re.findall(r"<b>(\d+)</b></a>", text)) == {"0"}, query


def rename(world: World, submission: Submission, **values: Any) -> None:
    do(
        world,
        lambda session: session.execute(
            update(Organisation).where(Organisation.id == submission.organisation_id).values(**values)
        ),
    )


def test_search_finds_by_names_site_initials_id_and_code(world: World) -> None:
    submission = world.submission("submitted", "base")
    province, this = world.browser("province"), submission.public_id
    name = submission.organisation_name
    rename(
        world, submission, former_names=["冀中（石门）Ａ厂 100%_\\号", "Old Name"], initials=initials("冀中厂") + "zzq7"
    )
    do(
        world,
        lambda session: session.execute(
            update(Submission).where(Submission.id == submission.id).values(site_name="双创 基地（二 号）")
        ),
    )
    with world.app.app_context():
        digest = db.session.scalars(select(Revision.digest).where(Revision.submission_id == submission.id)).one()
    found = {
        query: this in listed(province, f"q={quote(query)}")
        for query in (
            name, f" {name[:4]} {name[4:]} ", "冀中(石门)", "冀中 （石门）",
            "100%_\\", "old name", "OLDNAME", "双创基地", "基地(二号)", "基地（二　号）", "zzq7", "ZZQ7", "jzczzq",
            this, f" {this} ", digest, digest[:8], digest[:12].upper(),
        )
    }  # fmt: skip
    assert found == dict.fromkeys(found, True)
    absent = (
        "100%%",
        "100_",
        "冀中%",
        "双创_",
        digest[:7] + "z",
        digest[1:12],
        this[1:],
        this.swapcase(),
        "5a01",
        "u5180",
    )
    assert {query: this in listed(province, f"q={quote(query)}") for query in absent} == dict.fromkeys(absent, False)
    everything = len(all_rows(world, actor(world, "province")))
    assert len(all_rows(world, actor(world, "province"), q=" 　")) == everything


def busy(world: World) -> None:
    """Something of everything that the queue narrows by, in one city and around it."""
    shuffle(world, 5)
    mine = [one for one in submissions(world) if one.region == "baoding"]
    hire(world, "second", "baoding")
    second, city = person(world, "second"), person(world, "city-baoding")

    def work(session: Session) -> None:
        session.execute(update(Round).values(city_deadline=today() - timedelta(1), audit_deadline=today()))
        for place, one in enumerate(mine):
            session.merge(one).revision_number += 1
            rows = [
                Review(
                    submission_id=one.id, assignee_id=(None, second.id, city.id)[place % 3], flag="急" * (place % 2),
                    tags=[["急", 'a"b'], ["急诊"], []][place % 3], ticks=[],
                ),
                Revision(
                    submission_id=one.id, number=one.revision_number + 1, answers={}, attachments=[],
                    digest=f"{place:064}", warnings=(None, 0, 2)[place % 3], person_id=city.id, created_at=now(),
                ),
                Comment(
                    submission_id=one.id, indicator=1, person_id=second.id, body="意见", created_at=now(),
                    revision_number=1, resolved_at=(None, now())[place % 2], blocking=place % 4 == 0,
                ),
            ]  # fmt: skip
            if place % 2:
                seen = Look(submission_id=one.id, person_id=city.id, revision_number=0, sequence=0, seen_at=now())
                rows.append(seen)
            session.add_all(rows)

    do(world, work)


def expected(world: World, show: str, row: Any, who: Actor) -> bool:
    """Whether a row belongs to a ready-made view, by what the row itself shows."""
    standing = queue_queries.due_of_row(row).standing
    unseen = row.seen is None and row.state != State.DRAFT
    return bool(
        {
            "to_score": row.state is State.AUDITED and row.handed_in is None,
            "handed_in": row.handed_in is not None,
            "mine": row.assignee == who.name,
            "unassigned": row.assignee is None,
            "new": unseen or (row.seen is not None and row.news),
            "overdue": standing is DueStanding.OVERDUE,
            "soon": standing in {DueStanding.TODAY, DueStanding.SOON},
            "comments": row.open,
            "warnings": row.warnings,
            "flagged": row.flag,
        }[show]
    )


def test_ready_made_views_agree_with_what_the_rows_show(world: World) -> None:
    busy(world)
    city = actor(world, "city-baoding")
    for login in ("city-baoding", "province", "expert", "hb0001"):
        who = actor(world, login)
        rows = all_rows(world, who, sort="roster")
        for show in SHOWS.keys() - {"not_begun", "returned"}:
            if show not in shows_for(who):
                continue
            wanted = [row.public_id for row in rows if expected(world, show, row, who)]
            found = [row.public_id for row in all_rows(world, who, sort="roster", show=show)]
            assert found == wanted, (login, show)
            if login == "city-baoding":
                assert 0 < len(found) < len(rows), show
    tagged = [row.public_id for row in all_rows(world, city, tag="急", sort="roster")]
    assert tagged == [row.public_id for row in all_rows(world, city, sort="roster") if "急" in (row.tags or [])]
    assert len(all_rows(world, city, tag='a"b')) == len(tagged) > 0
    assert [len(all_rows(world, city, tag=tag)) for tag in ("诊", "a", "A", '","', "u6025")] == [0] * 5


def test_who_never_opened_the_form_and_who_got_it_back(world: World) -> None:
    returned, province = world.submission("returned"), actor(world, "province")
    found = {one.public_id for one in all_rows(world, province, show="returned")}
    assert found == {returned.public_id, world.submission("returned", "base").public_id}
    begun = {world.submission("draft", programme).id for programme in ("platform", "base")}
    drafts = {one.id for one in submissions(world) if one.state is State.DRAFT and not one.revision_number}
    assert {one.id for one in all_rows(world, province, show="not_begun")} == drafts - begun
    # sent again, then withdrawn by the enterprise itself: no return is open any more
    own = world.enterprise(returned)
    origin = by(world, f"hb{returned.organisation_id:04d}")
    assert returned.public_id in listed(own, "show=returned")

    def work(session: Session) -> None:
        for act in ("submit", "withdraw"):
            append(session, origin=origin, deed=Deed(act, submission_id=returned.id), at=now())

    do(world, work)
    assert returned.public_id not in listed(own, "show=returned")


def test_a_deputys_queue_has_what_is_with_the_one_stood_in_for(world: World) -> None:
    submission = world.submission("submitted")
    hire(world, "away", submission.region)
    hire(world, "deputy", "xiongan")
    away, deputy = person(world, "away"), person(world, "deputy")
    with world.app.app_context():
        reviewing.assign_reviewer(submission.public_id, away.public_id, origin=by(world, f"city-{submission.region}"))
    who = actor(world, "deputy", stands_in=((submission.region, "away"),))
    assert all_rows(world, who, show="mine") == []
    day = today()

    def work(session: Session) -> None:
        session.add(
            Deputy(person_id=away.id, deputy_id=deputy.id, first_day=day, last_day=day, created_at=now(), ended_at=None)
        )

    do(world, work)
    assert [row.id for row in all_rows(world, who, show="mine")] == [submission.id]


COLUMNS = {
    "province": ("不同市", True, True, False),
    "city": ("", True, True, True),
    "auditor": ("不同市", True, False, False),
    "expert": ("不同市", False, False, False),
    "enterprise": ("", True, False, False),
}


@pytest.mark.parametrize("role", list(COLUMNS))
@only_sqlite
def test_each_role_gets_the_columns_that_it_may_see(world: World, role: str) -> None:
    scored = world.submission("scored")
    with world.app.app_context():
        reviewing.set_flag(scored.public_id, "机密旗", origin=by(world, f"city-{scored.region}"))
        reviewing.set_tags(scored.public_id, ["机密签"], origin=by(world, f"city-{scored.region}"))
    own = {"city": world.city, "enterprise": world.enterprise}
    browser = own[role](scored) if role in own else world.browser(role)
    browser.post("/language", {"language": "en", "next": "/"})
    text = browser.get("/submissions").get_data(as_text=True)
    cities, comments, looks, team = COLUMNS[role]
    found = [heading in text for heading in (">City<", ">Open comments<", ">Since your last look<", ">Tags and flag<")]
    assert found == [bool(cities), comments, looks, team]
    assert ("机密旗" in text, "机密签" in text) == (team, team)
    assert ('name="row"' in text) is (role in {"province", "city"})


def since_of(text: str) -> tuple[str, str]:
    """The address that a page asks for news, with its ids and the journal's number."""
    div = re.search(r"<div id=\"queue-since\"[^>]*hx-get=\"([^\"]*)\" hx-vals='([^']*)'", text)
    assert div is not None
    values = json.loads(html.unescape(div.group(2)))
    address = html.unescape(div.group(1))
    mark = "&" if "?" in address else "?"
    return f"{address}{mark}ids={values['ids']}&since={values['since']}", values["since"]


def test_rows_follow_when_somebody_else_acts_and_say_nothing_otherwise(world: World) -> None:
    submission = world.submission("submitted")
    hire(world, "second", submission.region)
    city = world.city(submission)
    address, since = since_of(city.get("/submissions?state=submitted").get_data(as_text=True))
    with counting(world) as statements:
        assert city.get(address, headers=POLLING).status_code == 204
    assert len(statements) == 2
    with world.app.app_context():
        one = by(world, "second")
        commenting.post_comment(Remark(submission.public_id, 3, "请补", blocking=True), origin=one)
    with counting(world) as statements:
        answer = city.get(address, headers=POLLING)
    assert len(statements) == 4
    text = answer.get_data(as_text=True)
    assert re.findall(r'<template>\s*<tr id="row-(\w+)" hx-swap-oob="true"', text) == [submission.public_id]
    assert "<html" not in text
    assert 'id="queue-counts" hx-swap-oob="true"' in text
    later, newer = since_of(text.replace(' hx-swap-oob="true"', ""))
    assert int(newer) > int(since)
    assert "elsewhere" not in text
    assert city.get(later, headers=POLLING).status_code == 204
    assert f'value="{submission.public_id}:{world.now(submission).version}"' in text


def test_row_that_left_the_list_stays_and_is_marked(world: World) -> None:
    submission = world.submission("submitted")
    province = world.browser("province")
    address, _since = since_of(province.get("/submissions?state=submitted").get_data(as_text=True))
    change = update(Submission).where(Submission.id == submission.id).values(state=State.CITY_REVIEWED)
    do(world, lambda session: session.execute(change))
    with world.app.app_context():
        said = Remark(submission.public_id, 3, "内部", visibility=Visibility.INTERNAL)
        commenting.post_comment(said, origin=by(world, "province2"))
    text = province.get(address, headers=POLLING).get_data(as_text=True)
    assert re.findall(r'<tr id="row-(\w+)" hx-swap-oob="true" class="fresh elsewhere"', text) == [submission.public_id]


@only_sqlite
def test_polling_tells_nobody_of_what_they_may_not_see(world: World) -> None:
    """Field case 20: not even by whether there is an answer."""
    submission = world.submission("submitted")
    city, own, expert = world.city(submission), world.enterprise(submission), world.browser("expert")
    other = world.browser("city-xiongan" if submission.region != "xiongan" else "city-baoding")
    ids, since = f"ids={submission.public_id}", "since=0"
    assert city.get(f"/submissions/rows?{ids}&{since}", headers=POLLING).status_code == 200
    assert other.get(f"/submissions/rows?{ids}&{since}", headers=POLLING).status_code == 204
    with world.app.app_context():
        start = max(db.session.scalars(select(Entry.sequence)))
        one = by(world, f"city-{submission.region}")
        commenting.post_comment(Remark(submission.public_id, 3, "内部", visibility=Visibility.INTERNAL), origin=one)
        reviewing.set_flag(submission.public_id, "看", origin=one)
        looking.look(submission, revision=1, sequence=1, origin=one)
    path = f"/submissions/rows?{ids}&since={start}"
    assert [browser.get(path, headers=POLLING).status_code for browser in (city, own, expert)] == [200, 204, 204]
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "亲属", origin=by(world, f"city-{submission.region}"))
    assert city.get(path, headers=POLLING).status_code == 204


@only_sqlite
def test_address_of_rows_opened_by_hand_leads_to_the_queue_and_takes_no_junk(world: World) -> None:
    province = world.browser("province")
    response = province.get("/submissions/rows?state=draft&ids=x&since=1")
    assert (response.status_code, response.headers["Location"]) == (303, "/submissions?state=draft")
    assert province.get("/submissions/rows").headers["Location"] == "/submissions"
    for since in ("", "-1", "x", "9" * 16, "１"):
        assert province.get(f"/submissions/rows?ids=x&since={since}", headers=POLLING).status_code == 400, since
    for ids in ("", "%00", "'", "x" * 5000, ",".join(["x"] * 900)):
        assert province.get(f"/submissions/rows?ids={ids}&since=0", headers=POLLING).status_code == 204


@only_sqlite
def test_views_are_kept_shown_and_dropped_by_plain_forms(world: World) -> None:
    province, other = world.browser("province"), world.browser("province2")
    query = "show=overdue&q=%E6%9C%89%E9%99%90&evil=1&after=x"
    response = province.post("/submissions/views", {"name": "逾期<b>", "query": query})
    assert (response.status_code, response.headers["Location"]) == (
        303,
        "/submissions?q=%E6%9C%89%E9%99%90&show=overdue",
    )
    text = province.get("/submissions").get_data(as_text=True)
    assert 'href="/submissions?q=%E6%9C%89%E9%99%90&amp;show=overdue">逾期&lt;b&gt;</a>' in text
    forget = re.findall(r'action="(/submissions/views/\w+/forget)"', text)
    assert len(forget) == 1
    assert forget[0] not in other.get("/submissions").get_data(as_text=True)
    assert other.post(forget[0]).status_code == 404
    refused = province.post("/submissions/views", {"name": "长" * 41, "query": "state=draft"})
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "长" * 41 in page
    assert 'id="name-problem"' in page
    assert province.post("/submissions/views", {"name": "坏", "query": "sort=evil"}).status_code in {303, 400}
    assert province.post(forget[0]).headers["Location"] == "/submissions"
    assert forget[0] not in province.get("/submissions").get_data(as_text=True)


@only_sqlite
def test_list_alone_takes_four_statements_and_narrowing_adds_none(world: World) -> None:
    busy(world)
    city = world.browser("city-baoding")
    for query in ("", "q=有限", "show=new&sort=due", "show=mine&tag=急&sort=name", "show=overdue&q=abcdef12&sort=turn"):
        with counting(world) as statements:
            assert city.get(f"/submissions?{query}", headers=HTMX).status_code == 200
        assert len(statements) == 4, query


@only_sqlite
def test_unnarrowed_counts_are_read_from_their_index_alone(world: World) -> None:
    with counting(world) as statements:
        world.browser("province").get("/submissions")
    query = next(one for one in statements if "GROUP BY" in one)
    with world.app.app_context(), db.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", ("x",) * query.count("?")).all()
    assert any("COVERING INDEX ix_submissions_counts" in step[-1] for step in plan), plan


@only_sqlite
def test_roster_brings_the_initials(world: World) -> None:
    with world.app.app_context():
        names = db.session.execute(select(Organisation.name, Organisation.initials)).all()
    assert len(names) > 100
    assert [name for name, letters in names if letters != initials(name)[:200] or not letters] == []
