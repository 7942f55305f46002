"""The guards by themselves: each one satisfied and each one not, over plain facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hbreview.words import Label, Level, Reason, RoundState, Trigger
from hbreview.workflow import chain, guards
from hbreview.workflow.chain import Guard
from hbreview.workflow.guards import Finding, SecondCheckFacts, SheetFacts, SignOffFacts

TODAY = date(2020, 3, 10)
SUBMITTED = date(2020, 3, 5)
DAY = timedelta(days=1)
MISSING = Reason("Something is missing.", "staff", "K1")


@dataclass(frozen=True)
class Failed:
    """A failed check."""

    level: Level
    reason: Reason = MISSING


NOT_WANTED = SignOffFacts()
NO_CHECK = SecondCheckFacts()
ITEM = Label("已查看佐证材料", "The evidence was looked at")


@dataclass(frozen=True)
class Facts:
    """A case in which every trigger may fire."""

    data: Mapping[str, str] = field(
        default_factory=lambda: {"declared": "1", "opinion": "同意", "seal_date": "2020-03-10", "reason": "请补充"}
    )
    today: date = TODAY
    round_state: RoundState = RoundState.OPEN
    enterprise_deadline: date = TODAY
    submitted_on: date | None = SUBMITTED
    seal_date: date | None = TODAY
    scan_waived: bool = False
    scan_given: bool = True
    incomplete: Sequence[Reason] = ()
    findings: Sequence[Finding] = ()
    unremarked: Sequence[Reason] = ()
    sign_off: SignOffFacts = NOT_WANTED
    actor_id: int = 1
    open_blocking: int = 0
    to_mend: Sequence[str] = ("a",)
    mendable: Sequence[str] = ("a", "b")
    unticked: Sequence[Label] = ()
    second_check: SecondCheckFacts = NO_CHECK
    city_acted: bool = False
    audit_objections: Sequence[Reason] = ()
    audit_unexplained: Mapping[str, Label] = field(default_factory=dict)
    revision_number: int = 2
    sheets: Sequence[SheetFacts] = (SheetFacts(True, 2),)
    sheets_needed: int = 1
    spread: Decimal = Decimal(0)
    spread_allowed: Decimal = Decimal(15)


def given(**texts: str) -> dict[str, Any]:
    """The facts of a case in which this was typed."""
    return {"data": texts}


RIGHT: list[tuple[Guard, dict[str, Any]]] = [
    (guards.round_is_open, {}),
    (guards.round_is_open, {"enterprise_deadline": TODAY + DAY}),
    (guards.round_is_open_for_mending, {"enterprise_deadline": TODAY - DAY}),
    *[
        (guards.round_is_not_decided, {"round_state": state})
        for state in (RoundState.PLANNED, RoundState.OPEN, RoundState.CLOSED)
    ],
    (guards.form_is_complete, {}),
    (guards.form_is_consistent, {}),
    (guards.form_is_consistent, {"findings": (Failed(Level.WARNING), Failed(Level.WARNING))}),
    (guards.warnings_have_remarks, {}),
    (guards.second_person_signed, {}),
    (guards.second_person_signed, {"sign_off": SignOffFacts(True, frozenset({2}))}),
    (guards.second_person_signed, {"sign_off": SignOffFacts(True, frozenset({1, 2}), "另一人不同意")}),
    *[(guards.is_declared, given(declared=word)) for word in ("1", "on", "yes", "true")],
    (guards.city_has_not_acted, {}),
    (guards.opinion_is_given, given(opinion=" 同意 ")),
    (guards.seal_scan_is_given, {"scan_given": True}),
    (guards.seal_scan_is_given, {"scan_given": False, "scan_waived": True}),
    (guards.blocking_comments_are_resolved, {}),
    (guards.reason_is_given, given(reason="材料不全")),
    (guards.open_comment_says_what_to_mend, {}),
    (guards.open_comment_says_what_to_mend, {"to_mend": ("b", "a")}),
    (guards.checklist_is_ticked, {}),
    (guards.second_person_checked, {}),
    (guards.second_person_checked, {"second_check": SecondCheckFacts(False, 1)}),
    (guards.second_person_checked, {"second_check": SecondCheckFacts(True, 2)}),
    (guards.audit_record_is_complete, {}),
    (guards.differences_are_explained, {}),
    (guards.differences_are_explained, {}),
    (guards.sheets_are_handed_in, {}),
    (guards.sheets_are_handed_in, {"sheets": (SheetFacts(True, 2),) * 3, "sheets_needed": 2}),
    (guards.experts_agree, {"sheets": (SheetFacts(True, 2),) * 2, "spread": Decimal(15)}),
    (guards.experts_agree, {"sheets": (SheetFacts(True, 2),), "spread": Decimal(99)}),
    (guards.experts_agree, {"sheets": (SheetFacts(True, 2),) * 2, "spread": Decimal(99), "spread_allowed": Decimal(0)}),
    (guards.experts_agree, {"sheets": (SheetFacts(True, 2),) * 3, "spread": Decimal(99)}),
    (guards.experts_agree, {"sheets": (SheetFacts(True, 2),) * 4, "spread": Decimal(99), "sheets_needed": 3}),
]

# What is wrong, and the reasons' (field, rule) in order.
WRONG: list[tuple[Guard, dict[str, Any], list[tuple[str, str]]]] = [
    *[
        (guards.round_is_open, {"round_state": state}, [("", "C16")])
        for state in RoundState
        if state is not RoundState.OPEN
    ],
    (guards.round_is_open, {"enterprise_deadline": TODAY - DAY}, [("", "C16")]),
    *[
        (guards.round_is_open_for_mending, {"round_state": state}, [("", "R8")])
        for state in RoundState
        if state is not RoundState.OPEN
    ],
    (guards.round_is_not_decided, {"round_state": RoundState.PUBLICISED}, [("", "")]),
    (guards.round_is_not_decided, {"round_state": RoundState.FINALISED}, [("", "")]),
    (guards.form_is_complete, {"incomplete": (MISSING, MISSING)}, [("staff", "K1")] * 2),
    (guards.form_is_consistent, {"findings": (Failed(Level.ERROR), Failed(Level.WARNING))}, [("staff", "K1")]),
    (guards.warnings_have_remarks, {"unremarked": (MISSING,)}, [("remark.K1.staff", "K1")]),
    (guards.second_person_signed, {"sign_off": SignOffFacts(True)}, [("sign_off", "")]),
    (guards.second_person_signed, {"sign_off": SignOffFacts(True, frozenset({1}))}, [("sign_off", "")]),
    (guards.second_person_signed, {"sign_off": SignOffFacts(True, frozenset(), "数据有误")}, [("sign_off", "")]),
    *[(guards.is_declared, given(declared=word), [("declared", "")]) for word in ("", "0", "off", "no", "TRUE ")],
    (guards.is_declared, given(), [("declared", "")]),
    (guards.city_has_not_acted, {"city_acted": True}, [("", "")]),
    (guards.opinion_is_given, given(), [("opinion", "K7")]),
    (guards.opinion_is_given, given(opinion=" \u3000\n"), [("opinion", "K7")]),
    (guards.seal_scan_is_given, {"scan_given": False}, [("seal_scan", "K7")]),
    (guards.blocking_comments_are_resolved, {"open_blocking": 2}, [("", "")]),
    (guards.reason_is_given, given(), [("reason", "R4")]),
    (guards.reason_is_given, given(reason=" \t\u3000"), [("reason", "R4")]),
    (guards.open_comment_says_what_to_mend, {"mendable": ()}, [("mend", "")]),
    (guards.open_comment_says_what_to_mend, {"to_mend": ()}, [("mend", "")]),
    (guards.open_comment_says_what_to_mend, {"to_mend": ("a", "c")}, [("mend", "")]),
    (guards.checklist_is_ticked, {"unticked": (ITEM, ITEM)}, [("checklist", "")] * 2),
    (guards.second_person_checked, {"second_check": SecondCheckFacts(True)}, [("second_check", "")]),
    (guards.second_person_checked, {"second_check": SecondCheckFacts(True, 1)}, [("second_check", "")]),
    (guards.audit_record_is_complete, {"audit_objections": (MISSING,)}, [("staff", "K1")]),
    (
        guards.differences_are_explained,
        {"audit_unexplained": {"service_assets_other": Label("其他", "Other"), "figure": Label("数", "Figure")}},
        [("explain-service_assets_other", "C23"), ("explain-figure", "C23")],
    ),
    (guards.sheets_are_handed_in, {"sheets": (SheetFacts(False, 2), SheetFacts(True, 2))}, [("", "")]),
    (guards.sheets_are_handed_in, {"sheets": ()}, [("", "")]),
    (guards.sheets_are_handed_in, {"sheets": (SheetFacts(True, 1),)}, [("", "")]),
    (
        guards.sheets_are_handed_in,
        {"sheets": (SheetFacts(False, 0), SheetFacts(True, 1)), "sheets_needed": 3},
        [("", "")] * 3,
    ),
    (guards.experts_agree, {"sheets": (SheetFacts(True, 2),) * 2, "spread": Decimal("15.1")}, [("", "P3")]),
    (
        guards.experts_agree,
        {"sheets": (SheetFacts(True, 2), SheetFacts(True, 2), SheetFacts(False, 2)), "spread": Decimal("15.1")},
        [("", "P3")],
    ),
    (
        guards.experts_agree,
        {"sheets": (SheetFacts(True, 2),) * 3, "spread": Decimal(16), "sheets_needed": 3},
        [("", "P3")],
    ),
]


def _id(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize(("guard", "facts"), RIGHT, ids=_id)
def test_guard_satisfied_gives_no_reason(guard: Guard, facts: dict[str, Any]) -> None:
    assert guard(replace(Facts(), **facts)) == []


@pytest.mark.parametrize(("guard", "facts", "expected"), WRONG, ids=_id)
def test_guard_unsatisfied_names_field_and_rule(
    guard: Guard, facts: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    reasons = guard(replace(Facts(), **facts))

    assert [(reason.field, reason.rule) for reason in reasons] == expected
    assert all(reason.message for reason in reasons)


def test_guard_tables_cover_every_guard_of_the_chain() -> None:
    """A guard that is added to the chain must be tried here, once right and once wrong."""
    used = {guard for step in chain.STEPS for guard in step.guards} - {guards.seal_date_is_plausible}

    assert used == {guard for guard, _facts in RIGHT}
    assert used == {guard for guard, _facts, _expected in WRONG}


@pytest.mark.parametrize("trigger", list(Trigger))
def test_objections_of_a_right_case_are_none(trigger: Trigger) -> None:
    assert chain.objections(trigger, Facts()) == []


def test_objections_of_a_wrong_approval_name_all_reasons_at_once() -> None:
    case = Facts(data={}, round_state=RoundState.FINALISED, scan_given=False, open_blocking=1)

    fields = [reason.field for reason in chain.objections(Trigger.APPROVE, case)]

    assert fields == ["", "opinion", "seal_date", "seal_scan", ""]


@pytest.mark.parametrize(
    ("text", "seal_date", "rule"),
    [
        ("2020-03-05", SUBMITTED, ""),  # the very day of the submission
        ("2020-03-06", SUBMITTED + DAY, ""),
        ("2020-03-09", TODAY - DAY, ""),
        ("2020-03-10", TODAY, ""),  # today
        ("2020-03-04", SUBMITTED - DAY, "R6"),
        ("0001-01-01", date(1, 1, 1), "R6"),
        ("2020-03-11", TODAY + DAY, "R6"),  # tomorrow
        ("9999-12-31", date(9999, 12, 31), "R6"),
        ("2020-02-30", None, "R6"),  # no such day
        ("yesterday", None, "R6"),
        ("", None, "K7"),
        ("  ", None, "K7"),
    ],
)
def test_seal_date_at_its_limits_is_judged_by_the_day(text: str, seal_date: date | None, rule: str) -> None:
    """D05: only days from the submission to today do."""
    reasons = guards.seal_date_is_plausible(Facts(data={"seal_date": text}, seal_date=seal_date))

    assert [(r.field, r.rule) for r in reasons] == ([("seal_date", rule)] if rule else [])


def test_seal_date_when_submission_and_today_are_one_day_takes_that_day_only() -> None:
    """D05."""
    case = Facts(submitted_on=TODAY, seal_date=TODAY)

    assert guards.seal_date_is_plausible(case) == []
    assert guards.seal_date_is_plausible(replace(case, seal_date=TODAY - DAY)) != []
    assert guards.seal_date_is_plausible(replace(case, seal_date=TODAY + DAY)) != []


def test_seal_date_on_a_leap_day_is_taken() -> None:
    """D05."""
    leap = date(2020, 2, 29)

    assert guards.seal_date_is_plausible(Facts(submitted_on=leap, seal_date=leap)) == []


@pytest.mark.parametrize(("days", "is_open"), [(-1, True), (0, True), (1, False), (365, False)])
def test_round_is_open_until_the_end_of_its_last_day(days: int, is_open: bool) -> None:
    """D06: the deadline's own day still counts."""
    case = Facts(enterprise_deadline=date(2020, 12, 31), today=date(2020, 12, 31) + days * DAY)

    assert (guards.round_is_open(case) == []) is is_open
