"""Many at once: each by itself, a report that agrees with what was done, and nothing done twice."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from hbreview.acts import moving, working_through
from hbreview.acts.moving import Firing
from hbreview.clock import now, today
from hbreview.extensions import db
from hbreview.model import Comment, Entry, Mail, Person, Submission
from hbreview.notices import posting
from hbreview.transact import Receipt
from hbreview.words import Role, State
from hbreview.workflow.journal import Origin
from tests.acts.test_reviewing import do
from tests.desks.selections import (
    CITY,
    OPINION,
    approval,
    done_since,
    entries,
    gather,
    last_entry,
    report,
    reviewer,
    rows,
)  # fmt: skip
from tests.desks.test_query_counts import counting
from tests.notices.addressed import give_addresses, skip_to_now, use_mail
from tests.trust.page_forms import press
from tests.trust.test_concurrency import at_once, browser_for
from tests.worlds import World

HTMX = {"HX-Request": "true"}
NOBODY = "smtp://127.0.0.1:9"
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def object_to(world: World, submission: Submission) -> None:
    """An open blocking comment, as somebody else of the city would have written it meanwhile."""
    with world.app.app_context():
        author = db.session.scalars(select(Person.id).where(Person.login == f"city-{CITY}")).one()
    comment = Comment(
        submission_id=submission.id, indicator=1, person_id=author, body="缺合同", blocking=True, revision_number=1,
        created_at=now(),
    )  # fmt: skip
    do(world, lambda session: session.add(comment))


def mailed(world: World) -> list[int]:
    """About which submission a letter to its enterprise was made, one for each letter."""
    posting.turn(world.app)
    with world.app.app_context():
        letters = select(Mail.key).join(Person, Person.id == Mail.person_id).where(Person.role == Role.ENTERPRISE)
        keys = [key.split(":")[1] for key in db.session.scalars(letters)]
        about = {str(entry.sequence): entry.submission_id for entry in db.session.scalars(select(Entry))}
    return sorted(about[key] or 0 for key in keys)


def test_forty_go_through_in_one_go_and_a_repeat_does_nothing_twice(world: World) -> None:
    """Of both programmes together (field case 17); one entry and one letter each, and the same report again."""
    chosen = gather(world, 40)
    city = reviewer(world)
    use_mail(world, NOBODY)
    give_addresses(world)
    skip_to_now(world)
    before = last_entry(world)
    first = city.post("/selection", approval(chosen))
    assert first.status_code == 200
    assert [
        (done, one.organisation_name in text) for (done, _, text), one in zip(report(first), chosen, strict=True)
    ] == [(True, True)] * 40
    assert "40" in first.get_data(as_text=True).split('class="selection-counts"')[1][:80]
    assert {one.programme for one in chosen} == {"platform", "base"}
    assert {world.now(one).state for one in chosen} == {State.CITY_REVIEWED}
    assert sorted(done_since(world, before, "approve")) == sorted(one.id for one in chosen)
    letters = mailed(world)
    assert letters == sorted(one.id for one in chosen)
    again = city.post("/selection", approval(chosen))
    assert report(again) == report(first)
    # Group by group, as the script sends them, it is recognised too.
    for place in range(0, 40, 4):
        part = city.post("/selection", approval(chosen[place : place + 4]), headers=HTMX)
        assert report(part) == report(first)[place : place + 4]
        assert "<html" not in part.get_data(as_text=True)
    assert len(done_since(world, before, "approve")) == 40
    assert mailed(world) == letters
    assert world.faults() == []


def test_the_same_selection_twice_at_once_is_done_once(world: World) -> None:
    """C05: two windows press at the same instant, with the same key."""
    chosen = gather(world, 6)
    before = last_entry(world)
    browsers = [browser_for(world, f"city-{CITY}") for _number in range(2)]
    answers = at_once(*(lambda browser=browser: browser.post("/selection", approval(chosen)) for browser in browsers))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [[done for done, _, _ in report(answer)] for answer in answers] == [[True] * 6] * 2
    assert sorted(done_since(world, before, "approve")) == sorted(one.id for one in chosen)
    assert world.faults() == []


def test_the_third_of_five_fails_and_is_named(world: World) -> None:
    """Field case 16: the others, journal and letters agree, and only what failed is selected again."""
    chosen = gather(world, 5)
    city = reviewer(world)
    use_mail(world, NOBODY)
    give_addresses(world)
    object_to(world, chosen[2])
    skip_to_now(world)
    before = last_entry(world)
    answer = city.post("/selection", approval(chosen))
    told = report(answer)
    assert [done for done, _, _ in told] == [True, True, False, True, True]
    assert chosen[2].organisation_name in told[2][2]
    assert re.search(r"(?<!\d)1 ?(条|个|项)", told[2][2]), told[2]
    others = sorted(one.id for one in chosen if one is not chosen[2])
    assert sorted(done_since(world, before, "approve")) == others
    assert mailed(world) == others
    assert [world.now(one).state for one in chosen] == [
        State.SUBMITTED if one is chosen[2] else State.CITY_REVIEWED for one in chosen
    ]
    # What failed stands there to be sent once more: as it is now, with what was typed.
    assert re.findall(r'name="row" value="([^"]+)" checked', answer.get_data(as_text=True)) == rows([chosen[2]])
    do(world, lambda session: session.execute(update(Comment).values(resolved_at=now())))
    once_more = press(city, answer, "/selection", button=("do", "approve"))
    assert [done for done, _, _ in report(once_more)] == [True]
    assert sorted(done_since(world, before, "approve")) == sorted(one.id for one in chosen)


@only_sqlite
def test_every_reason_is_said_and_what_may_not_be_seen_is_as_what_never_was(world: World) -> None:
    chosen = gather(world, 4, waived=False)
    city = reviewer(world)
    elsewhere = world.submission("submitted")
    assert elsewhere.region != CITY
    do(world, lambda session: session.execute(
        update(Submission).where(Submission.id == chosen[0].id).values(version=Submission.version + 1)
    ))  # fmt: skip
    do(world, lambda session: session.execute(
        update(Submission).where(Submission.id == chosen[1].id).values(state=State.DRAFT)
    ))  # fmt: skip
    object_to(world, chosen[2])
    before = world.dump()
    given = approval(chosen)
    given["row"] += [f"{elsewhere.public_id}:{elsewhere.version}", "0" * 16 + ":1"]
    city.post("/language", {"language": "en", "next": "/"})
    answer = city.post("/selection", given)
    told = [text for _done, _given, text in report(answer)]
    assert "It was changed since you selected it" in told[0]
    assert "From its state, “Draft”, this cannot be done." in told[1]
    assert "Please attach the scan of the sealed page." in told[2]
    assert "1 blocking comments are still open." in told[2]
    assert told[3].endswith("Please attach the scan of the sealed page.")
    assert told[4] == told[5] == "—: There is nothing here that you may see."
    page = answer.get_data(as_text=True)
    assert elsewhere.public_id not in page
    assert elsewhere.organisation_name not in page
    # Selected again: those that failed, but for the one that has changed: that is to be looked at first.
    now_rows = rows([world.now(one) for one in chosen[1:]])
    assert re.findall(r'name="row" value="([^"]+)" checked', page) == now_rows
    after = world.dump()
    assert {name for name in after if after[name] != before[name]} <= {"journal", "journal_head", "people"}
    assert [entry.data for entry in entries(world, "denied")] == [{"status": 404}]


@only_sqlite
def test_the_trouble_of_one_is_not_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy database and a fault of ours are reported for the item that they hit; the rest goes on."""
    chosen = gather(world, 5)
    broken = {
        chosen[1].public_id: OperationalError("select", {}, Exception("database is locked")),
        chosen[3].public_id: RuntimeError("a secret of ours"),
    }
    fire = moving.fire

    def faulty(firing: Firing, *, origin: Origin) -> Receipt:
        if firing.submission in broken:
            raise broken[firing.submission]
        return fire(firing, origin=origin)

    monkeypatch.setattr(working_through.moving, "fire", faulty)
    city = reviewer(world)
    city.post("/language", {"language": "en", "next": "/"})
    answer = city.post("/selection", approval(chosen))
    told = report(answer)
    assert [done for done, _, _ in told] == [True, False, True, False, True]
    assert "The system is busy." in told[1][2]
    assert re.search(r"Reference: [0-9a-f]{8}$", told[3][2])
    assert "secret" not in answer.get_data(as_text=True)
    monkeypatch.undo()
    answer = city.post("/selection", approval(chosen))
    assert [done for done, _, _ in report(answer)] == [True] * 5
    assert world.faults() == []


