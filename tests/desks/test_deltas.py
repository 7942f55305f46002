"""An autosave's answer keeps the page as true as a fresh one, and is small."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hbreview import clock
from hbreview.acts import inviting
from hbreview.acts.imagining import imagine
from hbreview.acts.inviting import Newcomer
from hbreview.acts.rehearsing import PASSWORD
from hbreview.acts.signing_in import HASHER
from hbreview.evaluation import remarks
from hbreview.extensions import db
from hbreview.model import Person, Revision, Round, Submission
from hbreview.model.kept import programme_of
from hbreview.programmes.schema import Field, Programme
from hbreview.transact import Receipt, carry_out
from hbreview.words import Role, RoundState, State
from tests.desks.page_model import Page
from tests.worlds import Browser, World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HTMX = {"HX-Request": "true"}
MOST_BYTES = 4096
# Where every figure is doubted, one figure changes what stands beside many.
MOST_BYTES_AT_WORST = 7168
PROGRAMMES = ("platform", "base")
MOST_SHOWN = 20
STEPS = 25
SEED = 7
MOST_SHOWN = 20
STEPS = 25
SEED = 7


def give_last_year(world: World, submission: Submission, answers: dict[str, str]) -> None:
    """A finalised round of the year before with the organisation's submitted form."""

    def work(session: Session) -> Receipt:
        person = session.query(Person).filter_by(organisation_id=submission.organisation_id).first()
        assert person is not None
        day = clock.today() - timedelta(days=300)
        before = Round(
            year=2018, title="2018", state=RoundState.FINALISED, enterprise_deadline=day, city_deadline=day,
            created_at=clock.now(),
        )  # fmt: skip
        session.add(before)
        session.flush()
        form = Submission(
            round_id=before.id, programme=submission.programme, programme_version_id=submission.programme_version_id,
            organisation_id=submission.organisation_id, organisation_name=submission.organisation_name,
            region=submission.region, printed_region=submission.printed_region, state=State.SCORED, revision_number=1,
            moved_at=clock.now(),
        )  # fmt: skip
        session.add(form)
        session.flush()
        session.add(
            Revision(submission_id=form.id, number=1, answers=answers, attachments=[], digest="0" * 64,
                     person_id=person.id, created_at=clock.now())
        )  # fmt: skip
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def colleague_of(world: World, submission: Submission) -> Browser:
    """The browser of a second person of the same organisation."""

    def work(session: Session) -> Receipt:
        newcomer = Newcomer(Role.ENTERPRISE, "同事", "colleague", organisation_id=submission.organisation_id)
        inviting.add_person(session, newcomer).password_hash = HASHER.hash(PASSWORD)
        return Receipt("")

    with world.app.app_context():
        carry_out(work)
    return world.browser("colleague")


@dataclass
class Desk:
    """One person at one form: the page on the screen, and what is on it that the server did not take."""

    browser: Browser
    submission: Submission
    page: Page = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.page = self.fresh()

    @property
    def address(self) -> str:
        return f"/submissions/{self.submission.public_id}"

    def fresh(self) -> Page:
        """The page as it is when somebody opens it now."""
        response = self.browser.get(self.address)
        assert response.status_code == 200
        return Page.of(response.get_data(as_text=True))

    def save(self, raw: dict[str, str]) -> tuple[set[str], int]:
        """Leave these fields as a browser does; which of them were refused, and the bytes of the answer."""
        data = {"version": self.page.version, **raw}
        response = self.browser.post(f"{self.address}/answers", data, headers=HTMX)
        assert response.status_code in {200, 409, 422}
        self.page.apply(response.get_data(as_text=True))
        kept = json.loads(response.headers["HX-Trigger"])["hbreview:saved"]["names"]
        assert (raw.keys() == set(kept)) is (response.status_code == 200)
        return raw.keys() - set(kept), len(response.get_data())

    def faults(self, refused: dict[str, str]) -> list[str]:
        """Where the page on the screen differs from a fresh one. What was refused stands as it was typed."""
        fresh = self.fresh().seen()
        fresh.inputs.update({name: text for name, text in refused.items() if name in fresh.inputs})
        return self.page.seen().differences(fresh) + [f"nowhere to put {lost}" for lost in self.page.lost]


class Typist:
    """Chooses what is typed next: likely figures, slips, nothing, nonsense, and remarks on what is asked."""

    def __init__(self, programme: Programme, seed: int) -> None:
        self.chance = random.Random(seed)
        self.typed = {"enterprises_served": "12"}
        self.fields = [field for field in programme.enterprise_fields if field.type != "attachment"]
        self.figures = [field for field in self.fields if field.is_number]

    def next(self, page: Page) -> dict[str, str]:
        """One field mostly, sometimes a block as pasted from Excel, and now and then what was just typed."""
        self.typed = self._next(page)
        return self.typed

    def _next(self, page: Page) -> dict[str, str]:
        on_page = page.seen().inputs
        if self.chance.random() < 0.15 and self.typed.keys() <= on_page.keys():
            return {name: self.chance.choice([text, "", "7"]) for name, text in self.typed.items()}
        asked = [name for name in on_page if remarks.is_remark(name)]
        if asked and self.chance.random() < 0.25:
            return {self.chance.choice(asked): self.chance.choice(["已核对。", "", "口径不同"])}
        count = 1 if self.chance.random() < 0.85 else 4
        fields = self.figures if self.chance.random() < 0.8 else self.fields
        return {
            field.key: self._value(field)
            for field in self.chance.sample([field for field in fields if field.key in on_page], count)
        }

    def _value(self, field: Field) -> str:
        kind = self.chance.random()
        if kind < 0.2:
            return ""
        if kind < 0.24 and field.type != "yes_no" and not field.choices:
            return "\u202e不能"
        if field.is_number:
            return self.chance.choice(["0", "1", "9", "12", "30", "90", "98", "100", "0.85", "900", "20000", "200000"])
        if field.type == "yes_no":
            return self.chance.choice(["yes", "no"])
        if field.choices:
            return self.chance.choice(field.choices).value
        return {"phone": "0311-86012345", "email": "a@example.cn", "url": "example.cn"}.get(field.type, "甲乙 <b>丙")


