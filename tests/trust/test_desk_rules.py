"""The enterprise's desk by its own rules: remarks, doubts, take-over, signatures, mending, lists, evidence."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import select

from hbreview import clock
from hbreview.acts.imagining import imagine
from hbreview.acts.listing import MOST_PROBLEMS
from hbreview.evaluation.credit_code import check_character
from hbreview.extensions import db
from hbreview.model import Attachment, Revision, Round, ServedEnterprise, SignOff, Submission
from hbreview.words import RoundState, State, Trigger
from tests.trust import desk_hands as hands
from tests.trust.desk_hands import HTMX, pdf
from tests.worlds import Browser, World

pytestmark = hands.only_sqlite
REMARK = re.compile(r'name="(remark\.[^"]+)"')


def save(world: World, browser: Browser, submission: Submission, fields: Mapping[str, str], **more: Any) -> Any:
    data = {"version": world.now(submission).version, **fields}
    return browser.post(hands.address(submission, "answers"), data, **more)


def submit(world: World, browser: Browser, submission: Submission) -> Any:
    return world.fire(browser, submission, "submit", declared="1")


def set_round(world: World, **settings: Any) -> None:
    """What the province set for the round."""

    def work(session: Any) -> None:
        row = session.scalars(select(Round).where(Round.state == RoundState.OPEN)).one()
        row.settings = {**row.settings, **settings}

    hands.write(world, work)


def ready(world: World, submission: Submission, **instead: str) -> None:
    """A whole form with its sealed scan, all warnings answered."""
    hands.fill(world, submission, **instead)
    if not hands.live(world, submission, "organization_seal"):
        hands.give(world, submission, "盖章.pdf", pdf("盖章"), field="organization_seal")


WARNED = {"service_area": "100", "service_area_owned": "100", "service_area_rented": "0", "annual_rent": "5"}


def test_each_warning_wants_its_remark_before_the_form_is_sent(world: World) -> None:
    """422 names each; with the remarks it goes; the city reads them; a blank is no remark."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    ready(world, draft)
    assert save(world, enterprise, draft, WARNED).status_code == 303
    cleared = {key: "" for key in hands.answers(world, draft) if key.startswith("remark.")}
    save(world, enterprise, draft, cleared)
    page = enterprise.get(hands.address(draft)).get_data(as_text=True)
    wanted = sorted(set(REMARK.findall(page)))
    assert "remark.C6.service_area_rented" in wanted

    for text in ("", "   ", "\n"):
        assert save(world, enterprise, draft, dict.fromkeys(wanted, text)).status_code == 303
        answer = submit(world, enterprise, draft)
        assert answer.status_code == 422
        for key in wanted:
            assert f"#field-{key}" in answer.get_data(as_text=True)
    for count, key in enumerate(wanted):
        answer = submit(world, enterprise, draft)
        assert answer.status_code == 422
        assert answer.get_data(as_text=True).count("#field-remark.") == len(wanted) - count
        assert save(world, enterprise, draft, {key: f"说明{count}"}).status_code == 303
    assert submit(world, enterprise, draft).status_code == 303
    city = world.city(draft).get(hands.address(draft)).get_data(as_text=True)
    for count, key in enumerate(wanted):
        assert f"说明{count}" in city
        assert hands.revisions(world, draft)[0].answers[key] == f"说明{count}"
    assert world.faults() == []


def test_a_round_may_let_warnings_go_without_remarks(world: World) -> None:
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    ready(world, draft)
    save(world, enterprise, draft, WARNED)
    save(world, enterprise, draft, {key: "" for key in hands.answers(world, draft) if key.startswith("remark.")})
    assert submit(world, enterprise, draft).status_code == 422
    set_round(world, remarks_required=0)
    assert submit(world, enterprise, draft).status_code == 303


