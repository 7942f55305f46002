"""Rosters that are long, go on elsewhere, or come in a dress that is not theirs."""

from __future__ import annotations

import io
import time

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from roster_builders import DATA, PLATFORM_HEADS, cells, docx_of, rows_of_data, with_member, xlsx_of, zip_of

from hbreview.documents.roster_reading import RosterUnreadableError, read_roster
from hbreview.documents.roster_writing import PrintedRow, roster_csv, roster_docx, roster_xlsx

WRITERS = {"csv": roster_csv, "xlsx": roster_xlsx, "docx": roster_docx}
LINES = [PLATFORM_HEADS, ["1", "唐山", "甲公司"]]
WHOLE = {"docx": docx_of(("", LINES)), "xlsx": xlsx_of({"名单": LINES})}


def platform(name: str) -> PrintedRow:
    return PrintedRow("platform", "tangshan", "唐山", name, "", False)


def refusal(data: bytes, filename: str) -> str:
    with pytest.raises(RosterUnreadableError) as caught:
        read_roster(data, filename=filename)
    return caught.value.reason.message


@pytest.mark.parametrize("ending", WRITERS)
def test_one_region_of_1500_rows_is_written_and_read(ending: str) -> None:
    data = WRITERS[ending]([platform(f"公司{number}") for number in range(1500)])

    reading = read_roster(data, filename=f"a.{ending}")

    assert len(reading.rows) == 1500
    assert {row.region for row in reading.rows} == {"tangshan"}
    assert reading.problems == ()


def test_a_merged_region_is_one_cell_to_other_readers_of_word_too() -> None:
    document = docx.Document(io.BytesIO(roster_docx([platform("甲"), platform("乙"), platform("丙")])))

    rows = document.tables[0].rows

    assert [row.cells[1].text for row in rows] == ["地区", "唐山", "唐山", "唐山"]
    assert len({row.cells[1]._tc for row in rows}) == 2
    assert next(merge.get(qn("w:val")) for merge in document.element.body.iter(qn("w:vMerge"))) == "restart"


def test_a_table_goes_on_in_the_next_one_without_heads() -> None:
    lines = cells(rows_of_data("platform"))
    second = [["21", "", *line[2:]] if line[0] == "21" else line for line in lines[20:]]
    data = docx_of(("", [PLATFORM_HEADS, *lines[:20]]), ("", lines[20:]))
    blank = docx_of(("", [PLATFORM_HEADS, *lines[:20]]), ("", second))

    for reading in (read_roster(data, filename="a.docx"), read_roster(blank, filename="a.docx")):
        assert (reading.rows, reading.problems) == (rows_of_data("platform"), ())


def test_another_table_after_the_list_is_not_taken_for_more_of_it() -> None:
    data = docx_of(("", LINES), ("审计", [["1", "服务性资产", "万元"], ["2", "服务收入", "万元"]]))

    reading = read_roster(data, filename="a.docx")

    assert ([row.organisation for row in reading.rows], reading.problems) == (["甲公司"], ())


def test_a_base_line_that_ends_early_is_no_platform() -> None:
    reading = read_roster("seq,city,organisation,base_name\n1,唐山,甲\n".encode(), filename="a.csv")

    assert reading.rows == ()
    assert [problem.programme for problem in reading.problems] == ["base"]


@pytest.mark.parametrize("data", [b"", b"\x00", b"PK\x03\x04", b"%PDF-1.7", b"\xff" * 99, b"\r" * 9, "序号\n".encode()])
def test_a_text_without_a_roster_is_refused(data: bytes) -> None:
    assert refusal(data, "a.txt")


@pytest.mark.parametrize("name", ["rubric-base.csv", "form-base.csv", "audit.csv"])
def test_our_other_tables_are_no_rosters(name: str) -> None:
    assert "No roster" in refusal((DATA / name).read_bytes(), name)


def test_an_open_document_is_refused_before_its_repeats_are_laid_out() -> None:
    spaces = " ".join(f'xmlns:{x}="urn:oasis:names:tc:opendocument:xmlns:{x}:1.0"' for x in ("office", "table", "text"))
    wide = 'table:number-columns-repeated="16384" office:value-type="string"'
    row = f'<table:table-row table:number-rows-repeated="1000"><table:table-cell {wide}/></table:table-row>'
    table = f'<table:table table:name="a">{row}</table:table>'
    content = f"<office:document-content {spaces}><office:body><office:spreadsheet>{table}</office:spreadsheet>"
    content += "</office:body></office:document-content>"
    members = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": content.encode()}
    begun = time.perf_counter()

    assert "cannot be read" in refusal(zip_of({**members, "META-INF/manifest.xml": b"<m/>"}), "a.xlsx")
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("ending", WHOLE)
def test_every_cut_is_refused_and_every_flipped_byte_read_or_refused(ending: str) -> None:
    data = WHOLE[ending]

    for place in range(0, len(data), max(1, len(data) // 120)):
        assert refusal(data[:place], f"a.{ending}")
        try:
            read_roster(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :], filename=f"a.{ending}")
        except RosterUnreadableError as error:
            assert error.reason.message


@pytest.mark.parametrize("content", [b"", b"<", b"<a/>", b"\x00"])
@pytest.mark.parametrize(
    "part",
    ["word/document.xml", "[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml"],
)
def test_a_damaged_part_is_never_a_crash(part: str, content: bytes) -> None:
    for ending, whole in WHOLE.items():
        try:
            reading = read_roster(with_member(whole, part, content), filename=f"a.{ending}")
        except RosterUnreadableError as error:
            assert error.reason.message
        else:
            assert len(reading.rows) == 1  # the part is not one that this kind of file is read from


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cf"]), min_size=1, max_size=40))
def test_any_name_survives_every_format(name: str) -> None:
    kept = "".join(sign for sign in name if sign not in "\ufffe\uffff") + "公司"

    for ending, write in WRITERS.items():
        row = read_roster(write([platform(kept)]), filename=f"a.{ending}").rows[0]
        assert (row.organisation, row.national) == (kept, False)


@pytest.mark.parametrize("ending", ["docx", "xlsx"])
def test_what_xml_has_no_place_for_is_left_out(ending: str) -> None:
    data = WRITERS[ending]([platform("甲\ufffe\uffff\x1f公司𠮷㛃䶮")])

    assert read_roster(data, filename=f"a.{ending}").rows[0].organisation == "甲公司𠮷㛃䶮"
