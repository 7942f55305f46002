"""What went wrong elsewhere, on the later desks: deadlines, limits, zero, empty sheets, lists, out and in again."""

from __future__ import annotations

import io
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from hbreview.acts import handing_in, marking, ruling, setting_rounds
from hbreview.acts.setting_rounds import Settings
from hbreview.clock import SHANGHAI, today
from hbreview.documents.score_sheet_file import read_score_sheets
from hbreview.documents.workbook_reading import workbook_sheets
from hbreview.evaluation.working_days import last_day
from hbreview.extensions import db
from hbreview.model import (
    Designation,
    Objection,
    Organisation,
    Person,
    Roster,
    Round,
    Ruling,
    Score,
    ScoreSheet,
    Submission,
    TitleDecision,
)
from hbreview.model.kept import programme_of
from hbreview.notices import posting
from hbreview.words import Outcome, Reason
from hbreview.workflow.journal import Origin
from tests.acts import deciding_hands as hands
from tests.notices.addressed import give_addresses, mails, skip_to_now
from tests.trust.desk_hands import HTMX, pdf
from tests.trust.test_downloads_of_new_papers import issue, letter_of, object_to, text_of
from tests.trust.test_new_desks_cases import Hands, bring, stored
from tests.trust.test_undoing_decisions import FULL, PLATFORM, hand_in, reopen, sheet_of
from tests.worlds import Browser, World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
BREAKS = 10


def lines(length: int) -> tuple[str, str]:
    """A text of exactly so many signs with ten line breaks, as it is kept and as a browser sends it."""
    kept = "行\n" * BREAKS + "字" * (length - 2 * BREAKS)
    assert len(kept) == length
    return kept, kept.replace("\n", "\r\n")


@only_sqlite
def test_a_line_break_counts_once_in_every_new_text(world: World) -> None:
    """Field case 46: exactly at the limit with ten line breaks each text is taken whole; one sign more is refused."""
    audited, scored, province = world.submission("audited"), world.submission("scored"), world.browser("province")
    expert, here = world.browser("expert"), f"/submissions/{audited.public_id}"
    for length, code in ((2000, 303), (2001, 422)):
        data = {"version": sheet_of(world, audited).version, "points-1": "1", "remark-1": lines(length)[1]}
        assert expert.post(f"{here}/score-sheet", data).status_code == code
    with world.app.app_context():
        assert lines(2000)[0] in set(db.session.scalars(select(Score.remark)))
    assert hand_in(expert, sheet_of(world, audited)).status_code == 303
    for length, code in ((1001, 422), (1000, 303)):
        assert reopen(province, sheet_of(world, audited), lines(length)[1]).status_code == code, "reopen"
        given = {"version": 1, "outcome": "excellent", "reason": lines(length)[1]}
        assert province.post(f"/submissions/{scored.public_id}/ruling", given).status_code == code, "rule"
    round_ = hands.publicise(world)
    said = {"name": "张三", "contact": "0311-1"}
    for length, code in ((5001, 422), (5000, 303)):
        data = {**said, "text": lines(length)[1], "file": hands.evidence()}
        answer = world.stranger().post(f"/publicity/{round_.public_id}/objections", data)
        assert answer.status_code == code, "object"
    with world.app.app_context():
        objection = db.session.scalars(select(Objection)).one()
        assert objection.text == lines(5000)[0]
    for length, code in ((5001, 422), (5000, 303)):
        data = {"version": 1, "upheld": "no", "answer": lines(length)[1]}
        answer = world.browser("province2").post(f"/objections/{objection.public_id}", data)
        assert answer.status_code == code, "answer"
    hands.finalise(world)
    issue(world)
    letter = letter_of(world, scored)
    with world.app.app_context():
        organisation = db.session.get_one(Organisation, scored.organisation_id).public_id
    for length, code in ((1001, 422), (1000, 303)):
        answer = province.post(f"/letters/{letter.public_id}/void", {"reason": lines(length)[1]})
        assert answer.status_code == code, "void"
        title = {"title": f"platform:{organisation}", "kind": "revoke", "decided_on": today().isoformat()}
        assert province.post("/titles", {**title, "reason": lines(length)[1]}).status_code == code, "title"
    with world.app.app_context():
        reasons = [row.reason for row in db.session.scalars(select(Ruling))]
        reasons += [row.reason for row in db.session.scalars(select(TitleDecision))]
    assert reasons == [lines(1000)[0]] * 2
    assert letter_of(world, scored).void_reason == lines(1000)[0]


