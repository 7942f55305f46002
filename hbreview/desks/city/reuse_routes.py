"""What of a form is used twice: told to the city and the province beside the form, and to nobody else."""

from __future__ import annotations

from flask import Response, g

from ... import hx
from ...acts.standing import SERVED_LIST
from ...evaluation import remarks
from ...extensions import db
from ...model.kept import programme_of
from ...security import policy, signed_in_actor
from ...wording import label, tr
from ...words import N_, Label
from ...workflow.policy import Action
from ..counter.reuse_queries import reuse_of
from .routes import city

_LIST = N_("List of the enterprises served (.xlsx)")


@city.get("/submissions/<submission_id>/reuse")
@policy(Action.SEE_REUSE)
def reuse(submission_id: str) -> Response:
    """A part that the review page asks for when it is shown; by itself a whole page."""
    found = reuse_of(db.session(), g.submission, signed_in_actor())
    return hx.page_or_part(
        "city/reuse.html", "city/_reuse.html", submission=g.submission, reuse=found, title_of=_title_of
    )


def _title_of(key: str, version_id: int) -> str:
    """What a field of a programme's kept version is called; of a file that is no field's, what it is."""
    if key == SERVED_LIST:
        return tr(_LIST)
    programme = programme_of(db.session(), version_id)
    field = programme.field(key) if programme.has_field(key) else remarks.field_for(programme, key)
    return label(field.title if field else Label(key, key))
