"""The layout of the forms: it is the notice's, and damaged ones are refused with their key path."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from hbreview.programmes import loader
from hbreview.programmes.layout import Cell, Place, supplementary_rows
from hbreview.programmes.loader import ProgrammeError
from hbreview.programmes.schema import FieldType, Programme

NOTICE = (Path(loader.FOLDER) / "2019" / "notice.txt").read_text(encoding="utf-8")
TITLES = ("全省中小企业公共服务示范平台运营情况表", "全省小型微型企业创业创新示范基地运营情况表", "附件3")
PARTS = {"platform": (0, 1), "base": (1, 2)}
# Not in the notice: what tells two values in one cell apart.
ADDED = {"platform": ["备案号"], "base": []}


def bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def attachment(programme: str) -> str:
    places = [NOTICE.index(title) for title in TITLES]
    first, last = PARTS[programme]
    return bare(NOTICE[places[first] : places[last]])


@pytest.mark.parametrize("key", ["platform", "base"])
def test_the_words_of_the_layout_are_the_notices_in_its_order(key: str) -> None:
    text = attachment(key)
    programme = loader.shipped(key, 2019)
    titles = {section.number: section.label.zh for section in programme.sections}
    texts = [programme.form_title.zh, programme.layout.head.text]
    for row in programme.layout.rows:
        cells = [part for cell in row.cells for part in words(programme, cell)]
        texts += [titles[row.section]] if row.section else cells
    left = text
    for piece in texts:
        if not bare(piece) or bare(piece) in ADDED[key]:
            continue
        before, found, left = left.partition(bare(piece))
        assert found == bare(piece), piece
        assert before == "", f"the notice has {before!r} before {piece!r}"
    assert left == ""


def words(programme: Programme, cell: Cell) -> list[str]:
    """What is printed of an empty cell: a day's place prints its three words."""
    places = {field.key: field.label.zh if field.type is FieldType.DATE else "" for field in programme.fields}
    return [part if isinstance(part, str) else places[part.key] for part in cell.parts]


@pytest.mark.parametrize("key", ["platform", "base"])
def test_every_field_has_one_place_in_the_form_or_below_it(key: str) -> None:
    programme = loader.shipped(key, 2019)
    official = [name for cell in programme.layout.cells for name in cell.keys]
    added = [name for row in supplementary_rows(programme) for cell in row.cells for name in cell.keys]

    assert sorted(official + added) == sorted(field.key for field in programme.fields)
    assert added == [field.key for field in programme.fields if field.supplementary]


def test_a_cell_is_texts_and_places_in_their_order() -> None:
    cell = loader.shipped("platform", 2019).layout.rows[6].cells[1]

    assert cell.parts[:3] == ("仪器、设备：", Place("equipment_count"), "台/套，购买价格：")
    assert cell.span == 4


PLATFORM_NAME = '{ text = "{platform_name}" },'
DAMAGES = [
    ("platform", "[layout]\ncolumns = 6", "[layout]", "platform.toml.layout.columns: is missing"),
    ("platform", "[layout]\ncolumns = 6", "[layout]\ncolumns = 0", "layout.columns: is not from 1 to 63: 0"),
    ("platform", "[layout]\ncolumns = 6", "[layout]\ncolumns = 7", "layout.row[1]: the cells span 6 columns, not 7"),
    ("platform", "columns = 6", "columns = 6\nrows = 3", "platform.toml.layout.rows: is not known"),
    (
        "platform",
        PLATFORM_NAME,
        '{ text = "{platform}" },',
        "layout.row[1].cell[1].text: unknown field 'platform'",
    ),
    ("platform", PLATFORM_NAME, '{ text = "" },', "platform.toml.layout: the field 'platform_name' has no place"),
    (
        "platform",
        PLATFORM_NAME,
        '{ text = "{contact_person}" },',
        "layout.row[2].cell[3].text: the field 'contact_person' stands twice",
    ),
    (
        "platform",
        PLATFORM_NAME,
        '{ text = "{platform_name}{total_assets}" },',
        "layout.row[1].cell[1].text: the field 'total_assets' is of section 2",
    ),
    (
        "platform",
        PLATFORM_NAME,
        '{ text = "{commendations}" },',
        "layout.row[1].cell[1].text: the supplementary field 'commendations' has its place below the form",
    ),
    ("platform", PLATFORM_NAME, '{ text = "{{platform_name}}" },', "cell[1].text: has a brace that is no field's"),
    ("platform", PLATFORM_NAME, '{ text = "{Name}" },', "cell[1].text: has a brace that is no field's place"),
    ("platform", PLATFORM_NAME, "{ text = 3 },", "layout.row[1].cell[1].text: must be a text, not 3"),
    ("platform", PLATFORM_NAME, "{ span = 1 },", "layout.row[1].cell[1].text: is missing"),
    (
        "platform",
        PLATFORM_NAME,
        '{ text = "{platform_name}", spam = 1 },',
        "layout.row[1].cell[1].spam: is not known",
    ),
    (
        "platform",
        PLATFORM_NAME,
        '{ text = "{platform_name}", span = 2 },',
        "layout.row[1]: the cells span 7 columns, not 6",
    ),
    (
        "platform",
        '{ text = "邮  箱" }, { text = "{email}", span = 2 }',
        '{ text = "邮  箱", span = 0 }, { text = "{email}", span = 3 }',
        "layout.row[3]: a cell spans no column",
    ),
    ("platform", "[[layout.row]]\nsection = 2\n", "", "layout.row: the sections do not stand in their order"),
    (
        "platform",
        "[[layout.row]]\nsection = 2\n",
        "[[layout.row]]\n",
        "layout.row[5]: must have either a section or cells",
    ),
    (
        "platform",
        "[[layout.row]]\nsection = 2\n",
        "[[layout.row]]\nsection = 2\nheight = 3\n",
        "layout.row[5].height: is not known",
    ),
    ("base", "{service_people_training}", "{service_people_sport}", "unknown field 'service_people_sport'"),
]


@pytest.mark.parametrize(("key", "old", "new", "message"), DAMAGES)
def test_a_damaged_layout_is_refused_by_its_key(key: str, old: str, new: str, message: str) -> None:
    text = loader.source_text(key, 2019)
    head, mark, layout = text.partition("[layout]")
    changed = head + (mark + layout).replace(old, new, 1)
    assert changed != text
    with pytest.raises(ProgrammeError) as caught:
        loader.load_text(changed, source=f"{key}.toml")
    assert str(caught.value).startswith(f"{key}.toml")
    assert message in str(caught.value)


@pytest.mark.parametrize("key", ["platform", "base"])
def test_a_version_from_before_layouts_gets_a_row_a_field(key: str) -> None:
    """A round keeps the file that it was opened with, and that one may have no layout."""
    text = loader.source_text(key, 2019).partition("[layout]")[0]

    programme = loader.load_text(text, source=f"{key}.toml")

    placed = [name for cell in programme.layout.cells for name in cell.keys]
    assert placed == [field.key for field in programme.fields if not field.supplementary]


def test_what_stands_below_the_form_of_a_base() -> None:
    text = loader.source_text("base", 2019)
    programme = loader.load_text(text, source="base.toml")

    assert [row.cells[0].text for row in supplementary_rows(programme)] == [
        "大专以上（含）及中级职称以上（含）人员数",
        "上一年度服务企业数量",
        "公益性或低收费服务收入",
    ]
