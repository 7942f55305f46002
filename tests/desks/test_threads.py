"""Comment threads over HTTP: small answers however much is said, nothing typed is lost, and who may read what."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload
from werkzeug.test import TestResponse

from hbreview.acts import attaching, inviting, signing_off
from hbreview.acts.freezing import revision_digest
from hbreview.acts.inviting import Newcomer
from hbreview.clock import now
from hbreview.extensions import db
from hbreview.model import Attachment, Comment, Entry, Interest, Person, Submission
from hbreview.words import Role, State, Trigger, Visibility
from tests.desks.test_query_counts import counting
from tests.trust import desk_hands as hands
from tests.trust.desk_hands import HTMX, only_sqlite, pdf
from tests.worlds import Browser, World

SMALL, MOST_STATEMENTS = 6_000, 8
MUCH = 300
PRINTED = "请补充合同复印件，并说明与上年相比变化的原因。" * 3


def text_of(answer: TestResponse) -> str:
    return html.unescape(answer.get_data(as_text=True))


def say(browser: Browser, submission: Submission, body: str, *, order: int = 3, **more: Any) -> TestResponse:
    """Post a comment, or a reply with ``parent``; ``headers`` for htmx."""
    headers = more.pop("headers", None)
    path = hands.address(submission, "indicators", str(order), "comments")
    return browser.post(path, {"body": body, **more}, headers=headers)


def said(world: World, submission: Submission, body: str) -> Comment:
    """The newest comment with this text."""
    with world.app.app_context():
        query = select(Comment).where(Comment.submission_id == submission.id, Comment.body == body)
        return db.session.scalars(query.order_by(Comment.id.desc()).limit(1)).one()


def open_thread(world: World, submission: Submission, body: str, *, order: int = 3, **more: Any) -> Comment:
    """A comment of the submission's city."""
    answer = say(world.city(submission), submission, body, order=order, **more)
    assert answer.status_code == 303, text_of(answer)
    return said(world, submission, body)


def orders(world: World, submission: Submission) -> list[int]:
    return [indicator.order for indicator in hands.programme(world, submission).indicators]


def talk(world: World, submission: Submission, wanted: int, *, parent: int | None = None) -> None:
    """So many comments of the city, on one indicator after the other; with ``parent`` replies to it on the third."""
    places = orders(world, submission)

    def work(session: Session) -> None:
        city = select(Person.id).where(Person.login == f"city-{submission.region}")
        by = session.scalars(city).one()
        for number in range(wanted):
            order = 3 if parent else places[number % len(places)]
            row = Comment(
                submission_id=submission.id, indicator=order, person_id=by, parent_id=parent, created_at=now(),
                body=f"第{number}条：{PRINTED}", blocking=not parent and number % 5 == 0, revision_number=1,
            )  # fmt: skip
            session.add(row)

    hands.write(world, work)


def length(world: World, submission: Submission, order: int = 3) -> int:
    """How many comments the indicator has: what the page of a city sends as its version."""
    with world.app.app_context():
        here = (Comment.submission_id == submission.id, Comment.indicator == order)
        return db.session.scalar(select(func.count()).where(*here)) or 0


def measured(world: World, request: Callable[[], TestResponse]) -> tuple[TestResponse, list[str]]:
    """The second answer and its statements: the first fills what is kept in memory."""
    assert request().status_code == 200
    with counting(world) as statements:
        answer = request()
    assert answer.status_code == 200, text_of(answer)
    return answer, list(statements)


@pytest.mark.parametrize("comments", [0, MUCH])
@only_sqlite
def test_posting_answers_with_the_new_comment_the_emptied_form_and_the_count(world: World, comments: int) -> None:
    submission = world.submission("submitted", "base")
    talk(world, submission, comments)
    city, before = world.city(submission), length(world, submission)
    about = hands.programme(world, submission).field_keys[0]
    versions = iter((before, before + 1))

    def post() -> TestResponse:
        return say(city, submission, "请补合同", headers=HTMX, version=next(versions), fields=about)

    answer, statements = measured(world, post)
    text = text_of(answer)
    assert len(statements) <= MOST_STATEMENTS, statements
    assert len(answer.get_data()) < SMALL
    assert "<html" not in text
    assert text.count("<article") == text.count("请补合同") == 1
    assert f'href="#field-{about}"' in text
    form = text.split('<form class="post" id="post-3"', 1)[1]
    assert form.startswith(' hx-swap-oob="true"')
    assert re.search(r"<textarea[^>]*></textarea>", form)
    assert f'name="version" value="{before + 2}"' in form
    assert re.search(rf'id="count-3" hx-swap-oob="true">.*{before + 2}', text, re.S)
    assert PRINTED not in text


