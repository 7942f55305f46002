"""The notice's form filled in by hand: what people type there is read as they mean it."""

from __future__ import annotations

import pytest
from form_builders import (
    BASE,
    BASE_HEAD,
    BASE_TITLE,
    PLATFORM,
    PLATFORM_HEAD,
    PLATFORM_TITLE,
    changed,
    in_document,
    typed,
)

from hbreview.documents.form_reading import FormFound, UnreadKind, read_form
from hbreview.evaluation.values import parse
from hbreview.programmes.loader import shipped
from hbreview.programmes.schema import Programme

PLATFORM_FORM, BASE_FORM = shipped("platform", 2019), shipped("base", 2019)
PLATFORM_ANSWERS = {
    "organization_name": "石家庄甲公司",
    "platform_name": "甲平台",
    "legal_representative": "张三",
    "legal_representative_mobile": "13800001111",
    "organization_type": "enterprise",
    "contact_person": "李四",
    "contact_mobile": "13900002222",
    "address": "石家庄市长安区建设大街1号",
    "email": "office@example.cn",
    "website_url": "www.example.cn",
    "icp_filing_number": "冀ICP备12345号",
    "total_assets": "5000.00",
    "equipment_count": "35",
    "equipment_purchase_price": "120.50",
    "equipment_share_of_assets": "2.41",
    "service_area": "800.00",
    "service_area_owned": "500.00",
    "service_area_rented": "300.00",
    "annual_rent": "",
    "employees": "30",
    "college_technical_staff_share": "80.00",
    "intermediate_title_staff_share": "40.00",
    "service_activity_expenditure": "60.00",
    "expenditure_share_of_assets": "1.20",
    "service_institutions": "12",
    "government_resources": "",
    "public_service_products": "9",
    "enterprises_served": "260",
    "enterprises_served_increase": "-10",
    "enterprises_served_growth": "-3.70",
    "satisfaction_rate": "95.00",
    "public_welfare_events": "20",
    "public_welfare_share": "50.00",
    "small_micro_enterprises_served": "200",
    "small_micro_share": "76.92",
    "service_income": "300.00",
    "service_income_growth": "5.00",
    "development_plan": "一是提升。\n二是扩大。",
    "innovation_summary": "见附件",
    "data_reported_on_time": "yes",
    "summary_reported_on_time": "no",
    "city_review_opinion": "同意推荐。",
    "city_review_date": "2026-03-01",
}
BASE_ANSWERS = {
    "organization_name": "石家庄甲公司",
    "base_name": "甲基地",
    "operator_changed": "yes",
    "former_operator_name": "乙公司",
    "legal_representative": "张三",
    "legal_representative_phone": "0311-86012345",
    "contact_person": "李四",
    "contact_phone": "13900002222",
    "website_url": "",
    "email": "office@example.cn",
    "address": "石家庄市长安区1号",
    "communication_channels": "微信群",
    "demand_understanding": "走访",
    "fee_reasonableness": "按标准收费",
    "employees": "30",
    "dedicated_service_staff": "20",
    "entrepreneurship_mentors": "5",
    "qualified_staff_share": "60.00",
    "self_and_resident_evaluation": "良好",
    "archive_and_summary": "已归档",
    "enterprises_served": "116",
    "enterprises_served_increase": "6",
    "enterprises_served_growth": "5.45",
    "resident_enterprises": "50",
    "resident_small_micro_enterprises": "40",
    "resident_small_micro_share": "80.00",
    "base_employment": "900",
    "building_area": "12000.00",
    "service_area_owned": "800.00",
    "service_area_rented": "200.00",
    "equipment_and_software_count": "35",
    "external_service_institutions": "9",
    "total_assets": "5000.00",
    "operating_revenue": "800.00",
    "service_revenue": "300.00",
    "service_expenditure": "200.00",
    "total_profit": "-12.50",
    "welfare_revenue_share": "20.00",
    "government_subsidy": "50.00",
    "quality_control_system": "甲",
    "quality_management_execution": "乙",
    "continuous_innovation": "丙",
    "data_reported_on_time": "yes",
    "summary_reported_on_time": "no",
    "city_review_opinion": "同意",
    "city_review_date": "2026-03-01",
}
COLUMNS = ["information", "coaching", "innovation", "training", "marketing", "financing", "consulting", "professional"]
for _tens, _row in enumerate(["service_events", "service_enterprises", "service_people"]):
    BASE_ANSWERS |= {f"{_row}_{column}": str(_tens * 10 + at) for at, column in enumerate(COLUMNS, start=1)}


