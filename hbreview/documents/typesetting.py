"""Papers as PDF: the only place that knows the typesetter.

What is typeset comes from the source files in ``papers/``. What people wrote goes in as data and is shown as
text: it is never part of a source, so that no sign in a company's name can be an instruction (I02).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst

from .font_coverage import drawn_signs

PAPERS = Path(__file__).resolve().parent / "papers"
# The second has the rarest signs of names (𠮷); it is asked last, as it has no serifs.
_SHIPPED = (Path(pylopdf_fonts_zh_cn.sans_path()).parent, Path(str(files("manimgx_fonts_cjk"))))
_EAST_ASIAN = 0x2E80
_SERIF, _SANS, _RARE = "Noto Serif SC", "Noto Sans SC", "Noto Sans CJK SC"
# How families with serifs are called: Song, Ming, Kai and Fang Song are read as such too.
_OTHER = re.compile(r"\b(?:JP|KR|TC|HK|TW|Mono)\b")
_SERIF_WORDS = ("serif", "song", "sun", "ming", "kai", "fang", "宋", "明", "楷", "仿")


class TypesettingError(Exception):
    """A source or a font folder will not do; never the fault of what people wrote."""


def typeset(source: str, *, data: Mapping[str, object], fonts: Path | None = None) -> bytes:
    """A PDF from a source and its data, the same bytes for the same input; TypesettingError names the fault.

    The source reads ``data`` with ``json(bytes(sys.inputs.data))``: texts, whole numbers, lists and mappings.
    ``fonts`` is a folder whose fonts are taken before those that are shipped; fonts of the system never are.
    """
    if '"@' in source:
        raise TypesettingError("a source may not ask for a package: it would be fetched from elsewhere")
    chosen, families = _fonts(fonts)
    inputs = {"data": json.dumps(_printable(data, drawn=_drawn(fonts))), "fonts": json.dumps(families)}
    try:
        compiler = typst.Compiler(root=str(PAPERS), font_paths=chosen, ignore_system_fonts=True, sys_inputs=inputs)
        made, warnings = compiler.compile_with_warnings(source.encode("utf-8"), format="pdf")
    except typst.TypstError as error:
        raise TypesettingError(error.diagnostic) from error
    if warnings:  # an unknown font is only a warning, and the paper would be in another one
        raise TypesettingError(warnings[0].diagnostic)
    if not isinstance(made, bytes):
        raise TypesettingError("the typesetter made no PDF")
    return made


def paper(name: str) -> str:
    """The source file of this name in ``papers/``."""
    return (PAPERS / f"{name}.typ").read_text(encoding="utf-8")


@lru_cache(maxsize=8)
def _fonts(folder: Path | None) -> tuple[typst.Fonts, dict[str, list[str]]]:
    """All fonts, read once, and which families to try for each style, in order."""
    if folder is not None and not folder.is_dir():
        raise TypesettingError(f"there is no font folder {folder}")
    own: list[str] = []
    if folder is not None:
        own = sorted(
            typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]).families()
        )
    paths = [str(path) for path in (folder, *_SHIPPED) if path is not None]
    families = {
        "serif": [*sorted(own, key=lambda name: (not _has_serifs(name), _is_other(name))), _SERIF, _SANS, _RARE],
        "sans": [*sorted(own, key=lambda name: (_has_serifs(name), _is_other(name))), _SANS, _SERIF, _RARE],
    }
    return typst.Fonts(include_system_fonts=False, font_paths=paths), families


def _has_serifs(family: str) -> bool:
    return any(word in family.lower() for word in _SERIF_WORDS) and "sans" not in family.lower()


def _is_other(family: str) -> bool:
    """Whether the drawings are those of Japan, Korea, Taiwan or Hong Kong, or of one width for all."""
    return bool(_OTHER.search(family))


@lru_cache(maxsize=8)
def _drawn(folder: Path | None) -> frozenset[int]:
    own = drawn_signs(folder) if folder is not None else frozenset()
    return own.union(*map(drawn_signs, _SHIPPED))


def _printable(value: object, *, drawn: frozenset[int]) -> object:
    """The same without control characters and halves of signs; a rare sign that no font has, as its number.

    A blank box would hide which sign of a name is meant: ［U+20BB7］ does not.
    """
    if isinstance(value, str):
        signs = (sign for sign in value if sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs"})
        return "".join(sign if _is_drawn(sign, drawn) else f"［U+{ord(sign):04X}］" for sign in signs)
    if isinstance(value, Mapping):
        return {str(key): _printable(part, drawn=drawn) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [_printable(part, drawn=drawn) for part in value]
    return value


def _is_drawn(sign: str, drawn: frozenset[int]) -> bool:
    """Signs before the East Asian ones are in the typesetter's own fonts; some have nothing to draw."""
    return ord(sign) < _EAST_ASIAN or ord(sign) in drawn or unicodedata.category(sign) in {"Mn", "Cf"}
