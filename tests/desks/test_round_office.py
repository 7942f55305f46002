"""The round office over HTTP: what is typed is kept, nothing goes before it was shown, pages cost the same."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, update

from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import (
    Announcement,
    AnnouncementReader,
    Designation,
    Entry,
    Organisation,
    ProgrammeVersion,
    Roster,
    Round,
    ScoreSheet,
    Submission,
)
from hbreview.transact import Receipt, carry_out
from hbreview.words import State
from tests.worlds import Browser, World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NOTICE = Path(__file__).resolve().parents[1] / "data" / "notice.txt"
HIDDEN = re.compile(r'name="(\w+)" value="([^"]*)"')


def _round(world: World, *, planned: bool = False) -> Round:
    with world.app.app_context():
        return db.session.scalars(select(Round).order_by(Round.id.desc() if planned else Round.id).limit(1)).one()


def _plan(world: World, **more: str | list[str]) -> Round:
    typed = {
        "title": "新一轮", "year": "2019", "programmes": ["platform", "base"],
        "enterprise_deadline": today().isoformat(), "city_deadline": today().isoformat(),
    } | more  # fmt: skip
    assert world.browser("province").post("/rounds", typed).status_code == 303
    return _round(world, planned=True)


def _text(browser: Browser, path: str, status: int = 200) -> str:
    response = browser.get(path)
    assert response.status_code == status, path
    return response.get_data(as_text=True)


@contextmanager
def _statements(world: World) -> Iterator[list[str]]:
    seen: list[str] = []
    with world.app.app_context():
        engine = db.engine

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _count(world: World, path: str) -> int:
    browser = world.browser("province")
    _text(browser, path)
    with _statements(world) as seen:
        _text(browser, path)
    return len([one for one in seen if one.startswith("SELECT")])


@only_sqlite
def test_settings_keep_what_was_typed_beside_each_problem_and_then_save_it(world: World) -> None:
    province, round_ = world.browser("province"), _plan(world)
    path = f"/rounds/{round_.public_id}/settings"
    page = _text(province, path)
    typed = {"version": "1", "title": "改名", "pass_mark": "=1+1", "spread": "９", "city_deadline": "2019-01-01"}
    answer = province.post(path, typed)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="=1+1"' in text
    assert 'value="改名"' in text
    assert 'id="pass_mark-problem"' in text
    assert 'id="spread-problem"' not in text
    assert province.post(path, typed | {"pass_mark": "61", "city_deadline": today().isoformat()}).status_code == 303
    kept = _round(world, planned=True)
    assert (kept.title, kept.settings, kept.version) == ("改名", {"pass_mark": "61", "spread": "9"}, 2)
    stale = province.post(path, {"version": "1", "title": "别人的"})
    assert stale.status_code == 409
    assert 'value="别人的"' in stale.get_data(as_text=True)
    assert "改名" in stale.get_data(as_text=True)
    assert province.post(path, {"title": "x"}).status_code == 400
    assert page.count('<form class="card"') == 3


@only_sqlite
def test_weights_are_refused_with_their_sum_and_saved_as_a_new_version(world: World) -> None:
    province, round_ = world.browser("province"), _plan(world)
    path = f"/rounds/{round_.public_id}/weights"
    typed = {"version": "1", "programme": "base", "weight-base-1": "4", "weight-platform-1": "99"}
    refused = province.post(path, typed)
    assert refused.status_code == 422
    alerts = re.findall(r'role="alert">(.*?)</div>', refused.get_data(as_text=True), re.DOTALL)
    assert alerts
    assert all("99" in alert for alert in alerts)
    assert province.post(path, typed | {"weight-base-2": "7"}).status_code == 303
    with world.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ProgrammeVersion)) == 3
    opened = _round(world)
    assert (
        province.post(f"/rounds/{opened.public_id}/weights", typed | {"version": str(opened.version)}).status_code
        == 409
    )
    assert "weight-base-1" not in _text(province, f"/rounds/{opened.public_id}/settings")
    # The version of this round can be chosen for the next one.
    with world.app.app_context():
        digest = db.session.scalars(
            select(ProgrammeVersion.digest).where(ProgrammeVersion.uploaded_by.is_not(None))
        ).one()
    assert digest in _text(province, "/rounds")
    _plan(world, programmes=["base"], version_base=digest)


@only_sqlite
def test_participants_are_left_out_with_a_reason_and_shown_afterwards(world: World) -> None:
    province, round_ = world.browser("province"), _plan(world)
    path = f"/rounds/{round_.public_id}/participants"
    name = re.findall(r'name="out-platform-(\w+)"', _text(province, path))[0]
    refused = province.post(path, {"version": "1", f"out-platform-{name}": "1", f"reason-platform-{name}": " "})
    assert refused.status_code == 422
    assert f'name="out-platform-{name}" value="1"' in refused.get_data(as_text=True)
    assert (
        province.post(
            path, {"version": "1", f"out-platform-{name}": "1", f"reason-platform-{name}": "<i>停业</i>"}
        ).status_code
        == 303
    )
    assert province.post(f"/rounds/{round_.public_id}/open", {"version": "2"}).status_code == 303
    text = _text(province, path)
    assert "&lt;i&gt;停业&lt;/i&gt;" in text
    assert '<input type="checkbox"' not in text
    with world.app.app_context():
        query = select(func.count()).select_from(Submission).where(Submission.round_id == round_.id)
        assert db.session.scalar(query) == 138


@only_sqlite
def test_roster_is_looked_at_first_and_kept_only_as_it_was_shown(empty_world: World) -> None:
    _hire_province(empty_world)
    province = empty_world.browser("province")
    before = empty_world.dump()
    shown = province.post("/rosters", {"file": (io.BytesIO(NOTICE.read_bytes()), "notice.txt"), "do": "preview"})
    text = shown.get_data(as_text=True)
    assert shown.status_code == 200
    assert {name: rows for name, rows in empty_world.dump().items() if name != "entries"} == {
        name: rows for name, rows in before.items() if name != "entries"
    }
    typed = {name: value for name, value in HIDDEN.findall(text) if name in {"digest", "filename", "against"}}
    typed |= {"do": "keep", "year": "20x", "valid_until": "2030-12-31", "request_key": "k" * 20}
    assert province.post("/rosters", typed).status_code == 422
    assert province.post("/rosters", typed | {"year": "2019"}).status_code == 303
    assert province.post("/rosters", typed | {"year": "2019"}).status_code == 303
    with empty_world.app.app_context():
        kept = list(db.session.scalars(select(Roster)))
        assert [(one.year, str(one.valid_until)) for one in kept] == [(2019, "2030-12-31")] * 2
        assert db.session.scalar(select(func.count()).select_from(Designation)) == 139
        entry = db.session.scalars(select(Entry).where(Entry.act == "import_roster")).one()
        assert (entry.data["file"], entry.data["year"], entry.actor) == (typed["digest"], 2019, "省")
    # Another roster is in force by now: what was shown is no longer what would happen.
    fewer = "\n".join(line for line in NOTICE.read_text("utf-8").splitlines() if "石家庄" not in line).encode()
    stale = province.post("/rosters", typed | {"year": "2020", "request_key": "l" * 20})
    assert stale.status_code == 409
    assert province.post("/rosters", typed | {"digest": "0" * 64}).status_code == 422
    assert province.post("/rosters", typed | {"digest": "../../etc/passwd"}).status_code == 400
    assert province.post("/rosters", {"do": "preview"}).status_code == 422
    again = province.post("/rosters", {"file": (io.BytesIO(fewer), "notice.txt")}).get_data(as_text=True)
    assert 'id="preview"' in again
    junk = province.post("/rosters", {"file": (io.BytesIO(b"PK\x03\x04 no"), "x.xlsx")})
    assert junk.status_code == 422


def _hire_province(world: World) -> None:
    from hbreview.acts import rehearsing, signing_in
    from hbreview.acts.inviting import Newcomer, add_person
    from hbreview.words import Role

    def work(session: object) -> Receipt:
        person = add_person(session, Newcomer(Role.PROVINCE, "省", "province"))  # type: ignore[arg-type]  # a session
        person.password_hash = signing_in.HASHER.hash(rehearsing.PASSWORD)
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


@only_sqlite
def test_late_page_names_who_owes_what_and_leads_to_a_message_to_them(world: World) -> None:
    province, round_ = world.browser("province"), _round(world)
    path = f"/rounds/{round_.public_id}/late"
    assert "late=1" not in _text(province, path)
    yesterday = today() - timedelta(days=1)
    days = dict.fromkeys(("enterprise_deadline", "city_deadline", "audit_deadline", "score_deadline"), yesterday)
    with world.app.app_context():
        carry_out(lambda s: Receipt(str(s.execute(update(Round).values(**days)))))
        unfinished = update(ScoreSheet).where(ScoreSheet.handed_in_at.is_not(None)).values(handed_in_at=None)
        carry_out(lambda s: Receipt(str(s.execute(unfinished))))
    text = _text(province, path)
    with world.app.app_context():
        rows = list(db.session.scalars(select(Submission).where(Submission.state != State.SCORED)))
    for row in rows:
        assert f"/submissions/{row.public_id}" in text
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/rounds/[^"]*late=1[^"]*)"', text)]
    drafts = {row.region for row in rows if row.state is State.DRAFT}
    assert len([link for link in links if "enterprises_unsent" in link]) == len(drafts)
    assert {"auditors_open", "experts_open"} <= {re.findall(r"group=(\w+)", link)[0] for link in links}
    for link in (links[0], links[-1]):
        assert 'value="1" checked' in _text(province, link)
    assert _count(world, path) == 5


@only_sqlite
def test_message_is_previewed_with_its_readers_and_then_sent_once(world: World) -> None:
    province, round_ = world.browser("province"), _round(world)
    path = f"/rounds/{round_.public_id}/messages"
    draft = world.submission("draft")
    begun = _text(province, f"{path}?group=enterprises_unsent&city={draft.region}&template=submit")
    assert "%(deadline)s" in begun
    typed = {
        "group": "enterprises_unsent", "city": draft.region, "programme": "", "who": "", "late": "",
        "subject": "请提交 %(round)s", "body": "<script>x</script> %(deadline)s", "request_key": "m" * 20,
    }  # fmt: skip
    shown = province.post(path, typed | {"do": "preview"}).get_data(as_text=True)
    assert round_.title in shown
    assert "&lt;script&gt;x&lt;/script&gt; " + round_.enterprise_deadline.isoformat() in shown
    assert draft.organisation_name in shown
    count = int(re.findall(r'role="status"><b>\D*(\d+)', shown)[-1])
    with world.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Announcement)) == 0
    for _press in range(2):
        assert province.post(path, typed | {"do": "send"}).status_code == 303
    with world.app.app_context():
        assert db.session.scalars(select(Announcement.count)).all() == [count]
        assert db.session.scalar(select(func.count()).select_from(AnnouncementReader)) == count
        assert db.session.scalar(select(func.count()).where(Entry.act == "announce")) == 1
    assert "请提交" in _text(province, path)
    refused = province.post(path, typed | {"do": "preview", "body": "%(secret)s"})
    assert refused.status_code == 422
    assert "%(secret)s" in refused.get_data(as_text=True)
    for wrong in ({"group": "x"}, {"city": "x"}, {"programme": "x"}):
        assert province.post(path, typed | wrong).status_code == 400
    assert _count(world, path) == _count(world, f"{path}?group=cities_all") == 5


@only_sqlite
def test_scoring_of_all_that_are_ready_is_closed_one_at_a_time(world: World) -> None:
    province, round_ = world.browser("province"), _round(world)
    audited = [world.submission("audited", key) for key in ("platform", "base")]
    path = f"/rounds/{round_.public_id}/score-all"
    assert 'action="' + path + '"' in _text(province, f"/rounds/{round_.public_id}")
    first = province.post(path, {"request_key": "s" * 20})
    text = first.get_data(as_text=True)
    assert first.status_code == 200
    with world.app.app_context():
        query = select(Submission.public_id, Submission.state, Submission.total)
        states = {row[0]: row for row in db.session.execute(query)}
        ready = {
            row.submission_id
            for row in db.session.scalars(select(ScoreSheet).where(ScoreSheet.handed_in_at.is_not(None)))
        }
    for one in audited:
        went = states[one.public_id].state is State.SCORED
        assert went == (one.id in ready)
        assert (f"/submissions/{one.public_id}" in text) == (one.id in ready)
    assert world.faults() == []


@only_sqlite
def test_score_all_names_those_refused_with_the_reason(world: World) -> None:
    province, round_ = world.browser("province"), _round(world)
    submission = world.submission("audited")
    with world.app.app_context():
        from hbreview.model import Person

        expert = db.session.scalars(select(Person.id).where(Person.login == "expert")).one()

        def work(session: object) -> Receipt:
            found = db.session.scalars(select(ScoreSheet).where(ScoreSheet.submission_id == submission.id)).all()
            sheets = found or [
                ScoreSheet(submission_id=submission.id, expert_id=expert, assigned_at=submission.moved_at)
            ]
            for sheet in sheets:
                sheet.handed_in_at, sheet.revision_number = submission.moved_at, submission.revision_number
                db.session.add(sheet)
            settings = {**db.session.get_one(Round, round_.id).settings, "min_sheets": 3}
            db.session.execute(update(Round).where(Round.id == round_.id).values(settings=settings))
            return Receipt("")

        carry_out(work)
    text = province.post(f"/rounds/{round_.public_id}/score-all").get_data(as_text=True)
    line = next(part for part in text.split("<li>") if f"/submissions/{submission.public_id}" in part)
    assert 'class="problem"' in line
    assert world.now(submission).state is State.AUDITED


@only_sqlite
def test_round_page_shows_where_forms_stand_with_links_into_the_queue(world: World) -> None:
    province, round_ = world.browser("province"), _round(world)
    text = _text(province, f"/rounds/{round_.public_id}")
    draft = world.submission("draft")
    assert f"round={round_.public_id}&amp;city={draft.region}&amp;programme=platform&amp;state=draft" in text
    assert text.count('class="chart-stacked"') == 2
    assert 'id="progress"' in text
    assert "<style" not in text
    assert 'style="' not in text
    assert province.get("/rounds/nothing/late").status_code == 404


@only_sqlite
def test_pages_of_a_round_take_the_same_statements_with_and_without_forms(world: World) -> None:
    full, planned = _round(world), _plan(world)
    for name in ("settings", "participants", "late", "messages"):
        few, many = (_count(world, f"/rounds/{one.public_id}/{name}") for one in (planned, full))
        assert few == many, name
    with world.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Organisation)) == 129
