"""Everything of a submission as one ZIP: readable names that every system can unpack, and a manifest with digests."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO

_IN_MEMORY = 8 * 1024 * 1024
# In bytes of UTF-8: no file system takes more than 255.
_LONGEST = 220
_LONGEST_ENDING = 10
# What Windows takes in no file name.
_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"/\\|?*', "_"))
_RESERVED = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{name}{n}" for name in ("COM", "LPT") for n in range(1, 10))})
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Member:
    """One file: the folders that it lies in, its own name and its content; None where it could not be read."""

    folders: tuple[str, ...]
    name: str
    content: bytes | None


def bundle(members: Iterable[Member], *, facts: Mapping[str, object]) -> IO[bytes]:
    """The ZIP, at its beginning. Members are taken one by one, so that they never are in memory together.

    A name that occurs twice gets a number. A member without content is left out and named in the manifest.
    """
    out = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - handed over open to the caller
    taken: set[str] = {MANIFEST}
    lines: list[dict[str, object]] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for member in members:
            path = _free("/".join(safe_name(part) for part in (*member.folders, member.name)), taken)
            if member.content is None:
                lines.append({"path": path, "missing": True})
                continue
            packed.writestr(_entry(path), member.content)
            digest = hashlib.sha256(member.content).hexdigest()
            lines.append({"path": path, "size": len(member.content), "sha256": digest})
        text = json.dumps({**facts, "files": lines}, ensure_ascii=False, indent=2)
        packed.writestr(_entry(MANIFEST), text.encode("utf-8"))
    out.seek(0)
    return out


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path)  # with the format's own first day as its date: the papers name theirs
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def safe_name(text: str) -> str:
    """A name for a file or folder that every system can make; the ending is kept."""
    shown = "".join(c for c in text if c.isprintable()).translate(_FORBIDDEN).strip(" .") or "_"
    stem, dot, ending = shown.rpartition(".")
    if not dot or len(ending.encode()) > _LONGEST_ENDING:
        stem, dot, ending = shown, "", ""
    shown = f"{_cut(stem)}{dot}{ending}"
    return f"_{shown}" if shown.split(".")[0].rstrip().upper() in _RESERVED else shown


def _cut(stem: str) -> str:
    """So many characters as fit: file systems count bytes, and a number may still come behind."""
    cut = stem.encode()[:_LONGEST].decode(errors="ignore")
    return cut.rstrip(" .") or "_"


def _free(path: str, taken: set[str]) -> str:
    """The path, or the first numbered one that nothing has yet; Windows sees no difference of case."""
    stem, dot, ending = path.rpartition(".")
    if not dot or "/" in ending:
        stem, dot, ending = path, "", ""
    candidate, number = path, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{stem} ({number}){dot}{ending}"
    taken.add(candidate.casefold())
    return candidate
