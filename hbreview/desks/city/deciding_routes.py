"""On the way to a decision: what is to be mended, and the sealed form before it is sealed."""

from __future__ import annotations

from datetime import date

from flask import Response, g, request, url_for

from ... import hx
from ...evaluation.file_kinds import PDF
from ...evaluation.values import parse
from ...extensions import db
from ...model.kept import programme_of
from ...security import policy, signed_in_actor
from ...words import State, Trigger
from ...workflow.policy import Action, may_fire
from ..counter import panels, papers_made
from ..counter.downloads import download
from .routes import city


@city.get("/submissions/<submission_id>/return")
@policy(Action.REVIEW)
def return_form(submission_id: str) -> Response:
    """The return with every open comment to choose from: in the place of the short form, or as a page."""
    if g.submission.state is not State.SUBMITTED or not may_fire(signed_in_actor(), Trigger.RETURN):
        return hx.go_to(url_for("counter.submission", submission_id=submission_id))
    return hx.page_or_part("city/return_form.html", "city/_return.html", **panels.return_context())


@city.post("/submissions/<submission_id>/preview")
@policy(Action.REVIEW)
def preview(submission_id: str) -> Response:
    """The form as it would look with this opinion and seal date; nothing is kept."""
    programme = programme_of(db.session(), g.submission.programme_version_id)
    given = parse(programme.field("city_review_date"), request.form.get("seal_date", ""))
    day = date.fromisoformat(given) if isinstance(given, str) and given else None
    opinion, who = request.form.get("opinion", "")[:5000], signed_in_actor()
    content = papers_made.preview_of(db.session(), g.submission, opinion, day, who=who)
    return download(content, name=f"{g.submission.organisation_name}（预览）.pdf", media_type=PDF, inline=True)
