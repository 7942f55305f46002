"""How many statements the later desks' pages take: a fixed number, however much is drawn, kept, objected and issued."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hbreview.acts import issuing_letters
from hbreview.clock import now
from hbreview.extensions import db
from hbreview.model import Designation, Firm, MonthlyRecord, Objection, Organisation, Person, ScoreSheet, Submission
from hbreview.words import Role, State
from tests.acts import deciding_hands as hands
from tests.acts.expert_pool import hire_many
from tests.desks.test_query_counts import count
from tests.worlds import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
OF_THE_ROUND = {
    "panel": 6, "ranking": 8, "late": 5, "messages": 5, "draw?each=2&seed=1": 6, "participants": 10, "settings": 3,
    "objections": 5, "letters": 4,
}  # fmt: skip
OF_ALL = {"firms": 5, "experts": 3, "monthly?year=2019": 7, "titles": 7, "programmes": 3, "rosters": 2}


def counted(world: World) -> dict[str, int]:
    province, round_ = world.browser("province"), hands.the_round(world)
    found = {page: count(world, province, f"/rounds/{round_.public_id}/{page}") for page in OF_THE_ROUND}
    return found | {page: count(world, province, f"/{page}") for page in OF_ALL}


def fill(session: Session) -> None:
    """Twenty firms, months of a hundred organisations, three sheets of each of a hundred forms."""
    session.add_all(Firm(name=f"第{number}事务所") for number in range(20))
    for organisation in session.scalars(select(Organisation.id).limit(100)).all():
        session.add_all(
            MonthlyRecord(
                programme="platform", organisation_id=organisation, year=2019, month=month, figures={},
                reported_on=date(2019, month, 20), due_on=date(2019, month + 1, 10), recorded_at=now(),
            )
            for month in range(1, 6)
        )  # fmt: skip
    experts = session.scalars(select(Person.id).where(Person.role == Role.EXPERT).order_by(Person.id).limit(3)).all()
    known = {(row[0], row[1]) for row in session.execute(select(ScoreSheet.submission_id, ScoreSheet.expert_id))}
    for row in session.scalars(select(Submission).order_by(Submission.id).limit(100)):
        row.state = State.AUDITED if row.state is State.DRAFT else row.state
        wanted = [expert for expert in experts if (row.id, expert) not in known]
        session.add_all(ScoreSheet(submission_id=row.id, expert_id=one, assigned_at=now()) for one in wanted)


def test_the_round_office_takes_the_same_statements_for_few_rows_and_many(world: World) -> None:
    assert counted(world) == OF_THE_ROUND | OF_ALL
    hire_many(world, 25)
    hands.write(world, fill)
    assert counted(world) == OF_THE_ROUND | OF_ALL


def test_deciding_takes_the_same_statements_for_no_row_and_many(world: World) -> None:
    round_, stranger, province = hands.publicise(world), world.stranger(), world.browser("province")
    path = f"/rounds/{round_.public_id}"

    def object_often(session: Session) -> None:
        for number, line in enumerate(session.scalars(select(Designation.id).limit(30)).all(), start=1):
            session.add(
                Objection(
                    round_id=round_.id, number=number, designation_id=line, name="张三", contact="0311-1", text="异议",
                    received_at=now(), upheld=False, answer="不属实", answered_at=now(), answered_by=1,
                )
            )  # fmt: skip

    assert count(world, province, f"{path}/objections") == 5
    assert count(world, province, f"{path}/letters") == 4
    hands.write(world, object_often)
    assert count(world, province, f"{path}/objections") == 5
    assert count(world, province, f"{path}/ranking") == 10
    assert count(world, stranger, f"/publicity/{round_.public_id}") == 4
    assert count(world, stranger, f"/publicity/{round_.public_id}/objections") == 3
    hands.finalise(world)
    by = hands.by(world, "province")
    with world.app.app_context():
        issuing_letters.issue_letters(round_.public_id, origin=by)
        assert len(db.session.scalars(select(Designation.id)).all()) > 0
    assert count(world, province, f"{path}/letters") == 4