def test_a_text_with_a_nul_is_refused_or_kept_without(world: World) -> None:
    """D08 on both databases: no new text of a form ends in an error page."""
    desk, text = Hands(world), "甲\0乙丙丁戊己庚辛壬癸，公示的结果不符。"
    audited, scored = desk.audited, desk.scored
    province, expert = world.browser("province"), world.browser("expert")
    here = f"/submissions/{audited.public_id}"
    sent: list[tuple[Browser, str, dict[str, Any]]] = [
        (expert, f"{here}/score-sheet", {"version": 1, "points-1": "1", "remark-1": text, "change-1": text}),
        (province, f"/submissions/{scored.public_id}/ruling", {"version": 1, "outcome": "pass", "reason": text}),
        (province, f"{desk.here}/settings", {
            "version": hands.the_round(world).version, "title": text, "spread": "50", "reason": text}),
        (province, f"{desk.here}/draw", {"each": "2", "seed": text, "preview": "1"}),
        (province, f"{desk.here}/messages", {
            "kind": "enterprises_draft", "subject": text, "body": text, "do": "preview"}),
        (province, "/firms", {"name": text}),
        (province, "/experts", {"name": text, "login": text, "employer": text, "field": text, "advised": text}),
        (province, "/programme-versions", {"digest": text, "note": text}),
        (province, "/titles", {"title": f"platform:{text}", "kind": "revoke", "reason": text, "decided_on": text}),
        (province, "/rosters", {"do": "keep", "digest": text, "filename": text}),
        (expert, f"{here}/interest", {"reason": text}),
        (world.browser("admin"), "/machines", {"name": text, "scopes": "rounds:read"}),
    ]  # fmt: skip
    for browser, path, data in sent:
        assert browser.post(path, data).status_code < 500, path
    with world.app.app_context():
        organisation = db.session.get_one(Organisation, scored.organisation_id).public_id
    title = {"title": f"platform:{organisation}", "kind": "revoke", "reason": text, "decided_on": today().isoformat()}
    assert province.post("/titles", title).status_code < 500
    bring(desk, hands.RoundState.PUBLICISED)
    for browser, path in ((world.stranger(), f"/publicity/{desk.round.public_id}/objections"),
                          (province, f"{desk.here}/objections")):  # fmt: skip
        data = {"name": text, "contact": text, "text": text, "received_on": text, "file": hands.evidence()}
        assert browser.post(path, data).status_code < 500, path
    answer = {"version": 1, "upheld": "no", "answer": text}
    assert world.browser("province2").post(f"/objections/{desk.objection}", answer).status_code < 500
    for path in ("/letters", "/designations", "/submissions"):
        for name in ("code", "q", "round", "city"):
            assert province.get(path, query_string={name: text}).status_code < 500, (path, name)
    assert "\\x00" not in repr(stored(world)) and world.faults() == []


@only_sqlite
def test_a_code_is_read_however_it_was_typed(world: World) -> None:
    """Field case 53: small, full-width, with blanks, dashes of any kind."""
    scored = world.submission("scored")
    hands.finalise(world)
    issue(world)
    code = letter_of(world, scored).code
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    for typed in (code.lower(), wide, wide.lower(), f"  {code[:4]} {code[4:8]}—{code[8:]}  ", "\u3000".join(code)):
        page = world.stranger().get("/letters", query_string={"code": typed}).get_data(as_text=True)
        assert scored.organisation_name in page, typed