def lives(world: World, key: str, *, steps: int, colleague: bool, seed: int) -> Iterator[list[str]]:
    """A sequence of saves on one form; after each of them where the screen is not true."""
    submission = world.submission("draft" if seed % 2 else "returned", key)
    with world.app.app_context():
        programme = programme_of(db.session(), submission.programme_version_id)
        last = imagine(programme, name="甲", site="乙", seed=seed)
    give_last_year(world, submission, last)
    desks = [Desk(world.enterprise(submission), submission)]
    if colleague:
        desks.append(Desk(colleague_of(world, submission), submission))
    typist = Typist(programme, seed)
    for _ in range(steps):
        desk = typist.chance.choice(desks)
        raw = typist.next(desk.page)
        refused, _size = desk.save(raw)
        faults = desk.faults({name: raw[name] for name in refused})
        yield [f"after {raw}: {fault}" for fault in faults]
        if refused or faults:  # so that each step is judged by itself
            desk.page = desk.fresh()


@pytest.mark.parametrize(("key", "colleague"), [("base", False), ("platform", True), ("base", True)])
def test_after_each_save_the_screen_is_as_a_fresh_page(world: World, key: str, colleague: bool) -> None:
    faults = [fault for step in lives(world, key, steps=STEPS, colleague=colleague, seed=SEED) for fault in step]
    assert not faults, "\n".join(faults[:MOST_SHOWN])


def _worst(programme: Programme, last: dict[str, str]) -> dict[str, str]:
    """A filled form with as much to say beside its fields as can be: figures apart, parts above their wholes."""
    answers = {}
    for number, field in enumerate(programme.enterprise_fields):
        if field.is_number:
            answers[field.key] = "1" if number % 2 else str(10 * int(float(last.get(field.key, "9")) + 1))
            answers[field.key] = "99" if field.type == "percent" else answers[field.key]
        elif last.get(field.key):
            answers[field.key] = last[field.key]
    return answers


def test_a_note_stays_in_the_summary_when_there_is_no_warning(world: World) -> None:
    """K3 is said as long as no fee table is attached, whatever comes and goes beside it."""
    submission = world.submission("returned", "base")
    desk = Desk(world.enterprise(submission), submission)
    assert any(item.endswith("K3") for item in desk.page.seen().findings)
    for staff in ("99999", "1"):
        desk.save({"dedicated_service_staff": staff})
        assert desk.faults({}) == []


def test_two_who_write_the_same_into_one_field_both_see_what_follows(world: World) -> None:
    """What a colleague wrote first is no clash when it is the same, and changed more than that field."""
    submission = world.submission("returned")
    first = Desk(world.enterprise(submission), submission)
    second = Desk(colleague_of(world, submission), submission)
    for desk in (first, second):
        desk.save({"enterprises_served": ""})
        assert desk.faults({}) == []


@pytest.mark.parametrize("key", PROGRAMMES)
@pytest.mark.parametrize("worst", [False, True], ids=["as rehearsed", "everything doubted"])
def test_the_answer_about_one_field_is_small(world: World, key: str, worst: bool) -> None:
    """Leaving one field of a form that nobody else writes costs little, with all the findings that come and go."""
    submission = world.submission("returned", key)
    with world.app.app_context():
        programme = programme_of(db.session(), submission.programme_version_id)
    last = imagine(programme, name="甲", site="乙", seed=1)
    give_last_year(world, submission, last)
    desk = Desk(world.enterprise(submission), submission)
    if worst:
        refused, _all = desk.save(_worst(programme, last))
        assert not refused
    assert len(desk.page.tree.xpath("//*[@id='findings']//li")) > (30 if worst else 5)
    sizes = {}
    inputs = desk.page.seen().inputs
    for field in programme.enterprise_fields:
        if field.key in inputs:
            refused, sizes[field.key] = desk.save({field.key: _other(field, last)})
            assert not refused
    assert len(sizes) >= 40
    most = MOST_BYTES_AT_WORST if worst else MOST_BYTES
    large = [f"{name}: {size}" for name, size in sizes.items() if size >= most]
    assert not large, "\n".join(large)


def _other(field: Field, last: dict[str, str]) -> str:
    if field.is_number:
        return "98" if field.type == "percent" else "37"
    if field.type == "yes_no" or field.choices:
        return ""
    return last.get(field.key) or "example.cn"
