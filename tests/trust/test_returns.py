"""Returns and approvals over HTTP: numbered notices, narrow openings, and what exactly a decision binds (C12, S05)."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterable
from typing import Any

import docx
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hbreview.acts import inviting, running_rounds
from hbreview.acts.inviting import Newcomer
from hbreview.acts.running_rounds import Plan
from hbreview.clock import now, today
from hbreview.evaluation.opening import fields_to_open
from hbreview.extensions import db
from hbreview.model import Attachment, CitySetting, Comment, Opinion, Person, Return, Round, Submission
from hbreview.programmes.loader import shipped
from hbreview.words import Role, RoundState, State
from tests.documents.pdf_reading import pdf_pages
from tests.trust import desk_hands as hands
from tests.trust.desk_hands import HTMX, only_sqlite, pdf
from tests.trust.test_concurrency import approval, at_once
from tests.trust.test_desk_at_once import same_session
from tests.trust.test_desk_rules import codes, take_list
from tests.worlds import Browser, World


def text_of(answer: TestResponse) -> str:
    return html.unescape(answer.get_data(as_text=True))


def comment(world: World, submission: Submission, body: str, *, order: int = 3, **more: Any) -> str:
    """A comment of the submission's city; its public id."""
    path = hands.address(submission, "indicators", str(order), "comments")
    answer = world.city(submission).post(path, {"body": body, **more})
    assert answer.status_code == 303, text_of(answer)
    with world.app.app_context():
        query = select(Comment.public_id).where(Comment.submission_id == submission.id, Comment.body == body)
        return db.session.scalars(query).one()


def give_back(world: World, submission: Submission, *mend: str, reason: str = "请补充", **more: Any) -> TestResponse:
    """Return it as the full form does; ``mend`` are the boxes that are ticked."""
    return world.fire(world.city(submission), submission, "return", reason=reason, mend=["", *mend], **more)


def notices(world: World, *conditions: Any) -> list[Return]:
    with world.app.app_context():
        return list(db.session.scalars(select(Return).where(*conditions).order_by(Return.id)))


def latest(world: World, submission: Submission) -> Return:
    return notices(world, Return.submission_id == submission.id)[-1]


def last_number(world: World, submission: Submission) -> int:
    """The last number that was given in the submission's round and city."""
    with world.app.app_context():
        series = (Return.round_id == submission.round_id, Return.region == submission.region)
        return db.session.scalar(select(func.max(Return.number)).where(*series)) or 0


def at_the_city(world: World, region: str, wanted: int) -> list[Submission]:
    """So many drafts of a city, put on its table as submitted, each with a comment that says what to mend."""
    with world.app.app_context():
        query = select(Submission).where(Submission.region == region, Submission.state == State.DRAFT)
        ids = list(db.session.scalars(query.order_by(Submission.id).limit(wanted).with_only_columns(Submission.id)))
    assert len(ids) == wanted

    def work(session: Session) -> None:
        by = session.scalars(select(Person.id).where(Person.login == f"city-{region}")).one()
        for row in session.scalars(select(Submission).where(Submission.id.in_(ids))):
            row.state, row.revision_number, row.submitted_at = State.SUBMITTED, 1, now()
            said = Comment(
                submission_id=row.id, indicator=3, person_id=by, body="补", created_at=now(), revision_number=1
            )
            session.add(said)

    hands.write(world, work)
    with world.app.app_context():
        return list(db.session.scalars(select(Submission).where(Submission.id.in_(ids)).order_by(Submission.id)))


def busiest(world: World) -> str:
    """The city with the most drafts."""
    with world.app.app_context():
        query = select(Submission.region).where(Submission.state == State.DRAFT).group_by(Submission.region)
        return db.session.scalars(query.order_by(func.count().desc(), Submission.region).limit(1)).one()


