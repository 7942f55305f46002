"""Lines of the fourth issue that nothing else holds: papers confirmed by number and square, and what pages tell."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import select

from hbreview.acts import issuing_letters
from hbreview.documents import receipt
from hbreview.documents.square_code import square_of
from hbreview.extensions import db
from hbreview.model import DecisionLetter, Revision
from tests.acts import deciding_hands as hands
from tests.documents.pdf_reading import pdf_pages
from tests.documents.test_receipt import FACTS
from tests.worlds import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def told(world: World, path: str, **asked: str) -> str:
    return world.stranger().get(path, query_string=asked).get_data(as_text=True)


def test_a_letter_is_confirmed_by_the_number_on_it(world: World) -> None:
    scored = world.submission("scored")
    hands.finalise(world)
    with world.app.app_context():
        origin = hands.by(world, "province")
        issuing_letters.issue_letters(hands.the_round(world).public_id, origin=origin)
        line = hands.line_of(world, scored).id
        letter = db.session.scalars(select(DecisionLetter).where(DecisionLetter.designation_id == line)).one()
    number, year, place = letter.facts["number"], letter.facts["year"], letter.number
    wide = "".join(chr(ord(sign) + 0xFEE0) if "0" <= sign <= "9" else sign for sign in number)
    for typed in (number, wide, f"〔{year}年度〕{place}号", f"{year}年度 第 {place} 号", f"[{year}年度] {place}"):
        page = told(world, "/letters", code=typed)
        assert scored.organisation_name in page, typed
        assert issuing_letters.grouped_code(letter.code) not in page, "who knows the number learns no code"
    other = (f"〔{year}年度〕9999号", f"〔{year - 1}年度〕{place}号", f"1{year}年度{place}号", str(place), number[:-2] + "0000000号")
    for typed in other:
        page = told(world, "/letters", code=typed)
        assert scored.organisation_name not in page, typed
        assert "没有" in page


def test_a_receipt_is_confirmed_by_its_number(world: World) -> None:
    submitted = world.submission("submitted")
    with world.app.app_context():
        digest = db.session.scalars(select(Revision.digest).where(Revision.submission_id == submitted.id)).first()
    assert digest is not None
    short = digest[: receipt.SHORT_DIGEST]
    grouped = " ".join(short[at : at + 4] for at in range(0, len(short), 4))
    for typed in (short, grouped, short.upper()):
        page = told(world, "/receipts", digest=typed)
        assert submitted.organisation_name in page and digest in page, typed
    for typed in (short[:-1], "%" * 16, "_" * 16, short[::-1]):
        assert submitted.organisation_name not in told(world, "/receipts", digest=typed), typed


def test_the_receipt_bears_number_and_square(database: str) -> None:
    """Another address is another square; the number is what the page takes."""
    del database
    page = "".join(pdf_pages(receipt.receipt_pdf(FACTS)))
    assert "回执编号" in page and page.count(FACTS.digest[: receipt.SHORT_DIGEST]) >= 2
    assert square_of(FACTS.address) != square_of(FACTS.address + "0")
    assert "square(data.square" in (Path(receipt.__file__).parent / "papers" / "receipt.typ").read_text("utf-8")
    other = dataclasses.replace(FACTS, address=FACTS.address[:-1] + "4")
    assert receipt.receipt_pdf(other) != receipt.receipt_pdf(FACTS)
