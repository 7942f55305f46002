"""What is wrong with a programme file, as reasons in the reader's language; the place in the file stays technical."""

from __future__ import annotations

import re

from ..words import N_, Reason
from .reading import ProgrammeError

# What a file is called while it is read; it says nothing to people and is left out of their sentences.
SOURCE = "programme"
_LONGEST = 300

_WORDS: tuple[tuple[str, str], ...] = (
    (r"is missing", N_("%(place)s is missing.")),
    (r"is not known", N_("%(place)s is not known: is it misspelt?")),
    (r"stands twice", N_("%(place)s stands twice.")),
    (r"unknown (?:name|field) '?(?P<name>.+?)'?", N_("%(place)s: there is no field “%(name)s”.")),
    (r"unknown indicator '?(?P<name>.+?)'?", N_("%(place)s: there is no indicator “%(name)s”.")),
    (r"unknown section '?(?P<name>.+?)'?", N_("%(place)s: there is no section “%(name)s”.")),
    (r"unknown (?:row|column) '?(?P<name>.+?)'?", N_("%(place)s: the table of categories has no “%(name)s”.")),
    (r"unknown figure '?(?P<name>.+?)'?", N_("%(place)s: there is no figure “%(name)s” of the audit.")),
    (r"the weights sum to (?P<sum>\S+), not 100", N_("The weights sum to %(sum)s, not 100.")),
    (r"formulas go in a circle: (?P<name>.+)", N_("The formulas go in a circle: %(name)s")),
    (r"is not a number: (?P<given>.+)", N_("%(place)s is not a number: %(given)s")),
    (r"is none of (?P<known>.+): (?P<given>.+)", N_("%(place)s is %(given)s, and must be one of: %(known)s")),
    (r"is more than the maximum (?P<most>.+)", N_("%(place)s is more than the maximum %(most)s.")),
    (r"is not from 0 to 1: (?P<given>.+)", N_("%(place)s must be from 0 to 1, not %(given)s.")),
    (r"must be a text, not (?P<given>.+)", N_("%(place)s must be a text, not %(given)s.")),
    (r"must be a whole number, not (?P<given>.+)", N_("%(place)s must be a whole number, not %(given)s.")),
    (
        r"must be a decimal written as a string, not (?P<given>.+)",
        N_("%(place)s must be a figure in quotation marks, not %(given)s."),
    ),
    (r"cannot be read: (?P<given>.+)", N_("%(place)s is no formula: %(given)s")),
    (r"not of the language: (?P<given>.+)", N_("%(place)s has something that no formula may have: %(given)s")),
    (r"is too long", N_("%(place)s is too long.")),
    (
        r"the field '(?P<name>.+)' has no place",
        N_("The field “%(name)s” has no place in the printed form: add it to the layout, or make it supplementary."),
    ),
    (r"the field '(?P<name>.+)' stands twice", N_("%(place)s: the field “%(name)s” stands twice.")),
    (
        r"the supplementary field '(?P<name>.+)' has its place below the form",
        N_("%(place)s: the field “%(name)s” is supplementary and stands below the printed form by itself."),
    ),
    (
        r"the field '(?P<name>.+)' is of section (?P<section>\d+)",
        N_("%(place)s: the field “%(name)s” is of section %(section)s."),
    ),
)
_PATTERNS = tuple((re.compile(pattern, re.S), message) for pattern, message in _WORDS)
_AT_LINE = re.compile(r"(?P<fault>.+) \(at line (?P<line>\d+), column (?P<column>\d+)\)", re.S)
_PLACED = re.compile(rf"{SOURCE}(?:\.(?P<place>(?:[^:(]|\([^)]*\))+))?: (?P<fault>.*)", re.S)


def reasons_of(error: ProgrammeError) -> list[Reason]:
    """Each fault of a file as a reason beside the input of the file."""
    return [_reason(fault) for fault in dict.fromkeys(map(str, error.args))]


def not_toml(fault: str) -> Reason:
    """That a text is not TOML at all, with the line where the reader knows it."""
    if found := _AT_LINE.fullmatch(fault):
        return Reason(
            N_("This is no valid TOML file: line %(line)s, column %(column)s: %(fault)s"),
            "file",
            values={name: _short(text) for name, text in found.groupdict().items()},
        )
    return Reason(N_("This is no valid TOML file: %(fault)s"), "file", values={"fault": _short(fault)})


def _reason(fault: str) -> Reason:
    placed = _PLACED.fullmatch(fault)
    place, said = (placed["place"] or "", placed["fault"]) if placed else ("", fault)
    for pattern, message in _PATTERNS:
        if found := pattern.fullmatch(said):
            values = {"place": place, **found.groupdict()}
            return Reason(message, "file", values={name: _short(text) for name, text in values.items()})
    return Reason(N_("%(place)s: %(fault)s"), "file", values={"place": _short(place), "fault": _short(said)})


def _short(text: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
