"""Files made by hand: plain ones, and archives that say what is not so."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import docx
import xlsxwriter

from hbreview.evaluation import file_kinds

MAIN = "application/vnd.openxmlformats-officedocument.{}.main+xml"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def word_file() -> bytes:
    document, file = docx.Document(), io.BytesIO()
    document.add_paragraph("审计报告（终稿）")
    document.save(file)
    return file.getvalue()


def excel_file(*, chart: bool = False) -> bytes:
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet()
    sheet.write_column("A1", [1, 2])
    sheet.write_url("B1", "https://example.com/")
    if chart:
        drawn = workbook.add_chart({"type": "line"})
        drawn.add_series({"values": "=Sheet1!$A$1:$A$2"})
        sheet.insert_chart("C1", drawn)
    workbook.close()
    return file.getvalue()


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def with_parts(content: bytes, added: dict[str, bytes]) -> bytes:
    return packed(parts_of(content) | added)


def replaced(content: bytes, part: str, change: tuple[str, str]) -> bytes:
    """The package with one text changed in one part; the text must be there."""
    parts = parts_of(content)
    old, new = (text.encode() for text in change)
    assert old in parts[part]
    return packed(parts | {part: parts[part].replace(old, new, 1)})


def relation(kind: str, target: str, mode: str = "External") -> bytes:
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r9" Type="{RELATION}{kind}" Target="{target}" TargetMode="{mode}"/></Relationships>'
    ).encode()


@dataclass
class Entry:
    """One member as a liar packs it; what is None is told as it is."""

    name: bytes
    content: bytes
    told_size: int | None = None
    told_crc: int | None = None
    local_name: bytes | None = None
    flags: int = 0
    method: int = 8
    mode: int = 0
    told_header: int | None = None
    tail: bytes = b""


def raw_zip(entries: list[Entry], *, told_count: int | None = None, comment: bytes = b"") -> bytes:
    body, directory = bytearray(), bytearray()
    for entry in entries:
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = entry.content if entry.method != 8 else deflater.compress(entry.content) + deflater.flush()
        data += entry.tail
        size = len(entry.content) if entry.told_size is None else entry.told_size
        crc = zlib.crc32(entry.content) if entry.told_crc is None else entry.told_crc
        facts = (20, entry.flags, entry.method, 0, 33, crc, len(data), size)
        local = entry.name if entry.local_name is None else entry.local_name
        header = len(body) if entry.told_header is None else entry.told_header
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *facts, len(entry.name), 0, 0, 0, 0, entry.mode, header)
        directory += entry.name
        if entry.told_header is None:
            body += struct.pack("<4s5H3L2H", b"PK\3\4", *facts, len(local), 0) + local + data
    count = len(entries) if told_count is None else told_count
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(body), len(comment)
    )
    return bytes(body + directory) + end + comment


def entries_of(content: bytes) -> list[Entry]:
    return [Entry(name.encode(), part) for name, part in parts_of(content).items()]


class Counting(io.BytesIO):
    """A stream that counts the bytes read out of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.count += len(piece)
        return piece


def png_file(width: int = 2, height: int = 2, *, tail: bytes = b"") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))

    head = struct.pack(">LLBBBBB", width, height, 1, 0, 0, 0, 0)
    dots = zlib.compress(b"\0\0" * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", dots) + chunk(b"IEND", b"") + tail


def jpeg_file(width: int = 2, height: int = 2, *, tail: bytes = b"") -> bytes:
    jfif = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    scan = b"\xff\xda\0\x08\1\1\0\0\x3f\0"
    return b"\xff\xd8" + jfif + b"\xff\xff" + frame[1:] + scan + b"\x12\x34\xff\xd9" + tail


def pdf_file(inside: bytes = b"", *, tail: bytes = b"") -> bytes:
    return b"%PDF-1.7\n1 0 obj <</Type /Catalog " + inside + b">> endobj\nstartxref\n9\n%%EOF\n" + tail


def compound_file(*names: str, big: bool = False) -> bytes:
    """An old Office file of empty streams with these names; ``big`` puts its table of sectors beyond the first 109."""
    entries = b""
    for name in ("Root Entry", *names):
        text = name.encode("utf-16-le")
        entry = text.ljust(64, b"\0") + struct.pack("<HBB3L", len(text) + 2, 2, 1, *[0xFFFFFFFF] * 3)
        entries += entry.ljust(116, b"\0") + struct.pack("<LQ", 0xFFFFFFFE, 0)
    entries += b"\0" * (-len(entries) % 512)
    count = len(entries) // 512
    first = 2 if not big else 128 * 109 + 2
    table = [0xFFFFFFFF] * first + [first + place + 1 for place in range(count - 1)] + [0xFFFFFFFE]
    tables: dict[int, bytes] = {}
    packed_table = struct.pack(f"<{len(table)}L", *table)
    for place in range(-(-len(table) // 128)):
        tables[place] = packed_table[512 * place : 512 * (place + 1)].ljust(512, b"\xff")
    # Sector 0 holds the last table, sector 1 the list of tables beyond 109; the earlier tables are never asked.
    last = max(tables)
    listed = [0 if place == last else 0xFFFFFFFF for place in range(109)]
    more = struct.pack("<128L", *([0] + [0xFFFFFFFF] * 126 + [0xFFFFFFFE]))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<4L", 1, first, 0, 4096) + struct.pack("<2L", 0xFFFFFFFE, 0)
    head += struct.pack("<2L", 1 if big else 0xFFFFFFFE, int(big)) + struct.pack("<109L", *listed)
    between = bytes(512 * (first - 2))
    return head + tables[last] + more + between + entries


PLAIN: dict[str, Any] = {
    file_kinds.DOCX: word_file,
    file_kinds.XLSX: excel_file,
    file_kinds.PNG: png_file,
    file_kinds.JPEG: jpeg_file,
    file_kinds.PDF: pdf_file,
    file_kinds.DOC: lambda: compound_file("WordDocument", "1Table"),
    file_kinds.XLS: lambda: compound_file("Workbook"),
}
