"""What undoes a decision overwrites nothing (S07); a decision is of fixed sheets (C09); two at once are one (C08)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from hbreview.acts import (
    answering_objections,
    deciding_titles,
    declaring,
    drawing_lots,
    issuing_letters,
    marking,
    ruling,
    setting_rounds,
)
from hbreview.acts.answering_objections import Answer
from hbreview.acts.deciding_titles import Proposal
from hbreview.acts.drawing_lots import Plan
from hbreview.acts.marking import Marks
from hbreview.acts.ruling import RulingOn, Word
from hbreview.acts.setting_rounds import Settings
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import (
    Designation,
    Entry,
    Objection,
    Organisation,
    Roster,
    ScoreSet,
    ScoreSheet,
    SheetVersion,
    Submission,
    TitleDecision,
)
from hbreview.programmes.loader import shipped
from hbreview.words import Outcome, RoundState, RoundTrigger, State
from hbreview.workflow import journal
from hbreview.workflow.journal import Origin
from tests.acts import deciding_hands as hands
from tests.acts.expert_pool import hire_many, the_round
from tests.acts.test_drawing_lots import look
from tests.trust.test_concurrency import at_once, browser_for
from tests.trust.test_downloads_of_new_papers import issue, letter_of, object_to
from tests.worlds import Browser, World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PLATFORM = shipped("platform", 2019)
FULL = {f"points-{one.order}": str(one.weight) for one in PLATFORM.indicators}
# What a later act may write into a row that is kept: when it was reopened or made void, and why.
MARKED = {
    "sheet_versions": {"reopened_at", "reopened_by", "reason"},
    "decision_letters": {"void_at", "void_reason"},
    "opinions": {"void_at"},
    "title_decisions": {"confirmed_by", "confirmed_at", "dropped_at"},
}
KEPT = (
    "score_sets", "sheet_versions", "decision_letters", "opinions", "title_decisions", "rulings", "draws", "revisions",
    "designations", "rosters", "journal",
)  # fmt: skip


def kept_rows(world: World) -> dict[str, dict[Any, dict[str, Any]]]:
    """Every row of what no act overwrites, by table and key, without what may be written later."""
    with world.app.app_context():
        found = {}
        for name in KEPT:
            table = db.metadata.tables[name]
            (key,) = table.primary_key.columns.keys()
            rows = [dict(row._mapping) for row in db.session.execute(select(table))]
            later = MARKED.get(name, set())
            found[name] = {row[key]: {c: v for c, v in row.items() if c not in later} for row in rows}
        return found


def lost(before: Mapping[str, Mapping[Any, Any]], after: Mapping[str, Mapping[Any, Any]]) -> list[str]:
    """What is gone or says something else now."""
    return [f"{name} {key}" for name, rows in before.items() for key in rows if after[name].get(key) != rows[key]]


def sheet_of(world: World, submission: Submission) -> ScoreSheet:
    with world.app.app_context():
        query = select(ScoreSheet).where(ScoreSheet.submission_id == submission.id, ScoreSheet.withdrawn_at.is_(None))
        return db.session.scalars(query).one()


def hand_in(browser: Browser, sheet: ScoreSheet, **fields: str) -> TestResponse:
    named = {name.replace("_", "-"): text for name, text in fields.items()}
    return browser.post(f"/score-sheets/{sheet.public_id}/hand-in", {"version": sheet.version, **FULL, **named})


def reopen(browser: Browser, sheet: ScoreSheet, reason: str = "请核对") -> TestResponse:
    return browser.post(f"/score-sheets/{sheet.public_id}/reopen", {"reason": reason})


def rule(world: World, submission: Submission, version: int, login: str = "province", **said: Any) -> None:
    word = Word(
        **{"outcome": None, "commended": None, "supervised": None, "rectify_until": None, "reason": "经查"} | said
    )
    origin = hands.by(world, login)
    with world.app.app_context():
        ruling.rule(RulingOn(submission.public_id, version, word), origin=origin)


def decide_title(world: World, submission: Submission, kind: str) -> None:
    """Proposed by one, confirmed by another."""
    first, second = hands.by(world, "province"), hands.by(world, "province2")
    with world.app.app_context():
        organisation = db.session.get_one(Organisation, submission.organisation_id).public_id
        given = Proposal(submission.programme, organisation, kind, "被查实提供虚假材料。", today())
        made = deciding_titles.propose(given, origin=first)
        deciding_titles.confirm(made.target, origin=second)


@only_sqlite
def test_each_way_back_adds_and_overwrites_nothing(world: World) -> None:
    """S07: scoring reopened, a sheet reopened, a ruling taken back, letters void, a title revoked and restored."""
    scored, province, expert = world.submission("scored"), world.browser("province"), world.browser("expert")
    seen = kept_rows(world)

    def step(answer: TestResponse | None = None) -> None:
        nonlocal seen
        assert answer is None or answer.status_code == 303, answer.get_data(as_text=True)[:2000]
        now = kept_rows(world)
        assert lost(seen, now) == []
        assert len(now["journal"]) > len(seen["journal"])
        seen = now

    total = world.now(scored).total
    step(world.fire(province, scored, "rescore", reason="专家复核"))
    step(reopen(province, sheet_of(world, scored)))
    former = {
        str(mark["indicator"]): mark["points"]
        for mark in next(r for r in seen["sheet_versions"].values() if r["sheet_id"] == sheet_of(world, scored).id)[
            "marks"
        ]
    }
    changed = {f"change_{order}": "复核后改" for order in former}
    step(hand_in(expert, sheet_of(world, scored), **changed))
    step(world.fire(province, scored, "score"))
    assert (world.now(scored).total, total) == (Decimal("100.0"), total)
    assert {row["total"] for row in seen["score_sets"].values() if row["submission_id"] == scored.id} == {
        total, Decimal("100.0"),
    }  # fmt: skip
    rule(world, scored, 1, outcome=Outcome.PASS)
    step()
    rule(world, scored, 2)
    step()
    hands.finalise(world)
    step()
    line = hands.line_of(world, scored)
    assert (line.outcome, line.total) == (Outcome.EXCELLENT, Decimal("100.0"))
    issue(world)
    step()
    first = letter_of(world, scored)
    step(province.post(f"/letters/{first.public_id}/void", {"reason": "名称有误"}))
    issue(world)
    step()
    second = letter_of(world, scored)
    decide_title(world, scored, "revoke")
    step()
    assert letter_of(world, scored).void_at is not None
    assert hands.line_of(world, scored).outcome is Outcome.EXCELLENT, "the round's roster stays as it was decided"
    decide_title(world, scored, "restore")
    step()
    assert second.number != first.number
    assert world.faults() == []


@only_sqlite
def test_a_title_that_was_revoked_gets_no_new_letter_until_it_is_restored(world: World) -> None:
    """S07: nobody's letter in force says what does not hold."""
    scored = world.submission("scored")
    hands.finalise(world)
    issue(world)
    first = letter_of(world, scored)
    decide_title(world, scored, "revoke")
    assert issue(world) == 0
    assert letter_of(world, scored).public_id == first.public_id
    own = world.enterprise(scored)
    assert own.client.get(f"/submissions/{scored.public_id}/decision.pdf").status_code == 404
    told = world.stranger().get(f"/letters/{first.code}").get_data(as_text=True)
    assert "alert-danger" in told
    page = world.stranger().get("/designations").get_data(as_text=True)
    assert scored.organisation_name not in page or "撤销" in page or "revoked" in page
    decide_title(world, scored, "restore")
    assert issue(world) == 1
    assert own.client.get(f"/submissions/{scored.public_id}/decision.pdf").status_code == 200
    assert world.faults() == []


