"""All 139 submissions of the notice from draft to a finalised roster, each act over HTTP with CSRF on."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from hbreview.acts.imagining import imagine
from hbreview.acts.rehearsing import PAPER, PASSWORD, Rehearsal
from hbreview.clock import today
from hbreview.documents.roster_reading import RosterRow, read_roster
from hbreview.extensions import db
from hbreview.model import Designation, Firm, Person, Roster, Round, ScoreSheet, Submission
from hbreview.model.kept import programme_of
from hbreview.programmes.schema import Programme
from hbreview.words import Outcome, Role, RoundState, State
from tests.documents.roster_builders import notice_rows
from tests.worlds import Browser, World

# Argon2 at its cheapest: 129 people sign in, and what is under test here is the round.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOT_SUBMITTED = (5, 100)  # places in roster order, platforms first
FAILING_EVERY = 23


class Walk:
    """One submission on its way through the desks' forms; each answer must be the redirect of a success."""

    def __init__(self, world: World, submission: Submission, programme: Programme, place: int) -> None:
        self._world, self._submission, self._programme, self._place = world, submission, programme, place
        self._path = f"/submissions/{submission.public_id}"
        self._answers = imagine(
            programme, name=submission.organisation_name, site=submission.site_name, seed=place
        )  # fmt: skip

    def _version(self) -> int:
        with self._world.app.app_context():
            query = select(Submission.version).where(Submission.id == self._submission.id)
            return db.session.scalars(query).one()

    def _post(self, who: Browser, path: str, *, version: int | None = None, **data: Any) -> None:
        response = who.post(path, {"version": self._version() if version is None else version, **data})
        assert response.status_code == 303, (path, response.status_code, response.get_data(as_text=True)[:3000])

    def _attach(self, who: Browser, field: str, name: str) -> None:
        self._post(who, f"{self._path}/attachments", field=field, file=(io.BytesIO(PAPER), name))

    def assign(self, firm: str, expert: str) -> None:
        province = self._world.browser("province")
        self._post(province, f"{self._path}/firm", firm=firm)
        self._post(province, f"{self._path}/experts", expert=expert)

    def submit(self) -> None:
        own = self._world.enterprise(self._submission)
        self._post(own, f"{self._path}/answers", **self._answers)
        self._attach(own, "organization_seal", "盖章运营情况表.pdf")
        self._post(own, f"{self._path}/submit", declared="1")

    def approve(self) -> None:
        city = self._world.city(self._submission)
        self._post(city, f"{self._path}/indicators/1/comments", version=0, body="材料齐全，数据与台账一致。")
        scan = (io.BytesIO(PAPER), "审核意见盖章页.pdf")
        day = today().isoformat()
        self._post(city, f"{self._path}/approve", opinion="情况属实，同意上报。", seal_date=day, seal_scan=scan)

    def audit(self) -> None:
        auditor, given = self._world.browser("auditor"), self._answers
        record = {
            "service_assets_original_value": given["total_assets"],
            "service_assets_equipment": given.get("equipment_purchase_price", "100.00"),
            "service_cost_expenditure": given.get("service_activity_expenditure") or given["service_expenditure"],
            "capability_investment": given.get("government_subsidy") or "50.00",
            "small_micro_service_count": str(int(given["enterprises_served"]) * 2),
            "small_micro_discount": "对小微企业服务收费按标准下浮百分之二十。",
            "audit_firm_name": "河北示例会计师事务所",
            "audit_report_number": f"冀审字〔2020〕第{self._place + 1:03d}号",
            "audit_report_date": "2020-03-31",
            "service_item_name": ["管理咨询"],
            "service_item_fee": ["800.00"],
            "market_standard_fee": ["1000.00"],
        }
        self._post(auditor, f"{self._path}/audit-record", **record)
        self._attach(auditor, "audit_report_file", "专项审计报告.pdf")
        self._post(auditor, f"{self._path}/audit")

    def score(self, share: Decimal) -> None:
        expert = self._world.browser("expert")
        marks = {}
        for indicator in self._programme.indicators:
            marks[f"points-{indicator.order}"] = str((indicator.weight * share).quantize(Decimal("0.1")))
            marks[f"remark-{indicator.order}"] = "佐证材料较少，酌情扣分。"
        sheet, version = self._sheet()
        self._post(expert, f"{self._path}/score-sheet", version=version, **marks)
        sheet, version = self._sheet()
        self._post(expert, f"/score-sheets/{sheet}/hand-in", version=version)
        self._post(self._world.browser("province"), f"{self._path}/score")

    def _sheet(self) -> tuple[str, int]:
        with self._world.app.app_context():
            query = select(ScoreSheet).where(ScoreSheet.submission_id == self._submission.id)
            sheet = db.session.scalars(query).one()
            return sheet.public_id, sheet.version


