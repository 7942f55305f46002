"""Objections (R9): what one needs, how it is numbered and answered, and that an undecided one keeps the round open."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hbreview.acts import answering_objections, objecting
from hbreview.acts.answering import NotEditableError
from hbreview.acts.answering_objections import Answer
from hbreview.acts.attaching import Upload
from hbreview.acts.objecting import Means, Objecting
from hbreview.acts.ruling import Word
from hbreview.clock import day_of, today
from hbreview.extensions import db
from hbreview.model import Objection
from hbreview.words import Outcome, RoundState, RoundTrigger
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError, StaleError
from hbreview.workflow.journal import Origin
from tests.acts import deciding_hands as hands
from tests.trust import desk_hands
from tests.trust.desk_hands import pdf
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TEXT = "公示的结果与事实不符，请核实。"
NOBODY = Origin(None, "192.0.2.7")


def files(*contents: bytes, name: str = "证据.pdf") -> list[Upload]:
    return [Upload(name, io.BytesIO(content)) for content in contents]


def object_to(world: World, *, origin: Origin = NOBODY, uploads: Sequence[Upload] | None = None, **said: object) -> str:
    """Object to the matrix's round; the objection's public id."""
    given = {
        "round": hands.the_round(world).public_id, "designation": "", "name": "张三", "contact": "0311-1", "text": TEXT,
        "uploads": files(pdf()) if uploads is None else uploads, **said,
    }  # fmt: skip
    with world.app.app_context():
        means = Means(world.app.config["STORAGE"], 1024 * 1024)
        return objecting.object_to(Objecting(**given), means=means, origin=origin).target  # type: ignore[arg-type]  # a table of words


def all_of(world: World) -> list[Objection]:
    with world.app.app_context():
        return list(db.session.scalars(select(Objection).order_by(Objection.number)))


def answer(world: World, objection: str, version: int = 1, login: str = "province2", **said: object) -> int:
    given = {"upheld": False, "text": "经核实不属实。", **said}
    origin = hands.by(world, login)
    with world.app.app_context():
        return answering_objections.answer(Answer(objection, version, **given), origin=origin).version  # type: ignore[arg-type]  # a table of words


def found_faults(world: World) -> list[str]:
    with world.app.app_context():
        return list(objecting.faults(db.session(), world.app.config["STORAGE"]))


def test_objections_are_numbered_kept_with_evidence_and_the_same_one_comes_once(world: World) -> None:
    hands.publicise(world)
    before = desk_hands.store(world)
    line = hands.line_of(world, world.submission("scored"))
    first = object_to(world)
    assert object_to(world) == first
    second = object_to(world, designation=str(line.id), uploads=files(pdf("一"), pdf("二")), name=" 李四 ")
    assert object_to(world, uploads=files(pdf("另"))) not in {first, second}
    rows = all_of(world)
    assert [row.number for row in rows] == [1, 2, 3]
    assert (rows[1].designation_id, rows[1].name, len(rows[1].files)) == (line.id, "李四", 2)
    assert {path.name for path in desk_hands.store(world) - before} <= {
        file["sha256"] for row in rows for file in row.files
    }
    assert all(desk_hands.place_of(world, file["sha256"]).exists() for file in rows[1].files)
    noted = hands.entries(world, "object")
    assert [entry.data["number"] for entry in noted] == [1, 2, 3]
    assert "张三" not in repr([entry.data for entry in noted])
    assert found_faults(world) == []
    assert world.faults() == []


@only_sqlite
@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"name": " "}, ["name"]),
        ({"contact": ""}, ["contact"]),
        ({"text": "太短"}, ["text"]),
        ({"text": "x" * 5001}, ["text"]),
        ({"text": "长" * 10 + "\0"}, ["text"]),
        ({"name": "n" * 101, "contact": "c" * 201}, ["name", "contact"]),
        ({"uploads": []}, ["file"]),
        ({"uploads": files(*(pdf(str(n)) for n in range(6)))}, ["file"]),
        ({"uploads": files(b"MZ\x90", name="a.exe")}, ["file"]),
        ({"uploads": files(pdf(), b"%PDF-1.4 /JavaScript (x)")}, ["file"]),
        ({"uploads": files(pdf("x" * 1024 * 1024))}, ["file"]),
        ({"name": "", "contact": "", "text": "", "uploads": []}, ["name", "contact", "text", "file"]),
        ({"received_on": today() + timedelta(days=1)}, ["received_on"]),
        ({"received_on": today() - timedelta(days=1)}, ["received_on"]),
    ],
)
def test_an_objection_that_does_not_count_is_refused_and_leaves_nothing(
    world: World, said: dict[str, object], fields: list[str]
) -> None:
    hands.publicise(world)
    before = desk_hands.kept(world)
    with pytest.raises(InvalidError) as caught:
        object_to(world, **said)  # type: ignore[arg-type]  # a table of faults
    assert [reason.field for reason in caught.value.reasons] == fields
    assert desk_hands.kept(world) == before


@only_sqlite
def test_objections_come_within_the_publicity_only(world: World) -> None:
    with pytest.raises(HiddenError):
        object_to(world)
    hands.set_publicity(world, 5)
    hands.publicise(world)
    with pytest.raises(MalformedError):
        object_to(world, designation="999999")
    hands.end_publicity(world)
    with pytest.raises(InvalidError) as caught:
        object_to(world)
    assert [reason.rule for reason in caught.value.reasons] == ["R9"]
    paper = object_to(world, received_on=today() - timedelta(days=29), origin=hands.by(world, "province"))
    row = next(row for row in all_of(world) if row.public_id == paper)
    assert day_of(row.received_at) == today() - timedelta(days=29)
    assert row.recorded_by is not None
    answer(world, paper)
    hands.fire(world, RoundTrigger.FINALISE, "province2")
    with pytest.raises(HiddenError):
        object_to(world)


@only_sqlite
def test_one_address_sends_so_many_a_day_and_another_still_may(world: World) -> None:
    hands.publicise(world)
    for number in range(objecting.MOST_A_DAY):
        object_to(world, name=f"第{number}人")
    with pytest.raises(InvalidError):
        object_to(world, name="又一人")
    object_to(world, name="又一人", origin=Origin(None, "192.0.2.8"))
    object_to(world, name="信", received_on=today(), origin=hands.by(world, "province"))
    assert [row.number for row in all_of(world)] == list(range(1, objecting.MOST_A_DAY + 3))


def test_an_undecided_objection_keeps_the_round_open_and_an_answer_lets_it_go(world: World) -> None:
    hands.publicise(world)
    first, second = object_to(world), object_to(world, name="李四")
    hands.end_publicity(world)
    answer(world, first)
    with pytest.raises(InvalidError) as caught:
        hands.fire(world, RoundTrigger.FINALISE, "province2")
    assert [(reason.rule, reason.values["count"]) for reason in caught.value.reasons] == [("R9", "1")]
    answer(world, second)
    hands.fire(world, RoundTrigger.FINALISE, "province2")
    assert hands.the_round(world).state is RoundState.FINALISED
    with pytest.raises(NotEditableError):
        answer(world, first, 2)
    assert found_faults(world) == []


def word(**said: object) -> Word:
    given = {
        "outcome": None,
        "commended": None,
        "supervised": None,
        "rectify_until": None,
        "reason": "异议成立",
        **said,
    }
    return Word(**given)  # type: ignore[arg-type]  # a table of words


@only_sqlite
def test_an_upheld_objection_changes_the_line_and_the_journal_has_both(world: World) -> None:
    scored = world.submission("scored")
    hands.publicise(world)
    before = hands.line_of(world, scored)
    objection = object_to(world, designation=str(before.id))
    until = today() + timedelta(days=90)
    assert answer(world, objection, upheld=True, word=word(supervised=True, rectify_until=until)) == 2
    line = hands.line_of(world, scored)
    assert (line.outcome, line.supervised, line.rectify_until, line.reason) == (before.outcome, True, until, "异议成立")
    assert (line.total, line.rank, line.national) == (before.total, before.rank, before.national)
    with pytest.raises(StaleError):
        answer(world, objection)
    assert answer(world, objection, 2, upheld=True, word=word(outcome=Outcome.FAIL)) == 3
    line = hands.line_of(world, scored)
    assert (line.outcome, line.commended, line.supervised, line.rectify_until) == (Outcome.FAIL, False, False, None)
    noted = hands.entries(world, "answer_objection")
    assert noted[0].data["before"]["supervised"] is before.supervised
    assert noted[0].data["after"]["rectify_until"] == until.isoformat()
    assert noted[1].data["earlier"]["upheld"] is True
    assert noted[1].data["after"]["outcome"] == "fail"
    assert world.now(scored).national == scored.national


@only_sqlite
def test_who_upheld_an_objection_does_not_finalise_alone(world: World) -> None:
    hands.publicise(world)
    objection = object_to(world, designation=str(hands.line_of(world, world.submission("scored")).id))
    answer(world, objection, upheld=True, word=word(outcome=Outcome.FAIL))
    with pytest.raises(InvalidError):
        hands.fire(world, RoundTrigger.FINALISE, "province2")
    answer(world, objection, 2, login="province", upheld=True)
    hands.fire(world, RoundTrigger.FINALISE, "province2")
    assert hands.line_of(world, world.submission("scored")).outcome is Outcome.FAIL


@only_sqlite
@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"text": " "}, ["answer"]),
        ({"text": "x" * 5001}, ["answer"]),
        ({"upheld": None}, ["upheld"]),
        ({"word": word(outcome=Outcome.FAIL)}, ["upheld"]),
        ({"upheld": True, "word": word(outcome=Outcome.FAIL, commended=True)}, ["commended"]),
    ],
)
def test_an_answer_that_does_not_do_is_told_beside_its_field(
    world: World, said: dict[str, object], fields: list[str]
) -> None:
    hands.publicise(world)
    objection = object_to(world, designation=str(hands.line_of(world, world.submission("scored")).id))
    with pytest.raises(InvalidError) as caught:
        answer(world, objection, **said)  # type: ignore[arg-type]  # a table of faults
    assert [reason.field for reason in caught.value.reasons] == fields
    assert hands.entries(world, "answer_objection") == []


@only_sqlite
def test_only_the_province_answers_and_nothing_passes_without_a_total(world: World) -> None:
    hands.publicise(world)
    objection = object_to(world, designation=str(hands.line_of(world, world.submission("draft")).id))
    whole = object_to(world)
    with pytest.raises(ForbiddenError):
        answer(world, objection, login="admin")
    for target, said, field in (
        (objection, word(outcome=Outcome.PASS), "outcome"),
        (objection, word(commended=True), "outcome"),
        (whole, word(outcome=Outcome.FAIL), "outcome"),
    ):
        with pytest.raises(InvalidError) as caught:
            answer(world, target, upheld=True, word=said)
        assert [reason.field for reason in caught.value.reasons] == [field]
    answer(world, objection, upheld=True, word=word(outcome=Outcome.DEFERRED))
    assert hands.line_of(world, world.submission("draft")).outcome is Outcome.DEFERRED


@only_sqlite
def test_damaged_objections_are_found(world: World) -> None:
    hands.publicise(world)
    object_to(world)

    def work(session: Session) -> None:
        row = session.scalars(select(Objection)).one()
        row.number, row.answer = 5, "半"

    hands.write(world, work)
    desk_hands.place_of(world, all_of(world)[0].files[0]["sha256"]).unlink()
    assert len(found_faults(world)) == 3
