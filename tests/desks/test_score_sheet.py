"""The score sheet: evidence beside the points, saved field by field, handed in, reopened; and as a workbook."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from hbreview.documents.score_sheet_file import PrintedMark, PrintedSheet, read_score_sheets, score_sheets_xlsx
from hbreview.extensions import db
from hbreview.model import Attachment, Entry, Score, ScoreSheet, SheetVersion, Submission
from hbreview.programmes.loader import shipped
from hbreview.words import Reason, State
from tests.desks.test_query_counts import count, counting
from tests.worlds import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PLATFORM = shipped("platform", 2019)
HTMX = {"HX-Request": "true"}


class Desk:
    """One submission after its audit, and its expert's hands."""

    def __init__(self, world: World) -> None:
        self.world, self.submission = world, world.submission("audited")
        self.browser, self.province = world.browser("expert"), world.browser("province")
        self.path = f"/submissions/{self.submission.public_id}/score-sheet"

    def sheet(self) -> ScoreSheet:
        """The sheet as it stands."""
        with self.world.app.app_context():
            query = select(ScoreSheet).where(ScoreSheet.submission_id == self.submission.id)
            return db.session.scalars(query.order_by(ScoreSheet.id)).first()  # type: ignore[return-value]  # assigned

    def stands(self) -> dict[int, tuple[str, str, str]]:
        """Points, remark and reason by indicator."""
        with self.world.app.app_context():
            rows = db.session.scalars(select(Score).where(Score.sheet_id == self.sheet().id))
            return {s.indicator: (str(s.points), s.remark, s.change_reason) for s in rows}

    def page(self) -> str:
        """The expert's page."""
        response = self.browser.get(self.path)
        assert response.status_code == 200
        return response.get_data(as_text=True)

    def save(self, version: int | None = None, *, htmx: bool = False, **fields: str) -> TestResponse:
        """Post these fields ("points_1" for "points-1") on a version."""
        data = {name.replace("_", "-"): text for name, text in fields.items()}
        version = version or self.sheet().version
        return self.browser.post(self.path, {"version": version, **data}, headers=HTMX if htmx else {})

    def whole(self, **other: str) -> dict[str, str]:
        """A sheet that can be handed in: full points."""
        full = {f"points-{i.order}": str(i.weight) for i in PLATFORM.indicators}
        return full | {name.replace("_", "-"): text for name, text in other.items()}

    def hand_in(self, **other: str) -> TestResponse:
        """Press "hand in" on the form."""
        sheet = self.sheet()
        data = {"version": sheet.version, **self.whole(**other)}
        return self.browser.post(f"/score-sheets/{sheet.public_id}/hand-in", data)

    def reopen(self, reason: str = "请核对第1项。") -> TestResponse:
        """The province's reopening."""
        return self.province.post(f"/score-sheets/{self.sheet().public_id}/reopen", {"reason": reason})


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


@pytest.mark.parametrize("order", [indicator.order for indicator in PLATFORM.indicators[:1]])
def test_never_scored_is_blank_and_each_indicator_can_be_the_first(desk: Desk, order: int) -> None:
    """Field cases 31 and 32."""
    with desk.world.app.app_context():
        assert not list(db.session.scalars(select(Score).where(Score.sheet_id == desk.sheet().id)))
    page = desk.page()
    assert 'value="0"' not in page
    assert "<b>—</b>" in page
    for indicator in PLATFORM.indicators:
        response = desk.save(htmx=True, **{f"points_{indicator.order}": "0.5"})
        assert response.status_code == 200, response.get_data(as_text=True)
    assert {points for points, _remark, _change in desk.stands().values()} == {"0.5"}


def test_the_page_shows_evidence_suggestions_and_a_constant_number_of_statements(desk: Desk) -> None:
    before = count(desk.world, desk.browser, desk.path)
    with desk.world.app.app_context():
        session = db.session()
        session.info["writing"] = True
        file = session.scalars(select(Attachment).where(Attachment.submission_id == desk.submission.id)).first()
        assert file is not None
        file.proves = {"13": "3-5"}
        session.commit()
    desk.save(points_1="1", points_2="2")
    page = desk.page()
    assert count(desk.world, desk.browser, desk.path) == before
    assert before <= 10
    assert "÷ 200 × 12" in page or "≥ 200" in page
    assert "3-5" in page