def _cast(world: World) -> tuple[list[Submission], dict[int, Programme], str, str]:
    with world.app.app_context():
        rehearsal = Rehearsal(world.app.config["STORAGE"])
        rehearsal._hash = CHEAP.hash(PASSWORD)
        rehearsal._prepare()
        submissions = list(db.session.scalars(select(Submission).order_by(Submission.id)))
        versions = {submission.programme_version_id for submission in submissions}
        programmes = {version: programme_of(db.session(), version) for version in versions}
        firm = db.session.scalars(select(Firm.public_id)).one()
        expert = db.session.scalars(select(Person.public_id).where(Person.role == Role.EXPERT)).one()
    return submissions, programmes, firm, expert


def _round(world: World) -> Round:
    with world.app.app_context():
        return db.session.scalars(select(Round)).one()


def _fire_round(world: World, login: str, trigger: str, **data: str) -> int:
    round_ = _round(world)
    path = f"/rounds/{round_.public_id}/{trigger}"
    return world.browser(login).post(path, {"version": round_.version, **data}).status_code


def _lines(rows: list[RosterRow]) -> list[tuple[str, str, str, str, str, bool]]:
    """What a roster says, without the numbers, which close up after those that failed."""
    return [(r.programme, r.region, r.printed_region, r.organisation, r.site_name, r.national) for r in rows]


@pytest.mark.parametrize(
    ("database", "every"),
    [
        ("sqlite", 5),
        pytest.param("sqlite", 1, marks=pytest.mark.thorough),
        pytest.param("postgresql", 5, marks=pytest.mark.thorough),
    ],
    indirect=["database"],
)
def test_whole_round_over_http_ends_in_the_roster_of_the_notice(empty_world: World, every: int) -> None:
    world = empty_world
    submissions, programmes, firm, expert = _cast(world)
    assert len(submissions) == 139
    failed: set[int] = set()
    taking_part = [place for place in range(139) if place % every == 0 and place not in NOT_SUBMITTED]
    for place in taking_part:
        submission = submissions[place]
        walk = Walk(world, submission, programmes[submission.programme_version_id], place)
        walk.assign(firm, expert)
        walk.submit()
        walk.approve()
        walk.audit()
        low = place % FAILING_EVERY == 0
        if low:
            failed.add(place)
        # High enough to pass although some bases lose three points for each no.
        walk.score(Decimal("0.55") if low else Decimal(75 + place % 23) / 100)
        assert world.now(submission).state is State.SCORED

    before = world.stranger().get("/designations.csv").data
    assert len(read_roster(before, filename="r.csv").rows) == 139  # the imported rosters are still in force
    assert _fire_round(world, "province", "close") == 303
    assert _fire_round(world, "province", "publicise") == 303
    assert world.stranger().get("/designations.csv").data == before
    assert _fire_round(world, "province", "finalise") == 422
    assert _fire_round(world, "province2", "finalise") == 303
    assert _round(world).state is RoundState.FINALISED

    with world.app.app_context():
        query = select(Designation).join(Roster, Roster.id == Designation.roster_id).where(Roster.round_id.is_not(None))
        outcomes = {d.submission_id: d.outcome for d in db.session.scalars(query)}
    assert len(outcomes) == 139
    assert {p for p in taking_part if outcomes[submissions[p].id] is Outcome.FAIL} == failed
    off = {place for place in range(139) if outcomes[submissions[place].id] is Outcome.FAIL}
    assert off == failed | (set(range(139)) - set(taking_part))  # who hands nothing in loses the title

    notice = list(notice_rows())
    wanted = [row for place, row in enumerate(notice) if place not in off]
    for ending in ("csv", "xlsx", "docx"):
        response = world.stranger().client.get(f"/designations.{ending}")  # not text: no token to look for
        assert response.status_code == 200
        reading = read_roster(response.data, filename=f"roster.{ending}")
        assert not reading.problems
        assert _lines(list(reading.rows)) == _lines(wanted)
        for programme in ("platform", "base"):
            numbers = [row.seq for row in reading.rows if row.programme == programme]
            assert numbers == list(range(1, len(numbers) + 1))
    assert world.faults() == []
