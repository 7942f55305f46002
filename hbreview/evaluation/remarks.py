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
    if not is_remark(key) or not programme.has_field(name) or not _is_asked(programme, check_id, name):
        return None
    about = programme.field(name)
    return Field(key=key, label=about.label, section=about.section, type=FieldType.TEXTAREA, max_length=LONGEST)


def _is_asked(programme: Programme, check_id: str, name: str) -> bool:
    """Whether some finding of level warning may begin with this field: a doubt about a figure, or a check."""
    if check_id in _DOUBTS:
        return programme.field(name).is_number and programme.field(name).filled_by == "enterprise"
    return any(
        check.id == check_id and check.level is Level.WARNING and check.fields[:1] == (name,)
        for check in programme.checks
    )


def figures_only(answers: Mapping[str, str]) -> dict[str, str]:
    """The form's own answers, without remarks."""
    return {key: value for key, value in answers.items() if not is_remark(key)}


def wanting(findings: Iterable[Finding], answers: Mapping[str, str]) -> list[Finding]:
    """The warnings that have no remark yet."""
    return [one for one in findings if one.level is Level.WARNING and not answers.get(key_for(one), "").strip()]
