"""Monthly records: kept once, the former in the journal, brought in two ways, and held against the form."""

from __future__ import annotations

import html
import io
import threading
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from hbreview.acts.recording_months import Kept, MonthGiven, record_months, reporting_of
from hbreview.acts.standing import standing_of
from hbreview.documents.monthly_sheet import MonthlyLine, monthly_workbook
from hbreview.evaluation.reporting import due_on
from hbreview.extensions import db
from hbreview.model import Entry, MonthlyRecord, Organisation, Submission
from tests.desks.machines import machine_of, origin_of
from tests.desks.test_query_counts import count
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def named(world: World) -> str:
    return world.submission("draft").organisation_name


def month(name: str, number: int, day: date | None = None, **more: Any) -> MonthGiven:
    more = {"programme": "platform", "year": 2019} | more
    return MonthGiven(name, month=number, reported_on=day or due_on(2019, number), **more)


def record(world: World, *given: MonthGiven) -> list[Kept]:
    by = origin_of(world, "province")
    with world.app.app_context():
        return [one.outcome for one in record_months(given, origin=by)]


def entries(world: World) -> list[dict[str, Any]]:
    with world.app.app_context():
        query = select(Entry.data).where(Entry.act == "record_months").order_by(Entry.sequence)
        return list(db.session.scalars(query))


@only_sqlite
def test_the_same_again_changes_nothing_and_another_keeps_the_former(world: World) -> None:
    name = named(world)
    assert record(world, month(name, 1), month(name, 2)) == [Kept.ADDED] * 2
    before = world.dump()
    assert record(world, month(name, 2), month(f" {name} ", 1)) == [Kept.UNCHANGED] * 2
    assert world.dump() == before
    assert record(world, month(name, 1, date(2019, 3, 1), figures={"events": "3"})) == [Kept.CHANGED]
    assert record(world, month(name, 1, date(2019, 3, 1))) == [Kept.UNCHANGED]  # nothing said of figures
    first, second = entries(world)
    assert len(first["added"]) == 2 and not first["changed"]
    assert second["changed"][0]["former"] == {"reported_on": "2019-02-10", "figures": {}}
    with world.app.app_context():
        rows = {row.month: row for row in db.session.scalars(select(MonthlyRecord))}
        assert (rows[1].reported_on, rows[1].due_on, rows[1].figures) == (
            date(2019, 3, 1),
            date(2019, 2, 10),
            {"events": "3"},
        )
    assert world.faults() == []


@only_sqlite
def test_what_cannot_be_is_refused_alone(world: World) -> None:
    name = named(world)
    given = [
        month("没有这家单位", 1), month("\ud800\0", 1), month(name, 1, programme="x"),
        month(name, 13, date(2019, 2, 1)),
        month(name, 0, date(2019, 2, 1)), month(name, 1, year=1999), month(name, 3, date(2019, 2, 28)),
        month(name, 1, date(2099, 1, 1)), month(name, 1), month(name, 1, date(2019, 3, 3)),
    ]  # fmt: skip
    assert record(world, *given) == [Kept.REFUSED] * 8 + [Kept.ADDED, Kept.CHANGED]
    assert len(entries(world)) == 1
    assert record(world, *given[:8]) == [Kept.REFUSED] * 8 and len(entries(world)) == 1


def test_two_that_bring_the_same_keep_it_once(world: World) -> None:
    name, start, results = named(world), threading.Barrier(2), []

    def work() -> None:
        start.wait()
        results.append(record(world, *(month(name, number) for number in range(1, 13))))

    threads = [threading.Thread(target=work) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [[Kept.ADDED] * 12, [Kept.UNCHANGED] * 12]
    with world.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(MonthlyRecord)) == 12
    assert len(entries(world)) == 1 and world.faults() == []


@only_sqlite
def test_a_machine_brings_them(world: World) -> None:
    machine, submission = machine_of(world, "monthly:write"), world.submission("draft")
    with world.app.app_context():
        organisation = db.session.get_one(Organisation, submission.organisation_id).public_id
    good = {
        "organisation": organisation, "programme": "platform", "year": 2019, "month": 1, "reported_on": "2019-02-03",
        "figures": {"events": "12", "income": "-3.50"},
    }  # fmt: skip
    sent = [good, good | {"month": 2.0}, good | {"organisation": "没有"}, good]
    answer = machine.bring(sent)
    results = answer.get_json()["results"]
    assert [(one["index"], one["result"]) for one in results] == [
        (0, "added"), (1, "added"), (2, "refused"), (3, "unchanged"),
    ]  # fmt: skip
    assert results[2]["faults"][0]["field"] == "organisation"
    assert {one["result"] for one in machine.bring(sent[:2]).get_json()["results"]} == {"unchanged"}
    (entry,) = entries(world)
    assert entry["token"].endswith("统计平台")
    with world.app.app_context():
        assert db.session.scalars(select(MonthlyRecord.figures)).first() == {"events": "12", "income": "-3.50"}


