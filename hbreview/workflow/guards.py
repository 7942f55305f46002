"""May it now? Each guard looks at the case and answers with reasons; none means yes.

Guards read plain facts through ``Case`` and know neither Flask nor the database, so that the law can
be tested by itself. Whether *this person* may is ``policy.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from ..evaluation import agreement
from ..evaluation.remarks import PREFIX
from ..words import DECIDED, N_, Label, Level, Reason, RoundState

# What the enterprise declares when it submits, on the page and on the receipt.
DECLARATION = Label(
    "本单位声明：所填数据和所附材料真实、准确、完整。",
    "I declare that all figures and documents are true, exact and complete.",
)
# Before a figure's key: the input that says why the audit's figure differs from the form's.
EXPLAIN = "explain-"


class Finding(Protocol):
    """A failed check, as ``evaluation.checks`` gives it."""

    @property
    def level(self) -> Level: ...
    @property
    def reason(self) -> Reason: ...


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """One live score sheet: handed in, and on which revision."""

    handed_in: bool
    revision_number: int


@dataclass(frozen=True, slots=True)
class SignOffFacts:
    """Whether a second signature is wanted, who gave one to exactly this content, and why somebody declined."""

    wanted: bool = False
    signed_by: frozenset[int] = frozenset()
    declined: str = ""


@dataclass(frozen=True, slots=True)
class SecondCheckFacts:
    """Whether the city wants a second person's check, and who checked exactly this revision; None: nobody yet."""

    wanted: bool = False
    checked_by: int | None = None


class Case(Protocol):
    """The facts that guards may ask for. The acts give them from the database, tests as plain values."""

    @property
    def data(self) -> Mapping[str, str]: ...
    @property
    def today(self) -> date: ...
    @property
    def round_state(self) -> RoundState: ...
    @property
    def enterprise_deadline(self) -> date: ...
    @property
    def submitted_on(self) -> date | None: ...
    @property
    def seal_date(self) -> date | None: ...
    @property
    def scan_waived(self) -> bool: ...
    @property
    def scan_given(self) -> bool: ...
    @property
    def incomplete(self) -> Sequence[Reason]: ...
    @property
    def findings(self) -> Sequence[Finding]: ...
    @property
    def unremarked(self) -> Sequence[Reason]: ...
    @property
    def sign_off(self) -> SignOffFacts: ...
    @property
    def actor_id(self) -> int: ...
    @property
    def open_blocking(self) -> int: ...
    @property
    def to_mend(self) -> Sequence[str]: ...
    @property
    def mendable(self) -> Sequence[str]: ...
    @property
    def unticked(self) -> Sequence[Label]: ...
    @property
    def second_check(self) -> SecondCheckFacts: ...
    @property
    def city_acted(self) -> bool: ...
    @property
    def audit_objections(self) -> Sequence[Reason]: ...
    @property
    def audit_unexplained(self) -> Mapping[str, Label]: ...
    @property
    def revision_number(self) -> int: ...
    @property
    def sheets(self) -> Sequence[SheetFacts]: ...
    @property
    def sheets_needed(self) -> int: ...
    @property
    def spread(self) -> Decimal: ...
    @property
    def spread_allowed(self) -> Decimal: ...


def round_is_open(case: Case) -> list[Reason]:
    """Forms come in only while the round is open and its last day, in Asia/Shanghai, is not over (C16)."""
    if case.round_state is not RoundState.OPEN:
        return [Reason(N_("The round is not open."), rule="C16")]
    if case.today > case.enterprise_deadline:
        day = {"day": case.enterprise_deadline.isoformat()}
        return [Reason(N_("The deadline was %(day)s."), rule="C16", values=day)]
    return []


def round_is_open_for_mending(case: Case) -> list[Reason]:
    """A return after the closing could never be mended and would cost the title (R8)."""
    if case.round_state is RoundState.OPEN:
        return []
    text = N_("The round is closed: a returned form could not be submitted again. Have the round reopened.")
    return [Reason(text, rule="R8")]


def round_is_not_decided(case: Case) -> list[Reason]:
    """Once outcomes are publicised nothing of the round moves (design: rounds)."""
    if case.round_state in DECIDED:
        return [Reason(N_("The outcomes of this round are public: nothing of it changes any more."))]
    return []


def form_is_complete(case: Case) -> list[Reason]:
    """K1 to K5: every required field, attachment and matrix cell."""
    return list(case.incomplete)


def form_is_consistent(case: Case) -> list[Reason]:
    """C1 to C22: a failed check of level error blocks, a warning does not."""
    return [finding.reason for finding in case.findings if finding.level is Level.ERROR]


def warnings_have_remarks(case: Case) -> list[Reason]:
    """RULES.md section 5: a warning needs a remark, which the city reads."""
    text = N_("Please say why, in a remark: %(finding)s")
    return [
        Reason(text, f"{PREFIX}{found.rule}.{found.field}", found.rule, {"finding": found}) for found in case.unremarked
    ]


def second_person_signed(case: Case) -> list[Reason]:
    """Where the organisation wants it, somebody else than the sender signed exactly this content."""
    facts = case.sign_off
    if not facts.wanted or facts.signed_by - {case.actor_id}:
        return []
    if facts.declined:
        why = {"reason": facts.declined}
        return [Reason(N_("A colleague declined to sign off: %(reason)s"), "sign_off", values=why)]
    return [Reason(N_("A colleague has to sign the form off before it is sent."), "sign_off")]


def is_declared(case: Case) -> list[Reason]:
    """The enterprise declares the figures to be true."""
    if case.data.get("declared") in {"1", "on", "yes", "true"}:
        return []
    return [Reason(N_("Please declare that the figures are true."), "declared")]