def test_a_reason_alone_asks_for_every_open_comment_of_the_city_and_no_other(world: World) -> None:
    submission = world.submission("submitted")
    city = world.city(submission)
    asked = [comment(world, submission, f"补{order}", order=order, blocking="1" * (order % 2)) for order in (5, 1, 3)]
    hands.write(world, lambda session: session.add(_of_the_province(session, submission)))
    comment(world, submission, "内部", visibility="internal")
    settled = comment(world, submission, "已办")
    assert city.post(f"/comments/{settled}/resolve").status_code == 303
    province = world.browser("province")
    assert province.post(hands.address(submission, "indicators/2/comments"), {"body": "省里看法"}).status_code == 303
    answer = world.fire(city, submission, "return", reason="  请补充  ")
    assert answer.status_code == 303, text_of(answer)
    notice = latest(world, submission)
    assert notice.comments == [asked[1], asked[2], asked[0]]
    assert (notice.reason, notice.open_fields, notice.revision_number) == ("请补充", None, 1)
    assert world.now(submission).state is State.DRAFT
    assert world.now(submission).open_fields is None
    page = text_of(world.enterprise(submission).get(hands.address(submission)))
    assert "省里看法" not in page
    assert "内部" not in page.partition('id="rubric"')[2]


def _of_the_province(session: Session, submission: Submission) -> Comment:
    """One that the enterprise may read, which no act makes: what is to be mended is the city's word all the same."""
    by = session.scalars(select(Person.id).where(Person.login == "province")).one()
    return Comment(
        submission_id=submission.id, indicator=4, person_id=by, body="省", created_at=now(), revision_number=1
    )


def test_only_what_is_chosen_is_asked_for_and_it_must_be_open_and_visible(world: World) -> None:
    submission = world.submission("submitted")
    other = at_the_city(world, submission.region, 1)[0]
    one, two = (comment(world, submission, text) for text in ("第一", "第二"))
    inner, settled = comment(world, submission, "内部", visibility="internal"), comment(world, submission, "已办")
    assert world.city(submission).post(f"/comments/{settled}/resolve").status_code == 303
    with world.app.app_context():
        foreign = db.session.scalars(select(Comment.public_id).where(Comment.submission_id == other.id)).one()
    path = hands.address(submission, "indicators/3/comments")
    assert world.enterprise(submission).post(path, {"body": "答", "parent": one}).status_code == 303
    with world.app.app_context():
        reply = db.session.scalars(select(Comment.public_id).where(Comment.body == "答")).one()
    before = hands.kept(world)
    for chosen in ([inner], [two, settled], [one, foreign], [one, reply], ["x"], []):
        answer = give_back(world, submission, *chosen)
        assert answer.status_code == 422, chosen
        text = text_of(answer)
        assert 'href="#field-mend"' in text
        assert re.search(r"<textarea[^>]*>请补充</textarea>", text)
        for offered in (one, two):
            box = re.search(rf'name="mend" value="{offered}"( checked)?', text)
            assert box is not None
            assert bool(box.group(1)) is (offered in chosen)
        assert inner not in text.partition('id="field-mend"')[2].partition("</fieldset>")[0]
    assert give_back(world, submission, two, reason=" ").status_code == 422
    assert hands.kept(world) == before
    assert give_back(world, submission, two).status_code == 303
    assert latest(world, submission).comments == [two]
    page = text_of(world.enterprise(submission).get(hands.address(submission)))
    mend = page.partition('id="rubric"')[0]
    assert "第二" in mend
    assert "第一" not in mend


@only_sqlite
def test_three_hundred_comments_may_all_be_chosen(world: World) -> None:
    submission = world.submission("submitted")

    def work(session: Session) -> None:
        by = session.scalars(select(Person.id).where(Person.login == f"city-{submission.region}")).one()
        for number in range(300):
            row = Comment(
                submission_id=submission.id, indicator=1 + number % 14, person_id=by, body=f"补{number}",
                created_at=now(), revision_number=1,
            )  # fmt: skip
            session.add(row)

    hands.write(world, work)
    page = text_of(world.city(submission).get(hands.address(submission, "return")))
    offered = re.findall(r'name="mend" value="(\w+)" checked', page)
    assert len(offered) == 300
    assert give_back(world, submission, *offered).status_code == 303
    assert sorted(latest(world, submission).comments) == sorted(offered)


