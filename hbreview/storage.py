"""Where files are kept: by their digest, written whole or not at all, checked whenever they are read."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# What stays free for the database and the journal, however many files people bring (U12). In bytes.
RESERVE = 200 * 1024 * 1024
ALARM_SHARE = 0.95


class DamagedFileError(RuntimeError):
    """A stored file is gone, or is not what was stored (D09)."""


class TooLargeError(ValueError):
    """A file is larger than the limit."""


class StorageFullError(RuntimeError):
    """There is no room for another file; what is there is safe."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that has arrived whole and belongs to nobody yet."""

    sha256: str
    size: int
    path: Path


class LocalStorage:
    """Files below one folder, named by SHA-256. The same content is stored once; rows say whose it is."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:4] / sha256

    @contextmanager
    def receive(self, stream: IO[bytes], *, limit: int) -> Iterator[Incoming]:
        """Take a stream in; it is gone again at the end unless ``keep`` was called on it.

        So a file whose row is refused leaves nothing behind (C15). TooLargeError beyond ``limit`` bytes,
        StorageFullError when the disk is nearly full.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._root).free < RESERVE + limit:
            raise StorageFullError(str(self._root))
        hasher, size = hashlib.sha256(), 0
        descriptor, name = tempfile.mkstemp(dir=self._root, prefix=".incoming-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                while chunk := stream.read(1 << 16):
                    size += len(chunk)
                    if size > limit:
                        raise TooLargeError
                    hasher.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            yield Incoming(hasher.hexdigest(), size, Path(name))
        finally:
            Path(name).unlink(missing_ok=True)

    def keep(self, incoming: Incoming) -> None:
        """Give an arrived file its place; to be called in the transaction of the row that names it."""
        self._settle(incoming.path, self._path(incoming.sha256))

    def put(self, stream: IO[bytes], *, limit: int) -> tuple[str, int]:
        """Store a stream at once and return its SHA-256 and size in bytes; errors as ``receive``."""
        with self.receive(stream, limit=limit) as incoming:
            self.keep(incoming)
            return incoming.sha256, incoming.size

    def is_nearly_full(self) -> bool:
        """Whether the operator should look: over 95 % of the disk are in use."""
        self._root.mkdir(parents=True, exist_ok=True)
        usage = shutil.disk_usage(self._root)
        return usage.used > usage.total * ALARM_SHARE

    @staticmethod
    def _settle(incoming: Path, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        incoming.replace(path)
        if hasattr(os, "O_DIRECTORY"):  # the name itself must survive a power cut; Windows has no such call
            folder = os.open(path.parent, os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def open(self, sha256: str) -> IO[bytes]:
        """The content as a stream, not verified; DamagedFileError if it is gone."""
        try:
            return self._path(sha256).open("rb")
        except OSError as error:
            raise DamagedFileError(sha256) from error

    def read(self, sha256: str) -> bytes:
        """The content, whole and verified; DamagedFileError if it is gone or was changed."""
        try:
            content = self._path(sha256).read_bytes()
        except OSError as error:
            raise DamagedFileError(sha256) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DamagedFileError(sha256)
        return content
