"""What a file holds: plain ones are taken, and each of U03, U04 and U07 is refused before it costs anything."""

from __future__ import annotations

import io
import tracemalloc
import zlib
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import pytest
from archive_builders import (
    MAIN,
    PLAIN,
    Counting,
    Entry,
    compound_file,
    entries_of,
    excel_file,
    jpeg_file,
    packed,
    parts_of,
    pdf_file,
    png_file,
    raw_zip,
    relation,
    replaced,
    with_parts,
    word_file,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hbreview.documents import package_parts, zip_walking
from hbreview.documents.archives import inspect_archive, inspect_file
from hbreview.evaluation.file_kinds import DOC, DOCX, JPEG, KINDS, PDF, PNG, XLS, XLSX

MEGABYTE = 1 << 20
WORD, EXCEL = word_file(), excel_file()
FILES = {kind: make() for kind, make in PLAIN.items()}
DOCUMENT, SHEET, TYPES = "word/document.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"


def refusal(content: bytes, kind: str) -> str:
    """What is said, by its first words; never more than about a megabyte is held meanwhile."""
    stream = io.BytesIO(content)
    tracemalloc.start()
    try:
        reason = inspect_file(stream, kind)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * MEGABYTE
    assert stream.tell() == 0
    assert reason is not None, "taken"
    assert reason.field == "file"
    return reason.message


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all pieces that were unpacked."""
    sizes: list[int] = []
    make = zlib.decompressobj

    class Inflater:
        def __init__(self, bits: int) -> None:
            self._inflater = make(bits)

        def decompress(self, data: bytes, most: int) -> bytes:
            piece: bytes = self._inflater.decompress(data, most)
            sizes.append(len(piece))
            return piece

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inflater, name)

    # In this one module only: the tests unpack things, too.
    counting = SimpleNamespace(**vars(zlib) | {"decompressobj": Inflater})
    monkeypatch.setattr(zip_walking, "zlib", counting)
    return sizes


# --- what is taken ---


@pytest.mark.parametrize("kind", sorted({kind for kind, _beginning in KINDS.values()}))
def test_a_plain_file_of_each_kind_is_taken_and_of_no_other(kind: str) -> None:
    for other, content in FILES.items():
        stream = io.BytesIO(content)
        stream.seek(7)
        assert (inspect_file(stream, kind) is None) is (other == kind), other
        assert stream.tell() == 0


def test_who_reads_a_document_or_a_workbook_takes_both() -> None:
    assert inspect_archive(WORD) is None
    assert inspect_archive(EXCEL) is None
    for refused in (FILES[PDF], *BOMBS.values(), with_parts(WORD, {"word/vbaProject.bin": b"a"})):
        assert inspect_archive(refused) is not None
    assert inspect_archive(b"") is not None


def test_a_kind_that_is_never_taken_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        inspect_file(io.BytesIO(b"<svg/>"), "image/svg+xml")


def test_charts_links_and_pictures_on_the_web_are_taken() -> None:
    assert inspect_file(io.BytesIO(excel_file(chart=True)), XLSX) is None
    chart = with_parts(WORD, {"word/embeddings/Microsoft_Excel_Sheet.xlsx": excel_file(chart=True)})
    assert inspect_file(io.BytesIO(chart), DOCX) is None
    for kind in ("hyperlink", "image"):
        linked = with_parts(WORD, {"word/_rels/header1.xml.rels": relation(kind, "https://example.com/a")})
        assert inspect_file(io.BytesIO(linked), DOCX) is None


def test_a_large_workbook_is_read_in_pieces(counted: list[int]) -> None:
    rows = b"".join(b'<row r="%d"><c><v>%d</v></c></row>' % (row, row * row % 9973) for row in range(300_000))
    parts = parts_of(EXCEL)
    parts[SHEET] = parts[SHEET].replace(b"<sheetData>", b"<sheetData>" + rows, 1)
    content = packed(parts)
    tracemalloc.start()
    assert inspect_file(io.BytesIO(content), XLSX) is None
    assert tracemalloc.get_traced_memory()[1] < MEGABYTE
    tracemalloc.stop()
    assert sum(counted) > len(rows)
    assert max(counted) <= 1 << 16


# --- U03: bombs ---


def bomb(entry: Entry) -> bytes:
    return raw_zip([*entries_of(WORD), entry])


ZEROS = bytes(30 * MEGABYTE)
PLENTY = [Entry(b"word/media/%d" % number, b"") for number in range(2001)]
# A member within the bytes of another, which stand behind a header of 35 bytes at the file's beginning.
INNER = Entry(b"b.xml", b"<b/>", method=0, told_header=35)
INNER_BYTES = raw_zip([Entry(b"b.xml", b"<b/>", method=0)])[:39]
BOMBS = {
    "ratio": bomb(Entry(b"word/media/a.png", ZEROS)),
    "total": raw_zip([*entries_of(WORD), *(Entry(b"word/%d" % n, b"", told_size=MEGABYTE) for n in range(201))]),
    "members": raw_zip([*entries_of(WORD), *PLENTY]),
    "members-untold": raw_zip([*entries_of(WORD), *PLENTY], told_count=9),
    "overlap": raw_zip([Entry(b"a.bin", INNER_BYTES, method=0), INNER, *entries_of(WORD)]),
    "no-deflate": bomb(Entry(b"a.xml", b"<a/>", method=12)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_anything_is_unpacked(name: str, counted: list[int]) -> None:
    assert refusal(BOMBS[name], DOCX)
    assert counted == []


def test_100_000_members_are_refused_by_their_directory_alone() -> None:
    plenty = [Entry(b"word/media/%d" % number, b"", method=0) for number in range(70_000)]
    for told in (None, 12):
        stream = Counting(raw_zip(plenty, told_count=told))
        reason = inspect_file(stream, DOCX)
        assert reason is not None
        assert "unpacks to more" in reason.message
        assert stream.count < 100


@pytest.mark.parametrize("told", [0, 4, MEGABYTE])
def test_a_size_that_lies_costs_no_more_than_it_says(told: int, counted: list[int]) -> None:
    content = raw_zip([Entry(b"a.bin", ZEROS, told_size=told), *entries_of(WORD)])
    members = zip_walking.members(io.BytesIO(content), zip_walking.Allowance())
    assert members[0].size == told
    about_others = sum(member.size for member in members if member.name.endswith(("rels", "_Types].xml")))
    reason = inspect_file(io.BytesIO(content), DOCX)
    assert reason is not None
    assert "damaged" in reason.message
    assert sum(counted) <= told + 2 * about_others + (1 << 16)


@pytest.mark.parametrize(
    "entry",
    [
        Entry(b"a.bin", b"abc", told_size=9),
        Entry(b"a.bin", b"abc", told_crc=9),
        Entry(b"a.bin", b"abc", tail=b"more"),
        Entry(b"a.bin", b"abc", method=0, told_size=2),
        Entry(b"a.bin", b"abc", local_name=b"b.bin"),
        Entry(b"a.bin", b"abc", local_name=b"aa.bin"),
    ],
    ids=["longer", "sum", "tail", "stored", "other-name", "longer-name"],
)
def test_members_that_are_not_as_the_directory_says_are_refused(entry: Entry) -> None:
    assert "damaged" in refusal(bomb(entry), DOCX)


def test_nested_archives_share_one_allowance(counted: list[int]) -> None:
    inner = with_parts(EXCEL, {f"xl/media/{number}.png": b"" for number in range(700)})
    one, three = ({f"word/embeddings/{n}.xlsx": inner for n in range(count)} for count in (1, 3))
    assert inspect_file(io.BytesIO(with_parts(WORD, one)), DOCX) is None
    assert "unpacks to more" in refusal(with_parts(WORD, three), DOCX)
    counted.clear()
    nested = raw_zip([*entries_of(EXCEL), Entry(b"xl/media/a.png", ZEROS)])
    reason = inspect_file(io.BytesIO(with_parts(WORD, {"word/embeddings/a.xlsx": nested})), DOCX)
    assert reason is not None
    assert "unpacks to more" in reason.message
    assert sum(counted) < 2 * MEGABYTE


@pytest.mark.parametrize("name", ["word/embeddings/a.zip", "word/media/image1.png", "word/embeddings/a.pptx"])
def test_another_archive_inside_is_refused(name: str) -> None:
    assert "another archive" in refusal(with_parts(WORD, {name: packed({"a": b"b"})}), DOCX)


def test_archives_are_nested_once_and_no_deeper() -> None:
    inner = with_parts(EXCEL, {"xl/embeddings/b.xlsx": EXCEL})
    assert "another archive" in refusal(with_parts(WORD, {"word/embeddings/a.xlsx": inner}), DOCX)


@pytest.mark.parametrize("flags", [0x1, 0x40, 0x2000])
def test_a_locked_member_is_refused(flags: int) -> None:
    assert "password" in refusal(bomb(Entry(b"a.bin", b"abc", flags=flags)), DOCX)


@pytest.mark.parametrize(
    "name",
    [b"../a.xml", b"word/../../a", b"/etc/passwd", b"C:\\x", b"word\\a.xml", b"C:a", b"a\0.xml", b"", b"./a", b"a//b"],
)
def test_names_that_lead_out_of_the_archive_are_refused(name: bytes) -> None:
    assert "damaged" in refusal(bomb(Entry(name, b"a")), DOCX)


def test_links_and_twins_inside_are_refused() -> None:
    assert "damaged" in refusal(bomb(Entry(b"a", b"/etc/passwd", mode=0o120777 << 16)), DOCX)
    assert "damaged" in refusal(bomb(Entry(b"WORD/document.xml", b"<a/>")), DOCX)


@pytest.mark.parametrize("content", [WORD + b"x", b"x" + WORD, WORD[:-1], WORD[:200], b"PK\x03\x04", b""])
def test_an_archive_with_something_before_or_behind_is_refused(content: bytes) -> None:
    assert "damaged" in refusal(content, DOCX)
    assert "damaged" in refusal(raw_zip(entries_of(WORD), comment=b"hidden"), DOCX)


@given(place=st.integers(0, len(WORD) - 1), byte=st.integers(0, 255), kind=st.sampled_from(sorted(FILES)))
@settings(max_examples=150, deadline=None)
def test_no_damage_is_more_than_a_refusal(place: int, byte: int, kind: str) -> None:
    content = bytearray(FILES[kind])
    content[place % len(content)] = byte
    inspect_file(io.BytesIO(bytes(content)), kind)
    inspect_file(io.BytesIO(bytes(content[: place % len(content)])), kind)


# --- U04: entities ---

DECLARATIONS = [
    '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>',
    '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
]


@pytest.mark.parametrize("file", ["docx", "xlsx"])
def test_entities_are_refused_in_every_part(file: str) -> None:
    content, kind = {"docx": (WORD, DOCX), "xlsx": (EXCEL, XLSX)}[file]
    parts = {name: part for name, part in parts_of(content).items() if part.lstrip().startswith(b"<")}
    assert len(parts) > 9
    for (name, part), declaration in zip(parts.items(), cycle(DECLARATIONS), strict=False):
        head, mark, rest = part.rpartition(b"?>")
        declared = head + mark + declaration.encode() + rest
        assert "document type" in refusal(with_parts(content, {name: declared}), kind), name


@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_each_way_to_declare_entities_is_refused(declaration: str) -> None:
    assert "document type" in refusal(with_parts(EXCEL, {"xl/a.xml": f"{declaration}<a/>".encode()}), XLSX)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [0, 32_757, 65_525, 65_531, 200_000])
def test_entities_are_found_wherever_and_in_whatever_encoding(encoding: str, before: int) -> None:
    part = f"<!--{'x' * before}-->{DECLARATIONS[1]}<a/>".encode(encoding)
    assert "document type" in refusal(with_parts(EXCEL, {"xl/a.xml": part}), XLSX)
    assert "document type" in refusal(with_parts(EXCEL, {"xl/media/image1.svg": part}), XLSX)


@pytest.mark.parametrize(
    "part",
    [
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>',
        f'<?xml version="1.0" {" " * 2000} encoding="UTF-7"?><a/>'.encode(),
        "<?xml version='1.0' encoding='cp037'?><a/>".encode("cp037"),
        "<!DOCTYPE a><a/>".encode("utf-32"),
        "<!DOCTYPE a><a/>".encode("utf-32-be"),
        b"MZ\x90\x00",
    ],
    ids=["utf-7", "utf-7-far", "ebcdic", "utf-32", "utf-32-be", "none"],
)
def test_xml_in_an_encoding_that_hides_is_refused(part: bytes) -> None:
    assert "damaged" in refusal(with_parts(EXCEL, {"xl/a.xml": part}), XLSX)


@pytest.mark.parametrize(
    "part",
    [
        b"<a>" * 400_000,
        b"<a b='" + b"x" * (8 * MEGABYTE) + b"'/>",
        b"<a>" + b"<b/>" * 20_001 + b"</a>",
        b"<a>" + b"".join(b"<b%d c%d=''/>" % (number, number) for number in range(100_000)) + b"</a>",
    ],
    ids=["deep", "one-token", "elements", "names"],
)
def test_xml_that_costs_more_than_it_weighs_is_refused(part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_parts, "_MOST_ELEMENTS", 20_000)
    # Packed as it is: its ratio would have it refused before it is read.
    entries = [entry for entry in entries_of(WORD) if entry.name != DOCUMENT.encode()]
    content = raw_zip([*entries, Entry(DOCUMENT.encode(), part, method=0)])
    assert "unpacks to more" in refusal(content, DOCX)


# --- U07: what acts ---


def test_a_document_under_the_name_of_a_workbook_is_refused() -> None:
    assert "damaged" in refusal(WORD, XLSX)
    assert "damaged" in refusal(EXCEL, DOCX)
    assert "damaged" in refusal(packed({TYPES: b"<Types/>"}), DOCX)
    assert "damaged" in refusal(packed({"a": b"b"}), DOCX)


@pytest.mark.parametrize(
    "name", ["word/vbaProject.bin", "word/VBAPROJECT.BIN", "xl/macrosheets/sheet1.xml", "word/vbaData.xml"]
)
def test_macros_are_refused_by_name(name: str) -> None:
    assert "macros" in refusal(with_parts(WORD, {name: b"<a/>"}), DOCX)


def test_macros_are_refused_by_declared_type_and_by_relationship() -> None:
    plain = MAIN.format("wordprocessingml.document")
    docm = replaced(WORD, TYPES, (plain, "application/vnd.ms-word.document.macroEnabled.main+xml"))
    assert "macros" in refusal(docm, DOCX)
    xlsm = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    assert "macros" in refusal(replaced(EXCEL, TYPES, (MAIN.format("spreadsheetml.sheet"), xlsm)), XLSX)
    other = '<Default Extension="xyz" ContentType="application/vnd.ms-office.vbaProject"/><Default'
    assert "macros" in refusal(replaced(WORD, TYPES, ("<Default", other)), DOCX)
    related = relation("vbaProject", "a.xyz", "Internal")
    assert "macros" in refusal(with_parts(WORD, {"word/_rels/a.xml.rels": related}), DOCX)


@pytest.mark.parametrize("name", ["word/embeddings/oleObject1.bin", "word/activeX/activeX1.xml", "word/media/a.png"])
def test_embedded_objects_are_refused(name: str) -> None:
    assert "embedded object" in refusal(with_parts(WORD, {name: FILES[DOC]}), DOCX)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("attachedTemplate", "https://example.com/a.dotm"),
        ("oleObject", "file:///c:/a.xlsx"),
        ("frame", "https://example.com/"),
        ("externalLinkPath", "b.xlsx"),
        ("externalLink", "b.xlsx"),
        ("subDocument", "b.docx"),
        ("image", "file://host/share/a.png"),
        ("image", "\\\\host\\share\\a.png"),
    ],
)
def test_content_from_elsewhere_is_refused(kind: str, target: str) -> None:
    content = with_parts(WORD, {"word/_rels/settings.xml.rels": relation(kind, target)})
    assert "from elsewhere" in refusal(content, DOCX)


FIELD = '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>{}<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
RUN = "<w:r><w:instrText>{}</w:instrText></w:r>"


@pytest.mark.parametrize(
    ("field", "refused"),
    [
        (FIELD.format(RUN.format(' DDEAUTO c:\\\\a.exe "b" ')), True),
        (FIELD.format(RUN.format("dde excel a")), True),
        (FIELD.format(RUN.format(" " * 500 + "D") + RUN.format("DEAU") + RUN.format("TO c:")), True),
        (FIELD.format(RUN.format("&#68;<![CDATA[DE]]><!-- a -->AUTO a")), True),
        ('<w:p><w:fldSimple w:instr=" DDEAUTO a b "/></w:p>', True),
        (FIELD.format(RUN.format(" PAGE ")), False),
        (FIELD.format(RUN.format(' HYPERLINK "https://example.com/DDE a" ')), False),
        ("<w:p><w:r><w:t>DDEAUTO c:</w:t></w:r></w:p>", False),
    ],
)
def test_fields_that_start_programs_are_refused(field: str, refused: bool) -> None:
    content = replaced(WORD, DOCUMENT, ("<w:body>", "<w:body>" + field))
    if refused:
        assert "(DDE)" in refusal(content, DOCX)
    else:
        assert inspect_file(io.BytesIO(content), DOCX) is None


def test_a_workbook_that_talks_to_a_program_is_refused() -> None:
    part = b'<externalLink><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    assert "(DDE)" in refusal(with_parts(EXCEL, {"xl/externalLinks/externalLink1.xml": part}), XLSX)


@pytest.mark.parametrize(
    "inside",
    [
        b"/OpenAction <</S /JavaScript /JS (a)>>",
        b"/S/Launch/F(a)",
        b"/S /J#61vaScript",
        b"/Names <</JavaScript 3 0 R>>",
    ],
)
@pytest.mark.parametrize("before", [0, 65_480, 65_490, 65_500, 130_950])
def test_a_pdf_with_a_script_or_a_program_is_refused(inside: bytes, before: int) -> None:
    assert "The PDF holds" in refusal(pdf_file(b" " * before + inside), PDF)


def test_a_pdf_begins_as_one() -> None:
    assert inspect_file(io.BytesIO(pdf_file(b"/LaunchPad /EmbeddedFile 4 0 R")), PDF) is None
    assert inspect_file(io.BytesIO(b"%PDF-1.4 without an end mark"), PDF) is None
    for content in (b" " + FILES[PDF], b"%PDF-x", b""):
        assert "damaged" in refusal(content, PDF)


@pytest.mark.parametrize(
    "tail", [WORD, packed({"a": b"b"}), packed({}), raw_zip([Entry(b"a", b"")], comment=b"\n%%EOF")]
)
@pytest.mark.parametrize("make", [(PDF, pdf_file), (PNG, png_file), (JPEG, jpeg_file)], ids=["pdf", "png", "jpeg"])
def test_two_kinds_in_one_are_refused(make: Any, tail: bytes) -> None:
    kind, build = make
    found = refusal(build(tail=tail), kind)
    assert "two kinds" in found or (kind == PDF and "damaged" in found)
    assert inspect_file(io.BytesIO(build(tail=b"\nPK\5\6 " + b"a note" * 9 + b"\n%%EOF")), kind) is None


# --- pictures and old files ---


@pytest.mark.parametrize("make", [(PNG, png_file), (JPEG, jpeg_file)], ids=["png", "jpeg"])
@pytest.mark.parametrize(
    ("width", "height", "said"),
    [
        (50_000, 50_000, "more than"),
        (20_001, 1, "more than"),
        (1, 20_001, "more than"),
        (10_000, 5_001, "more than"),
        (0, 9, "damaged"),
        (10_000, 5_000, ""),
        (20_000, 2_500, ""),
    ],
)
def test_pictures_are_measured_by_their_heads(make: Any, width: int, height: int, said: str) -> None:
    kind, build = make
    if said:
        assert said in refusal(build(width, height), kind)
    else:
        assert inspect_file(io.BytesIO(build(width, height)), kind) is None


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (PNG, FILES[PNG][:-12]),
        (PNG, FILES[PNG][:40]),
        (PNG, b"\x89PNG\r\n\x1a\n<html></html>"),
        (JPEG, b"\xff\xd8\xff<html><script>alert(1)</script></html>"),
        (JPEG, b"\xff\xd8\xff\xd9"),
        (JPEG, b"\xff\xd8" + b"\xff" * 9_000),
        (JPEG, b"\xff\xd8" + b"\xff\xe0\0\0" * 9),
    ],
)
def test_what_only_begins_as_a_picture_is_refused(kind: str, content: bytes) -> None:
    assert "damaged" in refusal(content, kind)


@pytest.mark.parametrize("big", [False, True], ids=["small", "over-7-MB"])
@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("WordDocument",), ""),
        (("WordDocument", "Macros", "VBA"), "macros"),
        (("a", "b", "c", "d", "WordDocument", "_VBA_PROJECT"), "macros"),
        (("WordDocument", "\x01Ole10Native"), "embedded object"),
        (("EncryptedPackage",), "password"),
        (("Workbook",), "damaged"),
        ((), "damaged"),
    ],
)
def test_old_files_are_judged_by_their_directory(names: tuple[str, ...], said: str, big: bool) -> None:
    content = compound_file(*names, big=big)
    reason = inspect_file(io.BytesIO(content), DOC)
    assert said in reason.message if reason else said == ""
    assert inspect_file(io.BytesIO(compound_file("Book", "_VBA_PROJECT_CUR")), XLS) is not None


def test_a_directory_that_goes_in_circles_ends() -> None:
    content = bytearray(compound_file("WordDocument"))
    content[512 + 8 : 512 + 12] = (2).to_bytes(4, "little")  # sector 2 is followed by itself
    assert "damaged" in refusal(bytes(content), DOC)