def test_numbers_run_without_a_gap_by_round_and_city(world: World) -> None:
    first, second, third, fourth = at_the_city(world, busiest(world), 4)
    with world.app.app_context():
        regions = select(Submission.region).where(Submission.state == State.DRAFT, Submission.region != first.region)
        other = at_the_city(world, db.session.scalars(regions.limit(1)).one(), 1)[0]
    begun, elsewhere = last_number(world, first), last_number(world, other)
    assert give_back(world, first, mend_all(world, first)).status_code == 303
    assert give_back(world, second, "x").status_code == 422
    assert give_back(world, second, mend_all(world, second), reason="").status_code == 422
    stale = {"version": second.version - 1, "reason": "补"} if second.version > 1 else {"version": 99, "reason": "补"}
    assert world.city(second).post(hands.address(second, "return"), stale).status_code in {400, 409}
    assert give_back(world, second, mend_all(world, second)).status_code == 303
    assert give_back(world, other, mend_all(world, other)).status_code == 303
    assert give_back(world, third, mend_all(world, third)).status_code == 303
    found = [latest(world, one).number for one in (first, second, third)]
    assert found == [begun + 1, begun + 2, begun + 3]
    assert latest(world, other).number == elsewhere + 1
    _to_another_round(world, fourth)
    assert give_back(world, fourth, mend_all(world, fourth)).status_code == 303
    assert latest(world, fourth).number == 1


def mend_all(world: World, submission: Submission) -> str:
    """The one comment of a submission that was put on the city's table."""
    with world.app.app_context():
        return db.session.scalars(select(Comment.public_id).where(Comment.submission_id == submission.id)).one()


def _to_another_round(world: World, submission: Submission) -> None:
    with world.app.app_context():
        plan = Plan(2019, "另一轮", ("platform", "base"), today(), today(), {})
        target = running_rounds.plan_round(plan, origin=hands.origin_of(world, "province")).target

    def work(session: Session) -> None:
        row = session.scalars(select(Round).where(Round.public_id == target)).one()
        row.state = RoundState.OPEN
        session.scalars(select(Submission).where(Submission.id == submission.id)).one().round_id = row.id

    hands.write(world, work)


def test_twenty_returns_at_once_get_twenty_numbers_in_a_row(world: World) -> None:
    """C12: the counter is locked by each in turn."""
    region = busiest(world)
    rows = at_the_city(world, region, 20)
    begun = last_number(world, rows[0])
    first = world.browser(f"city-{region}")

    def returning(one: Submission) -> Callable[[], TestResponse]:
        browser = same_session(world, first)
        data = {"version": world.now(one).version, "reason": "补"}
        return lambda: browser.post(hands.address(one, "return"), data)

    answers = at_once(*(returning(one) for one in rows))
    assert [answer.status_code for answer in answers] == [303] * 20
    numbers = [latest(world, one).number for one in rows]
    assert sorted(numbers) == list(range(begun + 1, begun + 21))


def returned(world: World, **more: Any) -> Submission:
    """A submission that its city returned for one comment, about one field unless ``more`` says otherwise."""
    submission = world.submission("submitted")
    chosen = comment(world, submission, "租金与合同不符", **{"fields": "annual_rent", **more})
    assert give_back(world, submission, chosen, narrow="1").status_code == 303
    return submission


def test_the_notice_is_for_those_who_read_its_comments(world: World) -> None:
    submission = returned(world)
    number = latest(world, submission).number
    elsewhere = next(one for one in ("chengde", "dingzhou") if one != submission.region)
    stranger = next(f"hb{n:04d}" for n in range(1, 9) if n != submission.organisation_id)
    for kind in ("docx", "pdf"):
        path = hands.address(submission, "returns", f"{number}.{kind}")
        for browser in (world.enterprise(submission), world.city(submission), world.browser("province")):
            answer = browser.client.get(path)
            assert answer.status_code == 200
            text = _paper(answer.get_data(), kind)
            assert "租金与合同不符" in text
            assert submission.organisation_name in text
            assert f"{number}号" in text
        for login, status in ((f"city-{elsewhere}", 404), (stranger, 404), ("expert", 403)):
            assert world.browser(login).get(path).status_code == status, login
        assert world.stranger().get(path).status_code in {303, 401}
        missing = hands.address(submission, "returns", f"{number + 50}.{kind}")
        assert world.city(submission).get(missing).status_code == 404
    assert world.city(submission).get(hands.address(submission, "returns", f"{number}.xlsx")).status_code == 404
    history = text_of(world.enterprise(submission).get(hands.address(submission, "history")))
    assert hands.address(submission, "returns", f"{number}.docx") in history