@only_sqlite
def test_a_reply_answers_with_few_statements_and_bytes_however_long_the_thread(world: World) -> None:
    submission = world.submission("submitted")
    root = open_thread(world, submission, "请补合同")
    talk(world, submission, 30, parent=root.id)
    city = world.city(submission)
    answer, statements = measured(world, lambda: say(city, submission, "已补", headers=HTMX, parent=root.public_id))
    assert len(statements) <= MOST_STATEMENTS, statements
    assert len(answer.get_data()) < SMALL


@only_sqlite
def test_thread_and_counts_take_few_statements_and_bring_only_what_is_asked(world: World) -> None:
    submission = world.submission("submitted", "base")
    talk(world, submission, MUCH)
    city = world.city(submission)
    path = hands.address(submission, "indicators")
    thread, statements = measured(world, lambda: city.get(f"{path}/3", headers=HTMX))
    assert len(statements) <= MOST_STATEMENTS
    assert text_of(thread).count("<article") == length(world, submission)
    polled, statements = measured(world, lambda: city.get(path, headers=HTMX | {"X-Polling": "1"}))
    assert len(statements) <= MOST_STATEMENTS
    text = text_of(polled)
    assert text.count("hx-swap-oob") == text.count('id="count-') == len(orders(world, submission))
    assert PRINTED not in text
    assert len(polled.get_data()) < SMALL
    alone = city.get(path)
    assert (alone.status_code, alone.headers["Location"]) == (303, hands.address(submission))


@only_sqlite
def test_review_page_does_not_grow_with_threads_that_are_closed(world: World) -> None:
    submission = world.submission("submitted", "base")
    city = world.city(submission)
    page = hands.address(submission) + "?indicator=3"
    talk(world, submission, 2 * len(orders(world, submission)))
    on_third = length(world, submission)
    little = measured(world, lambda: city.get(page))[0]

    def more(session: Session) -> None:
        by = session.scalars(select(Person.id).where(Person.login == f"city-{submission.region}")).one()
        for number in range(MUCH):
            row = Comment(
                submission_id=submission.id, indicator=1 if number % 2 else 4, person_id=by, created_at=now(),
                body=f"封闭{PRINTED}", revision_number=1,
            )  # fmt: skip
            session.add(row)

    hands.write(world, more)
    much, statements = measured(world, lambda: city.get(page))
    assert len(statements) <= 12, statements
    assert text_of(much).count('<article class="comment') == on_third
    assert "封闭" not in text_of(much)
    assert abs(len(much.get_data()) - len(little.get_data())) < 100


def test_a_thread_that_grew_meanwhile_shows_both_texts(world: World) -> None:
    """C01: the first is kept, the second is told and loses nothing."""
    submission = world.submission("submitted")
    city, version = world.city(submission), length(world, submission)
    assert say(city, submission, "先写的", version=version).status_code == 303
    for headers in (HTMX, {}):
        more: dict[str, Any] = {"version": version, "blocking": "1", "visibility": "internal", "fields": "annual_rent"}
        answer = say(city, submission, "后写的", headers=headers, **more)
        text = text_of(answer)
        assert answer.status_code == 409
        assert "先写的" in text
        assert re.search(r"<textarea[^>]*>后写的</textarea>", text)
        form = text.split('id="post-3"', 1)[1]
        assert 'role="alert"' in form
        assert re.search(r'name="blocking" value="1" checked', form)
        assert re.search(r'value="internal" checked', form)
        assert re.search(r'value="annual_rent" checked', form)
        assert f'name="version" value="{version + 1}"' in form
        assert answer.headers.get("HX-Retarget") == ("#thread-3" if headers else None)
        assert ("<html" in text) is not bool(headers)
    assert length(world, submission) == version + 1