@only_sqlite
def test_what_holds_for_all_is_said_once_and_nothing_is_tried(world: World) -> None:
    chosen = gather(world, 3)
    city, province = reviewer(world), world.browser("province")
    before = last_entry(world)
    many = [f"{number:016d}:1" for number in range(101)]
    wrong: list[tuple[dict[str, Any], int]] = [
        (approval(chosen, row=[]), 422),
        (approval(chosen, row=[], do="remind"), 422),
        (approval(chosen, row=[], do="ask"), 422),
        (approval(chosen, row=many[:51], do="export_zip"), 422),
        (approval(chosen, opinion=" "), 422),
        (approval(chosen, seal_date=""), 422),
        (approval(chosen, seal_date="三月一日"), 422),
        (approval(chosen, do=""), 400),
        (approval(chosen, do="return"), 400),
        (approval(chosen, row=["nothing"]), 400),
        (approval(chosen, row=["<b>:1"]), 400),
        (approval(chosen, row=[f"{chosen[0].public_id}:0"]), 400),
    ]
    for data, status in wrong:
        answer = city.post("/selection", data)
        assert (answer.status_code, report(answer)) == (status, []), data
        if status == 422:
            assert 'role="alert"' in answer.get_data(as_text=True)
            assert data["opinion"].strip() in answer.get_data(as_text=True)
    city.post("/language", {"language": "en", "next": "/"})
    answer = city.post("/selection", approval(chosen, row=many))
    assert "101 are selected, and at most 100 go at once" in answer.get_data(as_text=True)
    part = city.post("/selection", approval(chosen, opinion=""), headers=HTMX)
    assert (part.status_code, "<html" in part.get_data(as_text=True)) == (422, False)
    assert "Please write the opinion." in part.get_data(as_text=True)
    for what in ("approve", "ask"):
        assert province.post("/selection", approval(chosen, do=what, key=what)).status_code == 403
    assert done_since(world, before, "approve") == []
    assert {world.now(one).state for one in chosen} == {State.SUBMITTED}


