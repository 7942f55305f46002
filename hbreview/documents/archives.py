"""What a file holds, looked at before anybody unpacks or opens it (U03, U04, U07).

``evaluation.file_kinds`` takes a file by its ending and first bytes; this looks on. It is a sieve for what
no evidence needs: macros, programs, content from elsewhere, bombs. It is not a scanner: scripts in the
packed parts of a PDF, macros of Excel 4.0 in an .xls and fields that put a command together are not found
here; ``documents.scanning`` and the sandbox in which files are shown are there for those.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import IO

from ..evaluation import file_kinds
from ..words import N_, Reason
from . import compound_files, pictures, zip_walking
from .office_packages import require_plain_package
from .zip_walking import RefusedFileError, damaged

_PIECE, _OVERLAP = 1 << 16, 256
_PDF_HEAD = re.compile(rb"%PDF-\d")


def _however_spelled(name: str) -> str:
    """A pattern for a PDF name, each sign of which may also be written as # and two hexadecimal digits."""
    return "".join(f"(?:{sign}|(?i:#{ord(sign):02x}))" for sign in name)


_PDF_ACTIVE = re.compile(
    rf"/(?:{_however_spelled('JavaScript')}|{_however_spelled('Launch')})(?=[\s\0()<>\[\]{{}}/%])".encode()
)
_MACROS = frozenset({"macros", "vba", "_vba_project", "_vba_project_cur"})
_STREAMS = {file_kinds.DOC: {"worddocument"}, file_kinds.XLS: {"workbook", "book"}}


def inspect_file(stream: IO[bytes], kind: str) -> Reason | None:
    """Why a file of this media type is not taken, or None. KeyError for a media type that is never taken.

    ``kind`` as ``file_kinds.media_type`` gave it. At most about 1 MB of what is unpacked is held at once;
    a larger workbook within a document lies in a temporary file meanwhile. The stream must be able to
    seek; it stands at its beginning afterwards.
    """
    inspect = _INSPECTORS[kind]
    try:
        inspect(stream, kind)
    except RefusedFileError as refused:
        return refused.reason
    finally:
        stream.seek(0)
    return None


def inspect_archive(content: bytes) -> Reason | None:
    """Why a .docx or .xlsx, whichever it is, should not be read, or None: for those who read it themselves."""
    try:
        require_plain_package(io.BytesIO(content), {file_kinds.DOCX, file_kinds.XLSX})
    except RefusedFileError as refused:
        return refused.reason
    return None


def _inspect_package(stream: IO[bytes], kind: str) -> None:
    require_plain_package(stream, {kind})


def _inspect_png(stream: IO[bytes], _kind: str) -> None:
    pictures.require_modest_png(stream)
    _require_one_kind(stream)


def _inspect_jpeg(stream: IO[bytes], _kind: str) -> None:
    pictures.require_modest_jpeg(stream)
    _require_one_kind(stream)


def _require_one_kind(stream: IO[bytes]) -> None:
    if zip_walking.ends_as_zip(stream):
        text = N_("The file is two kinds of file in one: save or print it anew and upload that.")
        raise RefusedFileError(Reason(text, "file", "U01"))


def _inspect_pdf(stream: IO[bytes], _kind: str) -> None:
    """The head at the very beginning, and in clear text no script and no program.

    No end mark is asked for: scanners and readers forgive one that is missing, and so may we.

    Embedded files are let through: electronic invoices carry their figures in one.
    """
    stream.seek(0)
    if not _PDF_HEAD.match(stream.read(8)):
        raise damaged()
    _require_one_kind(stream)
    for part in _overlapping(stream):
        if _PDF_ACTIVE.search(part):
            text = N_("The PDF holds a script or starts another program: print it as a new PDF and upload that.")
            raise RefusedFileError(Reason(text, "file", "U07"))


def _overlapping(stream: IO[bytes]) -> Iterator[bytes]:
    stream.seek(0)
    kept = b""
    while piece := stream.read(_PIECE):
        part = kept + piece
        yield part
        kept = part[-_OVERLAP:]


def _inspect_compound(stream: IO[bytes], kind: str) -> None:
    names = compound_files.entry_names(stream)
    if "encryptedpackage" in names:
        text = N_("The file, or a part of it, has a password: save it without one.")
        raise RefusedFileError(Reason(text, "file", "U03"))
    if not names & _STREAMS[kind]:
        raise damaged()
    if names & _MACROS:
        text = N_("The file holds macros: save it as .docx or .xlsx without macros.")
        raise RefusedFileError(Reason(text, "file", "U07"))
    if "\x01ole10native" in names:
        text = N_("The file holds an embedded object or control: put a picture in its place, or save it as PDF.")
        raise RefusedFileError(Reason(text, "file", "U07"))


_INSPECTORS: dict[str, Callable[[IO[bytes], str], None]] = {
    file_kinds.PDF: _inspect_pdf,
    file_kinds.PNG: _inspect_png,
    file_kinds.JPEG: _inspect_jpeg,
    file_kinds.DOCX: _inspect_package,
    file_kinds.XLSX: _inspect_package,
    file_kinds.DOC: _inspect_compound,
    file_kinds.XLS: _inspect_compound,
}