OLD = "<w:r><w:t>旧</w:t></w:r>"
MOVED_AWAY = f"<w:moveFrom w:id='1'>{OLD}</w:moveFrom>"


def parsed(programme: Programme, found: FormFound) -> dict[str, object]:
    return {key: parse(programme.field(key), value) for key, value in found.values.items()}


def platform(rows: list[list[str]], **words: str) -> FormFound:
    return read_form(typed(rows, **words), PLATFORM_FORM)


def base(rows: list[list[str]]) -> FormFound:
    return read_form(typed(rows, title=BASE_TITLE, head=BASE_HEAD), BASE_FORM)


@pytest.mark.parametrize("title", [PLATFORM_TITLE, ""])
def test_a_platforms_form_typed_anew(title: str) -> None:
    found = platform(PLATFORM, title=title)

    assert parsed(PLATFORM_FORM, found) == PLATFORM_ANSWERS
    assert (found.unread, found.missing, found.problems) == ((), (), ())


def test_a_bases_form_typed_anew() -> None:
    found = base(BASE)

    assert parsed(BASE_FORM, found) == BASE_ANSWERS
    assert (found.unread, found.missing, found.problems) == ((), (), ())


# What is typed otherwise, and what comes of it beside all the rest.
HABITS: list[tuple[str, str, dict[str, str]]] = [
    ("手 机", "手　 机：", {}),
    ("资产总额： 5,000 万元", "资产总额5000", {"total_assets": "5000.00"}),
    ("资产总额： 5,000 万元", "资产总额（万元）：5000", {}),
    ("资产总额： 5,000 万元", "资产总额：__5000__万元", {}),
    ("占总资产: 2.41%", "占总资产 2.41", {}),
    ("仪器、设备: 35台/套, ", "仪器设备：35 台／套 ", {}),
    ("租金：  万元", "租金：2.5 万元。", {"annual_rent": "2.50"}),
    ("租金：  万元", "租金", {}),
    ("9个（根据申报平台的功能要求对应的公共服务产品数量）", "9个", {}),
    ("9个（根据申报平台的功能要求对应的公共服务产品数量）", "9", {}),
    ("  www.example.cn  冀ICP备12345号（已建网站的填写）", "：www.example.cn冀ICP备12345号", {}),
    ("  www.example.cn  冀ICP备12345号（已建网站的填写）", "：www.example.cn", {"icp_filing_number": ""}),
    ("  www.example.cn  冀ICP备12345号", "       ", {"website_url": "", "icp_filing_number": ""}),
    ("√是 □否", "是 ☑  否 □", {}),
    ("√是 □否", "□是 ☑否", {"data_reported_on_time": "no"}),
    ("√是 □否", "□是 □否", {"data_reported_on_time": ""}),
    ("√是 □否", "能", {}),
    ("2026 年 3 月 1 日", "     年   月   日", {"city_review_date": ""}),
    ("同意推荐。\n2026 年 3 月 1 日（盖章）", "同意推荐。", {"city_review_date": "missing"}),
    ("一是提升。", "资产总额：3万元", {"development_plan": "资产总额：3万元\n二是扩大。"}),
    ("平台发展规划和年度服务目标：（可后附）\n", "平台发展规划和年度服务目标：", {}),
    ("张三", "联系人", {"legal_representative": "联系人"}),
    ("其中服务小微企业：200家，", "其中:服务小微企业 200 家;", {}),
]


@pytest.mark.parametrize(("old", "new", "differs"), HABITS)
def test_how_people_type(old: str, new: str, differs: dict[str, str]) -> None:
    found = platform(changed(PLATFORM, old, new))

    expected = {**PLATFORM_ANSWERS, **differs}
    gone = [key for key, value in expected.items() if value == "missing"]
    assert parsed(PLATFORM_FORM, found) == {key: value for key, value in expected.items() if key not in gone}
    assert found.missing == tuple(gone)
    assert (found.unread, found.problems) == ((), ())


