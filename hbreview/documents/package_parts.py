"""The XML parts of an office package, read with bounds on what reading costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from xml.parsers import expat

from ..words import N_, Reason
from .zip_walking import RefusedFileError, damaged, too_large

_DEEPEST, _MOST_ELEMENTS = 1_000, 1_000_000
_LONGEST_TOKEN, _MOST_NAMES = 1 << 20, 10_000  # bytes; the reader keeps each name for good
_LONGEST_COMMAND = 200
_DDE = re.compile(r"\s*DDE(?:AUTO)?(?![A-Za-z0-9])", re.IGNORECASE)


def declares() -> RefusedFileError:
    """A part has a document type or entities (U04)."""
    text = N_(
        "The file declares a document type or entities, as no office program does: "
        "open it, save it anew and upload that."
    )
    return RefusedFileError(Reason(text, "file", "U04"))


def starts(pieces: Iterable[bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """The elements of a part in their order: name without prefix, attributes. RefusedFileError if damaged."""
    found: list[tuple[str, dict[str, str]]] = []
    for _ in _steps(pieces, start=lambda name, attributes: found.append((name, attributes))):
        yield from found
        found.clear()


def _steps(
    pieces: Iterable[bytes],
    *,
    start: Callable[[str, dict[str, str]], None],
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Read XML a piece a step. Neither a document type, nor depth, nor one endless token is gone along with."""
    parser = expat.ParserCreate()
    depth = count = given = 0

    def begun(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > _DEEPEST or count > _MOST_ELEMENTS:
            raise too_large()
        start(_local(name), attributes)

    def ended(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def declared(*_facts: object) -> None:
        raise declares()

    parser.StartElementHandler, parser.EndElementHandler = begun, ended
    parser.StartDoctypeDeclHandler = declared
    parser.CharacterDataHandler = text
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            given += len(piece)
            if given - parser.CurrentByteIndex > _LONGEST_TOKEN or len(parser.intern) > _MOST_NAMES:
                raise too_large()
            yield
        parser.Parse(b"", True)
        yield  # newer readers may have put off the last elements until here
    except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: encodings it does not have
        raise damaged() from error


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def require_no_dde(pieces: Iterable[bytes], *, refusal: Callable[[], RefusedFileError]) -> None:
    """``refusal`` when a field of a Word part is DDE or DDEAUTO, also when its command is cut into runs."""
    command, inside = "", False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal command, inside
        inside = name == "instrText"
        if name == "fldChar":
            command = ""
        elif name == "fldSimple" and any(_local(key) == "instr" and _DDE.match(attributes[key]) for key in attributes):
            raise refusal()

    def text(content: str) -> None:
        nonlocal command
        if inside:
            command = (command + content).lstrip()[:_LONGEST_COMMAND]
            if _DDE.match(command):
                raise refusal()

    for _ in _steps(pieces, start=start, text=text):
        pass