def test_without_scripts_the_whole_form_is_saved_with_303(desk: Desk) -> None:
    response = desk.save(points_1="５．５", remark_1="a\r\nb", points_2="")
    assert response.status_code == 303
    assert desk.stands() == {1: ("5.5", "a\nb", "")}


def test_a_wrong_figure_is_told_beside_its_field_and_everything_typed_stays(desk: Desk) -> None:
    response = desk.save(points_1="6.1", points_2="abc", remark_2="想一想")
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert all(text in page for text in ('value="6.1"', 'value="abc"', "想一想"))
    assert desk.stands() == {}
    part = desk.save(htmx=True, points_1="6.1", points_2="5")
    assert part.status_code == 422
    assert 'id="note-points-1"' in part.get_data(as_text=True)
    assert '"points-2"' in part.headers["HX-Trigger"]
    assert '"points-1"' not in part.headers["HX-Trigger"]
    assert desk.stands() == {2: ("5.0", "", "")}


def test_hand_in_refused_keeps_what_does_not_fit_on_the_screen(desk: Desk) -> None:
    response = desk.hand_in(points_3="七")
    assert response.status_code == 422
    assert 'value="七"' in response.get_data(as_text=True)


def test_two_tabs_other_fields_merge_and_the_same_field_clashes_with_both_texts(desk: Desk) -> None:
    """Field cases 1 and 2."""
    version = desk.sheet().version
    assert desk.save(version, htmx=True, points_1="1", remark_1="甲窗口").status_code == 200
    merged = desk.save(version, htmx=True, points_2="2")
    assert merged.status_code == 200
    assert 'data-elsewhere="points-1"' in merged.get_data(as_text=True)
    clash = desk.save(version, htmx=True, points_1="3", points_3="3")
    assert clash.status_code == 409
    assert all(text in clash.get_data(as_text=True) for text in ("1.0", "3.0"))
    assert desk.stands() == {1: ("1.0", "甲窗口", ""), 2: ("2.0", "", ""), 3: ("3.0", "", "")}
    page = desk.save(version, remark_1="乙窗口", points_4="4")
    text = page.get_data(as_text=True)
    assert page.status_code == 409
    assert "甲窗口" in text
    assert "乙窗口" in text
    assert 4 not in desk.stands()
    assert desk.save(desk.sheet().version, remark_1="乙窗口").status_code == 303
    assert desk.stands()[1] == ("1.0", "乙窗口", "")


def test_saving_what_stands_changes_nothing_and_a_future_version_is_malformed(desk: Desk) -> None:
    """Field case 5."""
    for _time in range(5):
        assert desk.save(1, htmx=True, points_1="1").status_code == 200
    with desk.world.app.app_context():
        entries = list(
            db.session.scalars(select(Entry).where(Entry.act == "mark", Entry.target == desk.sheet().public_id))
        )
    assert len(entries) == 1
    assert desk.save(99, htmx=True, points_1="1").status_code == 400
    assert desk.save(htmx=True, points_99="1").status_code == 400


def test_low_scores_need_a_remark_at_once_and_at_hand_in(desk: Desk) -> None:
    """P2."""
    desk.save(htmx=True, points_1="3.5")
    page = desk.page()
    assert 'id="need-1">' in page
    assert 'id="need-2" hidden>' in page
    refused = desk.hand_in(points_1="3.5")
    assert refused.status_code == 422
    assert 'id="note-remark-1">' in refused.get_data(as_text=True)
    assert desk.hand_in(points_1="3.6").status_code == 303


