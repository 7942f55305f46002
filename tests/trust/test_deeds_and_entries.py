"""T01: each act that goes through leaves exactly one entry, with who, where, what, versions and request."""

from __future__ import annotations

import io
from collections.abc import Callable

from sqlalchemy import select

from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Entry
from tests.worlds import World


def _new_entries(world: World, act: Callable[[], object]) -> list[Entry]:
    with world.app.app_context():
        before = len(list(db.session.scalars(select(Entry.sequence))))
    act()
    with world.app.app_context():
        return list(db.session.scalars(select(Entry).order_by(Entry.sequence).offset(before)))


def test_each_act_leaves_one_entry_that_says_everything(world: World) -> None:
    submitted = world.submission("submitted")
    city, enterprise = world.city(submitted), world.enterprise(submitted)
    draft = world.submission("returned")
    own = world.enterprise(draft)
    scan = (io.BytesIO(b"%PDF-1.4 scan"), "盖章.pdf")
    here = f"/submissions/{submitted.public_id}"
    version = world.now(draft).version
    saved = {"version": version, "address": "建设大街一号"}

    acts: dict[str, Callable[[], object]] = {
        "comment": lambda: city.post(f"{here}/indicators/2/comments", {"body": "请核对", "blocking": "1"}),
        "return": lambda: world.fire(city, submitted, "return", reason="请修改"),
        "submit": lambda: world.fire(enterprise, submitted, "submit", declared="1"),
        "answer": lambda: own.post(f"/submissions/{draft.public_id}/answers", saved),
    }
    for name, act in acts.items():
        entries = _new_entries(world, act)
        assert [entry.act for entry in entries] == [name]
        entry = entries[0]
        assert entry.at.utcoffset() is not None
        assert entry.actor and entry.role and entry.scope and entry.address and entry.request_id
        assert entry.result == "done"
        assert entry.version_to == (entry.version_from or 0) + 1

    entries = _new_entries(world, lambda: world.fire(enterprise, submitted, "withdraw"))
    assert [(e.act, e.state_from, e.state_to) for e in entries] == [("withdraw", "submitted", "draft")]
    refused = _new_entries(
        world,
        lambda: world.fire(
            enterprise, submitted, "approve", opinion="同意", seal_date=today().isoformat(), seal_scan=scan
        ),
    )
    assert [(e.act, e.result) for e in refused] == [("denied", "refused")]
    assert world.faults() == []