@only_sqlite
def test_a_title_that_is_restored_leaves_no_letter_that_says_it_is_gone(world: World) -> None:
    """S07 the other way round: who was not qualified and has the title again."""
    draft = world.submission("draft")
    hands.finalise(world)
    issue(world)
    assert letter_of(world, draft).facts["outcome"] == Outcome.FAIL.value
    decide_title(world, draft, "restore")
    assert letter_of(world, draft).void_at is not None
    assert letter_of(world, world.submission("scored")).void_at is None
    assert issue(world) == 0
    decide_title(world, draft, "revoke")
    assert issue(world) == 1
    assert world.faults() == []


@only_sqlite
def test_a_decided_form_has_its_decision_decider_day_and_score_set(world: World) -> None:
    """S03 (9): and nothing of it can be moved by anybody any more (Z17)."""
    scored = world.submission("scored")
    round_ = hands.finalise(world)
    with world.app.app_context():
        rosters = list(db.session.scalars(select(Roster).where(Roster.round_id == round_.id)))
        lines = list(db.session.scalars(select(Designation).where(Designation.roster_id.in_([r.id for r in rosters]))))
        forms = {one.id: one for one in db.session.scalars(select(Submission))}
        sets = {(one.submission_id, one.digest) for one in db.session.scalars(select(ScoreSet))}
        acts = ("round_publicise", "round_finalise")
        moves = {one.act: one.person_id for one in db.session.scalars(select(Entry).where(Entry.act.in_(acts)))}
    assert {r.programme for r in rosters} == {"platform", "base"} and all(r.fixed_at for r in rosters)
    assert len(lines) == len(forms) and all(line.outcome is not None for line in lines)
    for line in lines:
        form = forms[line.submission_id or 0]
        assert line.total == form.total
        assert (form.state is State.SCORED) == ((form.id, form.score_set) in sets) == (form.total is not None)
    assert moves["round_publicise"] != moves["round_finalise"]
    before = kept_rows(world)
    province, expert, sheet = world.browser("province"), world.browser("expert"), sheet_of(world, scored)
    refused = [
        reopen(province, sheet), hand_in(expert, sheet), world.fire(province, scored, "rescore", reason="改"),
        expert.post(f"/submissions/{scored.public_id}/score-sheet", {"version": sheet.version, "points-1": "1"}),
        province.post(f"/submissions/{scored.public_id}/ruling", {"version": 1, "outcome": "fail", "reason": "改"}),
    ]  # fmt: skip
    assert {answer.status_code for answer in refused} <= {409, 422}
    after = kept_rows(world)
    assert {name: after[name] for name in KEPT if name != "journal"} == {n: before[n] for n in KEPT if n != "journal"}


