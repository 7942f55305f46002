"""Drawing lots: who scores what of a round, shown before it is kept; one more expert where one is wanted.

The draw is ``evaluation.lots``; here are its inputs, what is kept of it, and replacing somebody who is out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation import lots
from ..evaluation.lots import Drawn, Pair
from ..model import Draw, JournalHead, Person, Round, ScoreSheet, Submission
from ..transact import Receipt, carry_out
from ..words import N_, UNDECIDED, Reason, State
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError, StaleError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action, has_role_for
from . import holding
from .answering import NotEditableError
from .assigning import give, held_unscored
from .barring import Bar, PoolExpert, bars_between, pool_of, rules_of
from .locked_rows import one_at_a_time

LONGEST_SEED = 40
MOST_EACH = 20
POOL = "expert pool"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a draw is made with: experts each, whether the own city is barred, programme ("": all), and the seed."""

    each: int
    own_city: bool
    programme: str
    seed: str


@dataclass(frozen=True, slots=True)
class Prospect:
    """A draw before it is kept. ``experts``: who takes part (no reserve); ``digest``: over seed, settings and inputs.

    ``existing`` are the live pairs of the whole round, ``out`` who was withdrawn: no draw gives it back to them.
    """

    plan: Plan
    experts: Sequence[PoolExpert]
    submissions: Sequence[Submission]
    bars: Mapping[Pair, Bar]
    existing: Collection[Pair]
    out: Collection[Pair]
    drawn: Drawn
    digest: str


@dataclass(frozen=True, slots=True)
class Sheets:
    """Who has what in a round, by public ids: live pairs, withdrawn pairs."""

    live: frozenset[Pair]
    out: frozenset[Pair]


def sheets_of_round(session: Session, round_id: int) -> Sheets:
    """All pairs of a round in one statement."""
    query = (
        select(Submission.public_id, Person.public_id, ScoreSheet.withdrawn_at)
        .join(Submission, Submission.id == ScoreSheet.submission_id)
        .join(Person, Person.id == ScoreSheet.expert_id)
        .where(Submission.round_id == round_id)
    )
    rows = list(session.execute(query))
    live = frozenset((row[0], row[1]) for row in rows if row[2] is None)
    return Sheets(live, frozenset((row[0], row[1]) for row in rows if row[2] is not None))


def prospect_of(session: Session, round_: Round, plan: Plan, *, locking: bool = False) -> Prospect:
    """The draw as it would be now. InvalidError for settings that cannot be; NotEditableError in a decided round."""
    if round_.state not in UNDECIDED:
        raise NotEditableError(N_("Experts are drawn while the round is open or closed, and before it is publicised."))
    plan = _checked(plan, programmes=rules_of(session, round_))
    query = select(Submission).where(Submission.round_id == round_.id, Submission.state != State.SCORED)
    if plan.programme:
        query = query.where(Submission.programme == plan.programme)
    query = query.order_by(Submission.id).execution_options(populate_existing=True)
    submissions = session.scalars(query.with_for_update(key_share=True) if locking else query).all()
    experts = [expert for expert in pool_of(session) if not expert.reserve]
    own_city = dict.fromkeys({one.programme for one in submissions}, plan.own_city)
    bars = bars_between(session, experts, submissions, own_city=own_city)
    sheets = sheets_of_round(session, round_.id)
    drawn = lots.draw(
        [one.public_id for one in submissions],
        [expert.public_id for expert in experts],
        {*bars, *sheets.out},
        existing=sheets.live,
        each=plan.each,
        seed=plan.seed,
    )
    found = Prospect(plan, experts, submissions, bars, sheets.live, sheets.out, drawn, "")
    return replace(found, digest=_digest(plan, inputs_of(found)))


def _checked(plan: Plan, programmes: Collection[str]) -> Plan:
    reasons: list[Reason] = []
    seed = " ".join(plan.seed.split())
    if not seed or len(seed) > LONGEST_SEED or not seed.isprintable():
        reasons.append(Reason(N_("Please give a seed of 1 to 40 characters."), "seed"))
    if not 1 <= plan.each <= MOST_EACH:
        reasons.append(Reason(N_("Please give a number from 1 to 20."), "each"))
    if plan.programme and plan.programme not in programmes:
        reasons.append(Reason(N_("Please choose a programme of this round."), "programme"))
    if reasons:
        raise InvalidError(reasons)
    return replace(plan, seed=seed)


def inputs_of(prospect: Prospect) -> dict[str, Any]:
    """Everything beside seed and settings that the draw depends on, sorted, as it is kept with it."""
    drawn_for = {one.public_id for one in prospect.submissions}
    return {
        "experts": sorted(expert.public_id for expert in prospect.experts),
        "submissions": sorted(drawn_for),
        "barred": sorted([s, e, bar.value] for (s, e), bar in prospect.bars.items()),
        "withdrawn": sorted([s, e] for s, e in prospect.out if s in drawn_for),
        "existing": sorted([s, e] for s, e in prospect.existing),
    }


def _settings(plan: Plan) -> dict[str, Any]:
    return {"each": plan.each, "own_city": plan.own_city, "programme": plan.programme}


