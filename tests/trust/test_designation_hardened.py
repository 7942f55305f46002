"""What a hostile reading of the later desks found: each of it once more, so that it does not come back."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from hbreview.acts import (
    answering_objections,
    commenting,
    deciding_titles,
    designating,
    moving,
    objecting,
    ruling,
    setting_rounds,
)
from hbreview.acts.answering_objections import Answer
from hbreview.acts.attaching import Upload
from hbreview.acts.commenting import Remark
from hbreview.acts.deciding_titles import Proposal
from hbreview.acts.moving import Firing
from hbreview.acts.objecting import Means, Objecting
from hbreview.acts.ruling import RulingOn, Word
from hbreview.acts.running_rounds import RoundFiring, fire_round
from hbreview.acts.setting_rounds import Settings
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Objection, Organisation, ScoreSheet, Submission
from hbreview.words import Outcome, RoundTrigger, State, Trigger
from hbreview.workflow.errors import RefusedError
from hbreview.workflow.journal import Origin
from tests.acts import deciding_hands as hands
from tests.desks.machines import machine_of
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
HTMX = {"HX-Request": "true"}
NOTHING: dict[str, Any] = {"outcome": None, "commended": None, "supervised": None, "rectify_until": None}


def result_of(world: World, act: Callable[[], object]) -> str:
    """Run an act in a thread of its own: "done", or the refusal's name."""
    with world.app.app_context():
        try:
            act()
        except RefusedError as error:
            return type(error).__name__
        return "done"


def paused(original: Callable[..., Any], reached: Event, go_on: Event) -> Callable[..., Any]:
    """The same, but it waits afterwards, in the middle of its transaction."""

    def wait(*given: Any, **more: Any) -> Any:
        found = original(*given, **more)
        reached.set()
        assert go_on.wait(30)
        return found

    return wait


def still_waits(one: Future[str]) -> bool:
    time.sleep(0.5)
    return not one.done()


def rescoring(world: World, scored: Submission) -> Callable[[], object]:
    origin, version = hands.by(world, "province2"), world.now(scored).version
    firing = Firing(scored.public_id, Trigger.RESCORE, version, {"reason": "复核"})
    return lambda: moving.fire(firing, origin=origin)


def publicising(world: World) -> Callable[[], object]:
    hands.fire(world, RoundTrigger.CLOSE, "province")
    round_, origin = hands.the_round(world), hands.by(world, "province")
    firing = RoundFiring(round_.public_id, RoundTrigger.PUBLICISE, round_.version, {"defer": "1", "reason": "未齐"})
    return lambda: fire_round(firing, origin=origin)


def test_a_round_is_not_decided_over_a_scoring_that_is_being_reopened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C09: what is publicised is what stands when it is; a round's state is read only under its lock."""
    scored, reached, go_on = world.submission("scored"), Event(), Event()
    reopen, decide = rescoring(world, scored), publicising(world)
    wrapped = paused(moving._CONSEQUENCES[Trigger.RESCORE], reached, go_on)
    monkeypatch.setitem(moving._CONSEQUENCES, Trigger.RESCORE, wrapped)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(result_of, world, reopen)
        assert reached.wait(30)
        second = threads.submit(result_of, world, decide)
        assert still_waits(second)
        go_on.set()
        assert (first.result(60), second.result(60)) == ("done", "done")
    line = hands.line_of(world, scored)
    assert (line.outcome, line.total, line.rank) == (Outcome.DEFERRED, None, None)
    assert world.faults() == []