def city_has_not_acted(case: Case) -> list[Reason]:
    """A form that the city has begun to review stays with the city."""
    if case.city_acted:
        return [Reason(N_("The city has begun its review: ask it to return the form."))]
    return []


def opinion_is_given(case: Case) -> list[Reason]:
    """K7: the city's written opinion."""
    if case.data.get("opinion", "").strip():
        return []
    return [Reason(N_("Please write the opinion."), "opinion", "K7")]


def seal_date_is_plausible(case: Case) -> list[Reason]:
    """R6: a real day, not before the submission that it approves nor after today in Asia/Shanghai."""
    if not case.data.get("seal_date", "").strip():
        return [Reason(N_("Please give the seal date."), "seal_date", "K7")]
    if case.seal_date is None:
        return [Reason(N_("This is not a date. Write it as 2026-03-01."), "seal_date", "R6")]
    if case.submitted_on and case.seal_date < case.submitted_on:
        day = {"day": case.submitted_on.isoformat()}
        text = N_("The seal date is before the submission of %(day)s.")
        return [Reason(text, "seal_date", "R6", day)]
    if case.seal_date > case.today:
        return [Reason(N_("The seal date is in the future."), "seal_date", "R6")]
    return []


def seal_scan_is_given(case: Case) -> list[Reason]:
    """K7: a scan of the sealed page, unless the round waives it."""
    if case.scan_waived or case.scan_given:
        return []
    return [Reason(N_("Please attach the scan of the sealed page."), "seal_scan", "K7")]


def blocking_comments_are_resolved(case: Case) -> list[Reason]:
    """An approval stands only over resolved objections."""
    if case.open_blocking == 0:
        return []
    text = N_("%(count)s blocking comments are still open.")
    return [Reason(text, values={"count": str(case.open_blocking)})]


def reason_is_given(case: Case) -> list[Reason]:
    """R4: whoever sends something back says why."""
    if case.data.get("reason", "").strip():
        return []
    return [Reason(N_("Please give the reason."), "reason", "R4")]


def open_comment_says_what_to_mend(case: Case) -> list[Reason]:
    """A return without a word on what to mend helps nobody; what is chosen is open and the enterprise may read it."""
    if not case.mendable:
        return [Reason(N_("Write at least one comment that says what to mend; it must be open."), "mend")]
    if not case.to_mend:
        return [Reason(N_("Choose at least one comment that is to be mended."), "mend")]
    if set(case.to_mend) - set(case.mendable):
        text = N_("One of the chosen comments was resolved meanwhile, or is an internal one: choose anew.")
        return [Reason(text, "mend")]
    return []


def checklist_is_ticked(case: Case) -> list[Reason]:
    """Where the round wants it, the whole checklist is ticked for this revision before it is approved."""
    text = N_("Not ticked in the checklist: %(item)s")
    return [Reason(text, "checklist", values={"item": label}) for label in case.unticked]


def second_person_checked(case: Case) -> list[Reason]:
    """Where the city wants it, somebody else than who approves has checked exactly this revision."""
    facts = case.second_check
    if not facts.wanted or facts.checked_by not in {None, case.actor_id}:
        return []
    return [Reason(N_("A second person of your department has to check this revision first."), "second_check")]


def audit_record_is_complete(case: Case) -> list[Reason]:
    """K6: the notice's figures, one service item at least, the report, its number and date."""
    return list(case.audit_objections)


def differences_are_explained(case: Case) -> list[Reason]:
    """C23: where audit and form differ beyond the tolerance, the record says why, of each figure or of all."""
    text = N_("The audit differs from the form: please explain “%(figure)s”.")
    return [Reason(text, f"{EXPLAIN}{key}", "C23", {"figure": label}) for key, label in case.audit_unexplained.items()]


def sheets_are_handed_in(case: Case) -> list[Reason]:
    """Every assigned sheet, on this revision, and at least the round's number of them."""
    handed_in = [sheet for sheet in case.sheets if sheet.handed_in]
    reasons = []
    if len(handed_in) < len(case.sheets):
        waiting = {"count": str(len(case.sheets) - len(handed_in))}
        reasons.append(Reason(N_("%(count)s score sheets are not handed in yet."), values=waiting))
    if len(case.sheets) < case.sheets_needed:
        few = {"count": str(len(case.sheets)), "needed": str(case.sheets_needed)}
        text = N_("%(count)s experts are assigned, the round asks for %(needed)s.")
        reasons.append(Reason(text, values=few))
    if any(sheet.revision_number != case.revision_number for sheet in handed_in):
        reasons.append(Reason(N_("A score sheet was given on an earlier revision: reopen it.")))
    return reasons


def experts_agree(case: Case) -> list[Reason]:
    """P3: experts that are too far apart do not decide alone; a further expert's sheet settles it."""
    handed_in = sum(sheet.handed_in for sheet in case.sheets)
    needed = case.sheets_needed
    # One sheet cannot differ from itself: its points are not even read.
    if handed_in <= 1 or not agreement.too_far(
        case.spread, allowed=case.spread_allowed, handed_in=handed_in, min_sheets=needed
    ):
        return []
    apart = {"apart": _points(case.spread), "allowed": _points(case.spread_allowed)}
    if len(case.sheets) >= agreement.settling(needed):
        text = N_("The experts are %(apart)s points apart (allowed: %(allowed)s): the further expert is still scoring.")
    else:
        text = N_("The experts are %(apart)s points apart (allowed: %(allowed)s): please assign a further expert.")
    return [Reason(text, rule="P3", values=apart)]


def _points(value: Decimal) -> str:
    """Points as people write them: 15 and 15.5."""
    return format(value.normalize(), "f")
