"""A decision letter as a paper, from the facts that were kept when it was issued."""

from __future__ import annotations

from datetime import date

from flask import current_app, url_for

from ... import clock
from ...acts.issuing_letters import grouped_code
from ...documents.decision_letter import DecisionFacts, decision_pdf
from ...model import DecisionLetter
from ...words import Outcome


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def letter_pdf(letter: DecisionLetter) -> bytes:
    """The letter; a void one is marked so."""
    settings, facts = current_app.config["SETTINGS"], letter.facts
    address = settings.public_url.rstrip("/") + url_for("public.letter", code=letter.code)
    return decision_pdf(
        DecisionFacts(
            number=facts["number"],
            organisation=facts["organisation"],
            site=facts["site"],
            programme=facts["programme"],
            national=facts["national"],
            year=facts["year"],
            outcome=Outcome(facts["outcome"]),
            reason=facts["reason"],
            decided_on=date.fromisoformat(facts["decided_on"]),
            valid_until=_day(facts["valid_until"]),
            rectify_until=_day(facts["rectify_until"]),
            code=grouped_code(letter.code),
            address=address,
            void_on=clock.day_of(letter.void_at) if letter.void_at else None,
            void_reason=letter.void_reason,
        ),
        fonts=settings.fonts,
    )


def letter_name(letter: DecisionLetter) -> str:
    """How its file is called."""
    facts = letter.facts
    void = "（作废）" if letter.void_at else ""
    return f"{letter.number:03d} {facts['organisation']}评价结果通知书{void}.pdf"
