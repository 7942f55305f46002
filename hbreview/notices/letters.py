"""What a letter says: subject, plain text and HTML in the reader's language, made without any request.

Whatever somebody typed is cut to one line and can neither add a header nor become a link (I07): a letter names the
organisation and the round, and sends its reader to the page for everything else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, render_template
from flask_babel import force_locale, gettext

from ..extensions import babel
from ..words import N_
from ..workflow.journal import one_line

REMINDER = "reminder"
CITY_REMINDER = "city_reminder"
EXPERT_REMINDER = "expert_reminder"
AUDITOR_REMINDER = "auditor_reminder"


@dataclass(frozen=True, slots=True)
class Wording:
    """The English source strings of one kind of notice: a title, and a sentence that says what to do.

    ``cases``: other sentences, by what the notice's data say of the case.
    """

    title: str
    sentence: str
    cases: Mapping[str, str] = field(default_factory=dict)


WORDINGS: Mapping[str, Wording] = {
    "submit": Wording(N_("A form was submitted"), N_("It waits for the city's review.")),
    "withdraw": Wording(N_("A form was withdrawn"), N_("The enterprise mends it; there is nothing to review for now.")),
    "approve": Wording(N_("The city approved the form"), N_("The form goes on to the special audit.")),
    "return": Wording(
        N_("The city returned the form"), N_("See the reason and the comments, mend it and submit it again.")
    ),
    "send_back": Wording(N_("A form was sent back to the city"), N_("See the reason and review it again.")),
    "audit": Wording(N_("The special audit was signed off"), N_("The form goes on to the experts.")),
    "reaudit": Wording(N_("A new audit was asked for"), N_("See the reason and audit the form again.")),
    "reply": Wording(N_("The enterprise replied to a comment"), N_("Read the reply beside the indicator.")),
    "assign_firm": Wording(N_("An audit was assigned to your firm"), N_("Its form and evidence are open to you.")),
    "assign_expert": Wording(N_("A form was assigned to you"), N_("Please score it, or declare an interest.")),
    "assign_reviewer": Wording(N_("A form was given to you to review"), N_("Your colleagues see that you have it.")),
    "mention": Wording(N_("A colleague named you in a comment"), N_("Read it beside the indicator.")),
    "flag": Wording(N_("A colleague flagged a form"), N_("See why on the form.")),
    "declare_interest": Wording(
        N_("A colleague declared an interest in an organisation"), N_("Somebody else has to review its form.")
    ),
    "extend": Wording(N_("You have longer to submit your form"), N_("The last day to submit it is now %(day)s.")),
    "remind": Wording(
        N_("Please remember: a form is not submitted"), N_("It is not submitted yet. Last day: %(day)s."),
        {
            "begin": N_("It was not begun yet. Last day: %(day)s."),
            "fill": N_("%(missing)s things are still missing in it. Last day: %(day)s."),
            "mend": N_("The city returned it: mend it and submit it again. Last day: %(day)s."),
            "send": N_("Everything is filled in: it only has to be submitted. Last day: %(day)s."),
        },
    ),
    "ask_sign_off": Wording(N_("A colleague asks for your signature"), N_("Read the form; sign it off or decline.")),
    "sign_off": Wording(N_("A colleague signed the form off"), N_("It can be submitted as it is.")),
    "decline_sign_off": Wording(N_("A colleague declined to sign the form off"), N_("See the reason on the form.")),
    "round_open": Wording(N_("A round was opened"), N_("Forms can be filled in and submitted.")),
    "round_reopen": Wording(N_("A round was reopened"), N_("Forms can be submitted again until the deadline.")),
    "round_publicise": Wording(N_("The outcomes of a round are in publicity"), N_("Objections are taken meanwhile.")),
    "round_finalise": Wording(N_("A round was finalised"), N_("The roster of designations is in force.")),
    "object": Wording(
        N_("Somebody objected to the publicised outcomes"),
        N_("Read it and answer in writing before the round is finalised."),
    ),
    "issue_letter": Wording(N_("Your decision letter was issued"), N_("It stands on the page of your form.")),
    "void_letter": Wording(N_("Your decision letter is void"), N_("Ask the province for the new one.")),
    "reopen_sheet": Wording(
        N_("Your score sheet was reopened"), N_("See the reason, change what has to be changed and hand it in again.")
    ),
    "announce": Wording(
        N_("A message from the provincial team"), N_("Subject: %(subject)s\n%(body)s")
    ),
    REMINDER: Wording(
        N_("The deadline is near: a form is not submitted"), N_("The last day to submit it is %(deadline)s.")
    ),
    CITY_REMINDER: Wording(
        N_("The deadline is near: forms wait for your review"),
        N_("%(count)s forms wait. The last day to review them is %(deadline)s."),
    ),
    EXPERT_REMINDER: Wording(
        N_("The deadline is near: score sheets are not handed in"),
        N_("%(count)s score sheets are open. The last day to hand them in is %(deadline)s."),
    ),
    AUDITOR_REMINDER: Wording(
        N_("The deadline is near: audits are not signed off"),
        N_("%(count)s audits of your firm are open. The last day to sign them off is %(deadline)s."),
    ),
}  # fmt: skip
_FACTS = ("case", "missing", "day", "deadline", "count")
# What the province wrote to a group; shown in its lines, and as harmless as anything else that was typed.
_WRITTEN = ("subject", "body")
_UNKNOWN = dict.fromkeys((*_FACTS, *_WRITTEN), "—")
_LINKING = re.compile(r"(?<=\w)([.:@])(?=[\w/])")
_JOINER = "\u2060"  # of no width: keeps "a.b" on one line and from being taken for an address


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to be written: what it is about, to whom, in which language. ``key`` is the same at each try."""

    key: str
    kind: str
    data: Mapping[str, Any]
    address: str
    name: str
    language: str


