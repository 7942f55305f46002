"""Random ends of rounds: rulings, draws, interests, objections, titles and letters in any order (S02, S03, S07)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from hbreview import clock
from hbreview.acts import (
    answering_objections,
    assigning,
    deciding_titles,
    declaring,
    drawing_lots,
    issuing_letters,
    marking,
    moving,
    ruling,
    running_rounds,
    setting_rounds,
)
from hbreview.acts.answering_objections import Answer
from hbreview.acts.deciding_titles import Proposal
from hbreview.acts.drawing_lots import Plan, prospect_of
from hbreview.acts.marking import Marks
from hbreview.acts.moving import Firing
from hbreview.acts.ruling import RulingOn, Word
from hbreview.acts.running_rounds import RoundFiring
from hbreview.acts.setting_rounds import Settings
from hbreview.extensions import db
from hbreview.model import (
    DecisionLetter,
    Designation,
    Entry,
    Objection,
    Organisation,
    Person,
    Roster,
    Round,
    Ruling,
    ScoreSheet,
    Submission,
    TitleDecision,
)
from hbreview.model.kept import programme_of
from hbreview.words import Outcome, RoundTrigger, State, Trigger
from hbreview.workflow.errors import RefusedError
from hbreview.workflow.journal import Origin
from tests.acts import deciding_hands as hands
from tests.acts.expert_pool import hire_many
from tests.trust.test_downloads_of_new_papers import object_to
from tests.trust.test_undoing_decisions import kept_rows, lost
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
STEPS = 60
DECIDERS, EXPERTS, NEVER = ("province", "province2"), ("expert", "pool0", "pool1"), ("admin", "auditor", "hb0001")
OF_EXPERTS, ENDING = ("mark", "hand in", "interest"), ("close", "publicise", "finalise")


def who(dice: Random, name: str) -> str:
    """Mostly whoever may."""
    rightly = EXPERTS if name in OF_EXPERTS else DECIDERS
    return dice.choice(rightly if dice.random() < 0.8 else (*DECIDERS, *EXPERTS, *NEVER))


class Office:
    """A round with everything that may be done to it, as it stands; each way takes its dice."""

    def __init__(self, world: World, dice: Random) -> None:
        self.world, self.dice = world, dice
        hire_many(world, 2)
        self.forms = [world.submission(state) for state in ("draft", "submitted", "audited", "scored")]
        self.forms += [world.submission(state, "base") for state in ("audited", "scored")]
        self.round_id = hands.the_round(world).id

    def ways(self) -> dict[str, Callable[[Origin], object]]:
        """Everything that there is to do, by name; right or wrong as the dice fall."""
        return {
            "rule": self.rule, "mark": self.mark, "hand in": self.hand_in, "reopen sheet": self.reopen_sheet,
            "score": lambda by: self.fire(Trigger.SCORE, by), "rescore": lambda by: self.fire(Trigger.RESCORE, by),
            "draw": self.draw, "further": self.further, "interest": self.interest, "withdraw": self.withdraw,
            "settings": self.settings, "close": lambda by: self.move(RoundTrigger.CLOSE, by),
            "reopen": lambda by: self.move(RoundTrigger.REOPEN, by),
            "publicise": lambda by: self.move(RoundTrigger.PUBLICISE, by),
            "finalise": lambda by: self.move(RoundTrigger.FINALISE, by),
            "object": lambda _by: object_to(self.world, name=f"{self.dice.random()}.pdf"), "answer": self.answer,
            "letters": lambda by: issuing_letters.issue_letters(self.round().public_id, origin=by), "void": self.void,
            "propose": self.propose, "confirm": lambda by: deciding_titles.confirm(self.decision(), origin=by),
            "drop": lambda by: deciding_titles.drop(self.decision(), origin=by),
        }  # fmt: skip

    def round(self) -> Round:
        """The round as it stands."""
        query = select(Round).where(Round.id == self.round_id).options(selectinload(Round.programmes))
        return db.session.scalars(query.execution_options(populate_existing=True)).one()

    def form(self) -> Submission:
        """Any of the submissions, as it stands."""
        query = select(Submission).where(Submission.id == self.dice.choice(self.forms).id)
        return db.session.scalars(query.execution_options(populate_existing=True)).one()

    def sheet(self, form: Submission, by: Origin) -> ScoreSheet:
        """The person's own sheet where there is one, else any; of a form of anybody's."""
        query = select(ScoreSheet).where(ScoreSheet.submission_id == form.id).options(selectinload(ScoreSheet.scores))
        rows = list(db.session.scalars(query.order_by(ScoreSheet.id).execution_options(populate_existing=True)))
        own = [row for row in rows if by.actor and row.expert_id == by.actor.person_id]
        return self.dice.choice(own or rows)

    def word(self) -> Word:
        outcome = self.dice.choice([None, *Outcome])
        until = self.dice.choice([None, None, clock.today() + timedelta(days=30)])
        flags = [self.dice.choice([None, True, False]) for _flag in range(2)]
        return Word(outcome, flags[0], flags[1], until, "经查")

    def rule(self, by: Origin) -> None:
        form = self.form()
        known = len(list(db.session.scalars(select(Ruling).where(Ruling.submission_id == form.id))))
        ruling.rule(RulingOn(form.public_id, known + self.dice.choice([1, 1, 1, 0, 2]), self.word()), origin=by)

    def mark(self, by: Origin) -> None:
        form = self.form()
        share = self.dice.choice([0, 1])
        programme = programme_of(db.session(), form.programme_version_id)
        points = {one.order: str(one.weight if share else 0) for one in programme.indicators}
        said = {one.order: "无佐证" for one in programme.indicators}
        given = Marks(form.public_id, self.sheet(form, by).version, points, said, said)
        marking.keep_marks(given, origin=by)

    def hand_in(self, by: Origin) -> None:
        sheet = self.sheet(self.form(), by)
        marking.hand_in(sheet.public_id, sheet.version + self.dice.choice([0, 0, 0, -1]), origin=by)

    def reopen_sheet(self, by: Origin) -> None:
        sheet = self.sheet(self.form(), by)
        marking.reopen_sheet(sheet.public_id, self.dice.choice(["请核对", " "]), origin=by)

    def fire(self, trigger: Trigger, by: Origin) -> None:
        form = self.form()
        moving.fire(Firing(form.public_id, trigger, form.version, {"reason": "请核对"}), origin=by)

    def move(self, trigger: RoundTrigger, by: Origin) -> None:
        round_ = self.round()
        data = {"reason": "材料未齐", "defer": "1"}
        running_rounds.fire_round(RoundFiring(round_.public_id, trigger, round_.version, data), origin=by)

    def draw(self, by: Origin) -> None:
        plan = Plan(self.dice.choice([1, 2]), self.dice.choice([True, False]), "", str(self.dice.random()))
        digest = prospect_of(db.session(), self.round(), plan).digest
        drawing_lots.keep_draw(self.round().public_id, plan, digest=self.dice.choice([digest, digest, "x"]), origin=by)

    def further(self, by: Origin) -> None:
        drawing_lots.draw_further(self.form().public_id, origin=by)

    def interest(self, by: Origin) -> None:
        declaring.declare_interest(self.form().public_id, "亲属", origin=by)

    def withdraw(self, by: Origin) -> None:
        form = self.form()
        expert = db.session.get_one(Person, self.sheet(form, by).expert_id)
        assigning.withdraw_expert(form.public_id, expert.public_id, origin=by)

    def settings(self, by: Origin) -> None:
        given = {self.dice.choice(["spread", "supervised_below", "pass_mark"]): str(self.dice.choice([20, 50, 60]))}
        round_ = self.round()
        setting_rounds.change_settings(Settings(round_.public_id, round_.version, given, "调整"), origin=by)

    def answer(self, by: Origin) -> None:
        rows = list(db.session.scalars(select(Objection).execution_options(populate_existing=True)))
        if rows:
            one, upheld = self.dice.choice(rows), self.dice.choice([True, False])
            word = self.word() if upheld and one.designation_id else None
            answering_objections.answer(
                Answer(one.public_id, one.version, upheld, "经核查，答复如下。", word), origin=by
            )

    def void(self, by: Origin) -> None:
        rows = list(db.session.scalars(select(DecisionLetter.public_id)))
        issuing_letters.void_letter(self.dice.choice(rows) if rows else "none", "有误", origin=by)

    def propose(self, by: Origin) -> None:
        form = self.form()
        organisation = db.session.get_one(Organisation, form.organisation_id).public_id
        kind = self.dice.choice(["revoke", "restore"])
        deciding_titles.propose(Proposal(form.programme, organisation, kind, "查实。", clock.today()), origin=by)

    def decision(self) -> str:
        query = select(TitleDecision.public_id).where(TitleDecision.confirmed_at.is_(None))
        rows = list(db.session.scalars(query.where(TitleDecision.dropped_at.is_(None))))
        return self.dice.choice(rows) if rows else "none"


def holding(world: World) -> list[str]:
    """S03 and S07, what is said here anew: letters, titles, deciders, sheets of who has an interest."""
    found = []
    with world.app.app_context():
        session = db.session()
        for roster in session.scalars(select(Roster).where(Roster.round_id.is_not(None), Roster.fixed_at.is_not(None))):
            later = deciding_titles.decisions_after(session, roster)
            for line in session.scalars(select(Designation).where(Designation.roster_id == roster.id)):
                live = session.scalars(
                    select(DecisionLetter).where(
                        DecisionLetter.designation_id == line.id, DecisionLetter.void_at.is_(None)
                    )
                ).all()
                holds = deciding_titles.is_valid(line, later)
                if len(live) > 1 or any((one.facts["outcome"] != Outcome.FAIL.value) is not holds for one in live):
                    found.append(f"{line.organisation_name}: {[one.facts['outcome'] for one in live]}, holds {holds}")
        moves = {
            one.act: one.person_id
            for one in session.scalars(select(Entry).where(Entry.act.in_(("round_publicise", "round_finalise"))))
        }
        if "round_finalise" in moves and moves["round_finalise"] == moves["round_publicise"]:
            found.append("one person proposed and decided")
        for one in session.scalars(select(TitleDecision).where(TitleDecision.confirmed_at.is_not(None))):
            if one.confirmed_by == one.proposed_by:
                found.append("one person proposed and confirmed")
        state = session.scalars(select(Round.state)).one()
        totals = [s for s in session.scalars(select(Submission)) if (s.total is not None) != (s.state is State.SCORED)]
        found += [f"{one.public_id} in {state}" for one in totals]
    return found


@only_sqlite
@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.thorough) for n in range(2, 25))])
def test_random_ends_keep_every_invariant(world: World, seed: int) -> None:
    """Right and wrong people do right and wrong things; a refusal leaves nothing, what was kept stays kept."""
    dice = Random(seed)
    office = Office(world, dice)
    trail: list[str] = []
    kept, done = kept_rows(world), 0
    ways = list(office.ways())
    for number in range(STEPS):
        # The second half begins with the round decided, so that titles and letters have their time.
        ending = number - STEPS // 2
        name = ENDING[ending] if 0 <= ending < len(ENDING) else dice.choice(ways)
        login = DECIDERS[name == "finalise"] if name in ENDING else who(dice, name)
        before = world.dump()
        origin = hands.by(world, login)
        with world.app.app_context():
            try:
                office.ways()[name](origin)
                told = "done"
            except RefusedError as error:
                told = type(error).__name__
        trail.append(f"{login} {name}: {told}")
        if told != "done":
            assert world.dump() == before, trail
            continue
        done += 1
        now = kept_rows(world)
        # A proposed roster follows what objections and the second person make of it; a fixed one stays.
        moving_ones = ("designations", "rosters") if name in {"finalise", "answer"} else ()
        assert [one for one in lost(kept, now) if not one.startswith(moving_ones or "-")] == [], trail
        kept = now
        assert holding(world) == [], trail
    assert done > STEPS // 10, trail
    assert world.faults() == [], trail
