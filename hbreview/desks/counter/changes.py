"""What differs between two states of a form: fields with their figures, remarks, files."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from ...evaluation import computed, remarks
from ...programmes.schema import Field, Programme

Change = tuple[Field, str, str]


def between_answers(
    programme: Programme, before: Mapping[str, str], after: Mapping[str, str], *, last: Mapping[str, str] | None = None
) -> list[Change]:
    """Each field whose value differs, computed ones too, then each remark: what stood and what stands."""
    old, new = (computed.effective(programme, answers, last=last) for answers in (before, after))
    keys = [field.key for field in programme.fields]
    keys += sorted(key for key in old.keys() | new.keys() if remarks.is_remark(key))
    found = []
    for key in keys:
        field = programme.field(key) if programme.has_field(key) else remarks.field_for(programme, key)
        if field is not None and old.get(key, "") != new.get(key, ""):
            found.append((field, old.get(key, ""), new.get(key, "")))
    return found


def between_files(
    programme: Programme, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Attachments added (+) and taken out (-), by place and name; the digest tells equal names apart."""
    old, new = (sorted(_line(programme, file) for file in files) for files in (before, after))
    return [line for line in difflib.ndiff(old, new) if line[:1] in "+-"]


def _line(programme: Programme, file: Mapping[str, Any]) -> str:
    key = str(file["field"])
    place = programme.field(key).label.zh if programme.has_field(key) else key
    pages = "".join(f" [{order}: {text}]" for order, text in sorted(file.get("proves", {}).items()))
    return f"{place}: {file['name']} ({str(file['sha256'])[:8]}){pages}"
