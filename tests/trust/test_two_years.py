"""Two rounds of two years side by side, each by its own version of the programme (S06, Z17; field-cases 11, 29, 50)."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hbreview.acts import bringing_programmes, planning_rounds, running_rounds
from hbreview.acts.bringing_programmes import Brought
from hbreview.acts.imagining import imagine
from hbreview.acts.planning_rounds import Plan
from hbreview.acts.running_rounds import RoundFiring
from hbreview.acts.standing import standing_of
from hbreview.clock import today
from hbreview.documents.workbook_reading import workbook_sheets
from hbreview.extensions import db
from hbreview.model import Round, Submission
from hbreview.model.kept import programme_of
from hbreview.programmes import loader
from hbreview.programmes.schema import Programme
from hbreview.words import RoundState, RoundTrigger, State
from tests.acts.test_standing import loaded
from tests.trust.desk_hands import fill, live, only_sqlite, origin_of
from tests.worlds import Browser, World

OLD_NAME, NEW_NAME, GONE = "日常调度", "信息报送与协同", "市级及以上表彰、媒体报道情况"
NEW_FIELD = """[[field]]
key = "patents"
section = 3
label = { zh = "有效专利数", en = "Patents in force" }
type = "integer"
unit = "件"
supplementary = true
evidence_for = [12]
minimum = "0"

"""
# What looking at a page, or a refused try, may leave behind; an interest is of a person and an organisation.
_HARMLESS = {"journal", "journal_head", "looks", "people", "interests"}


def next_year(text: str) -> str:
    """The programme of 2020: one indicator renamed, one taken out with its weight moved, one field more."""
    text = text.replace("year = 2019", "year = 2020", 1)
    text = text.replace(
        f'name = {{ zh = "{OLD_NAME}", en = "Routine reporting" }}', f'name = {{ zh = "{NEW_NAME}", en = "Reports" }}'
    )
    text = re.sub(
        r"\[\[indicator\]\]\norder = 9\n.*?(?=\[\[indicator\]\]\norder = 10\n)", "", text, count=1, flags=re.S
    )
    text = text.replace("evidence_for = [9]\n", "")
    text = text.replace('weight = "12"', 'weight = "16"', 1)
    return text.replace(
        '[[field]]\nkey = "public_service_products"', NEW_FIELD + '[[field]]\nkey = "public_service_products"', 1
    )


@dataclass
class TwoYears:
    """The world with the decided round of 2019 and the open one of 2020, and one organisation's forms in both."""

    world: World
    old_round: Round
    new_round: Round
    old: Submission
    new: Submission

    def programme(self, submission: Submission) -> Programme:
        with self.world.app.app_context():
            return programme_of(db.session(), submission.programme_version_id)


def move_round(world: World, round_: Round, *steps: tuple[RoundTrigger, str, dict[str, str]]) -> None:
    for trigger, login, data in steps:
        origin = origin_of(world, login)
        with world.app.app_context():
            version = db.session.scalars(select(Round.version).where(Round.id == round_.id)).one()
            running_rounds.fire_round(RoundFiring(round_.public_id, trigger, version, data), origin=origin)


def round_of(world: World, year: int) -> Round:
    with world.app.app_context():
        return db.session.scalars(select(Round).where(Round.year == year)).one()


@pytest.fixture
def years(world: World) -> TwoYears:
    old_round = round_of(world, 2019)
    defer = {"defer": "1", "reason": "材料待补"}
    move_round(
        world, old_round,
        (RoundTrigger.CLOSE, "province", {}), (RoundTrigger.PUBLICISE, "province", defer),
        (RoundTrigger.FINALISE, "province2", {}),
    )  # fmt: skip
    storage, origin = world.app.config["STORAGE"], origin_of(world, "province")
    with world.app.app_context():
        text = next_year(loader.source_text("platform", 2019))
        found = bringing_programmes.lay_aside(db.session(), Brought(text.encode(), 2020, "platform"), storage=storage)
        bringing_programmes.keep_programme(found.digest, "2020年调整", origin=origin, storage=storage)
        days = [today() + timedelta(days=days) for days in (30, 45)]
        plan = Plan(2020, "2020年度评价", ("platform",), *days, settings={}, versions={"platform": found.digest})
        planning_rounds.plan_round(plan, origin=origin)
    new_round = round_of(world, 2020)
    move_round(world, new_round, (RoundTrigger.OPEN, "province", {}))
    old = world.submission("scored")
    with world.app.app_context():
        query = select(Submission).where(
            Submission.round_id == new_round.id, Submission.organisation_id == old.organisation_id
        )
        new = db.session.scalars(query).one()
    return TwoYears(world, round_of(world, 2019), round_of(world, 2020), old, new)


