"""The page of a city: its parts by plain forms and alone, refused beside what was typed, and never another city's."""

from __future__ import annotations

import html
import re
from datetime import timedelta

from werkzeug.test import TestResponse

from hbreview.clock import today
from tests.acts.test_reviewing import only_sqlite, person
from tests.desks.test_query_counts import count
from tests.trust.page_forms import press
from tests.worlds import Browser, World

pytestmark = only_sqlite
CITY, OTHER = "city-baoding", "city-tangshan"
HTMX = {"HX-Request": "true"}


def text_of(response: TestResponse) -> str:
    return html.unescape(response.get_data(as_text=True))


def follow(browser: Browser, answer: TestResponse) -> TestResponse:
    assert answer.status_code == 303, text_of(answer)
    return browser.get(answer.headers["Location"].partition("#")[0])


def test_the_whole_page_goes_by_plain_forms(world: World) -> None:
    city, day = world.browser(CITY), today().isoformat()
    page = city.get("/city")
    assert 'href="/city"' in text_of(page)
    naming = {"login": OTHER, "first_day": day, "last_day": day}
    page = follow(city, press(city, page, "/city/deputies", naming))
    assert f"<strong>{person(world, OTHER).name}</strong>" in text_of(page)
    assert 'role="status">' in text_of(page)
    page = follow(city, press(city, page, "/city/phrases", {"kind": "return", "text": "请<b>补充</b>"}))
    assert "请&lt;b&gt;补充&lt;/b&gt;" in page.get_data(as_text=True)
    page = follow(city, press(city, page, "/city/second-check", button=("wanted", "1")))
    page = follow(city, press(city, page, "/city/second-check", button=("wanted", "0")))
    page = follow(city, press(city, page, "/drop"))
    assert "请<b>补充" not in text_of(page)
    deputy = world.browser(OTHER)
    page = deputy.get("/city")
    assert f"<strong>{person(world, CITY).name}</strong>" in text_of(page)
    page = follow(deputy, press(deputy, page, "/end"))
    assert "<strong>" not in text_of(page)
    assert "<strong>" not in text_of(city.get("/city"))
    assert world.faults() == []


def test_each_act_answers_with_its_part_alone(world: World) -> None:
    city, day = world.browser(CITY), today().isoformat()
    cases = [
        ("/city/deputies", {"login": OTHER, "first_day": day, "last_day": day}, "deputies"),
        ("/city/phrases", {"kind": "approve", "text": "同意推荐。"}, "phrases"),
        ("/city/second-check", {"wanted": "1"}, "second_check"),
    ]
    for address, data, part in cases:
        response = city.post(address, data, headers=HTMX)
        text = text_of(response)
        assert response.status_code == 200, address
        assert (text.count("<section"), f'id="{part}"' in text, "<html" in text) == (1, True, False)
        assert 'class="saved" role="status"' in text


def test_what_is_refused_stands_beside_what_was_typed(world: World) -> None:
    city, late = world.browser(CITY), (today() - timedelta(1)).isoformat()
    naming = {"login": '"nobody', "first_day": late, "last_day": "bald"}
    cases = [
        ("/city/deputies", naming, ("login", "first_day", "last_day"), ('value="&#34;nobody"', f'value="{late}"')),
        ("/city/phrases", {"kind": "return", "text": "<长" * 300}, ("text",), ("&lt;长" * 300, 'return" selected')),
    ]
    before = world.dump()
    for address, data, fields, typed in cases:
        for headers in ({}, HTMX):
            response = city.post(address, data, headers=headers)
            text = response.get_data(as_text=True)
            assert (response.status_code, "<html" in text) == (422, not headers), (address, headers)
            for field in fields:
                assert f'aria-describedby="{field}-problem"' in text, field
                assert f'id="{field}-problem"' in text, field
            assert all(one in text for one in typed), text
    for address, data in (("/city/phrases", {"kind": "x", "text": "y"}), ("/city/second-check", {})):
        assert city.post(address, data).status_code == 400
    assert world.dump() == before


def test_pressed_twice_is_done_once(world: World) -> None:
    city, day = world.browser(CITY), today().isoformat()
    page = city.get("/city")
    naming = {"login": OTHER, "first_day": day, "last_day": day}
    for ending, typed in (("/deputies", naming), ("/phrases", {"kind": "approve", "text": "同意推荐。"})):
        assert [press(city, page, ending, typed).status_code for _time in range(2)] == [303, 303]
    page = city.get("/city")
    assert text_of(page).count("同意推荐。") == 1
    dropped = [press(city, page, "/drop").status_code for _time in range(2)]
    assert dropped == [303, 303]


def test_another_city_sees_and_touches_nothing_of_it(world: World) -> None:
    city, other, day = world.browser(CITY), world.browser(OTHER), today().isoformat()
    city.post("/city/phrases", {"kind": "approve", "text": "同意推荐。"})
    city.post("/city/deputies", {"login": "city-chengde", "first_day": day, "last_day": day})
    city.post("/city/second-check", {"wanted": "1"})
    page = text_of(other.get("/city"))
    assert "同意推荐。" not in page
    assert person(world, CITY).name not in page
    assert 'name="wanted" value="1"' in page
    before = [rows for name, rows in world.dump().items() if not name.startswith("journal")]
    actions = re.findall(r'action="(/city/[^"]+/(?:end|drop))"', text_of(city.get("/city")))
    assert len(actions) == 2
    assert [other.post(action).status_code for action in actions] == [404, 404]
    assert [rows for name, rows in world.dump().items() if not name.startswith("journal")] == before
    for login in ("province", "hb0001", "expert", "admin"):
        browser = world.browser(login)
        assert browser.get("/city").status_code == 403
        assert 'href="/city"' not in text_of(browser.get("/account"))


def test_page_takes_the_same_statements_however_much_is_kept(world: World) -> None:
    city, day = world.browser(CITY), today()
    found = [count(world, city, "/city")]
    for number in range(5):
        days = {name: (day + timedelta(number)).isoformat() for name in ("first_day", "last_day")}
        assert city.post("/city/deputies", {"login": OTHER, **days}).status_code == 303
        assert city.post("/city/phrases", {"kind": "approve", "text": f"第{number}句"}).status_code == 303
    found.append(count(world, city, "/city"))
    assert found == [4, 4]
