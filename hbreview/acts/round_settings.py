"""What a round can set for itself: each rule with its words, unit and limits. Figures only, nothing is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ..evaluation.values import parse
from ..programmes.schema import Field, FieldType
from ..words import N_, Label, Outcome, Reason

POINTS, SHARE, WHOLE, FACTOR, FLAG, OUTCOME = "points", "share", "whole", "factor", "flag", "outcome"
# What may become of a form that nobody scored: nothing passes without a total (P5, R8).
WITHOUT_A_TOTAL = (Outcome.FAIL, Outcome.DEFERRED)
_SCALES = {POINTS: 1, SHARE: 2, FACTOR: 1, WHOLE: 0}


@dataclass(frozen=True, slots=True)
class Setting:
    """One rule of a round: an English source label and hint, its unit, its kind, and the most and least it may be."""

    name: str
    label: str
    kind: str
    least: int = 0
    most: int = 100
    unit: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class LastDay:
    """A last day of a round, the day included; not required: none may be set."""

    label: str
    required: bool


DATES: Mapping[str, LastDay] = {
    "enterprise_deadline": LastDay(N_("Enterprises' deadline"), required=True),
    "city_deadline": LastDay(N_("Cities' deadline"), required=True),
    "audit_deadline": LastDay(N_("Audit firms' deadline"), required=False),
    "score_deadline": LastDay(N_("Experts' deadline"), required=False),
}
_POINTS, _DAYS = N_("points"), N_("working days")
SETTINGS: tuple[Setting, ...] = (
    Setting("pass_mark", N_("Pass mark"), POINTS, unit=_POINTS, hint=N_("From this total on it is qualified.")),
    Setting("excellent", N_("Excellent mark"), POINTS, unit=_POINTS, hint=N_("From this total on it is excellent.")),
    Setting(
        "supervised_below", N_("Supervised below"), POINTS, unit=_POINTS,
        hint=N_("Whoever is qualified with a lower total is supervised."),
    ),
    Setting(
        "commended_top", N_("Commended ranks"), WHOLE, most=10_000,
        hint=N_("So many of each programme's best are commended."),
    ),
    Setting(
        "remark_below", N_("A remark is needed below this share"), SHARE, most=1,
        hint=N_("Share of an indicator's weight, from 0 to 1: whoever gives less says why."),
    ),
    Setting(
        "spread", N_("Largest spread between experts"), POINTS, unit=_POINTS,
        hint=N_("Totals that are further apart are looked into."),
    ),
    Setting("min_sheets", N_("Least number of score sheets"), WHOLE, least=1, most=50),
    Setting(
        "publicity_days", N_("Publicity"), WHOLE, most=365, unit=_DAYS,
        hint=N_("After the day on which the outcomes are publicised; 0: no period."),
    ),
    Setting("not_submitted", N_("Outcome of whoever does not submit"), OUTCOME),
    Setting(
        "minimum_served", N_("Least number of enterprises served"), WHOLE, most=1_000_000, unit=N_("enterprises"),
        hint=N_("Whoever served fewer is not qualified; 0: no such rule."),
    ),
    Setting(
        "deduction_per_no", N_("Deduction for each month reported late"), POINTS, unit=_POINTS,
        hint=N_("Taken off the total for each “no” of the monthly reports."),
    ),
    Setting("validity_years", N_("A title is valid for"), WHOLE, least=1, most=50, unit=N_("years")),
    Setting(
        "jump_factor", N_("A figure this many times last year's asks for a remark"), FACTOR, least=1, most=1000,
        unit=N_("times"),
    ),
    Setting(
        "jump_least", N_("Figures below this are not compared with last year's"), FACTOR, most=1_000_000,
        hint=N_("In the unit of the figure itself."),
    ),
    Setting("remarks_required", N_("A form is sent only when every warning has its remark"), FLAG),
    Setting("checklist_required", N_("A form is approved only when the whole checklist is ticked"), FLAG),
    Setting("own_city_barred", N_("No expert scores what is of the expert's own city"), FLAG),
    Setting("enterprise_brings_report", N_("The enterprise brings the audit's report"), FLAG),
    Setting("waive_scan", N_("Waive the scan of the city's sealed page"), FLAG),
)  # fmt: skip
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}


def value_of(setting: Setting, raw: str) -> str | int | bool | Reason | None:
    """What is kept of a typed text: a figure exactly, a flag or an outcome; None: empty, the programme's own holds."""
    text = raw.strip()
    if not text:
        return None
    if setting.kind == FLAG:
        if text not in {"0", "1"}:
            return Reason(N_("Please choose one of the list."), setting.name)
        return text == "1" if setting.name == "waive_scan" else int(text)
    if setting.kind == OUTCOME:
        if text not in WITHOUT_A_TOTAL:
            return Reason(N_("Please choose one of the list."), setting.name)
        return text
    return _figure(setting, text)


def _figure(setting: Setting, text: str) -> str | int | Reason:
    scale = _SCALES[setting.kind]
    field = Field(
        setting.name, Label("", ""), 0, FieldType.DECIMAL if scale else FieldType.INTEGER, scale=scale,
        minimum=Decimal(setting.least), maximum=Decimal(setting.most),
    )  # fmt: skip
    found = parse(field, text)
    if isinstance(found, Reason):
        return found
    if setting.kind == WHOLE:
        return int(found)
    if setting.kind == FACTOR and setting.least and Decimal(found) <= setting.least:
        return Reason(N_("Please give a number above 1, or leave it empty."), setting.name)
    return format(Decimal(found).normalize(), "f")
