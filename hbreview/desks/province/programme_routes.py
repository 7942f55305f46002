"""New versions of a programme: brought in, refused with reasons, or shown before a round uses them."""

from __future__ import annotations

from flask import Response, abort, current_app, make_response, render_template, request, url_for

from ... import hx
from ...acts import bringing_programmes
from ...acts.bringing_programmes import Brought, Version
from ...documents.programme_workbook import fields_xlsx
from ...evaluation.file_kinds import XLSX
from ...extensions import db
from ...programmes import loader
from ...programmes.difference import difference
from ...programmes.examination import MOST_BYTES
from ...security import origin, policy
from ...words import N_, Reason
from ...workflow.errors import HiddenError, InvalidError
from ...workflow.policy import Action
from ..counter.downloads import download
from . import programme_queries
from .routes import province

OK, INVALID = 200, 422
_TOML = "application/toml; charset=utf-8"
# What the difference calls the properties of a programme's parts; a name that is not here is shown as it is.
PROPERTIES = {
    "label": N_("Label"), "full_label": N_("Full label"), "section": N_("Section"), "type": N_("Type"),
    "unit": N_("Unit"), "formula": N_("Formula"), "check_only": N_("Formula only checked"),
    "attachable": N_("May be attached"), "hint": N_("Hint"), "required": N_("Required"),
    "supplementary": N_("Supplementary"), "filled_by": N_("Filled in by"),
    "evidence_for": N_("Evidence for indicators"),
    "minimum": N_("Minimum"), "maximum": N_("Maximum"), "scale": N_("Decimal places"), "choices": N_("Choices"),
    "max_length": N_("Most characters"), "likely_most": N_("Unlikely above"), "order": N_("Number"),
    "dimension": N_("Dimension"), "name": N_("Name"), "points": N_("Points to look at"), "weight": N_("Weight"),
    "basis": N_("Basis"), "evidence": N_("Evidence"), "floor": N_("Floor"), "level": N_("Level"), "rule": N_("Rule"),
    "tolerance": N_("Tolerance"), "message": N_("Message"), "fields": N_("Fields"), "item_no": N_("Item"),
    "repeats": N_("Repeats"), "compare_with": N_("Compared with"), "comparison": N_("Comparison"), "parts": N_("Parts"),
    "number": N_("Number"), "form_title": N_("Title of the form"), "rubric_title": N_("Title of the indicators"),
    "roster_title": N_("Title of the roster"), "pass_mark": N_("Pass mark"), "excellent": N_("Mark of excellence"),
    "supervised_below": N_("Supervised below"), "commended_top": N_("How many are commended"),
    "remark_below": N_("Share that asks for a remark"), "spread": N_("Spread of the experts"),
    "min_sheets": N_("Least number of score sheets"), "publicity_days": N_("Days of publicity"),
    "not_submitted": N_("Outcome of what is not submitted"), "minimum_served": N_("Least number of enterprises served"),
    "deduction_per_no": N_("Points off for a late report"), "validity_years": N_("Years of validity"),
    "jump_factor": N_("Factor of a jump since last year"), "jump_least": N_("Least figure of a jump"),
    "remarks_required": N_("Warnings need remarks"), "checklist_required": N_("Whole checklist needed"),
    "own_city_barred": N_("No expert scores its own city"),
    "enterprise_brings_report": N_("Enterprise brings the report"), "suggest": N_("Suggested points"),
    "last_year_of": N_("Last year's figure of"), "reported": N_("Asks for a report in time"),
}  # fmt: skip
TYPES = {
    "text": N_("Text"), "textarea": N_("Long text"), "integer": N_("Whole number"), "decimal": N_("Decimal number"),
    "percent": N_("Percentage"), "phone": N_("Telephone"), "email": N_("E-mail"), "url": N_("Website address"),
    "yes_no": N_("Yes or no"), "choice": N_("Choice"), "date": N_("Date"), "attachment": N_("Attachment"),
}  # fmt: skip


@province.get("/programmes")
@policy(Action.MANAGE_PROGRAMMES)
def programmes() -> Response:
    return _programmes()


