"""A strict walk through a stranger's zip file, piece by piece (U03).

The standard library believes what an archive says of itself, finds it behind other content and lets
members share their bytes. Here the directory is checked against the members before anything is unpacked,
and what is unpacked is counted against the directory; a doubt is a refusal.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from ..words import N_, Reason

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_SIGN, _ENTRY_SIGN, _LOCAL_SIGN, _ZIP64_SIGN = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04", b"PK\x06\x07"
_ZIP64_LOCATOR = 20
_LONGEST_DIRECTORY = 1 << 20
_LONGEST_COMMENT = 0xFFFF
_PIECE = 1 << 16
_STORED, _DEFLATED = 0, 8
_LOCKED = 0x1 | 0x40 | 0x2000  # encrypted, strongly encrypted, directory hidden
_SIZES_FOLLOW, _UTF8, _IN_ZIP64 = 0x8, 0x800, 0xFFFFFFFF
_SMALL, _HIGHEST_RATIO = 1 << 20, 200


class RefusedFileError(Exception):
    """The file is not taken; ``reason`` says why and what to do."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


def damaged() -> RefusedFileError:
    """The file is not what it should be, however that came."""
    text = N_("The file is damaged, or of another kind than its name: open it, save it anew and upload that.")
    return RefusedFileError(Reason(text, "file", "U01"))


def too_large() -> RefusedFileError:
    """The file unpacks to more than anybody can mean to send."""
    text = N_("The file unpacks to more than is taken here: leave out large parts, or save it as PDF.")
    return RefusedFileError(Reason(text, "file", "U03"))


@dataclass(slots=True)
class Allowance:
    """What may still be unpacked: members, and bytes. Archives within archives share one."""

    members: int = 2_000
    size: int = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its name, where its header and its packed bytes begin, and its sizes in bytes."""

    name: str
    header: int
    begin: int
    packed: int
    size: int
    crc: int
    method: int


def members(stream: IO[bytes], allowance: Allowance) -> list[Member]:
    """The members of a zip file, taken off the allowance; nothing is unpacked. RefusedFileError for a doubt."""
    length = stream.seek(0, os.SEEK_END)
    end = length - _END.size
    sign, *disks, count, size, start, comment = _END.unpack(_at(stream, end, _END.size))
    if sign != _END_SIGN or comment or start + size != end or disks[:2] != [0, 0]:
        raise damaged()
    if count > allowance.members or size > _LONGEST_DIRECTORY:
        raise too_large()
    directory = _at(stream, start, size)
    if directory[-_ZIP64_LOCATOR:].startswith(_ZIP64_SIGN):  # readers would take another directory than this
        raise damaged()
    listed = list(_entries(directory, stream))
    if len(listed) != count or len({member.name.lower() for member in listed}) != count:
        raise damaged()
    _require_apart(listed, start)
    _require_modest(listed, allowance)
    return listed


def _at(stream: IO[bytes], place: int, size: int) -> bytes:
    if place < 0:
        raise damaged()
    stream.seek(place)
    content = stream.read(size)
    if len(content) != size:
        raise damaged()
    return content


def _entries(directory: bytes, stream: IO[bytes]) -> Iterator[Member]:
    place = 0
    while place < len(directory):
        if place + _ENTRY.size > len(directory):
            raise damaged()
        (sign, _made, _needed, flags, method, _time, _date, crc, packed, size, *rest) = _ENTRY.unpack_from(
            directory, place
        )
        name_length, extra, comment, _disk, _internal, external, header = rest
        raw = directory[place + _ENTRY.size : place + _ENTRY.size + name_length]
        place += _ENTRY.size + name_length + extra + comment
        if sign != _ENTRY_SIGN or place > len(directory) or stat.S_ISLNK(external >> 16):
            raise damaged()
        if flags & _LOCKED:
            text = N_("The file, or a part of it, has a password: save it without one.")
            raise RefusedFileError(Reason(text, "file", "U03"))
        begin = _begin(_at(stream, header, _LOCAL.size + name_length), raw, (flags, method, packed, size))
        yield Member(_member_name(raw, flags), header, header + begin, packed, size, crc, method)


def _begin(local: bytes, name: bytes, facts: tuple[int, int, int, int]) -> int:
    """Where the packed bytes begin after a member's header, which must say the same as the directory."""
    sign, _needed, flags, method, _time, _date, _crc, packed, size, name_length, extra = _LOCAL.unpack_from(local)
    told = packed not in (0, _IN_ZIP64) or not flags & _SIZES_FOLLOW
    same_sizes = packed == _IN_ZIP64 or (packed, size) == facts[2:]
    if sign != _LOCAL_SIGN or flags & _LOCKED or method != facts[1] or (told and not same_sizes):
        raise damaged()
    if name_length != len(name) or local[_LOCAL.size :] != name or (flags ^ facts[0]) & _UTF8:
        raise damaged()
    return int(_LOCAL.size + name_length + extra)


