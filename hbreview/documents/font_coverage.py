"""Which signs a folder's fonts can draw, read from their own tables (OpenType specification, "cmap")."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

_ENDINGS = {".otf", ".ttf", ".ttc", ".otc"}
_SEGMENTS, _GROUPS = 4, 12  # the two formats of the table that fonts have
_MOST_PARTS = 1000


@lru_cache(maxsize=8)
def drawn_signs(folder: Path) -> frozenset[int]:
    """The code points that any font of the folder draws; a file that is no font adds none."""
    found: set[int] = set()
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS):
        with path.open("rb") as file:
            try:
                for first, last in _ranges(file):
                    found.update(range(first, min(last, 0x10FFFF) + 1))
            except struct.error:
                continue
    return frozenset(found)


def _read(file: BinaryIO, place: int, form: str) -> tuple[int, ...]:
    file.seek(place)
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _ranges(file: BinaryIO) -> Iterator[tuple[int, int]]:
    begins: tuple[int, ...] = (0,)
    if _read(file, 0, ">I")[0] == int.from_bytes(b"ttcf", "big"):  # a collection of fonts
        (count,) = _read(file, 8, ">I")
        begins = _read(file, 12, f">{min(count, _MOST_PARTS)}I")
    for begin in begins:
        (tables,) = _read(file, begin + 4, ">H")
        for number in range(min(tables, _MOST_PARTS)):
            tag, _sum, place, _length = _read(file, begin + 12 + 16 * number, ">4I")
            if tag == int.from_bytes(b"cmap", "big"):
                yield from _mapped(file, place)


def _mapped(file: BinaryIO, table: int) -> Iterator[tuple[int, int]]:
    (count,) = _read(file, table + 2, ">H")
    for number in range(min(count, _MOST_PARTS)):
        _platform, _encoding, offset = _read(file, table + 4 + 8 * number, ">HHI")
        place = table + offset
        (kind,) = _read(file, place, ">H")
        if kind == _GROUPS:
            (groups,) = _read(file, place + 12, ">I")
            file.seek(place + 16)
            yield from ((first, last) for first, last, _glyph in struct.iter_unpack(">3I", file.read(12 * groups)))
        elif kind == _SEGMENTS:
            (doubled,) = _read(file, place + 6, ">H")
            ends = _read(file, place + 14, f">{doubled // 2}H")
            starts = _read(file, place + 16 + doubled, f">{doubled // 2}H")
            yield from ((first, last) for first, last in zip(starts, ends, strict=True) if last != 0xFFFF)  # noqa: PLR2004 - the table's own end
