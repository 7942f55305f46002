"""The enterprise's whole way by plain forms, ended sessions, three returns (H08, H15, S05, field cases)."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from hbreview.acts.imagining import imagine
from hbreview.extensions import db
from hbreview.model import Opinion, Submission
from hbreview.words import State, Trigger
from tests.trust import desk_hands as hands
from tests.trust.desk_hands import HTMX, only_sqlite, pdf
from tests.trust.page_forms import press
from tests.trust.test_concurrency import approval
from tests.trust.test_desk_rules import REMARK, codes, ready, save, submit, workbook
from tests.worlds import Browser, World

pytestmark = only_sqlite


def follow(browser: Browser, answer: TestResponse) -> TestResponse:
    """Where a plain form leads."""
    assert answer.status_code == 303, answer.get_data(as_text=True)[:2000]
    return browser.get(answer.headers["Location"].partition("#")[0])


@pytest.mark.parametrize("programme", ["platform", "base"])
def test_the_whole_way_goes_without_scripts(world: World, programme: str) -> None:
    """H15: fill in, attach, say what it proves, replace, take out, list, sign, send, withdraw, mend, answer, send."""
    draft = world.submission("draft", programme)
    enterprise, home = world.enterprise(draft), hands.address(draft)
    second = hands.hire(world, draft, "second")
    page = follow(enterprise, press(enterprise, enterprise.get("/desk"), "second-signature", button=("wanted", "1")))

    found = hands.programme(world, draft)
    typed = imagine(found, name=draft.organisation_name, site=draft.site_name, seed=3)
    page = follow(enterprise, press(enterprise, enterprise.get(home), "/answers", typed))
    rows = [[n, f"企业{n}", code, "是"] for n, code in enumerate(codes(int(typed["enterprises_served"])))]
    page = follow(enterprise, press(enterprise, page, "/enterprises", {"file": (workbook(rows), "名单.xlsx")}))
    # What the list counts takes the place of what was typed; say why wherever the page still asks.
    page = follow(enterprise, press(enterprise, page, "/answers", typed))
    for _time in range(3):
        wanted = dict.fromkeys(REMARK.findall(page.get_data(as_text=True)), "已核对。")
        page = follow(enterprise, press(enterprise, page, "/answers", wanted))

    page = follow(enterprise, attach(enterprise, page, "organization_seal", (pdf("盖章"), "盖章.pdf")))
    page = follow(enterprise, attach(enterprise, page, "evidence", (pdf("一"), "一.pdf"), (pdf("二"), "二.pdf")))
    first, other = hands.live(world, draft, "evidence")
    proof = enterprise.get(f"/attachments/{first.public_id}/evidence")
    page = follow(enterprise, press(enterprise, proof, "/evidence", {"proves": ["1", "4"], "pages-4": "3-5"}))
    proof = enterprise.get(f"/attachments/{first.public_id}/evidence")
    page = follow(enterprise, press(enterprise, proof, "/replace", {"file": (pdf("新"), "新.pdf")}))
    page = follow(enterprise, press(enterprise, page, f"/attachments/{other.public_id}/remove"))
    assert [row.name for row in hands.live(world, draft, "evidence")] == ["新.pdf"]

    review = enterprise.get(f"{home}/review")
    assert press(enterprise, review, "/submit", {"declared": "1"}).status_code == 422
    assert follow(enterprise, press(enterprise, review, "/sign-off", button=("say", "ask")))
    signing = second.get(f"{home}/review")
    page = follow(second, press(second, signing, "/sign-off", button=("say", "sign")))
    undeclared = press(enterprise, enterprise.get(f"{home}/review"), "/submit")
    assert undeclared.status_code == 422
    page = follow(enterprise, press(enterprise, undeclared, "/submit", {"declared": "1"}))
    assert world.now(draft).state is State.SUBMITTED
    page = follow(enterprise, press(enterprise, page, "/withdraw"))
    assert world.now(draft).state is State.DRAFT
    page = follow(enterprise, press(enterprise, enterprise.get(f"{home}/review"), "/submit", {"declared": "1"}))
    mend_and_send(world, draft, second)
    assert world.now(draft).revision_number == 3
    assert world.faults() == []


def mend_and_send(world: World, draft: Submission, second: Browser) -> None:
    """The city returns the form; what it asks for is mended, answered, signed and sent again."""
    enterprise, city, home = world.enterprise(draft), world.city(draft), hands.address(draft)
    told = city.get(f"{home}/indicators/4")
    assert follow(city, press(city, told, "/indicators/4/comments", {"body": "请补充台账", "visibility": "enterprise"}))
    page = follow(city, press(city, city.get(home), "/return", {"reason": "请补充"}))
    assert world.now(draft).state is State.DRAFT

    page = enterprise.get(home)
    mend = re.findall(r"/comments/([^/\"]+)/mended", page.get_data(as_text=True))[0]
    page = follow(enterprise, press(enterprise, page, f"/comments/{mend}/mended"))
    thread = enterprise.get(f"{home}/indicators/4?reply={mend}")
    assert follow(enterprise, press(enterprise, thread, "/indicators/4/comments", {"body": "已补充"}))
    page = follow(enterprise, press(enterprise, enterprise.get(home), "/answers", {"contact_person": "新联系人"}))
    review = second.get(f"{home}/review")
    assert "新联系人" in review.get_data(as_text=True)
    follow(second, press(second, review, "/sign-off", button=("say", "sign")))
    follow(enterprise, press(enterprise, enterprise.get(f"{home}/review"), "/submit", {"declared": "1"}))


def attach(browser: Browser, page: TestResponse, place: str, *files: tuple[bytes, str]) -> TestResponse:
    """Press the place's own button: each place has its form, which stands elsewhere on the page."""
    text = page.get_data(as_text=True)
    form = re.search(rf'<form id="upload-{place}".*?</form>', text, re.DOTALL)
    assert form
    assert f'form="upload-{place}">' in text
    data: dict[str, Any] = dict(re.findall(r'type="hidden" name="([^"]+)"[^>]* value="([^"]*)"', form[0]))
    assert data["field"] == place
    action = re.search(r' action="([^"]+)"', form[0])
    assert action
    return browser.client.post(action[1], data={**data, "file": [(io.BytesIO(c), name) for c, name in files]})