def test_columns_of_categories_in_another_order() -> None:
    turned = [[row[0], *reversed(row[1:])] if len(row) == 9 else row for row in BASE]

    assert parsed(BASE_FORM, base(turned)) == BASE_ANSWERS


def test_a_column_of_categories_that_is_gone() -> None:
    short = [row[:3] + row[4:] if len(row) == 9 else row for row in BASE]

    found = base(short)

    gone = ("service_events_innovation", "service_enterprises_innovation", "service_people_innovation")
    assert parsed(BASE_FORM, found) == {key: value for key, value in BASE_ANSWERS.items() if key not in gone}
    assert found.missing == gone


def test_both_forms_in_one_document_are_told_apart() -> None:
    both = typed([*PLATFORM, [BASE_TITLE], *BASE])

    assert parsed(PLATFORM_FORM, read_form(both, PLATFORM_FORM)) == PLATFORM_ANSWERS
    assert parsed(BASE_FORM, read_form(both, BASE_FORM)) == BASE_ANSWERS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "<w:t>甲平台</w:t>",
            '<w:t>甲平台</w:t></w:r><w:del w:id="1"><w:r><w:delText>旧</w:delText></w:r></w:del><w:r>',
        ),
        ("<w:r><w:t>甲平台</w:t></w:r>", '<w:ins w:id="1"><w:r><w:t>甲平</w:t></w:r><w:r><w:t>台</w:t></w:r></w:ins>'),
        ("<w:r><w:t>甲平台</w:t></w:r>", f"{MOVED_AWAY}<w:r><w:t>甲平台</w:t></w:r>"),
        ("<w:r><w:t>甲平台</w:t></w:r>", f"<w:del w:id='1'>{OLD}</w:del><w:r><w:t>甲平台</w:t></w:r>"),
        ("<w:r><w:t>甲平台</w:t></w:r>", "<w:sdt><w:sdtContent><w:r><w:t>甲平台</w:t></w:r></w:sdtContent></w:sdt>"),
        ("<w:t>甲平台</w:t>", "<w:t>甲平台</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>藏</w:t>"),
        ("<w:t>甲平台</w:t>", "<w:t>甲平</w:t></w:r><w:proofErr w:type='spellStart'/><w:r><w:t>台</w:t>"),
    ],
    ids=["deleted", "inserted", "moved", "deleted-whole", "content-control", "hidden", "split"],
)
def test_what_a_reader_sees_is_read(old: str, new: str) -> None:
    found = read_form(in_document(typed(PLATFORM), old, new), PLATFORM_FORM)

    assert parsed(PLATFORM_FORM, found) == PLATFORM_ANSWERS


def test_boxes_of_a_picture_font_are_boxes() -> None:
    ticked = '<w:sym w:font="Wingdings 2" w:char="F052"/><w:t>否</w:t>'
    rows = changed(PLATFORM, "√是 □否", "□是 否否")

    found = read_form(in_document(typed(rows), "□是 否否</w:t>", f"□是 </w:t>{ticked}"), PLATFORM_FORM)

    assert found.values["data_reported_on_time"] == "否"


def test_the_head_may_stand_in_the_table() -> None:
    found = platform([[PLATFORM_TITLE], [PLATFORM_HEAD], *PLATFORM], title="", head="")

    assert parsed(PLATFORM_FORM, found) == PLATFORM_ANSWERS


def test_the_name_of_a_base_is_not_taken_for_its_seal() -> None:
    rows = [BASE[0], ["单位名称：石家庄甲公司", "基地名称：甲基地"], *BASE[2:]]

    found = read_form(typed(rows, title=BASE_TITLE, head=""), BASE_FORM)

    assert parsed(BASE_FORM, found) == BASE_ANSWERS


def test_another_name_beside_the_seal_of_a_base_is_left_over() -> None:
    found = read_form(typed(BASE, title=BASE_TITLE, head=BASE_HEAD.replace("甲公司", "乙公司")), BASE_FORM)

    assert parsed(BASE_FORM, found) == BASE_ANSWERS
    assert [(note.kind, note.text) for note in found.unread] == [(UnreadKind.PARAGRAPH, "石家庄乙公司")]
