"""Decision letters: one a line, numbered in a row even when many press at once (C12); one may be made void (S07)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hbreview.acts import issuing_letters
from hbreview.acts.answering import NotEditableError
from hbreview.extensions import db
from hbreview.model import Counter, DecisionLetter, Designation, Roster
from hbreview.words import Outcome, RoundTrigger
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError
from tests.acts import deciding_hands as hands
from tests.documents.pdf_reading import pdf_pages
from tests.trust.test_concurrency import at_once
from tests.trust.test_desk_at_once import same_session
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def letters(world: World) -> list[DecisionLetter]:
    with world.app.app_context():
        return list(db.session.scalars(select(DecisionLetter).order_by(DecisionLetter.number)))


def issue(world: World, login: str = "province") -> int:
    origin, round_id = hands.by(world, login), hands.the_round(world).public_id
    with world.app.app_context():
        return issuing_letters.issue_letters(round_id, origin=origin).version


def found_faults(world: World) -> list[str]:
    with world.app.app_context():
        return list(issuing_letters.faults(db.session()))


def test_twenty_presses_and_twenty_objections_at_once_leave_each_number_once(world: World) -> None:
    """C12: unique, and none left out."""
    round_ = hands.publicise(world)
    first = world.browser("province")

    def objecting(number: int) -> Callable[[], TestResponse]:
        browser = world.stranger()
        browser.get(f"/publicity/{round_.public_id}/objections")
        said = {"name": f"第{number}人", "contact": "1", "text": "公示的结果与事实不符。", "file": hands.evidence()}
        return lambda: browser.post(f"/publicity/{round_.public_id}/objections", said)

    assert [a.status_code for a in at_once(*(objecting(n) for n in range(20)))] == [303] * 20
    hands.decide_all(world)
    hands.end_publicity(world)
    hands.fire(world, RoundTrigger.FINALISE, "province2")

    def pressing() -> Callable[[], TestResponse]:
        browser = same_session(world, first)
        return lambda: browser.post(f"/rounds/{round_.public_id}/letters")

    assert [a.status_code for a in at_once(*(pressing() for _n in range(20)))] == [303] * 20
    found = letters(world)
    with world.app.app_context():
        query = select(Designation.id).join(Roster, Roster.id == Designation.roster_id)
        ordered = query.where(Roster.round_id == round_.id).order_by(Roster.programme.desc(), Designation.position)
        assert [letter.designation_id for letter in found] == list(db.session.scalars(ordered))
        last = dict(db.session.execute(select(Counter.name, Counter.last)).all())
    assert [letter.number for letter in found] == list(range(1, len(found) + 1))
    assert last[f"objections/{round_.public_id}"] == 20
    assert len(hands.entries(world, "issue_letters")) == 1
    assert len(hands.entries(world, "issue_letter")) == len(found)
    assert found_faults(world) == []
    assert world.faults() == []


@only_sqlite
def test_letters_keep_their_facts_and_a_void_one_gives_way_to_another(world: World) -> None:
    scored = world.submission("scored")
    hands.publicise(world)
    with pytest.raises(NotEditableError):
        issue(world)
    hands.finalise(world)
    with pytest.raises(ForbiddenError):
        issue(world, "admin")
    count = issue(world)
    assert issue(world) == 0
    line = hands.line_of(world, scored)
    first = next(letter for letter in letters(world) if letter.designation_id == line.id)
    assert first.facts["organisation"] == scored.organisation_name
    assert (first.facts["outcome"], "total" in first.facts) == (str(line.outcome), False)
    assert len(first.code) == issuing_letters.CODE_LENGTH
    assert len({letter.code for letter in letters(world)}) == count

    by = hands.by(world, "province")
    with world.app.app_context():
        for reason in ("", " \0", "x" * 1001):
            with pytest.raises(InvalidError):
                issuing_letters.void_letter(first.public_id, reason, origin=by)
        with pytest.raises(HiddenError):
            issuing_letters.void_letter("none", "x", origin=by)
        issuing_letters.void_letter(first.public_id, "名称有误", origin=by)
        with pytest.raises(NotEditableError):
            issuing_letters.void_letter(first.public_id, "名称有误", origin=by)
    assert issue(world) == 1
    mine = [letter for letter in letters(world) if letter.designation_id == line.id]
    assert [(letter.number, letter.void_reason) for letter in mine] == [(first.number, "名称有误"), (count + 1, "")]
    assert [entry.data["reason"] for entry in hands.entries(world, "void_letter")] == ["名称有误"]
    assert found_faults(world) == []


@only_sqlite
def test_what_a_letter_says_of_each_outcome(world: World) -> None:
    hands.finalise(world)
    issue(world)
    said = {letter.designation_id: letter.facts for letter in letters(world)}
    for state, outcome, reason in (
        ("scored", Outcome.PASS, ""),
        ("draft", Outcome.FAIL, "not_submitted"),
        ("audited", Outcome.DEFERRED, ""),
    ):
        facts = said[hands.line_of(world, world.submission(state)).id]
        assert (facts["outcome"], facts["reason"]) == (outcome.value, reason), state
        assert bool(facts["valid_until"]) is (outcome is Outcome.PASS)


@only_sqlite
def test_who_reads_a_letter_and_what_its_code_confirms(world: World) -> None:
    scored, other = world.submission("scored"), world.submission("audited")
    path = f"/submissions/{scored.public_id}/decision.pdf"
    own = world.enterprise(scored)
    assert own.get(path).status_code == 404
    round_ = hands.finalise(world)
    assert own.get(path).status_code == 404
    issue(world)
    answer = own.client.get(path)
    assert answer.status_code == 200
    text = "".join("".join(pdf_pages(answer.get_data())).split())
    letter = next(one for one in letters(world) if one.designation_id == hands.line_of(world, scored).id)
    for part in (scored.organisation_name, "合格", issuing_letters.grouped_code(letter.code), letter.facts["number"]):
        assert "".join(part.split()) in text
    assert "83.8" not in text
    assert world.enterprise(other).get(path).status_code == 404
    province = world.browser("province")
    assert province.client.get(f"/letters/{letter.public_id}.pdf").get_data() == answer.get_data()
    assert own.get(f"/letters/{letter.public_id}.pdf").status_code == 403
    assert province.client.get(f"/rounds/{round_.public_id}/letters.zip").status_code == 200
    assert letter.facts["number"] in province.get(f"/rounds/{round_.public_id}/letters").get_data(as_text=True)

    stranger = world.stranger()
    spelled = issuing_letters.grouped_code(letter.code).lower()
    for address in (f"/letters/{letter.code}", f"/letters/{spelled}", f"/letters?code={spelled}"):
        page = stranger.get(address).get_data(as_text=True)
        assert scored.organisation_name in page, address
        assert "alert-success" in page
    assert stranger.get("/letters?code=%00").status_code == 400
    for address in ("/letters", "/letters/WRONGWRONGWR", f"/letters/{letter.code[:-1]}"):
        page = stranger.get(address)
        assert page.status_code == 200
        assert 'class="facts"' not in page.get_data(as_text=True)
    refused = province.post(f"/letters/{letter.public_id}/void", {"reason": " "})
    assert refused.status_code == 422
    assert 'id="reason-problem"' in refused.get_data(as_text=True)
    assert province.post(f"/letters/{letter.public_id}/void", {"reason": "名称有误"}).status_code == 303
    assert "alert-danger" in stranger.get(f"/letters/{letter.code}").get_data(as_text=True)
    assert own.get(path).status_code == 404


@only_sqlite
def test_damaged_letters_are_found(world: World) -> None:
    hands.finalise(world)
    issue(world)

    def work(session: Session) -> None:
        rows = list(session.scalars(select(DecisionLetter).order_by(DecisionLetter.number)))
        rows[0].void_reason = "半"
        rows[1].designation_id = rows[2].designation_id
        rows[-1].number += 1

    hands.write(world, work)
    assert len(found_faults(world)) == 3
