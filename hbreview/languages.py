"""Chinese by default, English at a click: catalogues, their compilation, and the choice that stays."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, request
from flask_babel import get_translations

from .extensions import babel

FOLDER = Path(__file__).resolve().parent / "translations"
COOKIE = "hbreview_language"
LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
DEFAULT = "zh"


def chosen() -> str:
    """The language of this request: the cookie of the switch, else Chinese."""
    given = request.cookies.get(COOKIE, DEFAULT)
    return given if given in LOCALES else DEFAULT


def compile_catalogues() -> None:
    """Compile each catalogue whose compiled file is missing or older; safe when several processes start."""
    for source in FOLDER.glob("*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name)
        descriptor, name = tempfile.mkstemp(dir=source.parent, suffix=".mo.new")
        with os.fdopen(descriptor, "wb") as file:
            write_mo(file, catalogue)
        Path(name).chmod(0o644)
        Path(name).replace(target)


def init_app(app: Flask) -> None:
    """Compile what is needed and wire Flask-Babel."""
    compile_catalogues()
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(FOLDER))
    babel.init_app(
        app,
        default_locale=LOCALES[DEFAULT],
        default_timezone="Asia/Shanghai",
        locale_selector=lambda: LOCALES[chosen()],
    )
    app.jinja_env.globals.update(language=chosen)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # Jinja's i18n extension adds it
        lambda text: _translations().ugettext(text),
        lambda one, many, count: _translations().ungettext(one, many, count),
        newstyle=True,
    )


def _translations() -> Any:
    """The catalogue of this request, looked up once: a page asks for hundreds of texts."""
    if "translations" not in g:
        g.translations = get_translations()
    return g.translations