def test_an_error_blocks_and_is_named_with_its_figures(world: World) -> None:
    """C2 and the like: no remark helps; both figures are said."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    ready(world, draft)
    save(world, enterprise, draft, {"service_area": "777", "service_area_owned": "1", "service_area_rented": "2"})
    answer = submit(world, enterprise, draft)
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "#field-service_area" in text
    assert "777" in text
    assert world.now(draft).state is State.DRAFT


def last_year(world: World, submission: Submission, **instead: str) -> Mapping[str, str]:
    """A decided round of the year before in which the same organisation sent this form in; its answers."""
    programme = hands.programme(world, submission)
    names = {"name": submission.organisation_name, "site": submission.site_name}
    answers = imagine(programme, **names, seed=11) | instead

    def work(session: Any) -> None:
        now = clock.now()
        round_ = Round(
            year=2018, title="2018年度", state=RoundState.FINALISED, enterprise_deadline=clock.today(),
            city_deadline=clock.today(), settings={}, created_at=now,
        )  # fmt: skip
        session.add(round_)
        session.flush()
        old = Submission(
            round_id=round_.id, programme=submission.programme, organisation_id=submission.organisation_id,
            programme_version_id=submission.programme_version_id, organisation_name=submission.organisation_name,
            site_name=submission.site_name, region=submission.region, printed_region=submission.printed_region,
            state=State.SUBMITTED, moved_at=now, submitted_at=now, revision_number=1,
        )  # fmt: skip
        session.add(old)
        session.flush()
        person = hands.origin_of(world, hands.owner(submission)).actor
        assert person is not None
        session.add(
            Revision(
                submission_id=old.id, number=1, answers={k: v for k, v in answers.items() if v}, attachments=[],
                digest="0" * 64, person_id=person.person_id, created_at=now,
            )
        )  # fmt: skip

    hands.write(world, work)
    return answers


def test_jumps_and_slips_of_units_ask_at_entry(world: World) -> None:
    """13, 14: what the round calls a jump; 100 and 10,000 times; the answer to a field says so at once."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    last_year(world, draft, employees="40", total_assets="500.00", enterprises_served="100")
    cases = [
        ("employees", "119", None),
        ("employees", "120", "JUMP"),
        ("employees", "13", "JUMP"),
        ("employees", "14", None),
        ("total_assets", "5000000.00", "UNIT"),
        ("total_assets", "50000.00", "UNIT"),
        ("total_assets", "520.00", None),
    ]
    for key, value, doubt in cases:
        answer = save(world, enterprise, draft, {key: value}, headers=HTMX)
        assert answer.status_code == 200
        text = answer.get_data(as_text=True)
        for kind in ("JUMP", "UNIT"):
            assert (f'name="remark.{kind}.{key}"' in text) == (kind == doubt), (key, value, kind)
    set_round(world, jump_factor=10)
    assert 'name="remark.JUMP.employees"' not in save(
        world, enterprise, draft, {"employees": "120"}, headers=HTMX
    ).get_data(as_text=True)
    page = enterprise.get(hands.address(draft)).get_data(as_text=True)
    assert "+200.0 %" in page


