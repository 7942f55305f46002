"""The ZIP of a submission: names that every system can make, a true manifest, one member in memory at a time."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.documents.bundle import MANIFEST, Member, bundle, safe_name

# What Windows calls a device, whatever ending follows.
DEVICES = ["CON", "PRN", "AUX", "NUL", *(f"{name}{n}" for name in ("COM", "LPT") for n in range(1, 10))]
LONGEST = 255  # bytes of one name, on nearly every file system


def opened(*members: Member, **facts: object) -> tuple[zipfile.ZipFile, dict[str, Any]]:
    """The archive and its manifest."""
    with bundle(iter(members), facts=facts) as made:
        archive = zipfile.ZipFile(io.BytesIO(made.read()))
    assert archive.testzip() is None
    return archive, json.loads(archive.read(MANIFEST))


def paths(*names: tuple[str, ...] | str) -> list[str]:
    """Where members of these folders and names come to lie."""
    whole = [(name,) if isinstance(name, str) else name for name in names]
    archive, _manifest = opened(*(Member(parts[:-1], parts[-1], b"x") for parts in whole))
    return archive.namelist()[:-1]


@pytest.mark.parametrize(
    ("given_name", "made"),
    [
        ("专项审计报告.pdf", "专项审计报告.pdf"), ("Report 2019.PDF", "Report 2019.PDF"), ("无后缀", "无后缀"),
        ('a<b>c:d"e/f\\g|h?i*.pdf', "a_b_c_d_e_f_g_h_i_.pdf"), ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\表.xlsx", "C__表.xlsx"), ("a\x00b\n\tc\x7f\u202ed.pdf", "abcd.pdf"), (" .. 表 .pdf", "表.pdf"),
        ("表.", "表"), ("表. . .", "表"), ("", "_"), (".", "_"), ("..", "_"), (" ", "_"), ("\x00", "_"),
        ("…", "…"), ("？：“”.pdf", "？：“”.pdf"), ("👩‍💻 👍🏽.png", "👩💻 👍🏽.png"), (".gitignore", "gitignore"),
        ("a.tar.gz", "a.tar.gz"), ("v1.2 说明", "v1.2 说明"), ("a." + "长" * 30, "a." + "长" * 30),
    ],
)  # fmt: skip
def test_a_name_that_every_system_can_make(given_name: str, made: str) -> None:
    assert safe_name(given_name) == made


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_of_windows_is_no_name(device: str) -> None:
    for name in (
        device,
        device.lower(),
        f"{device}.pdf",
        f"{device.title()}.tar.gz",
        f" {device} .pdf",
        f"{device} ",
        f"{device} .tar.gz",
    ):
        made = safe_name(name)
        assert made.split(".")[0].rstrip().upper() not in DEVICES, (name, made)
    for harmless in (f"{device}X.pdf", f"X{device}.pdf", f"{device}0", f"a.{device}"):
        assert safe_name(harmless) == harmless


@pytest.mark.parametrize("letter", ["a", "长", "𠮷", "👍", "é"])
def test_a_long_name_is_cut_and_keeps_its_ending(letter: str) -> None:
    made = safe_name(letter * 255 + ".xlsx")
    assert made.endswith(".xlsx")
    assert made.startswith(letter)
    for name in (letter * 255 + ".xlsx", letter * 255, "a." + letter * 255, letter * 85 + "." + letter * 9):
        assert len(safe_name(name).encode()) <= LONGEST


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.sampled_from(DEVICES)


@given(NAMES, st.sampled_from(["", ".pdf", ".", " .", ". pdf", ".PDF "]))
def test_no_name_is_unsafe(name: str, ending: str) -> None:
    made = safe_name(name + ending)
    assert made
    assert made == made.strip(" ")
    assert not made.endswith(".")
    assert not set(made) & set('<>:"/\\|?*')
    assert all(c.isprintable() for c in made)
    assert len(made.encode()) <= LONGEST
    assert made.split(".")[0].rstrip().upper() not in DEVICES
    assert safe_name(made) == made


def test_a_name_that_occurs_twice_gets_a_number_whatever_its_case() -> None:
    assert paths("a.pdf", "A.PDF", "a.pdf", "a (2).pdf") == ["a.pdf", "A (2).PDF", "a (3).pdf", "a (2) (2).pdf"]
    assert paths("表", "表") == ["表", "表 (2)"]
    assert paths("a:b.pdf", "a?b.pdf") == ["a_b.pdf", "a_b (2).pdf"]
    assert paths("straße.pdf", "STRASSE.pdf") == ["straße.pdf", "STRASSE (2).pdf"]


def test_the_same_name_in_two_folders_stays_and_folders_are_safe_too() -> None:
    assert paths(("甲", "a.pdf"), ("乙", "a.pdf")) == ["甲/a.pdf", "乙/a.pdf"]
    assert paths(("甲/..", "con", "a.pdf")) == ["甲_/_con/a.pdf"]
    assert paths(("v1.2", "表"), ("v1.2", "表")) == ["v1.2/表", "v1.2/表 (2)"]


def test_nothing_takes_the_manifests_place() -> None:
    archive, manifest = opened(Member((), "manifest.json", b"{}"), Member((), "MANIFEST.json", b"{}"))
    assert archive.namelist() == ["manifest (2).json", "MANIFEST (3).json", MANIFEST]
    assert [line["path"] for line in manifest["files"]] == archive.namelist()[:-1]


def test_the_manifest_names_every_file_with_its_digest_and_the_facts() -> None:
    chance = random.Random(5)
    contents = [b"", b"%PDF-1.4", *(chance.randbytes(chance.randrange(1, 5000)) for _ in range(20))]
    members = [Member(("附件",), f"表{n % 4}.pdf", content) for n, content in enumerate(contents)]
    archive, manifest = opened(*members, organisation="河北<示例>", revision=3)
    assert (manifest["organisation"], manifest["revision"]) == ("河北<示例>", 3)
    assert "河北<示例>" in archive.read(MANIFEST).decode("utf-8")
    assert [line["path"] for line in manifest["files"]] == archive.namelist()[:-1]
    for line, content in zip(manifest["files"], contents, strict=True):
        assert archive.read(line["path"]) == content
        assert line == {
            "path": line["path"], "size": len(content), "sha256": hashlib.sha256(content).hexdigest()
        }  # fmt: skip


def test_a_member_that_could_not_be_read_is_named_and_left_out() -> None:
    archive, manifest = opened(Member(("附件",), "a.pdf", None), Member(("附件",), "a.pdf", b"x"))
    assert archive.namelist() == ["附件/a (2).pdf", MANIFEST]
    assert manifest["files"][0] == {"path": "附件/a.pdf", "missing": True}
    assert manifest["files"][1]["path"] == "附件/a (2).pdf"


def test_an_archive_of_nothing_has_its_manifest() -> None:
    archive, manifest = opened(revision=1)
    assert archive.namelist() == [MANIFEST]
    assert manifest == {"revision": 1, "files": []}


def test_the_same_members_give_the_same_bytes() -> None:
    members = [Member(("甲",), "a.pdf", b"x" * 100)]
    first, second = (bundle(members, facts={"revision": 1}) for _ in range(2))
    with first, second:
        assert first.read() == second.read()


class Watched(bytes):
    """Bytes that are counted as long as anybody holds them."""

    alive = 0

    def __init__(self, _content: bytes) -> None:
        Watched.alive += 1

    def __del__(self) -> None:
        Watched.alive -= 1


def test_members_are_taken_one_by_one_and_let_go() -> None:
    """Not more than the member before is still held when the next one is asked for."""
    held: list[int] = []

    def members() -> Iterator[Member]:
        for number in range(12):
            held.append(Watched.alive)
            yield Member((), f"{number}.pdf", Watched(bytes([number]) * 100_000))

    with bundle(members(), facts={}) as made:
        assert len(zipfile.ZipFile(made).namelist()) == 13
    assert max(held) == 1
    assert Watched.alive == 0
