"""The directory of a compound file, the format of old .doc and .xls files ([MS-CFB])."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO

from .zip_walking import damaged

_SIGN = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD, _ENTRY = 512, 128
_LAST_SECTOR = 0xFFFFFFFA  # numbers from here on mean an end, or a special sector
_SHIFTS = {3: 9, 4: 12}  # version: sectors of 512 or 4,096 bytes
_MOST_DIRECTORY = 4_000


def entry_names(stream: IO[bytes]) -> set[str]:
    """The names of all storages and streams in a compound file, in small letters; RefusedFileError if damaged."""
    return _Sectors(stream).names()


class _Sectors:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._length = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        head = stream.read(_HEAD)
        if len(head) < _HEAD or not head.startswith(_SIGN):
            raise damaged()
        version, order, shift = struct.unpack_from("<3H", head, 26)
        if order != 0xFFFE or _SHIFTS.get(version) != shift:  # noqa: PLR2004 - the mark of the byte order
            raise damaged()
        self._size = 1 << shift
        (self._directory,) = struct.unpack_from("<L", head, 48)
        (following,) = struct.unpack_from("<L", head, 68)
        self._tables = list(struct.unpack_from("<109L", head, 76))
        self._add_tables(following)

    def _add_tables(self, sector: int) -> None:
        """Large files list further sectors of the table of sectors in a chain of their own."""
        numbers = self._size // 4
        for _ in range(self._length // self._size):
            if sector >= _LAST_SECTOR:
                return
            *tables, sector = struct.unpack(f"<{numbers}L", self._read(sector))
            self._tables += tables
        if sector < _LAST_SECTOR:
            raise damaged()

    def _read(self, sector: int) -> bytes:
        place = (sector + 1) * self._size
        if place >= self._length:
            raise damaged()
        self._stream.seek(place)
        # The last sector of a file may be cut short by its writer.
        return self._stream.read(self._size).ljust(self._size, b"\0")

    def _next(self, sector: int) -> int:
        table, place = divmod(sector, self._size // 4)
        if table >= len(self._tables):
            raise damaged()
        return int(struct.unpack_from("<L", self._read(self._tables[table]), 4 * place)[0])

    def _chain(self, sector: int) -> Iterator[bytes]:
        for _ in range(_MOST_DIRECTORY):
            if sector >= _LAST_SECTOR:
                return
            yield self._read(sector)
            sector = self._next(sector)
        raise damaged()

    def names(self) -> set[str]:
        found = set()
        for sector in self._chain(self._directory):
            for place in range(0, self._size, _ENTRY):
                length, kind = struct.unpack_from("<HB", sector, place + 64)
                if kind:
                    name = sector[place : place + min(max(length - 2, 0), 64)]
                    found.add(name.decode("utf-16-le", "replace").lower())
        return found
