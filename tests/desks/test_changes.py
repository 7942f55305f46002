"""What changed between two states of a form, and how a page shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from flask import render_template
from lxml import html
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview import clock
from hbreview.acts.imagining import imagine
from hbreview.desks.counter.changes import Change, FileChange, between_answers, between_files
from hbreview.evaluation import doubts, remarks
from hbreview.extensions import db
from hbreview.model import Revision, Submission
from hbreview.model.kept import programme_of
from hbreview.programmes import loader
from hbreview.programmes.schema import Programme
from hbreview.transact import Receipt, carry_out
from tests.worlds import World

PLATFORM, BASE = loader.shipped("platform", 2019), loader.shipped("base", 2019)
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PUBLIC_ID = "0" * 32


def one(before: Mapping[str, str], after: Mapping[str, str], key: str, programme: Programme = PLATFORM) -> Change:
    """The change of one field."""
    return next(change for change in between_answers(programme, before, after) if change.field.key == key)


@pytest.mark.parametrize(
    ("key", "old", "new", "difference", "percent"),
    [
        ("total_assets", "100.00", "110.50", "+10.50", "10.5"),
        ("total_assets", "110.50", "100.00", "-10.50", "-9.5"),
        ("total_assets", "0.00", "5.00", "+5.00", "None"),
        ("total_assets", "999999999999999999.99", "0.01", "-999999999999999999.98", "-100.0"),
        # Longer than an everyday calculation keeps: nothing is rounded.
        ("total_assets", f"{'9' * 30}.99", "0.01", f"-{'9' * 30}.98", "-100.0"),
        ("employees", "30", "31", "+1", "3.3"),
        ("satisfaction_rate", "90.05", "95.00", "+4.95", "None"),
        # 0 and no answer are two things, and from nothing there is no difference (field case 47).
        ("employees", "", "0", "", "None"),
        ("employees", "0", "", "", "None"),
        ("employees", "0", "5", "+5", "None"),
    ],
)  # fmt: skip
def test_a_figures_difference_is_exact(key: str, old: str, new: str, difference: str, percent: str) -> None:
    change = one({key: old}, {key: new}, key)
    assert (change.old, change.new, change.kind) == (old, new, "figure")
    assert (change.difference, str(change.percent), change.pieces) == (difference, percent, ())


def test_a_computed_field_changes_with_its_inputs() -> None:
    answers = imagine(PLATFORM, name="河北服务平台", site="石家庄", seed=3)
    other = {**answers, "enterprises_served": str(int(answers["enterprises_served"]) + 10)}
    change = one(answers, other, "enterprises_served_increase")
    assert change.difference == "+10"
    assert change.percent is None  # an increase that is more by a tenth says nothing


def test_each_kind_of_field_has_its_kind_of_change() -> None:
    kinds = {"textarea": "text", "text": "text", "integer": "figure", "decimal": "figure", "percent": "figure"}
    for programme in (PLATFORM, BASE):
        fields = [field for field in programme.fields if field.type != "attachment" and not field.derived]
        before, after = ({field.key: text for field in fields} for text in ("1", "2"))
        found = {change.field.key: change.kind for change in between_answers(programme, before, after)}
        assert {key: found[key] for key in before} == {f.key: kinds.get(f.type, "plain") for f in fields}


def test_a_text_has_its_inline_diff() -> None:
    key = next(field.key for field in PLATFORM.fields if field.type == "textarea")
    change = one({key: "服务中小企业。"}, {key: "服务中小微企业。"}, key)
    assert [(piece.kind, piece.text) for piece in change.pieces] == [
        ("same", "服务中小"), ("added", "微"), ("same", "企业。"),
    ]  # fmt: skip


@pytest.mark.parametrize("programme", [PLATFORM, BASE], ids=["platform", "base"])
def test_fields_are_paired_by_key_in_whatever_order_and_number(programme: Programme) -> None:
    """Field case 49: the form's fields were put in another order, one came to them and one went."""
    before = imagine(programme, name="河北服务平台", site="石家庄", seed=1)
    after = imagine(programme, name="河北服务平台", site="石家庄", seed=2)
    came = dataclasses.replace(programme.field("website_url"), key="second_website")
    fields = tuple(reversed([field for field in programme.fields if field.key != "email"]))
    other = dataclasses.replace(programme, fields=(fields[0], came, *fields[1:]))
    after["second_website"] = "www.example.cn"
    usual = {c.field.key: (c.old, c.new) for c in between_answers(programme, before, after)}
    found = {c.field.key: (c.old, c.new) for c in between_answers(other, before, after)}
    assert found.pop("second_website") == ("", "www.example.cn")
    usual.pop("email", None)
    assert found == usual
    assert all(old == before[key] and new == after[key] for key, (old, new) in found.items() if key in before)
    order = [c.field.key for c in between_answers(other, before, after)]
    assert order == [field.key for field in other.fields if field.key in order]