def test_a_word_file_is_read_shown_and_taken_over_by_plain_forms(world: World) -> None:
    """7, H15: nothing is changed before it is chosen; what was exported comes back the same."""
    draft = world.submission("draft")
    ready(world, draft)
    enterprise = world.enterprise(draft)
    for ending, kind in (("form.docx", "表.docx"), ("form.xlsx", "表.xlsx")):
        whole = hands.answers(world, draft)
        content = enterprise.client.get(hands.address(draft, ending)).data
        save(world, enterprise, draft, {"contact_person": "", "employees": "", "address": "别处"})
        changed = hands.answers(world, draft)
        seen = press(enterprise, enterprise.get(hands.address(draft)), "/imports", {"file": (content, kind)})
        assert seen.status_code == 200
        assert hands.answers(world, draft) == changed
        page = follow(enterprise, press(enterprise, seen, "/take-over"))
        assert page.status_code == 200
        assert hands.answers(world, draft) == whole, ending
    for content, name in ((b"", "空.docx"), (b"MZ", "假.docx"), (pdf(), "表.pdf"), (b"PK\x03\x04", "坏.xlsx")):
        answer = press(enterprise, enterprise.get(hands.address(draft)), "/imports", {"file": (content, name)})
        assert answer.status_code == 422, name
        assert 'role="alert"' in answer.get_data(as_text=True)
    assert (
        enterprise.client.post(hands.address(draft, "imports"), data={"csrf_token": enterprise.token}).status_code
        == 422
    )


