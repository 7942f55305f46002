"""Remarks on warnings: answers to the questions that checks ask, kept among the form's answers under keys of their own.

So a remark is saved, merged, frozen in a revision and told to the city like every other answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..programmes.schema import Field, FieldType, Programme
from ..words import Level
from . import doubts
from .checks import Finding

PREFIX = "remark."
LONGEST = 1000
_DOUBTS = frozenset({doubts.JUMP, doubts.UNIT, doubts.LIST})


def key_for(finding: Finding) -> str:
    """The key under which the remark on a finding is kept."""
    return PREFIX + finding.key


def is_remark(key: str) -> bool:
    """Whether a key is a remark's."""
    return key.startswith(PREFIX)


def field_for(programme: Programme, key: str) -> Field | None:
    """The field that a remark's key stands for; None when the programme asks no such question."""
    check_id, _dot, name = key.removeprefix(PREFIX).partition(".")
    known = {check.id for check in programme.checks} | _DOUBTS
    if not is_remark(key) or check_id not in known or not programme.has_field(name):
        return None
    about = programme.field(name)
    return Field(key=key, label=about.label, section=about.section, type=FieldType.TEXTAREA, max_length=LONGEST)


def figures_only(answers: Mapping[str, str]) -> dict[str, str]:
    """The form's own answers, without remarks."""
    return {key: value for key, value in answers.items() if not is_remark(key)}


def wanting(findings: Iterable[Finding], answers: Mapping[str, str]) -> list[Finding]:
    """The warnings that have no remark yet."""
    return [one for one in findings if one.level is Level.WARNING and not answers.get(key_for(one), "").strip()]
