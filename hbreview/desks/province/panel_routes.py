"""The panel sheet of a meeting, and how far the experts agree."""

from __future__ import annotations

from flask import Response, abort, make_response, request

from ... import hx
from ...evaluation.agreement import half_up
from ...extensions import db
from ...programmes.loader import regions
from ...security import policy
from ...workflow.policy import Action
from . import panel_queries
from .routes import province, round_or_404

NOTHING_NEW = 204


def _seen(version: str) -> bool:
    """Whether the page that asks by itself shows just this."""
    return hx.wants_fragment() and request.args.get("seen") == version


@province.get("/rounds/<round_id>/panel")
@policy(Action.SEE_PANEL)
def panel(round_id: str) -> Response:
    """Everything that is scored in the round; 204 to a question with the version that still stands."""
    session, round_ = db.session(), round_or_404(round_id)
    table = panel_queries.table_of(session, round_)
    if _seen(table.version):
        return make_response("", NOTHING_NEW)
    return hx.page_or_part(
        "province/panel.html",
        "province/_panel.html",
        round=round_,
        panel=panel_queries.panel_of(session, round_, table),
        version=table.version,
        region_names={region.key: region.name for region in regions()},
        half_up=half_up,
    )


@province.get("/rounds/<round_id>/panel/<submission_id>")
@policy(Action.SEE_PANEL)
def panel_submission(round_id: str, submission_id: str) -> Response:
    """One submission with every expert's points and remarks."""
    session, round_ = db.session(), round_or_404(round_id)
    table = panel_queries.table_of(session, round_, only=submission_id)
    if not table.submissions:
        abort(404)
    if _seen(table.version):
        return make_response("", NOTHING_NEW)
    line, rows = panel_queries.rows_of(session, round_, table)
    return hx.page_or_part(
        "province/panel_submission.html",
        "province/_panel_submission.html",
        round=round_,
        line=line,
        rows=rows,
        version=table.version,
        region_names={region.key: region.name for region in regions()},
        half_up=half_up,
    )
