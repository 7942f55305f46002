"""Machines of the tests: a token with these scopes, and what it gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from hbreview.acts.machine_keys import SCOPES, Wanted, make_token
from hbreview.acts.signing_in import actor_for
from hbreview.extensions import db
from hbreview.model import Person, Round
from hbreview.workflow.journal import Origin
from tests.worlds import World

API = "/api/v1"


def origin_of(world: World, login: str) -> Origin:
    with world.app.app_context():
        return Origin(actor_for(db.session.scalars(select(Person).where(Person.login == login)).one()), "test")


@dataclass
class Machine:
    """Somebody else's program with a token, and no cookies."""

    world: World
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.world.app.test_client().get(API + path, headers={**self.headers, **headers})

    def bring(self, records: Any) -> TestResponse:
        return self.world.app.test_client().post(API + "/monthly-records", json=records, headers=self.headers)


def machine_of(world: World, *scopes: str) -> Machine:
    """A machine with these scopes; with all of them when none is named."""
    by = origin_of(world, "admin")
    with world.app.app_context():
        return Machine(world, make_token(Wanted("统计平台", scopes or SCOPES), origin=by))


def first_round(world: World) -> Round:
    with world.app.app_context():
        return db.session.scalars(select(Round).order_by(Round.id)).first()  # type: ignore[return-value]  # there is one


def finalise(world: World) -> Round:
    """Bring the matrix' round to its end; what is not scored is deferred."""
    for login, trigger, data in (
        ("province", "close", {}),
        ("province", "publicise", {"defer": "1", "reason": "尚未评分"}),
        ("province2", "finalise", {}),
    ):
        round_ = first_round(world)
        answer = world.browser(login).post(f"/rounds/{round_.public_id}/{trigger}", {"version": round_.version, **data})
        assert answer.status_code == 303, answer.get_data(as_text=True)[:2000]
    return first_round(world)
