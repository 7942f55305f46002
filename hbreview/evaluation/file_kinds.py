"""Which files are taken as evidence: by ending and by content, both (U01)."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

from ..words import N_, Reason

_OOXML = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# ending: (media type, what the content begins with)
KINDS: dict[str, tuple[str, bytes]] = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _OOXML),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _OOXML),
    ".doc": ("application/msword", _OLE),
    ".xls": ("application/vnd.ms-excel", _OLE),
}
SHOWN_INLINE = frozenset({"application/pdf", "image/png", "image/jpeg"})
ACCEPT = ",".join(KINDS)
_LONGEST = 200


def clean_name(name: str) -> str:
    """The file's own name without folders and control characters; kept as data, never used as a path (U05)."""
    base = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(c for c in base if unicodedata.category(c)[0] != "C").strip(" .")
    stem, dot, ending = shown.rpartition(".")
    return f"{stem[: _LONGEST - len(ending)]}{dot}{ending[:20]}" if dot else shown[:_LONGEST]


def media_type(name: str, beginning: bytes) -> str | Reason:
    """The media type of a file by its name's ending and its first bytes; a Reason when it is not taken."""
    ending = PurePosixPath(name).suffix.lower()
    listed = {"kinds": " ".join(kind.lstrip(".") for kind in KINDS)}
    if ending not in KINDS:
        return Reason(N_("Files of this kind are not taken; these are: %(kinds)s."), "file", "U01", listed)
    if not beginning:
        return Reason(N_("The file is empty."), "file", "U02")
    kind, signature = KINDS[ending]
    if not beginning.startswith(signature):
        text = N_("The content of the file does not fit its name; these kinds are taken: %(kinds)s.")
        return Reason(text, "file", "U01", listed)
    return kind