def test_names_and_texts_are_taken_over_from_last_year_and_figures_never(world: World) -> None:
    """5: the page shows each; what is ticked is saved, what is not stays."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    old = last_year(world, draft, address="去年的地址", contact_person="去年的人", employees="4321")
    hands.fill(world, draft, address="今年的地址")
    page = enterprise.get(hands.address(draft, "proposals/last")).get_data(as_text=True)
    assert "去年的地址" in page
    assert "今年的地址" in page
    assert "4321" not in page
    offered = set(re.findall(r'name="take" value="([^"]+)"', page))
    assert "address" in offered
    assert not offered & {key for key, value in old.items() if value.replace(".", "").isdigit() and "mobile" not in key}
    data = {
        "version": world.now(draft).version,
        "take": ["address"],
        "value.address": "去年的地址",
        "value.contact_person": "去年的人",
    }
    answer = enterprise.post(hands.address(draft, "take-over"), data)
    assert answer.status_code == 303
    now = hands.answers(world, draft)
    assert now["address"] == "去年的地址"
    assert now["contact_person"] != "去年的人"


def both(world: World) -> tuple[Submission, Submission]:
    """The two drafts of an organisation that is on both rosters."""
    with world.app.app_context():
        rows = list(
            db.session.scalars(select(Submission).where(Submission.state == State.DRAFT).order_by(Submission.id))
        )
    platforms = {row.organisation_id: row for row in rows if row.programme == "platform" and row.revision_number == 0}
    return next(
        (platforms[row.organisation_id], row)
        for row in rows
        if row.programme == "base" and row.organisation_id in platforms and row.revision_number == 0
    )


def test_facts_are_taken_over_from_the_other_form(world: World) -> None:
    """11: both forms on one desk; common texts are typed once."""
    platform, base = both(world)
    enterprise = world.enterprise(platform)
    desk = enterprise.get("/desk").get_data(as_text=True)
    assert platform.public_id in desk
    assert base.public_id in desk
    save(world, enterprise, platform, {"address": "两表同址", "legal_representative": "王同", "employees": "77"})
    page = enterprise.get(hands.address(base, "proposals/sibling")).get_data(as_text=True)
    assert "两表同址" in page
    assert "王同" in page
    assert "77" not in re.findall(r'name="value\.employees" value="([^"]+)"', page)
    lone = world.submission("returned")
    assert "value.address" not in world.enterprise(lone).get(hands.address(lone, "proposals/sibling")).get_data(
        as_text=True
    )


def second_signature(world: World, browser: Browser, wanted: str) -> int:
    return browser.post("/desk/second-signature", {"wanted": wanted}).status_code


def say(world: World, browser: Browser, submission: Submission, word: str, **more: str) -> Any:
    data = {"version": world.now(submission).version, "say": word, **more}
    return browser.post(hands.address(submission, "sign-off"), data)


def test_a_second_person_signs_exactly_what_is_sent(world: World) -> None:
    """12: on needs two; nobody signs for oneself; a change voids it; declining says why; off lets it go."""
    draft = world.submission("draft")
    first = world.enterprise(draft)
    ready(world, draft)
    assert second_signature(world, first, "1") == 422
    second = hands.hire(world, draft, "second")
    assert second_signature(world, first, "1") == 303

    assert submit(world, first, draft).status_code == 422
    assert say(world, first, draft, "ask").status_code == 303
    assert say(world, first, draft, "sign").status_code == 303
    assert submit(world, first, draft).status_code == 422

    for reason in ("", "  "):
        assert say(world, second, draft, "decline", declined=reason).status_code == 422
    assert say(world, second, draft, "decline", declined="营业收入未核对").status_code == 303
    refused = submit(world, first, draft)
    assert refused.status_code == 422
    assert "营业收入未核对" in refused.get_data(as_text=True)

    assert say(world, second, draft, "sign").status_code == 303
    save(world, first, draft, {"contact_person": "改一字"})
    assert submit(world, first, draft).status_code == 422
    assert say(world, second, draft, "sign").status_code == 303
    hands.give(world, draft, "新证.pdf", pdf("新证"))
    assert submit(world, first, draft).status_code == 422

    stale = {"version": world.now(draft).version - 1, "say": "sign"}
    assert second.post(hands.address(draft, "sign-off"), stale).status_code == 409
    assert say(world, second, draft, "sign").status_code == 303
    assert submit(world, first, draft).status_code == 303
    with world.app.app_context():
        signed = list(db.session.scalars(select(SignOff).where(SignOff.submission_id == draft.id).order_by(SignOff.id)))
    assert [bool(row.declined) for row in signed] == [False, True, False, False, False]
    assert signed[-1].digest == hands.revisions(world, draft)[-1].digest
    assert world.faults() == []


def test_a_second_signature_is_the_organisations_own_choice(world: World) -> None:
    draft, returned = world.submission("draft"), world.submission("returned")
    first = world.enterprise(draft)
    assert say(world, first, draft, "sign").status_code == 409
    second = hands.hire(world, draft, "second")
    assert second_signature(world, first, "1") == 303
    assert second_signature(world, world.enterprise(returned), "1") == 422
    assert submit(world, world.enterprise(returned), returned).status_code == 303
    assert say(world, world.enterprise(returned), draft, "sign").status_code == 404
    assert second_signature(world, world.city(draft), "0") == 403
    ready(world, draft)
    assert second_signature(world, first, "0") == 422  # nobody switches it off to send alone
    assert say(world, second, draft, "sign").status_code == 303
    assert submit(world, first, draft).status_code == 303
    assert second_signature(world, first, "0") == 303


def test_what_is_to_be_mended_is_ticked_off_and_begins_anew_with_a_return(world: World) -> None:
    """9: "2 of 3 done"; an internal comment is not on the list; marking settles nothing."""
    submitted = world.submission("submitted")
    enterprise, city = world.enterprise(submitted), world.city(submitted)
    for order, visibility in ((1, "enterprise"), (2, "enterprise"), (3, "enterprise"), (4, "internal")):
        data = {"body": f"第{order}条", "visibility": visibility}
        assert city.post(hands.address(submitted, f"indicators/{order}/comments"), data).status_code == 303
    assert world.fire(city, submitted, "return", reason="请补充").status_code == 303
    page = enterprise.get(hands.address(submitted)).get_data(as_text=True)
    ids = re.findall(r'id="mend-([^"]+)"', page)
    assert len(ids) == 3
    assert "第4条" not in page
    for mended, headers in (("1", HTMX), ("1", None), ("0", HTMX), ("1", None)):
        answer = enterprise.post(f"/comments/{ids[0]}/mended", {"mended": mended}, headers=headers)
        assert answer.status_code == (200 if headers else 303)
        if headers:
            assert to_mend(answer, "<h2>") == [int(mended), 3]
    assert enterprise.post(f"/comments/{ids[1]}/mended", {"mended": "1"}).status_code == 303
    assert city.post(f"/comments/{ids[2]}/mended", {"mended": "1"}).status_code == 403
    other = world.enterprise(world.submission("returned"))
    assert other.post(f"/comments/{ids[2]}/mended", {"mended": "1"}).status_code == 404
    assert to_mend(enterprise.get("/desk"), '<p class="alert alert-warning">') == [2, 3]
    assert submit(world, enterprise, submitted).status_code == 303
    assert enterprise.post(f"/comments/{ids[0]}/mended", {"mended": "0"}).status_code == 409
    assert world.fire(city, submitted, "return", reason="再补充").status_code == 303
    again = enterprise.get(hands.address(submitted)).get_data(as_text=True)
    assert re.findall(r'id="mend-([^"]+)"', again) == ids
    assert 'class="mended"' not in again
    assert world.faults() == []


def to_mend(answer: Any, before: str) -> list[int]:
    """How many are done, of how many."""
    text = answer.get_data(as_text=True).split(before, 1)[1].partition("<")[0]
    return [int(number) for number in re.findall(r"\d+", text)]


def test_two_people_work_side_by_side(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """12, field case 2: each field keeps its own writer; one field of both is a question; each sees the other."""
    draft = world.submission("draft")
    first, second = world.enterprise(draft), hands.hire(world, draft, "second", "李二")
    version = world.now(draft).version
    path = hands.address(draft, "answers")
    assert first.post(path, {"version": version, "contact_person": "甲", "address": "甲地"}).status_code == 303
    assert second.post(path, {"version": version, "employees": "12", "total_assets": "5"}).status_code == 303
    now = hands.answers(world, draft)
    assert (now["contact_person"], now["address"], now["employees"], now["total_assets"]) == (
        "甲",
        "甲地",
        "12",
        "5.00",
    )

    clash = second.post(path, {"version": version, "contact_person": "乙", "email": "yi@example.cn"}, headers=HTMX)
    assert clash.status_code == 409
    text = clash.get_data(as_text=True)
    assert "<q>甲</q>" in text
    assert "<q>乙</q>" in text
    assert clash.headers["HX-Trigger"] == '{"hbreview:saved": {"names": ["email"]}}'
    assert hands.answers(world, draft)["contact_person"] == "甲"
    assert hands.answers(world, draft)["email"] == "yi@example.cn"

    presence = hands.address(draft, "presence")
    assert first.post(presence, {"section": "2"}).get_data(as_text=True).strip() == ""
    assert "李二" not in second.post(presence, {"section": "1"}).get_data(as_text=True)
    seen = first.post(presence, {"section": "2"}).get_data(as_text=True)
    assert "李二" in seen
    assert "基本情况" in seen
    assert world.city(draft).post(presence, {"section": "2"}).status_code == 403
    for odd in ("", "abc", "999", "-1", "１"):
        assert first.post(presence, {"section": odd}).status_code == 200
    hands.stop_clock(monkeypatch, clock.now() + timedelta(seconds=80))
    assert "李二" not in first.post(presence, {"section": "2"}).get_data(as_text=True)


def codes(count: int) -> list[str]:
    bodies = [f"91130100MA{number:07d}" for number in range(count)]
    return [body + check_character(body) for body in bodies]


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    for number, row in enumerate([["序号", "企业名称", "统一社会信用代码", "是否小微企业"], *rows]):
        sheet.write_row(number, 0, row)
    book.close()
    return out.getvalue()


def take_list(world: World, submission: Submission, rows: Sequence[Sequence[Any]], name: str = "名单.xlsx") -> Any:
    data = {"version": world.now(submission).version, "file": (io.BytesIO(workbook(rows)), name)}
    return world.enterprise(submission).post(hands.address(submission, "enterprises"), data)


def listed(world: World, attachment: Attachment) -> list[tuple[str, str, bool | None]]:
    with world.app.app_context():
        query = select(ServedEnterprise).where(ServedEnterprise.attachment_id == attachment.id)
        rows = db.session.scalars(query.order_by(ServedEnterprise.position))
        return [(row.name, row.credit_code, row.small_micro) for row in rows]


def test_a_list_of_enterprises_fills_the_forms_counts(world: World) -> None:
    """13: rows are data; a later different figure is a doubt; a new list takes the old one's place."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    rows = [[n, f"企业{n}", code, "是" if n % 3 else "否"] for n, code in enumerate(codes(6))]
    assert take_list(world, draft, rows).status_code == 303
    first = hands.live(world, draft, "served_list")[0]
    assert listed(world, first) == [(f"企业{n}", code, bool(n % 3)) for n, code in enumerate(codes(6))]
    now = hands.answers(world, draft)
    assert (now["enterprises_served"], now["small_micro_enterprises_served"]) == ("6", "4")

    doubt = 'name="remark.LIST.enterprises_served"'
    assert doubt in save(world, enterprise, draft, {"enterprises_served": "7"}, headers=HTMX).get_data(as_text=True)
    assert doubt not in save(world, enterprise, draft, {"enterprises_served": "6"}, headers=HTMX).get_data(as_text=True)

    assert take_list(world, draft, rows[:3]).status_code == 303
    assert len(hands.live(world, draft, "served_list")) == 1
    assert hands.live(world, draft, "served_list")[0].id != first.id
    assert hands.answers(world, draft)["enterprises_served"] == "3"
    assert len(listed(world, first)) == 6
    assert world.faults() == []


