"""What a hostile reading of the enterprise's desk found: each of it once more, so that it does not come back."""

from __future__ import annotations

import io
import re
import threading
import time
from typing import IO, Any

import pytest
from docx import Document
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview.acts import attaching, attending, rescanning
from hbreview.documents import form_extraction
from hbreview.documents.form_reading import read_form
from hbreview.documents.scanning import Finding, Verdict
from hbreview.extensions import db
from hbreview.model import Attachment
from hbreview.programmes.loader import shipped
from hbreview.transact import Receipt, carry_out
from hbreview.words import ScanState
from tests.trust import desk_hands as hands
from tests.trust.desk_hands import HTMX, pdf
from tests.trust.test_concurrency import comment_on
from tests.trust.test_desk_at_once import same_session
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
INFECTED = Verdict(Finding.INFECTED, "Test")


def _waiting(world: World, *ids: int) -> None:
    """These files were taken while the scanner did not answer."""

    def work(session: Session) -> Receipt:
        session.execute(update(Attachment).where(Attachment.id.in_(ids)).values(scan=ScanState.WAITING))
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


@only_sqlite
def test_an_upload_does_not_move_the_page_past_what_a_colleague_wrote(world: World) -> None:
    draft = world.submission("draft")
    own = world.enterprise(draft)
    colleague, version = same_session(world, own), world.now(draft).version
    saved = {"version": version, "contact_person": "同事新填"}
    assert colleague.post(hands.address(draft, "answers"), saved, headers=HTMX).status_code == 200
    upload = {"version": version, "field": "evidence", "file": (io.BytesIO(pdf("合同")), "合同.pdf")}
    text = own.post(hands.address(draft, "attachments"), upload, headers=HTMX).get_data(as_text=True)
    moved = re.search(r'id="answers-version" value="(\d+)"', text)
    mine = {"version": moved.group(1) if moved else version, "contact_person": "我的旧值"}
    assert own.post(hands.address(draft, "answers"), mine, headers=HTMX).status_code == 409
    assert hands.answers(world, draft)["contact_person"] == "同事新填"


@only_sqlite
def test_what_a_file_proves_is_not_overwritten_unseen(world: World) -> None:
    draft = world.submission("draft")
    row, own = hands.give(world, draft, "合同.pdf", pdf("合同")), world.enterprise(draft)
    path, version = f"/attachments/{row.public_id}/evidence", world.now(draft).version
    assert own.post(path, {"version": version, "proves": ["1"], "pages-1": "3-5"}).status_code == 303
    assert same_session(world, own).post(path, {"version": version, "proves": ["2"]}).status_code == 409
    assert hands.files_of(world, draft)[-1].proves == {"1": "3-5"}


@only_sqlite
def test_a_full_quota_of_the_enterprise_keeps_no_seal_of_the_city_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = world.submission("submitted")
    monkeypatch.setattr(attaching, "QUOTA", 1)
    scan = (io.BytesIO(pdf("盖章")), "盖章.pdf")
    data = {"version": world.now(submitted).version, "field": "city_seal", "file": scan}
    assert world.city(submitted).post(hands.address(submitted, "attachments"), data).status_code == 303


@only_sqlite
def test_a_file_found_infected_after_submission_is_missing_when_the_form_comes_back(world: World) -> None:
    """U10, K4."""
    submitted = world.submission("submitted")
    with world.app.app_context():
        seal = select(Attachment.id).where(
            Attachment.submission_id == submitted.id, Attachment.field == "organization_seal"
        )
        seal_id = db.session.scalars(seal).one()
    _waiting(world, seal_id)
    with world.app.app_context():
        rescanning.settle(seal_id, INFECTED)
    comment_on(world, submitted)
    assert world.fire(world.city(submitted), submitted, "return", reason="请补充").status_code == 303
    again = world.fire(world.enterprise(submitted), submitted, "submit", declared="1")
    assert again.status_code == 422
    assert "field-organization_seal" in again.get_data(as_text=True)
    assert world.faults() == []


