"""The table that a city sends to the province, what is still open above it, and the same as Excel and Word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template, request
from sqlalchemy import Row

from ...documents.city_summary import Summary, summary_docx, summary_xlsx
from ...evaluation.file_kinds import DOCX, XLSX
from ...extensions import db
from ...model import Submission
from ...programmes.schema import Region
from ...security import policy, signed_in_actor
from ...words import RoundState, State
from ...workflow.policy import Action
from ..counter.downloads import download
from . import summary_queries
from .routes import city
from .selection_routes import MOST
from .summary_queries import Line


@dataclass(frozen=True, slots=True)
class Asked:
    """The summary that the address names, and what else could be chosen. No round: there is none yet."""

    city: Region
    cities: Sequence[Region]
    round: Row[Any] | None
    rounds: Sequence[Row[Any]]
    lines: Sequence[Line]

    @property
    def drafts(self) -> list[Line]:
        """What the enterprises still have; in an open round they can be reminded of it."""
        return [line for line in self.lines if line.state is State.DRAFT]

    @property
    def can_remind(self) -> bool:
        """Whether a form can still come in."""
        return self.round is not None and self.round.state is RoundState.OPEN


def _asked() -> Asked:
    """A city that is not this person's is none: the own one stands in its place, as for a name that means nothing."""
    session, who = db.session(), signed_in_actor()
    cities = summary_queries.cities_of(who)
    chosen = next((one for one in cities if one.key == request.args.get("city")), cities[0])
    rounds = summary_queries.rounds_of(session)
    named = next((one for one in rounds if one.public_id == request.args.get("round")), None)
    round_ = named or (rounds[0] if rounds else None)
    found: list[Line] = []
    if round_ is not None:
        found = summary_queries.lines(session, who, Submission.round_id == round_.id, Submission.region == chosen.key)
    return Asked(chosen, cities, round_, rounds, found)


@city.get("/summary")
@policy(Action.WORK_THROUGH)
def summary() -> Response:
    asked = _asked()
    drafts = asked.drafts
    late = [line for line in drafts if line.overdue]
    open_items = {
        "not_submitted": len(drafts),
        "not_begun": sum(not line.begun for line in asked.lines),
        "returned": sum(line.returned for line in asked.lines),
        "with_city": sum(line.state is State.SUBMITTED for line in asked.lines),
        "overdue": sum(line.overdue for line in asked.lines),
    }
    page = render_template(
        "city/summary.html", asked=asked, open_items=open_items, drafts=drafts[:MOST], late=late[:MOST],
        waiting=sum(open_items[name] for name in ("not_submitted", "with_city")),
    )  # fmt: skip
    return make_response(page)


@city.get("/summary.xlsx")
@policy(Action.WORK_THROUGH)
def summary_as_xlsx() -> Response:
    paper = _paper()
    return download(summary_xlsx(paper), name=f"{_name(paper)}.xlsx", media_type=XLSX)


@city.get("/summary.docx")
@policy(Action.WORK_THROUGH)
def summary_as_docx() -> Response:
    paper = _paper()
    return download(summary_docx(paper), name=f"{_name(paper)}.docx", media_type=DOCX)


def _paper() -> Summary:
    asked = _asked()
    titles = [asked.round.title] if asked.round else []
    return summary_queries.summary_of(asked.lines, cities=[asked.city], titles=titles)


def _name(paper: Summary) -> str:
    return f"{paper.city.zh}汇总表 {paper.made_on.isoformat()}"