def test_a_blank_form_takes_a_whole_one_over_and_can_be_changed_afterwards(world: World) -> None:
    """7: a share that follows from the file's own figures is no answer of its own, and contradicts nothing later."""
    draft = world.submission("draft")
    ready(world, draft)
    enterprise = world.enterprise(draft)
    whole = {key: value for key, value in hands.answers(world, draft).items() if not key.startswith("remark.")}
    content = enterprise.client.get(hands.address(draft, "form.docx")).data
    assert save(world, enterprise, draft, dict.fromkeys(whole, "")).status_code == 303
    seen = press(enterprise, enterprise.get(hands.address(draft)), "/imports", {"file": (content, "表.docx")})
    follow(enterprise, press(enterprise, seen, "/take-over"))
    now = {key: value for key, value in hands.answers(world, draft).items() if not key.startswith("remark.")}
    assert {key: value for key, value in now.items() if value} == {key: value for key, value in whole.items() if value}
    save(world, enterprise, draft, {"employees": str(int(whole["employees"]) * 2)})
    page = enterprise.get(hands.address(draft)).get_data(as_text=True)
    assert '<span class="rule">C14</span>' not in page


ENDED: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "", {}),
    ("GET", "review", {}),
    ("POST", "answers", {"contact_person": "还没存"}),
    ("POST", "submit", {"declared": "1"}),
    ("POST", "sign-off", {"say": "sign"}),
    ("POST", "presence", {"section": "1"}),
    ("POST", "take-over", {"take": "address", "value.address": "x"}),
]


def test_an_ended_session_saves_nothing_and_says_so(world: World) -> None:
    """H08: 401 with the way to the door and back for a part; never "saved"; for a page a redirect or 401."""
    draft = world.submission("draft")
    enterprise, home = world.enterprise(draft), hands.address(draft)
    enterprise.get(home)
    hands.end_sessions(world, hands.owner(draft))
    before, version = hands.kept(world), str(world.now(draft).version)
    for method, path, data in ENDED:
        address = hands.address(draft, path).rstrip("/")
        given = {"csrf_token": enterprise.token, "version": version, **data} if data else None
        headers = {**HTMX, "HX-Current-URL": f"http://localhost{home}"}
        part = enterprise.client.open(address, method=method, data=given, headers=headers)
        assert part.status_code == 401, path
        assert part.headers["HX-Redirect"] == f"/login?next={home}", "back to the page that asked"
        assert part.headers["HX-Reswap"] == "none"
        assert "HX-Trigger" not in part.headers
        assert "已保存" not in part.get_data(as_text=True)
        assert 'type="password"' not in part.get_data(as_text=True)
        polled = enterprise.client.open(address, method=method, data=given, headers={**headers, "X-Polling": "1"})
        assert polled.status_code == 401, path
        assert "HX-Redirect" not in polled.headers
        plain = enterprise.client.open(address, method=method, data=given)
        assert plain.status_code == (303 if method == "GET" else 401), path
    assert hands.kept(world) == before


def test_three_returns_keep_each_rounds_comments_and_void_the_seal(world: World) -> None:
    """S05: comments by revision, the diff for both sides, marks anew, and an old opinion is void."""
    submitted = world.submission("submitted")
    enterprise, city = world.enterprise(submitted), world.city(submitted)
    for number in (1, 2, 3):
        path = hands.address(submitted, f"indicators/{number}/comments")
        assert city.post(path, {"body": f"第{number}轮意见"}).status_code == 303
        assert world.fire(city, submitted, "return", reason=f"第{number}次退回").status_code == 303
        page = enterprise.get(hands.address(submitted)).get_data(as_text=True)
        assert f"第{number}次退回" in page
        ids = re.findall(r'id="mend-([^"]+)"', page)
        assert len(ids) == number
        assert 'class="mended"' not in page
        for one in ids:
            assert enterprise.post(f"/comments/{one}/mended", {"mended": "1"}).status_code == 303
        assert save(world, enterprise, submitted, {"contact_person": f"联系人{number}"}).status_code == 303
        review = enterprise.get(hands.address(submitted, "review")).get_data(as_text=True)
        assert f"联系人{number}" in review.split('id="field-declared"')[0]
        assert submit(world, enterprise, submitted).status_code == 303
        diff = city.get(hands.address(submitted, "diff")).get_data(as_text=True)
        assert f"联系人{number}" in diff
        # Field case 11: the reason of the time before does not stand in the box again.
        assert f"第{number}次退回" not in re.findall(
            r'<textarea[^>]*name="reason".*?</textarea>', city.get(hands.address(submitted)).get_data(as_text=True)
        )
    for number in (1, 2, 3):
        page = city.get(hands.address(submitted, f"indicators/{number}")).get_data(as_text=True)
        thread = page.split(f'id="thread-{number}"', 1)[1].split('class="prose"', 1)
        assert f"申报版本{number}" in thread[0]
        assert f"第{number}轮意见" in thread[1]
    assert [revision.number for revision in hands.revisions(world, submitted)] == [1, 2, 3, 4]

    version = world.now(submitted).version
    assert city.post(hands.address(submitted, "approve"), approval(version, scan=True)).status_code == 303
    hands.fire(world, submitted, Trigger.SEND_BACK, "province", reason="印章不清")
    with world.app.app_context():
        opinion = db.session.scalars(select(Opinion).where(Opinion.submission_id == submitted.id)).one()
    assert opinion.void_at is not None
    assert opinion.revision_number == 4
    version = world.now(submitted).version
    refused = city.post(hands.address(submitted, "approve"), approval(version))
    assert refused.status_code == 422
    assert world.faults() == []