def harmless(text: str) -> str:
    """A typed text in one line, that no reader of mail makes a link or an address of."""
    return _LINKING.sub(rf"\1{_JOINER}", one_line(text))


def _harmless_lines(text: str) -> str:
    """A written text with its lines, nothing in them a link or an address for a reader of mail; twice is as once."""
    plain = text.replace(_JOINER, "").replace("\t", " ")
    lines = ["".join(c for c in line if c.isprintable()) for line in plain.split("\n")]
    return "\n".join(_LINKING.sub(rf"\1{_JOINER}", line) for line in lines)


def message_id(key: str, public_url: str) -> str:
    """The letter's own number, made of its key: a letter that was sent twice is recognised by it."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{urlsplit(public_url).hostname}>"


def write(app: Flask, letter: Letter, *, at: datetime) -> EmailMessage:
    """The letter as a message, ready to be sent. ValueError when the address cannot stand in a header."""
    settings = app.config["SETTINGS"]
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = _address(settings.mail_from), _address(letter.address)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(letter.key, settings.public_url)
    message["Auto-Submitted"] = "auto-generated"
    # A context of its own: the language and what is kept for it end with this letter.
    with app.app_context(), force_locale(_locale(letter.language)):
        said = _said(letter)
        about = said["organisation"] or said["subject"]
        message["Subject"] = f"{said['title']}: {about}" if about else said["title"]
        context = {**said, "link": _link(app, letter.data), "account": address_of(app, "account.own")}
        message.set_content(render_template("notices/letter.txt", **context), cte="base64")
        html = render_template("notices/letter.html", html_language=_html_language(letter.language), **context)
        message.add_alternative(html, subtype="html", cte="base64")
    return message


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:  # the parser is not of one mind about how to refuse
        raise ValueError("this is no address for a letter") from error


def facts_of(data: Mapping[str, Any]) -> dict[str, str]:
    """What a notice's sentence may need of its data: days, numbers and the case; of what was written, only messages."""
    written = {name: _harmless_lines(str(data[name])) for name in _WRITTEN if data.keys() >= set(_WRITTEN)}
    return {name: harmless(str(data[name])) for name in _FACTS if name in data} | written


def sentence_of(kind: str, data: Mapping[str, Any]) -> str:
    """What is to be done, in the language of now, with the figures of this notice in it."""
    wording = WORDINGS[kind]
    text = wording.cases.get(str(data.get("case", "")), wording.sentence)
    return str(gettext(text, **(_UNKNOWN | facts_of(data))))


def _said(letter: Letter) -> dict[str, str]:
    given = {name: harmless(str(value)) for name, value in letter.data.items()}
    return {
        "title": str(gettext(WORDINGS[letter.kind].title)),
        "sentence": sentence_of(letter.kind, letter.data),
        "name": harmless(letter.name),
        "organisation": given.get("organisation", ""),
        "subject": " ".join(facts_of(letter.data).get("subject", "").split("\n")),
        "round_title": given.get("round", ""),
    }


def _locale(language: str) -> str:
    """The catalogue of a language: the one that is there for it, else the source strings."""
    return next((str(known) for known in babel.list_translations() if known.language == language), language)


def _html_language(language: str) -> str:
    return "zh-CN" if language == "zh" else language


def _link(app: Flask, data: Mapping[str, Any]) -> str:
    if data.get("submission"):
        return address_of(app, "counter.submission", submission_id=str(data["submission"]))
    return address_of(app, "counter.home")


def address_of(app: Flask, endpoint: str, **values: str) -> str:
    """An address of ours for whoever reads it elsewhere: from the configured public address, no request asked."""
    public = urlsplit(app.config["SETTINGS"].public_url)
    adapter = app.url_map.bind(public.netloc, script_name=public.path or "/", url_scheme=public.scheme)
    return adapter.build(endpoint, values, force_external=True)
