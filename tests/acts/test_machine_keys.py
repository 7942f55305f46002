"""Keys of machines and addresses that are told: made by the administrator, shown once, ended at once."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from sqlalchemy import select

from hbreview.acts import machine_keys
from hbreview.acts.machine_keys import Wanted, key_of, make_token, revoke_token
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import ApiToken, Entry, Webhook
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError
from hbreview.workflow.journal import Deed, Origin
from tests.desks.machines import origin_of
from tests.desks.test_query_counts import count
from tests.notices.addressed import enter
from tests.notices.hook_server import hook_server
from tests.notices.test_webhooks import tell, webhooks
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TOKEN = re.compile(r'value="(hbr_[\w-]{43})"')


def acts(world: World) -> list[tuple[str, dict[str, Any]]]:
    with world.app.app_context():
        names = ("make_token", "revoke_token", "add_webhook", "end_webhook", "retry_delivery")
        query = select(Entry).where(Entry.act.in_(names)).order_by(Entry.sequence)
        return [(entry.act, entry.data) for entry in db.session.scalars(query)]


@only_sqlite
def test_a_token_is_shown_once_and_only_its_digest_kept(world: World) -> None:
    admin = world.browser("admin")
    page = admin.get("/machines").get_data(as_text=True)
    assert page.count('name="request_key"') == 2
    data = {"name": "统计平台", "scopes": ["rounds:read", "monthly:write"], "last_day": "", "request_key": "k" * 20}
    answer = admin.post("/machines", data)
    (token,) = TOKEN.findall(answer.get_data(as_text=True))
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    again = admin.post("/machines", data)
    assert (again.status_code, again.headers["Location"]) == (303, "/machines")
    assert token not in admin.get("/machines").get_data(as_text=True)
    with world.app.app_context():
        row = db.session.scalars(select(ApiToken)).one()
        assert row.token_digest == hashlib.sha256(token.encode()).hexdigest()
        assert (row.name, row.scopes) == ("统计平台", ["rounds:read", "monthly:write"])
    assert not any(token in repr(table) for table in world.dump().values())
    assert admin.post(f"/machines/{row.public_id}/revoke").status_code == 303
    assert admin.post(f"/machines/{row.public_id}/revoke").status_code == 303
    assert [act for act, _data in acts(world)] == ["make_token", "revoke_token"]
    with world.app.app_context():
        assert key_of(db.session(), token) is None
    assert world.faults() == []


@only_sqlite
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"), ({"name": "x" * 101}, "name"), ({"name": "a\x00b"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"), ({"last_day": "2020-01-01"}, "last_day"),
        ({"last_day": "1.2."}, "last_day"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    world: World, given: dict[str, Any], field: str
) -> None:
    admin = world.browser("admin")
    typed = {"name": "平台甲", "scopes": ["scores:read"], "last_day": today().isoformat(), **given}
    answer = admin.post("/machines", typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and f'id="{field}-problem"' in page and "<details open>" in page
    if field != "name":
        assert 'value="平台甲"' in page
    if field != "scopes":
        assert 'value="scores:read" checked' in page
    assert acts(world) == []


@only_sqlite
def test_a_key_is_known_by_its_whole_token_only(world: World) -> None:
    by = origin_of(world, "admin")
    with world.app.app_context():
        token = make_token(Wanted("甲", ("rounds:read",)), origin=by)
        assert token.startswith(machine_keys.PREFIX) and len(token) == 47
        found = key_of(db.session(), token)
        assert found is not None and found.scopes == ("rounds:read",)
        for other in ("", "hbr_", token[:-1], token + "x", token.upper(), "hbr_" + "中" * 43, " " + token):
            assert key_of(db.session(), other) is None
        with pytest.raises(HiddenError):
            revoke_token("nowhere", origin=by)
        with pytest.raises(ForbiddenError):
            make_token(Wanted("乙", ("rounds:read",)), origin=Origin(None))
        with pytest.raises(InvalidError):
            make_token(Wanted("丙", ("rounds:read", "x")), origin=by)


@only_sqlite
def test_addresses_and_their_deliveries_on_the_page(world: World) -> None:
    admin = world.browser("admin")
    wrong = admin.post("/machines/webhooks", {"url": "http://10.0.0.1/x", "events": ["submit"]})
    page = wrong.get_data(as_text=True)
    assert wrong.status_code == 422 and 'id="url-problem"' in page and 'value="http://10.0.0.1/x"' in page
    assert 'value="submit" checked' in page
    with hook_server() as server:
        server.answers = [500]
        secret = tell(world, server, "submit")
        enter(world, Deed(act="submit"), login="province")
        webhooks.turn(world.app)
        page = admin.get("/machines").get_data(as_text=True)
        assert "HTTP 500" in page and secret not in page
        with world.app.app_context():
            row = db.session.scalars(select(Webhook)).one()
        (sequence,) = re.findall(r'name="sequence" value="(\d+)"', page)
        server.answers = [200]
        path = f"/machines/webhooks/{row.public_id}"
        assert admin.post(f"{path}/retry", {"sequence": sequence}).status_code == 303
        assert admin.post(f"{path}/retry", {"sequence": "9" * 9}).status_code == 404
        assert admin.post(f"{path}/retry", {"sequence": "x"}).status_code == 400
        webhooks.turn(world.app)
        assert len(server.told) == 2 and "HTTP 500" not in admin.get("/machines").get_data(as_text=True)
        assert admin.post(f"{path}/end").status_code == 303
    assert [act for act, _data in acts(world)] == ["add_webhook", "retry_delivery", "end_webhook"]
    assert secret not in repr(acts(world)) and world.faults() == []


@only_sqlite
def test_the_page_takes_the_same_statements_for_1_and_30_of_each(world: World) -> None:
    admin, by = world.browser("admin"), origin_of(world, "admin")
    found = []
    for more in (1, 29):
        with world.app.app_context():
            for place in range(more):
                make_token(Wanted(f"系统{place}", ("rounds:read",)), origin=by)
        found.append(count(world, admin, "/machines"))
    assert found == [4, 4]
