"""Who may do what, written by hand from the design's page and never from the code's table: a second opinion.

One row for each rule and method, one letter for each kind of actor in the order of ``ACTORS``, in pairs.
"""

from __future__ import annotations

ACTORS = (
    "anonymous", "suspended",
    "enterprise-own", "enterprise-other",
    "city-own", "city-other",
    "auditor-assigned", "auditor-unassigned",
    "expert-assigned", "expert-unassigned",
    "province", "admin",
)  # fmt: skip
LETTERS = {"a": "allow", "f": "forbid", "h": "hide", "s": "sign-in"}

# A trigger of the chain has a row of its own, although the code routes all of them through one rule.
TABLE: dict[tuple[str, str], str] = {
    # nobody needs to sign in
    ("GET", "/login"): "aa aa aa aa aa aa",
    ("POST", "/login"): "aa aa aa aa aa aa",
    ("GET", "/activate"): "aa aa aa aa aa aa",
    ("GET", "/activate/<code>"): "aa aa aa aa aa aa",
    ("POST", "/activate/<code>"): "aa aa aa aa aa aa",
    ("POST", "/language"): "aa aa aa aa aa aa",
    ("GET", "/designations"): "aa aa aa aa aa aa",
    ("GET", "/designations.csv"): "aa aa aa aa aa aa",
    ("GET", "/designations.docx"): "aa aa aa aa aa aa",
    ("GET", "/designations.xlsx"): "aa aa aa aa aa aa",
    ("GET", "/receipts"): "aa aa aa aa aa aa",
    ("GET", "/receipts/<digest>"): "aa aa aa aa aa aa",
    ("GET", "/healthz"): "aa aa aa aa aa aa",
    ("GET", "/readyz"): "aa aa aa aa aa aa",
    ("GET", "/assets/htmx.js"): "aa aa aa aa aa aa",
    ("GET", "/static/<filename>"): "aa aa aa aa aa aa",
    ("GET", "/bootstrap/static/<filename>"): "aa aa aa aa aa aa",
    # everybody who is signed in
    ("GET", "/"): "ss aa aa aa aa aa",
    ("GET", "/account"): "ss aa aa aa aa aa",
    ("POST", "/account"): "ss aa aa aa aa aa",
    ("POST", "/account/contact"): "ss aa aa aa aa aa",
    ("POST", "/logout"): "ss aa aa aa aa aa",
    ("GET", "/notices"): "ss aa aa aa aa aa",
    ("GET", "/notices/unread"): "ss aa aa aa aa aa",
    ("POST", "/notices/read"): "ss aa aa aa aa aa",
    ("GET", "/calendar.ics"): "ss aa aa aa aa af",
    ("GET", "/submissions"): "ss aa aa aa aa af",
    ("GET", "/submissions/rows"): "ss aa aa aa aa af",
    ("GET", "/submissions/views"): "ss aa aa aa aa af",
    ("POST", "/submissions/views"): "ss aa aa aa aa af",
    ("POST", "/submissions/views/<view_id>/forget"): "ss hh hh hh hh hf",
    # the enterprise's own desk
    ("GET", "/desk"): "ss aa ff ff ff ff",
    ("POST", "/desk/second-signature"): "ss aa ff ff ff ff",
    # what a city sets for itself; nobody's deputy and no city's phrase are hidden from every city
    ("GET", "/city"): "ss ff aa ff ff ff",
    ("POST", "/city/deputies"): "ss ff aa ff ff ff",
    ("POST", "/city/deputies/<deputy_id>/end"): "ss ff hh ff ff ff",
    ("POST", "/city/phrases"): "ss ff aa ff ff ff",
    ("POST", "/city/phrases/<phrase_id>/drop"): "ss ff hh ff ff ff",
    ("POST", "/city/second-check"): "ss ff aa ff ff ff",
    # the administrator: accounts and the journal, no submission's content
    ("GET", "/people"): "ss ff ff ff ff fa",
    ("POST", "/people"): "ss ff ff ff ff fa",
    ("POST", "/people/<person_id>/code"): "ss ff ff ff ff fa",
    ("POST", "/people/<person_id>/restore"): "ss ff ff ff ff fa",
    ("POST", "/people/<person_id>/suspend"): "ss ff ff ff ff fa",
    ("GET", "/journal"): "ss ff ff ff ff fa",
    # the record's own page signs off: the trigger "audit" by another door
    ("POST", "/submissions/<submission_id>/audit-record/sign-off"): "ss fh fh ah fh ah",
    # audit firms
    ("GET", "/firms"): "ss ff ff ff ff af",
    ("POST", "/firms"): "ss ff ff ff ff af",
    ("POST", "/firms/<firm_id>/people"): "ss ff ff ff ff hf",
    ("POST", "/firms/<firm_id>/assign"): "ss ff ff ff ff hf",
    # outcomes by hand, the meeting's papers, objections, decision letters (ids: objection_id, letter_id are NOWHERE)
    ("GET", "/submissions/<submission_id>/ruling"): "ss fh fh fh fh ah",
    ("POST", "/submissions/<submission_id>/ruling"): "ss fh fh fh fh ah",
    ("GET", "/rounds/<round_id>/meeting.docx"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>/meeting.xlsx"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>/objections"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/objections"): "ss ff ff ff ff af",
    ("GET", "/objections/<objection_id>"): "ss ff ff ff ff hf",
    ("POST", "/objections/<objection_id>"): "ss ff ff ff ff af",
    ("GET", "/objections/<objection_id>/answer"): "ss ff ff ff ff hf",
    ("GET", "/objections/<objection_id>/files/<number>"): "ss ff ff ff ff hf",
    ("GET", "/rounds/<round_id>/letters"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/letters"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>/letters.zip"): "ss ff ff ff ff hf",
    ("GET", "/letters/<letter_id>.pdf"): "ss ff ff ff ff hf",
    ("POST", "/letters/<letter_id>/void"): "ss ff ff ff ff hf",
    # the organisation's own, once it is issued; none is in these worlds
    ("GET", "/submissions/<submission_id>/decision.pdf"): "ss hh fh fh fh hh",
    # for everybody: what is in publicity (this round is not), and confirming a letter
    ("GET", "/publicity"): "aa aa aa aa aa aa",
    ("GET", "/publicity/<round_id>"): "hh hh hh hh hh hh",
    ("GET", "/publicity/<round_id>/objections"): "hh hh hh hh hh hh",
    ("POST", "/publicity/<round_id>/objections"): "hh hh hh hh hh hh",
    ("GET", "/publicity/<round_id>/objections/<objection_id>"): "hh hh hh hh hh hh",
    ("GET", "/letters"): "aa aa aa aa aa aa",
    ("GET", "/letters/<code>"): "aa aa aa aa aa aa",
    ("GET", "/experts"): "ss ff ff ff ff af",
    ("POST", "/experts"): "ss ff ff ff ff af",
    ("GET", "/experts/<person_id>"): "ss ff ff ff ff af",
    ("POST", "/experts/<person_id>"): "ss ff ff ff ff af",
    ("POST", "/experts/<person_id>/hand-over"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>/draw"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/draw"): "ss ff ff ff ff af",
    ("POST", "/submissions/<submission_id>/further-expert"): "ss fh fh fh fh ah",
    # machines: a token at each request, which none of these people shows; the description is for everybody
    ("GET", "/api/v1/openapi.json"): "aa aa aa aa aa aa",
    ("GET", "/api/v1/rounds"): "ss ss ss ss ss ss",
    ("GET", "/api/v1/rounds/<round_id>"): "ss ss ss ss ss ss",
    ("GET", "/api/v1/rounds/<round_id>/submissions"): "ss ss ss ss ss ss",
    ("GET", "/api/v1/rounds/<round_id>/scores"): "ss ss ss ss ss ss",
    ("GET", "/api/v1/submissions/<public_id>"): "ss ss ss ss ss ss",
    ("GET", "/api/v1/designations"): "ss ss ss ss ss ss",
    ("POST", "/api/v1/monthly-records"): "ss ss ss ss ss ss",
    # the administrator's page of machines
    ("GET", "/machines"): "ss ff ff ff ff fa",
    ("POST", "/machines"): "ss ff ff ff ff fa",
    ("POST", "/machines/<token_id>/revoke"): "ss ff ff ff ff fh",
    ("POST", "/machines/webhooks"): "ss ff ff ff ff fa",
    ("POST", "/machines/webhooks/<webhook_id>/end"): "ss ff ff ff ff fh",
    ("POST", "/machines/webhooks/<webhook_id>/retry"): "ss ff ff ff ff fh",
    # monthly records
    ("GET", "/monthly"): "ss ff ff ff ff af",
    ("GET", "/monthly.xlsx"): "ss ff ff ff ff af",
    ("POST", "/monthly"): "ss ff ff ff ff af",
    # the round office's further pages (an id that no world has is hidden from those who may)
    ("GET", "/rounds/<round_id>/settings"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/settings"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/weights"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>/participants"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/participants"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>/late"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/score-all"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>/messages"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/messages"): "ss ff ff ff ff af",
    ("GET", "/rosters"): "ss ff ff ff ff af",
    ("POST", "/rosters"): "ss ff ff ff ff af",
    # versions of the programmes: a digest that nobody knows is nowhere
    ("GET", "/programmes"): "ss ff ff ff ff af",
    ("POST", "/programmes"): "ss ff ff ff ff af",
    ("POST", "/programme-versions"): "ss ff ff ff ff hf",
    ("GET", "/programmes/<digest>"): "ss ff ff ff ff hf",
    ("GET", "/programmes/<digest>/fields.xlsx"): "ss ff ff ff ff hf",
    ("GET", "/programmes/<digest>/programme.toml"): "ss ff ff ff ff hf",
    ("GET", "/submissions/<submission_id>/score-sheet.xlsx"): "ss fh fh fh ah fh",
    ("GET", "/score-sheets.xlsx"): "ss ff ff ff aa ff",
    ("POST", "/score-sheets/upload"): "ss ff ff ff aa ff",
    ("GET", "/titles"): "ss ff ff ff ff af",
    ("POST", "/titles"): "ss ff ff ff ff af",
    ("POST", "/titles/<decision_id>/confirm"): "ss ff ff ff ff hf",
    ("POST", "/titles/<decision_id>/drop"): "ss ff ff ff ff hf",
    ("GET", "/designations/of/<organisation_id>"): "hh hh hh hh hh hh",
    # the panel sheet and the analysis are the province's; the address of the one submission is judged by the round
    ("GET", "/rounds/<round_id>/panel"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>/panel/<submission_id>"): "ss ff ff ff ff af",
    ("GET", "/analysis"): "ss ff ff ff ff af",
    ("GET", "/analysis.csv"): "ss ff ff ff ff af",
    # a whole round as one file
    ("GET", "/rounds/<round_id>/archive.zip"): "ss ff ff ff ff af",
    # the round office
    ("GET", "/rounds"): "ss ff ff ff ff af",
    ("POST", "/rounds"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>"): "ss ff ff ff ff af",
    ("GET", "/rounds/<round_id>/ranking"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/invitations"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/open"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/close"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/reopen"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/publicise"): "ss ff ff ff ff af",
    ("POST", "/rounds/<round_id>/finalise"): "ss ff ff ff ff af",
    # reading a submission
    ("GET", "/submissions/<submission_id>"): "ss ah ah ah ah ah",
    ("GET", "/submissions/<submission_id>/history"): "ss ah ah ah ah ah",
    ("GET", "/submissions/<submission_id>/diff"): "ss ah ah ah ah ah",
    ("GET", "/submissions/<submission_id>/revisions/<number>"): "ss ah ah ah ah ah",
    ("GET", "/submissions/<submission_id>/revisions/<number>/receipt.pdf"): "ss ah ah ah ah ah",
    ("GET", "/submissions/<submission_id>/form.docx"): "ss ah ah ah ah ah",
    ("GET", "/submissions/<submission_id>/form.pdf"): "ss ah ah ah ah ah",
    ("GET", "/submissions/<submission_id>/form.xlsx"): "ss ah ah ah ah ah",
    ("GET", "/submissions/<submission_id>/bundle.zip"): "ss ah ah ah ah ah",
    ("GET", "/attachments/<attachment_id>"): "ss ah ah ah ah ah",
    ("GET", "/submissions/<submission_id>/indicators/<order>"): "ss ah ah ah fh ah",
    ("GET", "/submissions/<submission_id>/audit-record"): "ss fh ah ah ah ah",
    ("GET", "/submissions/<submission_id>/score-sheet"): "ss fh fh fh ah ah",
    # how much is written on each indicator, one comment, a notice: whoever reads the threads
    ("GET", "/submissions/<submission_id>/indicators"): "ss ah ah ah fh ah",
    ("GET", "/comments/<comment_id>"): "ss ah ah ah fh ah",
    ("GET", "/submissions/<submission_id>/returns/<number>.docx"): "ss ah ah ah fh ah",
    ("GET", "/submissions/<submission_id>/returns/<number>.pdf"): "ss ah ah ah fh ah",
    ("GET", "/submissions/<submission_id>/next"): "ss ah ah ah ah ah",
    # on the way to a decision
    ("GET", "/submissions/<submission_id>/return"): "ss fh ah fh fh fh",
    ("POST", "/submissions/<submission_id>/preview"): "ss fh ah fh fh fh",
    # what is used twice: for the city and the province alone
    ("GET", "/submissions/<submission_id>/reuse"): "ss fh ah fh fh ah",
    # filling in
    ("POST", "/submissions/<submission_id>/answers"): "ss ah fh fh fh fh",
    ("POST", "/submissions/<submission_id>/attachments"): "ss ah ah ah fh fh",
    ("POST", "/attachments/<attachment_id>/remove"): "ss ah ah ah fh fh",
    ("GET", "/attachments/<attachment_id>/evidence"): "ss ah fh fh fh fh",
    ("POST", "/attachments/<attachment_id>/evidence"): "ss ah fh fh fh fh",
    ("POST", "/attachments/<attachment_id>/replace"): "ss ah fh fh fh fh",
    ("GET", "/submissions/<submission_id>/enterprises.xlsx"): "ss ah fh fh fh fh",
    ("POST", "/submissions/<submission_id>/enterprises"): "ss ah fh fh fh fh",
    ("GET", "/submissions/<submission_id>/proposals/last"): "ss ah fh fh fh fh",
    ("GET", "/submissions/<submission_id>/proposals/sibling"): "ss ah fh fh fh fh",
    ("POST", "/submissions/<submission_id>/imports"): "ss ah fh fh fh fh",
    ("POST", "/submissions/<submission_id>/take-over"): "ss ah fh fh fh fh",
    ("POST", "/submissions/<submission_id>/presence"): "ss ah fh fh fh fh",
    ("GET", "/submissions/<submission_id>/review"): "ss ah fh fh fh fh",
    ("POST", "/submissions/<submission_id>/sign-off"): "ss ah fh fh fh fh",
    # talking
    ("POST", "/comments/<comment_id>/mended"): "ss ah fh fh fh fh",
    ("POST", "/submissions/<submission_id>/indicators/<order>/comments"): "ss ah ah fh fh ah",
    ("POST", "/comments/<comment_id>/edit"): "ss ah ah fh fh ah",
    ("POST", "/comments/<comment_id>/resolve"): "ss fh ah fh fh fh",
    ("POST", "/comments/<comment_id>/reopen"): "ss fh ah fh fh fh",
    # many at once, and the city's summary: the city and the province
    ("POST", "/selection"): "ss ff aa ff ff af",
    ("GET", "/summary"): "ss ff aa ff ff af",
    ("GET", "/summary.docx"): "ss ff aa ff ff af",
    ("GET", "/summary.xlsx"): "ss ff aa ff ff af",
    # auditing and scoring
    ("POST", "/submissions/<submission_id>/audit-record"): "ss fh fh ah fh fh",
    ("POST", "/submissions/<submission_id>/score-sheet"): "ss fh fh fh ah fh",
    ("POST", "/score-sheets/<sheet_id>/hand-in"): "ss fh fh fh ah fh",
    ("POST", "/score-sheets/<sheet_id>/reopen"): "ss fh fh fh fh ah",
    ("POST", "/submissions/<submission_id>/interest"): "ss fh ah fh ah fh",
    # the city's team; more time and reminders also by the province
    ("POST", "/submissions/<submission_id>/assignee"): "ss fh ah fh fh fh",
    ("POST", "/submissions/<submission_id>/tags"): "ss fh ah fh fh fh",
    ("POST", "/submissions/<submission_id>/flag"): "ss fh ah fh fh fh",
    ("POST", "/submissions/<submission_id>/ticks"): "ss fh ah fh fh fh",
    ("POST", "/submissions/<submission_id>/second-check"): "ss fh ah fh fh fh",
    ("POST", "/submissions/<submission_id>/look"): "ss fh ah fh fh ah",
    ("POST", "/submissions/<submission_id>/extend"): "ss fh ah fh fh ah",
    ("POST", "/submissions/<submission_id>/remind"): "ss fh ah fh fh ah",
    # assigning
    ("POST", "/submissions/<submission_id>/firm"): "ss fh fh fh fh ah",
    ("POST", "/submissions/<submission_id>/experts"): "ss fh fh fh fh ah",
    ("POST", "/submissions/<submission_id>/experts/withdraw"): "ss fh fh fh fh ah",
    # the chain
    ("POST", "/submissions/<submission_id>/submit"): "ss ah fh fh fh fh",
    ("POST", "/submissions/<submission_id>/withdraw"): "ss ah fh fh fh fh",
    ("POST", "/submissions/<submission_id>/approve"): "ss fh ah fh fh fh",
    ("POST", "/submissions/<submission_id>/return"): "ss fh ah fh fh fh",
    ("POST", "/submissions/<submission_id>/send_back"): "ss fh fh ah fh ah",
    ("POST", "/submissions/<submission_id>/audit"): "ss fh fh ah fh ah",
    ("POST", "/submissions/<submission_id>/reaudit"): "ss fh fh fh fh ah",
    ("POST", "/submissions/<submission_id>/score"): "ss fh fh fh fh ah",
    ("POST", "/submissions/<submission_id>/rescore"): "ss fh fh fh fh ah",
}

# A draft that was never submitted has no frozen revision: there is nothing to see, for whoever asks.
NEEDS_A_REVISION = frozenset(
    {
        ("GET", "/submissions/<submission_id>/diff"),
        ("GET", "/submissions/<submission_id>/revisions/<number>"),
        ("GET", "/submissions/<submission_id>/revisions/<number>/receipt.pdf"),
    }
)
# Made anew for each request, and by no state: they are asked for in one state, the refusals of them in all.
PAPERS = ("form.docx", "form.pdf", "form.xlsx", "bundle.zip", "receipt.pdf", "enterprises.xlsx")
_OF_A_SUBMISSION = ("/submissions/<", "/attachments/<", "/comments/<", "/score-sheets/<")


def expected(method: str, rule: str, actor: str, state: str) -> str:
    """The answer's class by hand: allow, forbid, hide or sign-in."""
    answer = LETTERS[TABLE[method, rule].replace(" ", "")[ACTORS.index(actor)]]
    if state == "decided" and (method, rule) == ("GET", "/publicity/<round_id>"):
        return "allow"  # whoever kept the address is led on to the roster
    nothing_there = state == "draft" and (method, rule) in NEEDS_A_REVISION
    nothing_there = nothing_there or ("/returns/" in rule and state != "returned")  # no other one has a notice
    return "hide" if nothing_there and answer == "allow" else answer


def is_about_a_submission(rule: str) -> bool:
    """Whether a rule's answer depends on a submission, and so on its state."""
    return rule.startswith(_OF_A_SUBMISSION)
