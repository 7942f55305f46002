"""A whole round as one archive."""

from __future__ import annotations

from flask import Response, abort, current_app, send_file

from ...acts import archiving_rounds
from ...documents.bundle import bundle
from ...extensions import db
from ...security import origin, policy
from ...workflow.policy import Action
from ..counter.downloads import disposition
from . import queries
from .routes import province


@province.get("/rounds/<round_id>/archive.zip")
@policy(Action.EXPORT_ROUND)
def archive(round_id: str) -> Response:
    """CSV of every table, the files, the round's entries of the journal, and a manifest with digests."""
    session = db.session()
    if queries.round_of(session, round_id) is None:
        abort(404)
    archiving_rounds.note_export(round_id, origin=origin())
    archiving_rounds.take_snapshot(session)
    round_ = queries.round_of(session, round_id) or abort(404)
    members = archiving_rounds.archive_members(session, round_, current_app.config["STORAGE"])
    packed = bundle(members, facts=archiving_rounds.archive_facts(session, round_))
    response = send_file(packed, mimetype="application/zip")
    response.headers["Content-Disposition"] = disposition(f"{round_.title}.zip", inline=False)
    return response
