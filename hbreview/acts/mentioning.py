"""Naming a colleague in a comment, as @name: told to that colleague, and to nobody who may not read the comment."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from .. import clock
from ..model import Comment, Submission
from ..words import Role
from ..workflow.journal import Deed, Origin, append
from .reviewing import colleagues_of

SIGN = "@"
_WRITERS = frozenset({Role.CITY, Role.PROVINCE})


def named_in(text: str, names: Sequence[str]) -> list[str]:
    """The names that stand behind an @ in a text, each once, in their order there. The longest one that fits is meant:
    @王小明 names 王小明, not 王小."""
    folded = text.replace("＠", SIGN)
    found: list[str] = []
    for part in folded.split(SIGN)[1:]:
        fitting = [name for name in names if part.startswith(name)]
        if fitting and (longest := max(fitting, key=len)) not in found:
            found.append(longest)
    return found


def tell(session: Session, submission: Submission, comment: Comment, *, origin: Origin, before: str = "") -> None:
    """One entry for each colleague that the comment names: what the notices go by. Enterprises name nobody."""
    if origin.actor is None or origin.actor.role not in _WRITERS or SIGN not in comment.body.replace("＠", SIGN):
        return
    people = colleagues_of(session, submission, province=True)
    names = [person.name for person in people]
    named = set(named_in(comment.body, names)) - set(named_in(before, names))
    for person in people:
        if person.name not in named or person.id == origin.actor.person_id:
            continue
        deed = Deed(
            act="mention", target=person.public_id, submission_id=submission.id, round_id=submission.round_id,
            data={"comment": comment.public_id, "indicator": comment.indicator},
        )  # fmt: skip
        append(session, origin=Origin(origin.actor, origin.address, origin.request_id), deed=deed, at=clock.now())
