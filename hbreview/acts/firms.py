"""Audit firms: putting one on the list, and giving it many submissions at once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.names import normalised_name
from ..evaluation.values import parse
from ..model import Firm
from ..programmes.schema import Field, FieldType
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason
from ..workflow import journal
from ..workflow.errors import ForbiddenError, InvalidError
from ..workflow.journal import Deed, Origin
from ..workflow.policy import Action, has_role_for
from . import assigning
from .working_through import Item, Result, do_one, origin_for

_NAME = Field("name", Label("事务所名称", "Name of the firm"), 0, FieldType.TEXT, max_length=200)


def add_firm(name: str, *, origin: Origin) -> Receipt:
    """Put a firm on the list, without anybody in it yet. InvalidError for no name, too long a one, or a known one."""
    found = parse(_NAME, name)
    if isinstance(found, Reason):
        raise InvalidError([found])
    if not found:
        raise InvalidError([Reason(N_("Please name the firm."), "name")])
    try:
        return carry_out(lambda session: _add(session, found, origin=origin), origin=origin)
    except IntegrityError as error:  # of two at once the second finds the first
        raise InvalidError([_known()]) from error


def _known() -> Reason:
    return Reason(N_("A firm of this name is on the list already."), "name")


def _add(session: Session, name: str, *, origin: Origin) -> Receipt:
    if not has_role_for(origin.actor, Action.MANAGE_FIRMS):
        raise ForbiddenError
    # Two spellings of one name, in width or case, are one firm; there are a few dozen at most.
    if normalised_name(name) in map(normalised_name, session.scalars(select(Firm.name))):
        raise InvalidError([_known()])
    firm = Firm(name=name)
    session.add(firm)
    session.flush()
    deed = Deed(act="add_firm", target=firm.public_id, data={"name": name})
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(firm.public_id)


def assign_each(submissions: Sequence[str], firm_id: str, *, replace: bool, origin: Origin) -> list[Result]:
    """Give each submission (its public id) to the firm, one transaction each, in order, whatever comes of the others.

    ``replace``: also what another firm has. Who has it already keeps it, and nothing is noted.
    """

    def assign(item: Item, own: Origin) -> None:
        assigning.assign_firm(item.submission, firm_id, origin=own, replace=replace)

    # Bound to no version: whose the audit is depends on nothing that an enterprise or a city changes.
    items = [Item(public_id, 0) for public_id in submissions]
    return [do_one(item, assign, own=origin_for(item, origin, "assign_firm", firm_id, replace)) for item in items]
