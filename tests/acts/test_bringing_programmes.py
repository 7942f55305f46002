"""A new version of a programme: examined, laid aside, kept once; nothing of it ever runs (I08)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from hbreview.acts import bringing_programmes, planning_rounds
from hbreview.acts.bringing_programmes import Brought
from hbreview.clock import today
from hbreview.documents.programme_workbook import fields_xlsx
from hbreview.extensions import db
from hbreview.model import Entry, ProgrammeVersion, RoundProgramme
from hbreview.programmes import loader
from hbreview.programmes.schema import Programme
from hbreview.words import Reason
from hbreview.workflow.errors import HiddenError, InvalidError
from tests.trust.desk_hands import only_sqlite, origin_of
from tests.worlds import World

TEXT = loader.source_text("platform", 2019)
NEXT = TEXT.replace("year = 2019", "year = 2020", 1)
SAID = tuple[str, str]


def lay(world: World, content: bytes | str, **more: object) -> Programme:
    raw = content.encode() if isinstance(content, str) else content
    with world.app.app_context():
        brought = Brought(raw, **more)  # type: ignore[arg-type]  # the table's own names
        return bringing_programmes.lay_aside(db.session(), brought, storage=world.app.config["STORAGE"])


def keep(world: World, digest: str, note: str = "", login: str = "province") -> None:
    origin = origin_of(world, login)
    with world.app.app_context():
        bringing_programmes.keep_programme(digest, note, origin=origin, storage=world.app.config["STORAGE"])


def refused(world: World, content: bytes | str, **more: object) -> list[Reason]:
    before = world.dump()
    with pytest.raises(InvalidError) as caught:
        lay(world, content, **more)
    assert world.dump() == before
    return list(caught.value.reasons)


HOSTILE = [
    ("a = " + "[" * 100_000, "nested too deeply"),
    ("a = " + "{a=" * 3000 + "1" + "}" * 3000, "nested too deeply"),
    ("[" + ".".join("a" * 300) + "]\nx = 1", "nested too deeply"),
    ("a = " + "9" * 100_000, "no valid TOML"),
    (TEXT + "\0", "no valid TOML"),
    (TEXT.replace("平台名称", "平\\u0000台", 1), "cannot be printed"),
    (TEXT.replace("平台名称", "平\\u202E台", 1), "cannot be printed"),
    (TEXT.replace('minimum = "0"', 'minimum = "1e999999999"', 1), "is not a number"),
    (TEXT.replace("publicity_days = 5", "publicity_days = 999999999999", 1), "defaults."),
    (TEXT.replace("min_sheets = 1", f"min_sheets = {'9' * 4000}", 1), "defaults."),
    ("[[field]]\nkey = 'a'\n" * 1000, "too many entries"),
    ("", "is empty"),
    (b"\xff\xfe\x00", "not UTF-8"),
    ("名称".encode("gbk"), "not UTF-8"),
    ("x = 1\n" * 200_000, "too large"),
    ("key = 1979-99-99", "no valid TOML"),
    ("key = \"a\"\nkey = \"b\"", "no valid TOML"),
    ("year = 2019", "is missing"),
    ("field = 3\nyear = 2019\nkey = 'platform'", "%(place)s"),
]  # fmt: skip


@pytest.mark.thorough
@only_sqlite
def test_hostile_files_are_refused_politely_and_leave_nothing(empty_world: World) -> None:
    for content, said in HOSTILE:
        reasons = refused(empty_world, content)
        assert said in reasons[0].message, (content[:60], reasons[0])
        assert all(len(str(value)) < 400 for reason in reasons for value in reason.values.values())
    assert not list(empty_world.app.config["SETTINGS"].storage.rglob("*"))


CODE = [
    "__import__('os').system('touch /tmp/ran')",
    "open('/etc/passwd')",
    "(lambda: total_assets)()",
    "total_assets.__class__",
    "[total_assets for x in total_assets]",
    "total_assets ** 999999999",
    "f'{total_assets}'",
    "total_assets if total_assets else 0; 1",
]


@pytest.mark.thorough
@only_sqlite
def test_nothing_of_a_formula_weight_or_check_is_run(empty_world: World) -> None:
    formula = 'formula = "equipment_purchase_price / total_assets * 100"'
    rule = 'rule = "equipment_purchase_price <= total_assets"'
    for code in CODE:
        for name, old in (("formula", formula), ("rule", rule)):
            assert TEXT.count(old) == 1
            reasons = refused(empty_world, TEXT.replace(old, f'{name} = "{code}"'))
            assert name in str(reasons[0].values["place"]), (code, reasons)
        reasons = refused(empty_world, TEXT.replace('weight = "12"', f'weight = "{code}"', 1))
        assert "weight" in str(reasons[0].values["place"])


FAULTS: list[tuple[str, str, str, str]] = [
    ('weight = "12"', 'weight = "11"', "The weights sum to %(sum)s, not 100.", "99"),
    ('weight = "12"', 'weight = "11.95"', "The weights sum to %(sum)s, not 100.", "99.95"),
    ('key = "platform_name"', 'key = "organization_name"', "%(place)s stands twice.", "field[2] (organization_name)"),
    ("check_only = true", "checked_only = true", "is not known", "field[16] (service_area).checked_only"),
    ("year = 2019", "year = 1019", "cannot be right", "1019"),
    ('key = "platform"', 'key = "school"', "There is no programme", "school"),
    ("evidence_for = [13]", "evidence_for = [31]", "there is no indicator", "31"),
    ('key = "survey_responses"', 'key = "Survey"', "there is no field", "survey_responses"),
    ('key = "complete"', 'key = "version"', "cannot be used", "version"),
    ("order = 14", "order = 140", "there is no indicator", "14"),
    ("year = 2019", "year =", "no valid TOML", "5"),
]


@only_sqlite
def test_what_does_not_hold_together_is_refused_with_its_reason(empty_world: World) -> None:
    for old, new, said, value in FAULTS:
        assert old in TEXT
        reasons = refused(empty_world, TEXT.replace(old, new, 1))
        found = [r for r in reasons if said in r.message and value in map(str, r.values.values())]
        assert found, (new, reasons)
        assert found[0].field == "file"


@only_sqlite
def test_all_faults_are_told_at_once(empty_world: World) -> None:
    text = TEXT.replace('weight = "12"', 'weight = "11"', 1).replace('other = "website_url"', 'other = "website"')
    text = text.replace('fields = ["equipment_purchase_price", "total_assets"]', 'fields = ["price"]', 1)
    assert len(refused(empty_world, text)) == 3


@only_sqlite
def test_weights_with_many_places_or_below_zero_are_refused(empty_world: World) -> None:
    for first, second in (("12.05", "11.95"), ("-1", "25")):
        assert TEXT.count('weight = "12"') >= 2
        text = TEXT.replace('weight = "12"', f'weight = "{first}"', 1).replace(
            'weight = "12"', f'weight = "{second}"', 1
        )
        assert "must be above 0" in refused(empty_world, text)[0].message


@only_sqlite
def test_another_year_or_programme_than_said_is_refused(empty_world: World) -> None:
    assert [r.field for r in refused(empty_world, TEXT, year=2020)] == ["year"]
    assert [r.field for r in refused(empty_world, TEXT, programme="base")] == ["programme"]
    assert lay(empty_world, TEXT, year=2019, programme="platform").digest == loader.shipped("platform", 2019).digest


def test_a_version_is_kept_once_and_a_round_can_be_planned_with_it(world: World) -> None:
    found = lay(world, NEXT)
    with world.app.app_context():
        assert not [v for v in planning_rounds.offered_versions(db.session()) if v.year == 2020]
    keep(world, found.digest, "  2020年度\n调整  ")
    with world.app.app_context():
        row = db.session.scalars(select(ProgrammeVersion).where(ProgrammeVersion.digest == found.digest)).one()
        assert (row.programme, row.year, row.note) == ("platform", 2020, "2020年度\n调整")
        assert row.uploaded_by is not None
        assert row.uploaded_at is not None
        entry = db.session.scalars(select(Entry).where(Entry.act == "keep_programme")).one()
        assert (entry.target, entry.data["year"], entry.actor) == (found.digest, 2020, "省工作组甲")
    before = world.dump()
    with pytest.raises(InvalidError):
        keep(world, found.digest, login="province2")
    assert world.dump() == before
    plan = planning_rounds.Plan(
        2020, "2020年度", ("platform",), today(), today(), {}, versions={"platform": found.digest}
    )
    origin = origin_of(world, "province")
    with world.app.app_context():
        planning_rounds.plan_round(plan, origin=origin)
        used = select(ProgrammeVersion.digest).join(RoundProgramme).order_by(RoundProgramme.id.desc())
        assert db.session.scalars(used).first() == found.digest
    assert world.faults() == []


@only_sqlite
def test_what_was_never_laid_aside_cannot_be_kept(world: World) -> None:
    stored = next(path.name for path in world.app.config["SETTINGS"].storage.rglob("*") if path.is_file())
    before = world.dump()
    for digest in ("0" * 64, "../../etc/passwd", "", "x" * 64, stored):
        with pytest.raises(HiddenError):
            keep(world, digest)
    for digest in (loader.shipped("platform", 2019).digest, loader.shipped("base", 2019).digest):
        with pytest.raises(InvalidError):
            keep(world, digest)
    assert world.dump() == before


@only_sqlite
def test_a_note_that_is_too_long_or_unclean_is_refused(world: World) -> None:
    found = lay(world, NEXT)
    for note in ("长" * 501, "a\0b"):
        with pytest.raises(InvalidError) as caught:
            keep(world, found.digest, note)
        assert [reason.field for reason in caught.value.reasons] == ["note"]


def test_two_who_keep_the_same_version_at_once_keep_it_once(world: World) -> None:
    found = lay(world, NEXT)
    origins = [origin_of(world, login) for login in ("province", "province2")] * 2

    def one(number: int) -> str:
        with world.app.app_context():
            try:
                bringing_programmes.keep_programme(
                    found.digest, "", origin=origins[number], storage=world.app.config["STORAGE"]
                )
            except InvalidError:
                return "there already"
            return "kept"

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(one, range(4)))
    assert sorted(said) == ["kept", "there already", "there already", "there already"]
    with world.app.app_context():
        kept = select(func.count()).where(ProgrammeVersion.digest == found.digest)
        assert db.session.scalar(kept) == 1
    assert world.faults() == []


@only_sqlite
def test_a_workbook_needs_its_base_and_takes_the_year(world: World) -> None:
    content, shipped = fields_xlsx(TEXT), loader.shipped("platform", 2019).digest
    assert [r.field for r in refused(world, content)] == ["base"]
    assert [r.field for r in refused(world, content, base="0" * 64)] == ["base"]
    made = lay(world, content, base=shipped, year=2020)
    assert made.year == 2020
    # One that changes another, which was only laid aside itself.
    again = lay(world, fields_xlsx(NEXT), base=made.digest, year=2021)
    assert again.year == 2021


@only_sqlite
def test_line_ends_and_the_mark_of_utf_8_make_no_other_programme(world: World) -> None:
    found = lay(world, b"\xef\xbb\xbf" + NEXT.encode())
    assert found.digest == lay(world, NEXT).digest
    windows = lay(world, NEXT.replace("\n", "\r\n"))
    keep(world, windows.digest)
    with world.app.app_context():
        version = bringing_programmes.version_of(db.session(), windows.digest, storage=world.app.config["STORAGE"])
        assert version is not None
        assert version.row is not None
        assert version.programme.fields == found.fields
