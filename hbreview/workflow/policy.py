"""May this person? One table: every action, who may do it, and on what. Routes, buttons and lists ask here.

The answer hides (404), forbids (403) or allows; *when* something may happen is ``guards.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..words import Role, RoundTrigger, Trigger
from .actors import Actor
from .chain import STEPS
from .round_chain import ROUND_STEPS


class Verdict(StrEnum):
    """What the policy answers."""

    ALLOW = "allow"
    FORBID = "forbid"
    HIDE = "hide"
    SIGN_IN = "sign_in"


class About(StrEnum):
    """What an action is about: nothing in particular, a submission that one must be able to see, or a round."""

    NOTHING = "nothing"
    SUBMISSION = "submission"


class Action(StrEnum):
    """Everything that a route can do. Triggers have actions of their own, made from the chain's table."""

    READ_PUBLIC = "read_public"
    SIGN_IN = "sign_in"
    OWN_ACCOUNT = "own_account"
    OWN_DESK = "own_desk"
    LIST_SUBMISSIONS = "list_submissions"
    SEE_SUBMISSION = "see_submission"
    SEE_COMMENTS = "see_comments"
    SEE_CONTACTS = "see_contacts"
    ANSWER = "answer"
    ATTACH = "attach"
    SIGN_OFF = "sign_off"
    MEND = "mend"
    ENTERPRISE_DESK = "enterprise_desk"
    SET_ORGANISATION = "set_organisation"
    SEE_ATTACHMENT = "see_attachment"
    COMMENT = "comment"
    EDIT_COMMENT = "edit_comment"
    REPLY = "reply"
    COMMENT_INTERNALLY = "comment_internally"
    SETTLE_COMMENT = "settle_comment"
    REVIEW = "review"
    LOOK = "look"
    SEE_REUSE = "see_reuse"
    WORK_THROUGH = "work_through"
    CITY_DESK = "city_desk"
    EXTEND = "extend"
    REMIND = "remind"
    KEEP_VIEWS = "keep_views"
    SEE_AUDIT_RECORD = "see_audit_record"
    KEEP_AUDIT_RECORD = "keep_audit_record"
    SEE_SCORE_SHEET = "see_score_sheet"
    MARK = "mark"
    EXPERT_DESK = "expert_desk"
    REOPEN_SHEET = "reopen_sheet"
    DECLARE_INTEREST = "declare_interest"
    ASSIGN = "assign"
    SEE_SCORES = "see_scores"
    RUN_ROUNDS = "run_rounds"
    MANAGE_FIRMS = "manage_firms"
    MANAGE_EXPERTS = "manage_experts"
    ASSIGN_MANY = "assign_many"
    SEE_PANEL = "see_panel"
    MANAGE_PROGRAMMES = "manage_programmes"
    SEND_MESSAGES = "send_messages"
    RULE = "rule"
    OBJECT = "object"
    ANSWER_OBJECTIONS = "answer_objections"
    ISSUE_LETTERS = "issue_letters"
    SEE_DECISION = "see_decision"
    DECIDE_TITLES = "decide_titles"
    SEE_ANALYSIS = "see_analysis"
    EXPORT_ROUND = "export_round"
    KEEP_MONTHLY = "keep_monthly"
    MANAGE_MACHINES = "manage_machines"
    MACHINE = "machine"
    INVITE = "invite"
    MANAGE_PEOPLE = "manage_people"
    READ_JOURNAL = "read_journal"
    MOVE = "move"
    MOVE_ROUND = "move_round"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may, and on what. ``roles`` None: anybody, signed in or not."""

    roles: frozenset[Role] | None
    about: About = About.NOTHING


_R = Role
_REVIEWING = frozenset({_R.CITY, _R.AUDITOR, _R.EXPERT, _R.PROVINCE})
_READERS = frozenset({_R.ENTERPRISE}) | _REVIEWING
_EVERYBODY = frozenset(Role)


def _of(*roles: Role, about: About = About.NOTHING) -> Rule:
    return Rule(frozenset(roles), about)


RULES: dict[Action, Rule] = {
    Action.READ_PUBLIC: Rule(None),
    Action.SIGN_IN: Rule(None),
    Action.OWN_ACCOUNT: Rule(_EVERYBODY),
    Action.OWN_DESK: Rule(_EVERYBODY),
    Action.LIST_SUBMISSIONS: Rule(_READERS),
    Action.SEE_SUBMISSION: Rule(_READERS, About.SUBMISSION),
    # Experts are blind to what others said; the form, the evidence and the audit are what they judge by.
    Action.SEE_COMMENTS: _of(_R.ENTERPRISE, _R.CITY, _R.AUDITOR, _R.PROVINCE, about=About.SUBMISSION),
    # Nor do they learn whom to call (P02).
    Action.SEE_CONTACTS: _of(_R.ENTERPRISE, _R.CITY, _R.AUDITOR, _R.PROVINCE, about=About.SUBMISSION),
    Action.ANSWER: _of(_R.ENTERPRISE, about=About.SUBMISSION),
    Action.ATTACH: _of(_R.ENTERPRISE, _R.CITY, _R.AUDITOR, about=About.SUBMISSION),
    Action.SIGN_OFF: _of(_R.ENTERPRISE, about=About.SUBMISSION),
    Action.MEND: _of(_R.ENTERPRISE, about=About.SUBMISSION),
    Action.ENTERPRISE_DESK: _of(_R.ENTERPRISE),
    Action.SET_ORGANISATION: _of(_R.ENTERPRISE),
    Action.SEE_ATTACHMENT: Rule(_READERS, About.SUBMISSION),
    Action.COMMENT: _of(_R.ENTERPRISE, _R.CITY, _R.PROVINCE, about=About.SUBMISSION),
    Action.EDIT_COMMENT: _of(_R.ENTERPRISE, _R.CITY, _R.PROVINCE, about=About.SUBMISSION),
    # What the city's team notes while it reviews; and who has looked, which the province sees too.
    Action.REVIEW: _of(_R.CITY, about=About.SUBMISSION),
    Action.LOOK: _of(_R.CITY, _R.PROVINCE, about=About.SUBMISSION),
    Action.SEE_REUSE: _of(_R.CITY, _R.PROVINCE, about=About.SUBMISSION),
    Action.WORK_THROUGH: _of(_R.CITY, _R.PROVINCE),
    Action.CITY_DESK: _of(_R.CITY),
    Action.EXTEND: _of(_R.CITY, _R.PROVINCE, about=About.SUBMISSION),
    Action.REMIND: _of(_R.CITY, _R.PROVINCE, about=About.SUBMISSION),
    Action.KEEP_VIEWS: Rule(_READERS),
    Action.REPLY: _of(_R.ENTERPRISE, _R.CITY, _R.PROVINCE, about=About.SUBMISSION),
    Action.COMMENT_INTERNALLY: _of(_R.CITY, _R.PROVINCE, about=About.SUBMISSION),
    Action.SETTLE_COMMENT: _of(_R.CITY, about=About.SUBMISSION),
    Action.SEE_AUDIT_RECORD: _of(_R.CITY, _R.AUDITOR, _R.EXPERT, _R.PROVINCE, about=About.SUBMISSION),
    # The province's where the round has the enterprise bring the report (the act holds that).
    Action.KEEP_AUDIT_RECORD: _of(_R.AUDITOR, _R.PROVINCE, about=About.SUBMISSION),
    Action.SEE_SCORE_SHEET: _of(_R.EXPERT, _R.PROVINCE, about=About.SUBMISSION),
    Action.MARK: _of(_R.EXPERT, about=About.SUBMISSION),
    Action.EXPERT_DESK: _of(_R.EXPERT),
    Action.REOPEN_SHEET: _of(_R.PROVINCE, about=About.SUBMISSION),
    Action.DECLARE_INTEREST: _of(_R.EXPERT, _R.CITY, about=About.SUBMISSION),
    Action.ASSIGN: _of(_R.PROVINCE, about=About.SUBMISSION),
    Action.SEE_SCORES: _of(_R.PROVINCE, about=About.SUBMISSION),
    Action.RUN_ROUNDS: _of(_R.PROVINCE),
    Action.MANAGE_FIRMS: _of(_R.PROVINCE),
    Action.MANAGE_EXPERTS: _of(_R.PROVINCE),
    Action.ASSIGN_MANY: _of(_R.PROVINCE),
    Action.SEE_PANEL: _of(_R.PROVINCE),
    Action.MANAGE_PROGRAMMES: _of(_R.PROVINCE),
    Action.SEND_MESSAGES: _of(_R.PROVINCE),
    Action.RULE: _of(_R.PROVINCE, about=About.SUBMISSION),
    # Anybody may object to what is publicised, under a real name (R9).
    Action.OBJECT: Rule(None),
    Action.ANSWER_OBJECTIONS: _of(_R.PROVINCE),
    Action.ISSUE_LETTERS: _of(_R.PROVINCE),
    # The organisation's own decision, once it is final.
    Action.SEE_DECISION: _of(_R.ENTERPRISE, _R.PROVINCE, about=About.SUBMISSION),
    Action.DECIDE_TITLES: _of(_R.PROVINCE),
    Action.SEE_ANALYSIS: _of(_R.PROVINCE),
    Action.EXPORT_ROUND: _of(_R.PROVINCE),
    Action.KEEP_MONTHLY: _of(_R.PROVINCE),
    Action.MANAGE_MACHINES: _of(_R.ADMIN),
    # A machine shows its token at each request; the route asks for the scope.
    Action.MACHINE: Rule(None),
    Action.INVITE: _of(_R.PROVINCE),
    Action.MANAGE_PEOPLE: _of(_R.ADMIN),
    Action.READ_JOURNAL: _of(_R.ADMIN),
    Action.MOVE: Rule(frozenset().union(*(step.roles for step in STEPS)), About.SUBMISSION),
    Action.MOVE_ROUND: Rule(frozenset().union(*(step.roles for step in ROUND_STEPS))),
}


def has_role_for(actor: Actor | None, action: Action) -> bool:
    """Whether the person's role may do this at all; for navigation and buttons."""
    roles = RULES[action].roles
    return roles is None or (actor is not None and actor.role in roles)


def judge(actor: Actor | None, action: Action, *, seen: bool) -> Verdict:
    """The policy's answer for a person and an action.

    ``seen``: whether the submission that the action is about is one that this person may know of
    (``visibility.py``); of no matter for actions that are about none.
    """
    rule = RULES[action]
    if rule.roles is None:
        return Verdict.ALLOW
    if actor is None:
        return Verdict.SIGN_IN
    if rule.about is About.SUBMISSION and not seen:
        return Verdict.HIDE
    return Verdict.ALLOW if actor.role in rule.roles else Verdict.FORBID


def may_fire(actor: Actor, trigger: Trigger) -> bool:
    """Whether the person's role may fire this trigger (on a submission that it may see)."""
    return any(step.trigger is trigger and actor.role in step.roles for step in STEPS)


def may_fire_round(actor: Actor, trigger: RoundTrigger) -> bool:
    """Whether the person's role may move a round by this trigger."""
    return any(step.trigger is trigger and actor.role in step.roles for step in ROUND_STEPS)
