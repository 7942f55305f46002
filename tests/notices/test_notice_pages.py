"""The list of notices, the number in the bar, the calendar file, and where letters go."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from hbreview import clock
from hbreview.extensions import db
from hbreview.model import Entry, Round
from hbreview.workflow.journal import Deed
from tests.notices.addressed import enter, person
from tests.worlds import Browser, World

POLLING = {"HX-Request": "true", "X-Polling": "1"}

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _rows(text: str) -> list[str]:
    return re.findall(r"<tr><td.*?</tr>", text, re.DOTALL)


def _new(browser: Browser) -> str:
    """The number in the bar, as the page's own question gets it."""
    text = browser.get("/notices/unread", headers=POLLING).get_data(as_text=True)
    assert "<html" not in text
    found = re.search(r'<span class="badge[^>]*>([^<]*)<', text)
    return found.group(1) if found else ""


def test_notices_are_counted_listed_newest_first_and_marked_read(world: World) -> None:
    submitted = world.submission("submitted")
    own, city = world.enterprise(submitted), f"city-{submitted.region}"
    own.post("/notices/read", {"sequence": "999999"})
    assert _new(own) == ""
    enter(world, Deed("approve", submission_id=submitted.id, round_id=submitted.round_id), login=city)
    enter(world, Deed("answer", submission_id=submitted.id), login=city)
    enter(world, Deed("return", submission_id=submitted.id, round_id=submitted.round_id), login=city)
    assert _new(own) == "2"

    text = own.get("/notices").get_data(as_text=True)
    rows = _rows(text)
    assert [f"/submissions/{submitted.public_id}" in row for row in rows[:2]] == [True, True]
    assert ["badge" in row for row in rows] == [True, True] + [False] * (len(rows) - 2)
    sequence = int(re.findall(r'name="sequence" value="(\d+)"', text)[0])
    with world.app.app_context():
        assert db.session.scalars(select(Entry.act).where(Entry.sequence == sequence)).one() == "return"

    for given, left in ((sequence - 1, "1"), (sequence, ""), (1, "")):
        assert own.post("/notices/read", {"sequence": str(given)}).status_code == 303
        assert _new(own) == left
    assert not any("badge" in row for row in _rows(own.get("/notices").get_data(as_text=True)))


def test_nobody_reads_further_than_the_journal_goes(world: World) -> None:
    """Else a great number, sent once, would silence every notice to come."""
    submitted = world.submission("submitted")
    own = world.enterprise(submitted)
    assert own.post("/notices/read", {"sequence": "9" * 15}).status_code == 303
    enter(world, Deed("return", submission_id=submitted.id), login=f"city-{submitted.region}")
    assert _new(own) == "1"
    for junk in ("", "-1", "1e9", "٣", "9" * 40):
        assert own.post("/notices/read", {"sequence": junk}).status_code == 400
    assert _new(own) == "1"


def test_list_goes_on_page_by_page(world: World) -> None:
    submitted = world.submission("submitted")
    own = world.enterprise(submitted)
    known = len(_rows(own.get("/notices").get_data(as_text=True)))
    for _entry in range(60):
        enter(world, Deed("return", submission_id=submitted.id), login=f"city-{submitted.region}")
    first = own.get("/notices").get_data(as_text=True)
    [earlier] = re.findall(r'href="(/notices\?before=\d+)"', first)
    second = own.get(earlier).get_data(as_text=True)
    assert (len(_rows(first)), len(_rows(second))) == (50, known + 10)
    assert 'href="/notices?before=' not in second
    assert _new(own) == str(60 + known)


def test_enterprise_is_told_of_no_score_and_names_no_expert(world: World) -> None:
    """P03, over everything that happened to a form that was scored."""
    scored = world.submission("scored")
    text = world.enterprise(scored).get("/notices").get_data(as_text=True)
    assert len(_rows(text)) >= 3
    assert "评审专家" not in text
    assert "scor" not in "".join(_rows(text))


def test_others_notices_are_not_in_the_list(world: World) -> None:
    submitted = world.submission("submitted")
    own, other = world.enterprise(submitted), world.enterprise(world.submission("draft"))
    browsers = [own, other, *(world.browser(login) for login in ("admin", "expert", "auditor", "province"))]
    before = [_rows(browser.get("/notices").get_data(as_text=True)) for browser in browsers]
    enter(world, Deed("return", submission_id=submitted.id), login=f"city-{submitted.region}")
    after = [_rows(browser.get("/notices").get_data(as_text=True)) for browser in browsers]
    assert [len(rows) for rows in after] == [len(before[0]) + 1, *(len(rows) for rows in before[1:])]
    assert submitted.public_id not in "".join(after[1] + after[2])


