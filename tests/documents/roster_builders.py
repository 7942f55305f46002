"""Rosters as other people's programs write them, for the reader."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import docx
import xlsxwriter

from hbreview.documents.roster_reading import RosterRow, read_roster
from hbreview.documents.roster_writing import PrintedRow
from hbreview.programmes.loader import region_named

DATA = Path(__file__).resolve().parents[1] / "data"
PLATFORM_HEADS = ["序号", "地区", "单位名称"]
BASE_HEADS = ["序号", "地市", "单位名称", "基地名称"]
PLATFORM_TITLE = "全省中小企业公共服务示范平台名单"
BASE_TITLE = "全省小型微型企业创业创新示范基地名单"

Cells = list[list[str]]


def notice_bytes() -> bytes:
    return (DATA / "notice.txt").read_bytes()


def notice_rows() -> tuple[RosterRow, ...]:
    return read_roster(notice_bytes(), filename="notice.txt").rows


def rows_of_data(programme: str) -> tuple[RosterRow, ...]:
    """The rows of the data set, read here without the reader that is under test."""
    found = []
    with (DATA / f"roster-{programme}s.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            region = region_named(line["city"])
            assert region is not None
            found.append(
                RosterRow(
                    programme,
                    int(line["seq"]),
                    region.key,
                    line["city"],
                    line["organisation"],
                    line.get("base_name", ""),
                    line["national"] == "yes",
                )
            )
    return tuple(found)


def printed(rows: Sequence[RosterRow]) -> list[PrintedRow]:
    return [
        PrintedRow(row.programme, row.region, row.printed_region, row.organisation, row.site_name, row.national)
        for row in rows
    ]


def cells(rows: Sequence[RosterRow]) -> Cells:
    """Rows as the notice prints them, each with its region."""
    return [
        [str(row.seq), row.printed_region, row.organisation + "\n（国家级）" * row.national]
        + [row.site_name] * (row.programme == "base")
        for row in rows
    ]


def regions_once(lines: Cells) -> Cells:
    return [
        [line[0], line[1] if place == 0 else "", *line[2:]]
        for _region, run in groupby(lines, key=lambda line: line[1])
        for place, line in enumerate(run)
    ]


def docx_of(*tables: tuple[str, Cells], merged: bool = False) -> bytes:
    """A document of titles and tables; with ``merged`` regions, those of equal text are one cell."""
    document = docx.Document()
    for title, lines in tables:
        document.add_paragraph(title)
        table = document.add_table(rows=0, cols=len(lines[0]))
        for line in lines if merged else [lines[0], *regions_once(lines[1:])]:
            for cell, text in zip(table.add_row().cells, line, strict=True):
                cell.text = text
        if merged:
            _merge_regions(table, lines)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _merge_regions(table: docx.table.Table, lines: Cells) -> None:
    column = table.columns[1].cells
    first = 1
    for region, run in groupby(lines[1:], key=lambda line: line[1]):
        last = first + len(list(run)) - 1
        for cell in column[first + 1 : last + 1]:
            cell.text = ""
        if last > first:
            column[first].merge(column[last]).text = region
        first = last + 1


def xlsx_of(sheets: Mapping[str, Cells], *, merged: bool = False, title: str = "") -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for name, lines in sheets.items():
        sheet = book.add_worksheet(name)
        shift = 1 if title else 0
        if title:
            sheet.merge_range(0, 0, 0, len(lines[0]) - 1, title)
        for place, line in enumerate([lines[0], *regions_once(lines[1:])]):
            for column, text in enumerate(line):
                number = column == 0 and text.isdecimal()
                sheet.write(place + shift, column, int(text) if number else text)
        first = 1 + shift
        for region, run in groupby(lines[1:], key=lambda line: line[1]):
            last = first + len(list(run)) - 1
            if merged and last > first:
                sheet.merge_range(first, 1, last, 1, region)
            first = last + 1
    book.close()
    return out.getvalue()


def zip_of(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def with_member(data: bytes, name: str, content: bytes) -> bytes:
    """An archive with one member put in or replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    return zip_of(members | {name: content})


def member(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)
