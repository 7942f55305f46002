"""The chain of a round, as a table like a submission's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from transitions import Machine

from ..words import N_, Reason, Role, RoundState, RoundTrigger
from .errors import WrongStateError


class RoundCase(Protocol):
    """The facts that a round's guards may ask for."""

    @property
    def unfinished(self) -> int: ...
    @property
    def deferring(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def roster_size(self) -> int: ...
    @property
    def today(self) -> date: ...
    @property
    def publicity_ends(self) -> date | None: ...
    @property
    def open_objections(self) -> int: ...
    @property
    def is_proposer(self) -> bool: ...
    @property
    def upheld_an_objection(self) -> bool: ...


def roster_is_known(case: RoundCase) -> list[Reason]:
    """R2: only organisations with a valid designation take part, so there must be a roster."""
    if case.roster_size:
        return []
    return [Reason(N_("No roster is in force: import one first."), rule="R2")]


def reopening_is_explained(case: RoundCase) -> list[Reason]:
    """R4: why a closed round opens again."""
    if case.reason.strip():
        return []
    return [Reason(N_("Please give the reason."), "reason", "R4")]


def everything_is_scored(case: RoundCase) -> list[Reason]:
    """What was submitted is scored, or is deferred openly: the title stays and the reason is kept."""
    if not case.unfinished:
        return []
    if not case.deferring:
        text = N_("%(count)s submissions are not scored yet. Finish them, or defer them with a reason.")
        return [Reason(text, "defer", values={"count": str(case.unfinished)})]
    if not case.reason.strip():
        return [Reason(N_("Please give the reason for deferring."), "reason", "R4")]
    return []


def publicity_is_over(case: RoundCase) -> list[Reason]:
    """R9: the period of publicity has passed, its last day included."""
    if case.publicity_ends is None or case.today > case.publicity_ends:
        return []
    day = {"day": case.publicity_ends.isoformat()}
    return [Reason(N_("The publicity lasts until the end of %(day)s."), rule="R9", values=day)]


def objections_are_answered(case: RoundCase) -> list[Reason]:
    """R9: an objection that nobody decided yet keeps the round open."""
    if not case.open_objections:
        return []
    count = {"count": str(case.open_objections)}
    return [Reason(N_("%(count)s objections are not answered yet."), rule="R9", values=count)]


def is_a_second_person(case: RoundCase) -> list[Reason]:
    """Who proposed the outcomes, or changed one of them by an objection, does not also fix them."""
    if case.is_proposer:
        return [Reason(N_("A second person finalises: you publicised these outcomes."))]
    if case.upheld_an_objection:
        return [Reason(N_("A second person finalises: you upheld an objection to one of these outcomes."))]
    return []


RoundGuard = Callable[[RoundCase], Sequence[Reason]]


@dataclass(frozen=True, slots=True)
class RoundStep:
    """One edge of a round's chain."""

    trigger: RoundTrigger
    source: RoundState
    dest: RoundState
    roles: frozenset[Role]
    guards: tuple[RoundGuard, ...]
    words: str
    needs: tuple[str, ...] = ()


_PROVINCE = frozenset({Role.PROVINCE})
_S, _T = RoundState, RoundTrigger

ROUND_STEPS: tuple[RoundStep, ...] = (
    RoundStep(_T.OPEN, _S.PLANNED, _S.OPEN, _PROVINCE, (roster_is_known,), N_("Open the round")),
    RoundStep(_T.CLOSE, _S.OPEN, _S.CLOSED, _PROVINCE, (), N_("Close the round")),
    RoundStep(
        _T.REOPEN, _S.CLOSED, _S.OPEN, _PROVINCE, (reopening_is_explained,), N_("Reopen the round"), ("reason",)
    ),
    RoundStep(
        _T.PUBLICISE, _S.CLOSED, _S.PUBLICISED, _PROVINCE, (everything_is_scored,),
        N_("Publicise the outcomes"), ("defer", "reason"),
    ),
    RoundStep(
        _T.FINALISE, _S.PUBLICISED, _S.FINALISED, _PROVINCE,
        (publicity_is_over, objections_are_answered, is_a_second_person), N_("Finalise"),
    ),
)  # fmt: skip

ROUND_BY_TRIGGER: dict[RoundTrigger, RoundStep] = {step.trigger: step for step in ROUND_STEPS}

ROUND_MACHINE = Machine(
    model=None,
    states=[state.value for state in RoundState],
    transitions=[{"trigger": s.trigger.value, "source": s.source.value, "dest": s.dest.value} for s in ROUND_STEPS],
    initial=RoundState.PLANNED.value,
    auto_transitions=False,
)


class StatefulRound(Protocol):
    """Anything whose round state the machine may move."""

    state: RoundState


class _Walker:
    def __init__(self, state: str) -> None:
        self.state = state


def move_round(row: StatefulRound, trigger: RoundTrigger) -> RoundState:
    """Fire the trigger on the round and return the state that it left; WrongStateError if it may not."""
    before = RoundState(row.state)
    if before is not ROUND_BY_TRIGGER[trigger].source:
        raise WrongStateError(trigger, before)
    walker = _Walker(before.value)
    ROUND_MACHINE.events[trigger.value].trigger(walker)
    row.state = RoundState(walker.state)
    return before


def round_objections(trigger: RoundTrigger, case: RoundCase) -> list[Reason]:
    """All reasons why the round may not move now."""
    return [reason for guard in ROUND_BY_TRIGGER[trigger].guards for reason in guard(case)]
