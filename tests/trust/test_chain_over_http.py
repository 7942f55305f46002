"""Each trigger over HTTP, once right and once wrong, on both databases."""

from __future__ import annotations

import io

from hbreview.words import State
from tests.worlds import World


def test_submit_of_a_complete_draft_moves_it(world: World) -> None:
    draft = world.submission("returned")

    response = world.fire(world.enterprise(draft), draft, "submit", declared="1")

    assert response.status_code == 303
    assert world.now(draft).state is State.SUBMITTED
    assert world.now(draft).revision_number == 2
    assert world.faults() == []


def test_approve_needs_opinion_date_and_scan(world: World) -> None:
    submitted = world.submission("submitted")
    city = world.city(submitted)

    refused = world.fire(city, submitted, "approve", opinion="", seal_date="")
    assert refused.status_code == 422
    assert world.now(submitted).state is State.SUBMITTED

    page = city.get(f"/submissions/{submitted.public_id}")
    assert page.status_code == 200
    scan = (io.BytesIO(b"%PDF-1.4 scan"), "盖章.pdf")
    today = world.now(submitted).submitted_at
    assert today is not None
    from hbreview.clock import today as day

    response = world.fire(city, submitted, "approve", opinion="同意", seal_date=day().isoformat(), seal_scan=scan)
    assert response.status_code == 303
    assert world.now(submitted).state is State.CITY_REVIEWED
    assert world.faults() == []