@only_sqlite
def test_two_tabs_of_two_sheets_saved_in_swapped_order(world: World) -> None:
    """Field case 1: what was typed for A is A's, whichever was opened and saved first."""
    first, second = world.submission("audited"), world.submission("audited", "base")
    expert = world.browser("expert")
    opened = {one.id: sheet_of(world, one) for one in (first, second)}
    for one in (first, second):
        assert expert.get(f"/submissions/{one.public_id}/score-sheet").status_code == 200
    for one, points in ((second, "2.0"), (first, "1.0")):
        data = {"version": opened[one.id].version, "points-1": points, "remark-1": f"写给{one.programme}"}
        assert expert.post(f"/submissions/{one.public_id}/score-sheet", data).status_code == 303
    with world.app.app_context():
        rows = {s.sheet_id: (str(s.points), s.remark) for s in db.session.scalars(select(Score).where(
            Score.sheet_id.in_([sheet.id for sheet in opened.values()])))}  # fmt: skip
    assert rows == {opened[first.id].id: ("1.0", "写给platform"), opened[second.id].id: ("2.0", "写给base")}
    # A sheet's hand-in under the other's form takes nothing of it.
    crossed = {"version": sheet_of(world, second).version, "points-1": "6"}
    assert expert.post(f"/submissions/{first.public_id}/score-sheet", {**crossed, "version": 99}).status_code == 400


@only_sqlite
@pytest.mark.parametrize("programme", ["platform", "base"])
def test_the_first_score_of_each_indicator_and_nothing_before(world: World, programme: str) -> None:
    """Field cases 31 and 32: a database without a single score; every page opens, blank is no 0 and no mean."""
    audited, expert, province = (
        world.submission("audited", programme),
        world.browser("expert"),
        world.browser("province"),
    )
    hands.write(world, lambda session: session.execute(delete(Score)))
    round_, here = hands.the_round(world), f"/submissions/{audited.public_id}"
    shown = (f"/rounds/{round_.public_id}/panel", f"/rounds/{round_.public_id}/panel/{audited.public_id}", "/analysis",
             f"/rounds/{round_.public_id}/ranking", f"{here}/score-sheet", f"{here}/ruling")  # fmt: skip
    for path in shown:
        page = province.get(path).get_data(as_text=True)
        assert "NaN" not in page, path
    assert 'value="0' not in expert.get(f"{here}/score-sheet").get_data(as_text=True)
    with world.app.app_context():
        form = programme_of(db.session(), audited.programme_version_id)
    for indicator in form.indicators:
        hands.write(world, lambda session: session.execute(delete(Score)))
        data = {"version": sheet_of(world, audited).version, f"points-{indicator.order}": "0.1"}
        answer = expert.post(f"{here}/score-sheet", data, headers=HTMX)
        assert answer.status_code == 200, indicator.order
        with world.app.app_context():
            rows = [(s.indicator, str(s.points)) for s in db.session.scalars(select(Score))]
        assert rows == [(indicator.order, "0.1")]
    for path in (*shown, "/analysis.csv", f"/rounds/{round_.public_id}/meeting.xlsx"):
        assert province.client.get(path).status_code == 200, path


