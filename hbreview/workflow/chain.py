"""The chain of a submission: one table from which machine, policy, buttons and diagram are made.

A new step of the province's (say a site visit) is a new row here and a guard, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from transitions import Machine

from ..words import N_, Reason, Role, State, Trigger
from . import guards
from .errors import WrongStateError
from .guards import Case

Guard = Callable[[Case], Sequence[Reason]]


@dataclass(frozen=True, slots=True)
class Step:
    """One edge: who may fire it, from where to where, what it needs, and the words of its button."""

    trigger: Trigger
    source: State
    dest: State
    roles: frozenset[Role]
    guards: tuple[Guard, ...]
    words: str
    # The inputs that the trigger takes beside the version; pages and the policy listing read them here.
    needs: tuple[str, ...] = ()


STEPS: tuple[Step, ...] = (
    Step(
        Trigger.SUBMIT, State.DRAFT, State.SUBMITTED, frozenset({Role.ENTERPRISE}),
        (
            guards.round_is_open, guards.form_is_complete, guards.form_is_consistent, guards.warnings_have_remarks,
            guards.second_person_signed, guards.is_declared,
        ),
        N_("Submit"), ("declared",),
    ),
    Step(
        Trigger.WITHDRAW, State.SUBMITTED, State.DRAFT, frozenset({Role.ENTERPRISE}),
        (guards.round_is_open, guards.city_has_not_acted), N_("Withdraw"),
    ),
    Step(
        Trigger.APPROVE, State.SUBMITTED, State.CITY_REVIEWED, frozenset({Role.CITY}),
        (
            guards.round_is_not_decided, guards.opinion_is_given, guards.seal_date_is_plausible,
            guards.seal_scan_is_given, guards.blocking_comments_are_resolved, guards.checklist_is_ticked,
            guards.second_person_checked,
        ),
        N_("Approve"), ("opinion", "seal_date", "seal_scan"),
    ),
    Step(
        Trigger.RETURN, State.SUBMITTED, State.DRAFT, frozenset({Role.CITY}),
        (guards.round_is_open_for_mending, guards.reason_is_given, guards.open_comment_says_what_to_mend),
        N_("Return"), ("reason", "mend", "narrow"),
    ),
    Step(
        Trigger.SEND_BACK, State.CITY_REVIEWED, State.SUBMITTED, frozenset({Role.PROVINCE, Role.AUDITOR}),
        (guards.round_is_not_decided, guards.reason_is_given), N_("Send back to the city"), ("reason",),
    ),
    Step(
        Trigger.AUDIT, State.CITY_REVIEWED, State.AUDITED, frozenset({Role.AUDITOR, Role.PROVINCE}),
        (guards.round_is_not_decided, guards.audit_record_is_complete, guards.differences_are_explained),
        N_("Sign the audit off"),
    ),
    Step(
        Trigger.REAUDIT, State.AUDITED, State.CITY_REVIEWED, frozenset({Role.PROVINCE}),
        (guards.round_is_not_decided, guards.reason_is_given), N_("Have it audited again"), ("reason",),
    ),
    Step(
        Trigger.SCORE, State.AUDITED, State.SCORED, frozenset({Role.PROVINCE}),
        (guards.round_is_not_decided, guards.sheets_are_handed_in, guards.experts_agree), N_("Close the scoring"),
    ),
    Step(
        Trigger.RESCORE, State.SCORED, State.AUDITED, frozenset({Role.PROVINCE}),
        (guards.round_is_not_decided, guards.reason_is_given), N_("Reopen the scoring"), ("reason",),
    ),
)  # fmt: skip

BY_TRIGGER: dict[Trigger, Step] = {step.trigger: step for step in STEPS}


class Stateful(Protocol):
    """Anything whose ``state`` the machine may move."""

    state: State


# One machine without a model: rows are passed to the event, so nothing is bound and nothing leaks.
MACHINE = Machine(
    model=None,
    states=[state.value for state in State],
    transitions=[{"trigger": s.trigger.value, "source": s.source.value, "dest": s.dest.value} for s in STEPS],
    initial=State.DRAFT.value,
    auto_transitions=False,
)


class _Walker:
    """Carries a state through the machine, so that a row's column is set once and by us."""

    def __init__(self, state: str) -> None:
        self.state = state


def move(row: Stateful, trigger: Trigger) -> State:
    """Fire the trigger on the row and return the state that it left; WrongStateError if it may not."""
    before = State(row.state)
    if before is not BY_TRIGGER[trigger].source:
        raise WrongStateError(trigger, before)
    walker = _Walker(before.value)
    MACHINE.events[trigger.value].trigger(walker)
    row.state = State(walker.state)
    return before


def objections(trigger: Trigger, case: Case) -> list[Reason]:
    """All reasons why the trigger may not fire now; empty when it may."""
    return [reason for guard in BY_TRIGGER[trigger].guards for reason in guard(case)]
