"""The page of the special audit: figures beside the form's, explanations, items, the report, and the sign-off."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import g, render_template
from sqlalchemy import select

from hbreview.acts import assigning, inviting
from hbreview.acts.inviting import Newcomer
from hbreview.acts.rehearsing import PASSWORD
from hbreview.acts.signing_in import actor_for
from hbreview.desks.counter import panels
from hbreview.extensions import db
from hbreview.model import Attachment, AuditRecord, Firm, Person, Round, Submission
from hbreview.security import SignedIn
from hbreview.transact import Receipt, carry_out
from hbreview.words import Role
from hbreview.workflow.journal import Origin
from tests.desks.test_query_counts import count
from tests.worlds import Browser, World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
COST = "service_cost_expenditure"
WHOLE = {
    "service_assets_original_value": "1.00", COST: "0.50", "capability_investment": "5.00",
    "small_micro_service_count": "100000", "small_micro_discount": "八折", "audit_firm_name": "甲所",
    "audit_report_number": "冀审字1号", "audit_report_date": "2020-03-01",
    "service_item_name": ["检测", "培训"], "service_item_fee": ["80.00", "150"],
    "market_standard_fee": ["100.00", "120"],
}  # fmt: skip


def path(submission: Submission) -> str:
    return f"/submissions/{submission.public_id}/audit-record"


def version(world: World, submission: Submission) -> int:
    return world.now(submission).version


def post(world: World, browser: Browser, submission: Submission, **data: Any) -> Any:
    return browser.post(path(submission), {"version": version(world, submission), **data})


def sign_off(world: World, browser: Browser, submission: Submission, **data: Any) -> Any:
    return browser.post(f"{path(submission)}/sign-off", {"version": version(world, submission), **data})


def record(world: World, submission: Submission) -> AuditRecord | None:
    with world.app.app_context():
        return db.session.get(AuditRecord, submission.id)


def attach(world: World, browser: Browser, submission: Submission) -> Any:
    data = {
        "version": version(world, submission), "field": "audit_report_file", "file": (io.BytesIO(PDF), "审计报告.pdf"),
    }  # fmt: skip
    return browser.post(f"/submissions/{submission.public_id}/attachments", data)


def bring(world: World, setting: int = 1) -> None:
    """Whether the round has the enterprise bring the report."""

    def work(_session: object) -> Receipt:
        round_ = db.session.scalars(select(Round)).one()
        round_.settings = {**round_.settings, "enterprise_brings_report": setting}
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def line_of(page: str, key: str) -> str:
    """What the page says that a figure is held against."""
    start = page.index(f'id="field-{key}"')
    return " ".join(page[start : page.index('<div class="field', start + 20)].split())


def test_each_figure_stands_beside_the_forms_with_its_tolerance(world: World) -> None:
    one, auditor = world.submission("city_reviewed"), world.browser("auditor")
    assert post(world, auditor, one, **WHOLE).status_code == 303
    page = auditor.get(path(one)).get_data(as_text=True)
    said = line_of(page, COST)
    assert 'data-within="no"' in said
    assert re.search(r'<span class="num">-[0-9.]+</span>', said)
    assert 'data-within="yes"' in line_of(page, "service_assets_original_value")
    assert f'name="explain-{COST}"' in page
    assert 'name="explain-capability_investment"' not in page
    assert "-20.00" in page
    assert "+25.00" in page
    # Everybody else reads the same and types nothing.
    for browser in (world.browser("province"), world.city(one)):
        page = browser.get(path(one)).get_data(as_text=True)
        assert 'data-within="no"' in page
        assert f'name="{COST}"' not in page


def test_a_refused_save_keeps_everything_typed_and_says_it_at_each_cell(world: World) -> None:
    one, auditor = world.submission("city_reviewed"), world.browser("auditor")
    assert post(world, auditor, one, **WHOLE).status_code == 303
    before = world.dump()
    wrong = {
        **WHOLE, COST: "many", "service_item_fee": ["-80", "150"], f"explain-{COST}": "账面口径<i>不同",
        "explanation": "总说明",
    }  # fmt: skip
    refused = post(world, auditor, one, **wrong)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    for kept in ('value="many"', 'value="-80"', "账面口径&lt;i&gt;不同", "总说明", 'value="检测"', 'value="冀审字1号"'):
        assert kept in page, kept
    assert 'id="service_item_fee-0-problem"' in page
    assert f'id="{COST}-problem"' in page
    assert 'id="service_item_fee-1-problem"' not in page
    assert world.dump() == before
    for key, text in ((f"explain-{COST}", "长" * 5001), ("explanation", "长" * 5001), (f"explain-{COST}", "a\0b")):
        refused = post(world, auditor, one, **{**WHOLE, key: text})
        assert refused.status_code == 422, key
        assert f'id="{key}-problem"' in refused.get_data(as_text=True)
    assert world.dump() == before


def test_a_sign_off_names_every_difference_that_nobody_explained_beside_its_input(world: World) -> None:
    one, auditor = world.submission("city_reviewed"), world.browser("auditor")
    refused = sign_off(world, auditor, one)
    assert refused.status_code == 422
    assert 'id="audit_firm_name-problem"' in refused.get_data(as_text=True)
    post(world, auditor, one, **WHOLE)
    attach(world, auditor, one)
    refused = sign_off(world, auditor, one)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert f'id="explain-{COST}-problem"' in page
    assert f'href="#field-explain-{COST}"' in page
    assert record(world, one).signed_at is None  # type: ignore[union-attr]  # it was posted above
    # Each difference its own explanation will do, and so will one for all.
    keys = set(re.findall(r'name="(explain-[a-z_]+)"', page))
    assert f"explain-{COST}" in keys
    assert post(world, auditor, one, **WHOLE, **dict.fromkeys(keys, "口径不同")).status_code == 303
    assert record(world, one).explanations[COST] == "口径不同"  # type: ignore[union-attr]  # as above
    assert "Before" not in auditor.get(path(one)).get_data(as_text=True)
    assert sign_off(world, auditor, one).status_code == 303
    assert world.now(one).state.value == "audited"
    assert world.faults() == []


def test_one_explanation_for_all_is_enough(world: World) -> None:
    one, auditor = world.submission("city_reviewed"), world.browser("auditor")
    post(world, auditor, one, **WHOLE, explanation="均为口径不同")
    attach(world, auditor, one)
    assert world.fire(auditor, one, "audit").status_code == 303
    page = world.city(one).get(path(one)).get_data(as_text=True)
    signed = page[page.index('id="signed"') :].split("</p>")[0]
    assert "审计员" in signed
    assert "1" in signed


def test_a_sign_off_on_an_older_version_or_revision_is_refused(world: World) -> None:
    one, auditor = world.submission("city_reviewed"), world.browser("auditor")
    post(world, auditor, one, **WHOLE, explanation="口径不同")
    attach(world, auditor, one)
    before = world.dump()
    for address in (f"{path(one)}/sign-off", f"/submissions/{one.public_id}/audit"):
        assert auditor.post(address, {"version": version(world, one) - 1}).status_code == 409
    assert world.dump() == before

    def resubmitted(_session: object) -> Receipt:
        db.session.get_one(AuditRecord, one.id).revision_number = 0
        return Receipt("")

    with world.app.app_context():
        carry_out(resubmitted)
    refused = sign_off(world, auditor, one)
    assert refused.status_code == 422
    assert 'href="#field-record"' in refused.get_data(as_text=True)
    assert post(world, auditor, one, **WHOLE, explanation="口径不同").status_code == 303
    assert sign_off(world, auditor, one).status_code == 303
    kept = record(world, one)
    assert kept is not None
    assert kept.revision_number == world.now(one).revision_number


def test_a_stale_save_keeps_what_was_typed_and_shows_what_was_kept_meanwhile(world: World) -> None:
    one, auditor = world.submission("city_reviewed"), world.browser("auditor")
    old = version(world, one)
    post(world, auditor, one, **WHOLE)
    before = world.dump()
    stale = auditor.post(path(one), {**WHOLE, "version": old, COST: "77.70", "explanation": "我的说明"})
    page = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert 'value="77.70"' in page
    assert "我的说明" in page
    assert "0.50" in line_of(page, COST)
    assert f'name="version" value="{version(world, one)}"' in page
    assert world.dump() == before


def test_rows_are_added_and_removed_without_saving_up_to_fifty(world: World) -> None:
    one, auditor = world.submission("city_reviewed"), world.browser("auditor")
    before = world.dump()
    more = post(world, auditor, one, **WHOLE, more="1")
    page = more.get_data(as_text=True)
    assert more.status_code == 200
    assert page.count('name="service_item_name"') == 7
    assert 'value="检测"' in page
    fewer = post(world, auditor, one, **WHOLE, drop="0").get_data(as_text=True)
    assert 'value="检测"' not in fewer
    assert 'value="培训"' in fewer
    assert 'value="冀审字1号"' in fewer
    assert world.dump() == before
    fifty = {name: [text] * 50 for name, text in (("service_item_name", "检测"), ("service_item_fee", "1"))}
    full = post(world, auditor, one, **fifty, more="1").get_data(as_text=True)
    assert full.count('name="service_item_name"') == 50
    assert 'name="more"' not in full
    assert post(world, auditor, one, **fifty).status_code == 303
    before = world.dump()
    over = post(world, auditor, one, service_item_name=[f"第{n}项" for n in range(51)])
    page = over.get_data(as_text=True)
    assert over.status_code == 422
    assert 'value="第50项"' in page
    assert 'id="items-problem"' in page
    assert post(world, auditor, one, service_item_name=["项"] * 501).status_code == 400
    # Rows that were added to what somebody typed on an older version do not make it a newer one.
    old = version(world, one) - 1
    assert f'name="version" value="{old}"' in auditor.post(path(one), {**WHOLE, "version": old, "more": 1}).text
    assert world.dump() == before


def test_more_rows_are_more_than_the_empty_ones_that_stand_there(world: World) -> None:
    """Nothing is saved by asking for rows, and each press gives five more of them."""
    auditor, row = world.browser("auditor"), world.submission("city_reviewed")
    columns = {"service_item_name": [""] * 4, "service_item_fee": [""] * 4, "market_standard_fee": [""] * 4}
    sent = {"version": row.version, "more": "1"} | columns
    answer = auditor.post(f"/submissions/{row.public_id}/audit-record", sent)
    assert answer.text.count('name="service_item_name"') == 9


def test_another_firms_auditor_sees_nothing_of_it(world: World) -> None:
    one = world.submission("city_reviewed")

    def hire(session: Any) -> Receipt:
        person = inviting.add_person(session, Newcomer(Role.AUDITOR, "外人", "other", firm_name="别家所"))
        person.password_hash = session.scalars(select(Person.password_hash).where(Person.login == "auditor")).one()
        return Receipt("")

    with world.app.app_context():
        carry_out(hire)
    other = world.stranger()
    other.sign_in("other", PASSWORD)
    before = world.dump()
    assert other.get(path(one)).status_code == 404
    assert post(world, other, one, **WHOLE).status_code == 404
    assert sign_off(world, other, one).status_code == 404
    assert attach(world, other, one).status_code == 404
    after = world.dump()
    assert {name for name in after if after[name] != before[name]} == {"journal", "journal_head"}  # the denials
    # Given to that firm, it is theirs alone.
    with world.app.app_context():
        province = db.session.scalars(select(Person).where(Person.login == "province")).one()
        firm = db.session.scalars(select(Firm.public_id).where(Firm.name == "别家所")).one()
        assigning.assign_firm(one.public_id, firm, origin=Origin(actor_for(province), "test"))
    assert other.get(path(one)).status_code == 200
    assert world.browser("auditor").get(path(one)).status_code == 404


def test_who_keeps_the_record_and_brings_the_report_is_the_rounds_setting(world: World) -> None:
    one = world.submission("city_reviewed")
    province, auditor, enterprise = world.browser("province"), world.browser("auditor"), world.enterprise(one)
    assert post(world, province, one, **WHOLE).status_code == 403
    assert 'name="explanation"' not in province.get(path(one)).get_data(as_text=True)
    assert attach(world, enterprise, one).status_code == 403
    assert record(world, one) is None
    bring(world)
    assert attach(world, auditor, one).status_code == 403
    assert attach(world, enterprise, one).status_code == 303
    assert 'name="explanation"' in province.get(path(one)).get_data(as_text=True)
    assert post(world, province, one, **WHOLE, explanation="口径不同").status_code == 303
    assert sign_off(world, province, one).status_code == 303
    assert world.now(one).state.value == "audited"
    assert attach(world, enterprise, one).status_code == 409


def test_the_enterprise_brings_its_report_until_the_audit_is_signed_off(world: World) -> None:
    bring(world)
    for state in ("draft", "returned", "submitted", "city_reviewed"):
        one = world.submission(state)
        own = world.enterprise(one)
        assert attach(world, own, one).status_code == 303, state
        with world.app.app_context():
            query = select(Attachment.public_id).where(
                Attachment.submission_id == one.id, Attachment.field == "audit_report_file"
            )
            file = db.session.scalars(query).one()
        assert own.get(f"/attachments/{file}").status_code == 200
        assert world.city(one).get(f"/attachments/{file}").status_code == 200
        removed = own.post(f"/attachments/{file}/remove", {"version": version(world, one)})
        assert removed.status_code == 303, state
    for state in ("audited", "scored"):
        one = world.submission(state)
        assert attach(world, world.enterprise(one), one).status_code == 409
    assert world.faults() == []


@pytest.mark.parametrize("setting", [0, 1])
def test_the_own_reports_part_is_there_only_where_the_enterprise_brings_it(world: World, setting: int) -> None:
    bring(world, setting)
    one = world.submission("draft")

    def part() -> str:
        g.submission = db.session.scalars(select(Submission).where(Submission.id == one.id)).one()
        panels.read_again()
        return render_template("audit/_own_report.html", **panels.submission_context())

    with world.app.test_request_context("/"):
        person = db.session.scalars(select(Person).where(Person.login == f"hb{one.organisation_id:04d}")).one()
        g._login_user = SignedIn(actor_for(person), 0)
        assert ('value="audit_report_file"' in part()) is bool(setting)


def test_the_page_takes_the_same_statements_for_no_record_and_for_fifty_items(world: World) -> None:
    one, auditor = world.submission("city_reviewed"), world.browser("auditor")
    few = count(world, auditor, path(one))
    fifty = {name: ["1"] * 50 for name in ("service_item_name", "service_item_fee", "market_standard_fee")}
    assert post(world, auditor, one, **{**WHOLE, **fifty}).status_code == 303
    attach(world, auditor, one)
    assert count(world, auditor, path(one)) == few
    assert few <= 9