def holds(world: World, submission: Submission) -> None:
    """C09: what is scored comes of the sheets as they stand, and the set says so."""
    row, sheet = world.now(submission), sheet_of(world, submission)
    if row.state is not State.SCORED:
        return
    assert sheet.handed_in_at is not None
    with world.app.app_context():
        query = select(ScoreSet).where(ScoreSet.submission_id == row.id, ScoreSet.digest == row.score_set)
        kept = db.session.scalars(query).one()
        last = select(SheetVersion).where(SheetVersion.sheet_id == sheet.id).order_by(SheetVersion.number.desc())
        marks = db.session.scalars(last).first()
    assert marks is not None
    assert kept.total == row.total == sum(Decimal(mark["points"]) for mark in marks.marks)


@pytest.mark.parametrize("rounds", [3, pytest.param(25, marks=pytest.mark.thorough)])
def test_province_decides_while_an_expert_hands_in_again(world: World, rounds: int) -> None:
    """C09: scored with what stood before, or with what was handed in; never of a sheet that is open."""
    audited = world.submission("audited")
    province, second, expert = (browser_for(world, login) for login in ("province", "province2", "expert"))
    assert hand_in(expert, sheet_of(world, audited)).status_code == 303
    before, done = len(hands.entries(world, "score")), 0
    for number in range(rounds):
        assert reopen(province, sheet_of(world, audited)).status_code == 303
        sheet, points = sheet_of(world, audited), ("5", "6")[number % 2]
        version = world.now(audited).version
        answers = at_once(
            lambda sheet=sheet, points=points: hand_in(expert, sheet, points_1=points, change_1="改"),  # type: ignore[misc]  # bound now
            lambda version=version: province.post(f"/submissions/{audited.public_id}/score", {"version": version}),  # type: ignore[misc]  # bound now
            lambda version=version: second.post(f"/submissions/{audited.public_id}/score", {"version": version}),  # type: ignore[misc]  # bound now
        )
        codes = [answer.status_code for answer in answers]
        assert codes[0] == 303
        assert sorted(codes[1:]) in ([303, 409], [303, 422], [409, 422], [422, 422])
        holds(world, audited)
        assert codes[1:].count(303) == (world.now(audited).state is State.SCORED), "scored exactly once"
        if world.now(audited).state is State.SCORED:
            done += 1
            assert world.fire(province, audited, "rescore", reason="再来").status_code == 303
    assert len(hands.entries(world, "score")) == before + done
    assert world.faults() == []


