"""What people read for the words of the field, and how a reason becomes a sentence in their language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from flask_babel import get_locale, gettext

from . import clock
from .words import N_, Label, Level, Outcome, Reason, Role, RoundState, State, Visibility

WORDS: Mapping[StrEnum, str] = {
    Role.ENTERPRISE: N_("Enterprise"),
    Role.CITY: N_("City department"),
    Role.AUDITOR: N_("Audit firm"),
    Role.EXPERT: N_("Expert"),
    Role.PROVINCE: N_("Provincial team"),
    Role.ADMIN: N_("Administrator"),
    State.DRAFT: N_("Draft"),
    State.SUBMITTED: N_("Submitted"),
    State.CITY_REVIEWED: N_("City reviewed"),
    State.AUDITED: N_("Audited"),
    State.SCORED: N_("Scored"),
    Outcome.EXCELLENT: N_("Excellent"),
    Outcome.PASS: N_("Qualified"),
    Outcome.FAIL: N_("Not qualified"),
    Outcome.DEFERRED: N_("Deferred"),
    Level.ERROR: N_("Error"),
    Level.WARNING: N_("Warning"),
}
# Kept apart: some of these have the value of another word ("enterprise", "open"), and a lookup goes by the value.
ROUND_WORDS: Mapping[str, str] = {
    RoundState.PLANNED: N_("Planned"),
    RoundState.OPEN: N_("Open"),
    RoundState.CLOSED: N_("Closed"),
    RoundState.PUBLICISED: N_("In publicity"),
    RoundState.FINALISED: N_("Finalised"),
}
VISIBILITY_WORDS: Mapping[str, str] = {
    Visibility.ENTERPRISE: N_("Visible to the enterprise"),
    Visibility.INTERNAL: N_("Internal"),
}
ACTS: Mapping[str, str] = {
    "submit": N_("submitted the form"),
    "withdraw": N_("withdrew the form"),
    "approve": N_("approved the form"),
    "return": N_("returned the form"),
    "send_back": N_("sent the form back to the city"),
    "audit": N_("signed the audit off"),
    "reaudit": N_("asked for a new audit"),
    "score": N_("closed the scoring"),
    "rescore": N_("reopened the scoring"),
    "answer": N_("filled in the form"),
    "attach": N_("attached a file"),
    "remove_attachment": N_("removed a file"),
    "replace_attachment": N_("replaced a file"),
    "quarantine": N_("took an infected file out"),
    "link_evidence": N_("said what a file proves"),
    "sign_off": N_("signed the form off"),
    "decline_sign_off": N_("declined to sign the form off"),
    "ask_sign_off": N_("asked for a second signature"),
    "want_second_signature": N_("changed whether a second signature is wanted"),
    "mend_comment": N_("marked a comment as mended"),
    "unmend_comment": N_("took a mended mark back"),
    "comment": N_("commented"),
    "reply": N_("replied"),
    "resolve_comment": N_("resolved a comment"),
    "reopen_comment": N_("reopened a comment"),
    "edit_comment": N_("edited a comment"),
    "mention": N_("mentioned somebody"),
    "assign_reviewer": N_("gave the form to a reviewer"),
    "tag": N_("changed the tags"),
    "flag": N_("flagged the form"),
    "unflag": N_("took the flag down"),
    "tick": N_("changed the checklist"),
    "check_review": N_("checked the form as second person"),
    "extend": N_("gave a longer time"),
    "remind": N_("reminded the enterprise"),
    "save_view": N_("kept a view of the queue"),
    "forget_view": N_("dropped a view of the queue"),
    "keep_phrase": N_("kept a phrase"),
    "drop_phrase": N_("dropped a phrase"),
    "name_deputy": N_("named a deputy"),
    "end_deputy": N_("ended a deputy's time"),
    "change_city_settings": N_("changed the city's settings"),
    "keep_audit_record": N_("recorded the audit"),
    "mark": N_("scored"),
    "hand_in": N_("handed the score sheet in"),
    "reopen_sheet": N_("reopened a score sheet"),
    "declare_interest": N_("declared an interest"),
    "assign_firm": N_("assigned the audit firm"),
    "assign_expert": N_("assigned an expert"),
    "withdraw_expert": N_("withdrew an expert"),
    "plan_round": N_("planned the round"),
    "round_open": N_("opened the round"),
    "round_close": N_("closed the round"),
    "round_reopen": N_("reopened the round"),
    "round_publicise": N_("publicised the outcomes"),
    "round_finalise": N_("finalised the round"),
    "import_roster": N_("imported a roster"),
    "invite": N_("invited somebody"),
    "invite_round": N_("invited the organisations of a round"),
    "renew_code": N_("renewed an activation code"),
    "suspend": N_("suspended an account"),
    "restore": N_("restored an account"),
    "sign_in": N_("signed in"),
    "sign_out": N_("signed out"),
    "activate": N_("activated the account"),
    "change_password": N_("changed the password"),
    "change_contact": N_("changed where letters go"),
    "export": N_("exported submissions"),
    "rule": N_("ruled on the outcome by hand"),
    "object": N_("objected to the publicised outcomes"),
    "answer_objection": N_("answered an objection"),
    "issue_letters": N_("issued the decision letters"),
    "issue_letter": N_("issued the decision letter"),
    "void_letter": N_("made a decision letter void"),
    "make_token": N_("made an access token"),
    "revoke_token": N_("revoked an access token"),
    "add_webhook": N_("added an address that is told"),
    "end_webhook": N_("took an address out"),
    "retry_delivery": N_("sent a notification again"),
    "record_months": N_("kept monthly records"),
    "keep_programme": N_("kept a programme version"),
    "add_firm": N_("added an audit firm"),
    "change_expert": N_("changed what is known of an expert"),
    "draw_lots": N_("drew lots"),
    "change_round_settings": N_("changed the settings of the round"),
    "change_weights": N_("changed the weights"),
    "leave_out": N_("said who takes no part"),
    "announce": N_("sent a message to a group"),
    "propose_title": N_("proposed a decision on a title"),
    "revoke_title": N_("revoked a title"),
    "restore_title": N_("restored a title"),
    "drop_title": N_("took a proposed decision back"),
    "export_round": N_("exported a whole round"),
    "import_round": N_("read a round in"),
    "left_out": N_("stands elsewhere"),
    "denied": N_("was refused"),
}
REASONS: Mapping[str, str] = {
    "not_submitted": N_("not submitted"),
    "below_mark": N_("below the pass mark"),
    "too_few_served": N_("too few enterprises served"),
    "deferred": N_("scoring not finished"),
}


def is_chinese() -> bool:
    """Whether the reader has chosen Chinese."""
    locale = get_locale()
    return locale is None or locale.language == "zh"


def label(text: Label) -> str:
    """An official text in the reader's language."""
    return text.zh if is_chinese() or not text.en else text.en