@only_sqlite
def test_nothing_is_a_value_and_is_not_nothing(world: World) -> None:
    """Field case 47: 0 for every indicator is a whole sheet, a total, a rank and a line of every paper."""
    audited, expert, province = world.submission("audited"), world.browser("expert"), world.browser("province")
    sheet, round_ = sheet_of(world, audited), hands.the_round(world)
    zeros = {f"points-{one.order}": ("0", "0.0", "0.00")[one.order % 3] for one in PLATFORM.indicators}
    blank = {**zeros, "points-3": ""}
    remarks = {f"remark-{one.order}": "无佐证" for one in PLATFORM.indicators}
    path = f"/score-sheets/{sheet.public_id}/hand-in"
    refused = expert.post(path, {"version": sheet.version, **blank, **remarks})
    assert refused.status_code == 422
    assert expert.post(path, {"version": sheet_of(world, audited).version, **zeros, **remarks}).status_code in {
        303,
        422,
    }
    given = {name: "0" if text == "0.00" else text for name, text in zeros.items()}
    if sheet_of(world, audited).handed_in_at is None:
        assert expert.post(path, {"version": sheet_of(world, audited).version, **given, **remarks}).status_code == 303
    assert world.fire(province, audited, "score").status_code == 303
    assert world.now(audited).total == Decimal("0.0")
    ranking = province.get(f"/rounds/{round_.public_id}/ranking").get_data(as_text=True)
    assert ">0.0<" in ranking
    sheets = workbook_sheets(province.client.get(f"/rounds/{round_.public_id}/meeting.xlsx").data, most_sheets=100)
    assert not isinstance(sheets, Reason)
    line = next(r for s in sheets for r in s.lines if len(r) > 4 and r[1].text == audited.organisation_name)
    assert Decimal(line[3].text) == 0
    hands.finalise(world)
    found = hands.line_of(world, audited)
    assert (found.total, found.outcome) == (Decimal("0.0"), Outcome.FAIL)
    assert found.rank is not None
    for path in (
        "/analysis",
        "/analysis.csv",
        f"/rounds/{round_.public_id}/panel",
        f"/rounds/{round_.public_id}/archive.zip",
    ):
        assert province.client.get(path).status_code == 200
    assert world.faults() == []


ROLES = ("auditor", "expert", "province", "admin")


@only_sqlite
def test_every_desk_opens_before_at_and_after_each_day_of_the_round(world: World) -> None:
    """Field cases 22 and 23: audit's, experts' and publicity's days too; nobody meets a blank page or an error."""
    audited, round_ = world.submission("audited"), hands.the_round(world)
    days = {"enterprise_deadline": 10, "city_deadline": 20, "audit_deadline": 30, "score_deadline": 40}
    values = {name: today() + timedelta(days=n) for name, n in days.items()}
    hands.write(world, lambda s: s.execute(update(Round).where(Round.id == round_.id).values(**values)))
    here, office = f"/submissions/{audited.public_id}", f"/rounds/{round_.public_id}"
    pages: dict[str, tuple[str, ...]] = {
        "auditor": ("/", here, f"{here}/audit-record", "/submissions"),
        "expert": ("/", here, f"{here}/score-sheet", "/submissions", "/calendar.ics"),
        "province": ("/", here, office, *(f"{office}/{page}" for page in (
            "settings", "participants", "late", "messages", "draw", "panel", "ranking", "objections", "letters")),
            "/titles", "/monthly", "/experts", "/firms", "/programmes", "/rosters", "/analysis"),
        "admin": ("/", "/machines"),
    }  # fmt: skip

    def look(moment: datetime) -> None:
        with time_machine.travel(moment, tick=False):
            for login in ROLES:
                browser = world.stranger()
                browser.sign_in(login)
                for path in pages[login]:
                    answer = browser.client.get(path, follow_redirects=True)
                    assert answer.status_code == 200 and answer.data.strip(), (moment, login, path)
            for path in ("/designations", "/publicity", "/letters"):
                assert world.stranger().get(path).status_code == 200, path

    for day in values.values():
        over = datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
        for moment in (over - timedelta(seconds=1), over, over + timedelta(days=1)):
            look(moment)
    hands.set_publicity(world, 5)
    hands.publicise(world)
    ends = datetime.combine(last_day(today(), 5) + timedelta(days=1), time(), SHANGHAI)
    for moment in (ends - timedelta(seconds=1), ends, ends + timedelta(days=30)):
        look(moment)


