"""What differs between two states of a form: fields with their figures and texts, remarks, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Literal

from ...evaluation import comparison, computed, remarks
from ...evaluation.text_diff import Piece, inline_diff
from ...programmes.schema import Field, FieldType, Programme
from ...words import Label

ChangeKind = Literal["figure", "text", "plain"]
FileKind = Literal["added", "removed", "replaced", "pages"]
_PROSE = frozenset({FieldType.TEXT, FieldType.TEXTAREA})


@dataclass(frozen=True, slots=True)
class Change:
    """A field whose value differs: what stood and what stands, as canonical answers ("" is no answer, "0" is one).

    Of a figure, ``difference`` is the new less the old, exact and with its sign, in the field's unit (of a share in
    points), "" where one of both is wanting; ``percent`` is that in per cent of the old figure to one place, None
    where the old is 0 or the figure is a share or itself a change. Of a text, ``pieces`` is the inline diff.
    """

    field: Field
    old: str
    new: str
    kind: ChangeKind
    difference: str = ""
    percent: Decimal | None = None
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class FileFacts:
    """An attachment as a revision keeps it; ``size`` in bytes, ``pages`` by the indicator that it proves."""

    name: str
    sha256: str
    size: int
    public_id: str
    pages: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """Enough of the content's digest to tell equal names apart."""
        return self.sha256[:8]


@dataclass(frozen=True, slots=True)
class FileChange:
    """An attachment that came (``old`` is None), went (``new`` is None), or took another's place.

    ``pages``: the same file, of which something else is said that it proves.
    """

    key: str
    label: Label
    kind: FileKind
    old: FileFacts | None
    new: FileFacts | None


def between_answers(
    programme: Programme, before: Mapping[str, str], after: Mapping[str, str], *, last: Mapping[str, str] | None = None
) -> list[Change]:
    """Each field whose value differs, computed ones too, in the form's order; a remark after the field it is about.

    Paired by the field's key alone: an answer of an older form stands beside the answer to the same question.
    """
    old, new = (computed.effective(programme, answers, last=last) for answers in (before, after))
    remarked: dict[str, list[Field]] = {}
    for key in sorted(key for key in old.keys() | new.keys() if remarks.is_remark(key)):
        if (remark := remarks.field_for(programme, key)) is not None:
            remarked.setdefault(key.rpartition(".")[2], []).append(remark)
    fields = (one for field in programme.fields for one in (field, *remarked.get(field.key, ())))
    return [
        _change(field, old.get(field.key, ""), new.get(field.key, ""))
        for field in fields
        if old.get(field.key, "") != new.get(field.key, "")
    ]


def _change(field: Field, old: str, new: str) -> Change:
    if field.is_number:
        share = field.type is FieldType.PERCENT
        percent = None if share else comparison.change(field, old, new)
        return Change(field, old, new, "figure", difference=_difference(field, old, new), percent=percent)
    if field.type in _PROSE:
        return Change(field, old, new, "text", pieces=tuple(inline_diff(old, new)))
    return Change(field, old, new, "plain")


def _difference(field: Field, old: str, new: str) -> str:
    was, value = computed.as_value(field, old), computed.as_value(field, new)
    if not isinstance(was, Decimal) or not isinstance(value, Decimal):
        return ""
    with localcontext(computed.EXACT):
        return format(value - was, "+f")


def between_files(
    programme: Programme, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[FileChange]:
    """Attachments added, removed and replaced, in the form's order; the digest tells equal names apart.

    At one place a file takes the place of one of the same name, or of the only other one that went.
    """
    labels = {field.key: field.title for field in programme.fields}
    old, new = _by_place(before), _by_place(after)
    places = [key for key in labels if key in old or key in new]
    places += sorted((old.keys() | new.keys()) - labels.keys())
    return [
        FileChange(key, labels.get(key, Label(key, key)), kind, gone, come)
        for key in places
        for kind, gone, come in _at_one_place(old.get(key, []), new.get(key, []))
    ]


def _by_place(files: Iterable[Mapping[str, Any]]) -> dict[str, list[FileFacts]]:
    found: dict[str, list[FileFacts]] = {}
    for file in files:
        pages = tuple(sorted((str(order), str(text)) for order, text in file.get("proves", {}).items()))
        facts = FileFacts(
            str(file["name"]), str(file["sha256"]), int(file.get("size", 0)), str(file.get("public_id", "")), pages
        )
        found.setdefault(str(file["field"]), []).append(facts)
    return found


def _at_one_place(
    before: Sequence[FileFacts], after: Sequence[FileFacts]
) -> list[tuple[FileKind, FileFacts | None, FileFacts | None]]:
    gone, come = list(before), list(after)
    _paired(gone, come, by=("name", "sha256", "pages"))
    found: list[tuple[FileKind, FileFacts | None, FileFacts | None]] = []
    found += [("pages", old, new) for old, new in _paired(gone, come, by=("name", "sha256"))]
    found += [("replaced", old, new) for old, new in _paired(gone, come, by=("name",))]
    if len(gone) == len(come) == 1:
        found += [("replaced", old, new) for old, new in _paired(gone, come, by=())]
    found += [("removed", old, None) for old in gone]
    found += [("added", None, new) for new in come]
    return found


def _paired(gone: list[FileFacts], come: list[FileFacts], *, by: tuple[str, ...]) -> list[tuple[FileFacts, FileFacts]]:
    """Take out of both lists what is alike in these facts, one for one, in order."""
    waiting: dict[tuple[Any, ...], list[FileFacts]] = {}
    for old in gone:
        waiting.setdefault(tuple(getattr(old, name) for name in by), []).append(old)
    pairs, unmatched = [], []
    for new in come:
        alike = waiting.get(tuple(getattr(new, name) for name in by))
        if alike:
            pairs.append((alike.pop(0), new))
        else:
            unmatched.append(new)
    gone[:], come[:] = [old for rest in waiting.values() for old in rest], unmatched
    return pairs