def word(value: StrEnum) -> str:
    """The word of a state, role, outcome or level in the reader's language."""
    return str(gettext(WORDS[value]))


def role_word(value: str) -> str:
    """The word of a role as an entry of the journal keeps it; "" for what nobody did."""
    return word(Role(value)) if value in set(Role) else ""


def round_word(value: str) -> str:
    """The word of a round's state."""
    return str(gettext(ROUND_WORDS[value]))


def visibility_word(value: str) -> str:
    """Who may read a comment."""
    return str(gettext(VISIBILITY_WORDS[value]))


def act_word(act: str) -> str:
    """What an entry of the journal says that somebody did."""
    return str(gettext(ACTS[act])) if act in ACTS else act


def outcome_reason(code: str) -> str:
    """Why an outcome is what it is: one of the rules' reasons, or what the province wrote."""
    return str(gettext(REASONS[code])) if code in REASONS else code


def say(reason: Reason) -> str:
    """A reason as a sentence in the reader's language, with its figures and official labels in it."""
    return str(gettext(reason.message, **{key: _spoken(value) for key, value in reason.values.items()}))


def _spoken(value: str | Label | Reason) -> str:
    if isinstance(value, Label):
        return label(value)
    return say(value) if isinstance(value, Reason) else value


def day(moment: datetime) -> str:
    """A moment's day in Asia/Shanghai."""
    return clock.day_of(moment).isoformat()


def moment(at: datetime) -> str:
    """A moment in Asia/Shanghai, to the minute."""
    return at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M")


def tr(text: str) -> str:
    """An English source string that was marked elsewhere, in the reader's language."""
    return str(gettext(text))


def size(count: int) -> str:
    """A file's size as people read it; 1 kB is 1,000 bytes."""
    if count < 1000:  # noqa: PLR2004 - of the unit itself
        return str(gettext("%(count)s bytes", count=count))
    shown = Decimal(count) / 1000
    return f"{shown:.1f} kB" if shown < 1000 else f"{shown / 1000:.1f} MB"  # noqa: PLR2004 - as above