def _paper(content: bytes, kind: str) -> str:
    if kind == "pdf":
        text = "".join(pdf_pages(content))
    else:
        document = docx.Document(io.BytesIO(content))
        cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
        text = "".join((*(paragraph.text for paragraph in document.paragraphs), *cells))
    return "".join(text.split())


@only_sqlite
def test_an_expert_of_the_form_gets_no_notice(world: World) -> None:
    """They are blind to what was said."""
    submission = world.submission("audited")

    def work(session: Session) -> None:
        by = session.scalars(select(Person.id).where(Person.login == f"city-{submission.region}")).one()
        row = Return(
            round_id=submission.round_id, region=submission.region, number=77, submission_id=submission.id,
            revision_number=1, reason="补", comments=[], items=[], deadline=now().date(), person_id=by,
            created_at=now(),
        )  # fmt: skip
        session.add(row)

    hands.write(world, work)
    expert, path = world.browser("expert"), hands.address(submission, "returns", "77.pdf")
    assert expert.get(hands.address(submission)).status_code == 200
    assert expert.get(path).status_code == 403
    assert world.browser("auditor").client.get(path).status_code == 200
    assert "77.pdf" not in text_of(expert.get(hands.address(submission, "history")))


def answer_with(world: World, submission: Submission, **fields: str) -> TestResponse:
    data = {"version": world.now(submission).version, **fields}
    return world.enterprise(submission).post(hands.address(submission, "answers"), data)


def test_a_narrow_return_opens_what_is_named_and_what_is_tied_to_it(world: World) -> None:
    submission = returned(world)
    opened = ["organization_seal", "service_area_rented", "annual_rent"]
    assert sorted(world.now(submission).open_fields or []) == sorted(opened)
    enterprise, before = world.enterprise(submission), hands.answers(world, submission)
    version = world.now(submission).version
    closed = {"employees": "987654", "development_plan": "另写一份"}
    for fields in (closed, {"employees": "987654"}):
        for headers in ({}, HTMX):
            data = {"version": version, **fields}
            answer = enterprise.post(hands.address(submission, "answers"), data, headers=headers)
            assert answer.status_code == 422
            for key in fields:
                beside = text_of(answer).partition(f'id="note-{key}"')[2].partition("</div>")[0]
                assert "退回" in beside, (key, headers)
    assert hands.answers(world, submission) == before
    assert world.now(submission).version == version
    assert answer_with(world, submission, employees=before["employees"]).status_code == 303
    assert answer_with(world, submission, annual_rent="16.5", employees=before["employees"]).status_code == 303
    mixed = answer_with(world, submission, annual_rent="17.50", employees="987654")
    assert mixed.status_code == 422
    now_there = hands.answers(world, submission)
    assert (now_there["employees"], now_there["annual_rent"]) == (before["employees"], "17.50")
    assert answer_with(world, submission, **{"remark.C6.service_area_rented": "合同已附"}).status_code == 303
    assert hands.answers(world, submission)["remark.C6.service_area_rented"] == "合同已附"


