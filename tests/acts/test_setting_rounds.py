"""What a round sets for itself: figures only, in their order, with a reason once it is open, never once decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload, undefer

from hbreview.acts import planning_rounds, running_rounds, setting_rounds
from hbreview.acts.answering import NotEditableError
from hbreview.acts.round_settings import BY_NAME, SETTINGS, Setting, value_of
from hbreview.acts.running_rounds import Plan, RoundFiring
from hbreview.acts.setting_rounds import LeavingOut, Settings, Weights
from hbreview.acts.signing_in import actor_for
from hbreview.clock import now, today
from hbreview.extensions import db
from hbreview.model import Designation, Entry, Person, ProgrammeVersion, Round, RoundProgramme, Submission
from hbreview.model.kept import programme_of, settings_of
from hbreview.programmes import loader
from hbreview.transact import Receipt, carry_out
from hbreview.words import Outcome, Reason, RoundState, RoundTrigger
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError, StaleError
from hbreview.workflow.journal import Origin
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
Found = TypeVar("Found")


def reading(world: World, work: Callable[[Session], Found]) -> Found:
    with world.app.app_context():
        return work(db.session())


def by(world: World, login: str = "province") -> Origin:
    return reading(
        world, lambda s: Origin(actor_for(s.scalars(select(Person).where(Person.login == login)).one()), "test")
    )


def planned(world: World, **more: object) -> str:
    """A second round, still planned, beside the one that the world opened."""
    facts: dict[str, object] = {
        "year": 2019, "title": "新一轮", "programmes": ("platform", "base"),
        "enterprise_deadline": today() + timedelta(days=10), "city_deadline": today() + timedelta(days=20),
        "settings": {},
    }  # fmt: skip
    with world.app.app_context():
        return running_rounds.plan_round(Plan(**(facts | more)), origin=by(world)).target  # type: ignore[arg-type]  # a table of changes


def one(world: World, public_id: str) -> Round:
    query = select(Round).where(Round.public_id == public_id).options(selectinload(Round.programmes))
    return reading(world, lambda s: s.scalars(query).one())


def opened(world: World) -> Round:
    query = select(Round).where(Round.state == RoundState.OPEN).options(selectinload(Round.programmes))
    return reading(world, lambda s: s.scalars(query).one())


def change(world: World, round_id: str, reason: str = "", **given: str) -> None:
    with world.app.app_context():
        version = db.session.scalars(select(Round.version).where(Round.public_id == round_id)).one()
        setting_rounds.change_settings(Settings(round_id, version, given, reason), origin=by(world))


def newest(world: World) -> Entry:
    return reading(world, lambda s: s.scalars(select(Entry).order_by(Entry.sequence.desc()).limit(1)).one())


HOSTILE = ("__import__('os')", "1e9999", "=1+1", "NaN", "inf", "-1", "1_0", "٣", "①", "0x10", "{{7*7}}", "9" * 400)


@pytest.mark.parametrize("typed", HOSTILE)
def test_nothing_that_is_no_figure_in_its_limits_is_taken(typed: str) -> None:
    """I08: whatever is typed is a figure, one of the list, or refused beside its own input."""
    for name, rule in BY_NAME.items():
        found = value_of(rule, typed)
        assert isinstance(found, Reason), name
        assert found.field == name


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("pass_mark", " ６０．５ ", "60.5"), ("pass_mark", "60.0", "60"), ("commended_top", "１０", 10),
        ("remark_below", "0.65", "0.65"), ("minimum_served", "1,000", 1000), ("remarks_required", "0", 0),
        ("waive_scan", "1", True), ("waive_scan", "0", False), ("not_submitted", "deferred", "deferred"),
        ("pass_mark", "", None), ("publicity_days", " ", None),
    ],
)  # fmt: skip
def test_figures_are_kept_plainly(name: str, typed: str, kept: object) -> None:
    found = value_of(BY_NAME[name], typed)
    assert found == kept
    assert type(found) is type(kept)


@given(st.sampled_from(SETTINGS), st.text(max_size=12))
def test_any_text_is_a_value_within_limits_or_a_reason(rule: Setting, typed: str) -> None:
    found = value_of(rule, typed)
    if isinstance(found, str | int) and rule.kind not in {"flag", "outcome"}:
        assert rule.least <= Decimal(found) <= rule.most


@only_sqlite
def test_planned_round_takes_every_rule_and_reckons_with_it(world: World) -> None:
    round_id = planned(world)
    typed = {
        "pass_mark": "61", "excellent": "90", "supervised_below": "70", "commended_top": "3", "remark_below": "0.5",
        "spread": "12.5", "min_sheets": "2", "publicity_days": "7", "not_submitted": "deferred",
        "minimum_served": "50", "deduction_per_no": "1.5", "validity_years": "2", "jump_factor": "4",
        "jump_least": "20", "remarks_required": "0", "checklist_required": "1", "own_city_barred": "0",
        "enterprise_brings_report": "1", "waive_scan": "1",
    }  # fmt: skip
    assert set(typed) == set(BY_NAME)
    change(world, round_id, **typed)

    round_ = one(world, round_id)
    rules = reading(world, lambda s: settings_of(round_, programme_of(s, round_.programmes[0].version_id)))
    held = {name: getattr(rules, name, True) for name in typed}
    assert {name: str(int(value) if value is True else value) for name, value in held.items()} == typed
    assert rules.not_submitted is Outcome.DEFERRED
    entry = newest(world)
    assert (entry.act, entry.version_from, entry.version_to) == ("change_round_settings", 1, 2)
    assert entry.data["changes"]["pass_mark"] == ["", "61"]
    change(world, round_id, **dict.fromkeys(typed, ""))
    assert one(world, round_id).settings == {}
    assert world.faults() == []


DAY = date(2030, 1, 31)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"), ({"title": "x" * 201}, "title"),
        ({"enterprise_deadline": ""}, "enterprise_deadline"),
        ({"city_deadline": "2030-02-30"}, "city_deadline"), ({"city_deadline": "2030-01-30"}, "city_deadline"),
        ({"audit_deadline": "2030-01-31"}, "audit_deadline"), ({"score_deadline": "2030-02-01"}, "score_deadline"),
        ({"audit_deadline": "2030-03-05", "score_deadline": "2030-03-04"}, "score_deadline"),
        ({"excellent": "59"}, "excellent"), ({"pass_mark": "90"}, "excellent"), ({"spread": "NaN"}, "spread"),
    ],
)  # fmt: skip
@only_sqlite
def test_what_does_not_fit_is_refused_beside_its_input_and_changes_nothing(
    empty_world: World, given: Mapping[str, str], field: str
) -> None:
    with empty_world.app.app_context():
        _somebody()
    round_id = planned(empty_world, enterprise_deadline=DAY, city_deadline=date(2030, 2, 28))
    before = empty_world.dump()
    with pytest.raises(InvalidError) as caught:
        change(empty_world, round_id, **given)
    assert [reason.field for reason in caught.value.reasons] == [field]
    assert empty_world.dump() == before


def _somebody() -> None:
    from hbreview.acts.inviting import Newcomer, add_person
    from hbreview.words import Role

    carry_out(lambda s: Receipt(add_person(s, Newcomer(Role.PROVINCE, "省", "province")).public_id))


@only_sqlite
def test_open_round_wants_a_reason_and_a_decided_one_nothing_any_more(world: World) -> None:
    round_ = opened(world)
    with pytest.raises(InvalidError) as caught:
        change(world, round_.public_id, pass_mark="55")
    assert [reason.field for reason in caught.value.reasons] == ["reason"]
    change(world, round_.public_id, "会议纪要", pass_mark="55")
    assert newest(world).data == {"changes": {"pass_mark": ["", "55"]}, "reason": "会议纪要"}
    unchanged = one(world, round_.public_id).version
    change(world, round_.public_id, pass_mark="55.0")
    assert one(world, round_.public_id).version == unchanged
    with world.app.app_context():
        with pytest.raises(StaleError):
            setting_rounds.change_settings(Settings(round_.public_id, 1, {}, "x"), origin=by(world))
        with pytest.raises(ForbiddenError):
            setting_rounds.change_settings(Settings(round_.public_id, unchanged, {}), origin=by(world, "admin"))
        with pytest.raises(HiddenError):
            setting_rounds.change_settings(Settings("nothing", 1, {}), origin=by(world))
        carry_out(lambda s: Receipt(str(s.execute(update(Round).values(state=RoundState.PUBLICISED)))))
    with pytest.raises(NotEditableError):
        change(world, round_.public_id, "x", pass_mark="50")


def _weights(world: World, round_id: str, programme: str, **more: str) -> None:
    with world.app.app_context():
        version = db.session.scalars(select(Round.version).where(Round.public_id == round_id)).one()
        typed = {int(name[1:]): text for name, text in more.items() if name[0] == "w"}
        floors = {int(name[1:]): text for name, text in more.items() if name[0] == "f"}
        setting_rounds.change_weights(Weights(round_id, version, programme, typed, floors), origin=by(world))


def _version_id(world: World, round_id: str, programme: str) -> int:
    return next(line.version_id for line in one(world, round_id).programmes if line.programme == programme)


@only_sqlite
def test_weights_make_a_new_kept_version_of_this_round_alone(world: World) -> None:
    round_id = planned(world)
    before = _version_id(world, round_id, "base")
    _weights(world, round_id, "base", w1="4", w2="７")

    after = _version_id(world, round_id, "base")
    assert after != before
    assert _version_id(world, opened(world).public_id, "base") == before
    programme = reading(world, lambda s: programme_of(s, after))
    assert [one.weight for one in programme.indicators[:2]] == [Decimal(4), Decimal(7)]
    assert sum(one.weight for one in programme.indicators) == 100
    kept = reading(world, lambda s: s.get_one(ProgrammeVersion, after, options=[undefer(ProgrammeVersion.source)]))
    assert kept.digest == programme.digest
    old, new = loader.source_text("base", 2019).splitlines(), kept.source.splitlines()
    assert [b for a, b in zip(old, new, strict=True) if a != b] == ['weight = "4"', 'weight = "7"']
    entry = newest(world)
    assert (entry.act, entry.data["weights"]) == ("change_weights", {"1": ["5", "4"], "2": ["6", "7"]})
    _weights(world, round_id, "base", w1="5", w2="6")
    assert _version_id(world, round_id, "base") == before


@pytest.mark.parametrize(
    ("given", "field", "values"),
    [
        ({"w1": "7"}, "weights-platform", {"sum": "101"}),
        ({"w1": "5.9"}, "weights-platform", {"sum": "99.9"}),
        ({"w1": "__import__('os')"}, "weight-platform-1", {}),
        ({"w1": "1e9999"}, "weight-platform-1", {}),
        ({"w1": ""}, "weight-platform-1", {}),
        ({"w1": "5.05"}, "weight-platform-1", {"count": "1"}),
    ],
)
@only_sqlite
def test_weights_that_do_not_sum_to_100_are_refused_with_their_sum(
    world: World, given: dict[str, str], field: str, values: dict[str, str]
) -> None:
    round_id = planned(world)
    before = world.dump()
    with pytest.raises(InvalidError) as caught:
        _weights(world, round_id, "platform", **given)
    assert [(reason.field, dict(reason.values)) for reason in caught.value.reasons] == [(field, values)]
    assert world.dump() == before


@only_sqlite
def test_weights_of_an_open_round_and_of_another_programme_are_refused(world: World) -> None:
    with pytest.raises(NotEditableError):
        _weights(world, opened(world).public_id, "base", w1="4", w2="7")
    with pytest.raises(HiddenError):
        _weights(world, planned(world, programmes=("base",)), "platform", w1="4", w2="7")


@only_sqlite
def test_floor_share_is_changed_and_its_rule_stays(world: World) -> None:
    round_id = planned(world)
    programme = loader.shipped("platform", 2019)
    floor = next(one for one in programme.indicators if one.floor)
    _weights(world, round_id, "platform", **{f"f{floor.order}": "0.4"})
    changed = reading(world, lambda s: programme_of(s, _version_id(world, round_id, "platform")))
    now_floor = next(one.floor for one in changed.indicators if one.order == floor.order)
    assert now_floor is not None
    assert floor.floor is not None
    assert (now_floor.share, now_floor.rule) == (Decimal("0.4"), floor.floor.rule)
    with pytest.raises(InvalidError):
        _weights(world, round_id, "platform", **{f"f{floor.order}": "1.01"})


@only_sqlite
def test_who_is_left_out_gets_no_draft_and_the_reason_is_kept(world: World) -> None:
    round_id = planned(world)
    who = reading(world, lambda s: setting_rounds.participants(s, one(world, round_id)))
    first, both = who["platform"][0], {line.organisation for line in who["base"]}
    with world.app.app_context():
        with pytest.raises(InvalidError) as caught:
            setting_rounds.leave_out(LeavingOut(round_id, 1, {"platform": {first.organisation: " "}}), origin=by(world))
        assert [r.field for r in caught.value.reasons] == [f"reason-platform-{first.organisation}"]
        with pytest.raises(HiddenError):
            setting_rounds.leave_out(LeavingOut(round_id, 1, {"platform": {"nobody": "x"}}), origin=by(world))
        setting_rounds.leave_out(
            LeavingOut(round_id, 1, {"platform": {first.organisation: "已注销"}}), origin=by(world)
        )
        running_rounds.fire_round(RoundFiring(round_id, RoundTrigger.OPEN, 2, {}), origin=by(world))
        with pytest.raises(NotEditableError):
            setting_rounds.leave_out(LeavingOut(round_id, 3, {}), origin=by(world))
    made = reading(
        world,
        lambda s: s.scalars(
            select(Submission)
            .join(Round)
            .where(Round.public_id == round_id)
            .options(selectinload(Submission.organisation))
        ).all(),
    )
    platform = {row.organisation.public_id for row in made if row.programme == "platform"}
    assert platform == {line.organisation for line in who["platform"]} - {first.organisation}
    assert {row.organisation.public_id for row in made if row.programme == "base"} == both
    shown = reading(world, lambda s: setting_rounds.participants(s, one(world, round_id)))["platform"]
    assert [line.name for line in shown if line.left_out == "已注销"] == [first.name]
    assert world.faults() == []


@only_sqlite
def test_only_valid_lines_of_the_roster_in_force_take_part(world: World) -> None:
    round_id = planned(world)
    with world.app.app_context():
        revoked = update(Designation).where(Designation.position == 1).values(outcome=Outcome.FAIL)
        carry_out(lambda s: Receipt(str(s.execute(revoked))))
    who = reading(world, lambda s: setting_rounds.participants(s, one(world, round_id)))
    assert {key: len(lines) for key, lines in who.items()} == {"platform": 69, "base": 68}


def _uploaded(world: World, year: int, *, note: str = "") -> str:
    """A version of the platform's programme of another year, as somebody brought it."""
    source = loader.source_text("platform", 2019).replace("year = 2019", f"year = {year}", 1) + f"# {note}\n"
    digest = loader.load_text(source, source="platform.toml").digest

    def work(session: Session) -> Receipt:
        person = session.scalars(select(Person.id).where(Person.login == "province")).one()
        session.add(ProgrammeVersion(
            programme="platform", year=year, digest=digest, source=source, uploaded_by=person, uploaded_at=now(),
            note=note,
        ))  # fmt: skip
        return Receipt("")

    with world.app.app_context():
        carry_out(work)
    return digest


