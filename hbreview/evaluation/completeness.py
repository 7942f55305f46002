"""What a form still lacks (RULES.md K1 to K5, K8: a ``no`` is an answer like any other)."""

from __future__ import annotations

from collections.abc import Mapping

from ..programmes.expression import compile_expression
from ..programmes.schema import Field, FieldType, Programme
from ..words import N_, Reason
from . import computed
from .computed import Source

_SETTLED = frozenset({Source.COMPUTED, Source.TYPED, Source.UNDEFINED})


def is_required(field: Field, answers: Mapping[str, str]) -> bool:
    """K1: whether the field must be filled, given the other answers."""
    rule = field.required
    if rule.kind == "when":
        other = answers.get(rule.other, "")
        return other == rule.equals if rule.equals else bool(other)
    return rule.kind == "always"


def _is_filled(
    field: Field, answers: Mapping[str, str], attachments: Mapping[str, int], *, sources: Mapping[str, Source]
) -> bool:
    if field.type is FieldType.ATTACHMENT:
        return attachments.get(field.key, 0) > 0
    if field.derived:
        return sources[field.key] in _SETTLED
    if answers.get(field.key, "") != "":  # K5: 0 is a value, empty is not
        return True
    return field.attachable and attachments.get(field.key, 0) > 0


def missing(
    programme: Programme,
    answers: Mapping[str, str],
    attachments: Mapping[str, int],
    *,
    last: Mapping[str, str] | None = None,
) -> list[Reason]:
    """One reason for each required field of the enterprise that is empty, in the form's order.

    ``attachments`` counts the live files of each field; ``last`` are the answers of the round before, from
    which some values can be computed.
    """
    sources = computed.sources(programme, answers, last=last)
    found: dict[str, Reason] = {}
    for field in programme.enterprise_fields:
        if is_required(field, answers) and not _is_filled(field, answers, attachments, sources=sources):
            wanted = _asked_for(programme, field, answers, sources=sources)
            found.setdefault(wanted.key, _lacking(field, wanted, sources=sources))
    return list(found.values())


def _asked_for(
    programme: Programme, field: Field, answers: Mapping[str, str], *, sources: Mapping[str, Source]
) -> Field:
    """The field to fill in: of a computed one the first figure that its formula still needs."""
    if field.derived and sources[field.key] is Source.NEEDS_TYPING:
        for name in sorted(compile_expression(field.formula).names):
            needed = programme.field(name)
            if needed.supplementary and not answers.get(name):
                return needed
    return field


def _lacking(field: Field, wanted: Field, *, sources: Mapping[str, Source]) -> Reason:
    if wanted is not field:
        text = N_("“%(field)s” is not filled in: “%(computed)s” is computed from it.")
        return Reason(text, wanted.key, "K1", {"field": wanted.title, "computed": field.title})
    return Reason(_text_for(field, sources), field.key, _rule_for(field), {"field": field.title})


def _text_for(field: Field, sources: Mapping[str, Source]) -> str:
    if field.type is FieldType.ATTACHMENT:
        return N_("“%(field)s”: please attach the scan.")
    if field.attachable:
        return N_("“%(field)s”: please write a text or attach a file.")
    if field.derived and sources[field.key] is Source.INCOMPLETE:
        return N_("“%(field)s” is computed as soon as the figures that it needs are filled in.")
    return N_("“%(field)s” is not filled in.")


def _rule_for(field: Field) -> str:
    if field.type is FieldType.ATTACHMENT:
        return "K4"
    if field.attachable:
        return "K2"
    return "K5" if field.matrix_row else "K1"


def progress(
    programme: Programme,
    answers: Mapping[str, str],
    attachments: Mapping[str, int],
    *,
    last: Mapping[str, str] | None = None,
) -> dict[int, tuple[int, int]]:
    """For each section, how many of its required fields are filled, and how many there are."""
    sources = computed.sources(programme, answers, last=last)
    counts: dict[int, tuple[int, int]] = {}
    for field in programme.enterprise_fields:
        done, needed = counts.get(field.section, (0, 0))
        if is_required(field, answers):
            filled = _is_filled(field, answers, attachments, sources=sources)
            counts[field.section] = (done + filled, needed + 1)
        else:
            counts[field.section] = (done, needed)
    return counts


def notes(programme: Programme, attachments: Mapping[str, int]) -> list[Reason]:
    """K3: a fee standard or table should be attached; said, not demanded."""
    if programme.has_field("fee_reasonableness") and not attachments.get("fee_reasonableness"):
        text = N_("Please attach the fee standard or table.")
        return [Reason(text, "fee_reasonableness", "K3")]
    return []
