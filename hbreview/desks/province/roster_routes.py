"""Bringing in a roster, and looking at it first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from flask import Response, current_app, make_response, render_template, request, url_for

from ... import hx
from ...acts import importing
from ...acts.importing import About
from ...documents.roster_reading import RosterReading, RosterRow, RosterUnreadableError, read_roster
from ...extensions import db
from ...programmes.loader import regions
from ...refusals import sentence_for
from ...security import origin, policy
from ...storage import DamagedFileError, TooLargeError
from ...words import N_, Reason
from ...workflow.errors import InvalidError, MalformedError, StaleError
from ...workflow.policy import Action
from ..counter.typed_days import day_or_none
from .routes import province

OK, CONFLICT, INVALID = 200, 409, 422
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_YEAR = re.compile(r"(19|20)[0-9]{2}", re.ASCII)


@province.get("/rosters")
@policy(Action.RUN_ROUNDS)
def rosters() -> Response:
    return _page()


def _page(status: int = OK, **more: object) -> Response:
    context: dict[str, object] = {
        "rosters": importing.rosters_in_force(db.session()),
        "regions": regions(),
        "problems": {},
        "reasons": (),
        "typed": {},
        "reading": None,
    }
    return make_response(render_template("province/rosters.html", **context | more), status)


@province.post("/rosters")
@policy(Action.RUN_ROUNDS)
def take_roster() -> Response:
    """Read a file and show what it would change ("keep" not pressed), or take in what was shown."""
    form = request.form
    digest, name = form.get("digest", ""), form.get("filename", "")[:200]
    try:
        if form.get("do") != "keep":
            digest, name = _stored()
        reading = _read(digest, name)
        if form.get("do") != "keep":
            return _preview(reading, digest, name)
        return _keep(reading, digest, name)
    except InvalidError as error:
        problems = {reason.field: reason for reason in error.reasons}
        return _page(INVALID, problems=problems, reasons=error.reasons, typed=form)


def _stored() -> tuple[str, str]:
    """The file that came, kept under its digest until somebody decides on it."""
    given = request.files.get("file")
    if given is None or not given.filename:
        raise InvalidError([Reason(N_("Please choose a file."), "file")])
    limit = current_app.config["SETTINGS"].upload_bytes
    try:
        digest, _size = current_app.config["STORAGE"].put(given.stream, limit=limit)
    except TooLargeError as error:
        raise InvalidError([Reason(N_("The file is too large."), "file")]) from error
    return digest, given.filename[:200]


def _read(digest: str, name: str) -> RosterReading:
    if not _DIGEST.fullmatch(digest):
        raise MalformedError("digest")
    try:
        return read_roster(current_app.config["STORAGE"].read(digest), filename=name)
    except DamagedFileError as error:
        raise InvalidError([Reason(N_("The file is not there any more: please choose it again."), "file")]) from error
    except RosterUnreadableError as error:
        reason = error.reason
        raise InvalidError([Reason(reason.message, "file", reason.rule, reason.values)]) from error


def _preview(reading: RosterReading, digest: str, name: str, status: int = OK, **more: object) -> Response:
    session = db.session()
    return _page(
        status,
        reading=reading,
        digest=digest,
        filename=name,
        change=importing.preview(session, reading.rows),
        differences=importing.differences(session, reading.rows),
        counts=_counts(reading.rows),
        against=importing.in_force(session),
        **{"typed": request.form} | more,
    )


def _counts(rows: Sequence[RosterRow]) -> dict[str, Counter[str]]:
    """How many lines each region has, by programme."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        found.setdefault(row.programme, Counter())[row.region] += 1
    return found


def _keep(reading: RosterReading, digest: str, name: str) -> Response:
    if reading.problems:
        return _preview(reading, digest, name, INVALID)
    try:
        about = About(
            _year(),
            day_or_none(request.form.get("valid_until", "").strip(), field="valid_until"),
            digest,
            against=request.form.get("against", ""),
        )
    except InvalidError as error:
        problems = {reason.field: reason for reason in error.reasons}
        return _preview(reading, digest, name, INVALID, problems=problems, reasons=error.reasons)
    try:
        importing.import_roster(reading.rows, origin=origin(), about=about)
    except StaleError as error:
        return _preview(reading, digest, name, CONFLICT, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("province.rosters", done="saved"))


def _year() -> int | None:
    text = request.form.get("year", "").strip()
    if text and not _YEAR.fullmatch(text):
        raise InvalidError([Reason(N_("Please give a year, for example 2019."), "year")])
    return int(text) if text else None