def test_polling_does_not_keep_a_session_alive_nor_takes_the_page_away(world: World) -> None:
    """A07; and when the session is over, the page stays with what was typed on it."""
    own = world.enterprise(world.submission("draft"))
    began = clock.now()
    for minutes in (10, 30, 59):
        with time_machine.travel(began + timedelta(minutes=minutes), tick=True):
            assert own.get("/notices/unread", headers=POLLING).status_code == 200
    with time_machine.travel(began + timedelta(minutes=61), tick=True):
        over = own.get("/notices/unread", headers=POLLING)
        assert over.status_code == 401
        assert "HX-Redirect" not in over.headers
        assert over.headers["HX-Reswap"] == "none"
        assert own.get("/submissions", headers={"HX-Request": "true"}).headers["HX-Redirect"].startswith("/login")


def test_number_in_the_bar_asks_by_itself_and_only_where_somebody_is_signed_in(world: World) -> None:
    own = world.enterprise(world.submission("draft"))
    for path, first in (("/submissions", "load, every 60s"), ("/notices", "load, every 60s")):
        found = re.findall(r'<span id="unread"[^>]*>', own.get(path).get_data(as_text=True))
        assert len(found) == 1
        assert f'hx-trigger="{first}"' in found[0]
        assert '"X-Polling"' in found[0]
    # What comes back asks again in a minute, and not at once for ever.
    assert 'hx-trigger="every 60s"' in own.get("/notices/unread", headers=POLLING).get_data(as_text=True)
    assert 'id="unread"' not in world.stranger().get("/designations").get_data(as_text=True)
    assert "<h1>" in own.get("/notices/unread").get_data(as_text=True)


def test_calendar_holds_the_rounds_that_one_takes_part_in(world: World) -> None:
    own = world.enterprise(world.submission("draft"))
    response = own.get("/calendar.ics")
    with world.app.app_context():
        round_ = db.session.scalars(select(Round)).one()
    text = response.get_data(as_text=True)
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert text.count("BEGIN:VEVENT") == 2
    assert f"UID:{round_.public_id}-enterprise@hbreview" in text
    assert f"DTSTART;VALUE=DATE:{round_.city_deadline:%Y%m%d}" in text
    assert world.browser("admin").get("/calendar.ics").status_code == 403


def test_address_for_letters_is_kept_checked_and_journalled_without_itself(world: World) -> None:
    draft = world.submission("draft")
    own, login = world.enterprise(draft), f"hb{draft.organisation_id:04d}"
    own.post("/account/contact", {"email": "wang@people.example", "language": "en"})
    assert (person(world, login).email, person(world, login).language) == ("wang@people.example", "en")
    with world.app.app_context():
        entry = db.session.scalars(select(Entry).order_by(Entry.sequence.desc())).first()
    assert entry is not None
    assert (entry.act, entry.data, entry.result) == ("change_contact", {"letters": True, "language": "en"}, "done")
    assert (entry.version_to or 0) == (entry.version_from or 0) + 1
    page = own.get("/account").get_data(as_text=True)
    assert 'value="wang@people.example"' in page
    assert '<option value="en" lang="en" selected>' in page


REFUSED: tuple[tuple[dict[str, str], int], ...] = (
    ({"email": "wang", "language": "zh"}, 422),
    ({"email": "a@b", "language": "zh"}, 422),
    ({"email": "a@b.example\r\nBcc: c@d.example", "language": "zh"}, 422),
    ({"email": "王@b.example", "language": "zh"}, 422),
    ({"email": f"{'a' * 250}@b.example", "language": "zh"}, 422),
    ({"email": "a@b.example", "language": "fr"}, 422),
    ({"email": "a@b.example"}, 400),
    ({"language": "zh"}, 400),
)


def test_address_that_will_not_do_is_refused_and_shown_again(world: World) -> None:
    draft = world.submission("draft")
    own = world.enterprise(draft)
    for data, status in REFUSED:
        answer = own.post("/account/contact", data)
        assert answer.status_code == status, data
        text = answer.get_data(as_text=True)
        if status == 422:
            assert 'class="problem"' in text
            assert f'value="{data["email"].split()[0]}' in text
    assert person(world, f"hb{draft.organisation_id:04d}").email == ""
    assert world.faults() == []