def page(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def test_each_year_keeps_its_own_definition(years: TwoYears) -> None:
    assert years.old_round.state is RoundState.FINALISED
    assert years.new_round.state is RoundState.OPEN
    old, new = years.programme(years.old), years.programme(years.new)
    assert (old.year, new.year) == (2019, 2020)
    assert old.digest == loader.shipped("platform", 2019).digest
    assert old.indicator(12).name.zh == OLD_NAME
    assert new.indicator(12).name.zh == NEW_NAME
    assert not old.has_field("patents")
    assert new.has_field("patents")
    assert years.world.faults() == []


@only_sqlite
def test_last_years_pages_show_last_years_form_and_this_years_this_ones(years: TwoYears) -> None:
    own, province = years.world.enterprise(years.old), years.world.browser("province")
    for submission, has, has_not in (
        (years.old, (OLD_NAME, GONE), (NEW_NAME, "有效专利数")),
        (years.new, (NEW_NAME, "有效专利数"), (OLD_NAME,)),
    ):
        address = f"/submissions/{submission.public_id}"
        text = page(province, address) + page(province, f"{address}?indicator=12") + page(own, address)
        assert [word for word in has if word not in text] == []
        assert [word for word in has_not if word in text] == []
    sheet = page(province, f"/submissions/{years.old.public_id}/score-sheet")
    assert OLD_NAME in sheet
    assert GONE in sheet
    assert NEW_NAME not in sheet


@only_sqlite
def test_last_years_papers_are_written_by_last_years_definition(years: TwoYears) -> None:
    own = years.world.enterprise(years.old)
    for ending in ("form.docx", "form.pdf", "form.xlsx", "bundle.zip", "history", "revisions/1", "diff"):
        assert own.client.get(f"/submissions/{years.old.public_id}/{ending}").status_code == 200, ending
    for ending in ("form.docx", "form.pdf", "form.xlsx"):
        assert own.client.get(f"/submissions/{years.new.public_id}/{ending}").status_code == 200, ending
    old, new = (sheet_text(own, one) for one in (years.old, years.new))
    assert "有效专利数" not in old
    assert "有效专利数" in new


def sheet_text(browser: Browser, submission: Submission) -> str:
    found = workbook_sheets(browser.client.get(f"/submissions/{submission.public_id}/form.xlsx").data)
    assert isinstance(found, tuple)
    return " ".join(cell.text for sheet in found for line in sheet.lines for cell in line)


@only_sqlite
def test_last_years_ranking_and_roster_stay_as_they_were_fixed(years: TwoYears) -> None:
    province = years.world.browser("province")
    before = page(province, f"/rounds/{years.old_round.public_id}/ranking")
    assert str(years.world.now(years.old).total) in before
    assert years.old.organisation_name in before
    page(province, f"/rounds/{years.new_round.public_id}/ranking")
    designations = years.world.stranger().get("/designations.csv").get_data(as_text=True)
    assert years.old.organisation_name in designations


@only_sqlite
def test_last_years_figures_stand_beside_this_years_under_their_own_names(years: TwoYears) -> None:
    with years.world.app.app_context():
        old = standing_of(db.session(), loaded(years.old))
        new = standing_of(db.session(), loaded(years.new))
    assert new.last is not None
    assert {key: new.before[key] for key in old.shown if key in new.before} == old.shown
    assert "patents" not in new.before
    assert new.taken == {
        "enterprises_served_last_year": old.shown["enterprises_served"],
        "service_income_last_year": old.shown["service_income"],
    }
    text = page(years.world.enterprise(years.new), f"/submissions/{years.new.public_id}")
    assert old.shown["enterprises_served"] in text
    # Nothing of last year was written into this year's form (field-case 11), but for the names.
    assert set(new.answers) == {"organization_name"}


@only_sqlite
def test_this_years_form_is_filled_and_sent_by_its_own_definition(years: TwoYears) -> None:
    before = years.world.dump()["answers"]
    fill(years.world, years.new, patents="7")
    answer = years.world.enterprise(years.new).post(
        f"/submissions/{years.new.public_id}/answers",
        {"version": years.world.now(years.new).version, "patents": "8"},
    )
    assert answer.status_code in {200, 303}
    refused = years.world.enterprise(years.old).post(
        f"/submissions/{years.old.public_id}/answers",
        {"version": years.world.now(years.old).version, "patents": "8"},
    )
    assert refused.status_code in {400, 403, 409, 422}
    old = [row for row in years.world.dump()["answers"] if row[0] == years.old.id]
    assert old == [row for row in before if row[0] == years.old.id]
    with years.world.app.app_context():
        assert standing_of(db.session(), loaded(years.new)).answers["patents"] == "8"


def addresses(years: TwoYears, submission: Submission) -> Iterator[str]:
    """Every address below a submission that takes a POST, its children filled in."""
    files = live(years.world, submission, "organization_seal")
    given = {"submission_id": submission.public_id, "order": "12", "number": "1", "field": "employees"}
    given |= {"attachment_id": files[0].public_id if files else "0" * 32, "key": "employees", "source": "last"}
    for rule in years.world.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or "submission_id" not in rule.arguments:
            continue
        words = re.search(r"<any\(([^)]*)\):\w+>", rule.rule)
        for word in words.group(1).split(",") if words else [""]:
            path = re.sub(r"<any\([^)]*\):\w+>", word.strip("\"' "), rule.rule)
            yield re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda m: given.get(m[1], "0" * 32), path)


