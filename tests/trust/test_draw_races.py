"""A draw is kept while experts declare interests: none of them ends with a sheet, and nothing is left half done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from hbreview.acts import declaring, drawing_lots
from hbreview.acts.drawing_lots import Plan
from hbreview.extensions import db
from hbreview.model import Interest, Person, ScoreSheet, Submission
from hbreview.words import State
from hbreview.workflow.errors import RefusedError
from tests.acts.expert_pool import entries, hire_many, the_round
from tests.acts.test_drawing_lots import look
from tests.acts.test_reviewing import by
from tests.worlds import World

pytestmark = pytest.mark.on_both


def test_draw_and_declarations_at_once(world: World) -> None:
    hire_many(world, 3)
    plan = Plan(2, True, "", "1")
    digest, round_id = look(world, plan).digest, the_round(world).public_id
    origins = {login: by(world, login) for login in ("province", "province2", "expert")}
    submissions = [world.submission("audited"), world.submission("audited", "base"), world.submission("city_reviewed")]

    def keep(login: str) -> str:
        with world.app.app_context():
            try:
                drawing_lots.keep_draw(round_id, plan, digest=digest, origin=origins[login])
            except RefusedError as error:
                return type(error).__name__
            return "kept"

    def declare(submission: Submission) -> str:
        with world.app.app_context():
            declaring.declare_interest(submission.public_id, "亲属", origin=origins["expert"])
            return "declared"

    with ThreadPoolExecutor(5) as pool:
        keeping = [pool.submit(keep, login) for login in ("province", "province2")]
        declarations = [pool.submit(declare, submission) for submission in submissions]
        assert [one.result(timeout=60) for one in declarations] == ["declared"] * 3
        kept = [one.result(timeout=60) for one in keeping]
    assert len(entries(world, "draw_lots")) == kept.count("kept") <= 1
    with world.app.app_context():
        conflicted = (
            select(ScoreSheet.id)
            .join(Submission, Submission.id == ScoreSheet.submission_id)
            .join(Interest, Interest.organisation_id == Submission.organisation_id)
            .join(Person, Person.id == ScoreSheet.expert_id)
            .where(Interest.person_id == Person.id, ScoreSheet.withdrawn_at.is_(None), Submission.state != State.SCORED)
        )
        assert list(db.session.scalars(conflicted)) == []
    assert world.faults() == []
