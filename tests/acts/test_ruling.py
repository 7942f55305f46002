"""Rulings by hand: over what the rules propose, with a reason, until the outcomes are publicised (P4-P8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from hbreview.acts import designating, ruling
from hbreview.acts.answering import NotEditableError
from hbreview.acts.ruling import RulingOn, Word
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Round, Ruling, Submission
from hbreview.words import Outcome
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError, StaleError
from tests.acts import deciding_hands as hands
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LATER = today() + timedelta(days=60)


def rule(world: World, submission: Submission, version: int = 1, login: str = "province", **said: object) -> int:
    """Rule on a submission; the version afterwards."""
    word = Word(
        **{"outcome": None, "commended": None, "supervised": None, "rectify_until": None, "reason": "经查", **said}
    )  # type: ignore[arg-type]  # a table of words
    origin = hands.by(world, login)
    with world.app.app_context():
        return ruling.rule(RulingOn(submission.public_id, version, word), origin=origin).version


def standing(world: World, submission: Submission) -> designating.Standing:
    with world.app.app_context():
        query = select(Round).where(Round.id == submission.round_id).options(selectinload(Round.programmes))
        round_ = db.session.scalars(query).one()
        line = next(one for one in round_.programmes if one.programme == submission.programme)
        found = designating.standings(db.session(), round_, line)
    return next(one for one in found if one.submission.id == submission.id)


def test_a_ruling_counts_until_a_newer_one_and_an_empty_one_takes_it_back(world: World) -> None:
    scored = world.submission("scored")
    proposed = standing(world, scored)
    assert (proposed.outcome, proposed.ruled) == (Outcome.PASS, False)

    assert rule(world, scored, outcome=Outcome.FAIL, reason="材料虚假") == 2
    found = standing(world, scored)
    assert (found.outcome, found.reason, found.commended, found.rank) == (
        Outcome.FAIL,
        "材料虚假",
        False,
        proposed.rank,
    )
    with pytest.raises(StaleError):
        rule(world, scored, commended=True)
    with pytest.raises(MalformedError):
        rule(world, scored, 9, commended=True)
    assert rule(world, scored, 2, commended=False, supervised=True, rectify_until=LATER) == 3
    found = standing(world, scored)
    assert (found.outcome, found.commended, found.supervised) == (Outcome.PASS, False, True)
    assert found.rectify_until == LATER
    assert rule(world, scored, 3, reason="恢复") == 4
    found = standing(world, scored)
    assert (found.outcome, found.commended, found.ruled) == (proposed.outcome, proposed.commended, False)

    with world.app.app_context():
        assert len(list(db.session.scalars(select(Ruling)))) == 3
    noted = hands.entries(world, "rule")
    assert [entry.data["reason"] for entry in noted] == ["材料虚假", "经查", "恢复"]
    assert noted[0].data["outcome"] == "fail"
    assert noted[1].data["rectify_until"] == LATER.isoformat()
    assert world.now(scored).version == scored.version
    assert world.faults() == []


@only_sqlite
@pytest.mark.parametrize(
    ("state", "said", "field"),
    [
        ("scored", {}, "outcome"),
        ("draft", {"outcome": Outcome.PASS}, "outcome"),
        ("audited", {"outcome": Outcome.EXCELLENT}, "outcome"),
        ("scored", {"outcome": Outcome.FAIL, "commended": True}, "commended"),
        ("scored", {"outcome": Outcome.FAIL, "rectify_until": LATER}, "rectify_until"),
        ("scored", {"outcome": Outcome.DEFERRED, "supervised": True}, "supervised"),
    ],
)
def test_what_cannot_be_ruled_is_told_beside_its_field(
    world: World, state: str, said: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        rule(world, world.submission(state), **said)
    assert [reason.field for reason in caught.value.reasons] == [field]
    assert hands.entries(world, "rule") == []


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ({}, ["reason"]),
        ({"reason": "  "}, ["reason"]),
        ({"reason": "x" * 1001}, ["reason"]),
        ({"reason": "x", "rectify_until": "2026-13-01"}, ["rectify_until"]),
        ({"reason": "x", "rectify_until": "2020-01-01"}, ["rectify_until"]),
        ({"rectify_until": "tomorrow"}, ["reason", "rectify_until"]),
    ],
)
def test_a_word_needs_a_reason_and_a_day_to_come(raw: dict[str, str], fields: list[str]) -> None:
    with pytest.raises(InvalidError) as caught:
        ruling.word_from(raw)
    assert [reason.field for reason in caught.value.reasons] == fields


@pytest.mark.parametrize("raw", [{"outcome": "best"}, {"commended": "maybe"}, {"supervised": "1"}])
def test_what_no_page_of_ours_sends_is_malformed(raw: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        ruling.word_from({"reason": "x", **raw})


@only_sqlite
def test_publicity_takes_the_rulings_over_and_ends_them(world: World) -> None:
    scored, draft = world.submission("scored"), world.submission("draft")
    rule(world, scored, rectify_until=LATER, supervised=True, reason="限期整改")
    rule(world, draft, outcome=Outcome.DEFERRED, reason="当年免评")
    hands.publicise(world)

    line = hands.line_of(world, scored)
    assert (line.outcome, line.supervised, line.rectify_until) == (Outcome.PASS, True, LATER)
    assert (line.reason, line.national) == ("限期整改", scored.national)
    line = hands.line_of(world, draft)
    assert (line.outcome, line.reason) == (Outcome.DEFERRED, "当年免评")
    assert hands.line_of(world, world.submission("audited")).reason == "材料未齐"
    with pytest.raises(NotEditableError):
        rule(world, scored, 2, commended=True)


@only_sqlite
def test_only_the_province_rules(world: World) -> None:
    scored = world.submission("scored")
    for login, error in ((f"city-{scored.region}", ForbiddenError), ("admin", (ForbiddenError, HiddenError))):
        with pytest.raises(error):
            rule(world, scored, login=login, outcome=Outcome.FAIL)


@only_sqlite
def test_the_ranking_shows_filters_and_takes_a_ruling_over_http(world: World) -> None:
    scored, browser = world.submission("scored"), world.browser("province")
    round_ = hands.the_round(world)
    path, ranking = f"/submissions/{scored.public_id}/ruling", f"/rounds/{round_.public_id}/ranking"
    assert scored.organisation_name in browser.get(ranking).get_data(as_text=True)
    assert browser.get(path).status_code == 200
    refused = browser.post(path, {"version": 1, "outcome": "fail", "commended": "yes", "reason": "打字留着"})
    text = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "打字留着" in text
    assert 'id="commended-problem"' in text
    answer = browser.post(path, {"version": 1, "outcome": "fail", "reason": "材料虚假<b>"})
    assert answer.status_code == 303
    assert browser.post(path, {"version": 1, "outcome": "pass", "reason": "x"}).status_code == 409
    text = browser.get(f"{ranking}?by_hand=1").get_data(as_text=True)
    assert text.count('id="row-') == 1
    assert "材料虚假&lt;b&gt;" in text
    for query, count in (
        (f"q={scored.organisation_name}&programme=platform", 1),
        ("q=没有这个", 0),
        (f"by_hand=1&city={scored.region}&outcome=fail", 1),
        ("by_hand=1&outcome=pass", 0),
        ("by_hand=1&programme=base", 0),
    ):
        assert browser.get(f"{ranking}?{query}").get_data(as_text=True).count('id="row-') == count, query
    for login in (f"city-{scored.region}", "expert"):
        assert world.browser(login).get(path).status_code in {403, 404}
