"""Reads programme files, checks that they hold together, and says by its key what does not."""

from __future__ import annotations

import hashlib
import tomllib
from functools import lru_cache
from pathlib import Path

from ..words import Level, Outcome
from .consistency import require_consistency
from .layout import plain_layout, read_layout
from .reading import ProgrammeError, Table
from .schema import (
    AuditFigure,
    Check,
    ChecklistItem,
    Choice,
    Field,
    FieldType,
    Floor,
    Indicator,
    Matrix,
    Programme,
    Region,
    Requirement,
    RoundDefaults,
    Section,
    SuggestPart,
)

FOLDER = Path(__file__).resolve().parent
_SCALES = {FieldType.DECIMAL: 2, FieldType.PERCENT: 2}
_LENGTHS = {FieldType.TEXTAREA: 5000, FieldType.URL: 254, FieldType.EMAIL: 254}
# What a version from before files could say it means by these fields.
_LAST_YEAR = {"enterprises_served_last_year": "enterprises_served", "service_income_last_year": "service_income"}
_REPORTED = frozenset({"data_reported_on_time", "summary_reported_on_time"})

__all__ = [
    "ProgrammeError", "available", "load_file", "load_text", "region", "region_named", "regions", "shipped",
    "source_text",
]  # fmt: skip


def source_text(key: str, year: int) -> str:
    """The text of a shipped programme file; ProgrammeError when there is none."""
    path = FOLDER / str(year) / f"{key}.toml"
    if not path.is_file():
        raise ProgrammeError(f"there is no programme {key} of {year}")
    return path.read_text(encoding="utf-8")


def shipped(key: str, year: int) -> Programme:
    """A programme that comes with the application."""
    return load_text(source_text(key, year), source=f"{key}.toml")


def available() -> list[tuple[int, str, Path]]:
    """Year, key and path of every shipped programme, newest first."""
    found = [(int(path.parent.name), path.stem, path) for path in FOLDER.glob("[0-9]*/*.toml")]
    return sorted(found, reverse=True)