def test_province_decides_while_another_reopens_the_sheet(world: World) -> None:
    """C09: one of both comes first; the other is refused."""
    audited = world.submission("audited")
    province, second, expert = (browser_for(world, login) for login in ("province", "province2", "expert"))
    assert hand_in(expert, sheet_of(world, audited)).status_code == 303
    for _number in range(3):
        version, sheet = world.now(audited).version, sheet_of(world, audited)
        scored, reopened = at_once(
            lambda version=version: province.post(f"/submissions/{audited.public_id}/score", {"version": version}),  # type: ignore[misc]  # bound now
            lambda sheet=sheet: reopen(second, sheet),  # type: ignore[misc]  # bound now
        )
        assert sorted((scored.status_code, reopened.status_code)) in ([303, 409], [303, 422])
        holds(world, audited)
        if scored.status_code == 303:
            assert world.fire(province, audited, "rescore", reason="再来").status_code == 303
        else:
            assert hand_in(expert, sheet_of(world, audited)).status_code == 303
    assert world.faults() == []


def test_two_people_do_the_same_at_the_same_instant(world: World) -> None:
    """Field case 4: one ruling, one publication, one answer, one confirmation; the other one is told."""
    scored, round_ = world.submission("scored"), hands.the_round(world)
    pair = [browser_for(world, login) for login in ("province", "province2")]

    def both(path: str, **data: Any) -> list[int]:
        return sorted(a.status_code for a in at_once(*(lambda one=one: one.post(path, dict(data)) for one in pair)))  # type: ignore[misc]  # bound now

    word = {"version": 1, "outcome": "excellent", "reason": "一致同意"}
    assert both(f"/submissions/{scored.public_id}/ruling", **word) == [303, 409]
    hands.fire(world, RoundTrigger.CLOSE, "province")
    here, version = f"/rounds/{round_.public_id}", hands.the_round(world).version
    assert both(f"{here}/publicise", version=version, defer="1", reason="材料未齐") == [303, 409]
    objection = object_to(world)
    assert both(f"/objections/{objection}", version=1, upheld="no", answer="经核查不属实。") == [303, 409]
    with world.app.app_context():
        publicised = db.session.scalars(select(Entry).where(Entry.act == "round_publicise")).one()
        answered = db.session.scalars(select(Entry).where(Entry.act == "answer_objection")).one()
        ruled = db.session.scalars(select(Entry).where(Entry.act == "rule")).one()
    assert len({publicised.sequence, answered.sequence, ruled.sequence}) == 3
    hands.end_publicity(world)
    codes = both(f"{here}/finalise", version=hands.the_round(world).version)
    assert codes in ([303, 409], [303, 422])
    assert hands.the_round(world).state is RoundState.FINALISED
    with world.app.app_context():
        organisation = db.session.get_one(Organisation, scored.organisation_id).public_id
        origin = hands.by(world, "province")
        given = Proposal("platform", organisation, "revoke", "查实。", today())
        decision = deciding_titles.propose(given, origin=origin).target
    third = [browser_for(world, "province2") for _window in range(2)]
    settled = at_once(*(lambda one=one: one.post(f"/titles/{decision}/confirm") for one in third))  # type: ignore[misc]  # bound now
    assert sorted(a.status_code for a in settled) == [303, 409]
    assert world.faults() == []