@only_sqlite
def test_a_reply_of_ones_own_leaves_the_form_below_ready_for_a_comment(world: World) -> None:
    """What the page holds after a reply was answered is up to date: nobody else wrote."""
    submission = world.submission("submitted")
    root = open_thread(world, submission, "请补合同")
    city = world.city(submission)
    page = text_of(city.get(hands.address(submission, "indicators", "3"), headers=HTMX))
    answer = text_of(say(city, submission, "补充一句", headers=HTMX, parent=root.public_id))
    version = re.findall(r'name="version" value="(\d+)"', page + answer)[-1]
    assert say(city, submission, "另一条", headers=HTMX, version=version).status_code == 200


@pytest.mark.parametrize(("body", "kept"), [("", ""), ("长" * 5001, "长" * 5001), ("a\x00b", "a")])
@only_sqlite
def test_refused_text_stays_where_it_was_typed(world: World, body: str, kept: str) -> None:
    submission = world.submission("submitted")
    root = open_thread(world, submission, "请补合同")
    before = hands.kept(world)
    for headers in (HTMX, {}):
        kinds: list[dict[str, Any]] = [{"blocking": "1"}, {"parent": root.public_id}]
        for more in kinds:
            answer = say(world.city(submission), submission, body, headers=headers, **more)
            assert answer.status_code == 422
            text = text_of(answer)
            assert 'role="alert"' in text
            assert re.search(rf"<textarea[^>]*>{kept}", text)
            assert ("<html" in text) is not bool(headers)
    assert hands.kept(world) == before


@only_sqlite
def test_replies_follow_their_thread_and_never_block(world: World) -> None:
    submission = world.submission("submitted")
    enterprise, city = world.enterprise(submission), world.city(submission)
    root = open_thread(world, submission, "请补合同")
    inner = open_thread(world, submission, "内部看法", visibility="internal")
    answer = say(enterprise, submission, "已补", headers=HTMX, parent=root.public_id, blocking="1")
    assert answer.status_code == 200
    assert "已补" in text_of(answer)
    assert say(city, submission, "内部回复", parent=inner.public_id, visibility="enterprise").status_code == 303
    assert say(enterprise, submission, "偷看", parent=inner.public_id).status_code == 404
    assert say(enterprise, submission, "自己起头").status_code == 403
    reply, hidden = said(world, submission, "已补"), said(world, submission, "内部回复")
    assert (reply.parent_id, reply.blocking, reply.visibility) == (root.id, False, Visibility.ENTERPRISE)
    assert hidden.visibility is Visibility.INTERNAL
    page = text_of(enterprise.get(hands.address(submission, "indicators", "3")))
    assert "已补" in page
    assert "内部" not in page
    assert enterprise.get(f"/comments/{inner.public_id}?edit={inner.public_id}").status_code == 404
    for one in (root, reply):
        there = city.get(f"/comments/{one.public_id}?reply={root.public_id}")
        assert there.status_code == 303
        assert "已补" in text_of(city.get(there.headers["Location"].partition("#")[0]))


def edit(browser: Browser, comment: Comment, body: str, **more: Any) -> TestResponse:
    """Write a comment anew on the version that ``comment`` had when it was read."""
    headers = more.pop("headers", None)
    return browser.post(
        f"/comments/{comment.public_id}/edit", {"version": comment.version, "body": body}, headers=headers
    )


def entries(world: World, act: str) -> list[Entry]:
    with world.app.app_context():
        query = select(Entry).where(Entry.act == act, Entry.result == "done")
        return list(db.session.scalars(query.order_by(Entry.sequence)))


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@only_sqlite
def test_editing_changes_the_text_alone_and_the_journal_keeps_the_former(world: World, headers: dict[str, str]) -> None:
    """Field case 19: an internal one stays internal, a visible one visible; so does whether it blocks."""
    submission = world.submission("submitted")
    city, enterprise = world.city(submission), world.enterprise(submission)
    kinds = [(place, blocking) for place in ("internal", "enterprise") for blocking in ("", "1")]
    for number, (place, blocking) in enumerate(kinds):
        comment = open_thread(world, submission, f"原文{number}", visibility=place, blocking=blocking)
        page = text_of(enterprise.get(hands.address(submission)))
        data = {"version": comment.version, "body": f"改写{number}", "visibility": "enterprise", "blocking": "1"}
        answer = city.post(f"/comments/{comment.public_id}/edit", data, headers=headers)
        assert answer.status_code == (200 if headers else 303), text_of(answer)
        if headers:
            assert f"改写{number}" in text_of(answer)
            assert f"原文{number}" not in text_of(answer)
        kept = said(world, submission, f"改写{number}")
        assert (kept.id, kept.visibility.value, kept.blocking) == (comment.id, place, bool(blocking))
        assert kept.version == comment.version + 1
        assert kept.edited_at is not None
        last = entries(world, "edit_comment")[-1]
        assert (last.target, last.data["before"], last.data["visibility"]) == (
            comment.public_id,
            f"原文{number}",
            place,
        )
        seen = text_of(enterprise.get(hands.address(submission)))
        assert (f"改写{number}" in seen) is (f"原文{number}" in page) is (place == "enterprise")
        assert edit(city, kept, f"改写{number}").status_code == 303
    assert len(entries(world, "edit_comment")) == len(kinds)