def _digest(plan: Plan, inputs: Mapping[str, Any]) -> str:
    text = json.dumps([plan.seed, _settings(plan), inputs], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def comes_out_again(kept: Draw) -> bool:
    """Whether a draw that was kept gives the same result from its seed, settings and inputs."""
    inputs = kept.inputs
    barred = {(row[0], row[1]) for row in [*inputs["barred"], *inputs["withdrawn"]]}
    existing = {(row[0], row[1]) for row in inputs["existing"]}
    drawn = lots.draw(
        inputs["submissions"], inputs["experts"], barred,
        existing=existing, each=kept.settings["each"], seed=kept.seed,
    )  # fmt: skip
    return [list(pair) for pair in drawn.pairs] == kept.result


def keep_draw(round_id: str, plan: Plan, *, digest: str, origin: Origin) -> Receipt:
    """Draw again from seed and settings, and give everybody what was drawn.

    StaleError when that is no longer the draw that was shown (``digest``); InvalidError when it gives nobody anything.
    """
    return carry_out(lambda session: _keep(session, round_id, plan, digest=digest, origin=origin), origin=origin)


def _keep(session: Session, round_id: str, plan: Plan, *, digest: str, origin: Origin) -> Receipt:
    if origin.actor is None or not has_role_for(origin.actor, Action.ASSIGN_MANY):
        raise ForbiddenError
    holding.keep_round(session, select(Round.id).where(Round.public_id == round_id))
    one_at_a_time(session, POOL)
    round_ = session.scalar(select(Round).where(Round.public_id == round_id))
    if round_ is None:
        raise HiddenError
    prospect = prospect_of(session, round_, plan, locking=True)
    if prospect.digest != digest:
        raise StaleError(round_.version)
    if not prospect.drawn.pairs:
        raise InvalidError([Reason(N_("There is nothing to draw: nobody can be given anything more."), "each")])
    kept = Draw(
        round_id=round_.id,
        seed=prospect.plan.seed,
        settings=_settings(prospect.plan),
        inputs=inputs_of(prospect),
        result=[list(pair) for pair in prospect.drawn.pairs],
        digest=prospect.digest,
        person_id=origin.actor.person_id,
        created_at=clock.now(),
    )
    session.add(kept)
    session.flush()
    _record(session, round_, kept, prospect=prospect, origin=origin)
    return Receipt(round_.public_id, round_.version)


def _record(session: Session, round_: Round, kept: Draw, *, prospect: Prospect, origin: Origin) -> None:
    facts = {"draw": kept.public_id, "seed": kept.seed, "digest": kept.digest, "pairs": len(kept.result)}
    data = {**facts, **kept.settings, "lacking": dict(prospect.drawn.lacking)}
    deed = Deed(act="draw_lots", target=round_.public_id, round_id=round_.id, data=data)
    append(session, origin=origin, deed=deed, at=clock.now())
    experts = {expert.public_id: expert for expert in prospect.experts}
    submissions = {one.public_id: one for one in prospect.submissions}
    own = replace(origin, key=None, digest=None)
    for submission, expert in prospect.drawn.pairs:
        because = {"because": "draw", "draw": kept.public_id}
        give(session, submissions[submission], experts[expert], origin=own, draw_id=kept.id, data=because)


@dataclass(frozen=True, slots=True)
class Successor:
    """Who was drawn for one more sheet, and the seed that the draw can be repeated from."""

    expert: PoolExpert
    seed: str


def draw_one_more(session: Session, submission: Submission, *, also: Collection[Pair] = ()) -> Successor | None:
    """The expert for one sheet more: whom nothing bars, with the smallest load; a reserve only when no other is left.

    Ties by a seed of the journal's head and the submission. ``also``: pairs that this act is about to make.
    None: nobody may. The caller holds the submission.
    """
    pool, sheets = pool_of(session), sheets_of_round(session, submission.round_id)
    own_city = {key: rule.own_city for key, rule in rules_of(session, submission.round).items()}
    bars = bars_between(session, pool, [submission], own_city=own_city)
    head = session.scalar(select(JournalHead.hash).where(JournalHead.id == 1)) or ""
    seed = hashlib.sha256(f"{head}\n{submission.public_id}".encode()).hexdigest()[:LONGEST_SEED]
    existing = sheets.live | set(also)
    has = sum(1 for one, _expert in existing if one == submission.public_id)
    for reserve in (False, True):
        experts = {expert.public_id: expert for expert in pool if expert.reserve is reserve}
        barred = {*bars, *sheets.out}
        drawn = lots.draw([submission.public_id], experts, barred, existing=existing, each=has + 1, seed=seed)
        if drawn.pairs:
            return Successor(experts[drawn.pairs[0][1]], seed)
    return None


def draw_further(submission_id: str, *, origin: Origin) -> Receipt:
    """One expert more, as the first ones are too far apart (P3). InvalidError when nobody is left."""
    return carry_out(lambda session: _draw_further(session, submission_id, origin=origin), origin=origin)


def _draw_further(session: Session, submission_id: str, *, origin: Origin) -> Receipt:
    submission = held_unscored(session, submission_id, origin)
    found = draw_one_more(session, submission)
    if found is None:
        raise InvalidError([Reason(N_("No expert is left who may score this."), "expert", "P3")])
    because = {"because": "further", "seed": found.seed}
    give(session, submission, found.expert, origin=origin, further=True, data=because)
    return Receipt(submission.public_id, submission.version)