@only_sqlite
def test_an_objection_by_hand_a_second_after_the_last_day_is_too_late(world: World) -> None:
    """Field case 22: the server's clock in Shanghai decides, whatever page was open."""
    hands.set_publicity(world, 5)
    round_ = hands.publicise(world)
    ends = datetime.combine(last_day(today(), 5) + timedelta(days=1), time(), SHANGHAI)
    said = {"name": "张三", "contact": "0311-1", "text": "公示的结果与事实不符，请核实。"}
    page = world.stranger()
    page.get(f"/publicity/{round_.public_id}/objections")

    def send(moment: datetime) -> TestResponse:
        with time_machine.travel(moment, tick=False):
            browser = world.stranger()
            browser.get(f"/publicity/{round_.public_id}/objections")
            file = (io.BytesIO(pdf(str(moment))), "证据.pdf")
            return browser.post(f"/publicity/{round_.public_id}/objections", {**said, "file": file})

    assert send(ends - timedelta(seconds=1)).status_code == 303
    for late in (timedelta(), timedelta(seconds=1), timedelta(days=1)):
        answer = send(ends + late)
        assert answer.status_code == 422
    with world.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Objection)) == 1


@only_sqlite
def test_changed_settings_send_no_reminder_twice(world: World) -> None:
    """Field case 26: marks, weights of rules, dates moved there and back, by the office's own act."""
    give_addresses(world)
    skip_to_now(world)
    round_ = hands.the_round(world)
    day = today() + timedelta(days=60)
    origin = hands.by(world, "province")

    def change(**given: str) -> None:
        with world.app.app_context():
            now = hands.the_round(world).version
            setting_rounds.change_settings(Settings(round_.public_id, now, given, "调整"), origin=origin)

    change(score_deadline=day.isoformat(), city_deadline=day.isoformat(), enterprise_deadline=day.isoformat())
    with time_machine.travel(datetime.combine(day - timedelta(days=3), time(9), SHANGHAI), tick=True):
        with world.app.app_context():
            posting._make_reminders()
        first = {mail.key for mail in mails(world)}
        assert first
        later = (day + timedelta(days=40)).isoformat()
        for given in (
            {"pass_mark": "61"}, {"spread": "20"}, {"publicity_days": "7"}, {"title": "改名的评价"},
            {"score_deadline": later, "city_deadline": later, "enterprise_deadline": later},
            dict.fromkeys(("score_deadline", "city_deadline", "enterprise_deadline"), day.isoformat()),
        ):  # fmt: skip
            change(**given)
            with world.app.app_context():
                posting._make_reminders()
        found = [mail.key for mail in mails(world)]
    assert set(found) == first and len(found) == len(first)


@only_sqlite
def test_who_scored_or_ruled_reads_it_again_in_every_later_state(world: World) -> None:
    """Field case 28: the expert's sheet, the audit's record, the province's ruling, the objector's receipt."""
    scored, expert, province = world.submission("scored"), world.browser("expert"), world.browser("province")
    here, auditor = f"/submissions/{scored.public_id}", world.browser("auditor")
    given = {"version": 1, "outcome": "excellent", "reason": "省厅会议的理由"}
    assert province.post(f"{here}/ruling", given).status_code == 303
    with world.app.app_context():
        points = {s.points for s in db.session.scalars(
            select(Score).join(ScoreSheet).where(ScoreSheet.submission_id == scored.id))}  # fmt: skip

    def read() -> None:
        sheet = expert.get(f"{here}/score-sheet").get_data(as_text=True)
        assert all(str(value) in sheet for value in points)
        assert auditor.get(f"{here}/audit-record").status_code == 200
        assert "省厅会议的理由" in province.get(f"{here}/ruling").get_data(as_text=True)

    read()
    assert "省厅会议的理由" not in world.enterprise(scored).get(here).get_data(as_text=True)
    hands.publicise(world)
    objection = object_to(world)
    receipt = f"/publicity/{hands.the_round(world).public_id}/objections/{objection}"
    read()
    assert world.stranger().get(receipt).status_code == 200
    public = world.stranger().get(f"/publicity/{hands.the_round(world).public_id}").get_data(as_text=True)
    assert scored.organisation_name in public and "省厅会议的理由" not in public
    hands.decide_all(world)
    hands.finalise(world)
    read()
    assert world.stranger().get(receipt).status_code == 200