@only_sqlite
def test_files_go_only_to_places_that_were_returned(world: World) -> None:
    submission = world.submission("submitted")

    def work(session: Session) -> None:
        known = session.scalars(select(Attachment).where(Attachment.submission_id == submission.id).limit(1)).one()
        row = Attachment(
            submission_id=submission.id, field="commendations", name="奖状.pdf", person_id=known.person_id,
            media_type=known.media_type, size=known.size, sha256=known.sha256, scan=known.scan, created_at=now(),
        )  # fmt: skip
        session.add(row)

    hands.write(world, work)
    returned(world)
    enterprise, before = world.enterprise(submission), hands.kept(world)
    for field in ("commendations", "development_plan"):
        for headers in ({}, HTMX):
            answer = hands.send(world, enterprise, submission, ("新.pdf", pdf()), field=field, headers=headers)
            assert answer.status_code == 409, (field, headers)
    listed = {"version": world.now(submission).version, "file": (io.BytesIO(b"x"), "名单.xlsx")}
    assert enterprise.post(hands.address(submission, "enterprises"), listed).status_code == 409
    old = hands.live(world, submission, "commendations")[-1]
    data: dict[str, Any] = {"version": world.now(submission).version}
    assert enterprise.post(f"/attachments/{old.public_id}/remove", data).status_code == 409
    data["file"] = (io.BytesIO(pdf("换")), "换.pdf")
    assert enterprise.post(f"/attachments/{old.public_id}/replace", data).status_code == 409
    assert hands.kept(world) == before
    for field in ("organization_seal", "evidence"):
        assert hands.send(world, enterprise, submission, ("新.pdf", pdf(field)), field=field).status_code == 303


@only_sqlite
def test_a_list_writes_no_figure_that_was_not_returned(world: World) -> None:
    """It counts two figures of the form; where one of them is closed, that one stays as it was sent."""
    submission = returned(world, fields="enterprises_served_last_year", order=5)
    opened, before = world.now(submission).open_fields or [], hands.answers(world, submission)
    key = "small_micro_enterprises_served"
    assert ("enterprises_served" in opened, key in opened) == (True, False)
    take_list(world, submission, [[1, "河北第一有限公司", codes(1)[0], "是"]])
    assert hands.answers(world, submission)[key] == before[key]


def resubmit(world: World, submission: Submission) -> None:
    answer = world.fire(world.enterprise(submission), submission, "submit", declared="1")
    assert answer.status_code == 303, text_of(answer)


def test_an_opening_lasts_until_the_form_is_sent_and_comes_back_when_it_is_withdrawn(world: World) -> None:
    submission = returned(world, fields="", order=8)
    opened = world.now(submission).open_fields
    evidence = {"survey_responses", "satisfied_responses", "satisfaction_rate", "organization_seal"}
    assert set(opened or ()) == evidence
    assert latest(world, submission).open_fields == opened
    resubmit(world, submission)
    assert world.now(submission).open_fields is None
    assert world.fire(world.enterprise(submission), submission, "withdraw").status_code == 303
    assert world.now(submission).open_fields == opened
    assert answer_with(world, submission, employees="987654").status_code == 422
    resubmit(world, submission)
    chosen = comment(world, submission, "整体再核对")
    assert give_back(world, submission, chosen).status_code == 303
    assert world.now(submission).open_fields is None
    assert answer_with(world, submission, development_plan="另写一份").status_code == 303
    assert hands.send(
        world, world.enterprise(submission), submission, ("新.pdf", pdf()), field="commendations"
    ).status_code == 303  # fmt: skip
    resubmit(world, submission)
    assert world.fire(world.enterprise(submission), submission, "withdraw").status_code == 303
    assert world.now(submission).open_fields is None
    assert world.faults() == []


PROGRAMMES = [shipped(name, 2019) for name in ("platform", "base")]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_opened_holds_what_was_asked_nothing_of_the_citys_and_grows_with_it(data: st.DataObject) -> None:
    programme = data.draw(st.sampled_from(PROGRAMMES))
    keys = st.sets(st.sampled_from([*programme.field_keys, "no_such"]), max_size=6)
    some, more = data.draw(keys), data.draw(keys)
    mine = {field.key for field in programme.enterprise_fields}
    opened = fields_to_open(programme, some)
    assert some & mine <= opened <= mine
    assert "organization_seal" in opened
    assert opened <= fields_to_open(programme, some | more)
    assert opened | fields_to_open(programme, more) == fields_to_open(programme, some | more)
    for check in programme.checks:
        if some & set(check.fields):
            assert set(check.fields) & mine <= opened


