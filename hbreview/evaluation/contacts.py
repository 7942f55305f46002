"""How to reach the people of a form: the fields that say it, and answers without them, for who scores blind (P02)."""

from __future__ import annotations

from collections.abc import Mapping

from ..programmes.schema import FieldType, Programme

# Stands where something was filled in, so that nobody takes it for missing.
HIDDEN = "***"


def contacts(programme: Programme) -> frozenset[str]:
    """Fields that say how to reach somebody, and those beside a telephone that say who it is."""
    reach = [one.key for one in programme.fields if one.type in {FieldType.PHONE, FieldType.EMAIL}]
    whose = tuple(key.rpartition("_")[0] for key in reach if "_" in key)
    persons = [
        one.key for one in programme.fields if one.key in whose or one.key.startswith(tuple(w + "_" for w in whose))
    ]
    return frozenset([*reach, *persons])


def without_contacts(programme: Programme, answers: Mapping[str, str]) -> dict[str, str]:
    """The answers, and remarks on them, with ``HIDDEN`` for each that says how to reach somebody."""
    hidden = contacts(programme)
    return {key: HIDDEN if value and key.rpartition(".")[2] in hidden else value for key, value in answers.items()}