@only_sqlite
def test_a_box_for_a_reason_is_empty_the_next_time(world: World) -> None:
    """Field case 11: reopening, ruling and making void do not offer the reason of the time before."""
    audited, scored = world.submission("audited"), world.submission("scored")
    expert, province = world.browser("expert"), world.browser("province")
    here = f"/submissions/{audited.public_id}/score-sheet"
    assert hand_in(expert, sheet_of(world, audited)).status_code == 303
    assert reopen(province, sheet_of(world, audited), "上一次的理由").status_code == 303
    assert hand_in(expert, sheet_of(world, audited), points_1="5", change_1="改").status_code == 303
    page = province.get(here).get_data(as_text=True)
    assert "上一次的理由" in page, "it is history"
    assert not [area for area in page.split("<textarea")[1:] if "上一次的理由" in area.split("</textarea>")[0]]
    assert 'value="上一次的理由"' not in page
    hands.finalise(world)
    issue(world)
    first = letter_of(world, scored)
    assert province.post(f"/letters/{first.public_id}/void", {"reason": "上一次的理由"}).status_code == 303
    issue(world)
    second = letter_of(world, scored)
    office = f"/rounds/{hands.the_round(world).public_id}/letters?void={second.public_id}"
    page = province.get(office).get_data(as_text=True)
    assert not [area for area in page.split("<textarea")[1:] if "上一次的理由" in area.split("</textarea>")[0]]


@only_sqlite
def test_nothing_hidden_is_found_by_searching(world: World) -> None:
    """Field case 20: by an expert's name, a total, a reason or an objector, whoever may not read them finds nothing."""
    scored = world.submission("scored")
    given = {"version": 1, "outcome": "fail", "reason": "绝密的理由"}
    assert world.browser("province").post(f"/submissions/{scored.public_id}/ruling", given).status_code == 303
    hands.publicise(world)
    object_to(world)
    with world.app.app_context():
        expert = db.session.scalars(select(Person.name).where(Person.login == "expert")).one()
    words = (expert, str(world.now(scored).total), "绝密的理由", "张三", "0311-1", "excellent", "fail")
    readers = [world.stranger(), world.enterprise(scored), world.city(scored), world.browser("expert")]
    for path in ("/designations", "/submissions"):
        for browser in readers if path == "/designations" else readers[1:]:
            nothing = browser.get(path, query_string={"q": "查无此词"}).get_data(as_text=True).count("<tr")
            for word in words:
                page = browser.get(path, query_string={"q": word}).get_data(as_text=True)
                assert page.count("<tr") == nothing, (path, word)
    for order in ("total", "-total", "score", "rank", "outcome"):
        plain = world.enterprise(scored).get("/submissions").status_code
        assert world.city(scored).get("/submissions", query_string={"sort": order}).status_code in {200, 400}, plain


@only_sqlite
@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_province_sees_as_many_files_as_were_sent(world: World, count: int) -> None:
    """Field case 41."""
    round_ = hands.publicise(world)
    files = [(io.BytesIO(pdf(str(number))), f"证据{number}.pdf") for number in range(count)]
    said = {"name": "张三", "contact": "1", "text": "公示的结果与事实不符，请核实。", "file": files}
    assert world.stranger().post(f"/publicity/{round_.public_id}/objections", said).status_code == 303
    with world.app.app_context():
        objection = db.session.scalars(select(Objection.public_id)).one()
    province = world.browser("province")
    page = province.get(f"/objections/{objection}").get_data(as_text=True)
    assert page.count(f"/objections/{objection}/files/") == count
    for number in range(count):
        assert province.client.get(f"/objections/{objection}/files/{number + 1}").data == pdf(str(number))
    assert province.client.get(f"/objections/{objection}/files/{count + 1}").status_code == 404


