"""The pool of experts: inviting one with what is known of it, and changing that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.names import normalised_name
from ..model import Expert, Organisation, Person
from ..programmes.loader import regions
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason, Role
from ..workflow import journal
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError, StaleError
from ..workflow.journal import Deed, Origin
from ..workflow.policy import Action, has_role_for
from .drawing_lots import POOL
from .inviting import Invited, Newcomer, add_code, add_person
from .locked_rows import locked_or_made, one_at_a_time

# RULES.md S5: experts in business, technology and finance.
FIELDS: dict[str, Label] = {
    "business": Label("经营管理", "Business"),
    "technology": Label("技术", "Technology"),
    "finance": Label("财务", "Finance"),
}
LONGEST_NAME, MOST_ADVISED = 200, 100
_SIMILAR = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What the province knows of an expert; ``advised`` are names of organisations. See ``model.Expert``."""

    field: str = ""
    employer: str = ""
    region: str | None = None
    advised: tuple[str, ...] = ()
    reserve: bool = False


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name under which no organisation is known, and the known ones that look like it."""

    name: str
    similar: tuple[str, ...]


def _checked(facts: Facts) -> Facts:
    names = tuple(dict.fromkeys(name for one in facts.advised if (name := _plain(one))))
    facts = replace(facts, employer=_plain(facts.employer), region=facts.region or None, advised=names)
    reasons: list[Reason] = []
    if facts.field and facts.field not in FIELDS:
        reasons.append(Reason(N_("Please choose the field."), "field"))
    if facts.region is not None and facts.region not in {region.key for region in regions()}:
        reasons.append(Reason(N_("Please choose the city."), "region"))
    if len(facts.employer) > LONGEST_NAME:
        reasons.append(Reason(N_("A name has at most 200 characters."), "employer"))
    if len(names) > MOST_ADVISED or any(len(name) > LONGEST_NAME for name in names):
        reasons.append(Reason(N_("At most 100 names, each of at most 200 characters."), "advised"))
    if reasons:
        raise InvalidError(reasons)
    return facts


def _plain(text: str) -> str:
    return " ".join(text.replace("\0", "").split())


def invite_expert(name: str, login: str, facts: Facts, *, days: int, origin: Origin) -> Invited:
    """Make an account with its code, valid for ``days``, and what is known of the expert. InvalidError by field."""
    made: list[Invited] = []

    def work(session: Session) -> Receipt:
        _require_province(origin)
        person = add_person(session, Newcomer(Role.EXPERT, _plain(name)[:100], login[:100]))
        known = _checked(facts)
        session.add(Expert(person_id=person.id, **_columns(known)))
        made.append(Invited(person.name, person.login, add_code(session, person, days=days)))
        data = {"role": person.role.value, "expert": _columns(known)}
        deed = Deed(act="invite", target=person.public_id, data=data)
        journal.append(session, origin=origin, deed=deed, at=clock.now())
        return Receipt(person.public_id)

    # Without the request's key: a repeat could not show the code again, and finds the login taken.
    origin = replace(origin, key=None, digest=None)
    carry_out(work)
    return made[0]


def _require_province(origin: Origin) -> None:
    if not has_role_for(origin.actor, Action.MANAGE_EXPERTS):
        raise ForbiddenError


def _columns(facts: Facts) -> dict[str, Any]:
    return asdict(facts) | {"advised": list(facts.advised)}


def keep_facts(person_id: str, version: int, facts: Facts, *, origin: Origin) -> Receipt:
    """Change what is known of an expert, made on this version (1 where nothing was known yet); no change: no entry."""
    return carry_out(lambda session: _keep(session, person_id, version, facts=facts, origin=origin), origin=origin)


def _keep(session: Session, person_id: str, version: int, *, facts: Facts, origin: Origin) -> Receipt:
    _require_province(origin)
    one_at_a_time(session, POOL)
    person = session.scalar(select(Person).where(Person.public_id == person_id, Person.role == Role.EXPERT))
    if person is None:
        raise HiddenError
    blank = insert(Expert).values(person_id=person.id, version=1, **_columns(Facts()))
    expert = locked_or_made(session, select(Expert).where(Expert.person_id == person.id), first=blank)
    if version > expert.version:
        raise MalformedError("version")
    if version != expert.version:
        raise StaleError(expert.version)
    before, after = _columns(facts_of(expert)), _columns(_checked(facts))
    if before == after:
        return Receipt(person.public_id, expert.version)
    for name, value in after.items():
        setattr(expert, name, value)
    expert.version += 1
    changed = [name for name in after if before[name] != after[name]]
    deed = Deed(
        act="change_expert",
        target=person.public_id,
        versions=(version, expert.version),
        data={"before": {name: before[name] for name in changed}, "after": {name: after[name] for name in changed}},
    )
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(person.public_id, expert.version)


def facts_of(expert: Expert | None) -> Facts:
    """What is known, as it is edited."""
    if expert is None:
        return Facts()
    return Facts(expert.field, expert.employer, expert.region, tuple(expert.advised), expert.reserve)


def unknown_names(session: Session, names: Iterable[str]) -> list[UnknownName]:
    """Which of these names are no organisation's, now or formerly: kept, but they bar nobody yet. One statement."""
    rows = session.execute(select(Organisation.name, Organisation.former_names).order_by(Organisation.id))
    known: dict[str, str] = {}
    for name, former in rows:
        known.update({normalised_name(one): name for one in [name, *former]})
    found: list[UnknownName] = []
    for name in names:
        folded = normalised_name(name)
        if folded and folded not in known:
            within = [one for one in known if folded in one or one in folded]
            close = [*within, *get_close_matches(folded, list(known), n=_SIMILAR)]
            found.append(UnknownName(name, tuple(dict.fromkeys(known[one] for one in close))[:_SIMILAR]))
    return found
