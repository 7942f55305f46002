"""Decision letters: issuing them, reading them, making one void."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, abort, g, make_response, render_template, request, send_file, url_for
from sqlalchemy import select

from ... import hx
from ...acts import issuing_letters
from ...acts.answering import NotEditableError
from ...documents.bundle import Member, bundle
from ...evaluation.file_kinds import PDF
from ...extensions import db
from ...model import DecisionLetter, Designation, Roster, Round
from ...refusals import sentence_for
from ...security import origin, policy
from ...words import Outcome, Reason, RoundState
from ...workflow.errors import InvalidError
from ...workflow.policy import Action
from ..counter.downloads import disposition, download
from .letters_made import letter_name, letter_pdf
from .routes import province, round_or_404


def _letters(round_: Round) -> list[DecisionLetter]:
    query = (
        select(DecisionLetter)
        .join(Designation, Designation.id == DecisionLetter.designation_id)
        .join(Roster, Roster.id == Designation.roster_id)
        .where(Roster.round_id == round_.id)
    )
    return list(db.session().scalars(query.order_by(DecisionLetter.number)))


@province.get("/rounds/<round_id>/letters")
@policy(Action.ISSUE_LETTERS)
def letters(round_id: str) -> Response:
    return _letters_page(round_id)


def _letters_page(round_id: str, status: int = 200, **more: object) -> Response:
    round_ = round_or_404(round_id)
    context: dict[str, object] = {
        "round": round_,
        "letters": _letters(round_),
        "is_final": round_.state is RoundState.FINALISED,
        "outcome_of": {outcome.value: outcome for outcome in Outcome},
        "voiding": request.args.get("void", "")[:16],
        "typed": "",
        "problem_of": None,
    }
    return make_response(render_template("province/letters.html", **context | more), status)


@province.post("/rounds/<round_id>/letters")
@policy(Action.ISSUE_LETTERS)
def issue_letters(round_id: str) -> Response:
    try:
        receipt = issuing_letters.issue_letters(round_id, origin=origin())
    except NotEditableError as error:
        return _letters_page(round_id, 409, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("province.letters", round_id=round_id, issued=receipt.version))


@province.get("/rounds/<round_id>/letters.zip")
@policy(Action.ISSUE_LETTERS)
def all_letters(round_id: str) -> Response:
    """Every letter in force as PDF, in one file."""
    round_ = round_or_404(round_id)
    found = [letter for letter in _letters(round_) if letter.void_at is None]
    if not found:
        abort(404)

    def members() -> Iterator[Member]:
        for letter in found:
            yield Member((), letter_name(letter), letter_pdf(letter))

    packed = bundle(members(), facts={"round": round_.title, "letters": len(found)})
    response = send_file(packed, mimetype="application/zip")
    response.headers["Content-Disposition"] = disposition(f"{round_.title}评价结果通知书.zip", inline=False)
    return response


def _letter(letter_id: str) -> DecisionLetter:
    query = select(DecisionLetter).where(DecisionLetter.public_id == letter_id)
    return db.session().scalar(query) or abort(404)


@province.get("/letters/<letter_id>.pdf")
@policy(Action.ISSUE_LETTERS)
def letter(letter_id: str) -> Response:
    row = _letter(letter_id)
    return download(letter_pdf(row), name=letter_name(row), media_type=PDF)


@province.post("/letters/<letter_id>/void")
@policy(Action.ISSUE_LETTERS)
def void_letter(letter_id: str) -> Response:
    row, reason = _letter(letter_id), request.form.get("reason", "")[:5000]
    query = select(Round.public_id).join(Roster, Roster.round_id == Round.id)
    query = query.join(Designation, Designation.roster_id == Roster.id)
    round_id = db.session().scalars(query.where(Designation.id == row.designation_id)).one()
    try:
        issuing_letters.void_letter(letter_id, reason, origin=origin())
    except InvalidError as error:
        return _letters_page(round_id, 422, voiding=letter_id, typed=reason, problem_of=error.reasons[0])
    except NotEditableError as error:
        return _letters_page(round_id, 409, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("province.letters", round_id=round_id, _anchor=f"letter-{letter_id}"))


@province.get("/submissions/<submission_id>/decision.pdf")
@policy(Action.SEE_DECISION)
def decision(submission_id: str) -> Response:
    """The letter in force about a submission, for its own organisation; 404 before it is issued."""
    query = (
        select(DecisionLetter)
        .join(Designation, Designation.id == DecisionLetter.designation_id)
        .where(Designation.submission_id == g.submission.id, DecisionLetter.void_at.is_(None))
        .order_by(DecisionLetter.id.desc())
    )
    row = db.session().scalars(query.limit(1)).first() or abort(404)
    return download(letter_pdf(row), name=letter_name(row), media_type=PDF)
