"""Which fields ask for last year's figures and for reports in time stands in the file; older files mean the same."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from hbreview.evaluation import computed, points
from hbreview.programmes import loader
from hbreview.programmes.reading import ProgrammeError

TEXTS = {key: loader.source_text(key, 2019) for key in ("platform", "base")}


@pytest.mark.parametrize("key", ["platform", "base"])
def test_a_file_from_before_it_could_say_so_means_the_same(key: str) -> None:
    older = re.sub(r"^(last_year_of|reported) = .*\n", "", TEXTS[key], flags=re.M)
    assert older != TEXTS[key]
    assert loader.load_text(older, source="older").fields == loader.shipped(key, 2019).fields


def test_last_years_figure_is_taken_from_the_field_that_the_file_names() -> None:
    text = TEXTS["platform"].replace('last_year_of = "enterprises_served"', 'last_year_of = "employees"')
    programme = loader.load_text(text, source="new")
    last = {"employees": "7", "enterprises_served": "9"}
    assert computed.taken_from(programme, {}, last) == {"enterprises_served_last_year": "7"}
    assert computed.taken_from(programme, {"enterprises_served_last_year": "8"}, last) == {}
    none = TEXTS["platform"].replace('last_year_of = "enterprises_served"', 'last_year_of = ""')
    assert computed.taken_from(loader.load_text(none, source="none"), {}, last) == {}


def test_points_go_off_for_the_reports_that_the_file_names() -> None:
    answers = {"data_reported_on_time": "no", "summary_reported_on_time": "no"}
    assert points.deduction(loader.shipped("base", 2019), answers) == Decimal(6)
    text = TEXTS["base"].replace("reported = true", "reported = false", 1)
    assert points.deduction(loader.load_text(text, source="one"), answers) == Decimal(3)


def test_a_field_of_last_year_that_does_not_exist_is_refused() -> None:
    text = TEXTS["platform"].replace('last_year_of = "enterprises_served"', 'last_year_of = "served"')
    with pytest.raises(ProgrammeError, match=r"last_year_of: unknown field 'served'"):
        loader.load_text(text, source="wrong")
