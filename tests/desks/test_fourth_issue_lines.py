"""Lines of the fourth issue that nothing else holds: papers confirmed by number and square, and what pages tell."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from hbreview import clock
from hbreview.acts import issuing_letters
from hbreview.desks.province import meeting_made
from hbreview.documents import receipt
from hbreview.evaluation import points
from hbreview.extensions import db
from hbreview.model import (
    DecisionLetter,
    Designation,
    Mail,
    MonthlyRecord,
    Person,
    Revision,
    Roster,
    Round,
    Ruling,
)
from hbreview.notices import reminders
from hbreview.notices.letters import AUDITOR_REMINDER
from hbreview.notices.reminders import Reminder
from hbreview.words import Role
from tests.acts import deciding_hands as hands
from tests.acts import sheet_hands as sheets
from tests.desks.machines import machine_of
from tests.notices.addressed import give_addresses, skip_to_now
from tests.worlds import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def told(world: World, path: str, **asked: str) -> str:
    return world.stranger().get(path, query_string=asked).get_data(as_text=True)


def test_a_letter_is_confirmed_by_the_number_on_it(world: World) -> None:
    scored = world.submission("scored")
    hands.finalise(world)
    with world.app.app_context():
        origin = hands.by(world, "province")
        issuing_letters.issue_letters(hands.the_round(world).public_id, origin=origin)
        line = hands.line_of(world, scored).id
        letter = db.session.scalars(select(DecisionLetter).where(DecisionLetter.designation_id == line)).one()
    number, year, place = letter.facts["number"], letter.facts["year"], letter.number
    wide = "".join(chr(ord(sign) + 0xFEE0) if "0" <= sign <= "9" else sign for sign in number)
    for typed in (number, wide, f"〔{year}年度〕{place}号", f"{year}年度 第 {place} 号", f"[{year}年度] {place}"):
        page = told(world, "/letters", code=typed)
        assert scored.organisation_name in page, typed
        assert issuing_letters.grouped_code(letter.code) not in page, "who knows the number learns no code"
    other = (
        f"〔{year}年度〕9999号",
        f"〔{year - 1}年度〕{place}号",
        f"1{year}年度{place}号",
        str(place),
        number[:-2] + "0000000号",
    )
    for typed in other:
        page = told(world, "/letters", code=typed)
        assert scored.organisation_name not in page, typed
        assert "alert-warning" in page


def test_a_receipt_is_confirmed_by_its_number(world: World) -> None:
    submitted = world.submission("submitted")
    with world.app.app_context():
        digest = db.session.scalars(select(Revision.digest).where(Revision.submission_id == submitted.id)).first()
    assert digest is not None
    short = digest[: receipt.SHORT_DIGEST]
    grouped = " ".join(short[at : at + 4] for at in range(0, len(short), 4))
    for typed in (short, grouped, short.upper()):
        page = told(world, "/receipts", digest=typed)
        assert submitted.organisation_name in page and digest in page, typed
    for typed in (short[:-1], "%" * 16, "_" * 16, short[::-1]):
        assert submitted.organisation_name not in told(world, "/receipts", digest=typed), typed


def test_auditors_are_reminded_of_what_their_firm_has_not_signed_off(world: World) -> None:
    """Each step once; nothing once the day is moved, taken away or the round decided."""
    day = date(2030, 6, 20)
    give_addresses(world)
    skip_to_now(world)
    far = date(2040, 1, 1)

    def change(**values: object) -> None:
        hands.write(world, lambda session: session.execute(update(Round).values(**values)))

    def turn(left: int) -> list[Reminder]:
        today = day - timedelta(days=left)
        with world.app.app_context():
            return [one for one in reminders.due(db.session(), today=today) if one.kind == AUDITOR_REMINDER]

    change(enterprise_deadline=far, city_deadline=far, audit_deadline=day)
    waiting = len([1 for programme in ("platform", "base") if world.submission("city_reviewed", programme).firm_id])
    assert waiting and [len(turn(left)) for left in (8, 7, 3, 1, 0, -1)] == [0, 1, 1, 1, 1, 0]
    (one,) = turn(3)
    assert one.data["count"] == waiting and one.data["deadline"] == day.isoformat()
    assert len({turn(left)[0].key for left in (7, 3, 1, 0)}) == 3
    with world.app.app_context():
        person, mail = db.session.get_one(Person, one.person_id), Mail(kind=one.kind, data=one.data)
        assert person.role is Role.AUDITOR and reminders.still_owed(db.session(), mail, person)
    for values in ({"audit_deadline": far}, {"audit_deadline": None}, {"audit_deadline": day, "state": "publicised"}):
        change(**values)
        assert turn(3) == []
        with world.app.app_context():
            person = db.session.get_one(Person, one.person_id)
            assert not reminders.still_owed(db.session(), mail, person)


def test_the_calendar_has_the_day_of_whoever_asks(world: World) -> None:
    days = {"audit_deadline": date(2031, 2, 3), "score_deadline": date(2031, 4, 5)}
    hands.write(world, lambda session: session.execute(update(Round).values(**days)))
    for login, audits, scores in (("auditor", True, False), ("expert", False, True), ("province", True, True)):
        text = world.browser(login).get("/calendar.ics").get_data(as_text=True)
        assert (("20310203" in text), ("20310405" in text)) == (audits, scores), login
    assert "20310203" not in world.enterprise(world.submission("draft")).get("/calendar.ics").get_data(as_text=True)


def test_monthly_records_stand_beside_a_form_of_either_programme(world: World) -> None:
    """Platforms have an indicator about them, bases (section 六) have none: whoever judges sees them all the same."""
    for programme in ("platform", "base"):
        audited = world.submission("audited", programme)
        path = f"/submissions/{audited.public_id}"
        assert "月度报送记录" not in world.browser("expert").get(f"{path}/score-sheet").get_data(as_text=True)
        hands.write(world, lambda session, one=audited: session.add_all(
            MonthlyRecord(
                programme=one.programme, organisation_id=one.organisation_id, year=hands.the_round(world).year,
                month=month, due_on=date(2020, 1, 10), reported_on=date(2020, 1, 9 + month // 3), figures={},
                recorded_at=clock.now(),
            )
            for month in range(1, 7)
        ))  # fmt: skip
        sheet = world.browser("expert").get(f"{path}/score-sheet").get_data(as_text=True)
        assert sheet.count('class="reporting"') == 1
        for login in ("province", f"city-{audited.region}"):
            page = world.browser(login).get(path).get_data(as_text=True)
            assert 'id="monthly"' in page and "5" in page.split('id="monthly">')[1].split("</p>")[0]


def test_the_ranking_shows_one_of_the_two_lists(world: World) -> None:
    scored, path = world.submission("scored"), f"/rounds/{hands.the_round(world).public_id}/ranking"
    hands.write(world, lambda session: session.add(
        Ruling(
            submission_id=scored.id, supervised=True, commended=False, reason="整改", person_id=1,
            created_at=clock.now(),
        )
    ))  # fmt: skip
    province = world.browser("province")
    row = f'id="row-{scored.public_id}"'
    for asked, there in (("", True), ("supervised", True), ("commended", False), ("nonsense", True)):
        page = province.get(path, query_string={"listed": asked}).get_data(as_text=True)
        assert (row in page) is there, asked


def test_the_panel_shows_how_each_expert_deviates_from_himself(world: World) -> None:
    """Two totals of one expert, each one deviation from their mean."""
    for state, share in (("audited", "0.75"), ("scored", "0.55")):
        sheets.put_sheet(world, world.submission(state), "second", share)
    page = world.browser("province").get(f"/rounds/{hands.the_round(world).public_id}/panel").get_data(as_text=True)
    found = re.findall(r'专家second <b class="num">([0-9.]+)</b> <span class="hint num">z ([^<]+)</span>', page)
    assert {z for _total, z in found} == {"+1.00", "-1.00"}
    assert next(total for total, z in found if z == "+1.00") > next(total for total, z in found if z == "-1.00")


def test_an_imported_roster_can_still_be_read_when_a_round_has_another(world: World) -> None:
    with world.app.app_context():
        imported = db.session.scalars(select(Roster).where(Roster.programme == "platform")).one()
        first = db.session.scalars(select(Designation).where(Designation.roster_id == imported.id)).first()
    assert first is not None
    other = world.submission("scored")
    hands.finalise(world)
    hands.write(world, lambda session: session.execute(
        update(Designation).where(Designation.submission_id == other.id).values(commended=True)
    ))  # fmt: skip
    key = f"imported-{imported.year or ''}"
    page = told(world, "/designations")
    assert f'<option value="{key}">' in page and "表扬" in page
    past = told(world, "/designations", round=key)
    assert first.organisation_name in past and f'<option value="{key}" selected>' in past and "表扬" not in past
    file = world.stranger().get("/designations.csv", query_string={"round": key, "programme": "platform"})
    assert first.organisation_name in file.data.decode("utf-8-sig")
    for wrong in ("imported-x", "imported-9999", "imported-２０１９", "imported-0"):
        assert first.organisation_name not in told(world, "/designations", round=wrong)


def test_the_meetings_papers_take_off_what_the_round_takes_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every form has said one "no", and the round has points of its own for it."""
    round_ = hands.the_round(world)
    own = {**round_.settings, "deduction_per_no": "2.5"}
    hands.write(world, lambda session: session.execute(update(Round).where(Round.id == round_.id).values(settings=own)))
    monkeypatch.setattr(points, "deduction", lambda programme, _answers: programme.defaults.deduction_per_no)
    with world.app.app_context():
        query = select(Round).where(Round.id == round_.id).options(selectinload(Round.programmes))
        papers = meeting_made.papers_of(db.session(), db.session.scalars(query).one())
    found = {one.deduction for programme in papers.programmes for one in programme.organisations}
    assert found == {Decimal("2.5")}


