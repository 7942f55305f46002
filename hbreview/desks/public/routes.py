"""What everybody may see: the roster in force, as a page and as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import hexdigits

from flask import Blueprint, Response, abort, make_response, render_template, request
from sqlalchemy import select

from ... import clock, hx
from ...documents.receipt import SHORT_DIGEST
from ...documents.roster_writing import PrintedRow, roster_csv, roster_docx, roster_xlsx
from ...evaluation.file_kinds import DOCX, XLSX
from ...evaluation.names import normalised_name
from ...evaluation.validity import validity
from ...extensions import db
from ...model import Revision, Round, Submission
from ...programmes.loader import regions
from ...programmes.schema import PROGRAMMES
from ...security import policy
from ...workflow.policy import Action
from . import queries
from .queries import Wanted

public = Blueprint("public", __name__)


def _chosen() -> tuple[str, ...]:
    given = request.args.get("programme", "")
    return (given,) if given in PROGRAMMES else PROGRAMMES


@public.get("/designations")
@policy(Action.READ_PUBLIC)
def designations() -> Response:
    session, q = db.session(), request.args.get("q", "")[:100]
    wanted = Wanted(normalised_name(q), request.args.get("city", ""))
    return hx.page_or_part(
        "public/designations.html",
        "public/_designations.html",
        tables=[queries.listed(session, programme, _round(), wanted=wanted) for programme in _chosen()],
        q=q,
        city=wanted.city,
        round_id=_round(),
        programme=request.args.get("programme", ""),
        regions=regions(),
        region_names={region.key: region.name for region in regions()},
        past_rosters=queries.past_rosters(session),
    )


def _round() -> str:
    return request.args.get("round", "")[:40]


@public.get("/designations/of/<organisation_id>")
@policy(Action.READ_PUBLIC)
def organisation(organisation_id: str) -> Response:
    """All titles that an organisation ever had, with what was decided on them."""
    session = db.session()
    found = queries.organisation_of(session, organisation_id)
    if found is None:
        abort(404)
    page = render_template(
        "public/organisation.html",
        organisation=found,
        titles=queries.titles_of(session, found),
        decisions=queries.decisions_of(session, found),
        validity_of=lambda roster: validity(roster.valid_until, today=clock.today()),
        region_names={region.key: region.name for region in regions()},
    )
    return make_response(page)


def _printed() -> list[PrintedRow]:
    rows = []
    for programme in _chosen():
        found = queries.listed(db.session(), programme, _round(), wanted=Wanted())
        rows += [
            PrintedRow(programme, d.region, d.printed_region, d.organisation_name, d.site_name, d.national)
            for _number, d in found.lines
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
    """Confirms that a revision with this digest, or receipt number, was submitted. Who knows neither learns nothing."""
    wanted = "".join(c for c in digest.lower() if c in hexdigits)  # copied from a paper, with its groups
    is_number = len(wanted) == SHORT_DIGEST
    query = (
        select(
            Revision.number, Revision.created_at, Revision.digest,
            Submission.organisation_name, Submission.programme, Round.title,
        )
        .join(Submission, Submission.id == Revision.submission_id)
        .join(Round, Round.id == Submission.round_id)
        .where(Revision.digest.startswith(wanted) if is_number else Revision.digest == wanted)
        .order_by(Revision.id)
    )  # fmt: skip
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
