"""Files that are no rosters: each is refused with a reason, and none costs much."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from roster_builders import PLATFORM_HEADS, docx_of, member, with_member, xlsx_of, zip_of

from hbreview.documents.roster_reading import RosterUnreadableError, read_roster

LINES = [PLATFORM_HEADS, ["1", "唐山", "甲公司"]]
DOCX, XLSX = docx_of(("", LINES)), xlsx_of({"名单": LINES})
SHEET = "xl/worksheets/sheet1.xml"


def refusal(data: bytes, filename: str) -> str:
    with pytest.raises(RosterUnreadableError) as caught:
        read_roster(data, filename=filename)
    return caught.value.reason.message


@pytest.mark.parametrize("filename", ["a.doc", "a.docx", "a.xls", "a.xlsx", "a.txt", "a.csv"])
def test_an_old_office_file_is_refused_by_its_content(filename: str) -> None:
    assert "old .doc or .xls" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), filename)


@pytest.mark.parametrize("filename", ["a.pdf", "a.doc", "a.docm", "a.xlsm", "a", ""])
def test_other_endings_are_refused(filename: str) -> None:
    assert "are read from" in refusal(DOCX, filename)


@pytest.mark.parametrize("filename", ["a.docx", "a.xlsx"])
@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"%PDF-1.7", DOCX[: len(DOCX) // 2], XLSX[:-30], zip_of({}), zip_of({"a": b"b"})],
    ids=["empty", "start", "pdf", "half-docx", "cut-xlsx", "no-members", "other-zip"],
)
def test_a_damaged_office_file_is_refused(data: bytes, filename: str) -> None:
    assert "cannot be read" in refusal(data, filename)


def test_a_file_under_the_name_of_another_kind_is_refused() -> None:
    assert "cannot be read" in refusal(XLSX, "a.docx")
    assert "cannot be read" in refusal(DOCX, "a.xlsx")


@pytest.mark.parametrize("filename", ["a.txt", "a.csv"])
@pytest.mark.parametrize("data", [b"", b"\xff\xff\xff", b"\xff\xfe\x00", bytes(100), "别的文字".encode()])
def test_text_that_is_no_roster_is_refused(data: bytes, filename: str) -> None:
    assert refusal(data, filename)


def test_a_csv_field_without_end_is_refused() -> None:
    assert "cannot be read" in refusal(b'a,"' + b"b" * 200_000, "a.csv")


@pytest.mark.parametrize("data", [DOCX, XLSX])
def test_a_document_without_a_roster_is_refused(data: bytes) -> None:
    empty = docx_of(("无", [["甲", "乙"]])) if data is DOCX else xlsx_of({"无": [["甲", "乙"]]})

    assert "No roster" in refusal(empty, "a.docx" if data is DOCX else "a.xlsx")


@pytest.mark.parametrize(("data", "name"), [(DOCX, "word/vbaProject.bin"), (XLSX, "xl/vbaProject.bin")])
def test_macros_are_refused(data: bytes, name: str) -> None:
    ending = "docx" if data is DOCX else "xlsx"

    assert "macros" in refusal(with_member(data, name, b"x"), f"a.{ending}")


@pytest.mark.parametrize("filename", ["a.docx", "a.xlsx"])
def test_a_bomb_is_refused_before_it_is_unpacked(filename: str) -> None:
    bomb = zip_of({"word/document.xml": bytes(51 * 1024 * 1024)})
    many = zip_of({f"{number}.xml": b"" for number in range(2001)})

    assert len(bomb) < 100_000
    assert "too large" in refusal(bomb, filename)
    assert "too large" in refusal(many, filename)


@pytest.mark.parametrize("kept_sum", [False, True])
def test_an_archive_that_lies_about_a_size_gives_no_more_than_it_says(kept_sum: bool) -> None:
    """The reader of sheets would unpack all of it; what it gets was cut at the size that was counted."""
    name, content = "xl/sharedStrings.xml", member(XLSX, "xl/sharedStrings.xml")
    longer = content + b" " * 5_000_000
    data = with_member(XLSX, name, longer)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        true_sum = archive.getinfo(name).CRC
    sizes = (len(longer).to_bytes(4, "little"), len(content).to_bytes(4, "little"))
    lying = data.replace(*sizes)
    if not kept_sum:
        lying = lying.replace(true_sum.to_bytes(4, "little"), zlib.crc32(content).to_bytes(4, "little"))

    if kept_sum:
        assert "cannot be read" in refusal(lying, "a.xlsx")
    else:
        assert len(read_roster(lying, filename="a.xlsx").rows) == 1


def test_two_members_of_one_name_are_refused() -> None:
    out = io.BytesIO(DOCX)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr("word/document.xml", b"<x/>")

    assert "cannot be read" in refusal(out.getvalue(), "a.docx")


@pytest.mark.parametrize("place", [b"XFD1048576", b"A99999999999", b"AAAAAAAAA1"])
def test_a_cell_far_out_makes_no_room_for_all_between(place: bytes) -> None:
    sheet = member(XLSX, SHEET).replace(b'r="C2"', b'r="' + place + b'"')

    assert "too large" in refusal(with_member(XLSX, SHEET, sheet), "a.xlsx")


def test_a_cell_as_wide_as_it_likes_takes_no_room() -> None:
    document = member(DOCX, "word/document.xml")
    wide = document.replace(b"<w:tcPr>", b'<w:tcPr><w:gridSpan w:val="1000000000"/>', 1)
    assert wide != document

    reading = read_roster(with_member(DOCX, "word/document.xml", wide), filename="a.docx")

    assert reading.rows == ()


def test_entities_are_not_blown_up() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    document = member(DOCX, "word/document.xml")
    head, _mark, rest = document.partition(b"?>")
    changed = head + b"?>" + bomb + rest.replace("甲公司".encode(), b"&b;")

    reading = read_roster(with_member(DOCX, "word/document.xml", changed), filename="a.docx")

    assert not any("aaaa" in row.organisation for row in reading.rows)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["docx", "xlsx"]), st.data())
def test_whatever_is_changed_in_a_part_it_is_read_or_refused(ending: str, data: st.DataObject) -> None:
    whole, name = (DOCX, "word/document.xml") if ending == "docx" else (XLSX, SHEET)
    part = bytearray(member(whole, name))
    for _change in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(part) - 1))
        part[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=4))

    try:
        read_roster(with_member(whole, name, bytes(part)), filename=f"a.{ending}")
    except RosterUnreadableError as error:
        assert error.reason.message
