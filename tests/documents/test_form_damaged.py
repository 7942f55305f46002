"""Documents that are no whole form: what of them is read, and what the reader says of the rest."""

from __future__ import annotations

import io
import time
import warnings
import zipfile
from random import Random

import docx
import pytest
import xlsxwriter
from form_builders import (
    BASE,
    BASE_HEAD,
    BASE_TITLE,
    PLATFORM,
    changed,
    in_document,
    part,
    saved,
    typed,
    with_part,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hbreview.documents.form_reading import FormFound, Unread, UnreadKind, read_form
from hbreview.documents.form_writing import form_docx
from hbreview.programmes.loader import shipped

FORM = shipped("platform", 2019)
WHOLE = typed(PLATFORM)
VALUES = read_form(WHOLE, FORM).values
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
KINDS = "[Content_Types].xml"


def without(*numbers: int) -> list[list[str]]:
    return [row for at, row in enumerate(PLATFORM) if at not in numbers]


def less(*keys: str) -> dict[str, str]:
    return {key: value for key, value in VALUES.items() if key not in keys}


def swapped(number: int, *order: int) -> list[list[str]]:
    rows = [list(row) for row in PLATFORM]
    rows[number] = [rows[number][at] for at in order]
    return rows


def replaced(number: int, row: list[str]) -> list[list[str]]:
    return [row if at == number else list(old) for at, old in enumerate(PLATFORM)]


def cell(text: str, row: int, column: int) -> Unread:
    return Unread(UnreadKind.CELL, text, 1, row, column)


ASSETS = ("total_assets", "equipment_count", "equipment_purchase_price", "equipment_share_of_assets")
SHARE = "占总资产: 2.41%"

# What was done to the document, and the report: what is missing, what is left over, what reads otherwise.
DAMAGES: dict[str, tuple[bytes, FormFound]] = {
    "a row is missing": (typed(without(6)), FormFound(less(*ASSETS), (), ASSETS)),
    "the first mobile is missing, the second is still the contact's": (
        typed(replaced(1, PLATFORM[1][:4])),
        FormFound(less("legal_representative_mobile"), (), ("legal_representative_mobile",)),
    ),
    "the first mobile is missing, and a cell too many is in the contact's row": (
        typed([PLATFORM[0], PLATFORM[1][:4], [*PLATFORM[2], ""], *PLATFORM[3:]]),
        FormFound(less("legal_representative_mobile"), (), ("legal_representative_mobile",)),
    ),
    "an empty cell was taken out": (
        typed(replaced(1, [PLATFORM[1][0], *PLATFORM[1][2:]])),
        FormFound({**VALUES, "platform_name": ""}, (), ()),
    ),
    "an answer with the word of another label": (
        typed(replaced(3, ["地址：石家庄邮箱街1号", "邮箱：office@example.cn"])),
        FormFound({**VALUES, "address": "石家庄邮箱街1号"}, (), ()),
    ),
    "both words ticked": (
        typed(changed(PLATFORM, "√是 □否", "☑是 ☑否")),
        FormFound({**VALUES, "data_reported_on_time": "☑是 ☑否"}, (), ()),
    ),
    "rows in another order": (
        typed([*PLATFORM[10:13], *PLATFORM[5:10], *PLATFORM[:5], *PLATFORM[13:]]),
        FormFound(VALUES, (), ()),
    ),
    "pairs in another order": (typed(swapped(1, 2, 3, 4, 5, 0, 1)), FormFound(VALUES, (), ())),
    "cells in another order": (typed(swapped(6, 1, 0)), FormFound(VALUES, (), ())),
    "values in their labels' cells": (
        typed(replaced(1, ["平台名称：甲平台", "法人代表：张三", "手机：13800001111"])),
        FormFound(VALUES, (), ()),
    ),
    "a row of three pairs in one cell": (
        typed(replaced(1, ["平台名称：甲平台 法人代表：张三 手机：13800001111"])),
        FormFound(VALUES, (), ()),
    ),
    "figures in the next cells": (
        typed(replaced(11, ["聚集服务机构：", "12家", "汇聚政府性资源：", ""])),
        FormFound(VALUES, (), ()),
    ),
    "a cell of figures that was split": (
        typed(replaced(6, ["资产总额： 5,000 万元", "仪器、设备: 35台/套", "购买价格: 120.5万元", SHARE])),
        FormFound(VALUES, (), ()),
    ),
    "one figure of a cell is missing": (
        typed(changed(PLATFORM, ", 购买价格: 120.5万元", "")),
        FormFound(less("equipment_purchase_price"), (), ("equipment_purchase_price",)),
    ),
    "a cell too many": (
        typed(replaced(1, [*PLATFORM[1], "盖章处有效"])),
        FormFound(VALUES, (cell("盖章处有效", 2, 7),), ()),
    ),
    "a row too many": (
        typed([*PLATFORM[:6], ["填表说明：请如实填写"], *PLATFORM[6:]]),
        FormFound(VALUES, (cell("填表说明：请如实填写", 7, 1),), ()),
    ),
    "a row twice": (
        typed([*PLATFORM[:7], PLATFORM[6], *PLATFORM[7:]]),
        FormFound(VALUES, (cell(PLATFORM[6][0], 8, 1), cell(PLATFORM[6][1], 8, 2)), ()),
    ),
    "a paragraph too many": (
        typed(PLATFORM, below="联系电话见上。"),
        FormFound(VALUES, (Unread(UnreadKind.PARAGRAPH, "联系电话见上。", row=3),), ()),
    ),
    "a label of a longer word": (
        typed(changed(PLATFORM, "平台名称", "平台名称变更情况")),
        FormFound(
            less("platform_name"), (cell("平台名称变更情况", 2, 1), cell("甲平台", 2, 2)), ("platform_name",)
        ),
    ),
    "no line over the table": (
        typed(PLATFORM, head=""),
        FormFound(less("organization_name"), (), ("organization_name",)),
    ),
    "no section seven": (
        typed(PLATFORM[:-2]),
        FormFound(less("city_review_opinion", "city_review_date"), (), ("city_review_opinion", "city_review_date")),
    ),
    "the opinion under its title in one cell": (
        typed([*PLATFORM[:-2], ["七、市级中小企业主管部门审核意见：\n" + PLATFORM[-1][0]]]),
        FormFound(VALUES, (), ()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_left_of_a_form_is_read(name: str) -> None:
    content, expected = DAMAGES[name]

    found = read_form(content, FORM)

    assert found == expected


def test_a_table_within_a_cell_is_read_and_the_cell_too() -> None:
    document = docx.Document(io.BytesIO(WHOLE))
    inner = document.tables[0].rows[3].cells[-1].add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "税号", "91130100"

    found = read_form(saved(document), FORM)

    left = (Unread(UnreadKind.CELL, "税号", 2, 1, 1), Unread(UnreadKind.CELL, "91130100", 2, 1, 2))
    assert found == FormFound(VALUES, left, ())


def test_a_form_within_a_table_is_read() -> None:
    form = docx.Document(io.BytesIO(WHOLE)).tables[0]
    document = docx.Document()
    outer = document.add_table(1, 1).cell(0, 0)
    outer._tc.insert(1, form._tbl)

    assert read_form(saved(document), FORM).values == less("organization_name")


def test_cells_merged_over_rows_are_read_once() -> None:
    document = docx.Document(io.BytesIO(WHOLE))
    table = document.tables[0]
    for at in (1, 2):
        element = table.rows[at]._tr.tc_lst[0]
        element.vMerge = "restart" if at == 1 else "continue"

    found = read_form(saved(document), FORM)

    kind = Unread(UnreadKind.CELL, PLATFORM[2][1], 1, 3, 1)
    assert found == FormFound(less("organization_type"), (kind,), ("organization_type",))


def test_a_text_box_is_set_apart() -> None:
    box = (
        '<w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox><w:txbxContent>'
        "<w:p><w:r><w:t>平台名称：乙平台</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
    )

    found = read_form(in_document(WHOLE, "<w:r><w:t>甲平台</w:t></w:r>", f"<w:r><w:t>甲平台</w:t></w:r>{box}"), FORM)

    assert found == FormFound(VALUES, (Unread(UnreadKind.TEXT_BOX, "平台名称：乙平台"),), ())


def with_picture() -> bytes:
    document = docx.Document()
    document.add_paragraph("全省中小企业公共服务示范平台运营情况表")
    pixel = "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    pixel += "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    document.add_picture(io.BytesIO(bytes.fromhex(pixel)))
    return saved(document)


def many_members() -> bytes:
    out = io.BytesIO(WHOLE)
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(2001):
            archive.writestr(f"word/{number}.txt", b"")
    return out.getvalue()


def twice() -> bytes:
    out = io.BytesIO(WHOLE)
    with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("word/document.xml", b"<x/>")
    return out.getvalue()


def locked_member() -> bytes:
    at = WHOLE.index(b"PK\x01\x02") + 8
    return WHOLE[:at] + b"\x01" + WHOLE[at + 1 :]


def workbook() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet()
    book.close()
    return out.getvalue()


def long_text() -> bytes:
    """Too much to be a bomb by its ratio, and too much to be a form."""
    dice = Random(1)
    noise = "".join(f"<w:p w:x='{dice.getrandbits(60)}'/>" for _ in range(700_000)).encode()
    return part(WHOLE).replace(b"<w:sectPr", noise + b"<w:sectPr", 1)


def lying(content: bytes) -> bytes:
    """The directory says of a part that it unpacks to less than it does."""
    long = with_part(content, "word/long.xml", b" " * 3_000_000)
    return long.replace((3_000_000).to_bytes(4, "little"), (3_000).to_bytes(4, "little"))


LINE = "<w:p><w:r><w:t>甲</w:t></w:r></w:p>"
ENTITY = '<!DOCTYPE x [<!ENTITY a "甲">]>'
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not a Word document"),
    "an old file renamed": (OLE + bytes(512), "old .doc file"),
    "a password": (OLE + "EncryptedPackage".encode("utf-16-le"), "has a password"),
    "a locked member": (locked_member(), "has a password"),
    "a PDF": (b"%PDF-1.7", "not a Word document"),
    "text": ("资产总额：5万元".encode(), "not a Word document"),
    "half a file": (WHOLE[: len(WHOLE) // 2], "is damaged, or of another kind"),
    "another archive": (with_part(b"PK\x05\x06" + bytes(18), "a.txt", b"a"), "is damaged, or of another kind"),
    "a workbook": (workbook(), "not a Word document"),
    "more text than a form": (with_part(WHOLE, "word/document.xml", long_text()), "more text than a form"),
    "more rows than a form": (in_document(WHOLE, "<w:sectPr", LINE * 3001 + "<w:sectPr"), "more text than a form"),
    "damaged XML": (with_part(WHOLE, "word/document.xml", part(WHOLE)[:-9]), "is damaged, or of another kind"),
    "another root": (with_part(WHOLE, "word/document.xml", b"<document/>"), "not a Word document"),
    "a part twice": (twice(), "is damaged, or of another kind"),
    "macros": (with_part(WHOLE, "word/vbaProject.bin", b"x"), "holds macros"),
    "macros by its kind": (
        with_part(WHOLE, KINDS, part(WHOLE, KINDS).replace(b"wordprocessingml.document.main", b"macroEnabled.main")),
        "holds macros",
    ),
    "a definition": (
        in_document(WHOLE, "<w:document", f"{ENTITY}<w:document"),
        "declares a document type",
    ),
    "a definition in another part": (
        with_part(WHOLE, "customXml/item1.xml", (ENTITY + "<x>&a;</x>").encode("utf-16")),
        "declares a document type",
    ),
    "too many members": (many_members(), "unpacks to more"),
    "a bomb": (with_part(WHOLE, "word/media/a.bin", bytes(101 << 20)), "unpacks to more"),
    "a dense part": (with_part(WHOLE, "word/a.xml", b" " * (5 << 20)), "unpacks to more"),
    "a part that lies about its size": (lying(WHOLE), "is damaged, or of another kind"),
    "a picture": (with_picture(), "is a picture"),
    "no table": (typed([]), "has no table"),
    "another form": (typed(BASE, title=BASE_TITLE, head=BASE_HEAD), "“%(expected)s” is needed"),
    "another form without its title": (typed(BASE, title="", head=""), "“%(expected)s” is needed"),
    "another form of ours": (form_docx(shipped("base", 2019), {}), "“%(expected)s” is needed"),
    "another table": (typed([["姓名", "年龄"], ["张三", "50"]], title="", head=""), "not that of the form"),
    "another table under the title": (typed([["姓名", "年龄"], ["张三", "50"]], head=""), "not that of the form"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_form_is_refused_with_one_reason(name: str) -> None:
    content, words = REFUSED[name]

    found = read_form(content, FORM)

    assert [words in reason.message for reason in found.problems] == [True], found.problems
    assert found.problems[0].field == "file"
    assert (found.values, found.unread, found.missing) == ({}, (), ())


def test_another_form_is_named() -> None:
    reason = read_form(typed(BASE, title=BASE_TITLE), FORM).problems[0]

    assert reason.values == {"found": shipped("base", 2019).form_title, "expected": FORM.form_title}


def test_no_text_makes_the_reader_slow() -> None:
    endless = [
        "资产总额：" * 20_000,
        " " * 400_000 + "x",
        "万元，占总资产：" * 12_000,
        "□" * 90_000,
        "\n年月日" * 20_000,
    ]
    began = time.perf_counter()

    read_form(typed([*PLATFORM, *([text] for text in endless), [*endless]]), FORM)

    assert time.perf_counter() - began < 4


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_is_changed_in_a_document_it_is_read_or_refused(data: st.DataObject) -> None:
    xml = bytearray(part(WHOLE))
    for _change in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(xml) - 1))
        xml[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=4))

    assert isinstance(read_form(with_part(WHOLE, "word/document.xml", bytes(xml)), FORM), FormFound)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_rows_are_taken_out_the_others_read_as_before(data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(1, len(PLATFORM) - 3), max_size=12))

    found = read_form(typed(without(*gone)), FORM)

    assert found.problems == ()
    assert {key: VALUES[key] for key in found.values} == found.values
    assert {*found.values, *found.missing} == set(VALUES)
    assert found.unread == ()
