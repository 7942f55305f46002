"""What a person sets for himself: where letters go, and in which language."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.values import parse
from ..model import Person
from ..programmes.schema import Field, FieldType
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason
from ..workflow import journal
from ..workflow.errors import ForbiddenError, InvalidError
from ..workflow.journal import Deed, Origin

LANGUAGES = ("zh", "en")
_EMAIL = Field("email", Label("电子邮箱", "E-mail"), 0, FieldType.EMAIL, max_length=254)


@dataclass(frozen=True, slots=True)
class Contact:
    """An address for letters ("": none are sent) and their language ("zh" or "en")."""

    email: str = ""
    language: str = "zh"


def contact_of(session: Session, *, origin: Origin) -> Contact:
    """What whoever asks has set."""
    person = session.get(Person, origin.actor.person_id) if origin.actor else None
    return Contact(person.email, person.language) if person else Contact()


def address_from(text: str) -> str | Reason:
    """The address as it is kept, or why it will not do: the form's own rule for e-mail, in ASCII.

    A mail server that takes other letters in an address is still rare, and the letter would only fail later.
    """
    found = parse(_EMAIL, text)
    if isinstance(found, str) and not found.isascii():
        return Reason(N_("This is not an e-mail address."), "email")
    return found


def change_contact(contact: Contact, *, origin: Origin) -> Receipt:
    """Keep where letters to whoever asks go; InvalidError beside the field.

    The journal keeps that it changed, not the address: an entry can never be taken back, an address can.
    """
    address = address_from(contact.email)
    if isinstance(address, Reason):
        raise InvalidError([address])
    if contact.language not in LANGUAGES:
        raise InvalidError([Reason(N_("Please choose one of the list."), "language")])
    kept = Contact(address, contact.language)
    return carry_out(lambda session: _change(session, kept, origin=origin), origin=origin)


def _change(session: Session, contact: Contact, *, origin: Origin) -> Receipt:
    person = session.get(Person, origin.actor.person_id if origin.actor else 0, with_for_update={"key_share": True})
    if person is None:
        raise ForbiddenError
    before = person.version
    person.email, person.language, person.version = contact.email, contact.language, before + 1
    deed = Deed(
        act="change_contact",
        target=person.public_id,
        versions=(before, before + 1),
        data={"letters": bool(contact.email), "language": contact.language},
    )
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(person.public_id, person.version)
