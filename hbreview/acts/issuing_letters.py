"""Decision letters: one numbered letter an organisation once a round is final, and making one void (S07)."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation import outcome
from ..model import DecisionLetter, Designation, Roster, Round
from ..transact import Receipt, carry_out
from ..words import N_, Outcome, Reason, RoundState
from ..workflow import journal
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError
from ..workflow.journal import Deed, Origin
from ..workflow.policy import Action, has_role_for
from . import deciding_titles, numbering
from .answering import NotEditableError
from .designating import NOT_SUBMITTED, PASSED
from .locked_rows import one_at_a_time
from .ruling import held_round

# Without letters and digits that are taken for each other when they are read from paper.
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 12
LONGEST_REASON = 1000
_SERIES = "decision-letters"
# 〔2019年度〕12号: the year with its sign, so that no code is taken for a number.
_NUMBER = re.compile(r"(?<![0-9])([0-9]{4})\s*年\s*度?\W*第?\s*([0-9]{1,6})\s*(?:号|$)")
_RULES_REASONS = frozenset({NOT_SUBMITTED, outcome.BELOW_MARK, outcome.TOO_FEW_SERVED})


def issue_letters(round_id: str, *, origin: Origin) -> Receipt:
    """Issue the letters that a final round still lacks, numbered in the roster's order; those that are there stay.

    The receipt's version is how many were issued now. NotEditableError before the round is final.
    """
    return carry_out(lambda session: _issue(session, round_id, origin), origin=origin)


def _issue(session: Session, round_id: str, origin: Origin) -> Receipt:
    if not has_role_for(origin.actor, Action.ISSUE_LETTERS) or origin.actor is None:
        raise ForbiddenError
    round_ = held_round(session, select(Round.id).where(Round.public_id == round_id))
    if round_.state is not RoundState.FINALISED:
        raise NotEditableError(N_("Letters are issued when the round is final."))
    one_at_a_time(session, deciding_titles.TITLES)  # no title is revoked between the look and the letter
    letters, now = [], clock.now()
    for line, roster in _without_letter(session, round_):
        number = numbering.next_number(session, series_of(round_))
        letter = DecisionLetter(
            designation_id=line.id, series=series_of(round_), number=number, code=new_code(), issued_at=now,
            facts=_facts(round_, roster, line, number=number), issued_by=origin.actor.person_id,
        )  # fmt: skip
        session.add(letter)
        letters.append((letter, line))
    session.flush()
    if letters:
        _note(session, round_, letters, origin=origin, at=now)
    return Receipt(round_.public_id, len(letters))


def _without_letter(session: Session, round_: Round) -> list[tuple[Designation, Roster]]:
    """The lines of the round's rosters that have no letter in force, platforms first.

    None for a line of which a later decision says otherwise: its letter would be of what holds no more (S07).
    """
    live = select(DecisionLetter.designation_id).where(DecisionLetter.void_at.is_(None))
    query = (
        select(Designation, Roster)
        .join(Roster, Roster.id == Designation.roster_id)
        .where(Roster.round_id == round_.id, Designation.id.not_in(live))
        .order_by(Roster.programme.desc(), Designation.position)
    )
    found = [(line, roster) for line, roster in session.execute(query)]
    rosters = {roster.id: roster for _line, roster in found}
    later = {key: deciding_titles.decisions_after(session, roster) for key, roster in rosters.items()}
    return [
        (line, roster)
        for line, roster in found
        if deciding_titles.is_valid(line, later[roster.id]) is (line.outcome is not Outcome.FAIL)
    ]


def _note(
    session: Session, round_: Round, letters: list[tuple[DecisionLetter, Designation]], *, origin: Origin, at: datetime
) -> None:
    """One entry for all, which a repeated request is known by, and one for each organisation's own timeline."""
    numbers = [letter.number for letter, _line in letters]
    data = {"count": len(letters), "first": numbers[0], "last": numbers[-1]}
    deed = Deed(act="issue_letters", target=round_.public_id, round_id=round_.id, versions=(0, len(letters)), data=data)
    journal.append(session, origin=origin, deed=deed, at=at)
    single = replace(origin, key=None, digest=None)
    for letter, line in letters:
        deed = Deed(
            act="issue_letter", target=letter.public_id, submission_id=line.submission_id, round_id=round_.id,
            data={"number": letter.number},
        )  # fmt: skip
        journal.append(session, origin=single, deed=deed, at=at)


def series_of(round_: Round) -> str:
    """The series of numbers: one for all rounds of a data year, so that a printed number names one letter."""
    return f"{_SERIES}/{round_.year}"


def new_code() -> str:
    """A code that nobody guesses: twelve signs out of thirty-one."""
    return "".join(secrets.choice(ALPHABET) for _sign in range(CODE_LENGTH))


