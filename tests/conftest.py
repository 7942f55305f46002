"""What every test may ask for: a database of each kind with a rehearsed world in it, and browsers of its people.

A world is made once a session and copied for each test, so that a test may do what it likes to it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask

from hbreview.acts import rehearsing, signing_in
from tests import postgres
from tests.worlds import World, make_template, open_world

if folder := postgres.memory_folder():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", folder)
DATABASES = ("sqlite", "postgresql")
# Thousands of people sign in during the tests: the same way as ever, at a hundredth of the price.
rehearsing.HASHER = signing_in.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--thorough`` takes the long way round too, as CI does: what others cover by a sample."""
    parser.addoption("--thorough", action="store_true", help="also the tests that are marked thorough")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the suite of somebody who works within five minutes on two cores.

    PostgreSQL gets what is about locks and the database itself ("on_both") then, and everything else in CI.
    """
    if config.getoption("--thorough") or os.environ.get("CI") == "true":
        return
    later = [item for item in items if item.get_closest_marker("thorough") or _is_twin(item)]
    config.hook.pytest_deselected(items=later)
    items[:] = [item for item in items if item not in later]


def _is_twin(item: pytest.Item) -> bool:
    """Whether it is the same test once more on the other database, with nothing to do with databases."""
    callspec = getattr(item, "callspec", None)
    on_postgresql = callspec is not None and callspec.params.get("database") == "postgresql"
    return on_postgresql and not item.get_closest_marker("on_both")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.PostgresServer]:
    with postgres.wanted_server() as server:
        yield server


@pytest.fixture(scope="session")
def templates(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[str, str], tuple[str, Path]]:
    """The template of a database kind and a profile ("empty" or "matrix"): its URL and its instance folder."""
    made: dict[tuple[str, str], tuple[str, Path]] = {}

    def template(kind: str, profile: str) -> tuple[str, Path]:
        if (kind, profile) not in made:
            folder = tmp_path_factory.mktemp(f"{kind}-{profile}")
            url = f"sqlite:///{folder / 'hbreview.sqlite3'}"
            if kind == "postgresql":
                url = request.getfixturevalue("postgres_server").new_database()
            make_template(url, folder, profile=profile)
            made[kind, profile] = (url, folder)
        return made[kind, profile]

    return template


def _copy(kind: str, profile: str, folder: Path, request: pytest.FixtureRequest) -> str:
    url, source = request.getfixturevalue("templates")(kind, profile)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    if kind == "postgresql":
        return str(request.getfixturevalue("postgres_server").new_database(url))
    return f"sqlite:///{folder / 'hbreview.sqlite3'}"


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database; a test that asks for a world runs once on each."""
    return str(request.param)


@pytest.fixture
def world(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """The matrix: the notice's organisations, of each programme one submission in each state."""
    url = _copy(database, "matrix", tmp_path / "instance", request)
    with open_world(url, tmp_path / "instance") as opened:
        yield opened


@pytest.fixture
def empty_world(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """A migrated database with nothing in it."""
    url = _copy(database, "empty", tmp_path / "instance", request)
    with open_world(url, tmp_path / "instance") as opened:
        yield opened


@pytest.fixture
def app(world: World) -> Flask:
    """The application of the world."""
    return world.app
