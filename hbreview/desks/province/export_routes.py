"""A whole round as one archive."""

from __future__ import annotations

from flask import Response, current_app, send_file

from ...acts import archiving_rounds
from ...security import origin, policy
from ...workflow.policy import Action
from ..counter.downloads import disposition
from .routes import province, round_or_404


@province.get("/rounds/<round_id>/archive.zip")
@policy(Action.EXPORT_ROUND)
def archive(round_id: str) -> Response:
    """CSV of every table, the files, the round's entries of the journal, and a manifest with digests."""
    round_ = round_or_404(round_id)
    name = disposition(f"{round_.title}.zip", inline=False)
    storage = current_app.config["STORAGE"]
    response = send_file(
        archiving_rounds.export_round(round_id, storage=storage, origin=origin()), mimetype="application/zip"
    )
    response.headers["Content-Disposition"] = name
    return response
