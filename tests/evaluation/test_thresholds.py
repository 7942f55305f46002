"""What the round and the indicators ask of a figure, said beside it."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from hbreview.evaluation import thresholds
from hbreview.programmes import loader
from hbreview.programmes.schema import Floor, Indicator, Programme

PROGRAMMES = {key: loader.shipped(key, 2019) for key in ("platform", "base")}
PLATFORM = PROGRAMMES["platform"]


def asked(programme: Programme, *, served: int = 0) -> dict[str, dict[str, object]]:
    """Every field of which something is asked, with the rule and its values."""
    settings = dataclasses.replace(programme.defaults, minimum_served=served)
    found: dict[str, dict[str, object]] = {}
    for field in programme.fields:
        reason = thresholds.asked_of(programme, field, settings=settings)
        if reason:
            assert reason.field == field.key
            found[field.key] = {"rule": reason.rule, **reason.values}
    return found


def with_rule(rule: str, *more: str) -> Programme:
    """The platform's programme with these floors, of its first indicators, and no others."""
    bare = [dataclasses.replace(indicator, floor=None) for indicator in PLATFORM.indicators]
    floors: list[Indicator] = [
        dataclasses.replace(indicator, floor=Floor(text, Decimal("0.6")))
        for indicator, text in zip(bare, (rule, *more), strict=False)
    ]
    return dataclasses.replace(PLATFORM, indicators=(*floors, *bare[len(floors) :]))


WELFARE = {"public_welfare_share": {"rule": "C11", "number": "6", "least": "10", "unit": "%"}}


def test_the_shipped_programmes_ask_for_the_share_of_welfare_events_alone() -> None:
    assert asked(PLATFORM) == WELFARE
    assert asked(PROGRAMMES["base"]) == {}


@pytest.mark.parametrize(("served", "wanted"), [(-1, False), (0, False), (1, True), (100, True)])
def test_the_rounds_least_number_served_is_asked_of_the_one_total(served: int, wanted: bool) -> None:
    own = {"enterprises_served": {"rule": "P5", "least": str(served), "unit": "家"}} if wanted else {}
    assert asked(PLATFORM, served=served) == {**WELFARE, **own}
    assert asked(PROGRAMMES["base"], served=served) == own


@pytest.mark.parametrize(
    ("rule", "least"),
    [
        ("employees >= 10", "10"), ("employees >= 0", "0"), ("employees >= 10.25", "10.25"),
        ("employees > 10", None), ("employees <= 10", None), ("employees >= 10 and employees >= 20", None),
        ("typed.employees >= 10", None), ("employees >= total_assets", None), ("employees >= -1", None),
        ("employees >= 10.", None), ("employees + 1 >= 10", None), ("filled(employees)", None),
    ],
)  # fmt: skip
def test_only_the_plain_floor_of_an_indicator_is_said(rule: str, least: str | None) -> None:
    number = str(PLATFORM.indicators[0].order)
    said = {"rule": "C11", "number": number, "least": least, "unit": "人"}
    assert asked(with_rule(rule)) == ({"employees": said} if least else {})


def test_the_first_indicator_that_asks_is_the_one_that_is_said_and_the_round_goes_before() -> None:
    programme = with_rule("enterprises_served >= 5", "enterprises_served >= 7", "employees >= 3")
    found = asked(programme)
    assert {name: one["least"] for name, one in found.items()} == {"enterprises_served": "5", "employees": "3"}
    assert asked(programme, served=9)["enterprises_served"]["least"] == "9"