def test_a_draft_is_resumed_and_sent(world: World) -> None:
    """Field case 13: saved, left, resumed by another sign-in, sent."""
    draft = world.submission("draft")
    ready(world, draft)
    world.stranger().sign_in(hands.owner(draft))
    again = world.stranger()
    again.sign_in(hands.owner(draft))
    follow(again, press(again, again.get(hands.address(draft)), "/answers"))
    follow(again, press(again, again.get(hands.address(draft, "review")), "/submit", {"declared": "1"}))
    assert world.now(draft).state is State.SUBMITTED


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_way_is_the_same_in_both_languages(world: World, language: str) -> None:
    """Field case 14: states move by their code, not by what they are called."""
    submitted = world.submission("submitted")
    enterprise, city = world.enterprise(submitted), world.city(submitted)
    for browser in (enterprise, city):
        assert browser.post("/language", {"language": language, "next": "/"}).status_code == 303
    said = {"zh": "提交", "en": "Submit"}[language]
    city.post(hands.address(submitted, "indicators/1/comments"), {"body": "请补充"})
    follow(city, press(city, city.get(hands.address(submitted)), "/return", {"reason": "请补充"}))
    review = enterprise.get(hands.address(submitted, "review"))
    assert said in review.get_data(as_text=True)
    follow(enterprise, press(enterprise, review, "/submit", {"declared": "1"}))
    follow(enterprise, press(enterprise, enterprise.get(hands.address(submitted)), "/withdraw"))
    assert world.now(submitted).state is State.DRAFT


def test_saving_again_and_again_changes_no_file(world: World) -> None:
    """Field case 37: one file, one name."""
    draft = world.submission("draft")
    row = hands.give(world, draft, "附件（一）.pdf", pdf("一"), field="development_plan")
    enterprise = world.enterprise(draft)
    for _time in range(10):
        page = follow(enterprise, press(enterprise, enterprise.get(hands.address(draft)), "/answers"))
    assert [(one.public_id, one.name) for one in hands.live(world, draft, "development_plan")] == [
        (row.public_id, "附件（一）.pdf")
    ]
    assert page.get_data(as_text=True).count("附件（一）.pdf</a>") == 2  # at its field and at its indicator


def test_what_is_missing_is_named_with_a_link_to_its_place(world: World) -> None:
    """Field case 40: without the sealed scan it is not sent, and the page leads to where it belongs."""
    draft = world.submission("draft")
    ready(world, draft)
    enterprise = world.enterprise(draft)
    for row in hands.live(world, draft, "organization_seal"):
        data = {"version": world.now(draft).version}
        assert enterprise.post(f"/attachments/{row.public_id}/remove", data).status_code == 303
    answer = submit(world, enterprise, draft)
    assert answer.status_code == 422
    assert f'href="{hands.address(draft)}#field-organization_seal"' in answer.get_data(as_text=True)
    assert 'id="refused"' in answer.get_data(as_text=True)
    form = enterprise.get(hands.address(draft)).get_data(as_text=True)
    assert 'id="field-organization_seal"' in form
    assert 'id="missing-organization_seal"' in form


