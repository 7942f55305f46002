"""The change since last year: per cent of a figure, points of a share, and what is not known."""

from __future__ import annotations

import random
from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor

import pytest

from hbreview.evaluation import comparison
from hbreview.programmes import loader

PLATFORM, BASE = loader.shipped("platform", 2019), loader.shipped("base", 2019)
AMOUNT, COUNT, SHARE = (PLATFORM.field(key) for key in ("total_assets", "employees", "satisfaction_rate"))
PROFIT = BASE.field("total_profit")


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ("100.00", "110.00", "10.0"), ("100.00", "90.00", "-10.0"), ("100.00", "100.00", "0.0"),
        ("100.00", "0.00", "-100.0"), ("3.00", "4.00", "33.3"), ("3.00", "5.00", "66.7"), ("1.00", "3.00", "200.0"),
        # Half goes away from 0, on both sides; and never "-0.0".
        ("2000.00", "2001.00", "0.1"), ("2000.00", "2000.99", "0.0"), ("2000.00", "1999.00", "-0.1"),
        ("2000.00", "1999.01", "0.0"), ("100000.00", "99999.99", "0.0"),
        ("0.01", "999999999999999999.99", "9999999999999999999800.0"),
        ("999999999999999999.99", "0.01", "-100.0"),
    ],
)  # fmt: skip
def test_a_figures_change_in_per_cent(before: str, now: str, change: str) -> None:
    assert str(comparison.change(AMOUNT, before, now)) == change


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [("-100.00", "-50.00", "50.0"), ("-100.00", "-150.00", "-50.0"), ("-100.00", "100.00", "200.0"),
     ("100.00", "-100.00", "-200.0"), ("-0.01", "0.00", "100.0")],
)  # fmt: skip
def test_after_a_loss_up_is_still_up(before: str, now: str, change: str) -> None:
    assert str(comparison.change(PROFIT, before, now)) == change


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [("90.00", "95.00", "5.0"), ("95.00", "90.00", "-5.0"), ("0.00", "12.34", "12.3"), ("90.00", "90.05", "0.1"),
     ("90.00", "90.04", "0.0"), ("90.05", "90.00", "-0.1"), ("90.04", "90.00", "0.0"), ("100.00", "0.00", "-100.0")],
)  # fmt: skip
def test_a_shares_change_in_points(before: str, now: str, change: str) -> None:
    assert str(comparison.change(SHARE, before, now)) == change


def test_an_increase_has_no_change_of_its_own() -> None:
    assert comparison.change(PLATFORM.field("enterprises_served_increase"), "6", "-14") is None


@pytest.mark.parametrize(
    ("before", "now"),
    [("", "5"), ("5", ""), ("", ""), ("0", "5"), ("0", "0"), ("不详", "5"), ("5", "NaN"), ("Infinity", "5")],
)
def test_what_is_not_known_has_no_change(before: str, now: str) -> None:
    assert comparison.change(COUNT, before, now) is None


def test_a_text_has_no_change_though_it_looks_like_a_figure() -> None:
    for key in ("organization_name", "address", "development_plan", "data_reported_on_time"):
        assert comparison.change(PLATFORM.field(key), "100", "110") is None


def test_it_is_the_fraction_rounded_once_whatever_the_precision_around_it() -> None:
    chance = random.Random(3)
    for _ in range(2000):
        was, now = (chance.randint(0, 10 ** chance.randint(1, 20)) for _ in range(2))
        exact = Fraction((now - was) * 1000, was) if was else None
        expected = None if exact is None else (floor(abs(exact) + Fraction(1, 2))) * (1 if exact >= 0 else -1)
        before, after = (format(Decimal(f"{number}E-2"), "f") for number in (was, now))
        with localcontext(prec=5):
            found = comparison.change(AMOUNT, before, after)
        tenths = None if found is None else int(format(found, "f").replace(".", ""))
        assert tenths == expected, (was, now)