@only_sqlite
def test_three_returns_keep_their_comments_apart_and_an_old_seal_is_void(world: World) -> None:
    """S05."""
    submission = world.submission("submitted")
    begun = last_number(world, submission)
    for number in (1, 2, 3):
        chosen = comment(world, submission, f"第{number}次意见")
        if number == 3:
            assert approve(world, submission).status_code == 303
            assert world.fire(world.browser("province"), submission, "send_back", reason="再看").status_code == 303
        assert give_back(world, submission, chosen, reason=f"第{number}次退回").status_code == 303
        assert answer_with(world, submission, development_plan=f"第{number}稿规划").status_code == 303
        resubmit(world, submission)
        city = world.city(submission)
        compared = text_of(city.get(hands.address(submission, f"diff?from={number}&to={number + 1}")))
        assert f"{number}" in compared
        assert "development_plan" in compared or "发展规划" in compared
        thread = text_of(city.get(hands.address(submission, "indicators", "3")))
        for earlier in range(1, number + 1):
            said = thread.partition(f"第{earlier}次意见")[0].rpartition("<article")[2]
            assert f"申报版本{earlier}" in said
    found = notices(world, Return.submission_id == submission.id)
    assert [(one.number - begun, one.revision_number, one.reason) for one in found] == [
        (number, number, f"第{number}次退回") for number in (1, 2, 3)
    ]
    with world.app.app_context():
        opinion = db.session.scalars(select(Opinion).where(Opinion.submission_id == submission.id)).one()
    assert opinion.void_at is not None
    assert not hands.live(world, submission, "city_seal")
    assert approve(world, submission).status_code == 303
    assert world.faults() == []


def approve(world: World, submission: Submission, browser: Browser | None = None, **more: str) -> TestResponse:
    """Approve on the newest version, with the scan; after resolving what blocks."""
    data = approval(world.now(submission).version, scan=True, **more)
    return (browser or world.city(submission)).post(hands.address(submission, "approve"), data)


def test_an_approval_of_an_older_revision_says_what_changed_since(world: World) -> None:
    """C04: the page that was open binds nothing any more."""
    submission = world.submission("submitted")
    version, enterprise = world.now(submission).version, world.enterprise(submission)
    assert world.fire(enterprise, submission, "withdraw").status_code == 303
    assert answer_with(world, submission, development_plan="另写一份").status_code == 303
    resubmit(world, submission)
    for headers in ({}, HTMX):
        data = approval(version, scan=True, opinion="同意上报", revision="1")
        answer = world.city(submission).post(hands.address(submission, "approve"), data, headers=headers)
        text = text_of(answer)
        assert answer.status_code == 409
        since = text.partition('role="alert"')[2].partition("</div>")[0]
        assert since.count("<time>") == 3  # withdrawn, typed, sent
        assert hands.address(submission, "diff?from=1&to=2") in since
        assert re.search(r"<textarea[^>]*>同意上报</textarea>", text)
    assert world.now(submission).state is State.SUBMITTED
    assert not hands.live(world, submission, "city_seal")
    assert "另写一份" in text_of(world.city(submission).get(hands.address(submission, "diff?from=1&to=2")))
    back = {"version": version, "revision": "1", "reason": "请补充"}
    comment(world, submission, "补")
    assert world.city(submission).post(hands.address(submission, "return"), back).status_code == 409
    assert approve(world, submission, opinion="同意上报").status_code == 303
    with world.app.app_context():
        found = db.session.scalars(select(Opinion).where(Opinion.submission_id == submission.id)).one()
    assert (found.revision_number, found.opinion, found.seal_date) == (2, "同意上报", today())


def tick(world: World, submission: Submission, keys: Iterable[str]) -> None:
    for key in keys:
        data = {"key": key, "ticked": "1", "revision": world.now(submission).revision_number}
        assert world.city(submission).post(hands.address(submission, "ticks"), data).status_code == 303