def test_a_bad_list_is_named_row_by_row_and_changes_nothing(world: World) -> None:
    draft = world.submission("draft")
    good = codes(4)
    twisted = good[1][:-1] + ("0" if good[1][-1] != "0" else "1")
    before = hands.kept(world)
    answer = take_list(
        world,
        draft,
        [[1, "甲", good[0], "是"], [2, "乙", twisted, "是"], [3, "丙", good[0], ""], [4, "", good[2], "也许"]],
    )
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    for said in (twisted, good[0], "也许"):
        assert said in text
    problems = re.findall(r'<p class="problem" role="alert">([^<]*)</p>', text)
    assert [re.findall(r"\d+", one)[0] for one in problems[:4]] == ["3", "5", "5", "2"]
    assert hands.kept(world) == before

    many = take_list(world, draft, [[n, f"企业{n}", "123", "是"] for n in range(200)])
    assert many.status_code == 422
    assert len(re.findall(r'<p class="problem" role="alert">', many.get_data(as_text=True))) == MOST_PROBLEMS
    for rows, name in (
        ([], "空.xlsx"),
        ([[1, "甲", good[0], "是"]], "名单.pdf"),
        ([[1, "甲", good[0], "是"]], "名单.docx"),
    ):
        assert take_list(world, draft, rows, name).status_code == 422, name
    for direct in ("served_list", "audit_report_file"):
        assert hands.send(world, world.enterprise(draft), draft, ("a.pdf", pdf()), field=direct).status_code in {
            400,
            403,
        }
    assert hands.kept(world) == before