@only_sqlite
def test_nobody_writes_somebody_elses_comment_and_no_stale_or_settled_one(world: World) -> None:
    submission = world.submission("submitted")
    city, enterprise, province = world.city(submission), world.enterprise(submission), world.browser("province")
    comment = open_thread(world, submission, "原文")
    inner = open_thread(world, submission, "内部", visibility="internal")
    for browser, one, status in ((province, comment, 403), (enterprise, comment, 403), (enterprise, inner, 404)):
        for headers in ({}, HTMX):
            assert edit(browser, one, "改", headers=headers).status_code == status
    assert edit(city, comment, "先改的").status_code == 303
    for headers in (HTMX, {}):
        answer = edit(city, comment, "后改的", headers=headers)
        assert answer.status_code == 409
        assert "先改的" in text_of(answer)
        assert re.search(r"<textarea[^>]*>后改的</textarea>", text_of(answer))
        fresh = said(world, submission, "先改的")
        empty = edit(city, fresh, " ", headers=headers)
        assert (empty.status_code, 'role="alert"' in text_of(empty)) == (422, True)
        assert "先改的" in text_of(empty)
    assert city.post(f"/comments/{comment.public_id}/resolve").status_code == 303
    settled = said(world, submission, "先改的")
    for headers in (HTMX, {}):
        answer = edit(city, settled, "改已解决的", headers=headers)
        assert answer.status_code == 409
        assert "改已解决的" in text_of(answer)
    assert said(world, submission, "先改的").version == settled.version
    for version in ("", "-1", "文", "99"):
        broken = city.post(f"/comments/{comment.public_id}/edit", {"version": version, "body": "改"})
        assert broken.status_code == 400


@only_sqlite
def test_the_enterprise_writes_its_own_reply_anew_while_it_may_speak(world: World) -> None:
    submission = world.submission("submitted")
    root, enterprise = open_thread(world, submission, "请补合同"), world.enterprise(submission)
    assert say(enterprise, submission, "已补", parent=root.public_id).status_code == 303
    reply = said(world, submission, "已补")
    form = text_of(enterprise.get(f"/comments/{reply.public_id}?edit={reply.public_id}", headers=HTMX))
    assert re.search(r"<textarea[^>]*>已补</textarea>", form)
    assert edit(enterprise, reply, "已补两份").status_code == 303
    assert edit(world.city(submission), said(world, submission, "已补两份"), "改").status_code == 403
    world.fire(world.city(submission), submission, "return", reason="再补")
    assert world.now(submission).state is State.DRAFT
    assert edit(enterprise, said(world, submission, "已补两份"), "已补三份").status_code == 303
    last = entries(world, "edit_comment")[-1]
    assert (last.role, last.data["before"]) == (Role.ENTERPRISE.value, "已补两份")


def colleague(world: World, login: str, name: str, role: Role = Role.CITY, region: str | None = None) -> None:
    hands.write(world, lambda session: inviting.add_person(session, Newcomer(role, name, login, region=region)))


def told(world: World) -> list[str]:
    """The logins of those whom mentions told, oldest first."""
    with world.app.app_context():
        logins = {row.public_id: row.login for row in db.session.scalars(select(Person))}
    return [logins[entry.target] for entry in entries(world, "mention")]