@only_sqlite
def test_a_key_that_comes_with_other_words_does_nothing(world: World) -> None:
    """C06, for each item by itself; and a page that knows no key is taken too."""
    chosen = gather(world, 3)
    city = reviewer(world)
    assert [done for done, _, _ in report(city.post("/selection", approval(chosen[:2])))] == [True, True]
    city.post("/language", {"language": "en", "next": "/"})
    answer = city.post("/selection", approval(chosen, opinion="不同的意见"))
    assert [done for done, _, _ in report(answer)] == [False, False, True]
    assert "with other words" in report(answer)[0][2]
    others = gather(world, 6)[3:]
    assert all(done for done, _, _ in report(city.post("/selection", approval(others, key=""))))


def test_reminders_go_once_and_only_to_whom_has_work(world: World) -> None:
    drafts = gather(world, 6, state=State.DRAFT)
    city, province = reviewer(world), world.browser("province")
    before = last_entry(world)
    data = {"do": "remind", "row": rows(drafts), "request_key": "r" * 22}
    first = city.post("/selection", data)
    assert [done for done, _, _ in report(first)] == [True] * 6
    assert report(city.post("/selection", data)) == report(first)
    assert sorted(done_since(world, before, "remind")) == sorted(one.id for one in drafts)
    # With another key, and by somebody else: they were reminded today already.
    for browser in (city, province):
        assert not any(done for done, _, _ in report(browser.post("/selection", data | {"request_key": "s" * 22})))
    assert len(done_since(world, before, "remind")) == 6