def test_what_stays_is_not_shown() -> None:
    answers = imagine(BASE, name="河北基地", site="唐山", seed=5)
    assert between_answers(BASE, answers, dict(reversed(answers.items()))) == []


def test_a_remark_stands_after_the_field_that_it_is_about() -> None:
    key = f"{remarks.PREFIX}{doubts.JUMP}.employees"
    before = {field.key: "1" for field in PLATFORM.fields if field.is_number and not field.derived}
    after = dict.fromkeys(before, "2") | {key: "新招人员。"}
    changes = between_answers(PLATFORM, before, after)
    found = [change.field.key for change in changes]
    assert found[found.index("employees") + 1] == key
    assert found[-1] != key
    assert changes[found.index(key)].kind == "text"


def file(name: str, content: str = "a", field: str = "organization_seal", **more: Any) -> dict[str, Any]:
    """An attachment as a revision keeps it."""
    return {"public_id": PUBLIC_ID, "field": field, "name": name, "sha256": content * 64, "size": 1200} | more


def shown(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Kind, old name and new name of each change."""
    return [
        (change.kind, change.old.name if change.old else "", change.new.name if change.new else "")
        for change in between_files(PLATFORM, before, after)
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], []),
        ([file("甲.pdf")], [file("甲.pdf", public_id="1" * 32)], []),
        ([], [file("甲.pdf")], [("added", "", "甲.pdf")]),
        ([file("甲.pdf")], [], [("removed", "甲.pdf", "")]),
        # Of the same name, or alone at its place.
        ([file("甲.pdf")], [file("甲.pdf", "b")], [("replaced", "甲.pdf", "甲.pdf")]),
        ([file("甲.pdf")], [file("乙.pdf", "b")], [("replaced", "甲.pdf", "乙.pdf")]),
        ([file("甲.pdf"), file("乙.pdf", "b")], [file("乙.pdf", "c"), file("丙.pdf", "d")],
         [("replaced", "乙.pdf", "乙.pdf"), ("replaced", "甲.pdf", "丙.pdf")]),
        # Which of two took the place of which is not known.
        ([file("甲.pdf"), file("乙.pdf", "b")], [file("丙.pdf", "c")],
         [("removed", "甲.pdf", ""), ("removed", "乙.pdf", ""), ("added", "", "丙.pdf")]),
        # At another place it is another file.
        ([file("甲.pdf")], [file("甲.pdf", field="evidence")], [("removed", "甲.pdf", ""), ("added", "", "甲.pdf")]),
        # Twice the same file, once taken out.
        ([file("甲.pdf"), file("甲.pdf")], [file("甲.pdf")], [("removed", "甲.pdf", "")]),
        ([file("甲.pdf")], [file("甲.pdf", proves={"3": "1-2"})], [("pages", "甲.pdf", "甲.pdf")]),
        ([file("甲.pdf", proves={})], [file("甲.pdf")], []),
    ],
)  # fmt: skip
def test_files_are_added_removed_or_replaced(
    before: list[dict[str, Any]], after: list[dict[str, Any]], expected: list[tuple[str, str, str]]
) -> None:
    assert shown(before, after) == expected


def test_a_file_bears_the_name_of_its_place_in_the_forms_order() -> None:
    places = [field.key for field in PLATFORM.fields if field.attachable or field.type == "attachment"]
    files = [file("甲.pdf", field=key) for key in ("evidence", *reversed(places))]
    found = between_files(PLATFORM, [], files)
    assert [change.key for change in found] == [*places, "evidence"]
    assert [change.label for change in found[:-1]] == [PLATFORM.field(key).title for key in places]


def cells(page: str) -> dict[str, list[str]]:
    """Each row of the table of changes by its heading."""
    rows = html.fromstring(page).xpath("//table[contains(@class, 'changes')]/tbody/tr")
    text = [[" ".join("".join(cell.itertext()).split()) for cell in row.xpath("./th|./td")] for row in rows]
    return {heading: rest for heading, *rest in text}


def second_revision(world: World, answers: Mapping[str, str], files: list[dict[str, Any]]) -> tuple[str, Programme]:
    """A revision 2 with other answers and files; the address of the comparison and the form's programme."""
    submission = world.submission("scored")

    def work(session: Session) -> Receipt:
        session.execute(update(Submission).where(Submission.id == submission.id).values(revision_number=2))
        first = session.scalars(select(Revision).where(Revision.submission_id == submission.id)).one()
        session.add(
            Revision(submission_id=submission.id, number=2, answers={**first.answers, **answers},
                     attachments=[*first.attachments, *files], digest="1" * 64, person_id=first.person_id,
                     created_at=clock.now())
        )  # fmt: skip
        return Receipt("")

    with world.app.app_context():
        carry_out(work)
        programme = programme_of(db.session(), submission.programme_version_id)
    return f"/submissions/{submission.public_id}/diff?from=1&to=2", programme


@ON_SQLITE
def test_the_page_shows_old_new_and_difference(world: World) -> None:
    answers = {"total_assets": "123456.78", "address": "", "organization_name": "河北<b>改名"}
    address, programme = second_revision(world, answers, [file("新证据.pdf", "c", field="evidence")])
    page = world.city(world.submission("scored")).get(address, headers={"Accept-Language": "zh"})
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    found = cells(text)
    old, new, difference = found[programme.field("total_assets").title.zh]
    assert new == "123456.78 万元"
    assert difference.startswith(("+", "-"))
    assert "%" in difference
    assert old != new
    assert found[programme.field("address").title.zh][1] == "—"
    assert "<b>改名" not in text
    assert "新证据.pdf" in text
    assert "1.2 kB" in text


def part(world: World, **context: Any) -> Any:
    """The part alone, as it is put into another page."""
    submission = world.submission("scored")
    given: dict[str, Any] = {"changes": [], "files": [], "first": 1, "second": 2, "since_last_look": False}
    given["revisions"] = [Revision(number=number, created_at=clock.now()) for number in (2, 1)]
    with world.app.test_request_context("/", headers={"Accept-Language": "en"}):
        return html.fromstring(render_template("counter/_diff.html", submission=submission, **(given | context)))


@ON_SQLITE
def test_the_part_offers_all_revisions_and_says_what_it_compares(world: World) -> None:
    section = part(world, since_last_look=True)
    chosen = {s.get("name"): s.xpath("./option[@selected]/@value") for s in section.xpath(".//select")}
    assert chosen == {"from": ["1"], "to": ["2"]}
    assert section.xpath("count(.//option)") == 4
    form = section.xpath(".//form")[0]
    assert (form.get("method"), form.get("hx-get")) == ("get", form.get("action"))
    assert form.get("hx-target") == f"#{section.get('id')}"
    assert len(section.xpath(".//label//select")) == 2
    assert section.xpath(".//p[@class='hint']")[0].text
    assert section.xpath(".//p[@class='empty']")
    assert not section.xpath(".//table")


@ON_SQLITE
@pytest.mark.parametrize("first", [0, 1])
def test_with_nothing_to_compare_the_part_says_so(world: World, first: int) -> None:
    section = part(world, first=first, second=first, revisions=[])
    assert len(section.xpath(".//p[@class='empty']")) == 1
    assert not section.xpath(".//form|.//table|.//h2")


@ON_SQLITE
def test_an_inline_diff_is_told_by_words_too_and_keeps_its_blanks(world: World) -> None:
    key = next(field.key for field in PLATFORM.fields if field.type == "textarea")
    old, new = "第一行\n服务 甲乙丙丁戊 家", "第一行\n服务 甲乙丙丁戊己 户"
    section = part(world, changes=between_answers(PLATFORM, {key: old}, {key: new}))
    cell = section.xpath(".//td[@colspan='3']")[0]
    for taken_out, left in (("ins", old), ("del", new)):
        kept = cell.xpath(f".//text()[not(ancestor::*[@class='visually-hidden']) and not(ancestor::{taken_out})]")
        assert "".join(kept) == left
    assert all(node.xpath("./*[@class='visually-hidden']") for node in cell.xpath(".//ins|.//del"))
    assert cell.xpath(".//ins")
    assert cell.xpath(".//del")


@ON_SQLITE
def test_a_replaced_file_is_named_with_both_names_and_sizes(world: World) -> None:
    files: list[FileChange] = between_files(PLATFORM, [file("甲.pdf")], [file("乙.pdf", "b", size=2500)])
    (line,) = part(world, files=files).xpath(".//ul[@class='files']/li")
    said = line.text_content()
    assert said.index("甲.pdf") < said.index("1.2 kB") < said.index("乙.pdf") < said.index("2.5 kB")
    assert len(line.xpath(".//a")) == 2