@only_sqlite
def test_a_mention_tells_exactly_those_who_are_named_and_may_read_it(world: World) -> None:
    submission = world.submission("submitted")
    elsewhere = next(one for one in ("chengde", "dingzhou", "xiongan") if one != submission.region)
    colleague(world, "short", "王小", region=submission.region)
    colleague(world, "long", "王小明", region=submission.region)
    colleague(world, "team", "赵省", Role.PROVINCE)
    colleague(world, "gone", "孙停", region=submission.region)
    colleague(world, "far", "钱远", region=elsewhere)

    def work(session: Session) -> None:
        rows = {row.login: row for row in session.scalars(select(Person))}
        rows["gone"].suspended_at = now()
        rows["long"].password_hash = rows["province"].password_hash

    hands.write(world, work)
    open_thread(world, submission, "请 @王小明 和＠赵省、@孙停 @钱远 @不存在 看", visibility="internal")
    assert sorted(told(world)) == ["long", "team"]
    assert "请 @王小明" not in text_of(world.enterprise(submission).get(hands.address(submission)))
    assert hands.address(submission) in text_of(world.browser("long").get("/notices"))
    open_thread(world, submission, "@王小，@王小 再看一次；邮箱 a@b.cn")
    assert sorted(told(world)) == ["long", "short", "team"]
    open_thread(world, submission, "没有点名 王小明")
    visible = open_thread(world, submission, "请企业说明")
    assert say(world.enterprise(submission), submission, "@王小明 请看", parent=visible.public_id).status_code == 303
    assert sorted(told(world)) == ["long", "short", "team"]
    assert edit(world.city(submission), said(world, submission, "没有点名 王小明"), "点名 @王小").status_code == 303
    assert sorted(told(world)) == ["long", "short", "short", "team"]


@only_sqlite
def test_a_mention_tells_nobody_who_declared_an_interest(world: World) -> None:
    submission = world.submission("submitted")
    colleague(world, "partial", "周亲", region=submission.region)

    def work(session: Session) -> None:
        kin = session.scalars(select(Person).where(Person.login == "partial")).one()
        kin.password_hash = session.scalars(select(Person.password_hash).where(Person.login == "province")).one()
        session.add(Interest(person_id=kin.id, organisation_id=submission.organisation_id, created_at=now()))

    hands.write(world, work)
    open_thread(world, submission, "请 @周亲 看")
    assert submission.public_id not in text_of(world.browser("partial").get("/notices"))
    assert told(world) == []


@only_sqlite
def test_rewriting_a_comment_does_not_tell_again_whom_it_named_before(world: World) -> None:
    submission = world.submission("submitted")
    colleague(world, "long", "王小明", region=submission.region)
    comment = open_thread(world, submission, "请 @王小明 看合同")
    assert edit(world.city(submission), comment, "请 @王小明 看合同。").status_code == 303
    assert told(world) == ["long"]


@only_sqlite
def test_fields_that_a_comment_is_about_are_known_ones_in_the_forms_order(world: World) -> None:
    submission = world.submission("submitted")
    city, before = world.city(submission), hands.kept(world)
    for headers in (HTMX, {}):
        for wrong in (["no_such"], ["annual_rent", "no_such"], ["remark.C1.x"]):
            assert say(city, submission, "看", headers=headers, fields=wrong).status_code == 400
    assert hands.kept(world) == before
    comment = open_thread(world, submission, "看", fields=["employees", "annual_rent", "employees", ""])
    assert comment.fields == ["annual_rent", "employees"]
    for browser in (city, world.enterprise(submission)):
        page = text_of(browser.get(hands.address(submission, "indicators", "3"), headers=HTMX))
        assert re.findall(r'class="chip" href="[^"]*#field-(\w+)"', page) == ["annual_rent", "employees"]


def with_file(name: str, content: bytes) -> dict[str, Any]:
    return {"file": (io.BytesIO(content), name)}


def names_in_zip(browser: Browser, submission: Submission) -> set[str]:
    answer = browser.client.get(hands.address(submission, "bundle.zip"))
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as packed:
        return {name.rpartition("/")[2] for name in packed.namelist()}


def digest_now(world: World, submission: Submission) -> str:
    with world.app.app_context():
        query = select(Submission).where(Submission.id == submission.id).options(joinedload(Submission.round))
        row = db.session.scalars(query).one()
        return signing_off.form_digest(db.session(), row)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@only_sqlite
