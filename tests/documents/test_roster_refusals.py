"""Files that are no rosters are refused in a sentence, never with a crash (U03)."""

from __future__ import annotations

import time

import pytest
from roster_papers import (
    DATA,
    PLATFORM_HEADS,
    THREE_PLATFORMS,
    docx_file,
    member,
    with_member,
    xlsx_file,
    zip_file,
)

from hbreview.documents.roster_reading import RosterUnreadableError, read_roster

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
SHEET = "xl/worksheets/sheet1.xml"


def word() -> bytes:
    return docx_file([PLATFORM_HEADS, *THREE_PLATFORMS])


def excel() -> bytes:
    return xlsx_file([PLATFORM_HEADS, *THREE_PLATFORMS])


def refusal(data: bytes, name: str) -> str:
    with pytest.raises(RosterUnreadableError) as caught:
        read_roster(data, filename=name)
    return caught.value.reason.message


@pytest.mark.parametrize("name", ["a.doc", "a.xls", "a.docx", "a.xlsx", "a.csv", "a.txt"])
def test_an_old_word_or_excel_file_is_named_as_such_whatever_its_ending(name: str) -> None:
    assert "old .doc or .xls" in refusal(OLE, name)


@pytest.mark.parametrize("name", ["a.pdf", "a", "", "docx", "a.docx.exe", "a.xlsm"])
def test_another_ending_is_refused_with_the_list_of_endings(name: str) -> None:
    assert ".txt, .csv, .docx and .xlsx" in refusal(b"1", name)


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.docx", "a.xlsx"])
@pytest.mark.parametrize("data", [b"", b"\x00", b"PK\x03\x04", b"%PDF-1.7", b"\xff" * 99, b'"' * 999, b"\r" * 9])
def test_damaged_bytes_are_refused(data: bytes, name: str) -> None:
    assert refusal(data, name)


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx"])
def test_every_cut_of_a_packed_file_is_refused(name: str) -> None:
    data = word() if name == "a.docx" else excel()

    for place in range(1, len(data) - 1, max(1, len(data) // 40)):
        assert refusal(data[:place], name)


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx"])
def test_a_flipped_byte_is_refused_or_read_and_never_crashes(name: str) -> None:
    data = word() if name == "a.docx" else excel()

    for place in range(0, len(data), max(1, len(data) // 150)):
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        try:
            read_roster(bytes(damaged), filename=name)
        except RosterUnreadableError as error:
            assert error.reason.message


@pytest.mark.parametrize("content", [b"", b"<", b"<a/>", b"\x00", b"<!DOCTYPE x [<!ENTITY a 'a'>]><x>&a;</x>"])
@pytest.mark.parametrize("part", ["word/document.xml", "[Content_Types].xml", "_rels/.rels"])
def test_a_damaged_part_of_a_word_file_is_refused(part: str, content: bytes) -> None:
    assert refusal(with_member(word(), part, content), "a.docx")


@pytest.mark.parametrize("content", [b"", b"<", b"<a/>", b"\x00"])
@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
def test_a_damaged_part_of_an_excel_file_is_refused(part: str, content: bytes) -> None:
    assert refusal(with_member(excel(), part, content), "a.xlsx")


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx"])
def test_a_packed_bomb_is_refused_before_it_is_unpacked(name: str) -> None:
    bomb = zip_file({f"word/{number}.xml": bytes(26 * 1024 * 1024) for number in range(2)})
    begun = time.perf_counter()

    assert "too large" in refusal(bomb, name)
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx"])
def test_too_many_members_are_refused(name: str) -> None:
    assert "too large" in refusal(zip_file({f"{number}.xml": b"" for number in range(2001)}), name)


def test_a_size_that_lies_is_refused() -> None:
    data = zip_file({"xl/workbook.xml": bytes(3 * 1024 * 1024)})
    lying = data.replace((3 * 1024 * 1024).to_bytes(4, "little"), (9).to_bytes(4, "little"))

    assert lying != data
    assert refusal(lying, "a.xlsx")


def test_a_cell_far_away_is_refused_before_the_sheet_is_laid_out() -> None:
    sheet = member(excel(), SHEET).replace('r="C4"', 'r="XFD1048576"').replace('<row r="4"', '<row r="1048576"')

    assert "XFD1048576" in sheet
    assert "too large" in refusal(with_member(excel(), SHEET, sheet.encode()), "a.xlsx")


def test_an_open_document_under_another_name_is_refused() -> None:
    ods = zip_file({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"})

    assert refusal(ods, "a.xlsx")


def test_an_entity_bomb_is_not_expanded() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    document = member(word(), "word/document.xml").replace("甲公司", "&j;")
    document = bomb + "]>" + document[document.index("?>") + 2 :]
    begun = time.perf_counter()

    try:
        read_roster(with_member(word(), "word/document.xml", document.encode()), filename="a.docx")
    except RosterUnreadableError as error:
        assert error.reason.message
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("name", ["rubric-base.csv", "form-base.csv", "audit.csv"])
def test_a_table_that_is_no_roster_is_refused(name: str) -> None:
    assert "No roster" in refusal((DATA / name).read_bytes(), name)