def test_a_line_break_counts_once(world: World) -> None:
    """Field case 46: browsers send each as two characters."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    for key, most in (("development_plan", 5000), ("remark.C6.service_area_rented", 1000)):
        text = "\r\n".join(["行" * 9] * 10) + "\r\n"
        text += "字" * (most - len(text.replace("\r\n", "\n")))
        assert len(text) == most + 10
        assert save(world, enterprise, draft, {key: text}).status_code == 303
        assert hands.answers(world, draft)[key] == text.replace("\r\n", "\n")
        assert save(world, enterprise, draft, {key: text + "字"}).status_code == 422


@pytest.mark.parametrize("programme", ["platform", "base"])
def test_nought_is_a_figure_and_a_blank_is_none(world: World, programme: str) -> None:
    """Field case 47: kept apart in the form, among what is missing, in the revision's papers."""
    draft = world.submission("draft", programme)
    ready(world, draft)
    enterprise = world.enterprise(draft)
    numbers = [f for f in hands.programme(world, draft).enterprise_fields if f.is_number and not f.derived]
    assert len(numbers) > 15
    for zero in ("0", "0.00"):
        typed = {f.key: zero for f in numbers}
        answer = save(world, enterprise, draft, typed)
        refused = set(re.findall(r'class="(?:field|cell) wrong" id="field-([^"]+)"', answer.get_data(as_text=True)))
        now = hands.answers(world, draft)
        missing = set(re.findall(r'id="missing-([^"]+)"', enterprise.get(hands.address(draft)).get_data(as_text=True)))
        for one in numbers:
            if one.key not in refused:
                assert now[one.key] in {"0", "0.00", "0.0"}, one.key
                assert one.key not in missing, one.key
        assert len(refused) < 3
    page = enterprise.get(hands.address(draft, "review")).get_data(as_text=True)
    shown = sum(not f.matrix_row for f in numbers)
    assert len(re.findall(r"<dd>\s*0(?:\.00)?\s", page)) >= shown - len(refused)
    assert save(world, enterprise, draft, {f.key: "" for f in numbers}).status_code == 303
    missing = set(re.findall(r'id="missing-([^"]+)"', enterprise.get(hands.address(draft)).get_data(as_text=True)))
    must = {f.key for f in numbers if f.required.kind == "always"}
    assert must <= missing
    assert all(hands.answers(world, draft)[f.key] == "" for f in numbers)


def test_a_diff_sets_each_old_value_beside_its_own_new_one(world: World) -> None:
    """Field case 49: fields that were changed, emptied and added, in whatever order they were saved."""
    submitted = world.submission("submitted")
    enterprise = world.enterprise(submitted)
    old = hands.revisions(world, submitted)[0].answers
    hands.fire(world, submitted, Trigger.WITHDRAW, hands.owner(submitted))
    new = {"email": "new@example.cn", "indirect_benefit": "", "address": "新地址", "contact_person": "新人"}
    for key in reversed(list(new)):
        assert save(world, enterprise, submitted, {key: new[key]}).status_code == 303
    assert submit(world, enterprise, submitted).status_code == 303
    rows = _rows(enterprise.get(hands.address(submitted, "diff?from=1&to=2")))
    labels = {f.key: f.label.zh for f in hands.programme(world, submitted).enterprise_fields}
    expected = {labels[key]: (old.get(key) or "—", new[key] or "—") for key in new if old.get(key, "") != new[key]}
    assert len(expected) >= 3
    assert {label: rows.get(label) for label in expected} == expected
    back = _rows(enterprise.get(hands.address(submitted, "diff?from=2&to=1")))
    assert {label: back.get(label) for label in expected} == {k: (b, a) for k, (a, b) in expected.items()}


def _rows(answer: TestResponse) -> dict[str, tuple[str, str]]:
    text = answer.get_data(as_text=True)
    cell = r'<td class="prose"[^>]*>\s*(.*?)\s*</td>'
    found = re.findall(rf'<th scope="row">(.*?)</th>\s*{cell}\s*{cell}', text, re.DOTALL)
    return {html.unescape(label): (html.unescape(a), html.unescape(b)) for label, a, b in found}
