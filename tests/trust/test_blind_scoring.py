"""P02: no expert sees another's points, remarks or name before the own hand-in, and never the name."""

from __future__ import annotations

import io
import zipfile

import pytest
from sqlalchemy import select

from hbreview import clock
from hbreview.extensions import db
from hbreview.model import Person, Score, ScoreSheet, SheetVersion
from hbreview.programmes.loader import shipped
from hbreview.words import Role
from tests.worlds import Browser, World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SECRET, NAME = "只有第二位专家写过的话", "第二位专家本人"
PLATFORM = shipped("platform", 2019)


def second_expert(world: World, *, handed_in: bool) -> str:
    """Another expert with a sheet of the audited submission; its public id."""
    audited = world.submission("audited")
    with world.app.app_context():
        session = db.session()
        session.info["writing"] = True
        person = Person(login="expert-b", name=NAME, role=Role.EXPERT, created_at=clock.now())
        first = session.scalars(select(ScoreSheet).where(ScoreSheet.submission_id == audited.id)).one()
        session.add(person)
        session.flush()
        sheet = ScoreSheet(
            submission_id=audited.id, expert_id=person.id, assigned_at=first.assigned_at,
            handed_in_at=clock.now() if handed_in else None,
        )  # fmt: skip
        sheet.scores = [Score(indicator=1, points=None, remark=SECRET), Score(indicator=2, remark="", points=None)]
        session.add(sheet)
        session.flush()
        marks = [{"indicator": 1, "points": "1.0", "remark": SECRET, "reason": ""}]
        session.add(SheetVersion(sheet_id=sheet.id, number=1, marks=marks, revision_number=1, handed_in_at=clock.now()))
        session.commit()
        return sheet.public_id


def pages(browser: Browser, path: str) -> str:
    """Everything that an expert can open of a submission."""
    addresses = [path, f"{path}/score-sheet", f"{path}/history", f"{path}/score-sheet.xlsx", "/score-sheets.xlsx"]
    addresses += ["/submissions", "/notices"]
    found = [browser.client.get(address) for address in addresses]
    assert not [response for response in found if response.status_code >= 500]
    return "".join(_unpacked(response.get_data()) for response in found)


def _unpacked(content: bytes) -> str:
    """The text of a page, or of all parts of a workbook."""
    if not content.startswith(b"PK"):
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


def hand_in(world: World, browser: Browser) -> int:
    audited = world.submission("audited")
    with world.app.app_context():
        sheet = db.session.scalars(select(ScoreSheet).where(ScoreSheet.submission_id == audited.id)).first()
        assert sheet is not None
        address, version = sheet.public_id, sheet.version
    full = {f"points-{one.order}": str(one.weight) for one in PLATFORM.indicators}
    return browser.post(f"/score-sheets/{address}/hand-in", {"version": version, **full}).status_code


@pytest.mark.parametrize("handed_in", [True, False])
def test_blind_until_the_own_hand_in_and_nameless_after(world: World, handed_in: bool) -> None:
    other = second_expert(world, handed_in=handed_in)
    browser, path = world.browser("expert"), f"/submissions/{world.submission('audited').public_id}"
    before = pages(browser, path)
    assert SECRET not in before
    assert NAME not in before
    assert other not in before
    assert hand_in(world, browser) == 303
    after = pages(browser, path)
    assert (SECRET in after) is handed_in
    assert NAME not in after
    assert ("匿名专家乙" in after or "Expert 乙" in after) is handed_in
    own = _first_sheet(world)
    assert world.browser("province").post(f"/score-sheets/{own}/reopen", {"reason": "核对"}).status_code == 303
    assert SECRET not in pages(browser, path)


def _first_sheet(world: World) -> str:
    with world.app.app_context():
        query = select(ScoreSheet.public_id).where(ScoreSheet.submission_id == world.submission("audited").id)
        return db.session.scalars(query.order_by(ScoreSheet.id)).first() or ""


def test_the_province_sees_all_with_names(world: World) -> None:
    second_expert(world, handed_in=False)
    page = world.browser("province").get(f"/submissions/{world.submission('audited').public_id}/score-sheet")
    text = page.get_data(as_text=True)
    assert SECRET in text
    assert NAME in text


def test_nobody_writes_into_anothers_sheet(world: World) -> None:
    """Z07, Z09: by the address of a sheet that is another's, and after the own one was withdrawn."""
    other = second_expert(world, handed_in=False)
    browser, path = world.browser("expert"), f"/submissions/{world.submission('audited').public_id}"
    before = world.dump()["scores"]
    assert browser.post(f"/score-sheets/{other}/hand-in", {"version": 1}).status_code == 404
    with world.app.app_context():
        session = db.session()
        session.info["writing"] = True
        query = select(ScoreSheet).where(ScoreSheet.public_id == _first_sheet(world))
        session.scalars(query).one().withdrawn_at = clock.now()
        session.commit()
    assert browser.post(f"{path}/score-sheet", {"version": 1, "points-1": "1"}).status_code == 404
    assert browser.get(f"{path}/score-sheet").status_code == 404
    assert browser.get(f"{path}/score-sheet.xlsx").status_code == 404
    assert world.dump()["scores"] == before
