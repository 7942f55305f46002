"""A longer time for one organisation: who may give which day, and that the form may be sent until it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from hbreview.acts.answering import NotEditableError
from hbreview.acts.extending import Extension, extend
from hbreview.acts.weighing import SubmissionCase
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Entry, Round, Submission
from hbreview.words import RoundState
from hbreview.workflow.errors import ForbiddenError, InvalidError, StaleError
from hbreview.workflow.guards import round_is_open
from tests.acts.test_reviewing import by, do
from tests.acts.test_standing import loaded
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
# Days from today: the round's last day for enterprises, and for cities.
ENTERPRISE, CITY = 3, 10


def day(offset: int) -> date:
    return today() + timedelta(offset)


def prepare(world: World, *, enterprise: int = ENTERPRISE) -> Submission:
    """A draft of an open round whose days are known."""
    days = {"enterprise_deadline": day(enterprise), "city_deadline": day(CITY)}
    do(world, lambda session: session.execute(update(Round).values(**days)))
    return world.submission("returned")


def give(world: World, login: str, last_day: str, reason: str = "停电") -> set[str]:
    """Extend the draft; the fields that were refused."""
    submission = world.now(world.submission("returned"))
    extension = Extension(submission.public_id, submission.version, last_day, reason)
    with world.app.app_context():
        try:
            extend(extension, origin=by(world, login))
        except InvalidError as error:
            return {reason.field for reason in error.reasons}
    return set()


@only_sqlite
@pytest.mark.parametrize(
    ("enterprise", "offset", "city", "province"),
    [
        (ENTERPRISE, ENTERPRISE - 1, False, False),
        (ENTERPRISE, ENTERPRISE + 1, True, True),
        (ENTERPRISE, CITY, True, True),
        (ENTERPRISE, CITY + 1, False, True),
        (-2, -1, False, False),
        (-2, 0, True, True),
    ],
)
def test_day_that_each_may_give(world: World, enterprise: int, offset: int, city: bool, province: bool) -> None:
    submission = prepare(world, enterprise=enterprise)
    for login, allowed in ((f"city-{submission.region}", city), ("province", province)):
        assert give(world, login, day(offset).isoformat()) == (set() if allowed else {"last_day"}), login
        assert world.now(submission).extended_to == (day(offset) if allowed else None)
        do(world, lambda session: session.execute(update(Submission).values(extended_to=None)))


def test_extension_is_one_entry_and_one_version_and_a_repeat_is_none(world: World) -> None:
    submission = prepare(world)
    login, until = f"city-{submission.region}", day(5).isoformat()
    assert give(world, login, until) == set()
    assert give(world, login, until) == set()
    after = world.now(submission)
    assert (after.extended_to, after.version) == (day(5), submission.version + 1)
    with world.app.app_context():
        entries = db.session.scalars(select(Entry).where(Entry.act == "extend")).all()
    assert [(e.version_from, e.version_to, e.data["day"], e.data["reason"]) for e in entries] == [
        (submission.version, submission.version + 1, until, "停电")
    ]
    assert world.faults() == []


@only_sqlite
@pytest.mark.parametrize("text", ["", "2026-13-01", "明天", "2026-02-30", "99999-01-01", "<b>"])
def test_what_is_no_day_or_gives_no_reason_is_refused_beside_its_field(world: World, text: str) -> None:
    submission = prepare(world)
    before = world.dump()
    assert give(world, f"city-{submission.region}", text) == {"last_day"}
    assert give(world, f"city-{submission.region}", day(5).isoformat(), " \n") == {"extend_reason"}
    assert world.dump() == before


@only_sqlite
def test_only_a_draft_of_an_open_round_and_the_newest_version_gets_longer(world: World) -> None:
    draft = prepare(world)
    for state in ("submitted", "scored"):
        submission = world.submission(state)
        one = by(world, f"city-{submission.region}")
        extension = Extension(submission.public_id, submission.version, day(5).isoformat(), "停电")
        with world.app.app_context(), pytest.raises(NotEditableError):
            extend(extension, origin=one)
    with world.app.app_context():
        extension = Extension(draft.public_id, draft.version, day(5).isoformat(), "停电")
        with pytest.raises(ForbiddenError):
            extend(extension, origin=by(world, f"hb{draft.organisation_id:04d}"))
        with pytest.raises(StaleError):
            stale = Extension(draft.public_id, draft.version - 1, day(5).isoformat(), "停电")
            extend(stale, origin=by(world, "province"))
    do(world, lambda session: session.execute(update(Round).values(state=RoundState.CLOSED)))
    with world.app.app_context(), pytest.raises(NotEditableError):
        extend(extension, origin=by(world, "province"))


@only_sqlite
def test_form_may_be_sent_until_its_own_day_and_no_longer(world: World) -> None:
    submission = prepare(world, enterprise=-2)
    with world.app.app_context():
        assert round_is_open(SubmissionCase(db.session(), loaded(submission), {}))
    assert give(world, "province", today().isoformat()) == set()
    with world.app.app_context():
        assert round_is_open(SubmissionCase(db.session(), loaded(submission), {})) == []