def _acts(world: World) -> dict[str, Callable[[Origin], object]]:
    """An act of each new desk that would go through, before its round is publicised."""
    audited, scored, round_id = world.submission("audited"), world.submission("scored"), the_round(world).public_id
    hire_many(world, 2)
    plan = Plan(2, True, "", "1")
    digest, sheet, now = look(world, plan).digest, sheet_of(world, audited), the_round(world).version
    word = Word(Outcome.EXCELLENT, None, None, None, "经查")
    return {
        "province": lambda by: drawing_lots.keep_draw(round_id, plan, digest=digest, origin=by),
        "province ": lambda by: ruling.rule(RulingOn(scored.public_id, 1, word), origin=by),
        "province  ": lambda by: drawing_lots.draw_further(audited.public_id, origin=by),
        "province   ": lambda by: setting_rounds.change_settings(
            Settings(round_id, now, {"spread": "5"}, "调整"), origin=by
        ),
        "expert": lambda by: marking.keep_marks(
            Marks(audited.public_id, sheet.version, {1: "1"}, {1: "少"}), origin=by
        ),
        "expert ": lambda by: declaring.declare_interest(audited.public_id, "亲属", origin=by),
    }


def _later_acts(world: World) -> dict[str, Callable[[Origin], object]]:
    """And those of a round that is decided."""
    scored, round_id = world.submission("scored"), hands.the_round(world).public_id
    issue(world)
    letter = letter_of(world, scored)
    with world.app.app_context():
        organisation = db.session.get_one(Organisation, scored.organisation_id).public_id
    given = Proposal("platform", organisation, "revoke", "查实。", today())
    return {
        "province": lambda by: issuing_letters.void_letter(letter.public_id, "有误", origin=by),
        "province ": lambda by: issuing_letters.issue_letters(round_id, origin=by),
        "province  ": lambda by: deciding_titles.propose(given, origin=by),
    }


@only_sqlite
@pytest.mark.parametrize("decided", [False, True])
def test_an_act_that_cannot_be_written_down_is_not_done(
    world: World, decided: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Field case 7, T06: whole or not at all; the same act goes afterwards."""
    if decided:
        hands.finalise(world)
    acts = _later_acts(world) if decided else _acts(world)

    def broken(_entry: Entry) -> str:
        raise OSError("the disk is gone")

    for login, act in acts.items():
        origin, before = hands.by(world, login.strip()), world.dump()
        with monkeypatch.context() as patched, world.app.app_context():
            patched.setattr(journal, "digest", broken)
            with pytest.raises(OSError, match="disk"):
                act(origin)
        assert world.dump() == before
        with world.app.app_context():
            act(origin)
        assert world.dump() != before
    assert world.faults() == []


@only_sqlite
def test_an_answer_that_cannot_be_written_down_changes_no_outcome(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Field case 7: the line, the objection and the journal agree, before and after."""
    scored = world.submission("scored")
    hands.publicise(world)
    line = hands.line_of(world, scored)
    objection = object_to(world)
    hands.write(world, lambda s: setattr(s.scalars(select(Objection)).one(), "designation_id", line.id))
    word = Word(Outcome.FAIL, None, None, None, "查实")
    origin, before = hands.by(world, "province2"), world.dump()
    given = Answer(objection, 1, upheld=True, text="属实。", word=word)

    def broken(_entry: Entry) -> str:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched, world.app.app_context():
        patched.setattr(journal, "digest", broken)
        with pytest.raises(OSError, match="disk"):
            answering_objections.answer(given, origin=origin)
    assert world.dump() == before
    with world.app.app_context():
        answering_objections.answer(given, origin=origin)
    assert hands.line_of(world, scored).outcome is Outcome.FAIL
    with world.app.app_context():
        assert db.session.scalars(select(TitleDecision)).all() == []
