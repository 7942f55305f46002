"""The calendar file against RFC 5545, read back by a small reader of our own."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbreview.notices.round_dates import RoundDates, calendar_file

AT = datetime(2026, 3, 1, 8, 0, 0, tzinfo=timezone(timedelta(hours=8)))
ONE = RoundDates("abc", "2025年度运营情况评价", date(2026, 2, 28), date(2026, 12, 31))

texts = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('\\;,\n\r:"评价')), max_size=60
)
rounds = st.lists(
    st.builds(
        RoundDates,
        st.from_regex(r"[a-z0-9]{16}", fullmatch=True),
        texts,
        st.dates(max_value=date(9999, 1, 1)),
        st.dates(max_value=date(9999, 1, 1)),
    ),
    max_size=2,
)


def unfolded(file: str) -> list[str]:
    """The content lines; each physical line is checked on the way."""
    assert file.endswith("\r\n")
    physical = file.encode("utf-8").split(b"\r\n")[:-1]
    assert all(len(line) <= 75 for line in physical)
    for line in physical:
        line.decode("utf-8")  # no character was split
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line)
    lines: list[str] = []
    for raw in physical:
        line = raw.decode("utf-8")
        if line.startswith(" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return lines


def text_of(value: str) -> str:
    """A TEXT value read back."""
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value)
    return re.sub(r"\\(.)", lambda found: "\n" if found.group(1) in "nN" else found.group(1), value)


def events(file: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    depth: list[str] = []
    for line in unfolded(file):
        name, _colon, value = line.partition(":")
        if name == "BEGIN":
            depth.append(value)
            if value == "VEVENT":
                found.append({})
        elif name == "END":
            assert depth.pop() == value
        elif "VEVENT" in depth:
            found[-1]["/".join([*depth[2:], name])] = value
    assert depth == []
    return found


@pytest.mark.parametrize(("language", "words"), [("zh", "单位报送截止"), ("en", "Deadline for enterprises")])
def test_two_all_day_events_with_a_reminder_each(language: str, words: str) -> None:
    first, second = events(calendar_file([ONE], language=language, at=AT))
    assert first["SUMMARY"] == f"{words} · 2025年度运营情况评价"
    assert (first["DTSTART;VALUE=DATE"], first["DTEND;VALUE=DATE"]) == ("20260228", "20260301")
    assert (second["DTSTART;VALUE=DATE"], second["DTEND;VALUE=DATE"]) == ("20261231", "20270101")
    assert (first["UID"], second["UID"]) == ("abc-enterprise@hbreview", "abc-city@hbreview")
    assert first["DTSTAMP"] == "20260301T000000Z"
    assert (first["VALARM/TRIGGER"], first["VALARM/ACTION"]) == ("-P3D", "DISPLAY")
    assert first["VALARM/DESCRIPTION"] == first["SUMMARY"]


def test_what_changes_keeps_its_number() -> None:
    moved = RoundDates(ONE.key, "改名", date(2026, 3, 5), ONE.city_deadline)
    before, after = (
        events(calendar_file([one], language="zh", at=at)) for one, at in ((ONE, AT), (moved, AT.astimezone(UTC)))
    )
    assert [one["UID"] for one in before] == [one["UID"] for one in after]
    assert after[0]["DTSTART;VALUE=DATE"] == "20260305"


@given(rounds)
@settings(max_examples=25, deadline=None)
def test_any_title_and_date_comes_back_from_the_file(given_rounds: list[RoundDates]) -> None:
    found = events(calendar_file(given_rounds, language="en", at=AT))
    assert len(found) == 2 * len(given_rounds)
    for place, one in enumerate(given_rounds):
        title = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", one.title.replace("\r\n", "\n").replace("\r", "\n"))
        for event, day in zip(
            found[2 * place : 2 * place + 2], (one.enterprise_deadline, one.city_deadline), strict=True
        ):
            assert text_of(event["SUMMARY"]).partition(" · ")[2] == title
            assert event["DTSTART;VALUE=DATE"] == day.isoformat().replace("-", "")


def test_experts_day_is_an_event_where_it_is_given() -> None:
    with_day = RoundDates(ONE.key, ONE.title, ONE.enterprise_deadline, ONE.city_deadline, date(2026, 11, 30))
    for one, days in ((ONE, 2), (with_day, 3)):
        file = calendar_file([one], language="zh", at=AT)
        assert len(events(file)) == days
        assert ("DTSTART;VALUE=DATE:20261130" in file) is (days == 3)
