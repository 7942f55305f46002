"""The city's summary: what is open, the table, and the same as files; no row of another city, no score early."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import timedelta
from decimal import Decimal
from typing import Any

import docx
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import update

from hbreview.clock import now, today
from hbreview.extensions import db
from hbreview.model import Deputy, Interest, Round, Submission
from hbreview.programmes.loader import regions
from hbreview.words import RoundState, State
from tests.acts.test_reviewing import do, hire, person
from tests.desks.selections import (
    CITY,
    OPINION,
    approval,
    done_since,
    gather,
    last_entry,
    report,
    reviewer,
)
from tests.desks.test_query_counts import count
from tests.trust.page_forms import forms_of
from tests.worlds import Browser, World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HREF = re.compile(r'class="count" href="([^"]+)">[^<]*<b>(\d+)</b>')


def read(browser: Browser, path: str = "/summary") -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def names(page: str) -> list[str]:
    """Whose rows the table has."""
    return re.findall(r'<tr><td><a href="/submissions/(\w+)"', page)


def late(world: World) -> None:
    """The round's days are over, and it is still open."""
    over = today() - timedelta(1)
    do(world, lambda session: session.execute(update(Round).values(enterprise_deadline=over, city_deadline=over)))


def test_open_items_count_what_the_queue_shows(world: World) -> None:
    gather(world, 4, state=State.DRAFT)
    returned = world.submission("returned")
    do(world, lambda session: session.execute(
        update(Submission).where(Submission.id.in_([returned.id, world.submission("submitted").id])).values(region=CITY)
    ))  # fmt: skip
    late(world)
    for browser in (reviewer(world), world.browser("province")):
        page = read(browser, f"/summary?city={CITY}")
        counted = {address: int(number) for address, number in HREF.findall(page)}
        assert list(counted.values()) == [5, 4, 1, 1, 6]
        for address, number in counted.items():
            assert read(browser, address).count('<tr id="row-') == number, address


def test_all_that_are_late_are_reminded_by_one_button(world: World) -> None:
    drafts = gather(world, 5, state=State.DRAFT)
    city = reviewer(world)
    assert len([f for f in forms_of(city.get("/summary")) if f.action == "/selection"]) == 1
    do(world, lambda session: session.execute(
        update(Submission).where(Submission.id == drafts[0].id).values(extended_to=today() + timedelta(5))
    ))  # fmt: skip
    late(world)
    first, everyone = [f for f in forms_of(city.get("/summary")) if f.action == "/selection"]
    assert [len([v for n, v in form.fields if n == "row"]) for form in (first, everyone)] == [4, 5]
    before = last_entry(world)
    data: dict[str, Any] = {"do": "remind", "row": [v for n, v in first.fields if n == "row"]}
    answer = city.post("/selection", data | {"request_key": dict(first.fields)["request_key"]})
    assert [done for done, _, _ in report(answer)] == [True] * 4
    assert sorted(done_since(world, before, "remind")) == sorted(one.id for one in drafts[1:])
    do(world, lambda session: session.execute(update(Round).values(state=RoundState.CLOSED)))
    assert not [f for f in forms_of(city.get("/summary")) if f.action == "/selection"]


@only_sqlite
def test_a_city_sees_its_own_rows_whatever_it_asks_for(world: World) -> None:
    own = gather(world, 3)
    city = reviewer(world)
    for path in ("/summary", "/summary?city=shijiazhuang", "/summary?city=nowhere", "/summary?round=none"):
        page = read(city, path)
        assert sorted(names(page)) == sorted(one.public_id for one in own), path
        assert "唐山" in page
        assert 'name="city"' not in page
    with world.app.app_context():
        others = db.session.query(Submission.organisation_name).filter(Submission.region != CITY).all()
    sent = city.client.get("/summary.xlsx?city=shijiazhuang")
    table = CalamineWorkbook.from_filelike(io.BytesIO(sent.data)).get_sheet_by_index(0).to_python()
    word = docx.Document(io.BytesIO(city.client.get("/summary.docx?city=shijiazhuang").data))
    text = str(table) + str([[cell.text for cell in row.cells] for row in word.tables[0].rows])
    assert "石家庄" not in text
    assert not any(f"'{name}'" in text for (name,) in others if name not in {one.organisation_name for one in own})
    assert all(text.count(one.organisation_name) >= 2 for one in own)
    assert "%E5%94%90%E5%B1%B1" in sent.headers["Content-Disposition"]
    assert "唐山" in word.core_properties.title


@only_sqlite
def test_opinion_and_seal_date_stand_in_it_and_go_with_the_opinion(world: World) -> None:
    own = gather(world, 2)
    city = reviewer(world)
    city.post("/selection", approval(own[:1]))
    page = read(city)
    assert page.count(OPINION) == 1
    assert today().isoformat() in page
    world.fire(world.browser("province"), own[0], "send_back", reason="请补充")
    assert OPINION not in read(city)


@only_sqlite
def test_no_total_reaches_a_city_before_the_round_is_final(world: World) -> None:
    scored = world.submission("scored")
    do(world, lambda session: session.execute(
        update(Submission).where(Submission.id == scored.id).values(total=Decimal("87.7"))
    ))  # fmt: skip
    city, province = world.city(scored), world.browser("province")
    address = f"/summary?city={scored.region}"
    for state in (RoundState.OPEN, RoundState.CLOSED, RoundState.PUBLICISED):
        do(world, lambda session, state=state: session.execute(update(Round).values(state=state)))
        assert "87.7" not in read(city, address)
        for kind in ("xlsx", "docx"):
            assert b"87.7" not in unpacked(city.client.get(f"/summary.{kind}").data)
        assert "87.7" in read(province, address)
    do(world, lambda session: session.execute(update(Round).values(state=RoundState.FINALISED)))
    assert "87.7" in read(city, address)
    assert b"87.7" in unpacked(city.client.get("/summary.docx").data)


def unpacked(content: bytes) -> bytes:
    """All parts of an office file together."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return b"".join(packed.read(name) for name in packed.namelist())


@only_sqlite
def test_a_deputy_chooses_and_an_interest_hides(world: World) -> None:
    own = gather(world, 2)
    hire(world, "other", "langfang")
    here, other = person(world, f"city-{CITY}"), person(world, "other")

    def stand_in(session: Any) -> None:
        deputy = Deputy(
            person_id=other.id, deputy_id=here.id, first_day=today(), last_day=today(), created_at=now()
        )  # fmt: skip
        session.add(deputy)
        session.add(Interest(person_id=here.id, organisation_id=own[0].organisation_id, created_at=now()))

    do(world, stand_in)
    city = reviewer(world)
    page = read(city)
    assert re.findall(r'<option value="(\w+)"( selected)?>', page)[:2] == [(CITY, " selected"), ("langfang", "")]
    assert names(page) == [own[1].public_id]
    there = names(read(city, "/summary?city=langfang"))
    assert there
    assert not {one.public_id for one in own} & set(there)
    assert len(re.findall(r'<option value="(\w+)"', read(world.browser("province")))) == len(regions())


@only_sqlite
def test_the_page_takes_the_same_statements_for_1_and_40_rows(world: World) -> None:
    gather(world, 40)
    city, province = reviewer(world), world.browser("province")
    assert count(world, city, "/summary") == STATEMENTS
    assert count(world, province, "/summary?city=chengde") == STATEMENTS
    do(world, lambda session: session.execute(
        update(Submission).where(Submission.region == CITY).values(region="chengde")
    ))  # fmt: skip
    assert count(world, city, "/summary") == STATEMENTS
    for _time in range(2):
        assert "<table" not in read(city)


STATEMENTS = 3
