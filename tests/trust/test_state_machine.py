"""The chain over HTTP: only listed edges move, and what moved stays on record."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Answer, Comment, Entry, Opinion, Revision, ScoreSheet, Submission
from hbreview.words import Role, State, Trigger
from hbreview.workflow.chain import BY_TRIGGER
from tests.worlds import Browser, World

pytestmark = pytest.mark.on_both

REFUSED = {403, 404, 409, 422}
PDF = b"%PDF-1.4\n%%EOF\n"


def browser_of(world: World, submission: Submission, role: Role) -> Browser:
    """The browser of the person of a role whose submission this is."""
    own = {Role.ENTERPRISE: world.enterprise, Role.CITY: world.city}
    return own[role](submission) if role in own else world.browser(role.value)


def right_data(trigger: Trigger) -> dict[str, Any]:
    """What the trigger's form asks for, filled in well; a fresh file each time."""
    data: dict[Trigger, dict[str, Any]] = {
        Trigger.SUBMIT: {"declared": "1"},
        Trigger.APPROVE: {
            "opinion": "同意",
            "seal_date": today().isoformat(),
            "seal_scan": (io.BytesIO(PDF), "盖章.pdf"),
        },
    }
    needs = BY_TRIGGER[trigger].needs
    return data.get(trigger, {"reason": "请核对后重办"} if "reason" in needs else {})


def fire(world: World, submission: Submission, trigger: Trigger, role: Role) -> TestResponse:
    """The trigger by that role, with everything filled in, on the newest version."""
    return world.fire(browser_of(world, submission, role), submission, trigger.value, **right_data(trigger))


def comment(world: World, submission: Submission, body: str, *, blocking: bool = False) -> str:
    """The city comments on the first indicator; the comment's public id."""
    city = world.city(submission)
    address = f"/submissions/{submission.public_id}/indicators/1/comments"
    assert city.post(address, {"body": body, "blocking": "1" if blocking else ""}).status_code == 303
    with world.app.app_context():
        return db.session.scalars(select(Comment.public_id).order_by(Comment.id.desc()).limit(1)).one()


def rows(world: World, model: Any, submission: Submission) -> list[Any]:
    """All rows of a model that belong to the submission, oldest first."""
    with world.app.app_context():
        query = select(model).where(model.submission_id == submission.id)
        return list(db.session.scalars(query.order_by(next(iter(model.__table__.primary_key)))))


def tables_but_journal(world: World) -> dict[str, Any]:
    """Everything that is stored, without the journal, which takes a line for each denial."""
    return {name: rows for name, rows in world.dump().items() if not name.startswith("journal")}


@pytest.mark.parametrize("state", list(State))
def test_every_trigger_by_every_role_off_the_listed_edges_changes_nothing(world: World, state: State) -> None:
    """S01: every trigger, from this state, by each role that owns or works on the submission."""
    submission = world.submission(state.value)
    before, tried = tables_but_journal(world), 0
    version = world.now(submission).version

    for trigger in Trigger:
        step = BY_TRIGGER[trigger]
        for role in Role:
            if step.source is state and role in step.roles:
                continue
            tried += 1
            data = {name: text for name, text in right_data(trigger).items() if name != "seal_scan"}
            address = f"/submissions/{submission.public_id}/{trigger.value}"
            answer = browser_of(world, submission, role).post(address, {"version": version, **data})
            assert answer.status_code in REFUSED, (trigger, role, answer.status_code)
            if role is Role.ADMIN:
                assert answer.status_code == 404, trigger  # an administrator may not even know of it
            elif role not in step.roles:
                assert answer.status_code in {403, 404}, (trigger, role)

    assert tried > 40
    assert tables_but_journal(world) == before
    assert world.faults() == []


@pytest.mark.parametrize("trigger", list(Trigger))
def test_every_listed_edge_by_each_of_its_roles_moves_there(world: World, trigger: Trigger) -> None:
    """S01, S03: each role on a submission of its own; then the same request once more moves nothing."""
    step = BY_TRIGGER[trigger]
    # An audit and a scoring need their papers: these come from one that is taken a step back.
    back = {Trigger.AUDIT: Trigger.REAUDIT, Trigger.SCORE: Trigger.RESCORE}.get(trigger)
    start = "returned" if step.source is State.DRAFT else (step.dest if back else step.source).value
    for role, programme in zip(sorted(step.roles), ("platform", "base"), strict=False):
        submission = world.submission(start, programme)
        if back:
            assert fire(world, submission, back, Role.PROVINCE).status_code == 303
        if trigger is Trigger.RETURN:
            comment(world, submission, "请补充佐证材料", blocking=True)
        version = world.now(submission).version

        answer = fire(world, submission, trigger, role)

        assert answer.status_code == 303, (trigger, role)
        now = world.now(submission)
        assert now.state is step.dest
        assert now.version == version + (2 if trigger is Trigger.APPROVE else 1)  # the scan is a change of its own
        assert fire(world, submission, trigger, role).status_code == 409
        assert world.now(submission).state is step.dest
    assert world.faults() == []


@pytest.mark.parametrize("trigger", list(Trigger))
def test_every_trigger_by_a_stranger_asks_to_sign_in(world: World, trigger: Trigger) -> None:
    """S01: nobody signed in, from the state in which it would move."""
    state = BY_TRIGGER[trigger].source
    submission = world.submission(state.value)
    before = world.dump()

    answer = world.stranger().post(f"/submissions/{submission.public_id}/{trigger.value}", {"version": "1"})

    assert answer.status_code in {302, 303, 401}
    assert world.dump() == before


