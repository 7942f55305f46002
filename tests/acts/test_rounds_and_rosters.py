"""Rosters taken in, rounds moved along, outcomes decided: the acts themselves, and the commands over them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hbreview.acts import designating, importing, running_rounds
from hbreview.acts.inviting import Newcomer, add_person
from hbreview.acts.running_rounds import Plan, RoundFiring
from hbreview.acts.signing_in import actor_for
from hbreview.clock import SHANGHAI
from hbreview.documents.roster_reading import read_roster
from hbreview.extensions import db
from hbreview.model import Answer, Designation, Entry, Organisation, Person, Roster, Round, Submission
from hbreview.programmes import loader
from hbreview.transact import Receipt, carry_out
from hbreview.words import Outcome, Role, RoundState, RoundTrigger, State
from hbreview.workflow.errors import ForbiddenError, InvalidError, StaleError, WrongStateError
from hbreview.workflow.journal import Origin
from tests.documents.roster_builders import notice_rows
from tests.worlds import World

NOTICE = Path(__file__).resolve().parents[1] / "data" / "notice.txt"
NOBODY = Origin(None, "test")
Found = TypeVar("Found")


def _reading(world: World, work: Callable[[Session], Found]) -> Found:
    with world.app.app_context():
        return work(db.session())


def _one_round(session: Session) -> Round:
    return session.scalars(select(Round).options(selectinload(Round.programmes))).one()


def _import(world: World) -> None:
    with world.app.app_context():
        importing.import_roster(notice_rows(), origin=NOBODY)


def _hire(world: World, role: Role, login: str) -> Origin:
    def work(session: Session) -> Receipt:
        return Receipt(add_person(session, Newcomer(role, login, login)).public_id)

    with world.app.app_context():
        carry_out(work)
        person = db.session.scalars(select(Person).where(Person.login == login)).one()
        return Origin(actor_for(person), "test")


def _plan(world: World, by: Origin, **settings: object) -> str:
    plan = Plan(2019, "2019年度", ("platform", "base"), date(2030, 1, 31), date(2030, 2, 28), settings)
    with world.app.app_context():
        return running_rounds.plan_round(plan, origin=by).target


def _fire(world: World, round_id: str, trigger: RoundTrigger, by: Origin, **data: str) -> None:
    with world.app.app_context():
        version = db.session.scalars(select(Round.version).where(Round.public_id == round_id)).one()
        running_rounds.fire_round(RoundFiring(round_id, trigger, version, data), origin=by)


def _score(world: World, totals: dict[int, str], *, others: State = State.DRAFT) -> None:
    """Write totals straight into the rows: what is under test is what comes of them."""

    def work(session: Session) -> Receipt:
        for place, submission in enumerate(session.scalars(select(Submission).order_by(Submission.id))):
            submission.state = State.SCORED if place in totals else others
            submission.total = Decimal(totals[place]) if place in totals else None
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def _state(world: World, round_id: str) -> RoundState:
    return _reading(world, lambda s: s.scalars(select(Round.state).where(Round.public_id == round_id)).one())


def _refusal(world: World, round_id: str, trigger: RoundTrigger, by: Origin, **data: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidError) as caught:
        _fire(world, round_id, trigger, by, **data)
    return [(reason.field, reason.rule) for reason in caught.value.reasons]


def test_import_of_the_notice_twice_changes_nothing_the_second_time(empty_world: World) -> None:
    _import(empty_world)
    before = empty_world.dump()

    _import(empty_world)

    assert empty_world.dump() == before
    assert len(before["organisations"]) == 129
    assert len(before["designations"]) == 139
    assert len(before["rosters"]) == 2
    assert empty_world.faults() == []


def test_preview_of_the_notice_tells_what_is_new_and_then_nothing(empty_world: World) -> None:
    rows = notice_rows()
    first = _reading(empty_world, lambda s: importing.preview(s, rows))
    assert len(first.new_organisations) == 129
    assert first.new_rosters == {"platform": 70, "base": 69}
    assert (first.joined, first.unchanged, first.is_empty) == (10, [], False)
    assert _reading(empty_world, lambda s: s.scalars(select(Organisation.id)).all()) == []

    _import(empty_world)
    again = _reading(empty_world, lambda s: importing.preview(s, rows))
    assert (again.new_organisations, again.new_rosters, again.is_empty) == ([], {}, True)
    assert sorted(again.unchanged) == ["base", "platform"]

    changed = [row for row in rows if row.programme == "base"][:-1]
    shorter = _reading(empty_world, lambda s: importing.preview(s, changed))
    assert (shorter.new_organisations, shorter.new_rosters) == ([], {"base": 68})


def test_organisations_of_the_notice_stand_in_thirteen_regions_and_none_in_xinji(empty_world: World) -> None:
    _import(empty_world)

    found = set(_reading(empty_world, lambda s: s.scalars(select(Organisation.region)).all()))

    known = {region.key for region in loader.regions()}
    assert len(known) == 14
    assert known - found == {"xinji"}


def test_opened_round_makes_139_drafts_in_roster_order_with_names_filled_in(empty_world: World) -> None:
    _import(empty_world)
    by = _hire(empty_world, Role.PROVINCE, "p1")
    round_id = _plan(empty_world, by)

    _fire(empty_world, round_id, RoundTrigger.OPEN, by)

    drafts = _reading(empty_world, lambda s: list(s.scalars(select(Submission).order_by(Submission.id))))
    wanted = [(r.programme, r.organisation, r.site_name, r.region, r.printed_region, r.national) for r in notice_rows()]
    assert [
        (d.programme, d.organisation_name, d.site_name, d.region, d.printed_region, d.national) for d in drafts
    ] == wanted
    assert {d.state for d in drafts} == {State.DRAFT}
    answers = _reading(
        empty_world,
        lambda s: {(i, k): v for i, k, v in s.execute(select(Answer.submission_id, Answer.key, Answer.value))},
    )
    names = {(d.id, "organization_name"): d.organisation_name for d in drafts}
    sites = {(d.id, "base_name"): d.site_name for d in drafts if d.programme == "base"}
    assert answers == names | sites
    assert empty_world.faults() == []


def test_round_without_a_roster_is_not_opened(empty_world: World) -> None:
    by = _hire(empty_world, Role.PROVINCE, "p1")
    round_id = _plan(empty_world, by)

    assert _refusal(empty_world, round_id, RoundTrigger.OPEN, by) == [("", "R2")]
    assert _state(empty_world, round_id) is RoundState.PLANNED


def test_round_moved_by_another_role_stale_or_out_of_turn_is_refused(empty_world: World) -> None:
    _import(empty_world)
    by = _hire(empty_world, Role.PROVINCE, "p1")
    admin = _hire(empty_world, Role.ADMIN, "a1")
    round_id = _plan(empty_world, by)

    with pytest.raises(ForbiddenError):
        _fire(empty_world, round_id, RoundTrigger.OPEN, admin)
    with pytest.raises(WrongStateError):
        _fire(empty_world, round_id, RoundTrigger.CLOSE, by)
    _fire(empty_world, round_id, RoundTrigger.OPEN, by)
    with empty_world.app.app_context(), pytest.raises(StaleError):
        running_rounds.fire_round(RoundFiring(round_id, RoundTrigger.CLOSE, 1, {}), origin=by)
    assert _state(empty_world, round_id) is RoundState.OPEN


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"programmes": ()}, "programmes"),
        ({"year": 1999}, "year"),
        ({"city_deadline": date(2030, 1, 30)}, "city_deadline"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_plan_with_a_fault_is_refused_beside_the_field(
    empty_world: World, change: dict[str, object], field: str
) -> None:
    by = _hire(empty_world, Role.PROVINCE, "p1")
    given: dict[str, object] = {
        "year": 2019, "title": "t", "programmes": ("platform",), "enterprise_deadline": date(2030, 1, 31),
        "city_deadline": date(2030, 2, 28), "settings": {},
    }  # fmt: skip
    with empty_world.app.app_context(), pytest.raises(InvalidError) as caught:
        running_rounds.plan_round(Plan(**(given | change)), origin=by)  # type: ignore[arg-type]  # a table of changes
    assert [reason.field for reason in caught.value.reasons] == [field]


def _closed_round(world: World, **settings: object) -> tuple[str, Origin, Origin]:
    _import(world)
    first, second = _hire(world, Role.PROVINCE, "p1"), _hire(world, Role.PROVINCE, "p2")
    round_id = _plan(world, first, **settings)
    _fire(world, round_id, RoundTrigger.OPEN, first)
    _fire(world, round_id, RoundTrigger.CLOSE, first)
    return round_id, first, second


def test_closed_round_is_reopened_only_with_a_reason(empty_world: World) -> None:
    round_id, first, _second = _closed_round(empty_world)

    assert _refusal(empty_world, round_id, RoundTrigger.REOPEN, first, reason="  ") == [("reason", "R4")]
    _fire(empty_world, round_id, RoundTrigger.REOPEN, first, reason="名单有误")

    assert _state(empty_world, round_id) is RoundState.OPEN
    data = _reading(empty_world, lambda s: s.scalars(select(Entry.data).where(Entry.act == "round_reopen")).one())
    assert data["reason"] == "名单有误"


def test_unfinished_submissions_block_publicising_unless_deferred_with_a_reason(empty_world: World) -> None:
    round_id, first, _second = _closed_round(empty_world)
    _score(empty_world, {0: "90.0"}, others=State.SUBMITTED)

    assert _refusal(empty_world, round_id, RoundTrigger.PUBLICISE, first) == [("defer", "")]
    assert _refusal(empty_world, round_id, RoundTrigger.PUBLICISE, first, defer="1") == [("reason", "R4")]
    _fire(empty_world, round_id, RoundTrigger.PUBLICISE, first, defer="1", reason="疫情影响")

    rows = _reading(empty_world, _proposed)
    assert rows[0].outcome is Outcome.EXCELLENT
    assert {(row.outcome, row.reason, row.total) for row in rows[1:]} == {(Outcome.DEFERRED, "疫情影响", None)}


def _proposed(session: Session) -> list[Designation]:
    query = select(Designation).join(Roster, Roster.id == Designation.roster_id).where(Roster.round_id.is_not(None))
    return list(session.scalars(query.order_by(Designation.submission_id)))


def test_proposed_roster_is_not_public_and_its_proposer_does_not_finalise(empty_world: World) -> None:
    round_id, first, second = _closed_round(empty_world, publicity_days=0)
    _score(empty_world, {place: "59.9" if place == 3 else "80.0" for place in range(139)})
    stranger = empty_world.stranger()
    before = stranger.get("/designations.csv").data

    _fire(empty_world, round_id, RoundTrigger.PUBLICISE, first)
    assert stranger.get("/designations.csv").data == before
    proposed = stranger.get(f"/designations.csv?round={round_id}").data
    assert read_roster(before, filename="a.csv").rows == notice_rows()
    assert proposed.count(b"\n") == 1  # the heads only

    assert _refusal(empty_world, round_id, RoundTrigger.FINALISE, first) == [("", "")]
    _fire(empty_world, round_id, RoundTrigger.FINALISE, second)
    after = stranger.get("/designations.csv").data
    assert after == stranger.get(f"/designations.csv?round={round_id}").data
    assert len(read_roster(after, filename="a.csv").rows) == 138


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_publicity_of_five_days_counts_working_days_and_its_last_day(empty_world: World) -> None:
    with time_machine.travel(datetime(2026, 3, 5, 12, tzinfo=SHANGHAI), tick=False):  # a Thursday
        round_id, first, second = _closed_round(empty_world)
        _fire(empty_world, round_id, RoundTrigger.PUBLICISE, first)
        ends = _reading(empty_world, lambda s: running_rounds.publicity_ends(s, _one_round(s)))
    assert ends == date(2026, 3, 12)
    with time_machine.travel(datetime(2026, 3, 12, 23, 59, 59, tzinfo=SHANGHAI), tick=False):
        assert _refusal(empty_world, round_id, RoundTrigger.FINALISE, second) == [("", "R9")]
    with time_machine.travel(datetime(2026, 3, 13, tzinfo=SHANGHAI), tick=False):
        _fire(empty_world, round_id, RoundTrigger.FINALISE, second)
    found = _reading(empty_world, lambda s: set(s.scalars(select(Roster.valid_until).where(Roster.round_id > 0))))
    assert found == {date(2029, 3, 13)}


def test_standings_with_ties_share_a_rank_and_name_the_outcomes(empty_world: World) -> None:
    _closed_round(empty_world)
    totals = {0: "91.5", 1: "91.5", 2: "85.0", 3: "84.9", 4: "64.9", 5: "60.0", 6: "59.9", 7: "91.4"}
    _score(empty_world, totals)

    def standings(session: Session) -> list[designating.Standing]:
        round_ = _one_round(session)
        line = next(line for line in round_.programmes if line.programme == "platform")
        return designating.standings(session, round_, line)

    found = _reading(empty_world, standings)
    assert len(found) == 70
    excellent, passed, failed = Outcome.EXCELLENT, Outcome.PASS, Outcome.FAIL
    assert [(s.rank, s.outcome, s.commended, s.supervised) for s in found[:9]] == [
        (1, excellent, True, False),
        (1, excellent, True, False),
        (4, excellent, True, False),
        (5, passed, True, False),
        (6, passed, True, True),
        (7, passed, True, True),
        (8, failed, False, False),
        (3, excellent, True, False),
        (None, failed, False, False),
    ]
    assert [s.reason for s in found[5:9]] == ["", "below_mark", "", "not_submitted"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_ranking_page_shows_why_a_submission_failed(empty_world: World) -> None:
    from hbreview.acts.rehearsing import PASSWORD
    from hbreview.acts.signing_in import HASHER

    round_id, _first, _second = _closed_round(empty_world)
    _score(empty_world, {0: "59.9", 1: "88.0"})

    def work(session: Session) -> Receipt:
        session.scalars(select(Person).where(Person.login == "p1")).one().password_hash = HASHER.hash(PASSWORD)
        return Receipt("")

    with empty_world.app.app_context():
        carry_out(work)
    province = empty_world.browser("p1")
    province.post("/language", {"language": "en"})
    page = province.get(f"/rounds/{round_id}/ranking").get_data(as_text=True)
    assert "below the pass mark" in page
    assert "not submitted" in page
    assert page.index("88.0") < page.index("59.9")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_roster_import_command_previews_imports_and_repeats(empty_world: World) -> None:
    runner = empty_world.app.test_cli_runner()

    dry = runner.invoke(args=["roster", "import", str(NOTICE), "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert "platform: 70 lines, 15 national, 13 regions" in dry.output
    assert "base: 69 lines, 11 national, 12 regions" in dry.output
    assert "organisations: 129, 129 new" in dry.output
    assert dry.output.endswith("Nothing was changed.\n")
    assert _reading(empty_world, lambda s: s.scalars(select(Roster)).all()) == []

    done = runner.invoke(args=["roster", "import", str(NOTICE), "--yes"])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "Done.")
    again = runner.invoke(args=["roster", "import", str(NOTICE), "--yes"])
    assert (again.exit_code, again.output.splitlines()[-1]) == (0, "Nothing changes.")
    assert "organisations: 129, 0 new" in again.output


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_roster_import_command_with_a_faulty_file_changes_nothing(empty_world: World, tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.csv"
    faulty.write_text("序号,地区,单位名称\n1,石家庄,甲公司\n3,火星,乙公司\n", encoding="utf-8")

    result = empty_world.app.test_cli_runner().invoke(args=["roster", "import", str(faulty), "--yes"])

    assert result.exit_code == 1
    assert "nothing was changed" in result.output
    assert _reading(empty_world, lambda s: s.scalars(select(Organisation)).all()) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_commands_with_json_print_json_and_nothing_else(empty_world: World) -> None:
    runner = empty_world.app.test_cli_runner()

    seeded = runner.invoke(args=["seed", "--profile", "matrix", "--json"])
    assert seeded.exit_code == 0, seeded.output
    people = json.loads(seeded.stdout)["people"]
    assert len(people) == 5 + 14 + 129
    assert {person["role"] for person in people} == {role.value for role in Role}

    law = json.loads(runner.invoke(args=["policy", "--json"]).stdout)
    assert {"routes", "chain", "round_chain"} <= law.keys()
    assert {step["trigger"] for step in law["round_chain"]} == {trigger.value for trigger in RoundTrigger}

    checked = runner.invoke(args=["check", "--json"])
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["faults"] == []

    refused = runner.invoke(args=["seed", "--profile", "matrix", "--json"])
    assert refused.exit_code == 1
