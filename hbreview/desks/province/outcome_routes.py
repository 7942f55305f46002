"""The ranking, outcomes by hand, and the papers of the meeting."""

from __future__ import annotations

from flask import Response, g, make_response, render_template, request, url_for

from ... import hx
from ...acts import ruling
from ...acts.answering import NotEditableError
from ...acts.holding import version_from
from ...acts.ruling import RulingOn
from ...documents.meeting_papers import meeting_docx, meeting_xlsx
from ...evaluation.file_kinds import DOCX, XLSX
from ...extensions import db
from ...programmes.loader import regions
from ...refusals import sentence_for
from ...security import origin, policy
from ...words import DECIDED, UNDECIDED, Outcome, Reason
from ...workflow.errors import InvalidError, StaleError
from ...workflow.policy import Action
from ..counter.downloads import download
from . import meeting_made, outcome_queries
from .outcome_queries import Narrowing
from .routes import province, round_or_404

_FIELDS = ("outcome", "commended", "supervised", "rectify_until", "reason")
LISTS = ("commended", "supervised")


def _narrowing() -> Narrowing:
    given = request.args
    outcome = given.get("outcome", "")
    return Narrowing(
        programme=given.get("programme", "")[:20],
        city=given.get("city", "")[:20],
        outcome=outcome if outcome in set(Outcome) else "",
        q=given.get("q", "")[:100],
        by_hand=bool(given.get("by_hand")),
        listed=given["listed"] if given.get("listed") in LISTS else "",
    )


@province.get("/rounds/<round_id>/ranking")
@policy(Action.RUN_ROUNDS)
def ranking(round_id: str) -> Response:
    round_, narrowing = round_or_404(round_id), _narrowing()
    tables = outcome_queries.rankings(db.session(), round_, programme=narrowing.programme)
    return hx.page_or_part(
        "province/ranking.html",
        "province/_ranking.html",
        round=round_,
        tables=outcome_queries.narrowed(tables, narrowing),
        narrowing=narrowing,
        decided=round_.state in DECIDED,
        rulable=round_.state in UNDECIDED,
        outcomes=list(Outcome),
        regions=regions(),
        region_names={region.key: region.name for region in regions()},
    )


@province.get("/submissions/<submission_id>/ruling")
@policy(Action.RULE)
def ruling_form(submission_id: str) -> Response:
    """What was ruled on a submission, and the form for another word."""
    return _ruling_page()


def _ruling_page(status: int = 200, **more: object) -> Response:
    session, submission = db.session(), g.submission
    round_ = round_or_404(submission.round.public_id)
    earlier = outcome_queries.rulings_on(session, submission)
    typed = {}
    if earlier:
        last = earlier[-1]
        said = {None: "", True: "yes", False: "no"}
        typed = {
            "outcome": last.outcome or "",
            "commended": said[last.commended],
            "supervised": said[last.supervised],
            "rectify_until": last.rectify_until.isoformat() if last.rectify_until else "",
        }
    context: dict[str, object] = {
        "submission": submission,
        "round": round_,
        "standing": None if round_.state in DECIDED else outcome_queries.standing_of(session, round_, submission),
        "earlier": earlier,
        "outcomes": list(Outcome),
        "rulable": round_.state in UNDECIDED,
        "typed": typed,
        "problems": {},
    }
    return make_response(render_template("province/outcome.html", **context | more), status)


@province.post("/submissions/<submission_id>/ruling")
@policy(Action.RULE)
def rule(submission_id: str) -> Response:
    version = version_from(request.form.get("version"))
    typed = {name: request.form.get(name, "")[:5000] for name in _FIELDS}
    round_id = g.submission.round.public_id
    try:
        ruling.rule(RulingOn(submission_id, version, ruling.word_from(typed)), origin=origin())
    except InvalidError as error:
        return _ruling_page(422, typed=typed, problems={reason.field: reason for reason in error.reasons})
    except (StaleError, NotEditableError) as error:
        return _ruling_page(409, typed=typed, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("province.ranking", round_id=round_id, _anchor=f"row-{submission_id}"))


@province.get("/rounds/<round_id>/meeting.docx")
@policy(Action.RUN_ROUNDS)
def meeting_as_docx(round_id: str) -> Response:
    papers = meeting_made.papers_of(db.session(), round_or_404(round_id))
    return download(meeting_docx(papers), name=f"{papers.title}.docx", media_type=DOCX)


@province.get("/rounds/<round_id>/meeting.xlsx")
@policy(Action.RUN_ROUNDS)
def meeting_as_xlsx(round_id: str) -> Response:
    papers = meeting_made.papers_of(db.session(), round_or_404(round_id))
    return download(meeting_xlsx(papers), name=f"{papers.title}.xlsx", media_type=XLSX)
