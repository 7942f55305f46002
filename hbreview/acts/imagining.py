"""Plausible answers for a rehearsal, from a fixed seed: complete, consistent, and different for each organisation."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from ..programmes.schema import Field, FieldType, Programme

_PEOPLE = ("王建国", "李淑芬", "张志强", "刘晓梅", "陈立新", "杨海燕", "赵文博", "孙丽娟", "周永刚", "吴秀英")
_TEXTS = (
    "建立企业微信群、服务热线和季度座谈会三类渠道，全年走访企业，收集需求并逐项答复。",
    "制定服务标准和收费公示制度，对小微企业减免服务费用，服务台账按月归档，年终进行满意度回访。",
    "围绕本地产业开展线上线下结合的服务，新增技术检测、知识产权、人才培训等服务产品，持续改进服务流程。",
)


def imagine(programme: Programme, *, name: str, site: str, seed: int) -> dict[str, str]:
    """Raw answers to all of the enterprise's fields, by key, as somebody would type them."""
    dice = Random(f"{programme.key}{seed}")  # noqa: S311 - a rehearsal, not a secret
    answers = _facts(programme, dice, name=name, site=site)
    figures = _platform_figures(dice) if programme.key == "platform" else _base_figures(dice)
    known = {field.key for field in programme.enterprise_fields}
    return {key: value for key, value in (answers | figures).items() if key in known}


def _facts(programme: Programme, dice: Random, *, name: str, site: str) -> dict[str, str]:
    answers: dict[str, str] = {}
    for field in programme.enterprise_fields:
        if text := _fact(field, dice):
            answers[field.key] = text
    answers |= {"organization_name": name, "platform_name": f"{name}服务平台", "base_name": site or name}
    answers |= {"operator_changed": "no", "website_url": "", "icp_filing_number": "", "former_operator_name": ""}
    return answers


def _fact(field: Field, dice: Random) -> str:
    if field.key in {"legal_representative", "contact_person"}:
        return dice.choice(_PEOPLE)
    simple = {
        FieldType.TEXTAREA: dice.choice(_TEXTS),
        FieldType.PHONE: f"0311-8{dice.randrange(10**6, 10**7)}",
        FieldType.EMAIL: "office@example.cn",
        FieldType.YES_NO: "yes" if dice.random() < 0.9 else "no",  # noqa: PLR2004 - nine of ten report on time
        FieldType.TEXT: f"建设大街{dice.randrange(1, 400)}号",
    }
    if field.type is FieldType.CHOICE:
        return dice.choice(field.choices).value
    return simple.get(field.type, "")


def _amount(dice: Random, least: int, most: int) -> str:
    return format(Decimal(dice.randrange(least * 100, most * 100)) / 100, ".2f")


def _platform_figures(dice: Random) -> dict[str, str]:
    assets = Decimal(_amount(dice, 400, 9000))
    owned, rented = dice.randrange(200, 3000), dice.randrange(50, 900)
    employees, served = dice.randrange(20, 160), dice.randrange(160, 900)
    before, events = served - dice.randrange(-20, 80), dice.randrange(30, 200)
    income = Decimal(_amount(dice, 80, 3000))
    return {
        "total_assets": f"{assets}",
        "equipment_count": str(dice.randrange(20, 400)),
        "equipment_purchase_price": format(assets * dice.randrange(5, 60) / 100, ".2f"),
        "service_area": str(owned + rented),
        "service_area_owned": str(owned),
        "service_area_rented": str(rented),
        "annual_rent": _amount(dice, 3, 60),
        "employees": str(employees),
        "college_technical_staff": str(employees * dice.randrange(60, 95) // 100),
        "intermediate_title_staff": str(employees * dice.randrange(20, 60) // 100),
        "service_activity_expenditure": _amount(dice, 20, 300),
        "service_institutions": str(dice.randrange(5, 60)),
        "government_resources": str(dice.randrange(1, 20)),
        "public_service_products": str(dice.randrange(4, 40)),
        "enterprises_served": str(served),
        "enterprises_served_last_year": str(before),
        "survey_responses": "200",
        "satisfied_responses": str(dice.randrange(170, 199)),
        "public_welfare_events": str(events * dice.randrange(11, 40) // 100 + 1),
        "service_events_total": str(events),
        "small_micro_enterprises_served": str(served * dice.randrange(60, 95) // 100),
        "service_income": f"{income}",
        "service_income_last_year": format(income * dice.randrange(80, 105) / 100, ".2f"),
    }


def _base_figures(dice: Random) -> dict[str, str]:
    employees, served = dice.randrange(10, 90), dice.randrange(90, 500)
    residents = dice.randrange(60, 300)
    revenue = Decimal(_amount(dice, 300, 5000))
    service = (revenue * dice.randrange(30, 80) / 100).quantize(Decimal("0.01"))
    figures = {
        "employees": str(employees),
        "dedicated_service_staff": str(employees * dice.randrange(30, 80) // 100),
        "entrepreneurship_mentors": str(dice.randrange(3, 30)),
        "qualified_staff": str(employees * dice.randrange(60, 95) // 100),
        "enterprises_served": str(served),
        "enterprises_served_last_year": str(served - dice.randrange(-10, 60)),
        "resident_enterprises": str(residents),
        "resident_small_micro_enterprises": str(residents * dice.randrange(80, 98) // 100),
        "base_employment": str(dice.randrange(300, 4000)),
        "building_area": str(dice.randrange(8000, 60000)),
        "service_area_owned": str(dice.randrange(500, 4000)),
        "service_area_rented": str(dice.randrange(0, 900)),
        "equipment_and_software_count": str(dice.randrange(20, 300)),
        "external_service_institutions": str(dice.randrange(5, 40)),
        "total_assets": _amount(dice, 800, 20000),
        "operating_revenue": f"{revenue}",
        "service_revenue": f"{service}",
        "service_expenditure": _amount(dice, 50, 900),
        "total_profit": _amount(dice, -100, 400),
        "welfare_or_low_fee_revenue": format(service * dice.randrange(10, 40) / 100, ".2f"),
        "government_subsidy": _amount(dice, 0, 120),
    }
    for category in ("information", "coaching", "innovation", "training", "marketing", "financing", "consulting",
                     "professional"):  # fmt: skip
        count = served * dice.randrange(20, 70) // 100
        figures |= {
            f"service_events_{category}": str(dice.randrange(4, 40)),
            f"service_enterprises_{category}": str(count),
            f"service_people_{category}": str(count * dice.randrange(2, 6)),
        }
    return figures