def tried(years: TwoYears, submission: Submission) -> dict[str, Any]:
    """What a hand that knows every input would send."""
    answers = imagine(years.programme(submission), name="改", site="", seed=77)
    later = (today() + timedelta(days=9)).isoformat()
    return {
        **answers,
        "version": str(years.world.now(submission).version),
        "body": "改", "reason": "改", "text": "改", "declared": "1",
        "opinion": "改", "seal_date": today().isoformat(), "field": "evidence", "confirm": "1", "take": "employees",
        "value.employees": "1", "points-1": "1", "tag": "改", "tags": "改", "until": later, "day": later,
        "key": "complete",
    }  # fmt: skip


@only_sqlite
@pytest.mark.parametrize(
    "state",
    [
        "scored",
        *(pytest.param(s, marks=pytest.mark.thorough) for s in ("draft", "submitted", "city_reviewed", "audited")),
    ],
)
def test_nothing_of_a_decided_year_can_be_written_by_anybody(years: TwoYears, state: str) -> None:
    world, old = years.world, years.world.submission(state)
    people = [world.enterprise(old), world.city(old)]
    people += [world.browser(login) for login in ("auditor", "expert", "province", "province2")]
    data = tried(years, old)
    before = untouched(world)
    for path in sorted(set(addresses(years, old))):
        for browser in people:
            file = (io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "改.pdf")
            assert browser.post(path, {**data, "file": file}).status_code < 500, path
    now = untouched(world)
    assert {name: set(rows) ^ set(before[name]) for name, rows in now.items() if rows != before[name]} == {}


def untouched(world: World) -> dict[str, list[str]]:
    return {name: [*map(repr, rows)] for name, rows in world.dump().items() if name not in _HARMLESS}


@only_sqlite
def test_a_submission_of_one_year_is_no_way_into_the_other(years: TwoYears) -> None:
    """Children of one year's form are not found under the other's address."""
    world, own = years.world, years.world.enterprise(years.new)
    (file, *_more) = live(world, years.old, "organization_seal")
    before = world.dump()["attachments"]
    version = str(world.now(years.new).version)
    for ending in ("remove", "replace", "links"):
        answer = own.post(
            f"/submissions/{years.new.public_id}/attachments/{file.public_id}/{ending}", {"version": version}
        )
        assert answer.status_code in {403, 404, 405, 409}, ending
    assert world.dump()["attachments"] == before
    assert world.now(years.old).state is State.SCORED


@only_sqlite
def test_both_years_are_listed_and_exported_each_by_itself(years: TwoYears) -> None:
    """S06, and field-case 50: every line of the list has as many cells as its heading."""
    province = years.world.browser("province")
    for round_ in (years.old_round, years.new_round):
        answer = province.client.get(f"/rounds/{round_.public_id}/archive.zip")
        assert answer.status_code == 200
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert archive.testzip() is None
    rows = list(csv.reader(io.StringIO(years.world.stranger().get("/designations.csv").get_data(as_text=True))))
    assert {row[0].lstrip("\ufeff") for row in rows[1:]} == {"示范平台", "示范基地"}
    assert len({len(row) for row in rows}) == 1
    assert not [row for row in rows[1:] if row[0] == "示范平台" and row[rows[0].index("基地名称")]]