@only_sqlite
def test_round_of_a_year_without_a_shipped_file_takes_the_uploaded_version(world: World) -> None:
    first = _uploaded(world, 2031, note="甲")
    only = planned(world, year=2031, programmes=("platform",))
    second = _uploaded(world, 2031, note="乙")
    named = planned(world, year=2031, programmes=("platform",), versions={"platform": second})
    digests = {
        row[0]: row[1]
        for row in reading(world, lambda s: s.execute(
            select(Round.public_id, ProgrammeVersion.digest).join(RoundProgramme, RoundProgramme.round_id == Round.id)
            .join(ProgrammeVersion, ProgrammeVersion.id == RoundProgramme.version_id)
            .where(Round.year == 2031)
        ).all())
    }  # fmt: skip
    assert digests == {only: first, named: second}
    for versions, year, field in (({}, 2031, "version_platform"), ({"platform": first}, 2019, "version_platform"),
                                  ({"platform": "0" * 64}, 2031, "version_platform"), ({}, 2032, "year")):  # fmt: skip
        with pytest.raises(InvalidError) as caught:
            planned(world, year=year, programmes=("platform",), versions=versions)
        assert [reason.field for reason in caught.value.reasons] == [field]
    offered = reading(world, planning_rounds.offered_versions)
    assert {(o.year, o.shipped) for o in offered} == {(2031, False), (2019, True)}
    assert reading(world, lambda s: s.scalar(select(func.count()).select_from(Round))) == 3
