"""The queue of an expert: what is still to be scored, what was handed in, and the way to the own sheet."""

from __future__ import annotations

import pytest

from tests.worlds import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _rows(page: str) -> list[str]:
    return page.split('<tr id="row-')[1:]


def test_an_expert_finds_what_is_still_to_be_scored(world: World) -> None:
    expert = world.browser("expert")
    audited = {world.submission("audited", programme).public_id for programme in ("platform", "base")}
    rows = _rows(expert.get("/submissions?show=to_score").text)
    assert {row[:16] for row in rows} == audited
    assert all(f"/submissions/{row[:16]}/score-sheet" in row for row in rows)


def test_an_expert_finds_what_was_handed_in(world: World) -> None:
    expert = world.browser("expert")
    scored = {world.submission("scored", programme).public_id for programme in ("platform", "base")}
    rows = _rows(expert.get("/submissions?show=handed_in").text)
    assert {row[:16] for row in rows} == scored


def test_a_form_before_its_audit_has_no_button_to_score(world: World) -> None:
    rows = _rows(world.browser("expert").get("/submissions").text)
    early = [row for row in rows if "state-audited" not in row and "state-scored" not in row]
    assert early
    assert not any("/score-sheet" in row for row in early)


@pytest.mark.parametrize("login", ["province", "auditor"])
def test_others_have_no_view_by_sheets(world: World, login: str) -> None:
    """What a person does not see, nothing is narrowed by (P02)."""
    browser = world.browser(login)
    assert browser.get("/submissions?show=to_score").status_code == 400
    assert browser.get("/submissions?show=handed_in").status_code == 400
    assert "/score-sheet" not in browser.get("/submissions").text
