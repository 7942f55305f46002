"""The scanner's protocol against a clamd of our own: what is not said to be clean is not clean (U10)."""

from __future__ import annotations

import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hbreview.documents.scanning import Finding, Scanner, Verdict

# The harmless file that every scanner knows, in two halves so that none finds it in this one.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + rb"ANTIVIRUS-TEST-FILE!$H+H*"
LIMIT = 300_000
Answering = Callable[[bytes], bytes]


def honest(content: bytes) -> bytes:
    return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


def received(connection: socket.socket) -> bytes | None:
    """What a client sends in its pieces, or None beyond the limit; the protocol is held to."""
    file = connection.makefile("rb")
    assert file.read(10) == b"zINSTREAM\0"
    content = b""
    while length := struct.unpack(">L", file.read(4))[0]:
        content += file.read(length)
        if len(content) > LIMIT:
            return None
    return content


@contextmanager
def serving(listener: socket.socket, answering: Answering, *, trickle: float = 0) -> Iterator[list[bytes]]:
    """A clamd for one scan; gives what it received. ``trickle``: seconds between the bytes of the answer."""
    contents: list[bytes] = []

    def serve() -> None:
        connection, _address = listener.accept()
        with connection, suppress(ConnectionError):
            content = received(connection)
            if content is None:
                connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
            contents.append(content)
            answer = answering(content)
            for place in range(len(answer)) if trickle else ():
                time.sleep(trickle)
                connection.sendall(answer[place : place + 1])
            if not trickle:
                connection.sendall(answer)

    listener.listen()
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield contents
    finally:
        thread.join()
        listener.close()


def scan(content: bytes, answering: Answering = honest, *, timeout: float = 5, trickle: float = 0) -> Verdict:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    stream = io.BytesIO(content)
    stream.seek(len(content))  # whoever read it before need not have gone back
    with serving(listener, answering, trickle=trickle) as contents:
        verdict = Scanner(f"127.0.0.1:{port}", timeout).scan(stream)
    assert stream.tell() == 0
    assert contents in ([content], [])
    assert verdict.finding is Finding.UNREACHABLE or contents == [content]
    return verdict


@pytest.mark.parametrize("content", [b"", b"a", bytes(65_536), bytes(range(256)) * 1000])
def test_a_clean_file_is_sent_whole_and_called_clean(content: bytes) -> None:
    assert scan(content) == Verdict(Finding.CLEAN)


@pytest.mark.parametrize("before", [0, 65_500, 200_000])
def test_eicar_is_found_wherever_it_stands(before: int) -> None:
    assert scan(b" " * before + EICAR) == Verdict(Finding.INFECTED, "Eicar-Test-Signature")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"OK\0",
        b"stream: OK",
        b"stream: OK\n",
        b"stream: OK\0\0",
        b"stream: OK \0",
        b"stream: ok\0",
        b"stream: OKAY\0",
        b"other: OK\0",
        b"stream:  FOUND\0",
        b"stream: Virus FOUND",
        b"stream: Vi\nrus FOUND\0",
        b"stream: \x1b[31mVirus FOUND\0",
        b"stream: " + b"V" * 300 + b" FOUND\0",
        b"stream: Can't allocate memory ERROR\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff" * 100_000,
    ],
)
def test_any_other_answer_is_none(answer: bytes) -> None:
    assert scan(b"a", lambda _content: answer) == Verdict(Finding.UNREACHABLE)


def test_a_file_over_the_limit_of_the_scanner_is_not_called_clean() -> None:
    assert scan(bytes(LIMIT + 1)) == Verdict(Finding.UNREACHABLE)
    assert scan(bytes(40 * LIMIT)) == Verdict(Finding.UNREACHABLE)


def test_a_slow_scanner_is_waited_for_only_so_long() -> None:
    gone = threading.Event()

    def still(content: bytes) -> bytes:
        gone.wait(10)
        return honest(content)

    listener = socket.create_server(("127.0.0.1", 0))
    with serving(listener, still):
        verdict = Scanner(f"127.0.0.1:{listener.getsockname()[1]}", 0.2).scan(io.BytesIO(b"a"))
        late = gone.is_set()
        gone.set()
    assert (verdict, late) == (Verdict(Finding.UNREACHABLE), False)


def test_a_scanner_that_trickles_has_the_same_time_as_one_that_is_still() -> None:
    assert scan(b"a", timeout=0.3, trickle=0.05) == Verdict(Finding.UNREACHABLE)
    assert scan(b"a", timeout=5, trickle=0.01) == Verdict(Finding.CLEAN)


def test_a_scanner_that_is_down_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for address in (f"127.0.0.1:{port}", str(tmp_path / "none"), "", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999"):
        assert Scanner(address, 1).scan(io.BytesIO(b"a")) == Verdict(Finding.UNREACHABLE), address


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets")
def test_a_unix_socket_serves_as_well(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(tmp_path / "clamd"))
    with serving(listener, honest):
        found = Scanner(str(tmp_path / "clamd"), 5).scan(io.BytesIO(EICAR))
    assert found == Verdict(Finding.INFECTED, "Eicar-Test-Signature")