@only_sqlite
def test_the_whole_way_by_plain_forms_looks_before_it_approves(world: World) -> None:
    chosen = gather(world, 3)
    city = reviewer(world)
    page = city.get("/submissions")
    seen = press(city, page, "/selection", {"row": rows(chosen)}, button=("do", "ask"))
    assert seen.status_code == 200
    text = seen.get_data(as_text=True)
    assert all(one.organisation_name in text for one in chosen)
    assert {world.now(one).state for one in chosen} == {State.SUBMITTED}
    refused = press(city, seen, "/selection", {"opinion": OPINION}, button=("do", "approve"))
    assert refused.status_code == 422
    done = press(city, refused, "/selection", {"seal_date": today().isoformat()}, button=("do", "approve"))
    assert [went for went, _, _ in report(done)] == [True] * 3
    assert {world.now(one).state for one in chosen} == {State.CITY_REVIEWED}


@only_sqlite
def test_a_report_takes_the_same_statements_for_each_item(world: World) -> None:
    chosen = gather(world, 12)
    city = reviewer(world)
    city.post("/selection", approval([chosen[0], chosen[-1]], key="warm"))
    found = []
    for part in (chosen[1:2], chosen[2:11]):
        with counting(world) as statements:
            assert all(done for done, _, _ in report(city.post("/selection", approval(part))))
        found.append(len(statements))
    assert (found[1] - found[0]) / 8 == PER_ITEM
    assert found[0] - PER_ITEM == PER_REPORT


PER_ITEM, PER_REPORT = 11, 3


def exported(world: World, what: str, chosen: list[Submission], login: str = f"city-{CITY}") -> Any:
    return world.browser(login).post("/selection", {"do": what, "row": rows(chosen), "request_key": "e" * 22})


@only_sqlite
def test_tables_hold_exactly_what_was_selected(world: World) -> None:
    chosen = gather(world, 5)
    reviewer(world).post("/selection", approval(chosen[:1]))
    answer = exported(world, "export_xlsx", chosen[:2] + chosen[3:])
    lines = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    names = [line[1] for line in lines[3:] if line[1]]
    assert sorted(names) == sorted(one.organisation_name for one in chosen if one is not chosen[2])
    assert [line[7] for line in lines[3:] if line[1] == chosen[0].organisation_name][:1] == [OPINION]
    assert "唐山市" in str(lines[0][0])
    word = exported(world, "export_docx", chosen[:1])
    assert word.data[:2] == b"PK"
    assert "%E5%94%90%E5%B1%B1" in word.headers["Content-Disposition"]
    found = entries(world, "export")
    assert [(entry.target, entry.data["count"]) for entry in found] == [("xlsx", 4), ("docx", 1)]
    assert world.faults() == []


@only_sqlite
def test_a_zip_has_a_folder_for_each_even_of_the_same_name(world: World) -> None:
    chosen = gather(world, 2)
    do(world, lambda session: session.execute(
        update(Submission).where(Submission.region == CITY).values(organisation_name="唐山/创业园", programme="base")
    ))  # fmt: skip
    base = next(one for one in chosen if one.programme == "base")
    do(world, lambda session: session.execute(
        update(Submission).where(Submission.region == CITY).values(programme_version_id=base.programme_version_id)
    ))  # fmt: skip
    answer = exported(world, "export_zip", chosen)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        names = sorted(packed.namelist())
        manifest = packed.read("manifest.json").decode()
    folders = [f"0{number} 唐山_创业园（示范基地）" for number in (1, 2)]
    files = [f"{folder}/唐山_创业园运营情况表.{kind}" for folder in folders for kind in ("docx", "pdf")]
    assert names == sorted([*files, "manifest.json"])
    assert "唐山市" in manifest
    assert not any(other in manifest + str(names) for other in ("石家庄", "保定", "廊坊"))


@only_sqlite
def test_nothing_is_exported_while_something_is_not_there_for_the_person(world: World) -> None:
    chosen, elsewhere = gather(world, 2), world.submission("submitted")
    for what in ("export_xlsx", "export_docx", "export_zip"):
        answer = exported(world, what, [*chosen, elsewhere])
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert elsewhere.public_id not in page
        assert elsewhere.organisation_name not in page
        assert page.count('name="row"') == 2
    assert entries(world, "export") == []
    assert exported(world, "export_xlsx", [elsewhere], "province").status_code == 200
