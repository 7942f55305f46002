"""The dates of rounds as an iCalendar file (RFC 5545), for a person's own calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ..words import Label

_ENTERPRISES = Label("单位报送截止", "Deadline for enterprises")
_CITIES = Label("市级审核截止", "Deadline for city departments")
_AUDITORS = Label("专项审计截止", "Deadline for audit firms")
_EXPERTS = Label("专家评分截止", "Deadline for experts")
_NAME = Label("运营情况评价日程", "Evaluation dates")
_LONGEST_LINE = 75  # octets, without the line's end
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class RoundDates:
    """A round's title and last days, in Asia/Shanghai. ``key`` names it for ever: calendars recognise it by that."""

    key: str
    title: str
    enterprise_deadline: date
    city_deadline: date
    # None: no day was set, or it is not the reader's.
    score_deadline: date | None = None
    audit_deadline: date | None = None


def calendar_file(rounds: Sequence[RoundDates], *, language: str, at: datetime) -> str:
    """The dates as one .ics file: an all-day event for each, with a reminder three days before.

    An all-day event has no zone and is that day wherever it is read; the days are those of Asia/Shanghai. ``at`` is
    when the file was made. Lines end in CRLF and are folded at 75 octets.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//hbreview//round dates//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escaped(_said(_NAME, language))}",
        "X-WR-TIMEZONE:Asia/Shanghai",
    ]
    for one in rounds:
        for kind, day, label in (
            ("enterprise", one.enterprise_deadline, _ENTERPRISES),
            ("city", one.city_deadline, _CITIES),
            ("audit", one.audit_deadline, _AUDITORS),
            ("expert", one.score_deadline, _EXPERTS),
        ):
            if day is None:
                continue
            title = f"{_said(label, language)} · {one.title}"
            lines += _event(f"{one.key}-{kind}@hbreview", title, day, at=at)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _said(label: Label, language: str) -> str:
    return label.en if language == "en" else label.zh


def _event(uid: str, title: str, day: date, *, at: datetime) -> list[str]:
    summary, after = _escaped(title), min(day, date.max - timedelta(days=1)) + timedelta(days=1)
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{_day(day)}",
        f"DTEND;VALUE=DATE:{_day(after)}",
        f"SUMMARY:{summary}",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{summary}",
        "TRIGGER:-P3D",
        "END:VALARM",
        "END:VEVENT",
    ]


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _escaped(text: str) -> str:
    """A TEXT value: backslash, semicolon, comma and line end escaped, other control characters left out."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = _UNPRINTABLE.sub("", plain)
    for mark in ("\\", ";", ","):
        plain = plain.replace(mark, f"\\{mark}")
    return plain.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets, each but the first begun by a blank, no character split."""
    piece, size = "", 0
    for c in line:
        width = len(c.encode("utf-8"))
        if size + width > _LONGEST_LINE:
            yield piece
            piece, size = " ", 1
        piece, size = piece + c, size + width
    yield piece
