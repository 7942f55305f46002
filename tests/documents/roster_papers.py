"""Rosters as files of every kind, and the rows that they must give."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import docx
import xlsxwriter

from hbreview.documents.roster_reading import RosterRow
from hbreview.documents.roster_writing import PrintedRow
from hbreview.programmes.loader import region_named

DATA = Path(__file__).resolve().parents[1] / "data"
PLATFORM_HEADS = ["序号", "地区", "单位名称"]
BASE_HEADS = ["序号", "地市", "单位名称", "基地名称"]
THREE_PLATFORMS = [["1", "石家庄", "甲公司（国家）"], ["2", "", "乙公司"], ["3", "唐山", "丙公司"]]


def expected_rows() -> list[RosterRow]:
    """The 139 rows of the two tables in shared/domain, as reading must give them."""
    return [*_expected("platform", "roster-platforms.csv"), *_expected("base", "roster-bases.csv")]


def _expected(programme: str, name: str) -> list[RosterRow]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [
            RosterRow(
                programme=programme,
                seq=int(line["seq"]),
                region=region_key(line["city"]),
                printed_region=line["city"],
                organisation=line["organisation"],
                site_name=line.get("base_name", ""),
                national=line["national"] == "yes",
            )
            for line in csv.DictReader(file)
        ]


def region_key(text: str) -> str:
    region = region_named(text)
    assert region is not None, text
    return region.key


def printed(rows: Sequence[RosterRow]) -> list[PrintedRow]:
    return [
        PrintedRow(
            programme=row.programme,
            region_key=row.region,
            printed_region=row.printed_region,
            organisation=row.organisation,
            site_name=row.site_name,
            national=row.national,
        )
        for row in rows
    ]


def one_platform(organisation: str, *, site_name: str = "") -> list[PrintedRow]:
    return [PrintedRow("base" if site_name else "platform", "tangshan", "唐山", organisation, site_name, False)]


def csv_file(lines: Sequence[Sequence[str]], *, encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode(encoding)


def docx_file(*tables: Sequence[Sequence[str]], merged: bool = False) -> bytes:
    """A Word file with these tables; ``merged`` joins each region cell with the blank ones below it."""
    document = docx.Document()
    for lines in tables:
        table = document.add_table(rows=len(lines), cols=len(lines[0]))
        cells = [list(row.cells) for row in table.rows]
        for line, row in zip(lines, cells, strict=True):
            for text, cell in zip(line, row, strict=True):
                if text:
                    cell.text = text
        for first, last in _blank_runs(lines) if merged else []:
            for place in range(first, last + 1):
                cells[place][1]._tc.vMerge = "restart" if place == first else "continue"
        document.add_paragraph()
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def xlsx_file(*sheets: Sequence[Sequence[str]], title: str = "", merged: bool = False) -> bytes:
    """An Excel file with these sheets, numbers as numbers; ``title`` takes the first row of each."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for lines in sheets:
        sheet = book.add_worksheet()
        top = 1 if title else 0
        if title:
            sheet.merge_range(0, 0, 0, len(lines[0]) - 1, title)
        for place, line in enumerate(lines, start=top):
            for column, text in enumerate(line):
                if text.isdecimal():
                    sheet.write_number(place, column, int(text))
                elif text:
                    sheet.write_string(place, column, text)
        for first, last in _blank_runs(lines) if merged else []:
            sheet.merge_range(first + top, 1, last + top, 1, "")
            sheet.write_string(first + top, 1, lines[first][1])
    book.close()
    return out.getvalue()


def _blank_runs(lines: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    starts = [place for place, line in enumerate(lines) if line[1]]
    ends = [*(start - 1 for start in starts[1:]), len(lines) - 1]
    return [(first, last) for first, last in zip(starts, ends, strict=True) if last > first]


def zip_file(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def member(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode("utf-8")


def with_member(data: bytes, name: str, content: bytes) -> bytes:
    """The same packed file with one member put in the place of another."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    return zip_file({**members, name: content})
