"""What is publicised, to everybody; objecting to it without an account; and how the province answers."""

from __future__ import annotations

import html
import io
import re

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from hbreview.extensions import db
from hbreview.model import Objection
from hbreview.words import RoundTrigger
from tests.acts import deciding_hands as hands
from tests.trust.desk_hands import pdf
from tests.worlds import Browser, World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TEXT = "公示的结果与事实不符，请核实。"


def text_of(answer: TestResponse) -> str:
    return html.unescape(answer.get_data(as_text=True))


def send(browser: Browser, path: str, *files: tuple[bytes, str], **said: str) -> TestResponse:
    data = {"name": "张三丰", "contact": "0311-7654321", "text": TEXT, "designation": "", **said}
    sent = [(io.BytesIO(content), name) for content, name in files]
    return browser.post(path, {**data, "file": sent})


def objections(world: World) -> list[Objection]:
    with world.app.app_context():
        return list(db.session.scalars(select(Objection).order_by(Objection.number)))


@only_sqlite
def test_what_is_publicised_is_for_everybody_without_scores_and_ends(world: World) -> None:
    stranger, scored = world.stranger(), world.submission("scored")
    round_ = hands.the_round(world)
    path = f"/publicity/{round_.public_id}"
    assert stranger.get(path).status_code == 404
    assert round_.title not in text_of(stranger.get("/publicity"))
    hands.set_publicity(world, 5)
    hands.publicise(world)
    assert path in text_of(stranger.get("/publicity"))
    page = text_of(stranger.get(path))
    for part in (scored.organisation_name, world.submission("draft").organisation_name, "合格", "不合格"):
        assert part in page
    assert str(scored.total) not in page
    assert f"{path}/objections" in page
    assert "材料未齐" not in page
    hands.end_publicity(world)
    assert f"{path}/objections" not in text_of(stranger.get(path))
    refused = send(stranger, f"{path}/objections", (pdf(), "a.pdf"))
    assert refused.status_code == 422
    hands.fire(world, RoundTrigger.FINALISE, "province2")
    final = stranger.get(path)
    assert (final.status_code, final.location) == (303, f"/designations?round={round_.public_id}")
    assert stranger.get(f"{path}/objections").status_code == 404


@only_sqlite
def test_a_stranger_objects_and_nobody_else_learns_of_it(world: World) -> None:
    hands.publicise(world)
    stranger, path = world.stranger(), f"/publicity/{hands.the_round(world).public_id}/objections"
    line = hands.line_of(world, world.submission("scored"))
    form = text_of(stranger.get(f"{path}?designation={line.id}"))
    assert f'<option value="{line.id}" selected>' in form
    answer = send(stranger, path, (pdf(), "证据.pdf"), designation=str(line.id))
    assert answer.status_code == 303
    received = stranger.get(answer.headers["Location"])
    assert received.status_code == 200
    for address in (answer.headers["Location"], path, f"/publicity/{hands.the_round(world).public_id}", "/publicity"):
        page = text_of(stranger.get(address))
        for hidden in ("张三丰", "0311-7654321", TEXT, "证据.pdf"):
            assert hidden not in page, address
    row = objections(world)[0]
    assert (row.number, row.designation_id, row.recorded_by) == (1, line.id, None)
    for address in (f"/objections/{row.public_id}", f"/objections/{row.public_id}/files/1"):
        assert stranger.get(address).status_code in {302, 303, 401}
        assert world.browser("expert").get(address).status_code == 403


@only_sqlite
@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"contact": " "}, ["contact"]),
        ({"text": "短"}, ["text"]),
        ({"name": "", "contact": "", "text": "<script>alert(1)</script>" * 300}, ["name", "contact", "text"]),
    ],
)
def test_a_refused_form_keeps_what_was_typed_and_says_why_beside_it(
    world: World, said: dict[str, str], fields: list[str]
) -> None:
    hands.publicise(world)
    stranger, path = world.stranger(), f"/publicity/{hands.the_round(world).public_id}/objections"
    stranger.get(path)
    answer = send(stranger, path, **said)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.findall(r'<p class="problem" id="(\w+)-problem"', page) == [*fields, "file"]
    typed = {"name": "张三丰", "contact": "0311-7654321", "text": TEXT, **said}
    for value in typed.values():
        assert value[:6000].strip() in html.unescape(page)
    assert "<script>alert" not in page
    assert objections(world) == []


@only_sqlite
def test_a_form_without_the_token_is_refused(world: World) -> None:
    hands.publicise(world)
    path = f"/publicity/{hands.the_round(world).public_id}/objections"
    answer = world.stranger().client.post(path, data={"name": "张三", "contact": "1", "text": TEXT})
    assert answer.status_code == 400
    assert objections(world) == []


@only_sqlite
def test_the_province_reads_answers_and_changes_the_outcome(world: World) -> None:
    hands.publicise(world)
    round_, scored = hands.the_round(world), world.submission("scored")
    line = hands.line_of(world, scored)
    stranger, province = world.stranger(), world.browser("province")
    send(stranger, f"/publicity/{round_.public_id}/objections", (pdf("一"), "证据<b>.pdf"), designation=str(line.id))
    row = objections(world)[0]
    path = f"/objections/{row.public_id}"
    assert path in text_of(province.get(f"/rounds/{round_.public_id}/objections"))
    page = text_of(province.get(path))
    assert "张三丰" in page
    assert TEXT in page
    file = province.client.get(f"{path}/files/1")
    assert file.get_data() == pdf("一")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert province.get(f"{path}/files/2").status_code == 404
    assert province.get(f"{path}/answer").status_code == 404
    said = {"version": "1", "upheld": "yes", "answer": "", "change": "1", "outcome": "fail", "reason": "材料虚假"}
    refused = province.post(path, said)
    assert refused.status_code == 422
    assert "材料虚假" in text_of(refused)
    assert 'id="answer-problem"' in text_of(refused)
    assert province.post(path, {**said, "answer": "经核实属实。"}).status_code == 303
    assert province.post(path, {**said, "answer": "经核实属实。"}).status_code == 409
    assert "经核实属实。" in text_of(province.get(f"{path}/answer"))
    assert str(hands.line_of(world, scored).outcome) == "fail"
    page = text_of(province.get(f"/rounds/{round_.public_id}/ranking?by_hand=1"))
    assert page.count('id="row-') == 1
    assert "材料虚假" not in text_of(stranger.get(f"/publicity/{round_.public_id}"))


@only_sqlite
def test_the_province_records_what_came_on_paper(world: World) -> None:
    hands.publicise(world)
    province, path = world.browser("province"), f"/rounds/{hands.the_round(world).public_id}/objections"
    refused = send(province, path, (pdf(), "信.pdf"), received_on="昨天")
    assert refused.status_code == 422
    assert 'id="received_on-problem"' in text_of(refused)
    assert "张三丰" in text_of(refused)
    day = re.findall(r'name="received_on" value="([0-9-]+)"', text_of(province.get(path)))[0]
    assert send(province, path, (pdf(), "信.pdf"), received_on=day).status_code == 303
    assert objections(world)[0].recorded_by is not None


@only_sqlite
def test_papers_of_the_meeting_are_for_the_province(world: World) -> None:
    round_ = hands.the_round(world)
    for kind in ("docx", "xlsx"):
        path = f"/rounds/{round_.public_id}/meeting.{kind}"
        assert world.browser("province").client.get(path).status_code == 200
        assert world.browser("expert").get(path).status_code == 403
        assert world.browser("province").get(f"/rounds/none/meeting.{kind}").status_code == 404
