"""The law of set-up: one small program of the standard library, and locks that any index can serve."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-test.txt")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
PIN = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*(\[[a-z,-]+\])?==[^ ;]+( ; .+)?$", re.I)
# A host's name: letters, a dot, and an ending that only networks have.
HOST = re.compile(r"\b[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|org|net|io|dev|cn|edu|gov|test|local|internal)\b", re.I)
OTHER_HOST = re.compile(
    r"""\b(?:src|srcset|href|action|poster|data|hx-(?:get|post|put|patch|delete))\s*=\s*["']?\s*(?:https?:)?//"""
    r"""|(?:@import|url\()\s*["']?\s*(?:https?:)?//""",
    re.I,
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def requirements(lock: str) -> dict[str, list[str]]:
    """Each requirement's first part (pin and marker), and its hashes."""
    joined = re.sub(r"\\\n\s*", " ", read(lock))
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return {line.partition(" --hash")[0].strip(): HASH.findall(line) for line in lines}


def test_hb_is_short_and_needs_nothing() -> None:
    text = read("hb.py")
    assert len(text.splitlines()) < 150
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or ".").partition(".")[0])
    assert names <= sys.stdlib_module_names


def test_an_old_python_can_read_hb_to_be_told_that_it_is_old() -> None:
    ast.parse(read("hb.py"), feature_version=(3, 7))


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_host(lock: str) -> None:
    text = HASH.sub("", read(lock))
    assert [word for word in ("http", "://", "--index", "--extra-index", "--find-links", " @ ") if word in text] == []
    assert HOST.search(text) is None


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    found = requirements(lock)
    assert found
    assert [pin for pin, hashes in found.items() if not hashes or not PIN.match(pin)] == []


def test_the_test_lock_holds_the_run_lock_as_it_is() -> None:
    tests = requirements("requirements-test.txt")
    assert {pin: hashes for pin, hashes in requirements("requirements.txt").items() if tests.get(pin) != hashes} == {}


def test_django_is_left_out() -> None:
    names = {pin.partition("==")[0] for lock in LOCKS for pin in requirements(lock)}
    assert "django-htmx" in names
    assert names & {"django", "asgiref", "sqlparse"} == set()


def test_no_page_fetches_from_another_host() -> None:
    found = []
    for folder in ("templates", "static"):
        for path in (path for path in (ROOT / folder).rglob("*") if path.suffix in {".html", ".css", ".svg", ".js"}):
            text = path.read_text(encoding="utf-8")
            found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in OTHER_HOST.finditer(text)]
    assert found == []
