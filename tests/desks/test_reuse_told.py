"""What is used twice: the city hears of its own submissions, the province of all, the enterprises of none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from hbreview import clock
from hbreview.acts.signing_in import actor_for
from hbreview.acts.standing import SERVED_LIST
from hbreview.desks.counter import reuse_queries
from hbreview.desks.counter.reuse_queries import Reuse, reuse_of
from hbreview.extensions import db
from hbreview.model import (
    Answer,
    Attachment,
    Comment,
    Interest,
    Person,
    Revision,
    Round,
    ServedEnterprise,
    Submission,
)  # fmt: skip
from hbreview.transact import Receipt, carry_out
from hbreview.words import RoundState, ScanState, State
from tests.desks.test_query_counts import counting
from tests.worlds import World

HTMX = {"HX-Request": "true"}
TEXT = "创新服务模式，" * 10
NUMBER = "服务合同（合同编号：冀服〔2025〕12号，HT-2025-013）"


def codes(*numbers: int) -> list[str]:
    return [f"9113010000000{number:05d}" for number in numbers]


@dataclass
class Stage:
    """One submission, what is compared with it, and hands that plant what a busy year would bring."""

    world: World
    here: Submission
    near: list[Submission]
    far: list[Submission]

    @classmethod
    def of(cls, world: World) -> Stage:
        """The submitted platform with others of its city and of other cities; nobody has files yet."""
        here = world.submission("submitted")
        with world.app.app_context():
            query = select(Submission).where(Submission.organisation_id != here.organisation_id)
            others = list(db.session.scalars(query.order_by(Submission.id)))
        stage = cls(world, here, [], [])
        stage.near = [one for one in others if one.region == here.region]
        stage.far = [one for one in others if one.region != here.region]
        stage.plant(lambda session: session.execute(update(Attachment).values(removed_at=clock.now())))
        return stage

    def plant(self, work: Callable[[Session], Any]) -> None:
        def carried(session: Session) -> Receipt:
            work(session)
            return Receipt("")

        with self.world.app.app_context():
            carry_out(carried)

    def file(self, to: Submission, content: str, **more: Any) -> None:
        self.plant(lambda session: session.add(_file(to, content, **more)))

    def list_(self, to: Submission, given: list[str]) -> None:
        def work(session: Session) -> None:
            file = _file(to, f"list {to.id}", field=SERVED_LIST)
            session.add(file)
            session.flush()
            session.add_all(
                ServedEnterprise(attachment_id=file.id, position=place, name=f"企业{code}", credit_code=code)
                for place, code in enumerate(given, 1)
            )

        self.plant(work)

    def answers(self, to: Submission, **given: str) -> None:
        """What stands in a form, and a new revision of it."""

        def work(session: Session) -> None:
            row = session.get_one(Submission, to.id)
            row.revision_number += 1
            session.execute(delete(Answer).where(Answer.submission_id == to.id, Answer.key.in_(given)))
            session.add_all(Answer(submission_id=to.id, key=key, value=text, version=1) for key, text in given.items())
            session.add(
                Revision(submission_id=to.id, number=row.revision_number, answers=given, attachments=[], digest="",
                         person_id=1, created_at=clock.now())
            )  # fmt: skip

        self.plant(work)

    def before(self, *, year: int = 2018, region: str = "", programme: str = "platform") -> Submission:
        """A form of the same organisation in an earlier round."""
        kept: list[Submission] = []

        def work(session: Session) -> None:
            day = date(year, 1, 1)
            then = Round(year=year, title=f"{year}年度", state=RoundState.FINALISED, enterprise_deadline=day,
                         city_deadline=day, settings={}, created_at=clock.now())  # fmt: skip
            session.add(then)
            session.flush()
            row = Submission(
                round_id=then.id, programme=programme, programme_version_id=self.here.programme_version_id,
                organisation_id=self.here.organisation_id, organisation_name=self.here.organisation_name,
                region=region or self.here.region, printed_region="", state=State.SCORED, moved_at=clock.now(),
            )  # fmt: skip
            session.add(row)
            kept.append(row)

        self.plant(work)
        return kept[0]

    def seen_by(self, login: str) -> Reuse:
        with self.world.app.app_context():
            who = actor_for(db.session.scalars(select(Person).where(Person.login == login)).one())
            query = select(Submission).where(Submission.id == self.here.id).options(joinedload(Submission.round))
            return reuse_of(db.session(), db.session.scalars(query).one(), who)

    @property
    def city(self) -> str:
        return f"city-{self.here.region}"

    @property
    def path(self) -> str:
        return f"/submissions/{self.here.public_id}/reuse"


def _file(to: Submission, content: str, **more: Any) -> Attachment:
    given = {"field": "organization_seal", "name": f"{content}.pdf", "media_type": "application/pdf", "size": 1}
    return Attachment(
        submission_id=to.id, sha256=content.encode().hex().rjust(64, "0")[:64], person_id=1, created_at=clock.now(),
        **(given | more),
    )  # fmt: skip


def names(found: list[Any]) -> list[str]:
    return [one.place.submission_id for one in found]


def test_city_hears_of_its_own_submissions_and_the_province_of_all(world: World) -> None:
    stage = Stage.of(world)
    for to in (stage.here, stage.near[0], stage.far[0]):
        stage.file(to, "<b>same</b>", field="enterprises_served")
        stage.list_(to, codes(*range(8)))
        stage.answers(to, commendations=NUMBER if to.id == stage.here.id else "协议号:冀服[2025]12，合同号ht_2025/013")
    near, far = stage.near[0].public_id, stage.far[0].public_id
    for login, wanted in ((stage.city, [near]), ("province", [near, far])):
        found = stage.seen_by(login)
        assert (sorted(names(found.files)), sorted(names(found.lists))) == (sorted(wanted), sorted(wanted))
        assert sorted({(one.number, one.place.submission_id) for one in found.numbers}) == sorted(
            (number, one) for number in ("冀服〔2025〕12号", "HT-2025-013") for one in wanted
        )
        assert {(one.here, one.there) for one in found.numbers} == {(("commendations",), ("commendations",))}
        assert not found.unchanged and not found.cut
        page = world.browser(login).get(stage.path).get_data(as_text=True)
        assert (near in page, far in page) == (True, login == "province")
        assert (stage.near[0].organisation_name in page, stage.far[0].organisation_name in page) == (
            True, login == "province",
        )  # fmt: skip
        assert "&lt;b&gt;same&lt;/b&gt;.pdf" in page and "<b>same" not in page
        assert page.count("<h1") == 1
        part = world.browser(login).get(stage.path, headers=HTMX).get_data(as_text=True)
        assert "<h1" not in part and near in part
        for address in set(re.findall(r'href="(/(?:submissions|attachments)/[^"/?]+)"', part)):
            assert world.browser(login).client.head(address).status_code != 404


def test_who_declared_an_interest_hears_nothing_of_that_organisation(world: World) -> None:
    stage = Stage.of(world)
    for to in (stage.here, *stage.near[:2]):
        stage.file(to, "same")

    def declare(session: Session) -> None:
        person = session.scalars(select(Person.id).where(Person.login == stage.city)).one()
        theirs = stage.near[0].organisation_id
        session.add(Interest(person_id=person, organisation_id=theirs, reason="亲属", created_at=clock.now()))

    stage.plant(declare)
    expected = [one.public_id for one in stage.near[:2] if one.organisation_id != stage.near[0].organisation_id]
    assert names(stage.seen_by(stage.city).files) == expected


def test_nothing_found_is_said(world: World) -> None:
    stage = Stage.of(world)
    stage.file(stage.here, "alone")
    found = stage.seen_by("province")
    assert (found.elsewhere, found.unchanged, found.cut) == (False, False, False)
    browser = world.browser("province")
    browser.post("/language", {"language": "en", "next": "/"})
    assert "Nothing found." in browser.get(stage.path).get_data(as_text=True)


def test_what_is_unchanged_from_the_organisations_last_form_is_told_where_one_may_see_that(world: World) -> None:
    stage = Stage.of(world)
    older, last = stage.before(year=2017), stage.before()
    moved = stage.far[0].region
    for to in (stage.here, older, last):
        stage.file(to, "letter")
        stage.list_(to, codes(*range(3)))
        stage.answers(to, commendations=TEXT, development_plan="短" * 49, innovation_summary=TEXT + str(to.id))
    for login in (stage.city, "province"):
        found = stage.seen_by(login)
        assert found.last is not None and found.last.submission_id == last.public_id
        assert (names(found.unchanged_files), names(found.unchanged_lists)) == ([last.public_id], [last.public_id])
        assert found.unchanged_texts == ["commendations"]
        assert not found.elsewhere
        assert last.public_id in world.browser(login).get(stage.path).get_data(as_text=True)

    stage.plant(lambda session: session.execute(
        update(Submission).where(Submission.id.in_([older.id, last.id])).values(region=moved)
    ))  # fmt: skip
    found = stage.seen_by(stage.city)
    assert (found.last, found.unchanged) == (None, False)
    assert stage.seen_by("province").unchanged


def test_a_list_that_lost_an_enterprise_since_last_year_is_not_unchanged(world: World) -> None:
    stage = Stage.of(world)
    last = stage.before()
    stage.answers(last, commendations="")
    stage.list_(last, codes(*range(9)))
    stage.list_(stage.here, codes(*range(8)))
    assert not stage.seen_by("province").unchanged


@pytest.mark.parametrize(
    "more",
    [
        {"removed_at": clock.now()},
        {"scan": ScanState.INFECTED},
        {"comment_id": 1},
        {"field": "city_seal", "here": True},
    ],
)  # fmt: skip
def test_files_that_are_no_part_of_the_form_are_not_compared(world: World, more: dict[str, Any]) -> None:
    stage = Stage.of(world)
    only_here = more.pop("here", False) if (more := dict(more)) else False
    if "comment_id" in more:
        comment = Comment(submission_id=stage.here.id, indicator=1, person_id=1, body="意见", revision_number=1,
                          created_at=clock.now())  # fmt: skip
        stage.plant(lambda session: session.add(comment))
        more["comment_id"] = comment.id
    stage.file(stage.here, "one", **more)
    stage.file(stage.near[0], "one")
    stage.file(stage.here, "two")
    stage.file(stage.near[0], "two", **({} if only_here else more))
    found = [one.here.name for one in stage.seen_by("province").files]
    assert found == (["two.pdf"] if only_here else [])


def test_the_own_form_of_the_other_programme_is_no_reuse(world: World) -> None:
    stage = Stage.of(world)
    own = stage.near[0]
    same = {"organisation_id": stage.here.organisation_id, "programme": "own"}
    stage.plant(lambda session: session.execute(update(Submission).where(Submission.id == own.id).values(**same)))
    for to in (stage.here, own):
        stage.file(to, "same")
        stage.list_(to, codes(*range(9)))
        stage.answers(to, commendations=NUMBER)
    found = stage.seen_by("province")
    assert (found.elsewhere, found.unchanged) == (False, False)


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        (range(4), range(4), False),
        (range(5), range(5), True),
        (range(10), range(5, 16), True),
        (range(11), range(6, 17), False),
        (range(11), range(5, 105), True),
        (range(100), [*range(5), *range(200, 205)], True),
        (range(100), [*range(5), *range(200, 206)], False),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_lists_are_alike_by_five_and_half_of_the_shorter(world: World, here: Any, there: Any, told: bool) -> None:
    stage = Stage.of(world)
    stage.list_(stage.here, codes(*here))
    stage.list_(stage.near[0], [*codes(*there), codes(*there)[0]])
    found = stage.seen_by("province").lists
    assert bool(found) is told
    if told:
        common = len(set(here) & set(there))
        assert (found[0].common, found[0].here, found[0].there) == (common, len(set(here)), len(set(there)))
        assert found[0].share == common * 100 // len(set(here))


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ("合同编号：HT-2025-013", True),
        ("合同编号：ht/2025.013", True),
        ("合同编号：ＨＴ－２０２５－０１３", True),
        ("合同编号：HT－2025－013", True),
        ("合同编号：HT-2025-0131", False),
        ("合同编号：XHT-2025-013", False),
        ("合同编号：HT-2025-1-013", False),
        ("合同若干份，网址HT-2025-013", False),
    ],
)
def test_numbers_are_found_in_every_spelling_and_no_other_number_is(world: World, theirs: str, told: bool) -> None:
    stage = Stage.of(world)
    stage.answers(stage.here, commendations="合同编号：HT-2025-013")
    stage.answers(stage.near[0], development_plan=theirs)
    assert names(stage.seen_by("province").numbers) == ([stage.near[0].public_id] if told else [])


def test_numbers_of_former_revisions_and_rounds_are_not_compared(world: World) -> None:
    stage = Stage.of(world)
    stage.answers(stage.here, commendations=NUMBER)
    stage.answers(stage.near[0], commendations=NUMBER)
    assert stage.seen_by("province").numbers
    stage.answers(stage.near[0], commendations="无")
    former = stage.before()
    stage.plant(lambda session: session.execute(
        update(Submission).where(Submission.id == former.id).values(organisation_id=stage.near[0].organisation_id)
    ))  # fmt: skip
    stage.answers(former, commendations=NUMBER)
    assert stage.seen_by("province").numbers == []


def test_as_many_statements_for_1_as_for_30_matches(world: World) -> None:
    stage = Stage.of(world)
    stage.file(stage.here, "same")
    stage.list_(stage.here, codes(*range(8)))
    stage.answers(stage.here, commendations=NUMBER)
    others = [one for one in (*stage.near, *stage.far) if one.programme == "platform"]
    province, done = world.browser("province"), 0
    for matches in (1, 30):
        for to in others[done:matches]:
            stage.file(to, "same")
            stage.list_(to, codes(*range(8)))
            stage.answers(to, commendations=NUMBER)
        done = matches
        found = stage.seen_by("province")
        assert (len(found.files), len(found.lists), len(found.numbers)) == (min(matches, 20), matches, 2 * matches)
        assert found.cut is (matches > reuse_queries.MOST_PLACES)
        province.get(stage.path)
        with counting(world) as statements:
            assert province.get(stage.path).status_code == 200
        assert len(statements) == 2 + 4, statements


def test_enterprises_learn_nothing_of_it(world: World) -> None:
    stage = Stage.of(world)
    for to in (stage.here, stage.near[0]):
        stage.file(to, "same")
        stage.list_(to, codes(*range(8)))
        stage.answers(to, commendations=NUMBER)
    for login in (f"hb{stage.here.organisation_id:04d}", "auditor", "expert"):
        assert world.browser(login).get(stage.path).status_code == 403
        assert stage.near[0].organisation_name not in world.browser(login).get(stage.path).get_data(as_text=True)
    own, looked_at = world.enterprise(stage.here), 0
    for rule in world.app.url_map.iter_rules():
        if "GET" not in (rule.methods or set()) or rule.arguments - {"submission_id", "order", "number"}:
            continue
        address = re.sub(
            r"<(?:\w+:)?(\w+)>", lambda hole: {"submission_id": stage.here.public_id}.get(hole[1], "1"), rule.rule
        )
        if rule.arguments and not address.endswith((".docx", ".pdf", ".xlsx", ".zip", "/reuse")):
            text = own.get(address).get_data(as_text=True)
            assert (stage.near[0].organisation_name in text, stage.near[0].public_id in text, "/reuse" in text) == (
                False, False, False,
            ), address  # fmt: skip
            looked_at += 1
    assert looked_at > 5
