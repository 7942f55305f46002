"""The pool of experts and the draw, by plain forms: shown before it is kept, refused beside what was typed."""

from __future__ import annotations

import html
import re

from werkzeug.test import TestResponse

from tests.acts.expert_pool import entries, hire_expert, hire_many, know, live, scorers, the_round
from tests.acts.test_reviewing import only_sqlite, person
from tests.desks.test_query_counts import count
from tests.trust.page_forms import press
from tests.worlds import Browser, World

pytestmark = only_sqlite


def text_of(response: TestResponse) -> str:
    return html.unescape(response.get_data(as_text=True))


def follow(browser: Browser, answer: TestResponse) -> TestResponse:
    assert answer.status_code == 303, text_of(answer)
    return browser.get(answer.headers["Location"].partition("#")[0])


def test_expert_is_invited_with_facts_and_changed_later(world: World) -> None:
    province, submission = world.browser("province"), world.submission("audited")
    page = province.get("/experts")
    advised = f"{submission.organisation_name}\n某某<b>咨询公司"
    typed = {"name": "张评审", "login": "zhang", "field": "finance", "employer": "河北大学", "advised": advised}
    page = press(province, page, "/experts", {**typed, "region": "baoding", "reserve": "1"})
    assert page.status_code == 200
    assert re.search(r"<code>(\w{4}-){3}\w{4}</code>", text_of(page))
    person_id = person(world, "zhang").public_id
    page = province.get(f"/experts/{person_id}")
    shown = page.get_data(as_text=True)
    assert 'value="河北大学"' in shown and 'value="finance" selected' in shown and 'value="baoding" selected' in shown
    assert shown.count('class="doubt"') == 1 and "某某&lt;b&gt;咨询公司" in shown
    page = follow(province, press(province, page, f"/experts/{person_id}", {"employer": "燕山大学"}))
    assert 'class="saved" role="status"' in text_of(page) and "燕山大学" in text_of(province.get("/experts"))
    (entry,) = entries(world, "change_expert")
    assert entry.data == {"before": {"employer": "河北大学"}, "after": {"employer": "燕山大学"}}
    assert world.faults() == []


def test_known_names_are_hinted_at(world: World) -> None:
    name = world.submission("audited").organisation_name
    know(world, "expert", advised=[name[:-2]], version=1)
    shown = text_of(world.browser("province").get(f"/experts/{person(world, 'expert').public_id}"))
    assert re.search(rf'class="doubt">[^<]*{re.escape(name)}', shown)


def test_what_is_refused_stands_beside_what_was_typed(world: World) -> None:
    province, before = world.browser("province"), world.dump()
    long = "长<" * 101
    cases = [
        ({"name": "", "login": "x"}, ("name",)),
        ({"name": "甲", "login": "expert"}, ("login",)),
        ({"name": "甲", "login": "x", "field": "magic", "region": "mars"}, ("field", "region")),
        ({"name": "甲", "login": "x", "employer": long}, ("employer",)),
        ({"name": "甲", "login": "x", "advised": long}, ("advised",)),
    ]  # fmt: skip
    for typed, fields in cases:
        answer = province.post("/experts", typed)
        shown = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert [name for name in fields if f'id="{name}-problem"' in shown] == list(fields)
        assert all(html.escape(value) in shown for name, value in typed.items() if name in {"employer", "advised"})
    assert province.post("/experts", {"name": "甲\0", "login": "y\0", "employer": "\0"}).status_code == 200
    assert len(world.dump()["people"]) == len(before["people"]) + 1


def test_facts_bind_the_version_that_was_seen(world: World) -> None:
    province, address = world.browser("province"), f"/experts/{person(world, 'expert').public_id}"
    first, second = province.get(address), province.get(address)
    follow(province, press(province, first, address, {"employer": "甲单位"}))
    answer = press(province, second, address, {"employer": "乙单位"})
    shown = text_of(answer)
    assert answer.status_code == 409 and 'value="乙单位"' in shown and "<dd>甲单位</dd>" in shown
    follow(province, press(province, answer, address, {}))
    assert [entry.data["after"] for entry in entries(world, "change_expert")] == [
        {"employer": "甲单位"},
        {"employer": "乙单位"},
    ]
    assert province.post(address, {"employer": "丙"}).status_code == 400
    assert province.post(address, {"version": "9", "employer": "丙"}).status_code == 400