def _programmes(status: int = OK, **more: object) -> Response:
    context: dict[str, object] = {
        "lines": programme_queries.version_lines(db.session()),
        "keys": sorted({key for _year, key, _path in loader.available()}, reverse=True),
        "problems": {}, "reasons": (), "typed": {},
    }  # fmt: skip
    return make_response(render_template("province/programmes.html", **context | more), status)


@province.post("/programmes")
@policy(Action.MANAGE_PROGRAMMES)
def bring_programme() -> Response:
    """A file that holds together is laid aside and shown; nothing is kept for rounds yet."""
    form = request.form
    try:
        found = bringing_programmes.lay_aside(db.session(), _brought(), storage=current_app.config["STORAGE"])
    except InvalidError as error:
        problems = {reason.field: reason for reason in reversed(error.reasons)}
        return _programmes(INVALID, problems=problems, reasons=error.reasons, typed=form)
    return hx.go_to(url_for("province.one_programme", digest=found.digest))


def _brought() -> Brought:
    upload, form = request.files.get("file"), request.form
    if upload is None or not upload.filename:
        raise InvalidError([Reason(N_("Please choose a file."), "file")])
    content, year = upload.stream.read(MOST_BYTES + 1), form.get("year", "").strip()
    if len(content) > MOST_BYTES:
        raise InvalidError([Reason(N_("The file is too large: a programme file has at most 1 MiB."), "file")])
    if year and not (year.isascii() and year.isdigit() and len(year) == 4):  # noqa: PLR2004 - the digits of a year
        raise InvalidError([Reason(N_("Please give a year of four digits."), "year")])
    return Brought(content, int(year) if year else None, form.get("programme", ""), form.get("base", ""))


def _version(digest: str) -> Version:
    found = bringing_programmes.version_of(db.session(), digest, storage=current_app.config["STORAGE"])
    return found or abort(404)


@province.get("/programmes/<digest>")
@policy(Action.MANAGE_PROGRAMMES)
def one_programme(digest: str) -> Response:
    return _programme(_version(digest))


def _programme(version: Version, status: int = OK, **more: object) -> Response:
    """The version as form and as score sheet, and what differs from another one."""
    session, programme = db.session(), version.programme
    lines = programme_queries.version_lines(session)
    others = programme_queries.compared_with(lines, programme, asked=request.args.get("against", ""))
    other = _version(others[0].digest) if others else None
    context: dict[str, object] = {
        "version": version, "programme": programme, "others": others, "properties": PROPERTIES, "types": TYPES,
        "line": next((line for line in lines if line.digest == programme.digest), None),
        "difference": difference(other.programme, programme) if other else None,
        "problems": {}, "typed": {},
    }  # fmt: skip
    page, part = "province/programme.html", "province/_programme_difference.html"
    return hx.page_or_part(page, part if status == OK else page, status=status, **context | more)


@province.post("/programme-versions")
@policy(Action.MANAGE_PROGRAMMES)
def keep_programme() -> Response:
    digest, note = request.form.get("digest", ""), request.form.get("note", "")
    try:
        receipt = bringing_programmes.keep_programme(
            digest, note, origin=origin(), storage=current_app.config["STORAGE"]
        )
    except InvalidError as error:
        problems = {reason.field: reason for reason in error.reasons}
        return _programme(_version(digest), INVALID, problems=problems, typed=request.form)
    except HiddenError:
        abort(404)
    return hx.go_to(url_for("province.one_programme", digest=receipt.target))


@province.get("/programmes/<digest>/fields.xlsx")
@policy(Action.MANAGE_PROGRAMMES)
def programme_workbook(digest: str) -> Response:
    found = _version(digest)
    return _file(fields_xlsx(found.source), found, "xlsx", XLSX)


@province.get("/programmes/<digest>/programme.toml")
@policy(Action.MANAGE_PROGRAMMES)
def programme_file(digest: str) -> Response:
    found = _version(digest)
    return _file(found.source.encode("utf-8"), found, "toml", _TOML)


def _file(content: bytes, version: Version, ending: str, media_type: str) -> Response:
    programme = version.programme
    name = f"{programme.name.zh}{programme.year}年方案.{ending}"
    return download(content, name=name, media_type=media_type)
