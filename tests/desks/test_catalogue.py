"""The Chinese catalogue is complete: exactly the source strings, each translated, placeholders kept."""

from __future__ import annotations

import re

from hbreview.cli.catalogues import read, source_strings
from hbreview.languages import FOLDER

CATALOGUE = FOLDER / "zh_Hans_CN" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\(\w+\)s")
HAN = re.compile(r"[\u4e00-\u9fff]")


def test_catalogue_holds_exactly_the_source_strings() -> None:
    known = {str(message.id) for message in read(CATALOGUE) if message.id}

    assert known == set(source_strings())


def test_catalogue_translates_every_string_with_its_placeholders() -> None:
    wrong = [
        message.id
        for message in read(CATALOGUE)
        if message.id
        and (
            not message.string
            or sorted(PLACEHOLDER.findall(str(message.id))) != sorted(PLACEHOLDER.findall(str(message.string)))
        )
    ]

    assert wrong == []


def test_source_strings_are_english() -> None:
    assert [text for text in source_strings() if HAN.search(text)] == []