def test_draw_is_shown_and_then_kept(world: World) -> None:
    hire_many(world, 4)
    know(world, "expert", employer=world.submission("audited").organisation_name, version=1)
    province, address = world.browser("province"), f"/rounds/{the_round(world).public_id}/draw"
    page, before = province.get(address), live(world)
    page = press(province, page, address, {"each": "3", "seed": "公开抽取 42"}, button=("preview", "1"))
    shown = text_of(page)
    assert page.status_code == 200 and live(world) == before
    assert 'value="公开抽取 42"' in shown and 'name="keep"' in shown and 'name="digest"' in shown
    again = press(province, page, address, button=("preview", "1"))
    assert _table(shown) == _table(text_of(again))
    page = follow(province, press(province, page, address, button=("keep", "1")))
    assert 'class="saved" role="status"' in text_of(page) and "公开抽取 42" in text_of(page)
    assert len(live(world)) > len(before)
    assert len(entries(world, "draw_lots")) == 1
    assert world.faults() == []


def _table(page: str) -> str:
    return page.partition('id="preview"')[2].partition("</section>")[0].partition("<h3>")[2]


def test_draw_of_another_pool_is_shown_afresh(world: World) -> None:
    hire_many(world, 2)
    province, address = world.browser("province"), f"/rounds/{the_round(world).public_id}/draw"
    page = press(province, province.get(address), address, {"each": "2"}, button=("preview", "1"))
    hire_expert(world, "late")
    answer = press(province, page, address, button=("keep", "1"))
    assert answer.status_code == 409 and "专家late" in text_of(answer) and 'role="alert"' in text_of(answer)
    assert entries(world, "draw_lots") == []
    follow(province, press(province, answer, address, button=("keep", "1")))
    assert len(entries(world, "draw_lots")) == 1


def test_settings_that_cannot_be_are_said_beside_them(world: World) -> None:
    province, address = world.browser("province"), f"/rounds/{the_round(world).public_id}/draw"
    for typed, name in (({"each": "0"}, "each"), ({"each": "½"}, "each"), ({"each": "1", "seed": ""}, "seed")):
        for button in ("preview", "keep"):
            answer = province.post(address, {"seed": "1", **typed, button: "1"})
            assert answer.status_code == 422 and f'id="{name}-problem"' in text_of(answer)


def test_pages_cost_the_same_however_many_there_are(world: World) -> None:
    province, address = world.browser("province"), f"/rounds/{the_round(world).public_id}/draw"
    expert = f"/experts/{person(world, 'expert').public_id}"
    addresses = ("/experts", expert, address)
    few = [count(world, province, one) for one in addresses]
    hire_many(world, 4)
    for seed in ("1", "2"):
        page = press(province, province.get(address), address, {"each": "2", "seed": seed}, button=("preview", "1"))
        province.post(address, {"each": "2", "own_city": "1", "seed": seed, "digest": _digest(page), "keep": "1"})
    assert len(entries(world, "draw_lots")) == 1
    assert [count(world, province, one) for one in addresses] == few
    assert max(few) <= 16


def _digest(page: TestResponse) -> str:
    found = re.search(r'name="digest" value="(\w+)"', text_of(page))
    assert found
    return found.group(1)


def test_hand_over_names_what_stays(world: World) -> None:
    submission = world.submission("audited")
    deputy = hire_expert(world, "deputy", employer=submission.organisation_name)
    province, address = world.browser("province"), f"/experts/{person(world, 'expert').public_id}"
    page = province.get(f"{address}?to={deputy}")
    assert submission.organisation_name in text_of(page)
    page = follow(province, press(province, page, "/hand-over", {"to": deputy}))
    shown = text_of(page)
    assert submission.organisation_name in shown and world.submission("draft").organisation_name not in shown
    assert 'class="saved" role="status"' in shown
    answer = press(province, page, "/hand-over", {"to": ""})
    assert answer.status_code == 422 and 'id="to-problem"' in text_of(answer)
    assert province.post(f"{address}/hand-over", {"to": deputy, "round": "nothing"}).status_code == 400
    assert world.faults() == []


def test_further_expert_by_its_address(world: World) -> None:
    submission, province = world.submission("audited"), world.browser("province")
    address = f"/submissions/{submission.public_id}/further-expert"
    assert province.post(address).status_code == 422
    hire_many(world, 1)
    assert province.post(address).status_code == 303
    assert scorers(world, submission) == ["expert", "pool0"]
    assert province.post(f"/submissions/{world.submission('scored').public_id}/further-expert").status_code == 409


def test_only_the_province_has_these_pages(world: World) -> None:
    round_id, expert_id = the_round(world).public_id, person(world, "expert").public_id
    addresses = ("/experts", f"/experts/{expert_id}", f"/rounds/{round_id}/draw")
    for login in ("expert", "auditor", "admin", "city-baoding", "hb0001"):
        browser = world.browser(login)
        assert {browser.get(one).status_code for one in addresses} == {403}
        assert browser.post(f"/experts/{expert_id}/hand-over").status_code == 403
    province = world.browser("province")
    for one in ("/experts/nobody", f"/experts/{person(world, 'admin').public_id}", "/rounds/nothing/draw"):
        assert province.get(one).status_code == province.post(one).status_code == 404
