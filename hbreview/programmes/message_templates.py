"""Message templates as data: read strictly; their placeholders are names of facts, replaced and never evaluated."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..words import Label
from .reading import ProgrammeError, Table

FILE = Path(__file__).resolve().parent / "messages.toml"
# What a placeholder may name; anything else that begins like one is refused.
KNOWN = (
    "round", "year", "deadline", "enterprise_deadline", "city_deadline", "audit_deadline", "score_deadline",
)  # fmt: skip
_PLACEHOLDER = re.compile(r"%\((?P<name>[^()%\s]{0,40})\)s")
_BEGUN = re.compile(r"%\([^)\n]{0,40}\)?.?")


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A message to begin from: for which group it is meant, what it is called, and its two texts."""

    key: str
    group: str
    name: Label
    subject: Label
    body: Label


@lru_cache(maxsize=1)
def message_templates() -> tuple[MessageTemplate, ...]:
    """The shipped templates in their order; ProgrammeError for a file that does not hold together."""
    return read_templates(FILE.read_text(encoding="utf-8"))


def read_templates(text: str) -> tuple[MessageTemplate, ...]:
    """Templates out of TOML; ProgrammeError names what is wrong, an unknown placeholder too."""
    try:
        root = Table(tomllib.loads(text), FILE.name)
    except tomllib.TOMLDecodeError as error:
        raise ProgrammeError(f"{FILE.name}: {error}") from error
    found = tuple(_template(table) for table in root.tables("message"))
    root.finish()
    for one in found:
        for label in (one.subject, one.body):
            if unknown := [*unknown_placeholders(label.zh), *unknown_placeholders(label.en)]:
                raise ProgrammeError(f"{FILE.name}: {one.key} names {unknown[0]}")
    return found


def _template(table: Table) -> MessageTemplate:
    body = table.label("body")
    template = MessageTemplate(
        key=table.text("key"),
        group=table.text("group"),
        name=table.label("name"),
        subject=table.label("subject"),
        body=Label(body.zh.strip(), body.en.strip()),
    )
    table.finish()
    return template


def unknown_placeholders(text: str) -> list[str]:
    """What begins like a placeholder and is none of the known ones, as it stands in the text."""
    rest = _PLACEHOLDER.sub(lambda found: "" if found["name"] in KNOWN else found[0], text)
    return _BEGUN.findall(rest)


def placeholders(text: str) -> list[str]:
    """The known names that a text uses, in their order."""
    return [name for name in _PLACEHOLDER.findall(text) if name in KNOWN]


def filled(text: str, facts: Mapping[str, str]) -> str:
    """The text with its known placeholders replaced, once: what a fact holds is not read again."""
    return _PLACEHOLDER.sub(lambda found: facts.get(found["name"], found[0]), text)
