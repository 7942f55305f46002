"""Where files are kept: by their digest, written whole or not at all, checked whenever they are read."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO


class DamagedFileError(RuntimeError):
    """A stored file is gone, or is not what was stored (D09)."""


class TooLargeError(ValueError):
    """A file is larger than the limit."""


class LocalStorage:
    """Files below one folder, named by SHA-256. The same content is stored once; rows say whose it is."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def put(self, stream: IO[bytes], *, limit: int) -> tuple[str, int]:
        """Store a stream and return its SHA-256 and size in bytes; TooLargeError beyond the limit."""
        self._root.mkdir(parents=True, exist_ok=True)
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
            self._settle(Path(name), self._path(hasher.hexdigest()))
        finally:
            Path(name).unlink(missing_ok=True)
        return hasher.hexdigest(), size

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

    def read(self, sha256: str) -> bytes:
        """The content, whole and verified; DamagedFileError if it is gone or was changed."""
        try:
            content = self._path(sha256).read_bytes()
        except OSError as error:
            raise DamagedFileError(sha256) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DamagedFileError(sha256)
        return content
