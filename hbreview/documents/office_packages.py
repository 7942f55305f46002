"""Word and Excel packages (.docx, .xlsx; ECMA-376): only text, tables and pictures, and of their own kind."""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from ..evaluation import file_kinds
from ..words import N_, Reason
from . import zip_walking
from .package_parts import declares, require_no_dde, starts
from .zip_walking import Allowance, Member, RefusedFileError, damaged, too_large

_MAIN = "application/vnd.openxmlformats-officedocument.{}.main+xml"
_MAINS = {
    file_kinds.DOCX: _MAIN.format("wordprocessingml.document"),
    file_kinds.XLSX: _MAIN.format("spreadsheetml.sheet"),
}
_TYPES, _RELATIONS = "[content_types].xml", "_rels/.rels"
_MACRO_TYPES = ("macroenabled", "vbaproject", "vbadata", "macrosheet")
_OBJECT_TYPES = ("oleobject", "activex")
_MACRO_NAMES = re.compile(r"(?:^|/)vba(?:project\.bin|data\.xml)$|(?:^|/)(?:macrosheets|dialogsheets)/")
_OBJECT_NAMES = re.compile(r"(?:^|/)activex/|(?:^|/)embeddings/[^/]*\.bin$")
_XML_NAMES = (".xml", ".rels", ".vml", ".svg")
_OLE, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_MOST_SMALL = 8 << 20
_IN_MEMORY = 1 << 20
_OVERLAP = 32
_DECLARED = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_DDE_LINKS = tuple("ddeLink".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_BEGINNINGS = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<[^\0]|\xff\xfe(?:\s\0)*<\0[^\0]|\xfe\xff(?:\0\s)*\0<\0[^\0]|<\0[^\0]|\0<\0[^\0]"
)
# An encoding in which "<" may be written otherwise would hide what is looked for.
_ENCODING = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"']{0,40})["']""")
_PLAIN_ENCODINGS = frozenset({"utf-8", "utf8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "gb2312", "gbk", "gb18030"})


def require_plain_package(stream: IO[bytes], kinds: set[str]) -> None:
    """RefusedFileError unless the file is a package of one of these media types with nothing in it that acts.

    Looked at in this order: the directory of the zip file, the names of the parts, their declared types,
    the relationships, and then each part once, piece by piece.
    """
    _Package(stream, Allowance(), inner=False).require_plain(kinds)


def _refusal(text: str, rule: str) -> RefusedFileError:
    return RefusedFileError(Reason(text, "file", rule))


def _macros() -> RefusedFileError:
    return _refusal(N_("The file holds macros: save it as .docx or .xlsx without macros."), "U07")


def _object() -> RefusedFileError:
    text = N_("The file holds an embedded object or control: put a picture in its place, or save it as PDF.")
    return _refusal(text, "U07")


def _dde() -> RefusedFileError:
    text = N_("The file holds a field that starts other programs (DDE): remove it and save the file anew.")
    return _refusal(text, "U07")


@dataclass(frozen=True, slots=True)
class _Types:
    """The declared media types of the parts, in small letters: by part, else by ending."""

    by_part: dict[str, str]
    by_ending: dict[str, str]

    def of(self, name: str) -> str:
        return self.by_part.get(name.lower()) or self.by_ending.get(name.lower().rpartition(".")[2], "")


class _Package:
    def __init__(self, stream: IO[bytes], allowance: Allowance, *, inner: bool) -> None:
        self._stream = stream
        self._allowance = allowance
        self._inner = inner
        self._members = zip_walking.members(stream, allowance)
        self._named = {member.name.lower(): member for member in self._members}

    def require_plain(self, kinds: set[str]) -> None:
        for name in self._named:
            if _MACRO_NAMES.search(name):
                raise _macros()
            if _OBJECT_NAMES.search(name):
                raise _object()
        types = self._types()
        self._require_main(types, {_MAINS[kind] for kind in kinds})
        for member in self._members:
            if member.name.lower().endswith(".rels"):
                self._require_own_relations(member)
        for member in self._members:
            self._require_plain_part(member, types.of(member.name))

    def _small(self, name: str) -> Iterator[tuple[str, dict[str, str]]]:
        """The elements of a part that says something about others; such parts are not large."""
        member = self._named.get(name)
        if member is None:
            raise damaged()
        if member.size > _MOST_SMALL:
            raise too_large()
        return starts(zip_walking.unpacked(self._stream, member))

    def _types(self) -> _Types:
        types = _Types({}, {})
        for element, attributes in self._small(_TYPES):
            declared = attributes.get("ContentType", "").strip().lower()
            if any(word in declared for word in _MACRO_TYPES):
                raise _macros()
            if any(word in declared for word in _OBJECT_TYPES):
                raise _object()
            if element == "Override":
                types.by_part[attributes.get("PartName", "").lstrip("/").lower()] = declared
            elif element == "Default":
                types.by_ending[attributes.get("Extension", "").lower()] = declared
        return types

    def _require_main(self, types: _Types, wanted: set[str]) -> None:
        """What the package opens as is of the kind that its name says."""
        targets = {
            posixpath.normpath(attributes.get("Target", "").lstrip("/")).lower()
            for element, attributes in self._small(_RELATIONS)
            if element == "Relationship" and attributes.get("Type", "").lower().endswith("/officedocument")
        }
        if len(targets) != 1 or not targets <= set(self._named) or types.of(targets.pop()) not in wanted:
            raise damaged()

    def _require_own_relations(self, member: Member) -> None:
        """Links that a reader clicks may lead out, and pictures to the web; all else must be inside."""
        for element, attributes in self._small(member.name.lower()):
            if element != "Relationship":
                continue
            kind = attributes.get("Type", "").lower().rpartition("/")[2]
            if "vbaproject" in kind or "macrosheet" in kind:
                raise _macros()
            web = attributes.get("Target", "").lower().startswith(("http://", "https://"))
            inside = attributes.get("TargetMode", "").strip().lower() in ("", "internal")
            if not inside and kind != "hyperlink" and not (kind == "image" and web):
                text = N_(
                    "The file takes content from elsewhere (a template, an object or another workbook): "
                    "break these links and save it anew."
                )
                raise _refusal(text, "U07")

    def _require_plain_part(self, member: Member, declared: str) -> None:
        name = member.name.lower()
        is_xml = name.endswith(_XML_NAMES) or declared.endswith("xml")
        dde = "externallink" in declared or "/externallinks/" in name
        beginning = kept = b""
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as aside:
            for piece in zip_walking.unpacked(self._stream, member):
                if not beginning:
                    beginning = piece[:1024]
                    self._require_known(beginning, is_xml=is_xml)
                if beginning.startswith(_ZIP):
                    aside.write(piece)
                _require_without(kept + piece, dde=dde)
                kept = piece[-_OVERLAP:]
            if beginning.startswith(_ZIP):
                self._require_plain_inside(aside, name)
        if is_xml and (name.startswith("word/") or "wordprocessingml" in declared):
            require_no_dde(zip_walking.unpacked(self._stream, member), refusal=_dde)

    def _require_known(self, beginning: bytes, *, is_xml: bool) -> None:
        if beginning.startswith(_OLE):
            raise _object()
        if not is_xml:
            return
        plain = beginning.replace(b"\0", b"")
        if not _BEGINNINGS.match(beginning) or (b"<?xml" in plain and b"?>" not in plain):
            raise damaged()
        encoding = _ENCODING.search(plain)
        if encoding and encoding[1].decode("ascii", "replace").lower() not in _PLAIN_ENCODINGS:
            raise damaged()

    def _require_plain_inside(self, aside: IO[bytes], name: str) -> None:
        """The data of a chart are a workbook within the document; nothing else may be within, nor deeper."""
        kinds = {kind for ending, (kind, _begin) in file_kinds.KINDS.items() if name.endswith(ending)} & set(_MAINS)
        if self._inner or not kinds:
            text = N_("The file holds another archive: upload what is in that as files of their own.")
            raise _refusal(text, "U03")
        _Package(aside, self._allowance, inner=True).require_plain(kinds)


def _require_without(content: bytes, *, dde: bool) -> None:
    if any(word in content for word in _DECLARED):
        raise declares()
    if dde and any(word in content for word in _DDE_LINKS):
        raise _dde()