def _member_name(raw: bytes, flags: int) -> str:
    """The name, which must be a plain path below the archive (U05)."""
    try:
        name = raw.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError as error:
        raise damaged() from error
    parts = name.removesuffix("/").split("/")
    if "\\" in name or ":" in name or not name.isprintable() or {"", ".", ".."} & set(parts):
        raise damaged()
    return name


def _require_apart(listed: list[Member], start: int) -> None:
    """No two members share a byte, all stand before the directory, and one begins the file."""
    free = 0
    for member in sorted(listed, key=lambda member: member.header):
        if member.header < free or (not free and member.header):
            raise damaged()
        free = member.begin + member.packed
    if free > start:
        raise damaged()


def _require_modest(listed: list[Member], allowance: Allowance) -> None:
    for member in listed:
        if member.size > _SMALL and member.size > _HIGHEST_RATIO * member.packed:
            raise too_large()
        if member.method not in (_STORED, _DEFLATED) or (member.method == _STORED and member.size != member.packed):
            raise damaged()
    allowance.members -= len(listed)
    allowance.size -= sum(member.size for member in listed)
    if allowance.members < 0 or allowance.size < 0:
        raise too_large()


def unpacked(stream: IO[bytes], member: Member) -> Iterator[bytes]:
    """A member's content in pieces of at most 64 kB; refused as soon as it is more than the directory says."""
    count = check = 0
    try:
        for piece in _pieces(stream, member):
            count, check = count + len(piece), zlib.crc32(piece, check)
            if count > member.size:
                raise damaged()
            yield piece
    except zlib.error as error:
        raise damaged() from error
    if count != member.size or check != member.crc:
        raise damaged()


def _pieces(stream: IO[bytes], member: Member) -> Iterator[bytes]:
    if member.method == _STORED:
        yield from _packed(stream, member)
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for packed in _packed(stream, member):
        piece = inflater.decompress(packed, _PIECE)
        while piece:
            yield piece
            piece = inflater.decompress(inflater.unconsumed_tail, _PIECE)
    if not inflater.eof or inflater.unused_data:
        raise damaged()


def _packed(stream: IO[bytes], member: Member) -> Iterator[bytes]:
    for place in range(0, member.packed, _PIECE):
        yield _at(stream, member.begin + place, min(_PIECE, member.packed - place))


def ends_as_zip(stream: IO[bytes]) -> bool:
    """Whether a file of another kind can also be opened as a zip file (U01): a directory stands at its end."""
    length = stream.seek(0, os.SEEK_END)
    first = max(0, length - _LONGEST_COMMENT - _END.size)
    tail = _at(stream, first, length - first)
    place = tail.rfind(_END_SIGN)
    while place >= 0:
        size = int.from_bytes(tail[place + 12 : place + 16], "little")
        begin = first + place - size
        if not size or (begin >= 0 and _at(stream, begin, 4) in (_ENTRY_SIGN, _ZIP64_SIGN)):
            return True
        place = tail.rfind(_END_SIGN, 0, place)
    return False