@only_sqlite
def test_a_busy_database_says_so_on_the_new_desks_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Field case 10: a sentence and Retry-After; nothing done, and the next try goes."""
    audited, scored = world.submission("audited"), world.submission("scored")
    sheet = sheet_of(world, audited)
    sent: list[tuple[str, str, dict[str, Any]]] = [
        ("expert", f"/submissions/{audited.public_id}/score-sheet", {"version": sheet.version, "points-1": "5"}),
        ("expert", f"/score-sheets/{sheet.public_id}/hand-in", {"version": sheet.version + 1, **FULL}),
        ("province", f"/submissions/{scored.public_id}/ruling", {"version": 1, "outcome": "pass", "reason": "经查"}),
    ]

    def busy(*_given: object, **_more: object) -> Any:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    for login, path, data in sent:
        browser, before = world.browser(login), stored(world)
        with monkeypatch.context() as patched:
            for module in (marking, handing_in):
                patched.setattr(module, "record", busy)
            patched.setattr(ruling.journal, "append", busy)
            answer = browser.post(path, data)
        assert (answer.status_code, bool(answer.headers.get("Retry-After"))) == (503, True), path
        assert "locked" not in answer.get_data(as_text=True)
        assert stored(world) == before
        assert browser.post(path, data).status_code == 303, path


def cells(content: bytes) -> list[list[str]]:
    sheets = workbook_sheets(content, most_sheets=100)
    assert not isinstance(sheets, Reason)
    return [[cell.text for cell in line] for sheet in sheets for line in sheet.lines]


def _empty_office(world: World) -> Browser:
    """Somebody of the province in an empty database."""
    from hbreview.acts import inviting
    from hbreview.acts.inviting import Newcomer
    from hbreview.acts.rehearsing import PASSWORD
    from hbreview.acts.signing_in import HASHER
    from hbreview.words import Role

    def hire(session: Any) -> None:
        inviting.add_person(session, Newcomer(Role.PROVINCE, "省厅", "p1")).password_hash = HASHER.hash(PASSWORD)

    hands.write(world, hire)
    return world.browser("p1")


@only_sqlite
def test_a_years_roster_goes_out_in_and_out_again_the_same(world: World, tmp_path: Any, request: Any) -> None:
    """D10: of a round that was decided; each cell equal, read into another, empty database by the office's page."""
    from tests.conftest import _copy
    from tests.worlds import open_world

    hands.finalise(world)
    files = {ending: world.stranger().client.get(f"/designations.{ending}").data for ending in ("xlsx", "csv")}
    folder = tmp_path / "other"
    with open_world(_copy("sqlite", "empty", folder, request), folder) as other:
        browser = _empty_office(other)
        shown = browser.post("/rosters", {"file": (io.BytesIO(files["xlsx"]), "名单.xlsx")})
        assert shown.status_code == 200, shown.get_data(as_text=True)[:2000]
        page = shown.get_data(as_text=True)
        digest = page.split('name="digest" value="')[1].split('"')[0]
        against = page.split('name="against" value="')[1].split('"')[0]
        kept = {"do": "keep", "digest": digest, "filename": "名单.xlsx", "against": against, "year": "2019"}
        assert browser.post("/rosters", kept).status_code == 303
        again = {ending: other.stranger().client.get(f"/designations.{ending}").data for ending in files}
        assert len(cells(files["xlsx"])) > 10
        assert cells(again["xlsx"]) == cells(files["xlsx"])
        assert again["csv"] == files["csv"]
        with other.app.app_context():
            assert (db.session.scalar(select(func.count()).select_from(Designation)) or 0) > 6
            assert {roster.programme for roster in db.session.scalars(select(Roster))} == {"platform", "base"}
        assert other.faults() == []


