"""A mail server in a thread that behaves as well or as badly as a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class MailServer:
    """Listens on a port of its own. ``mood``: works, refuses, hangs, drops (at the end of DATA), forgets (no such box),
    sulks (takes the letter and answers the goodbye with an error)."""

    mood: str = "works"
    letters: list[bytes] = field(default_factory=list)
    talks: int = 0
    socket: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.socket.getsockname()[1]}"

    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.letters]  # type: ignore[misc]  # by the policy

    def numbers(self) -> list[str]:
        """The Message-IDs of what was accepted."""
        return [str(message["Message-ID"]) for message in self.messages()]

    def serve(self) -> None:
        while True:
            try:
                talk, _address = self.socket.accept()
            except OSError:
                return
            self.talks += 1
            self._open.append(talk)
            threading.Thread(target=self._talk, args=(talk,), daemon=True).start()

    def close(self) -> None:
        self.socket.close()
        for talk in self._open:
            talk.close()

    def _talk(self, talk: socket.socket) -> None:
        mood = self.mood
        if mood == "hangs":
            return
        try:
            with talk, talk.makefile("rb") as lines:
                talk.sendall(b"554 not today\r\n" if mood == "refuses" else b"220 here\r\n")
                for line in lines:
                    if not self._answered(talk, lines, line.split()[0].upper(), mood):
                        return
        except OSError:
            return

    def _answered(self, talk: socket.socket, lines: Iterator[bytes], verb: bytes, mood: str) -> bool:
        if verb == b"DATA":
            talk.sendall(b"354 go on\r\n")
            raw = b"".join(iter(lambda: next(lines), b".\r\n"))
            if mood == "drops":
                talk.shutdown(socket.SHUT_RDWR)
                return False
            self.letters.append(raw)
        answers = {b"QUIT": b"221 bye\r\n"}
        if mood == "sulks":
            answers[b"QUIT"] = b"421 whatever\r\n"
        if mood == "forgets":
            answers[b"RCPT"] = b"550 no such box\r\n"
        talk.sendall(answers.get(verb, b"250 fine\r\n"))
        return verb != b"QUIT"


@contextmanager
def mail_server(mood: str = "works") -> Iterator[MailServer]:
    server = MailServer(mood)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.socket.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(timeout=5)
