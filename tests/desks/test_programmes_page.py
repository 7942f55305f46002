"""The page of the programmes' versions: what there is, bringing one, looking at it, keeping it."""

from __future__ import annotations

import html
import io
import re

from sqlalchemy import event, select
from werkzeug.test import TestResponse

from hbreview.extensions import db
from hbreview.model import ProgrammeVersion
from hbreview.programmes import loader
from tests.trust.desk_hands import HTMX, only_sqlite
from tests.trust.page_forms import press
from tests.worlds import Browser, World

TEXT = loader.source_text("platform", 2019)
SHIPPED = loader.shipped("platform", 2019).digest
NEXT = (
    TEXT.replace("year = 2019", "year = 2020", 1)
    .replace('name = { zh = "日常调度", en = "Routine reporting" }', 'name = { zh = "日常报送", en = "Reports" }')
    .replace('unit = "台/套"', 'unit = "台"')
)
HOSTILE_TEXT = "<script>alert(1)</script>{{ 7*7 }}"


def bring(browser: Browser, content: str | bytes, name: str = "programme.toml", **typed: str) -> TestResponse:
    raw = content.encode() if isinstance(content, str) else content
    return press(browser, browser.get("/programmes"), "/programmes", {"file": (raw, name), **typed})


def text_of(answer: TestResponse) -> str:
    plain = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))
    return html.unescape(re.sub(r"\s+", " ", plain))


@only_sqlite
def test_the_page_shows_what_there_is_and_which_rounds_use_it(world: World) -> None:
    said = text_of(world.browser("province").get("/programmes"))
    assert SHIPPED[:12] in said
    assert loader.shipped("base", 2019).digest[:12] in said
    assert "2019年度运营情况评价" in said


@only_sqlite
def test_a_version_is_brought_looked_at_and_kept(world: World) -> None:
    province = world.browser("province")
    answer = bring(province, NEXT, year="2020", programme="platform")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    page = province.get(answer.location)
    said = text_of(page)
    assert SHIPPED[:12] in said  # what it is compared with
    for shown in ("日常调度", "日常报送", "台/套", "2020"):
        assert shown in said
    before = world.dump()
    assert province.get(answer.location).status_code == 200
    assert world.dump() == before
    kept = press(province, page, "/programme-versions", {"note": "按新通知调整"})
    assert kept.status_code == 303
    said = text_of(province.get(kept.location))
    assert "按新通知调整" in said
    assert "省工作组甲" in said
    assert 'action="/programme-versions"' not in province.get(kept.location).get_data(as_text=True)
    assert "按新通知调整" in text_of(province.get("/programmes"))


@only_sqlite
def test_the_difference_can_be_taken_to_another_version(world: World) -> None:
    province = world.browser("province")
    first = press(province, province.get(bring(province, NEXT).location), "/programme-versions", {"note": "甲"})
    second = bring(province, NEXT.replace('pass_mark = "60"', 'pass_mark = "65"'))
    # The usual one is the newest of the same year.
    said = text_of(province.get(second.location))
    assert "日常调度" not in said
    part = province.get(f"{second.location}?against={SHIPPED}", headers=HTMX)
    assert part.status_code == 200
    assert "<html" not in part.get_data(as_text=True)
    assert "日常调度" in text_of(part)
    # A kept one is compared with what was before it.
    press(province, province.get(second.location), "/programme-versions", {"note": "乙"})
    assert f'value="{SHIPPED}" selected' in province.get(first.location).get_data(as_text=True)
    first_digest = first.location.rpartition("/")[2]
    assert f'value="{first_digest}" selected' in province.get(second.location).get_data(as_text=True)


@only_sqlite
def test_what_is_refused_comes_back_with_its_reasons_and_what_was_typed(world: World) -> None:
    province = world.browser("province")
    before = world.dump()
    answer = bring(province, TEXT.replace('weight = "12"', 'weight = "11"', 1), year="2019")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert 'id="file-problem"' in page
    assert "99" in text_of(answer)
    assert re.search(r'name="year"[^>]*value="2019"', page)
    for year in ("20x0", "99999", "２０２０"):
        answer = bring(province, TEXT, year=year)
        assert answer.status_code == 422
        assert 'id="year-problem"' in answer.get_data(as_text=True)
    assert province.post("/programmes", {"year": "2019"}).status_code == 422
    answer = province.post("/programmes", {"file": (io.BytesIO(b"x" * ((1 << 20) + 1)), "big.toml")})
    assert answer.status_code in {413, 422}
    assert world.dump() == before


