"""Pictures by their headers: how large they would be when drawn (U03), and whether they are pictures at all."""

from __future__ import annotations

import os
import struct
from typing import IO

from ..words import N_, Reason
from .zip_walking import RefusedFileError, damaged

_MOST_PIXELS, _LONGEST_SIDE = 50_000_000, 20_000
_MOST_CHUNKS, _MOST_SEGMENTS = 100_000, 2_000
_PNG_HEAD = struct.Struct(">8sL4sLL")
_PNG_SIGN = b"\x89PNG\r\n\x1a\n"
# Frames of a JPEG: C0 to CF but for the tables C4 and CC and the reserved C8.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_SCAN, _END = 0xDA, 0xD9


def require_modest_png(stream: IO[bytes]) -> None:
    """RefusedFileError unless the file is a PNG from its head to its end mark, and not too large to draw."""
    stream.seek(0)
    sign, length, name, width, height = _PNG_HEAD.unpack(_read(stream, _PNG_HEAD.size))
    if (sign, length, name) != (_PNG_SIGN, 13, b"IHDR"):
        raise damaged()
    _require_modest(width, height)
    size = stream.seek(0, os.SEEK_END)
    place = len(_PNG_SIGN)
    for _ in range(_MOST_CHUNKS):
        stream.seek(place)
        length, name = struct.unpack(">L4s", _read(stream, 8))
        place += 12 + length
        if place > size or not name.isalpha():
            raise damaged()
        if name == b"IEND":
            return
    raise damaged()


def require_modest_jpeg(stream: IO[bytes]) -> None:
    """RefusedFileError unless the file is a JPEG up to its first frame, and not too large to draw."""
    stream.seek(0)
    if _read(stream, 2) != b"\xff\xd8":
        raise damaged()
    for _ in range(_MOST_SEGMENTS):
        marker = _marker(stream)
        if marker in _ALONE:
            continue
        if marker in (_SCAN, _END):
            break
        (length,) = struct.unpack(">H", _read(stream, 2))
        if marker in _FRAMES:
            _bits, height, width = struct.unpack(">BHH", _read(stream, 5))
            _require_modest(width, height)
            return
        stream.seek(length - 2, os.SEEK_CUR)
        if length < 2:  # noqa: PLR2004 - a length counts its own two bytes
            break
    raise damaged()


def _marker(stream: IO[bytes]) -> int:
    if _read(stream, 1) != b"\xff":
        raise damaged()
    filled = 0
    while (marker := _read(stream, 1)[0]) == 0xFF:  # noqa: PLR2004 - a marker may have fill bytes before it
        filled += 1
        if filled > _MOST_SEGMENTS:
            raise damaged()
    return marker


def _read(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) != size:
        raise damaged()
    return content


def _require_modest(width: int, height: int) -> None:
    if not width or not height:
        raise damaged()
    if width * height > _MOST_PIXELS or max(width, height) > _LONGEST_SIDE:
        most = {"pixels": str(_MOST_PIXELS // 1_000_000), "side": str(_LONGEST_SIDE)}
        text = N_("The picture has more than %(pixels)s million pixels, or %(side)s on a side: make it smaller.")
        raise RefusedFileError(Reason(text, "file", "U03", most))
