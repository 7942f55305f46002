"""Which files are taken as evidence: by ending and by content, both (U01), and how their names are kept (U05).

What an upload declares itself to be is never asked. Here only the first bytes are looked at; what
stands further inside a file is the concern of ``documents.archives``.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from ..words import N_, Reason

_OOXML = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOC, XLS = "application/msword", "application/vnd.ms-excel"

# ending: (media type, what the content begins with)
KINDS: dict[str, tuple[str, bytes]] = {
    ".pdf": (PDF, b"%PDF-"),
    ".png": (PNG, b"\x89PNG\r\n\x1a\n"),
    ".jpg": (JPEG, b"\xff\xd8\xff"),
    ".jpeg": (JPEG, b"\xff\xd8\xff"),
    ".docx": (DOCX, _OOXML),
    ".xlsx": (XLSX, _OOXML),
    ".doc": (DOC, _OLE),
    ".xls": (XLS, _OLE),
}
SHOWN_INLINE = frozenset({PDF, PNG, JPEG})
ACCEPT = ",".join(KINDS)

_LONGEST, _MOST_BYTES, _LONGEST_ENDING = 200, 255, 20
_JOINER = "\u200d"
# Without a width although they are letters or marks, or standing for no character at all.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u2065\u3164\uffa0\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff\U000e0080-\U000e00ff]"
)
_BEFORE = re.compile(r"^(?:[\s.\u200d]|[A-Za-z]:)+")  # blanks, dots, and a drive of Windows
_BEHIND = re.compile(r"[\s.\u200d]+$")
# Windows takes these for devices, whatever ending follows.
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])[\s]*(?:\.|:|$)", re.I)


def clean_name(name: str) -> str:
    """The file's own name, kept as data and never used as a path (U05); empty if nothing of it is left.

    Taken away are folders and drives, control, bidi and zero-width characters (which could show another
    ending than there is, D08, or break a line of a log, I06), and blanks and dots at both ends. A joiner
    stays between two parts of an emoji. A name that Windows takes for a device gets a ``_`` before it.
    At most 200 characters and 255 bytes of UTF-8; the ending stays when the name is cut. What is clean
    is not changed again.
    """
    base = PurePosixPath(name.replace("\\", "/")).name
    shown = _joined("".join(c for c in base if c == _JOINER or not _is_dropped(c)))
    short = _shortened(_BEHIND.sub("", _BEFORE.sub("", shown)))
    return f"_{short}" if _DEVICE.match(short) else short


def _is_dropped(c: str) -> bool:
    """Unassigned characters stay: new rare ideographs and emoji are such to an older Python."""
    return unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or _INVISIBLE.match(c) is not None


def _joined(text: str) -> str:
    """The text with joiners only where they join symbols."""
    kept = []
    for place, c in enumerate(text):
        if c == _JOINER:
            before, after = text[place - 1 : place], text[place + 1 : place + 2]
            if not (before == "\ufe0f" or _is_symbol(before)) or not _is_symbol(after):
                continue
        kept.append(c)
    return "".join(kept)


def _is_symbol(c: str) -> bool:
    return c != "" and unicodedata.category(c) in {"So", "Sk", "Sm", "Cn"}


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST and len(text.encode()) <= _MOST_BYTES:
        return text
    stem, dot, ending = text.rpartition(".")
    if not dot or len(ending) > _LONGEST_ENDING:
        stem, dot, ending = text, "", ""
    stem = stem[: _LONGEST - len(dot + ending)]
    cut = stem.encode()[: _MOST_BYTES - len((dot + ending).encode())].decode(errors="ignore")
    return f"{_BEHIND.sub('', cut)}{dot}{ending}"


def media_type(name: str, beginning: bytes) -> str | Reason:
    """The media type of a file by its name's ending and its first bytes; a Reason when it is not taken.

    ``name`` as ``clean_name`` gave it, ``beginning`` at least 16 bytes of a file that has so many. Only
    the last ending counts, in either case: ``.PDF`` is taken, ``.pdf.exe`` never.
    """
    ending = PurePosixPath(name).suffix.lower()
    listed = {"kinds": " ".join(kind.lstrip(".") for kind in KINDS)}
    if ending not in KINDS:
        return Reason(N_("Files of this kind are not taken; these are: %(kinds)s."), "file", "U01", listed)
    if not beginning:
        return Reason(N_("The file is empty."), "file", "U02")
    kind, signature = KINDS[ending]
    if beginning.startswith(signature):
        return kind
    text = N_("The content of the file does not fit its name; these kinds are taken: %(kinds)s.")
    if signature == _OOXML and beginning.startswith(_OLE):  # Word and Excel wrap a locked file in the old format
        text = N_(
            "This is an old .doc or .xls file, or one with a password: save it without one "
            "under its right name; these kinds are taken: %(kinds)s."
        )
    return Reason(text, "file", "U01", listed)
