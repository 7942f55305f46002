"""Random lives: right and wrong people do right and wrong things to a submission; what must hold holds (S02, S03)."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from hbreview import clock
from hbreview.acts import (
    answering,
    attaching,
    auditing,
    commenting,
    inspecting,
    marking,
    moving,
    ruling,
    setting_rounds,
)
from hbreview.acts.signing_in import actor_for
from hbreview.acts.weighing import answers_of
from hbreview.extensions import db
from hbreview.model import Comment, Entry, JournalHead, Person, Round, Ruling, ScoreSheet, Submission
from hbreview.model.kept import programme_of
from hbreview.transact import Receipt
from hbreview.words import State, Trigger
from hbreview.workflow.actors import Actor
from hbreview.workflow.chain import BY_TRIGGER
from hbreview.workflow.errors import RefusedError
from hbreview.workflow.journal import Origin
from tests.worlds import World, open_world

EXAMPLES = int(os.environ.get("HBREVIEW_LIVES", "200"))
STEPS = 40
PDF = b"%PDF-1.4\n%%EOF\n"
PEOPLE = ("enterprise", "city", "auditor", "expert", "province", "admin", "other city", "other enterprise")
NEVER = ("admin", "other city", "other enterprise")
TRIGGERS = tuple(trigger.value for trigger in Trigger)
# The other acts: who does them rightly, and by how much they raise the submission's version.
OTHERS = {
    "answer": ("enterprise", 1),
    "seal": ("enterprise", 1),
    "scan": ("city", 1),
    "report": ("auditor", 1),
    "record": ("auditor", 1),
    "comment": ("city", 0),
    "settle": ("city", 0),
    "mark": ("expert", 0),
    "hand in": ("expert", 0),
    "reopen": ("province", 0),
    "rule": ("province", 0),
    "set": ("province", 0),
}
# What helps a submission on from each state, so that lives get far.
ONWARD = {
    State.DRAFT: ("seal", "submit"),
    State.SUBMITTED: ("scan", "settle", "approve"),
    State.CITY_REVIEWED: ("record", "report", "audit"),
    State.AUDITED: ("mark", "hand in", "score"),
    State.SCORED: ("rescore", "comment"),
}
# And what takes it back: a life goes one way or the other, else all of them would end at the scoring.
BACKWARD = {
    State.DRAFT: ("answer", "answer", "seal", "submit"),
    State.SUBMITTED: ("withdraw", "comment", "return"),
    State.CITY_REVIEWED: ("send_back",),
    State.AUDITED: ("reaudit", "reopen"),
    State.SCORED: ("rescore",),
}


@dataclass(frozen=True)
class Doing:
    """One step of a life: what, by whom ("right": whoever should), how far off the version, filled in well or not."""

    kind: str
    who: str = "right"
    off: int = 0
    well: bool = True
    number: int = 0


@dataclass
class Life:
    """One submission with what must be true of it: the model is its state and its versions."""

    world: World
    submission: Submission
    ways: dict[State, tuple[str, ...]]
    trail: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state, self.version, self.sheet_version, self.entries = self._stands()
        self._acts: dict[str, Callable[[Doing, Origin], Receipt]] = {
            "answer": self._answer,
            "seal": lambda doing, by: self._attach(doing, by, "organization_seal"),
            "scan": lambda doing, by: self._attach(doing, by, "city_seal"),
            "report": lambda doing, by: self._attach(doing, by, "audit_report_file"),
            "record": self._record,
            "comment": self._comment,
            "settle": self._settle,
            "mark": self._mark,
            "hand in": lambda doing, by: marking.hand_in(self._sheet().public_id, self._sheet_at(doing), origin=by),
            "reopen": lambda doing, by: marking.reopen_sheet(
                self._sheet().public_id, "请复核" if doing.well else " ", origin=by
            ),
            "rule": self._rule,
            "set": self._set,
        }

    def _row(self) -> Submission:
        db.session().rollback()
        query = select(Submission).where(Submission.id == self.submission.id)
        return db.session().scalars(query.execution_options(populate_existing=True)).one()

    def _sheet(self) -> ScoreSheet:
        query = select(ScoreSheet).where(ScoreSheet.submission_id == self.submission.id)
        return db.session().scalars(query.execution_options(populate_existing=True)).one()

    def _stands(self) -> tuple[State, int, int, int]:
        row = self._row()
        head = db.session().scalars(select(JournalHead.sequence)).one()
        return row.state, row.version, self._sheet().version, head

    def _actor(self, who: str) -> Actor:
        query = select(Person)
        if who in {"enterprise", "other enterprise"}:
            own = Person.organisation_id == self.submission.organisation_id
            query = query.where(Person.role == "enterprise", own if who == "enterprise" else ~own)
        elif who in {"city", "other city"}:
            own = Person.region == self.submission.region
            query = query.where(Person.role == "city", own if who == "city" else ~own)
        else:
            query = query.where(Person.login == who)
        return actor_for(db.session().scalars(query.order_by(Person.id).limit(1)).one())

    def _at(self, doing: Doing) -> int:
        return self.version + doing.off

    def _sheet_at(self, doing: Doing) -> int:
        return self.sheet_version + doing.off

    def _answer(self, doing: Doing, by: Origin) -> Receipt:
        raw = {"organization_name": f"改名公司{self.version}"} if doing.well else {"total_assets": "很多"}
        return answering.save_answers(answering.Answering(self.submission.public_id, self._at(doing), raw), origin=by)

    def _attach(self, doing: Doing, by: Origin, place: str) -> Receipt:
        upload = attaching.Upload("文件.pdf", io.BytesIO(PDF if doing.well else b"MZ no paper"))
        given_ = attaching.Attaching(self.submission.public_id, self._at(doing), place, upload)
        return attaching.attach(given_, origin=by, storage=self.world.app.config["STORAGE"], limit=1 << 20)

    def _record(self, doing: Doing, by: Origin) -> Receipt:
        answers = answers_of(db.session(), self.submission.id)
        figures = {
            "service_assets_original_value": answers.get("total_assets", "1.00") if doing.well else "-",
            "service_assets_equipment": answers.get("equipment_purchase_price", "100.00"),
            "service_cost_expenditure": answers.get("service_activity_expenditure")
            or answers.get("service_expenditure", "1.00"),
            "capability_investment": answers.get("government_subsidy") or "50.00",
            "small_micro_service_count": str(int(answers.get("enterprises_served", "1")) * 2),
            "small_micro_discount": "下浮百分之二十。",
            "audit_firm_name": "河北示例会计师事务所",
            "audit_report_number": "冀审字001号",
            "audit_report_date": "2020-03-31",
        }
        item = {"service_item_name": "咨询", "service_item_fee": "800.00", "market_standard_fee": "1000.00"}
        record = auditing.Record(self.submission.public_id, self._at(doing), figures, [item], "四舍五入之差。")
        return auditing.keep_record(record, origin=by)

    def _comment(self, doing: Doing, by: Origin) -> Receipt:
        body = "请补充佐证材料" if doing.well else " \n"
        remark = commenting.Remark(self.submission.public_id, 1 + doing.number % 3, body, blocking=doing.number % 2 > 0)
        return commenting.post_comment(remark, origin=by)

    def _settle(self, doing: Doing, by: Origin) -> Receipt:
        query = select(Comment.public_id).where(Comment.submission_id == self.submission.id)
        still_open = query.where(Comment.resolved_at.is_(None), Comment.parent_id.is_(None))
        comment = db.session().scalars(still_open.order_by(Comment.blocking.desc(), Comment.id).limit(1)).first()
        return commenting.settle(comment or "no such comment", resolved=doing.well, origin=by)

    def _mark(self, doing: Doing, by: Origin) -> Receipt:
        programme = programme_of(db.session(), self.submission.programme_version_id)
        points = {
            i.order: str((i.weight * (Decimal("0.7") + doing.number % 3 / Decimal(10))).quantize(Decimal("0.1")))
            for i in programme.indicators
        }
        if not doing.well:
            points[1] = "999"
        why = dict.fromkeys(points, "复核后改")
        marks = marking.Marks(self.submission.public_id, self._sheet_at(doing), points, {1: "依据充分"}, why)
        return marking.keep_marks(marks, origin=by)

    def _rule(self, doing: Doing, by: Origin) -> Receipt:
        """A word on the outcome, on as many as there are; what is not submitted yet can only fail or wait."""
        known = select(func.count()).where(Ruling.submission_id == self.submission.id)
        version = (db.session().scalar(known) or 0) + 1 + doing.off
        word = {"outcome": ("fail", "deferred")[doing.number % 2], "reason": "经查" if doing.well else " "}
        on = ruling.RulingOn(self.submission.public_id, version, ruling.word_from(word))
        return ruling.rule(on, origin=by)

    def _set(self, doing: Doing, by: Origin) -> Receipt:
        """A rule of the round that changes no total: 80 to 85 points between experts."""
        row = db.session().scalars(select(Round).where(Round.id == self.submission.round_id)).one()
        given_ = {"spread": str(80 + doing.number)}
        wanted = setting_rounds.Settings(row.public_id, row.version + doing.off, given_, "调整" if doing.well else " ")
        return setting_rounds.change_settings(wanted, origin=by)

    def _fire(self, doing: Doing, by: Origin) -> Receipt:
        data = {
            "declared": "1",
            "opinion": "同意",
            "reason": "请核对",
            "seal_date": clock.today().isoformat(),
        }
        trigger = Trigger(doing.kind)
        filled = data if doing.well else {}
        return moving.fire(moving.Firing(self.submission.public_id, trigger, self._at(doing), filled), origin=by)

    def live(self, doing: Doing) -> None:
        """Take one step and see that what must hold still holds."""
        if doing.kind == "onward":
            choices = self.ways[self.state]
            doing = Doing(choices[doing.number % len(choices)])
        moves = doing.kind in TRIGGERS
        rightly = {role.value for role in BY_TRIGGER[Trigger(doing.kind)].roles} if moves else {OTHERS[doing.kind][0]}
        who = min(rightly) if doing.who == "right" else doing.who
        before = (self.state, self.version, self.sheet_version, self.entries)
        by = Origin(self._actor(who), "a random life")
        try:
            self._fire(doing, by) if moves else self._acts[doing.kind](doing, by)
            refusal = ""
        except RefusedError as error:
            refusal = type(error).__name__
        self.trail.append(f"{self.state} v{self.version}: {who} {doing} {refusal or 'done'}")
        self.state, self.version, self.sheet_version, self.entries = after = self._stands()
        if refusal:
            assert after == before, self.trail
        else:
            self._see_effect(doing, who, rightly, before)
        self._see_history()

    def _see_effect(self, doing: Doing, who: str, rightly: set[str], before: tuple[State, int, int, int]) -> None:
        state, version, sheet_version, entries = before
        assert who not in NEVER, self.trail
        if doing.kind in TRIGGERS:
            step = BY_TRIGGER[Trigger(doing.kind)]
            assert (who in rightly, state, doing.off) == (True, step.source, 0), self.trail
            assert (self.state, self.version, self.entries) == (step.dest, version + 1, entries + 1), self.trail
            return
        on_sheet = doing.kind in {"mark", "hand in", "reopen"}
        raised = OTHERS[doing.kind][1]
        # Settling what is settled, or setting what is set, is no change; everything else that was done is one entry.
        written = self.entries - entries
        assert written == 1 or (doing.kind in {"settle", "set"} and written == 0), self.trail
        assert doing.off <= 0 or doing.kind in {"comment", "settle", "reopen"}, self.trail  # none from the future
        assert (self.state, self.version) == (state, version + raised), self.trail
        assert self.sheet_version == sheet_version + (1 if on_sheet else 0), self.trail

    def _see_history(self) -> None:
        """S03 (2): the last entry's state is the row's."""
        query = select(Entry.state_to).where(Entry.submission_id == self.submission.id, Entry.state_to.is_not(None))
        last = db.session().scalars(query.order_by(Entry.sequence.desc()).limit(1)).first()
        assert (last or State.DRAFT.value) == self.state.value, self.trail


def _do_not_wait_for_the_disk(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(scope="module")
def lives(
    templates: Callable[[str, str], tuple[str, Path]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """One world for all lives; each goes on from where its submission stands."""
    folder = tmp_path_factory.mktemp("lives")
    shutil.copytree(templates("sqlite", "matrix")[1], folder, dirs_exist_ok=True)
    url = f"sqlite:///{folder / 'hbreview.sqlite3'}"
    with open_world(url, folder) as world:
        with world.app.app_context():
            # Thousands of commits: what a power cut would undo does not matter here.
            db.engine.dispose()
            event.listen(db.engine, "connect", _do_not_wait_for_the_disk)
        yield world
        # S03 over everything, the chain of the journal and every file.
        assert world.faults() == []


def doings() -> st.SearchStrategy[Doing]:
    """Steps, a third of them helpful, so that lives reach every state."""
    wild = st.builds(
        Doing,
        kind=st.sampled_from((*TRIGGERS, *OTHERS)),
        who=st.sampled_from(("right",) * 8 + PEOPLE),
        off=st.sampled_from((0, 0, 0, 0, 0, 0, -1, 1)),
        well=st.sampled_from((True, True, True, False)),
        number=st.integers(0, 5),
    )
    onward = st.builds(Doing, kind=st.just("onward"), number=st.integers(0, 5))
    return st.one_of(onward, wild, wild)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    # The world goes on between examples, so a failing life cannot be shrunk: it tells its own trail.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    state=st.sampled_from(("draft", "returned", "submitted", "city_reviewed", "audited", "scored")),
    programme=st.sampled_from(("platform", "base")),
    ways=st.sampled_from((ONWARD, BACKWARD)),
    hours=st.sampled_from((0, 0, 0, 0, 0, 9, 30, 31 * 24)),
    steps=st.lists(doings(), min_size=8, max_size=STEPS),
)
def test_random_lives_of_submissions_keep_every_invariant(
    lives: World,
    state: str,
    programme: str,
    ways: dict[State, tuple[str, ...]],
    hours: int,
    steps: list[Doing],
) -> None:
    """S02, S03: after every step the model and the database agree; now and then the clock jumps."""
    with (
        time_machine.travel(clock.now() + timedelta(hours=hours), tick=True) as traveller,
        lives.app.app_context(),
    ):
        life = Life(lives, lives.submission(state, programme), ways)
        for number, doing in enumerate(steps):
            if hours and number == len(steps) // 2:
                traveller.shift(timedelta(hours=9))
            life.live(doing)
        assert list(inspecting._faults(db.session(), life._row())) == [], life.trail