@only_sqlite
def test_a_score_sheet_goes_out_is_filled_in_and_goes_out_the_same(world: World) -> None:
    """D10: as a spreadsheet program saves it; the next one out has in each open cell what was filled in."""
    from tests.documents.test_score_sheet_file import edited

    audited, expert = world.submission("audited"), world.browser("expert")
    path = f"/submissions/{audited.public_id}/score-sheet.xlsx"
    typed: dict[str, object] = {}
    for row, indicator in enumerate(PLATFORM.indicators):
        typed |= {f"E{row + 5}": float(indicator.weight) / 2, f"F{row + 5}": f"=备注{indicator.order} {{7*7}} 𠮷"}
    filled = edited(expert.client.get(path).data, typed)
    answer = expert.post("/score-sheets/upload", {"file": (io.BytesIO(filled), "评分表.xlsx")})
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    out = expert.client.get(path).data
    rows = cells(out)[4 : 4 + len(PLATFORM.indicators)]
    for row, indicator in zip(rows, PLATFORM.indicators, strict=True):
        assert Decimal(row[4]) == indicator.weight / 2
        assert row[5] == f"=备注{indicator.order} {{7*7}} 𠮷"
    found = read_score_sheets(out)
    assert not isinstance(found, Reason)
    assert found[0].cells == ()
    before = stored(world)
    assert expert.post("/score-sheets/upload", {"file": (io.BytesIO(out), "评分表.xlsx")}).status_code == 200
    assert stored(world) == before
    assert expert.client.get(path).status_code == 200


@only_sqlite
@pytest.mark.parametrize("typed", ["__import__('os')", "=1+1", "{{7*7}}", "1e9", "NaN", "-1", "100/2", "１", "0x1"])
def test_a_weight_is_a_number_and_nothing_else(world: World, typed: str) -> None:
    """I08: typed by the office for a planned round; nothing is evaluated."""
    from hbreview.acts.running_rounds import Plan, plan_round

    origin: Origin = hands.by(world, "province")
    with world.app.app_context():
        days = (today() + timedelta(days=10), today() + timedelta(days=20))
        made = plan_round(Plan(2019, "新一轮", ("platform",), *days, settings={}), origin=origin).target
        row = db.session.scalars(select(Round).where(Round.public_id == made)).one()
    data = {f"weight-platform-{one.order}": str(one.weight) for one in PLATFORM.indicators}
    data |= {"weight-platform-1": typed, "version": str(row.version), "programme": "platform"}
    before = stored(world)
    answer = world.browser("province").post(f"/rounds/{made}/weights", data)
    assert answer.status_code == 422, typed
    assert stored(world) == before
    settings = {"version": str(row.version), "pass_mark": typed, "spread": typed}
    answer = world.browser("province").post(f"/rounds/{made}/settings", settings)
    assert answer.status_code == 422 or typed == "１", typed


@only_sqlite
def test_rare_signs_stand_in_every_new_paper(world: World) -> None:
    """Field case 44: in a letter's PDF by its own fonts, in the meeting's papers and on the pages."""
    scored, name = world.submission("scored"), "河北䶮㛃𠮷科技“有限”公司"
    changed = update(Submission).where(Submission.id == scored.id).values(organisation_name=name)
    hands.write(world, lambda session: session.execute(changed))
    round_ = hands.the_round(world)
    province = world.browser("province")
    assert name in province.get(f"/rounds/{round_.public_id}/ranking").get_data(as_text=True)
    assert any(name in row for row in cells(province.client.get(f"/rounds/{round_.public_id}/meeting.xlsx").data))
    hands.finalise(world)
    issue(world)
    assert name in text_of(world.enterprise(scored).client.get(f"/submissions/{scored.public_id}/decision.pdf").data)