def test_a_comments_file_is_seen_by_who_may_read_the_comment_and_belongs_to_no_form(
    world: World, headers: dict[str, str]
) -> None:
    submission = world.submission("submitted")
    city, enterprise = world.city(submission), world.enterprise(submission)
    digest = digest_now(world, submission)
    given: dict[str, Attachment] = {}
    for place in ("enterprise", "internal"):
        more: dict[str, Any] = {"visibility": place, **with_file(f"{place}.pdf", pdf(place))}
        answer = say(city, submission, f"附件{place}", headers=headers, **more)
        assert answer.status_code == (200 if headers else 303), text_of(answer)
        given[place] = hands.files_of(world, submission)[-1]
        assert given[place].comment_id == said(world, submission, f"附件{place}").id
        if headers:
            assert f"/attachments/{given[place].public_id}" in text_of(answer)
    elsewhere = next(one for one in ("chengde", "dingzhou") if one != submission.region)
    readers = [
        (city, [200, 200]), (world.browser("province"), [200, 200]), (enterprise, [200, 404]),
        (world.browser("expert"), [404, 404]), (world.browser(f"city-{elsewhere}"), [404, 404]),
    ]  # fmt: skip
    for browser, statuses in readers:
        found = [browser.get(f"/attachments/{given[place].public_id}").status_code for place in given]
        assert found == statuses
    assert city.get(f"/attachments/{given['internal'].public_id}").get_data() == pdf("internal")
    assert {"enterprise.pdf", "internal.pdf"} <= names_in_zip(city, submission)
    assert {"enterprise.pdf", "internal.pdf"} & names_in_zip(enterprise, submission) == {"enterprise.pdf"}
    assert "internal.pdf" not in text_of(enterprise.get(hands.address(submission, "indicators", "3")))
    assert digest_now(world, submission) == digest
    assert world.fire(city, submission, "return", reason="补").status_code == 303
    assert world.fire(enterprise, submission, "submit", declared="1").status_code == 303
    revision = hands.revisions(world, submission)[-1]
    assert not {file["name"] for file in revision.attachments} & {"enterprise.pdf", "internal.pdf"}
    assert revision.digest == revision_digest(revision.answers, revision.attachments)
    for one in given.values():
        for address in ("remove", "replace"):
            data = {"version": world.now(submission).version, **with_file("新.pdf", pdf())}
            assert enterprise.post(f"/attachments/{one.public_id}/{address}", data).status_code in {400, 403, 404, 409}
    assert len(hands.live(world, submission, "comment")) == 2
    assert world.faults() == []


@only_sqlite
def test_an_expert_of_the_form_reads_no_comments_file(world: World) -> None:
    submission = world.submission("audited")
    hands.write(world, lambda session: _join(session, submission))
    row = hands.files_of(world, submission, Attachment.comment_id.is_not(None))[0]
    expert = world.browser("expert")
    assert expert.get(hands.address(submission)).status_code == 200
    assert expert.get(f"/attachments/{row.public_id}").status_code == 404
    assert row.name not in names_in_zip(expert, submission)
    assert world.enterprise(submission).get(f"/attachments/{row.public_id}").status_code == 200


def _join(session: Session, submission: Submission) -> None:
    """A visible comment with a file that is in the store: the form's own, by content."""
    known = session.scalars(select(Attachment).where(Attachment.submission_id == submission.id).limit(1)).one()
    by = session.scalars(select(Person.id).where(Person.login == f"city-{submission.region}")).one()
    comment = Comment(
        submission_id=submission.id, indicator=3, person_id=by, body="见附件", created_at=now(), revision_number=1
    )
    session.add(comment)
    session.flush()
    row = Attachment(
        submission_id=submission.id, comment_id=comment.id, field="comment", person_id=by, created_at=now(),
        name="意见附件.pdf", media_type=known.media_type, size=known.size, sha256=known.sha256, scan=known.scan,
    )  # fmt: skip
    session.add(row)


REFUSED = [("程序.exe", b"MZ\x90\x00"), ("假.pdf", b"<html></html>"), ("网页.html", b"<html></html>"), ("空.pdf", b"")]