def test_hand_in_writes_a_version_and_locks(desk: Desk) -> None:
    """Field case 28: what was handed in is read again in every later state."""
    assert desk.hand_in(remark_1="很好").status_code == 303
    with desk.world.app.app_context():
        version = db.session.scalars(select(SheetVersion).where(SheetVersion.sheet_id == desk.sheet().id)).one()
        assert (version.number, version.revision_number) == (1, desk.submission.revision_number)
        assert version.marks[0] == {"indicator": 1, "points": "6.0", "remark": "很好", "reason": ""}
    assert desk.save(points_1="1").status_code == 409
    assert desk.save(htmx=True, points_1="1").status_code == 409
    assert "很好" in desk.page()
    assert desk.world.fire(desk.province, desk.submission, "score").status_code == 303
    page = desk.page()
    assert "很好" in page
    assert 'name="points-1"' not in page
    assert desk.world.faults() == []


def test_after_a_reopening_a_changed_score_needs_a_reason(desk: Desk) -> None:
    desk.hand_in()
    assert desk.reopen("").status_code == 422
    assert desk.reopen("长" * 1001).status_code == 422
    assert desk.reopen().status_code == 303
    assert "请核对第1项。" in desk.page()
    refused = desk.hand_in(points_1="5")
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert 'class="field wrong" id="field-change-1"' in page
    assert desk.hand_in(points_1="5", change_1="漏看了合同").status_code == 303
    assert "漏看了合同" in desk.page()
    with desk.world.app.app_context():
        first, second = db.session.scalars(select(SheetVersion).order_by(SheetVersion.number).where(
            SheetVersion.sheet_id == desk.sheet().id))  # fmt: skip
        assert (first.reason, first.marks[0]["points"]) == ("请核对第1项。", "6.0")
        assert first.reopened_at is not None
        assert (second.marks[0]["points"], second.marks[0]["reason"]) == ("5.0", "漏看了合同")
    read = desk.province.get(desk.path).get_data(as_text=True)
    assert "漏看了合同" in read
    assert "6.0" in read
    assert desk.reopen().status_code == 303
    assert desk.stands()[1] == ("5.0", "", "")
    assert desk.hand_in(points_1="5").status_code == 303
    assert desk.world.faults() == []


def test_a_new_revision_is_said(desk: Desk) -> None:
    desk.save(points_1="1")
    with desk.world.app.app_context():
        session = db.session()
        session.info["writing"] = True
        session.get_one(Submission, desk.submission.id).revision_number += 1
        session.commit()
    assert "/diff?from=1&amp;to=2" in desk.page()
    desk.save(htmx=True, points_2="1")
    assert "/diff?from=1&amp;to=2" in desk.page()


def test_scores_of_an_indicator_that_is_no_more_still_open(desk: Desk) -> None:
    """Field case 29: the rubric was changed meanwhile; the total stays explainable."""
    with desk.world.app.app_context():
        session = db.session()
        session.info["writing"] = True
        session.add(
            Score(sheet_id=desk.sheet().id, indicator=40, points=Decimal("3.0"), remark="旧指标", change_reason="")
        )
        session.add(Score(sheet_id=desk.sheet().id, indicator=1, points=Decimal("9.0"), remark="", change_reason=""))
        session.commit()
    page = desk.page()
    assert "<b>12.0</b>" in page
    assert "旧指标" in page
    assert "旧指标" in desk.province.get(desk.path).get_data(as_text=True)
    refused = desk.browser.post(f"/score-sheets/{desk.sheet().public_id}/hand-in", {"version": 1})
    assert refused.status_code == 422
    assert desk.hand_in().status_code == 303


def uploaded(desk: Desk, content: bytes) -> tuple[int, str]:
    """What the page says to a workbook."""
    data: dict[str, Any] = {"file": (io.BytesIO(content), "评分表.xlsx")}
    response = desk.browser.post("/score-sheets/upload", data, content_type="multipart/form-data")
    return response.status_code, response.get_data(as_text=True)


def filled(sheet: ScoreSheet, *, version: int | None = None, **points: str) -> PrintedSheet:
    """A sheet whose open cells say this; what the file was made with is blank."""
    marks = [PrintedMark(int(key[1:]), "", "6", "", text) for key, text in points.items()]
    return PrintedSheet("甲", sheet.public_id, version or sheet.version, marks)


