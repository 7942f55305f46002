"""A title changes by the yearly evaluation, or by two people; a round's roster never does (R4, R6, S07)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hbreview.acts import deciding_titles
from hbreview.acts.answering import NotEditableError
from hbreview.acts.deciding_titles import Proposal
from hbreview.acts.importing import latest_roster
from hbreview.acts.signing_in import actor_for
from hbreview.clock import today
from hbreview.evaluation.validity import validity
from hbreview.extensions import db
from hbreview.model import Designation, Entry, Organisation, Person, TitleDecision
from hbreview.workflow.errors import HiddenError, InvalidError
from hbreview.workflow.journal import Origin
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
REASON = "被查实提供虚假材料。"


def by(login: str) -> Origin:
    return Origin(actor_for(db.session.scalars(select(Person).where(Person.login == login)).one()), "test")


def first_of(programme: str) -> Organisation:
    roster = latest_roster(db.session(), programme)
    assert roster is not None
    query = select(Organisation).join(Designation, Designation.organisation_id == Organisation.id)
    return db.session.scalars(query.where(Designation.roster_id == roster.id).order_by(Designation.position)).first()


def valid(programme: str) -> list[int]:
    roster = latest_roster(db.session(), programme)
    assert roster is not None
    return [line.organisation_id for line in deciding_titles.valid_lines(db.session(), roster)]


def proposal(programme: str = "platform", kind: str = "revoke", **more: Any) -> Proposal:
    given = {"organisation": first_of(programme).public_id, "reason": REASON, "decided_on": today()}
    return Proposal(programme=programme, kind=kind, **{**given, **more})


def test_a_title_falls_with_the_second_person_and_on_this_track_alone(world: World) -> None:
    with world.app.app_context():
        lost, before, bases = first_of("platform").id, valid("platform"), valid("base")
        made = deciding_titles.propose(proposal(), origin=by("province"))
        assert valid("platform") == before, "nothing yet"
        with pytest.raises(InvalidError):
            deciding_titles.confirm(made.target, origin=by("province"))
        deciding_titles.confirm(made.target, origin=by("province2"))
        assert valid("platform") == [one for one in before if one != lost]
        assert valid("base") == bases
        restored = deciding_titles.propose(proposal(kind="restore"), origin=by("province2"))
        deciding_titles.confirm(restored.target, origin=by("province"))
        assert valid("platform") == before
        acts = db.session.scalars(select(Entry.act).where(Entry.act.like("%_title")).order_by(Entry.sequence)).all()
        assert acts == ["propose_title", "revoke_title", "propose_title", "restore_title"]
    assert world.faults() == []


@only_sqlite
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "destroy"}, "kind"),
        ({"reason": "  "}, "reason"),
        ({"reason": "长" * 1001}, "reason"),
        ({"decided_on": None}, "decided_on"),
        ({"decided_on": today() + timedelta(days=2)}, "decided_on"),
        ({"organisation": "nobody"}, "organisation"),
        ({"programme": "none"}, "organisation"),
        ({"kind": "restore"}, "organisation"),
    ],
)
def test_what_cannot_be_decided_is_said_beside_its_field(world: World, changed: dict[str, Any], field: str) -> None:
    with world.app.app_context():
        base = {"programme": "platform", "kind": "revoke", "organisation": first_of("platform").public_id}
        given = Proposal(**{**base, "reason": REASON, "decided_on": today(), **changed})
        with pytest.raises(InvalidError) as refused:
            deciding_titles.propose(given, origin=by("province"))
        assert [reason.field for reason in refused.value.reasons] == [field]
        assert db.session.scalars(select(TitleDecision)).all() == []


@only_sqlite
def test_one_decision_at_a_time_and_each_settled_once(world: World) -> None:
    with world.app.app_context():
        made = deciding_titles.propose(proposal(), origin=by("province"))
        with pytest.raises(InvalidError):
            deciding_titles.propose(proposal(), origin=by("province2"))
        deciding_titles.drop(made.target, origin=by("province2"))
        for act in (deciding_titles.confirm, deciding_titles.drop):
            with pytest.raises(NotEditableError):
                act(made.target, origin=by("province2"))
        with pytest.raises(HiddenError):
            deciding_titles.confirm("nothing", origin=by("province2"))
        again = deciding_titles.propose(proposal(), origin=by("province"))
        deciding_titles.confirm(again.target, origin=by("province2"))
        with pytest.raises(InvalidError):
            deciding_titles.propose(proposal(), origin=by("province"))


@only_sqlite
def test_everybody_reads_who_lost_a_title_when_and_why(world: World) -> None:
    with world.app.app_context():
        organisation = first_of("platform")
        name, address = organisation.name, f"/designations/of/{organisation.public_id}"
        given = f"platform:{organisation.public_id}"
    one, two, public = world.browser("province"), world.browser("province2"), world.stranger()
    assert name in public.get("/designations.csv").get_data(as_text=True)
    form = {"title": given, "kind": "revoke", "reason": REASON, "decided_on": today().isoformat()}
    assert one.post("/titles", {**form, "reason": ""}).status_code == 422
    assert one.post("/titles", form).status_code == 303
    with world.app.app_context():
        decision = db.session.scalars(select(TitleDecision.public_id)).one()
    assert REASON not in public.get("/designations").get_data(as_text=True)
    assert one.post(f"/titles/{decision}/confirm").status_code == 422
    assert two.post(f"/titles/{decision}/confirm").status_code == 303
    page = public.get("/designations").get_data(as_text=True)
    assert page.index("已撤销称号") < page.index(name) and REASON in page
    assert name not in public.get("/designations.csv").get_data(as_text=True)
    assert REASON in public.get(address).get_data(as_text=True)
    assert two.post(f"/titles/{decision}/drop").status_code == 409
    assert REASON in one.get("/titles").get_data(as_text=True)


@pytest.mark.parametrize(
    ("until", "standing", "left"),
    [
        (None, "", None),
        (date(2026, 3, 31), "over", -1),
        (date(2026, 4, 1), "ending", 0),
        (date(2026, 6, 30), "ending", 90),
        (date(2026, 7, 1), "valid", 91),
    ],
)
def test_the_last_ninety_days_of_a_term_are_warned_of(until: date | None, standing: str, left: int | None) -> None:
    term = validity(until, today=date(2026, 4, 1))
    assert (term.standing, term.days_left) == (standing, left)
