"""What everybody may see: the roster in force, as a page and as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import hexdigits

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy import select

from ... import hx
from ...acts.importing import latest_roster
from ...documents.roster_writing import PrintedRow, roster_csv, roster_docx, roster_xlsx
from ...evaluation.file_kinds import DOCX, XLSX
from ...evaluation.names import normalised_name
from ...extensions import db
from ...model import Designation, Revision, Roster, Round, Submission
from ...programmes.loader import regions
from ...security import policy
from ...words import Outcome
from ...workflow.policy import Action

public = Blueprint("public", __name__)
PROGRAMMES = ("platform", "base")


def _roster(programme: str, round_id: str) -> Roster | None:
    """The roster in force, or the one that came of a given round once it was fixed."""
    if not round_id:
        return latest_roster(db.session(), programme)
    query = select(Roster).join(Round, Round.id == Roster.round_id)
    return db.session().scalar(
        query.where(Round.public_id == round_id, Roster.programme == programme, Roster.fixed_at.is_not(None))
    )


def _lines(programme: str, round_id: str) -> tuple[Roster | None, list[Designation]]:
    """A roster and its valid lines in order: those that failed are off it (P6)."""
    roster = _roster(programme, round_id)
    if roster is None:
        return None, []
    query = select(Designation).where(
        Designation.roster_id == roster.id, Designation.outcome.is_distinct_from(Outcome.FAIL)
    )
    return roster, list(db.session().scalars(query.order_by(Designation.position)))


def _chosen() -> tuple[str, ...]:
    given = request.args.get("programme", "")
    return (given,) if given in PROGRAMMES else PROGRAMMES


@public.get("/designations")
@policy(Action.READ_PUBLIC)
def designations() -> Response:
    round_id = request.args.get("round", "")[:40]
    q = request.args.get("q", "")[:100]
    wanted = normalised_name(q)
    city = request.args.get("city", "")
    tables = []
    for programme in _chosen():
        roster, lines = _lines(programme, round_id)
        numbered = [
            (number, line)
            for number, line in enumerate(lines, start=1)
            if (not wanted or wanted in normalised_name(line.organisation_name + line.site_name))
            and (not city or line.region == city)
        ]
        tables.append((programme, roster, numbered))
    fixed = select(Round.public_id, Round.title).join(Roster, Roster.round_id == Round.id)
    fixed_rounds = db.session().execute(fixed.where(Roster.fixed_at.is_not(None)).distinct()).all()
    return hx.page_or_part(
        "public/designations.html",
        "public/_designations.html",
        tables=tables,
        q=q,
        city=city,
        round_id=round_id,
        programme=request.args.get("programme", ""),
        regions=regions(),
        region_names={region.key: region.name for region in regions()},
        fixed_rounds=fixed_rounds,
    )


def _printed() -> list[PrintedRow]:
    rows = []
    for programme in _chosen():
        _found, lines = _lines(programme, request.args.get("round", "")[:40])
        rows += [
            PrintedRow(programme, d.region, d.printed_region, d.organisation_name, d.site_name, d.national)
            for d in lines
        ]
    return rows


def _file(writer: Callable[[Sequence[PrintedRow]], bytes], media_type: str, ending: str) -> Response:
    response = make_response(writer(_printed()))
    response.headers["Content-Type"] = media_type
    response.headers["Content-Disposition"] = f'attachment; filename="designations.{ending}"'
    return response


@public.get("/receipts/<digest>")
@policy(Action.READ_PUBLIC)
def receipt(digest: str) -> Response:
    """Confirms that a revision with this digest was submitted. Who knows no digest learns nothing."""
    wanted = "".join(c for c in digest.lower() if c in hexdigits)  # copied from a paper, with its groups
    query = (
        select(Revision.number, Revision.created_at, Submission.organisation_name, Submission.programme, Round.title)
        .join(Submission, Submission.id == Revision.submission_id)
        .join(Round, Round.id == Submission.round_id)
        .where(Revision.digest == wanted)
        .order_by(Revision.id)
    )
    found = db.session().execute(query).all()
    page = render_template("public/receipt.html", found=found, digest=wanted[:64], asked=True)
    return make_response(page)


@public.get("/receipts")
@policy(Action.READ_PUBLIC)
def ask_receipt() -> Response:
    """Where somebody with a receipt on paper types its digest."""
    if request.args.get("digest", "").strip():
        return receipt(request.args["digest"][:200])
    return make_response(render_template("public/receipt.html", found=None, digest=""))


@public.get("/designations.csv")
@policy(Action.READ_PUBLIC)
def as_csv() -> Response:
    return _file(roster_csv, "text/csv; charset=utf-8", "csv")


@public.get("/designations.xlsx")
@policy(Action.READ_PUBLIC)
def as_xlsx() -> Response:
    return _file(roster_xlsx, XLSX, "xlsx")


@public.get("/designations.docx")
@policy(Action.READ_PUBLIC)
def as_docx() -> Response:
    return _file(roster_docx, DOCX, "docx")