def opinion_of(world: World, submission: Submission) -> Opinion:
    with world.app.app_context():
        query = select(Opinion).where(Opinion.submission_id == submission.id, Opinion.void_at.is_(None))
        return db.session.scalars(query).one()


def anew(world: World, submission: Submission) -> None:
    """Returned and sent again: a new revision is on the table."""
    assert give_back(world, submission, comment(world, submission, "再补一次")).status_code == 303
    resubmit(world, submission)


@only_sqlite
def test_where_the_round_wants_it_the_whole_list_is_ticked_for_this_revision(world: World) -> None:
    submission = world.submission("submitted")
    items = [item.key for item in hands.programme(world, submission).checklist]

    def work(session: Session) -> None:
        row = session.scalars(select(Round).where(Round.id == submission.round_id)).one()
        row.settings = {**row.settings, "checklist_required": 1}

    hands.write(world, work)
    tick(world, submission, items)
    anew(world, submission)
    for done in range(len(items)):
        answer = approve(world, submission)
        assert answer.status_code == 422
        assert text_of(answer).count('href="#field-checklist"') == len(items) - done
        tick(world, submission, [items[done]])
    assert approve(world, submission).status_code == 303
    assert opinion_of(world, submission).ticks == items


@only_sqlite
def test_ticks_that_nobody_asked_for_are_kept_with_the_opinion(world: World) -> None:
    submission = world.submission("submitted")
    tick(world, submission, ["consistent", "complete"])
    assert approve(world, submission).status_code == 303
    found = opinion_of(world, submission)
    assert (found.ticks, found.checked_by) == (["complete", "consistent"], None)


def test_a_second_check_is_another_persons_and_of_this_revision(world: World) -> None:
    submission = world.submission("submitted")

    def work(session: Session) -> None:
        session.add(CitySetting(region=submission.region, second_check=True, version=1))
        known = session.scalars(select(Person).where(Person.login == f"city-{submission.region}")).one()
        second = inviting.add_person(session, Newcomer(Role.CITY, "第二人", "second", region=submission.region))
        second.password_hash = known.password_hash

    hands.write(world, work)
    first, second = world.city(submission), world.browser("second")

    def check(browser: Browser) -> None:
        data = {"version": world.now(submission).version}
        assert browser.post(hands.address(submission, "second-check"), data).status_code == 303

    def refused() -> None:
        answer = approve(world, submission)
        assert answer.status_code == 422
        assert 'href="#field-second_check"' in text_of(answer)

    refused()
    check(second)
    anew(world, submission)
    refused()
    check(first)
    refused()
    assert approve(world, submission, second).status_code == 303
    assert world.fire(world.browser("province"), submission, "send_back", reason="再看").status_code == 303
    check(second)
    assert approve(world, submission).status_code == 303
    with world.app.app_context():
        by = {row.login: row.id for row in db.session.scalars(select(Person).where(Person.role == Role.CITY))}
    found = opinion_of(world, submission)
    assert (found.checked_by, found.person_id) == (by["second"], by[f"city-{submission.region}"])


@only_sqlite
def test_a_preview_is_marked_and_keeps_nothing(world: World) -> None:
    submission = world.submission("submitted")
    city, before, files = world.city(submission), world.dump(), hands.store(world)
    for opinion, day in (("同意上报", "2026-03-01"), ("", ""), ("长" * 6000, "明天"), ("<b>\x00", "2026-02-30")):
        answer = city.post(hands.address(submission, "preview"), {"opinion": opinion, "seal_date": day})
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        pages = pdf_pages(answer.get_data())
        assert all("预览" in page for page in pages)
        if opinion == "同意上报":
            assert "同意上报" in _paper(answer.get_data(), "pdf")
    assert (world.dump(), hands.store(world)) == (before, files)
    for login, status in (("province", 403), (f"hb{submission.organisation_id:04d}", 403), ("expert", 403)):
        assert world.browser(login).post(hands.address(submission, "preview"), {}).status_code == status
    sealed = city.client.get(hands.address(submission, "form.pdf"))
    assert "预览" not in _paper(sealed.get_data(), "pdf")