def workbook(*sheets: PrintedSheet) -> bytes:
    """A workbook as somebody filled it in: the hidden copies are blank."""
    from tests.documents.test_score_sheet_file import edited

    content = score_sheets_xlsx(sheets)
    for number, sheet in enumerate(sheets):
        blank: dict[str, object] = {f"J{row + 5}": None for row in range(len(sheet.marks))}
        content = edited(content, blank, sheet=number)
    return content


def test_the_workbook_goes_out_and_comes_in(desk: Desk) -> None:
    desk.save(points_2="4.5", remark_2="=SUM(A1)")
    one = desk.browser.client.get(f"{desk.path}.xlsx")
    every = desk.browser.client.get("/score-sheets.xlsx")
    assert (one.status_code, every.status_code) == (200, 200)
    (own,) = read_score_sheets(one.data)  # type: ignore[misc]  # no Reason
    assert (own.sheet_id, own.version, own.cells) == (desk.sheet().public_id, desk.sheet().version, ())
    found = read_score_sheets(every.data)
    assert not isinstance(found, Reason)
    assert desk.sheet().public_id in {sheet.sheet_id for sheet in found}
    status, page = uploaded(desk, every.data)
    assert status == 200
    status, page = uploaded(desk, workbook(filled(desk.sheet(), p1="５．５", p3="7", p4="+1", p2="4.5")))
    assert status == 422
    assert "E5: ５．５" in page
    assert "E6:" in page
    assert "E7:" in page
    assert desk.stands() == {1: ("5.5", "", ""), 2: ("4.5", "=SUM(A1)", "")}


def test_an_older_workbook_with_a_clash_takes_nothing(desk: Desk) -> None:
    sheet = desk.sheet()
    desk.save(points_1="1")
    desk.save(points_2="2")
    status, page = uploaded(desk, workbook(filled(sheet, p1="5", p3="3")))
    assert status == 422
    assert all(text in page for text in ("E5", "1.0", "5.0"))
    assert 3 not in desk.stands()
    status, _page = uploaded(desk, workbook(filled(sheet, p3="3")))
    assert status == 200
    assert desk.stands()[3][0] == "3.0"


def test_sheets_of_others_handed_in_ones_and_strange_files_are_refused(desk: Desk) -> None:
    sheet = desk.sheet()
    stranger = ScoreSheet(public_id="nobody", version=1)
    status, _page = uploaded(desk, workbook(filled(stranger, p1="5"), filled(sheet, p1="5"), filled(sheet, p2="5")))
    assert status == 422
    assert desk.stands() == {1: ("5.0", "", "")}
    desk.hand_in()
    status, _page = uploaded(desk, workbook(filled(desk.sheet(), p1="1")))
    assert status == 422
    assert desk.stands()[1][0] == "6.0"
    assert uploaded(desk, b"PK nothing")[0] == 422
    assert desk.browser.post("/score-sheets/upload", {}).status_code == 422
    assert desk.browser.client.get(f"{desk.path}.xlsx").status_code == 200


def test_all_sheets_take_the_same_statements(desk: Desk) -> None:
    def statements() -> int:
        with counting(desk.world) as found:
            assert desk.browser.client.get("/score-sheets.xlsx").status_code == 200
        return len(found)

    statements()
    before = statements()
    with desk.world.app.app_context():
        session = db.session()
        session.info["writing"] = True
        own = desk.sheet()
        have = set(session.scalars(select(ScoreSheet.submission_id)))
        new = [ScoreSheet(submission_id=row.id, expert_id=own.expert_id, assigned_at=own.assigned_at)
               for row in session.scalars(select(Submission).where(Submission.id.not_in(have)).limit(5))]  # fmt: skip
        session.add_all(new)
        for row in session.scalars(select(Submission).where(Submission.id.in_([one.submission_id for one in new]))):
            row.state = State.AUDITED
        session.commit()
    assert statements() == before
    assert len(read_score_sheets(desk.browser.client.get("/score-sheets.xlsx").data)) >= 6  # type: ignore[arg-type]  # no Reason
