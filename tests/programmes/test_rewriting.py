"""Weights written into a programme file: only they differ, and the loader reads what was meant."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbreview.programmes import loader
from hbreview.programmes.reading import ProgrammeError
from hbreview.programmes.rewriting import plain, with_weights

SOURCES = {key: loader.source_text(key, year) for year, key, _path in loader.available()}


def _weights(key: str) -> dict[int, Decimal]:
    return {one.order: one.weight for one in loader.load_text(SOURCES[key], source=key).indicators}


@pytest.mark.parametrize("key", sorted(SOURCES))
def test_the_same_weights_change_no_byte(key: str) -> None:
    programme = loader.load_text(SOURCES[key], source=key)
    floors = {one.order: one.floor.share for one in programme.indicators if one.floor}
    assert with_weights(SOURCES[key], _weights(key), floors) == SOURCES[key]


@settings(max_examples=12, deadline=None)
@given(key=st.sampled_from(sorted(SOURCES)), data=st.data())
def test_only_the_lines_of_changed_weights_differ_and_are_read_as_meant(key: str, data: st.DataObject) -> None:
    """Tenths move from one indicator to another, so that the sum stays 100."""
    before = _weights(key)
    wanted = dict(before)
    for _move in range(data.draw(st.integers(1, 3))):
        giver, taker = data.draw(st.permutations(sorted(before)))[:2]
        tenths = Decimal(data.draw(st.integers(0, int(wanted[giver] * 10) - 1))) / 10
        wanted[giver], wanted[taker] = wanted[giver] - tenths, wanted[taker] + tenths

    text = with_weights(SOURCES[key], wanted, {})

    old, new = SOURCES[key].splitlines(keepends=True), text.splitlines(keepends=True)
    differing = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert all(a.startswith("weight = ") and b.startswith("weight = ") for a, b in differing)
    assert len(differing) == sum(wanted[order] != before[order] for order in before)
    read = loader.load_text(text, source=key)
    assert {one.order: one.weight for one in read.indicators} == wanted


def test_a_floor_keeps_its_rule_and_the_rest_of_its_line() -> None:
    source = SOURCES["platform"]
    programme = loader.load_text(source, source="platform")
    order = next(one.order for one in programme.indicators if one.floor)
    text = with_weights(source, {}, {order: Decimal("0.25")})
    differing = [(a, b) for a, b in zip(source.splitlines(), text.splitlines(), strict=True) if a != b]
    assert [(a.replace('"0.5"', '"0.25"'), b) for a, b in differing] == [(b, b) for _a, b in differing]
    assert len(differing) == 1


def test_comments_blank_lines_and_line_ends_stay() -> None:
    source = '# head\r\n\r\n[[indicator]]  # first\r\norder = 1\r\nweight = "5"   # points\r\n\r\n# end\r\n'
    assert with_weights(source, {1: Decimal("5.5")}, {}) == source.replace('"5"', '"5.5"')


@pytest.mark.parametrize(
    ("source", "weights", "floors"),
    [
        ("not toml [", {}, {}),
        ('[[indicator]]\norder = 1\nweight = "5"\n', {2: Decimal(1)}, {}),
        ('[[indicator]]\norder = 1\nweight = "5"\n', {}, {1: Decimal(0)}),
    ],
)
def test_what_the_file_does_not_have_is_refused(
    source: str, weights: dict[int, Decimal], floors: dict[int, Decimal]
) -> None:
    with pytest.raises(ProgrammeError):
        with_weights(source, weights, floors)


@pytest.mark.parametrize(("value", "text"), [("5", "5"), ("5.0", "5"), ("0.50", "0.5"), ("1E+1", "10"), ("0", "0")])
def test_figures_are_written_plainly(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
