"""Rosters in, in every form that they come in: the rows are those of the notice."""

from __future__ import annotations

from collections import Counter

import pytest
from roster_builders import (
    BASE_HEADS,
    BASE_TITLE,
    DATA,
    PLATFORM_HEADS,
    PLATFORM_TITLE,
    cells,
    docx_of,
    member,
    notice_bytes,
    notice_rows,
    rows_of_data,
    with_member,
    xlsx_of,
)

from hbreview.documents.roster_reading import RosterReading, RosterRow, read_roster, split_marker

PLATFORMS, BASES = rows_of_data("platform"), rows_of_data("base")
PLATFORM_LINES = [PLATFORM_HEADS, *cells(PLATFORMS)]
BASE_LINES = [BASE_HEADS, *cells(BASES)]
# Platforms (national), bases (national): the domain README's table.
COUNTS = {
    "shijiazhuang": (12, 7, 9, 2), "chengde": (1, 0, 2, 0), "zhangjiakou": (5, 1, 3, 0), "qinhuangdao": (6, 0, 5, 1),
    "tangshan": (10, 3, 13, 1), "langfang": (4, 2, 5, 0), "baoding": (7, 0, 12, 2), "cangzhou": (5, 0, 3, 1),
    "hengshui": (6, 2, 3, 0), "xingtai": (4, 0, 3, 0), "handan": (6, 0, 8, 3), "dingzhou": (3, 0, 3, 1),
    "xiongan": (1, 0, 0, 0),
}  # fmt: skip


def csv_reading(text: str) -> RosterReading:
    return read_roster(text.encode(), filename="roster.csv")


def messages(reading: RosterReading) -> list[tuple[int, str]]:
    return [(problem.row, problem.reason.message % problem.reason.values) for problem in reading.problems]


def test_the_notice_gives_the_rows_of_the_data_set() -> None:
    reading = read_roster(notice_bytes(), filename="notice.txt")

    assert reading.problems == ()
    assert reading.rows == PLATFORMS + BASES


def test_the_notice_gives_the_counts_of_the_data_set() -> None:
    rows = notice_rows()

    assert Counter((row.programme, row.national) for row in rows) == {
        ("platform", True): 15,
        ("platform", False): 55,
        ("base", True): 11,
        ("base", False): 58,
    }
    assert len({row.organisation for row in rows}) == 129
    found = Counter((row.region, row.programme, national) for row in rows for national in {False, row.national})
    assert {
        key: tuple(found[key, programme, national] for programme in ("platform", "base") for national in (False, True))
        for key in dict.fromkeys(row.region for row in rows)
    } == COUNTS


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\n".join(line.rstrip() for line in text.splitlines()),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\t", "    "),
        lambda text: text.replace("\t", ""),
        lambda text: text + "\n附件5\n\n\t别的\n",
        lambda text: text.replace("附件1", "附件：4. 全省中小企业公共服务示范平台名单\n附件1", 1),
    ],
    ids=["trimmed", "crlf", "blanks", "flush", "more-after", "title-before"],
)
def test_the_notice_survives_editors(change) -> None:
    data = change(notice_bytes().decode()).encode()

    reading = read_roster(data, filename="NOTICE.TXT")

    assert (reading.rows, reading.problems) == (PLATFORMS + BASES, ())


def test_a_line_of_the_notice_without_its_base_name_is_complained_of() -> None:
    data = notice_bytes().decode().replace("\t方亿科技园\n", "").encode()

    reading = read_roster(data, filename="notice.txt")

    assert [(row, text.partition("line ")[2]) for row, text in messages(reading)] == [(1, "1: the name is missing.")]
    assert len(reading.rows) == 138