@pytest.mark.parametrize(("name", "content"), REFUSED, ids=[name for name, _content in REFUSED])
@only_sqlite
def test_a_file_that_is_not_taken_keeps_the_text_and_leaves_nothing(world: World, name: str, content: bytes) -> None:
    submission = world.submission("submitted")
    root, city = open_thread(world, submission, "请补合同"), world.city(submission)
    before = hands.kept(world)
    for headers in (HTMX, {}):
        kinds: list[dict[str, Any]] = [{"blocking": "1"}, {"parent": root.public_id}]
        for more in kinds:
            answer = say(city, submission, "写了很久", headers=headers, **more, **with_file(name, content))
            assert answer.status_code == 422
            assert 'role="alert"' in text_of(answer)
            assert re.search(r"<textarea[^>]*>写了很久</textarea>", text_of(answer))
    stale = say(city, submission, "写了很久", headers=HTMX, version=0, **with_file("好.pdf", pdf("好")))
    assert (stale.status_code, "写了很久" in text_of(stale)) == (409, True)
    assert hands.kept(world) == before


@only_sqlite
def test_files_of_the_city_take_no_room_from_the_form(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """U12 counts what the enterprise gives to its form."""
    submission = world.submission("submitted")
    used = sum(file.size for file in hands.files_of(world, submission) if file.field not in attaching.BY_OTHERS)
    open_thread(world, submission, "见附件", **with_file("大.pdf", pdf("大" * 20_000)))
    assert world.fire(world.city(submission), submission, "return", reason="补").status_code == 303
    monkeypatch.setattr(attaching, "QUOTA", used + 1000)
    hands.give(world, submission, "小.pdf", pdf("小"))


@only_sqlite
def test_counts_follow_settling_and_each_act_works_as_a_part(world: World) -> None:
    submission = world.submission("submitted")
    comment, city = open_thread(world, submission, "请补合同", blocking="1"), world.city(submission)

    def badge(text: str) -> str:
        return re.sub("<[^>]+>", "", text.partition('id="count-3"')[2].partition("</span>")[0]).rpartition(">")[2]

    def polled() -> str:
        return badge(text_of(city.get(hands.address(submission, "indicators"), headers=HTMX)))

    opened = polled()
    for act, shown in (("resolve", None), ("resolve", None), ("reopen", opened), ("reopen", opened)):
        answer = city.post(f"/comments/{comment.public_id}/{act}", headers=HTMX)
        text = text_of(answer)
        assert (answer.status_code, text.count("<article")) == (200, 1)
        assert 'id="count-3" hx-swap-oob="true"' in text
        assert badge(text) == polled()
        assert (badge(text) == opened) is (shown is not None)
        assert ("settled" in text) is (act == "resolve")
        assert len(answer.get_data()) < SMALL
    assert hands.done(world, submission, "resolve_comment") == hands.done(world, submission, "reopen_comment") == 1
    assert world.enterprise(submission).post(f"/comments/{comment.public_id}/resolve").status_code == 403


def test_each_act_by_a_plain_form(world: World) -> None:
    submission = world.submission("submitted")
    city = world.city(submission)
    there = hands.address(submission) + "?indicator=3#thread-3"
    answer = say(city, submission, "请补合同", version=length(world, submission))
    assert (answer.status_code, answer.headers["Location"]) == (303, there)
    comment = said(world, submission, "请补合同")
    acts: list[tuple[str, dict[str, Any]]] = [
        (hands.address(submission, "indicators", "3", "comments"), {"body": "回复", "parent": comment.public_id}),
        (f"/comments/{comment.public_id}/edit", {"body": "改写", "version": comment.version}),
        (f"/comments/{comment.public_id}/resolve", {}),
        (f"/comments/{comment.public_id}/reopen", {}),
    ]
    for address, data in acts:
        answer = city.post(address, data)
        assert (answer.status_code, answer.headers["Location"]) == (303, there), address
        assert city.client.post(address, data=data).status_code in {400, 403}
    page = text_of(city.get(there.partition("#")[0]))
    assert ("改写" in page, "回复</p>" in page) == (True, True)
    hands.fire(world, submission, Trigger.RETURN, f"city-{submission.region}", reason="补")
    refused = say(city, submission, "太晚了")
    assert (refused.status_code, "太晚了" in text_of(refused)) == (409, False)
