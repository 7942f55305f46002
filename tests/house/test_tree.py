"""The law of the house over the source tree: what CONTRIBUTING.md says in words, read off the files."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "hbreview"
# Rooms whose functions are called from everywhere: facts go in by name.
BY_NAME = ("acts", "workflow", "evaluation", "documents")
SHARED_NAMES = {"routes", "forms", "queries", "__init__"}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
INCLUDE = re.compile(r"\{%-?\s*include\s+(.*?)-?%\}", re.S)
QUOTED = re.compile(r"""["']([^"']+)["']""")
ROLE_COMPARED = re.compile(
    r"\brole\s*(==|!=)|\.role\s+(in|not\s+in|is)\b|(==|!=)\s*([\w()]+\.)+role\b",  # not "for role in"
)
NOQA = re.compile(r"#\s*noqa\b(?P<codes>:\s*[A-Z]+[0-9]+(\s*,\s*[A-Z]+[0-9]+)*)?(?P<rest>.*)")
IGNORE = re.compile(r"#\s*type:\s*ignore\b(?P<codes>\[[^\]]+\])?(?P<rest>.*)")
WORD = re.compile(r"[^\W\d_]{2,}")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted(HOUSE.rglob("*.py")))


@cache
def templates() -> tuple[Path, ...]:
    # Some rooms keep plain-text templates; all that Jinja reads is held to the law.
    return tuple(sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file()))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, line: int | None = None) -> str:
    name = path.relative_to(ROOT).as_posix()
    return name if line is None else f"{name}:{line}"


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def imported(path: Path) -> set[str]:
    """The outer names of what a module imports from elsewhere."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def importers(library: str) -> set[str]:
    return {place(path) for path in modules() if library in imported(path)}


def lines_with(pattern: re.Pattern[str], paths: tuple[Path, ...]) -> list[str]:
    return [
        place(path, number)
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize(("folder", "limit"), [("hbreview", 400), ("tests", 600)])
def test_no_module_is_too_long_to_read_in_one_sitting(folder: str, limit: int) -> None:
    lengths = {path: len(path.read_bytes().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {place(path): length for path, length in lengths.items() if length > limit} == {}


def test_functions_fit_on_one_screen() -> None:
    lengths = {
        f"{place(path, node.lineno)} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in modules()
        for node in functions(path)
    }
    assert {name: length for name, length in lengths.items() if length > 40} == {}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    parts = {part for path in modules() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert parts & {"utils", "util", "common", "helpers", "helper", "misc"} == set()


def test_module_names_say_where_one_is() -> None:
    names = Counter(path.stem for path in modules() if path.stem not in SHARED_NAMES)
    assert {name for name, count in names.items() if count > 1} == set()


def test_facts_go_in_by_name() -> None:
    """At most three positional parameters, besides self or cls, where everybody calls."""
    found = []
    for path in (path for path in modules() if path.relative_to(HOUSE).parts[0] in BY_NAME):
        for node in functions(path):
            names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
            if len(names) - (names[:1] in (["self"], ["cls"])) > 3:
                found.append(f"{place(path, node.lineno)} {node.name}")
    assert found == []


def test_only_the_htmx_wrapper_knows_htmx_flask() -> None:
    assert importers("htmx_flask") <= {"hbreview/hx.py", "hbreview/extensions.py"}


def test_only_the_chains_know_the_state_machine() -> None:
    assert importers("transitions") <= {"hbreview/workflow/chain.py", "hbreview/workflow/round_chain.py"}


def test_only_the_clock_asks_the_time() -> None:
    found = []
    for path in modules():
        if path == HOUSE / "clock.py":
            continue
        for call in calls(path):
            if ".".join(ast.unparse(call.func).split(".")[-2:]) in CLOCKS:
                found.append(place(path, call.lineno))
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                found.append(place(path, node.lineno))
    assert found == []


def test_only_one_place_commits() -> None:
    found = {
        place(path, node.lineno)
        for path in modules()
        if path != HOUSE / "transact.py"
        for node in calls(path)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert found == set()


def test_pages_ask_the_policy_and_not_the_role() -> None:
    desks = tuple(path for path in modules() if path.is_relative_to(HOUSE / "desks"))
    assert lines_with(ROLE_COMPARED, (*desks, *templates())) == []


def test_no_text_becomes_a_template_or_markup() -> None:
    pattern = re.compile(r"\brender_template_string\b|\|\s*safe\b|\{%-?\s*autoescape\s+false")
    assert lines_with(pattern, (*modules(), *templates())) == []


def test_included_templates_are_partials() -> None:
    found = [
        f"{place(path)} includes {name}"
        for path in templates()
        for what in INCLUDE.findall(path.read_text(encoding="utf-8"))
        for name in QUOTED.findall(what)
        if not name.rpartition("/")[2].startswith("_")
    ]
    assert found == []


def test_no_figure_is_a_float() -> None:
    found = [
        place(path, node.lineno)
        for path in modules()
        for node in calls(path)
        if isinstance(node.func, ast.Name) and node.func.id == "float"
    ]
    assert found == []


def unexplained(text: str) -> list[int]:
    """Lines whose noqa or type-ignore comment has no code, or no reason after it."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        for pattern in (NOQA, IGNORE):
            match = pattern.search(token.string)
            if match and not (match["codes"] and WORD.search(match["rest"])):
                found.append(token.start[0])
    return found


def test_every_silenced_warning_says_why() -> None:
    paths = (*modules(), *(ROOT / "tests").rglob("*.py"), ROOT / "hb.py", ROOT / "wsgi.py")
    found = [place(path, line) for path in paths for line in unexplained(path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("if actor.role == Role.CITY:", True),
        ("{% if role == 'city' %}", True),
        ("if Role.CITY != person.role:", True),
        ("{% if actor().role in ('city', 'province') %}", True),
        ("if actor.role not in LEADERS:", True),
        ("for role in Role:", False),
        ('<p role="status">', False),
        ("has_role_for(actor, action)", False),
    ],
)
def test_the_law_itself_tells_a_compared_role(line: str, refused: bool) -> None:
    assert bool(ROLE_COMPARED.search(line)) is refused


@pytest.mark.parametrize(
    ("comment", "refused"),
    [
        ("# noqa", True),
        ("# noqa: S105", True),
        ("# noqa: S105, PLR0911", True),
        ("# noqa: S105 - a word of the field", False),
        ("# type: ignore", True),
        ("# type: ignore[arg-type]", True),
        ("# type: ignore[arg-type]  # the stub is wrong", False),
        ("# 意见", False),
    ],
)
def test_the_law_itself_tells_a_reason_from_none(comment: str, refused: bool) -> None:
    assert bool(unexplained(f"x = 1  {comment}\n")) is refused
