"""What machines read: by scope, page by page, the same number of statements each, and never a person."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hbreview import clock
from hbreview.acts.machine_keys import SCOPES, Wanted, make_token, revoke_token
from hbreview.evaluation.contacts import contacts
from hbreview.extensions import db
from hbreview.model import ApiToken, Designation, Person, Revision, Roster, ScoreSheet, Submission
from hbreview.model.kept import programme_of
from hbreview.transact import Receipt, carry_out
from tests.desks.machines import API, Machine, finalise, first_round, machine_of, origin_of
from tests.desks.test_query_counts import counting
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def paths(world: World) -> dict[str, str]:
    """Every address that is read, and the scope that opens it."""
    round_id, submission = first_round(world).public_id, world.submission("scored").public_id
    return {
        "/rounds": "rounds:read",
        f"/rounds/{round_id}": "rounds:read",
        f"/rounds/{round_id}/submissions": "submissions:read",
        f"/submissions/{submission}": "submissions:read",
        f"/rounds/{round_id}/scores": "scores:read",
        "/designations": "designations:read",
    }


def is_problem(response: TestResponse, status: int) -> dict[str, Any]:
    assert (response.status_code, response.content_type) == (status, "application/problem+json"), response.data
    body = json.loads(response.data)
    assert body["status"] == status and body["detail"] and body["type"] == "about:blank"
    return dict(body)


def everything(machine: Machine, path: str, *, limit: int) -> list[dict[str, Any]]:
    """All pages, by their links."""
    items: list[dict[str, Any]] = []
    address = f"{path}{'&' if '?' in path else '?'}limit={limit}"
    for _page in range(500):
        answer = machine.get(address)
        body = json.loads(answer.data)
        assert answer.status_code == 200 and len(body["items"]) <= limit
        items += body["items"]
        link = answer.headers.get("Link")
        assert (link is None) == (body["next"] is None)
        if link is None:
            return items
        address = link[1 : link.index(">")].removeprefix(API)
        assert link.endswith('>; rel="next"') and body["next"] in address
    raise AssertionError("no end")


@only_sqlite
def test_each_address_asks_for_its_scope_and_for_nothing_else(world: World) -> None:
    finalise(world)
    by_scope = {scope: machine_of(world, scope) for scope in SCOPES}
    for path, needed in paths(world).items():
        for scope, machine in by_scope.items():
            answer = machine.get(path)
            if scope == needed:
                assert answer.status_code == 200, (path, answer.data)
            else:
                is_problem(answer, 403)
        nobody = world.app.test_client().get(API + path)
        is_problem(nobody, 401)
        assert nobody.headers["WWW-Authenticate"].startswith("Bearer")
        # Who is signed in is nobody here.
        is_problem(world.browser("province").client.get(API + path), 401)
        is_problem(Machine(world, "hbr_" + "x" * 43).get(path), 401)
    assert world.app.test_client().get(API + "/openapi.json").status_code == 200
    is_problem(by_scope["rounds:read"].bring([]), 403)


@only_sqlite
def test_token_ends_when_it_is_revoked_or_its_day_is_over(world: World) -> None:
    by = origin_of(world, "admin")
    with world.app.app_context():
        lasting = Machine(world, make_token(Wanted("a", SCOPES), origin=by))
        ending = Machine(world, make_token(Wanted("b", SCOPES, clock.today()), origin=by))
    assert (lasting.get("/rounds").status_code, ending.get("/rounds").status_code) == (200, 200)
    with time_machine.travel(clock.now() + timedelta(days=1), tick=True):
        assert (lasting.get("/rounds").status_code, ending.get("/rounds").status_code) == (200, 401)
    with world.app.app_context():
        kept = db.session.scalars(select(ApiToken).where(ApiToken.name == "a")).one()
        revoke_token(kept.public_id, origin=by)
    is_problem(lasting.get("/rounds"), 401)


@only_sqlite
def test_use_is_written_at_most_every_five_minutes(world: World) -> None:
    machine = machine_of(world)

    def used() -> Any:
        with world.app.app_context():
            return db.session.scalars(select(ApiToken.used_at)).one()

    machine.get("/rounds")
    first = used()
    assert first is not None
    for minutes, moved in ((4, False), (6, True)):
        with time_machine.travel(first + timedelta(minutes=minutes), tick=True):
            machine.get("/rounds")
            assert (used() > first) is moved


@only_sqlite
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404), ("POST", "/rounds", 405), ("DELETE", "/rounds", 405),
        ("GET", "/monthly-records", 405),
        ("GET", "/rounds/x", 404), ("GET", "/rounds?limit=0", 400), ("GET", "/rounds?limit=201", 400),
        ("GET", "/rounds?limit=١", 400), ("GET", "/rounds?after=1", 400), ("GET", "/rounds?limit=1&limit=1", 400),
        ("GET", "/rounds?q=x", 400), ("GET", "/rounds/x?limit=1", 400), ("GET", "/designations?programme=x", 400),
        ("GET", "/designations?region=x", 400), ("GET", "/designations?round=x", 404),
        ("GET", "/openapi.json?x=1", 400),
        ("GET", "/submissions/%00", 400), ("GET", "/submissions/x", 404),
    ],
)  # fmt: skip
def test_every_error_is_a_problem(world: World, method: str, path: str, status: int) -> None:
    machine = machine_of(world)
    answer = world.app.test_client().open(API + path, method=method, headers=machine.headers)
    is_problem(answer, status)
    assert ("Allow" in answer.headers) is (status == 405)
    assert answer.headers["Cache-Control"] == "no-store"


@only_sqlite
def test_a_fault_of_ours_is_a_problem_with_a_reference(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = machine_of(world)
    monkeypatch.setattr("hbreview.desks.machine.queries.rounds", lambda *_given: 1 // 0)
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    assert is_problem(machine.get("/rounds"), 500)["reference"]


@only_sqlite
def test_pages_together_are_the_whole_list_once(world: World) -> None:
    finalise(world)
    machine = machine_of(world)
    round_id = first_round(world).public_id
    for path in ("/rounds", f"/rounds/{round_id}/submissions", f"/rounds/{round_id}/scores", "/designations"):
        whole = everything(machine, path, limit=200)
        assert whole and everything(machine, path, limit=7) == whole
        assert len({json.dumps(item) for item in whole}) == len(whole)


@only_sqlite
def test_what_is_known_already_is_not_sent_again(world: World) -> None:
    finalise(world)
    machine = machine_of(world)
    for path in paths(world):
        answer = machine.get(path)
        tag = answer.headers["ETag"]
        assert not tag.startswith("W/") and answer.headers["Cache-Control"] == "private, no-cache"
        again = machine.get(path, **{"If-None-Match": tag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        assert machine.get(path, **{"If-None-Match": '"other"'}).status_code == 200
    submission = world.submission("submitted")
    path = f"/rounds/{first_round(world).public_id}/submissions"
    tag = machine.get(path).headers["ETag"]

    def rename(session: Session) -> Receipt:
        session.execute(update(Submission).where(Submission.id == submission.id).values(organisation_name="新名称"))
        return Receipt("")

    with world.app.app_context():
        carry_out(rename)
    assert machine.get(path, **{"If-None-Match": tag}).status_code == 200


@only_sqlite
def test_lists_take_the_same_statements_however_long_they_are(world: World) -> None:
    finalise(world)
    machine = machine_of(world)
    machine.get("/rounds")
    round_id = first_round(world).public_id
    for path, statements in (
        ("/rounds", 3), (f"/rounds/{round_id}/submissions", 4), (f"/rounds/{round_id}/scores", 5), ("/designations", 6),
    ):  # fmt: skip
        for limit in (1, 3, 50, 200):
            with counting(world) as found:
                assert machine.get(f"{path}?limit={limit}").status_code == 200
            assert len(found) == statements, (path, limit, found)


@only_sqlite
@pytest.mark.parametrize("programme", ["platform", "base"])
def test_a_submission_names_no_person_and_is_the_last_revision(world: World, programme: str) -> None:
    machine = machine_of(world)
    for state in ("draft", "returned", "submitted", "scored"):
        submission = world.submission(state, programme)
        body = json.loads(machine.get(f"/submissions/{submission.public_id}").data)
        with world.app.app_context():
            form = programme_of(db.session(), submission.programme_version_id)
            frozen = db.session.scalar(
                select(Revision.answers).where(
                    Revision.submission_id == submission.id, Revision.number == submission.revision_number
                )
            )
        answers = {answer["field"]: answer["value"] for answer in body["answers"]}
        assert (body["revision"], body["state"]) == (submission.revision_number, submission.state.value)
        assert bool(answers) is (state != "draft")
        hidden = contacts(form)
        assert {"legal_representative", "contact_person", "email"} <= hidden and not hidden & set(answers)
        if frozen:
            kept = {key: value for key, value in frozen.items() if key in answers and not form.field(key).derived}
            assert kept and all(answers[key] == value for key, value in kept.items())
            for key in hidden & set(frozen):
                assert frozen[key] not in answers.values()


@only_sqlite
def test_scores_wait_for_the_end_and_agree_with_the_sheets(world: World) -> None:
    machine = machine_of(world)
    path = f"/rounds/{first_round(world).public_id}/scores"
    is_problem(machine.get(path), 409)
    finalise(world)
    items = everything(machine, path, limit=200)
    scored = [item for item in items if item["total"] is not None]
    assert len(scored) == 2 and {item["outcome"] for item in items} <= {"excellent", "pass", "fail", "deferred"}
    with world.app.app_context():
        experts = set(db.session.scalars(select(Person.name).join(ScoreSheet, ScoreSheet.expert_id == Person.id)))
        roster = (
            select(Designation).join(Roster, Roster.id == Designation.roster_id).where(Roster.round_id.is_not(None))
        )
        totals = [row.total for row in db.session.scalars(roster) if row.total is not None]
    assert sorted(Decimal(item["total"]) for item in scored) == sorted(totals)
    for item in scored:
        means = sum(Decimal(mean["mean"]) for mean in item["indicators"])
        assert item["rank"] == 1 and 0 <= means - Decimal(item["total"]) <= 3 + Decimal("0.1")
    assert not any(name in json.dumps(items, ensure_ascii=False) for name in experts)


@only_sqlite
def test_designations_are_those_of_the_public_page(world: World) -> None:
    machine = machine_of(world)
    items = everything(machine, "/designations", limit=200)
    page = world.stranger().get("/designations").get_data(as_text=True)
    assert len(items) == 139 and all(item["organisation"] in page for item in items)
    one = items[3]
    for query in (f"q=　{one['organisation'][:6]} ", f"region={one['region']}", f"programme={one['programme']}"):
        found = everything(machine, f"/designations?{query}", limit=200)
        assert one in found and len(found) < len(items)
    round_ = finalise(world)
    of_round = everything(machine, f"/designations?round={round_.public_id}", limit=200)
    assert of_round and of_round == everything(machine, "/designations", limit=200)
    assert {item["round"] for item in of_round} == {round_.public_id}