@only_sqlite
def test_a_workbook_goes_out_and_comes_back(world: World) -> None:
    province = world.browser("province")
    book = province.client.get(f"/programmes/{SHIPPED}/fields.xlsx")
    assert book.data.startswith(b"PK")
    assert "filename*=UTF-8''" in book.headers["Content-Disposition"]
    answer = bring(province, book.data, "fields.xlsx", base=SHIPPED, year="2020")
    assert answer.status_code == 303
    toml = province.get(f"{answer.location}/programme.toml")
    assert toml.get_data(as_text=True) == TEXT.replace("year = 2019", "year = 2020", 1)
    assert bring(province, book.data, "fields.xlsx").status_code == 422


@only_sqlite
def test_hostile_words_of_a_programme_stay_words(world: World) -> None:
    province = world.browser("province")
    text = NEXT.replace('zh = "平台名称", en = "Platform name"', f'zh = "{HOSTILE_TEXT}", en = "{HOSTILE_TEXT}"')
    assert text != NEXT
    answer = bring(province, text)
    assert answer.status_code == 303
    page = province.get(answer.location).get_data(as_text=True)
    assert "<script>alert(1)" not in page
    assert "{{ 7*7 }}" in html.unescape(page)
    assert bring(province, NEXT.replace('key = "platform_name"', f'key = "{HOSTILE_TEXT}"')).status_code == 422


@only_sqlite
def test_addresses_that_nothing_answers_to(world: World) -> None:
    province = world.browser("province")
    stored = next(path.name for path in world.app.config["SETTINGS"].storage.rglob("*") if path.is_file())
    for digest in ("0" * 64, stored, "keep", "x" * 64, SHIPPED[:12], SHIPPED.upper()):
        for ending in ("", "/fields.xlsx", "/programme.toml"):
            assert province.get(f"/programmes/{digest}{ending}").status_code == 404, digest
    assert province.post("/programme-versions", {"digest": "0" * 64}).status_code == 404
    assert province.post("/programme-versions", {}).status_code == 404


@only_sqlite
def test_keeping_twice_with_one_key_is_one_version_and_without_it_is_told(world: World) -> None:
    province = world.browser("province")
    address = bring(province, NEXT).location
    data = {"digest": address.rpartition("/")[2], "note": "", "request_key": "once"}
    assert [province.post("/programme-versions", data).status_code for _time in range(2)] == [303, 303]
    again = province.post("/programme-versions", data | {"request_key": "twice", "note": "另一个"})
    assert again.status_code == 422
    assert 'id="note-problem"' in again.get_data(as_text=True)
    assert "另一个" in text_of(again)
    with world.app.app_context():
        kept = select(ProgrammeVersion).where(ProgrammeVersion.uploaded_by.is_not(None))
        assert len(list(db.session.scalars(kept))) == 1


@only_sqlite
def test_the_pages_cost_the_same_however_many_versions_there_are(world: World) -> None:
    province = world.browser("province")
    statements: list[str] = []
    with world.app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    def cost(path: str) -> int:
        province.get(path)
        statements.clear()
        assert province.get(path).status_code == 200
        return len(statements)

    def keep_another(number: int) -> None:
        answer = bring(province, NEXT + f"# {number}\n")
        assert press(province, province.get(answer.location), "/programme-versions").status_code == 303

    paths = ("/programmes", f"/programmes/{SHIPPED}")
    keep_another(0)
    before = [cost(path) for path in paths]
    for number in (1, 2, 3):
        keep_another(number)
    assert [cost(path) for path in paths] == before


@only_sqlite
def test_nobody_else_gets_there(world: World) -> None:
    for login in ("admin", "expert", "auditor", "hb0001", "city-shijiazhuang"):
        browser = world.browser(login)
        assert browser.get("/programmes").status_code == 403, login
        assert browser.post("/programmes", {"file": (io.BytesIO(NEXT.encode()), "a.toml")}).status_code == 403
        assert browser.get(f"/programmes/{SHIPPED}").status_code == 403
        assert browser.post("/programme-versions", {"digest": SHIPPED}).status_code == 403
