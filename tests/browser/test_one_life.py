"""The life of one submission from draft to roster, by people with a real browser, with JavaScript and without."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from hbreview import clock
from hbreview.acts.imagining import imagine
from hbreview.acts.rehearsing import PAPER, REMARK
from hbreview.evaluation import values
from hbreview.extensions import db
from hbreview.model import Organisation, Round, Submission
from hbreview.model.kept import programme_of
from hbreview.programmes.schema import Programme

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser
SCAN = {"name": "盖章页.pdf", "mimeType": "application/pdf", "buffer": PAPER}
BLOCKING = "请补充佐证材料。"
INDICATOR = 4
SAVE = "#section-1 button.btn-outline-primary"


@pytest.mark.parametrize(
    "scripts", [True, pytest.param(False, marks=pytest.mark.thorough)], ids=["scripts", "no-scripts"]
)
def test_one_life(live: Live, signed_in: Callable[..., Any], scripts: bool) -> None:
    """From an unfinished draft to the public roster, each step pressed by the person whose step it is."""
    life = _Life(live, signed_in, scripts=scripts)
    life.province_assigns()
    life.enterprise_fills_in_and_submits()
    life.city_returns()
    life.enterprise_replies_and_resubmits()
    life.city_approves()
    life.auditor_signs_off()
    life.expert_scores()
    life.province_decides()
    life.second_person_finalises()
    life.public_sees_it()
    assert live.world.faults() == []


class _Life:
    """One submission, and a browser for each of its people."""

    def __init__(self, live: Live, signed_in: Callable[..., Any], *, scripts: bool) -> None:
        self._live, self._enter, self._scripts = live, signed_in, scripts
        with live.world.app.app_context():
            untouched = select(Submission).where(Submission.version == 1, Submission.programme == "platform")
            row = db.session.scalars(untouched.order_by(Submission.id).limit(1)).one()
            self._programme: Programme = programme_of(db.session(), row.programme_version_id)
            self._round = db.session.scalars(select(Round.public_id)).one()
            self._name = db.session.scalars(
                select(Organisation.name).where(Organisation.id == row.organisation_id)
            ).one()
        self._row, self._address = row, f"/submissions/{row.public_id}"
        self._answers = imagine(self._programme, name=self._name, site=row.site_name, seed=3)
        self._pages: dict[str, Any] = {}

    def _at(self, login: str, path: str = "") -> Any:
        """That person's page, at the submission or another path."""
        if login not in self._pages:
            self._pages[login] = self._enter(login, scripts=self._scripts)
        page = self._pages[login]
        page.goto(self._live.url(path or self._address))
        return page

    def _own(self) -> Any:
        return self._at(f"hb{self._row.organisation_id:04d}")

    def _city(self) -> Any:
        return self._at(f"city-{self._row.region}")

    def _press(self, page: Any, selector: str) -> None:
        """Press a button that leads to another page; what is refused shows as an alert."""
        with page.expect_navigation():
            page.click(selector)
        refused = page.locator("[role=alert]").all_inner_texts()
        assert refused == []

    def _is(self, state: str) -> None:
        assert self._live.world.now(self._row).state == state

    def province_assigns(self) -> None:
        """Chooses the audit firm and the expert."""
        page = self._at("province")
        for name in ("firm", "expert"):
            page.locator(f"form:has(select[name={name}]) select").select_option(index=1)
            self._press(page, f"form:has(select[name={name}]) button")

    def enterprise_fills_in_and_submits(self) -> None:
        """Types the form; each field is saved as it is left, and figures that follow appear by themselves."""
        page = self._own()
        known = page.locator("output.computed").filter(has_text=re.compile(r"\d"))
        assert not known.count()
        answers = {key: text for key, text in self._answers.items() if text}
        assert len(answers) > 20
        for key, text in answers.items():
            self._type(page, key, text)
        if not self._scripts:
            self._press(page, SAVE)
        assert known.count()
        self._attach(page, "organization_seal")
        for key, text in answers.items():
            kept = values.parse(self._programme.field(key), text)
            assert page.locator(f"#in-{key}").input_value() == kept, key
        self._type(page, "contact_person", "王小明")
        self._say_why(page)
        if not self._scripts:
            self._press(page, SAVE)
        self._send()

    def _say_why(self, page: Any) -> None:
        """A remark to each warning."""
        names = page.locator("textarea[name^='remark.']").evaluate_all("all => all.map((one) => one.name)")
        for name in names:
            remark = page.locator(f"[name='{name}']")
            if self._scripts:
                with page.expect_response(lambda answer: answer.url.endswith("/answers")) as saved:
                    remark.fill(REMARK)
                    remark.press("Tab")
                assert saved.value.status == 200
            else:
                remark.fill(REMARK)

    def _send(self) -> None:
        """From the review page, which shows nothing in the way any more."""
        page = self._at(f"hb{self._row.organisation_id:04d}", f"{self._address}/review")
        page.check("#step-submit input[name=declared]")
        self._press(page, "#step-submit button")
        self._is("submitted")

    def _type(self, page: Any, key: str, text: str) -> None:
        field = page.locator(f"#in-{key}")
        chosen = field.evaluate("e => e.tagName") == "SELECT"

        def change() -> None:
            if chosen:
                field.select_option(text)
            else:
                field.fill(text)
                field.press("Tab")

        if self._scripts and field.input_value() != text:
            with page.expect_response(lambda answer: answer.url.endswith("/answers")) as saved:
                change()
            assert saved.value.status == 200, (key, text, saved.value.text())
            page.locator(f"#note-{key} .saved, #field-{key}.cell").first.wait_for()
        else:
            change()

    def _attach(self, page: Any, field: str) -> None:
        """Choosing a file sends it; without scripts the button does."""
        page.set_input_files(f"#file-{field}", SCAN)
        if not self._scripts:
            self._press(page, f"#files-{field} button[form=upload-{field}]")
        kept = page.locator(f"#files-{field} .files").get_by_text(SCAN["name"])
        kept.wait_for()
        assert kept.count() == 1

    def city_returns(self) -> None:
        """Says in an indicator's thread what is to be mended, and returns the form with a reason."""
        page = self._city()
        indicator = page.locator(f"#indicator-{INDICATOR}")
        if indicator.get_attribute("open") is None:
            indicator.locator("> summary").click()
        if not self._scripts:  # the thread comes by itself with scripts only; else its link opens it
            indicator.locator("a[href*='/indicators/']").click()
        form = page.locator(f"#thread-{INDICATOR} form.post")
        form.locator("textarea").fill(BLOCKING)
        form.locator("[name=blocking]").check()
        self._discuss(page, form.locator("button"), BLOCKING)
        page = self._city()
        page.fill("#step-return textarea", "佐证材料不全。")
        self._press(page, "#step-return button")
        self._is("draft")

    def _discuss(self, page: Any, button: Any, text: str) -> None:
        button.click()
        page.locator(f"#thread-{INDICATOR} .prose").filter(has_text=text).wait_for()

    def enterprise_replies_and_resubmits(self) -> None:
        """Sees why, answers in the thread and submits again."""
        page = self._own()
        assert "佐证材料不全。" in page.locator(".alert-warning").first.inner_text()
        thread = page.locator(f"#thread-{INDICATOR}")
        assert BLOCKING in thread.inner_text()
        thread.locator("a[href*='reply=']").first.click()
        thread.locator("article [name=body]").first.fill("已补充。")
        self._discuss(page, thread.locator("article form button").first, "已补充。")
        self._send()

    def city_approves(self) -> None:
        """Settles the comment; then opinion, seal date and the sealed page's scan go up together."""
        page = self._city()
        thread = page.locator(f"#thread-{INDICATOR}")
        thread.locator("button[formaction$='/resolve']").click()
        thread.locator("button[formaction$='/reopen']").wait_for(state="attached")
        page = self._city()
        page.fill("#in-opinion", "经审核，情况属实，同意上报。")
        page.fill("#in-seal_date", clock.today().isoformat())
        page.set_input_files("#in-seal_scan", SCAN)
        self._press(page, "#step-approve button")
        self._is("city_reviewed")

    def auditor_signs_off(self) -> None:
        """Records figures that agree with the form, uploads the report, signs off."""
        record = f"{self._address}/audit-record"
        page = self._at("auditor", record)
        answers = self._answers
        figures = {
            "service_assets_original_value": answers["total_assets"],
            "service_assets_equipment": answers["equipment_purchase_price"],
            "service_cost_expenditure": answers["service_activity_expenditure"],
            "capability_investment": "50.00",
            "small_micro_service_count": "600",
            "small_micro_discount": "下浮百分之二十。",
            "audit_firm_name": "河北示例会计师事务所",
            "audit_report_number": "冀审字〔2020〕第001号",
            "audit_report_date": "2020-03-31",
            "explanation": "口径不同。",
        }
        for key, text in figures.items():
            page.fill(f"#in-{key}", text)
        item = {"service_item_name": "管理咨询", "service_item_fee": "800.00", "market_standard_fee": "1000.00"}
        for key, text in item.items():
            page.locator(f"[name={key}]").first.fill(text)
        self._press(page, "main form button.btn-primary >> nth=0")
        page.set_input_files("#field-audit_report_file input[type=file]", SCAN)
        self._press(page, "#field-audit_report_file button")
        self._press(page, "#step-audit button")
        self._is("audited")

    def expert_scores(self) -> None:
        """Gives full points to each indicator; one press keeps the sheet and hands it in."""
        page = self._at("expert", f"{self._address}/score-sheet")
        for indicator in self._programme.indicators:
            page.fill(f"#in-points-{indicator.order}", str(indicator.weight))
        self._press(page, ".stick .btn-primary")
        assert not page.locator(".stick button").count()

    def province_decides(self) -> None:
        """Closes the scoring and the round, then publicises; what is not scored is deferred with a reason."""
        page = self._at("province")
        self._press(page, "#step-score button")
        self._is("scored")
        page = self._at("province", f"/rounds/{self._round}")
        self._press(page, "#step-close button")
        page.check("#step-publicise input[name=defer]")
        page.click("#step-publicise button")
        page.locator("#step-publicise [role=alert]").wait_for()
        assert page.is_checked("#step-publicise input[name=defer]")
        page.fill("#step-publicise textarea", "材料尚未齐备，延期处理。")
        self._press(page, "#step-publicise button")

    def second_person_finalises(self) -> None:
        """Who publicised may not finalise; a second person does."""
        path = f"/rounds/{self._round}"
        page = self._at("province", path)
        page.click("#step-finalise button")
        page.locator("#step-finalise [role=alert]").wait_for()
        page = self._at("province2", path)
        self._press(page, "#step-finalise button")
        assert not page.locator("#step-finalise").count()

    def public_sees_it(self) -> None:
        """The organisation stands on the roster of this round, for anybody."""
        page = self._at("", "/designations?programme=platform")
        assert page.locator("#designations td").get_by_text(self._name).count()
        page = self._at("", f"/designations?programme=platform&round={self._round}")
        assert page.locator("#designations td").get_by_text(self._name).count()