class Choosy:
    """A scanner that never answers about one file."""

    def scan(self, stream: IO[bytes]) -> Verdict:
        """Clean, but for the large one."""
        return Verdict(Finding.UNREACHABLE if b"LARGE" in stream.read() else Finding.CLEAN)


@only_sqlite
def test_one_file_that_gets_no_answer_keeps_no_other_waiting_for_ever(world: World) -> None:
    draft = world.submission("draft")
    large, small = (hands.give(world, draft, f"{text}.pdf", pdf(text)) for text in ("LARGE", "small"))
    _waiting(world, large.id, small.id)
    world.app.config["SCANNER"] = Choosy()
    for _turn in range(40):  # in a random order, so that one of many turns begins with the other
        rescanning.turn(world.app)
    found = {file.name: file.scan for file in hands.files_of(world, draft) if file.id in {large.id, small.id}}
    assert found == {"LARGE.pdf": ScanState.WAITING, "small.pdf": ScanState.CLEAN}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_scanner_and_enterprise_lock_in_one_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = world.submission("draft")
    row = hands.give(world, draft, "合同.pdf", pdf("合同"))
    _waiting(world, row.id)
    with world.app.app_context():
        origin = hands.origin_of(world, hands.owner(draft))
    held, errors, real = threading.Event(), [], attaching._require_turn

    def slow(*given: Any, **more: Any) -> None:
        real(*given, **more)
        held.set()
        time.sleep(0.5)

    def remove() -> None:
        with world.app.app_context():
            try:
                attaching.remove(row.public_id, world.now(draft).version, origin=origin)
            except Exception as error:
                errors.append(error)

    def scan() -> None:
        held.wait(5)
        with world.app.app_context():
            try:
                rescanning.settle(row.id, INFECTED)
            except Exception as error:
                errors.append(error)

    monkeypatch.setattr(attaching, "_require_turn", slow)
    threads = [threading.Thread(target=work) for work in (remove, scan)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_two_windows_may_say_at_once_that_somebody_is_there(world: World) -> None:
    draft = world.submission("draft")
    origin = hands.origin_of(world, hands.owner(draft))
    start, errors = threading.Barrier(6), []

    def attend() -> None:
        with world.app.app_context():
            start.wait()
            try:
                attending.attend(draft.id, 1, origin=origin)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=attend) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_long_runs_of_blanks_never_reach_the_patterns() -> None:
    """They cost every pattern the square of their length: 100,000 of them stopped the process for minutes."""
    document = Document()
    document.add_paragraph(f"单位名称：甲{' ' * 100_000}乙")
    document.add_table(1, 1).cell(0, 0).text = f"资产总额：{' ' * 100_000}5万元"
    out = io.BytesIO()
    document.save(out)
    longest = 0
    real = form_extraction._short

    def measured(text: str) -> str:
        nonlocal longest
        short = real(text)
        longest = max(longest, *(len(run) for run in re.findall(r"\s+", short)), 0)
        return short

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(form_extraction, "_short", measured)
        found = read_form(out.getvalue(), shipped("platform", 2019))
    assert 0 < longest < 50
    assert not found.problems or found.values == {}


@only_sqlite
def test_a_share_given_alone_gives_way_as_soon_as_it_can_be_computed(world: World) -> None:
    draft = world.submission("draft", "base")
    own, path = world.enterprise(draft), hands.address(draft, "answers")

    def give(**answers: str) -> dict[str, str]:
        assert own.post(path, {"version": world.now(draft).version, **answers}).status_code == 303
        return hands.answers(world, draft)

    assert give(qualified_staff="", employees="100", qualified_staff_share="85.00")["qualified_staff_share"] == "85.00"
    assert give(qualified_staff="50")["qualified_staff_share"] == ""
    page = own.get(hands.address(draft)).get_data(as_text=True)
    assert 'name="qualified_staff_share"' not in page
    assert "50.00" in page[page.index('id="in-qualified_staff_share"') :][:200]
    # Given together with what contradicts it, it stays, and the check names both.
    assert give(qualified_staff="60", qualified_staff_share="85.00")["qualified_staff_share"] == "85.00"
    assert "C14" in own.get(hands.address(draft)).get_data(as_text=True)