def plain_code(text: str) -> str:
    """A code as it is kept, however somebody typed it from paper: small or full-width letters, blanks, dashes."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).upper() if sign in ALPHABET)


def grouped_code(code: str) -> str:
    """A code as it is printed: groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def _facts(round_: Round, roster: Roster, line: Designation, *, number: int) -> dict[str, Any]:
    """What the letter says, as it is now; days as ISO text. A title that failed or was deferred gets no new end."""
    passed = line.outcome in PASSED
    fixed = roster.fixed_at or clock.now()
    return {
        "number": printed_number(round_.year, number),
        "organisation": line.organisation_name,
        "site": line.site_name,
        "programme": roster.programme,
        "national": line.national,
        "year": round_.year,
        "round": round_.title,
        "outcome": (line.outcome or Outcome.DEFERRED).value,
        # Only the rules' own reasons: what the province wrote by hand is its own note.
        "reason": line.reason if line.reason in _RULES_REASONS else "",
        "rectify_until": line.rectify_until.isoformat() if passed and line.rectify_until else "",
        "decided_on": clock.day_of(fixed).isoformat(),
        "valid_until": roster.valid_until.isoformat() if passed and roster.valid_until else "",
    }


def printed_number(year: int, number: int) -> str:
    """The number as a letter bears it."""
    return f"冀中小企评价〔{year}年度〕{number}号"


def letter_found(session: Session, given: str) -> DecisionLetter | None:
    """The letter of a code, or of a number as it is printed, however somebody typed it; a number may go without 号.

    What a letter says was publicised before: its number may be asked for by anybody.
    """
    code = plain_code(given)
    found = session.scalar(select(DecisionLetter).where(DecisionLetter.code == code)) if code else None
    number = _NUMBER.search(unicodedata.normalize("NFKC", given))
    if found is not None or number is None:
        return found
    year, place = int(number[1]), int(number[2])
    series = f"{_SERIES}/{year}"
    return session.scalar(select(DecisionLetter).where(DecisionLetter.series == series, DecisionLetter.number == place))


def void_letter(letter_id: str, reason: str, *, origin: Origin) -> Receipt:
    """Make a letter void, with a reason; its row and number stay, and another may be issued afterwards (S07)."""
    return carry_out(lambda session: _void(session, letter_id, reason, origin=origin), origin=origin)


def _void(session: Session, letter_id: str, reason: str, *, origin: Origin) -> Receipt:
    if not has_role_for(origin.actor, Action.ISSUE_LETTERS):
        raise ForbiddenError
    query = select(DecisionLetter).where(DecisionLetter.public_id == letter_id)
    letter = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if letter is None:
        raise HiddenError
    plain = reason.replace("\r\n", "\n").replace("\0", "").strip()
    if letter.void_at is not None:
        raise NotEditableError(N_("This letter is void already."))
    if not plain:
        raise InvalidError([Reason(N_("Please give the reason."), "reason", "S07")])
    if len(plain) > LONGEST_REASON:
        most = {"count": str(LONGEST_REASON)}
        raise InvalidError([Reason(N_("At most %(count)s characters."), "reason", values=most)])
    letter.void_at, letter.void_reason = clock.now(), plain
    session.flush()
    line = session.get_one(Designation, letter.designation_id)
    round_id = session.scalar(select(Roster.round_id).where(Roster.id == line.roster_id))
    deed = Deed(
        act="void_letter", target=letter.public_id, submission_id=line.submission_id, round_id=round_id,
        data={"number": letter.number, "reason": plain},
    )  # fmt: skip
    journal.append(session, origin=origin, deed=deed, at=letter.void_at)
    return Receipt(letter.public_id)


def faults(session: Session) -> Iterator[str]:
    """What must hold of letters: numbers in a row, one in force a line at most, none before its round is final."""
    series: dict[str, list[int]] = {}
    live: set[int] = set()
    for letter in session.scalars(select(DecisionLetter).order_by(DecisionLetter.series, DecisionLetter.number)):
        series.setdefault(letter.series, []).append(letter.number)
        if letter.void_at is None and letter.designation_id in live:
            yield f"letter {letter.public_id}: its line has two letters in force"
        if letter.void_at is None:
            live.add(letter.designation_id)
        if (letter.void_at is None) != (letter.void_reason == ""):
            yield f"letter {letter.public_id} is half void"
    for name, numbers in series.items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"the letters of {name} are numbered {numbers}"
    early = (
        select(DecisionLetter.public_id)
        .join(Designation, Designation.id == DecisionLetter.designation_id)
        .join(Roster, Roster.id == Designation.roster_id)
        .where(Roster.fixed_at.is_(None))
    )
    yield from (f"letter {public_id} is of no decision in force" for public_id in session.scalars(early))
