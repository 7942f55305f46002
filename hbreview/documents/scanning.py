"""Asking a virus scanner about a file: clamd, by its own protocol over a socket (U10).

No scanner, no answer, half an answer: all of that is UNREACHABLE, and nothing is clean by default.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

_PIECE = 1 << 16
_LONGEST_ANSWER = 4096
_FOUND = re.compile(r"stream: (\S(?:.{0,198}\S)?) FOUND")
_ENDING = "\0"


class Finding(StrEnum):
    """What became of a scan."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The finding and, for an infected file, the signature's name in printable ASCII."""

    finding: Finding
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Scanner:
    """A clamd at ``address``: ``host:port``, or the path of a Unix socket, which has a ``/`` in it.

    ``timeout`` in seconds is for a whole scan, from connecting to the answer.
    """

    address: str
    timeout: float

    def scan(self, stream: IO[bytes]) -> Verdict:
        """Send the whole file and read the verdict; the stream stands at its beginning afterwards.

        UNREACHABLE also when the scanner answers with an error, as it does for a file over its own limit
        of size (clamd's StreamMaxLength; set it above ours).
        """
        end = time.monotonic() + self.timeout
        stream.seek(0)
        try:
            with self._connected() as connection:
                _send(connection, stream, end=end)
                return _verdict(_answer(connection, end=end))
        except (OSError, ValueError):  # ValueError: the address is none
            return Verdict(Finding.UNREACHABLE)
        finally:
            stream.seek(0)

    def _connected(self) -> socket.socket:
        if "/" not in self.address:
            host, _colon, port = self.address.rpartition(":")
            return socket.create_connection((host.strip("[]"), int(port)), timeout=self.timeout)
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("this system has no Unix sockets")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.timeout)
            connection.connect(self.address)
        except OSError:
            connection.close()
            raise
        return connection


def _within(connection: socket.socket, end: float) -> None:
    """Give the next call the rest of the time; a scanner that trickles gets no more than one that is still."""
    rest = end - time.monotonic()
    if rest <= 0:
        raise TimeoutError
    connection.settimeout(rest)


def _send(connection: socket.socket, stream: IO[bytes], *, end: float) -> None:
    _within(connection, end)
    connection.sendall(b"zINSTREAM\0")
    while piece := stream.read(_PIECE):
        _within(connection, end)
        connection.sendall(struct.pack(">L", len(piece)) + piece)
    _within(connection, end)
    connection.sendall(struct.pack(">L", 0))


def _answer(connection: socket.socket, *, end: float) -> str:
    """The answer up to its end mark; without one it is not whole, and shorter answers mean other things."""
    answer = b""
    while b"\0" not in answer and len(answer) < _LONGEST_ANSWER:
        _within(connection, end)
        piece = connection.recv(_LONGEST_ANSWER)
        if not piece:
            break
        answer += piece
    return answer.decode("ascii", "replace")


def _verdict(answer: str) -> Verdict:
    if answer == f"stream: OK{_ENDING}":
        return Verdict(Finding.CLEAN)
    found = _FOUND.fullmatch(answer.removesuffix(_ENDING))
    if found and answer.endswith(_ENDING) and found[1].isascii() and found[1].isprintable():
        return Verdict(Finding.INFECTED, found[1])
    return Verdict(Finding.UNREACHABLE)