def test_evidence_says_what_it_proves_and_is_frozen_so(world: World) -> None:
    """13: pages per indicator; unknown ones are refused; the revision keeps them, a later change does not reach it."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    ready(world, draft)
    row = hands.give(world, draft, "合同.pdf", pdf("合同"))
    path = f"/attachments/{row.public_id}/evidence"

    def link(**more: Any) -> Any:
        return enterprise.post(path, {"version": world.now(draft).version, **more})

    assert link(proves=["4", "10"], **{"pages-4": " 第３—５、9 页 ", "pages-10": ""}).status_code == 303
    for bad, status in (
        ({"proves": ["99"]}, 400),
        ({"proves": ["4"], "pages-4": "x"}, 422),
        ({"proves": ["4"], "pages-4": "1," * 40 + "1"}, 422),
    ):
        assert link(**bad).status_code == status
    assert link(proves=["4"], **{"pages-4": "1\u202e2"}).status_code == 422
    assert hands.live(world, draft, "evidence")[0].proves == {"4": "3-5, 9", "10": ""}
    page = enterprise.get(hands.address(draft)).get_data(as_text=True)
    assert "3-5, 9" in page
    assert submit(world, enterprise, draft).status_code == 303
    frozen = {file["name"]: file for file in hands.revisions(world, draft)[0].attachments}
    assert frozen["合同.pdf"]["proves"] == {"4": "3-5, 9", "10": ""}
    assert link(proves=["5"]).status_code == 409
    hands.fire(world, draft, Trigger.WITHDRAW, hands.owner(draft))
    assert link(proves=["5"]).status_code == 303
    assert {f["name"]: f for f in hands.revisions(world, draft)[0].attachments}["合同.pdf"]["proves"]["4"] == "3-5, 9"
    diff = enterprise.get(hands.address(draft, "review")).get_data(as_text=True)
    assert "合同.pdf" in diff
    assert "[4: 3-5, 9]" in diff
    assert world.enterprise(world.submission("returned")).get(path).status_code == 404
    assert world.faults() == []


def test_saving_one_field_is_one_small_answer(world: World) -> None:
    """Under 4 kB, whatever the field; the header names what is safe now."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    ready(world, draft)
    for key, value in (
        ("contact_person", "王五"),
        ("employees", "33"),
        ("total_assets", "１，２３４.５"),
        ("address", ""),
    ):
        answer = save(world, enterprise, draft, {key: value}, headers=HTMX)
        assert answer.status_code == 200
        assert len(answer.data) < 4096, key
        assert answer.headers["HX-Trigger"] == f'{{"hbreview:saved": {{"names": ["{key}"]}}}}'
    assert "1234.50" in save(world, enterprise, draft, {"total_assets": "１，２３４.５"}, headers=HTMX).get_data(
        as_text=True
    )