@pytest.mark.parametrize("name", ["platform", "base"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_csv_is_read_in_every_usual_encoding(name: str, encoding: str) -> None:
    text = (DATA / f"roster-{name}s.csv").read_text(encoding="utf-8")
    text = text.replace("seq,city,organisation", "序号,地区,单位名称").replace("base_name", "基地名称")

    reading = read_roster(text.encode(encoding), filename="名单.CSV")

    assert (reading.rows, reading.problems) == (rows_of_data(name), ())


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_csv_is_read_with_other_delimiters(delimiter: str) -> None:
    text = (DATA / "roster-bases.csv").read_text(encoding="utf-8").replace(",", delimiter)

    assert csv_reading(text).rows == BASES


@pytest.mark.parametrize("merged", [True, False], ids=["merged", "blank"])
def test_word_is_read(merged: bool) -> None:
    data = docx_of((PLATFORM_TITLE, PLATFORM_LINES), (BASE_TITLE, BASE_LINES), merged=merged)

    reading = read_roster(data, filename="附件4.docx")

    assert (reading.rows, reading.problems) == (PLATFORMS + BASES, ())


def test_word_tables_that_are_no_rosters_are_passed_over() -> None:
    data = docx_of(("审计", [["项目", "内容"], ["1", "报告"]]), (PLATFORM_TITLE, PLATFORM_LINES))

    assert read_roster(data, filename="a.docx").rows == PLATFORMS


def test_word_text_that_was_deleted_is_not_read() -> None:
    data = docx_of((PLATFORM_TITLE, [PLATFORM_HEADS, ["1", "唐山", "甲公司"]]))
    document = member(data, "word/document.xml")
    run = "<w:r><w:t>甲公司</w:t></w:r>".encode()
    assert run in document
    moved = b'<w:moveFrom w:id="1" w:author="a"><w:r><w:t>x</w:t></w:r></w:moveFrom>'
    added = b'<w:ins w:id="2" w:author="a"><w:r><w:t>y</w:t></w:r></w:ins>'
    changed = with_member(data, "word/document.xml", document.replace(run, run + moved + added))

    assert read_roster(changed, filename="a.docx").rows[0].organisation == "甲公司y"


@pytest.mark.parametrize("merged", [True, False], ids=["merged", "blank"])
@pytest.mark.parametrize("title", ["", "名单"])
def test_excel_is_read(merged: bool, title: str) -> None:
    data = xlsx_of({"平台": PLATFORM_LINES, "基地": BASE_LINES}, merged=merged, title=title)

    reading = read_roster(data, filename="附件4.xlsx")

    assert (reading.rows, reading.problems) == (PLATFORMS + BASES, ())


def test_heads_repeated_on_the_next_page_carry_the_region_on() -> None:
    lines = [*PLATFORM_LINES[:6], PLATFORM_HEADS, *PLATFORM_LINES[6:]]

    assert read_roster(docx_of(("", lines)), filename="a.docx").rows == PLATFORMS


@pytest.mark.parametrize(("title", "programme"), [(PLATFORM_TITLE, "platform"), (BASE_TITLE, "base"), ("", "platform")])
def test_a_table_without_base_names_is_what_its_title_says(title: str, programme: str) -> None:
    lines = [PLATFORM_HEADS, ["1", "唐山", "甲公司"]]

    in_word = read_roster(docx_of((title, lines)), filename="a.docx")
    in_excel = read_roster(xlsx_of({"名单": lines}, title=title), filename="a.xlsx")

    assert [row.programme for row in in_word.rows + in_excel.rows] == [programme, programme]


def test_both_lists_on_one_sheet_keep_their_programmes() -> None:
    lines = [[BASE_TITLE, "", "", ""], BASE_HEADS, ["1", "唐山", "甲", "乙"], [PLATFORM_TITLE, "", "", ""]]
    lines += [[*PLATFORM_HEADS, ""], ["1", "唐山", "甲", ""]]
    text = "\n".join(",".join(line) for line in lines)

    assert [row.programme for row in csv_reading(text).rows] == ["base", "platform"]


@pytest.mark.parametrize(
    ("text", "name", "national"),
    [
        ("甲公司 （国家）", "甲公司", True),
        ("甲公司 （国家 ）", "甲公司", True),
        ("甲公司（国家级）", "甲公司", True),
        ("甲公司\n（国家级）", "甲公司", True),
        ("甲公司\r\n(国家级）", "甲公司", True),
        ("甲公司(国家)", "甲公司", True),
        ("甲公司（ 国 家 级 )  ", "甲公司", True),
        ("甲公司【国家级】", "甲公司", True),
        ("甲公司（国家）（国家级）", "甲公司", True),
        ("甲公司", "甲公司", False),
        ("国家级孵化器", "国家级孵化器", False),
        ("甲（国家）公司", "甲（国家）公司", False),
        ("数字家居（唐山）", "数字家居（唐山）", False),
        ("太库（香河）公司 （国家）", "太库（香河）公司", True),
        ("无界邢台市创业孵化园（无界公社）", "无界邢台市创业孵化园（无界公社）", False),
        ("甲公司（国家高新区）", "甲公司（国家高新区）", False),
        ("鹿岛 V 谷科技园", "鹿岛 V 谷科技园", False),
        ("保定.中关村创新中心", "保定.中关村创新中心", False),
        ("（国家级）", "", True),
    ],
)
def test_only_the_last_national_marker_is_taken_off(text: str, name: str, national: bool) -> None:
    assert split_marker(text) == (name, national)


def test_names_with_brackets_quotes_and_blanks_are_kept() -> None:
    names = {row.seq: (row.organisation, row.site_name) for row in notice_rows() if row.programme == "base"}

    assert names[6][1] == "鹿岛 V 谷科技园"
    assert names[23][1] == "唐山市“互联网+双创中心”"
    assert names[27][0] == "数字家居（唐山）电子商务股份有限公司"
    assert names[33][0] == "太库（香河）科技孵化器有限公司"
    assert names[53][1] == "河北省中小企业（衡水）创业辅导基地"
    assert names[57][1] == "无界邢台市创业孵化园（无界公社）"


@pytest.mark.parametrize(
    ("lines", "row", "message"),
    [
        ("1,北京,甲,no", 1, "the region “北京” is not known."),
        ("1,,甲,no", 1, "the region “” is not known."),
        ("1,唐山,甲,no\n2,唐山,甲,no", 2, "“甲” stands twice."),
        ("1,唐山,甲 V,no\n2,唐山,甲v（国家）,no", 2, "“甲v” stands twice."),
        ("1,唐山,甲,no\n1,唐山,乙,no", 1, "the numbers do not follow, 2 was expected."),
        ("1,唐山,甲,no\n3,唐山,乙,no", 3, "the numbers do not follow, 2 was expected."),
        ("2,唐山,甲,no", 2, "the numbers do not follow, 1 was expected."),
        ("1,唐山,,no", 1, "the name is missing."),
        ("1,唐山,（国家）,no", 1, "the name is missing."),
        ("1,唐山,甲,maybe", 1, "“maybe” is neither yes nor no."),
    ],
)
def test_a_fault_is_named_with_its_line(lines: str, row: int, message: str) -> None:
    reading = csv_reading(f"seq,city,organisation,national\n{lines}")

    assert [(found, text.partition(f"line {row}: ")[2]) for found, text in messages(reading)] == [(row, message)]
    assert reading.problems[0].programme == "platform"


@pytest.mark.parametrize("number", ["", "甲", "²", "1.5", "-1", "9" * 5000])
def test_a_line_without_a_number_is_complained_of_and_not_dropped(number: str) -> None:
    reading = csv_reading(f"seq,city,organisation\n1,唐山,甲\n{number},唐山,乙\n")

    assert [row for row, _text in messages(reading)] == [3]
    assert "the line of “乙” has no number" in messages(reading)[0][1]


@pytest.mark.parametrize("number", ["1", "１", " 1 ", "1.", "1、"])
def test_numbers_are_read_in_their_usual_spellings(number: str) -> None:
    assert csv_reading(f"seq,city,organisation\n{number},唐山,甲\n").rows[0].seq == 1


def test_an_unknown_region_leaves_the_numbers_of_the_others_in_order() -> None:
    reading = csv_reading("seq,city,organisation\n1,唐山,甲\n2,北京,乙\n3,唐山,丙\n")

    assert [row.seq for row in reading.rows] == [1, 3]
    assert [problem.row for problem in reading.problems] == [2]


def test_one_organisation_may_be_on_both_lists() -> None:
    reading = csv_reading("类别,序号,地区,单位名称,基地名称\n示范平台,1,唐山,甲,\n示范基地,1,,甲,乙\n")

    assert reading.problems == ()
    assert reading.rows[1] == RosterRow("base", 1, "tangshan", "唐山", "甲", "乙", False)


def test_an_unknown_programme_is_complained_of() -> None:
    reading = csv_reading("类别,序号,地区,单位名称,基地名称\n园区,1,唐山,甲,乙\n")

    assert "the programme “园区” is not known" in messages(reading)[0][1]


def test_notes_and_sums_below_a_table_are_no_lines() -> None:
    reading = csv_reading("序号,地区,单位名称\n1,唐山,甲\n\n,注：以上排名不分先后,\n")

    assert (len(reading.rows), reading.problems) == (1, ())


def test_every_spelling_of_a_region_is_known() -> None:
    reading = csv_reading("序号,地区,单位名称\n1,定 州,甲\n2,定州市,乙\n3,辛集市,丙\n4,河北雄安新区,丁\n")

    assert [row.region for row in reading.rows] == ["dingzhou", "dingzhou", "xinji", "xiongan"]
