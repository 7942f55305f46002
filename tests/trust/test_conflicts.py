"""Z10: whoever belongs to an organisation, advised it or has an interest in it never scores it, by whichever way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from hbreview.acts import assigning, declaring, drawing_lots
from hbreview.acts.drawing_lots import Plan
from hbreview.extensions import db
from hbreview.model import Interest, Organisation, ScoreSheet, Submission
from hbreview.workflow.errors import InvalidError
from tests.acts.expert_pool import hire_expert, know, live, scorers
from tests.acts.test_drawing_lots import hand_over, keep, look
from tests.acts.test_reviewing import by, do, only_sqlite, person
from tests.worlds import World

pytestmark = only_sqlite
FORMER = "河北旧名服务中心"


def _employer(submission: Submission) -> dict[str, Any]:
    return {"employer": submission.organisation_name}


def _spelt_otherwise(submission: Submission) -> dict[str, Any]:
    """Blanks and full-width letters are no other organisation."""
    return {"employer": "　".join(submission.organisation_name)}


def _formerly(_submission: Submission) -> dict[str, Any]:
    return {"employer": FORMER}


def _adviser(submission: Submission) -> dict[str, Any]:
    return {"advised": ["另一家单位", submission.organisation_name]}


def _adviser_formerly(_submission: Submission) -> dict[str, Any]:
    return {"advised": [FORMER]}


def _neighbour(submission: Submission) -> dict[str, Any]:
    return {"region": submission.region}


def _interested(_submission: Submission) -> dict[str, Any]:
    return {}


WAYS = [
    (_employer, "employed by"), (_spelt_otherwise, "employed by"), (_formerly, "employed by"),
    (_adviser, "has advised"), (_adviser_formerly, "has advised"), (_neighbour, "same city"),
    (_interested, "declared an interest"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "said"), WAYS)
def test_barred_expert_gets_it_in_no_way(
    world: World, facts: Callable[[Submission], dict[str, Any]], said: str
) -> None:
    """By hand, drawn, handed over, as a replacement or as one further: refused or passed over, with the reason."""
    submission = world.submission("audited")
    barred = hire_expert(world, "barred", **facts(submission))

    def prepare(session: Session) -> None:
        session.execute(
            update(Organisation).where(Organisation.id == submission.organisation_id).values(former_names=[FORMER])
        )
        if facts is _interested:
            made = {"person_id": person(world, "barred").id, "organisation_id": submission.organisation_id}
            session.add(Interest(**made, reason="亲属", created_at=submission.moved_at))

    do(world, prepare)
    with world.app.app_context(), pytest.raises(InvalidError, match=said):
        assigning.assign_expert(submission.public_id, barred, origin=by(world, "province"))
    plan = Plan(2, True, "", "1")
    assert submission.public_id in look(world, plan).drawn.lacking
    keep(world, plan)
    assert scorers(world, submission) == ["expert"]
    assert ("barred" in {login for _submission, login in live(world)}) is True
    with world.app.app_context(), pytest.raises(InvalidError, match="No expert is left"):
        drawing_lots.draw_further(submission.public_id, origin=by(world, "province"))
    with pytest.raises(InvalidError, match="no open sheet"):
        hand_over(world, "expert", "barred")
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "亲属", origin=by(world, "expert"))
    assert scorers(world, submission) == []
    assert world.faults() == []


def test_suspended_account_gets_nothing(world: World) -> None:
    submission = world.submission("audited")
    gone = hire_expert(world, "gone")
    do(world, lambda s: s.execute(text("UPDATE people SET suspended_at = '2026-01-01' WHERE login = 'gone'")))
    with world.app.app_context(), pytest.raises(InvalidError, match="choose an expert"):
        assigning.assign_expert(submission.public_id, gone, origin=by(world, "province"))
    with pytest.raises(InvalidError, match="another expert"):
        hand_over(world, "expert", "gone")
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "亲属", origin=by(world, "expert"))
    assert scorers(world, submission) == []


def test_other_roles_are_never_given_a_sheet(world: World) -> None:
    """One person, one role here: a reviewer of a city or somebody of an enterprise is no expert under that account."""
    submission = world.submission("audited")
    for login in (f"city-{submission.region}", f"hb{submission.organisation_id:04d}", "province", "auditor", "admin"):
        with world.app.app_context(), pytest.raises(InvalidError, match="choose an expert"):
            assigning.assign_expert(submission.public_id, person(world, login).public_id, origin=by(world, "province"))


def test_hand_over_leaves_only_what_the_deputy_may_not_score(world: World) -> None:
    submission = world.submission("audited")
    hire_expert(world, "deputy", employer=submission.organisation_name)
    hand_over(world, "expert", "deputy")
    with world.app.app_context():
        own = set(
            db.session.scalars(
                select(Submission.public_id).where(Submission.organisation_id == submission.organisation_id)
            )
        )
    assert not {one for one, login in live(world) if login == "deputy"} & own
    assert submission.public_id in {one for one, login in live(world) if login == "expert"}


def test_facts_that_come_later_are_shown_where_a_sheet_is_there_already(world: World) -> None:
    submission = world.submission("audited")
    know(world, "expert", employer=submission.organisation_name, version=1)
    page = world.browser("province").get(f"/experts/{person(world, 'expert').public_id}").get_data(as_text=True)
    assert "该专家任职于该单位" in page or "This expert is employed by the organisation." in page


def test_a_scoring_that_opens_again_is_without_who_declared_an_interest_meanwhile(world: World) -> None:
    """The fixed total keeps its sheets; scored anew, that expert is out, and the sheet stays on record (Z09, Z10)."""
    submission = world.submission("scored")
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "现任其顾问。", origin=by(world, "expert"))
    assert world.faults() == []
    assert world.fire(world.browser("province"), submission, "rescore", reason="专家须回避。").status_code == 303
    assert "expert" not in scorers(world, submission)
    with world.app.app_context():
        sheet = db.session.scalars(select(ScoreSheet).where(ScoreSheet.submission_id == submission.id)).first()
        assert sheet is not None and sheet.handed_in_at is not None and sheet.withdrawn_at is not None
    assert world.faults() == []