def test_replay_of_an_approval_after_the_return_is_refused_by_its_version(world: World) -> None:
    """S04: the recorded request, sent again in each later state."""
    submission = world.submission("submitted")
    city, enterprise = world.city(submission), world.enterprise(submission)
    address = f"/submissions/{submission.public_id}/approve"
    recorded = {
        "version": world.now(submission).version,
        "opinion": "同意",
        "seal_date": today().isoformat(),
        "request_key": "recorded",
    }
    assert city.post(address, recorded).status_code == 422  # the scan is missing: it did not go through then
    comment(world, submission, "请补充")
    assert fire(world, submission, Trigger.RETURN, Role.CITY).status_code == 303

    assert city.post(address, recorded).status_code == 409
    assert world.now(submission).state is State.DRAFT
    assert world.fire(enterprise, submission, "submit", declared="1").status_code == 303
    assert city.post(address, recorded | {"seal_scan": (io.BytesIO(PDF), "旧.pdf")}).status_code == 409

    assert world.now(submission).state is State.SUBMITTED
    assert rows(world, Opinion, submission) == []
    assert world.faults() == []


def test_replay_of_each_recorded_request_in_reverse_moves_nothing(world: World) -> None:
    """S04: the requests of a whole way, out of order and with their old versions."""
    submission = world.submission("scored")
    before = tables_but_journal(world)
    with world.app.app_context():
        query = select(Entry).where(Entry.submission_id == submission.id, Entry.state_to.is_not(None))
        recorded = [(Trigger(e.act), e.version_from) for e in db.session.scalars(query.order_by(Entry.sequence))]

    for trigger, version in reversed(recorded):
        for role in BY_TRIGGER[trigger].roles:
            address = f"/submissions/{submission.public_id}/{trigger.value}"
            data = {"version": version, **right_data(trigger)}
            assert browser_of(world, submission, role).post(address, data).status_code == 409, (trigger, role)

    assert len(recorded) == 4
    assert tables_but_journal(world) == before


def test_return_and_resubmission_thrice_keeps_comments_and_revisions(world: World) -> None:
    """S05, S03: each round's comments carry its revision's number, each revision stays as it was."""
    submission = world.submission("submitted")
    enterprise = world.enterprise(submission)
    address = f"/submissions/{submission.public_id}"
    key = next(row.key for row in rows(world, Answer, submission) if row.key == "contact_name" or "name" in row.key)
    frozen = {row.number: (row.answers, row.digest) for row in rows(world, Revision, submission)}
    earlier = len(rows(world, Comment, submission))

    for number in (1, 2, 3):
        comment(world, submission, f"第{number}轮意见")
        assert fire(world, submission, Trigger.RETURN, Role.CITY).status_code == 303
        assert world.faults() == []
        version = world.now(submission).version
        saved = enterprise.post(f"{address}/answers", {"version": version, key: f"改{number}"})
        assert saved.status_code == 303, key
        assert fire(world, submission, Trigger.SUBMIT, Role.ENTERPRISE).status_code == 303
        assert world.faults() == []
        frozen[number + 1] = (
            rows(world, Revision, submission)[-1].answers,
            rows(world, Revision, submission)[-1].digest,
        )
        assert world.city(submission).get(f"{address}/diff").status_code == 200

    comments = rows(world, Comment, submission)[earlier:]
    assert [(c.body, c.revision_number) for c in comments] == [(f"第{n}轮意见", n) for n in (1, 2, 3)]
    revisions = rows(world, Revision, submission)
    assert {row.number: (row.answers, row.digest) for row in revisions} == frozen
    assert [row.answers.get(key) for row in revisions[1:]] == ["改1", "改2", "改3"]
    assert world.now(submission).revision_number == 4
    page = world.city(submission).get(address).get_data(as_text=True)
    assert all(f"第{number}轮意见" in page for number in (1, 2, 3))


def test_send_back_of_an_approved_form_voids_the_opinion_and_keeps_it(world: World) -> None:
    """S05: the old seal date is void; a new approval wants a new scan, and leaves one opinion in force."""
    submission = world.submission("city_reviewed")
    assert [row.void_at for row in rows(world, Opinion, submission)] == [None]

    assert fire(world, submission, Trigger.SEND_BACK, Role.PROVINCE).status_code == 303
    assert [row.void_at is None for row in rows(world, Opinion, submission)] == [False]
    bare = {"opinion": "同意", "seal_date": today().isoformat()}
    assert world.fire(world.city(submission), submission, "approve", **bare).status_code == 422
    assert world.faults() == []

    assert fire(world, submission, Trigger.APPROVE, Role.CITY).status_code == 303
    assert [row.void_at is None for row in rows(world, Opinion, submission)] == [False, True]
    assert world.faults() == []


def test_reaudit_and_rescore_of_a_scored_form_undo_sign_off_and_total(world: World) -> None:
    """S03 (7), (8): the way back takes what depended on it, and leaves the sheets handed in."""
    submission = world.submission("scored")
    total = world.now(submission).total

    assert fire(world, submission, Trigger.RESCORE, Role.PROVINCE).status_code == 303
    assert world.now(submission).total is None
    assert world.faults() == []
    assert fire(world, submission, Trigger.REAUDIT, Role.PROVINCE).status_code == 303
    assert world.faults() == []
    assert fire(world, submission, Trigger.AUDIT, Role.AUDITOR).status_code == 303
    assert fire(world, submission, Trigger.SCORE, Role.PROVINCE).status_code == 303

    assert world.now(submission).total == total
    assert all(sheet.handed_in_at is not None for sheet in rows(world, ScoreSheet, submission))
    assert world.faults() == []