@only_sqlite
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"month": 13}, "0.month"), ({"month": "1"}, "0.month"), ({"month": True}, "0.month"),
        ({"month": 1.5}, "0.month"),
        ({"year": 10**30}, "0.year"), ({"year": None}, "0.year"), ({"more": 1}, "0.more"), ({"\ud800": 1}, "0.\\ud800"),
        ({"organisation": ""}, "0.organisation"), ({"organisation": "x" * 201}, "0.organisation"),
        ({"programme": "other"}, "0.programme"), ({"reported_on": "2019-02-30"}, "0.reported_on"),
        ({"reported_on": "20190203"}, "0.reported_on"), ({"figures": []}, "0.figures"),
        ({"figures": {"a": 1}}, "0.figures"),
        ({"figures": {"A": "1"}}, "0.figures"), ({"figures": {"a": "1e5"}}, "0.figures"),
        ({"figures": {"a": "1\n"}}, "0.figures"),
    ],
)  # fmt: skip
def test_a_body_that_is_not_as_described_is_refused_whole(world: World, change: dict[str, Any], field: str) -> None:
    machine = machine_of(world)
    good = {
        "organisation": named(world),
        "programme": "platform",
        "year": 2019,
        "month": 1,
        "reported_on": "2019-02-03",
    }
    answer = machine.bring([good | change, good])
    assert answer.status_code == 400 and answer.content_type == "application/problem+json"
    assert [fault["field"] for fault in answer.get_json(force=True)["faults"]] == [field]
    assert entries(world) == []


@only_sqlite
def test_bodies_that_are_no_list_of_records(world: World) -> None:
    machine = machine_of(world)
    for body, status in (
        (b"", 400), (b"[]", 400), (b"{}", 400), (b"[1]", 400), (b"[" * 100_000, 400), (b"[NaN]", 400), (b"\xff", 400),
        (b"[" + b"1," * 600 + b"1]", 400), (b"[" + b"9" * 5000 + b"]", 400), (b" " * 1_100_000, 413),
    ):  # fmt: skip
        client = world.app.test_client()
        answer = client.post(
            "/api/v1/monthly-records", data=body, headers=machine.headers, content_type="application/json"
        )
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), body[:20]
    plain = client.post("/api/v1/monthly-records", data={"a": "b"}, headers=machine.headers)
    assert (plain.status_code, plain.content_type) == (415, "application/problem+json")


@only_sqlite
@pytest.mark.parametrize(
    ("on_time", "late", "answer", "warned"),
    [
        (0, 0, "yes", False), (12, 0, "yes", False), (11, 0, "yes", True), (11, 1, "yes", True), (0, 12, "yes", True),
        (11, 1, "no", False),
    ],
)  # fmt: skip
def test_c24_holds_the_form_against_the_records(
    world: World, on_time: int, late: int, answer: str, warned: bool
) -> None:
    submission = world.submission("draft")
    given = [month(submission.organisation_name, number) for number in range(1, on_time + 1)]
    given += [
        month(submission.organisation_name, number, date(2020, 3, 1))
        for number in range(on_time + 1, on_time + late + 1)
    ]
    if given:
        record(world, *given)
    own = world.enterprise(submission)
    path = f"/submissions/{submission.public_id}/answers"
    saved = own.post(path, {"version": submission.version, "data_reported_on_time": answer})
    assert saved.status_code == 303
    with world.app.app_context():
        query = select(Submission).where(Submission.id == submission.id).options(joinedload(Submission.round))
        row = db.session.scalars(query).one()
        standing = standing_of(db.session(), row)
        assert ("C24" in {finding.check_id for finding in standing.warnings}) is warned
        found = reporting_of(db.session(), row)
    if not given:
        assert found is None
    else:
        assert found is not None and (len(found.on_time), len(found.late)) == (on_time, late)


@only_sqlite
def test_the_page_the_workbook_and_the_workbook_read(world: World) -> None:
    province, name = world.browser("province"), named(world)
    page = html.unescape(province.get("/monthly?year=2019").get_data(as_text=True))
    assert page.count("/12</td>") == 139 and page.count("month-missing") == 139 * 12
    template = province.client.get("/monthly.xlsx?year=2019")
    assert template.status_code == 200 and "%E6%9C%88" in template.headers["Content-Disposition"]
    programmes = {"platform": "platform", "base": "base"}
    lines = [
        MonthlyLine(name, "platform", 2019, {1: date(2019, 2, 10), 2: date(2019, 3, 11)}),
        MonthlyLine("没有这家单位", "base", 2019, {3: date(2019, 4, 1)}),
    ]
    sent = {"file": (io.BytesIO(monthly_workbook(lines, programmes=programmes)), "月报.xlsx"), "year": "2019"}
    answer = province.post("/monthly", sent)
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422 and "F3" in page and 'role="status"' in page
    assert page.count("month-on_time") == 1 and page.count("month-late") == 1
    good = {"file": (io.BytesIO(monthly_workbook(lines[:1], programmes=programmes)), "月报.xlsx"), "year": "2019"}
    assert province.post("/monthly", good).status_code == 200 and len(entries(world)) == 1
    again = province.client.get("/monthly.xlsx?year=2019").data
    assert province.post("/monthly", {"file": (io.BytesIO(again), "月报.xlsx"), "year": "2019"}).status_code == 200
    assert len(entries(world)) == 1
    for nothing in ({}, {"file": (io.BytesIO(b"no workbook"), "x.xlsx")}):
        assert province.post("/monthly", nothing).status_code == 422
    assert world.city(world.submission("draft")).get("/monthly").status_code == 403


@only_sqlite
def test_the_page_takes_the_same_statements_for_any_number_of_records(world: World) -> None:
    province, name = world.browser("province"), named(world)
    found = [count(world, province, "/monthly?year=2019")]
    record(world, *(month(name, number) for number in range(1, 13)))
    found.append(count(world, province, "/monthly?year=2019"))
    assert found == [7, 7]


@only_sqlite
def test_a_year_that_is_none_is_the_last_one(world: World) -> None:
    province = world.browser("province")
    wanted = province.get("/monthly").get_data(as_text=True)
    for year in ("", "x", "1", "9999", "²⁰¹⁹"):
        assert province.get(f"/monthly?year={year}").status_code == 200
    assert "<h1>" in wanted
