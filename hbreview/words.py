"""The words of the field: states, triggers, roles, outcomes. Imports nothing of ours.

Values are what is stored and what stands in addresses; they never change with the language.
What people read is looked up by these values (see ``wording.py``), so a translation can never
move a submission.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


def N_(text: str) -> str:  # noqa: N802 - the gettext convention, known to the extractor
    """Mark an English source string for the catalogue; it is translated where it is shown."""
    return text


class Role(StrEnum):
    """Who a person is. One person has one role (design: duties are separate)."""

    ENTERPRISE = "enterprise"
    CITY = "city"
    AUDITOR = "auditor"
    EXPERT = "expert"
    PROVINCE = "province"
    ADMIN = "admin"


class State(StrEnum):
    """Where a submission stands. Nothing else is a state: returned, overdue, withdrawn are derived."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CITY_REVIEWED = "city_reviewed"
    AUDITED = "audited"
    SCORED = "scored"


class Trigger(StrEnum):
    """What moves a submission from one state to another."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    RETURN = "return"
    SEND_BACK = "send_back"
    AUDIT = "audit"
    REAUDIT = "reaudit"
    SCORE = "score"
    RESCORE = "rescore"


class RoundState(StrEnum):
    """Where a yearly evaluation stands."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    PUBLICISED = "publicised"
    FINALISED = "finalised"


# Where the round's work goes on; and where its outcomes are public, so that nothing of it moves any more.
UNDECIDED = frozenset({RoundState.OPEN, RoundState.CLOSED})
DECIDED = frozenset({RoundState.PUBLICISED, RoundState.FINALISED})


class RoundTrigger(StrEnum):
    """What moves a round."""

    OPEN = "open"
    CLOSE = "close"
    REOPEN = "reopen"
    PUBLICISE = "publicise"
    FINALISE = "finalise"


class Outcome(StrEnum):
    """What the evaluation comes to (RULES.md P4). ``DEFERRED``: the title stays, nothing was decided."""

    EXCELLENT = "excellent"
    PASS = "pass"  # noqa: S105 - 合格, not a password
    FAIL = "fail"
    DEFERRED = "deferred"


class Visibility(StrEnum):
    """Who may read a comment: the enterprise too, or only the reviewing side."""

    ENTERPRISE = "enterprise"
    INTERNAL = "internal"


class ScanState(StrEnum):
    """What the virus scanner said of a file (U10). ``OFF``: there was no scanner to ask."""

    OFF = "off"
    WAITING = "waiting"
    CLEAN = "clean"
    INFECTED = "infected"


class MailState(StrEnum):
    """Where a letter is: still to be sent, sent, or given up after too many tries."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Level(StrEnum):
    """What a failed check does: an error blocks the submission, a warning wants a remark."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Label:
    """An official text in both languages, as it stands in a programme file."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is refused: an English source string with named placeholders, and its place.

    ``field`` is the input that the message belongs beside ("" for the whole form); ``rule`` the number
    of the rule in RULES.md or design.md. A value that is a ``Label`` or a reason is shown in the reader's language.
    """

    message: str
    field: str = ""
    rule: str = ""
    values: Mapping[str, str | Label | Reason] = dataclasses.field(default_factory=dict)