def load_file(path: Path) -> Programme:
    """Read one programme file; ProgrammeError as ``load_text``, OSError when it cannot be opened."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ProgrammeError(f"{path.name}: is not UTF-8") from error
    return load_text(text, source=path.name)


@lru_cache(maxsize=64)
def load_text(text: str, *, source: str) -> Programme:
    """Read a programme; ProgrammeError names ``source`` and the key of what is wrong."""
    try:
        root = Table(tomllib.loads(text), source)
    except tomllib.TOMLDecodeError as error:
        raise ProgrammeError(f"{source}: {error}") from error
    programme = _programme(root, hashlib.sha256(text.encode("utf-8")).hexdigest())
    root.finish()
    require_consistency(programme, source)
    return programme


def _programme(root: Table, digest: str) -> Programme:
    year = root.whole("year")
    sections = tuple(_section(table, year) for table in root.tables("section"))
    matrix = _matrix(root.table("matrix")) if root.has("matrix") else None
    fields = tuple(_field(table, year, matrix) for table in root.tables("field"))
    return Programme(
        key=root.text("key"),
        year=year,
        name=root.label("name"),
        form_title=root.label("form_title"),
        rubric_title=root.label("rubric_title"),
        roster_title=root.label("roster_title"),
        sections=sections,
        fields=fields,
        matrix=matrix,
        indicators=tuple(_indicator(table, fields) for table in root.tables("indicator")),
        checks=tuple(check for table in root.tables("check") for check in _checks(table)),
        audit_figures=tuple(_audit_figure(table, year) for table in root.tables("audit")),
        checklist=tuple(_checklist_item(table) for table in root.tables("checklist")),
        defaults=_defaults(root.table("defaults")),
        layout=read_layout(root.table("layout")) if root.has("layout") else plain_layout(sections, fields),
        digest=digest,
    )


def _section(table: Table, year: int) -> Section:
    section = Section(table.whole("number"), table.label("label", year=year))
    table.finish()
    return section


def _matrix(table: Table) -> Matrix:
    def axis(name: str) -> tuple[tuple[str, object], ...]:
        pairs = []
        for line in table.tables(name):
            pairs.append((line.text("key"), line.label("label")))
            line.finish()
        return tuple(pairs)

    matrix = Matrix(table.whole("section"), axis("row"), axis("column"))  # type: ignore[arg-type]  # pairs of text and label
    table.finish()
    return matrix


def _kind(table: Table) -> FieldType:
    text = table.text("type")
    if text not in set(FieldType):
        raise table.fail("type", f"is none of {', '.join(FieldType)}: {text!r}")
    return FieldType(text)


def _field(table: Table, year: int, matrix: Matrix | None) -> Field:
    """One field; a cell of the matrix says in which row and column it stands."""
    kind = _kind(table)
    key, row = table.text("key"), table.text("matrix_row", "")
    field = Field(
        key=key,
        label=table.label("label", year=year),
        section=table.whole("section"),
        type=kind,
        unit=table.text("unit", ""),
        formula=table.text("formula", ""),
        check_only=table.flag("check_only"),
        attachable=table.flag("attachable"),
        hint=table.optional_label("hint", year=year),
        required=_requirement(table),
        supplementary=table.flag("supplementary"),
        filled_by=table.text("filled_by", "enterprise"),
        evidence_for=tuple(table.list_of("evidence_for", int)),
        minimum=table.optional_decimal("minimum"),
        maximum=table.optional_decimal("maximum"),
        scale=_SCALES.get(kind, 0),
        choices=tuple(_choice(line) for line in table.tables("choice")),
        matrix_row=row,
        matrix_column=table.text("matrix_column", ""),
        max_length=_LENGTHS.get(kind, 200),
        counted=table.text("counted", ""),
        full_label=table.optional_label("full_label", year=year),
        likely_most=table.optional_decimal("likely_most"),
        last_year_of=table.text("last_year_of", _LAST_YEAR.get(key, "")),
        reported=table.flag("reported") or (key in _REPORTED and not table.has("reported")),
    )
    table.finish()
    if row and (matrix is None or row not in dict(matrix.rows)):
        raise table.fail("matrix_row", f"unknown row {row!r}")
    if row and matrix and field.matrix_column not in dict(matrix.columns):
        raise table.fail("matrix_column", f"unknown column {field.matrix_column!r}")
    return field


def _choice(table: Table) -> Choice:
    choice = Choice(table.text("value"), table.label("label"))
    table.finish()
    return choice


def _requirement(table: Table) -> Requirement:
    if not table.has("required"):
        return Requirement("never" if table.flag("supplementary") else "always")
    inner = table.table("required")
    requirement = Requirement(inner.text("kind"), inner.text("other", ""), inner.text("equals", ""))
    inner.finish()
    if requirement.kind not in {"always", "never", "when"}:
        raise inner.fail("kind", f"is none of always, never, when: {requirement.kind!r}")
    return requirement


def _indicator(table: Table, fields: tuple[Field, ...]) -> Indicator:
    order = table.whole("order")
    indicator = Indicator(
        order=order,
        dimension=table.label("dimension"),
        name=table.label("name"),
        points=table.label("points", may_be_empty=True),
        weight=table.decimal("weight"),
        basis=table.label("basis"),
        evidence=tuple(field.key for field in fields if order in field.evidence_for),
        floor=_floor(table.table("floor")) if table.has("floor") else None,
        suggest=tuple(_suggest_part(line) for line in table.tables("suggest")),
    )
    table.finish()
    return indicator


def _floor(table: Table) -> Floor:
    floor = Floor(table.text("rule"), table.decimal("share"))
    table.finish()
    return floor


def _suggest_part(table: Table) -> SuggestPart:
    part = SuggestPart(
        full=table.decimal("full"),
        zero=table.decimal("zero", "0"),
        share=table.decimal("share", "1"),
        field=table.text("field", ""),
        formula=table.text("formula", ""),
        given=table.text("given", ""),
        label=table.optional_label("label"),
    )
    table.finish()
    return part


def _checks(table: Table) -> list[Check]:
    """One check, or one for each member of ``each``, put where ``{each}`` stands."""
    name, rule, level = table.text("id"), table.text("rule"), table.text("level")
    if level not in set(Level):
        raise table.fail("level", f"is none of error, warning: {level!r}")
    tolerance, message = table.decimal("tolerance", "0"), table.label("message")
    fields, each = table.list_of("fields", str), table.list_of("each", str)
    table.finish()
    return [
        Check(
            name,
            Level(level),
            rule.replace("{each}", member),
            tolerance,
            message,
            tuple(key.replace("{each}", member) for key in fields),
        )
        for member in each or [""]
    ]


def _audit_figure(table: Table, year: int) -> AuditFigure:
    figure = AuditFigure(
        key=table.text("key"),
        label=table.label("label", year=year),
        type=_kind(table),
        unit=table.text("unit", ""),
        item_no=table.whole("item_no", 0),
        required=table.flag("required"),
        repeats=table.flag("repeats"),
        compare_with=table.text("compare_with", ""),
        comparison=table.text("comparison", ""),
        parts=tuple(table.list_of("parts", str)),
    )
    table.finish()
    return figure


def _checklist_item(table: Table) -> ChecklistItem:
    item = ChecklistItem(table.text("key"), table.label("label"))
    table.finish()
    return item


def _defaults(table: Table) -> RoundDefaults:
    outcome = table.text("not_submitted")
    if outcome not in set(Outcome):
        raise table.fail("not_submitted", f"is none of {', '.join(Outcome)}: {outcome!r}")
    defaults = RoundDefaults(
        pass_mark=table.decimal("pass_mark"),
        excellent=table.decimal("excellent"),
        supervised_below=table.decimal("supervised_below"),
        commended_top=table.whole("commended_top"),
        remark_below=table.decimal("remark_below"),
        spread=table.decimal("spread"),
        min_sheets=table.whole("min_sheets"),
        publicity_days=table.whole("publicity_days"),
        not_submitted=Outcome(outcome),
        minimum_served=table.whole("minimum_served"),
        deduction_per_no=table.decimal("deduction_per_no"),
        validity_years=table.whole("validity_years"),
        jump_factor=table.decimal("jump_factor", "3"),
        jump_least=table.decimal("jump_least", "10"),
        remarks_required=table.whole("remarks_required", 1),
        checklist_required=table.whole("checklist_required", 0),
        own_city_barred=table.whole("own_city_barred", 1),
        enterprise_brings_report=table.whole("enterprise_brings_report", 0),
    )
    table.finish()
    return defaults


@lru_cache(maxsize=1)
def regions() -> tuple[Region, ...]:
    """The reviewing regions, in the notice's order."""
    root = Table(tomllib.loads((FOLDER / "regions.toml").read_text(encoding="utf-8")), "regions.toml")
    found = []
    for table in root.tables("region"):
        found.append(
            Region(
                table.text("key"),
                table.label("name"),
                table.text("printed_platform"),
                table.text("printed_base"),
                tuple(table.list_of("aliases", str)),
            )
        )
        table.finish()
    root.finish()
    return tuple(found)


@lru_cache(maxsize=1)
def _by_spelling() -> dict[str, Region]:
    spelt = {}
    for found in regions():
        spellings = {found.key, found.name.zh, found.name.en, found.printed_platform, found.printed_base}
        for text in spellings | set(found.aliases):
            spelt["".join(text.split()).casefold()] = found
    return spelt


def region(key: str) -> Region:
    """The region of this key; KeyError when there is none."""
    return _by_key()[key]


@lru_cache(maxsize=1)
def _by_key() -> dict[str, Region]:
    return {found.key: found for found in regions()}


def region_named(text: str) -> Region | None:
    """The region of any spelling, alias or code; None when it is none of them."""
    return _by_spelling().get("".join(text.split()).casefold())