def test_machines_read_the_days_of_each_role_and_the_two_lists(world: World) -> None:
    scored, round_ = world.submission("scored"), hands.the_round(world)
    days = {"audit_deadline": date(2031, 2, 3), "score_deadline": None}
    hands.write(world, lambda session: session.execute(update(Round).values(**days)))
    machine = machine_of(world)
    read = json.loads(machine.get(f"/rounds/{round_.public_id}").data)
    assert (read["audit_deadline"], read["score_deadline"]) == ("2031-02-03", None)
    hands.finalise(world)
    items = json.loads(machine.get(f"/rounds/{round_.public_id}/scores?limit=200").data)["items"]
    line = hands.line_of(world, scored)
    (one,) = [item for item in items if item["submission"] == scored.public_id]
    assert (one["commended"], one["supervised"]) == (line.commended, line.supervised)
    assert {item["commended"] for item in items} == {True, False}


def test_what_was_taken_off_a_total_stands_beside_it(world: World) -> None:
    """Base, section 六: the total is less than what the experts gave, and says by how much."""
    base, round_ = world.submission("scored", "base"), hands.the_round(world)
    province = world.browser("province")

    def beside() -> str:
        page = province.get(f"/rounds/{round_.public_id}/panel/{base.public_id}").get_data(as_text=True)
        return page.split('class="tally"')[1].split("</p>")[0]

    assert "2.5" not in beside()
    world.fire(province, base, "rescore", reason="核对")
    own = {**round_.settings, "deduction_per_no": "2.5"}
    hands.write(world, lambda session: session.execute(update(Round).where(Round.id == round_.id).values(settings=own)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(points, "deduction", lambda programme, _answers: programme.defaults.deduction_per_no)
        assert world.fire(province, base, "score").status_code == 303
    assert "2.5" in beside() and world.now(base).total == (base.total or 0) - Decimal("2.5")