def test_no_scoring_is_reopened_under_a_round_that_is_being_decided(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored, reached, go_on = world.submission("scored"), Event(), Event()
    reopen, decide = rescoring(world, scored), publicising(world)
    monkeypatch.setattr(designating, "propose", paused(designating.propose, reached, go_on))
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(result_of, world, decide)
        assert reached.wait(30)
        second = threads.submit(result_of, world, reopen)
        assert still_waits(second)
        go_on.set()
        assert (first.result(60), second.result(60)) == ("done", "InvalidError")
    assert (world.now(scored).state, hands.line_of(world, scored).total) == (State.SCORED, world.now(scored).total)
    assert world.faults() == []


@only_postgresql
def test_settings_and_a_comment_at_once_wait_for_nobody_in_a_circle(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry names its round and its submission: whoever holds those lets it be written."""
    submitted, reached, go_on = world.submission("submitted"), Event(), Event()
    round_, province = hands.the_round(world), hands.by(world, "province")
    city = hands.by(world, f"city-{submitted.region}")
    wanted = Settings(round_.public_id, round_.version, {"commended_top": "7"}, "会议决定")
    remark = Remark(submitted.public_id, 1, "请补充")
    monkeypatch.setattr(setting_rounds, "_has_totals", lambda *_given: False)
    monkeypatch.setattr(setting_rounds, "_mark_faults", paused(lambda *_given: (), reached, go_on))
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(result_of, world, lambda: setting_rounds.change_settings(wanted, origin=province))
        assert reached.wait(30)
        second = threads.submit(result_of, world, lambda: commenting.post_comment(remark, origin=city))
        assert second.result(20) == "done"
        go_on.set()
        assert first.result(60) == "done"
    assert world.faults() == []


@only_sqlite
def test_nobody_scores_what_was_left_over_in_a_decided_round(world: World) -> None:
    """Z17: a form that was deferred stays audited, and its sheet as it was."""
    audited, expert = world.submission("audited"), world.browser("expert")
    hands.publicise(world)
    with world.app.app_context():
        query = select(ScoreSheet).where(ScoreSheet.submission_id == audited.id)
        sheet = db.session.scalars(query.options(selectinload(ScoreSheet.scores))).one()
    before = {name: rows for name, rows in world.dump().items() if name in {"scores", "score_sheets", "sheet_versions"}}
    path, data = f"/submissions/{audited.public_id}/score-sheet", {"version": sheet.version, "points-1": "1"}
    assert expert.post(path, data).status_code == 409
    assert expert.post(path, data, headers=HTMX).status_code == 409
    assert expert.post(f"/score-sheets/{sheet.public_id}/hand-in", {"version": sheet.version}).status_code == 409
    assert 'name="points-1"' not in expert.get(path).get_data(as_text=True)
    assert {name: rows for name, rows in world.dump().items() if name in before} == before
    assert world.faults() == []


@only_sqlite
@pytest.mark.parametrize("said", [{"outcome": Outcome.PASS}, {"outcome": Outcome.EXCELLENT, "commended": True}])
def test_what_is_scored_anew_does_not_pass_by_the_ruling_on_its_former_total(
    world: World, said: dict[str, Any]
) -> None:
    """P5: nothing passes without a total."""
    scored, origin = world.submission("scored"), hands.by(world, "province")
    with world.app.app_context():
        ruling.rule(RulingOn(scored.public_id, 1, Word(**NOTHING | said, reason="会议决定")), origin=origin)
    answer = world.fire(world.browser("province"), scored, "rescore", reason="复核")
    assert answer.status_code == 303
    hands.publicise(world)
    line = hands.line_of(world, scored)
    assert (line.outcome, line.total, line.commended, line.reason) == (Outcome.DEFERRED, None, False, "材料未齐")
    assert world.faults() == []


def object_to(world: World, submission: Submission) -> None:
    """An objection to what is publicised of this submission."""
    config, line = world.app.config, hands.line_of(world, submission)
    content, name = hands.evidence()
    means = Means(config["STORAGE"], config["SETTINGS"].upload_bytes, config["SCANNER"])
    given = Objecting(
        hands.the_round(world).public_id,
        str(line.id),
        "王五",
        "0311-1",
        "该单位材料与事实不符。",
        [Upload(name, content)],
    )
    with world.app.app_context():
        objecting.object_to(given, means=means, origin=Origin(None, "test"))


def answer(world: World, login: str, *, upheld: bool, **said: Any) -> None:
    """Answer the only objection there is; with ``said`` the outcome changes."""
    origin = hands.by(world, login)
    word = Word(**NOTHING | said, reason="经查属实") if said else None
    with world.app.app_context():
        row = db.session.scalars(select(Objection)).one()
        given = Answer(row.public_id, row.version, upheld, "经查，答复如下。", word)
        answering_objections.answer(given, origin=origin)


@only_sqlite
def test_an_objection_that_is_not_upheld_after_all_takes_its_change_back(world: World) -> None:
    """R9: an outcome changes only by an objection that is upheld, and no longer than it is."""
    scored = world.submission("scored")
    hands.publicise(world)
    before = hands.line_of(world, scored)
    object_to(world, scored)
    answer(world, "province2", upheld=True, outcome=Outcome.FAIL)
    answer(world, "province2", upheld=True, outcome=Outcome.DEFERRED)
    assert hands.line_of(world, scored).outcome is Outcome.DEFERRED
    answer(world, "province2", upheld=False)
    after = hands.line_of(world, scored)
    same = ("outcome", "commended", "supervised", "rectify_until", "reason", "total", "rank")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
    assert [set(entry.data) >= {"before", "after"} for entry in hands.entries(world, "answer_objection")] == [True] * 3
    assert world.faults() == []


@only_sqlite
def test_a_machine_is_handed_no_title_that_was_revoked_later(world: World) -> None:
    scored = world.submission("scored")
    hands.finalise(world)
    machine, first, second = machine_of(world), hands.by(world, "province"), hands.by(world, "province2")

    def names(more: str = "") -> list[str]:
        page = machine.get(f"/designations?limit=200&programme=platform{more}").get_json()
        return [one["organisation"] for one in page["items"]]

    def decide(kind: str) -> None:
        with world.app.app_context():
            organisation = db.session.get_one(Organisation, scored.organisation_id).public_id
            proposal = Proposal(scored.programme, organisation, kind, "虚假材料", today())
            made = deciding_titles.propose(proposal, origin=first)
            deciding_titles.confirm(made.target, origin=second)

    assert scored.organisation_name in names()
    decide("revoke")
    assert scored.organisation_name not in names()
    assert scored.organisation_name in names(f"&round={hands.the_round(world).public_id}")
    decide("restore")
    assert scored.organisation_name in names()


@only_sqlite
@pytest.mark.parametrize("year", ["1e999999999", "-1e999999999", "1E+400000000", "2019.5", "NaN", "Infinity"])
def test_a_huge_figure_costs_a_machine_interface_nothing(world: World, year: str) -> None:
    machine = machine_of(world)
    body = f'[{{"organisation": "x", "programme": "base", "year": {year}, "month": 1, "reported_on": "2019-02-01"}}]'
    begun = time.monotonic()
    answer = world.app.test_client().post(
        "/api/v1/monthly-records", data=body, content_type="application/json", headers=machine.headers
    )
    assert answer.status_code == 400
    assert time.monotonic() - begun < 5


@only_sqlite
def test_why_a_scoring_was_reopened_is_read_by_the_province_alone(world: World) -> None:
    """P02, P03: such a reason may speak of the experts and their points."""
    scored, secret = world.submission("scored"), "两位专家相差三十分"
    assert world.fire(world.browser("province"), scored, "rescore", reason=secret).status_code == 303
    for path in ("", "/history"):
        address = f"/submissions/{scored.public_id}{path}"
        assert secret in world.browser("province").get(address).get_data(as_text=True)
        for browser in (
            world.enterprise(scored),
            world.city(scored),
            world.browser("auditor"),
            world.browser("expert"),
        ):
            page = browser.get(address)
            assert page.status_code == 200
            assert secret not in page.get_data(as_text=True)


@only_postgresql
def test_no_question_breaks_what_the_database_cannot_hold(world: World) -> None:
    """I-cases: a NUL or a number beyond every row, in the addresses of the later desks."""
    round_id = hands.publicise(world).public_id
    province, admin, stranger = world.browser("province"), world.browser("admin"), world.stranger()
    for browser, path in (
        (stranger, "/designations?round=%00"), (stranger, "/designations?q=%00"), (stranger, "/letters?code=%00"),
        (stranger, "/receipts?digest=%00"), (stranger, f"/publicity/{round_id}/objections?designation=%00"),
        (province, f"/rounds/{round_id}/messages?group=experts_open&who=%00"),
        (province, f"/rounds/{round_id}/ranking?q=%00"), (province, f"/rounds/{round_id}/draw?seed=%00"),
        (province, "/experts?round=%00"), (province, "/monthly?year=%00"), (province, "/firms?round=%00"),
        (admin, "/people?q=%00"), (admin, "/journal?act=%00"), (admin, "/people?after=99999999999999999999"),
        (admin, "/journal?before=99999999999999999999"),
    ):  # fmt: skip
        assert browser.client.get(path).status_code in {200, 400, 404}, path
    machine = machine_of(world)
    assert machine.get("/designations?q=%00").status_code == 400
    assert province.post("/titles", {"title": "platform:x", "kind": "revoke", "reason": "\0"}).status_code == 422


@only_sqlite
def test_the_last_day_of_all_is_a_day_like_others(world: World) -> None:
    province, admin, round_ = world.browser("province"), world.browser("admin"), hands.the_round(world)
    days = ("enterprise_deadline", "city_deadline", "audit_deadline", "score_deadline")
    data = {"version": round_.version, "reason": "会议决定", **dict.fromkeys(days, "9999-12-31")}
    assert province.post(f"/rounds/{round_.public_id}/settings", data).status_code == 303
    for path in (
        "/calendar.ics",
        "/submissions?sort=due",
        "/submissions?show=soon",
        f"/rounds/{round_.public_id}/late",
    ):
        assert province.get(path).status_code == 200, path
    assert world.city(world.submission("submitted")).get("/calendar.ics").status_code == 200
    token = {"name": "统计平台", "scopes": "rounds:read", "last_day": "9999-12-31"}
    assert admin.post("/machines", token).status_code == 200
    assert admin.get("/machines").status_code == 200


@only_sqlite
@pytest.mark.parametrize(("said", "status"), [("pass", 422), ("excellent", 422), ("fail", 303), ("deferred", 303)])
def test_no_round_lets_pass_what_was_never_sent(world: World, said: str, status: int) -> None:
    """P5, R8: nothing passes without a total."""
    round_ = hands.the_round(world)
    data = {"version": round_.version, "reason": "会议决定", "not_submitted": said}
    answer = world.browser("province").post(f"/rounds/{round_.public_id}/settings", data)
    assert answer.status_code == status
