"""The worker begins with the first request where the settings say so, and ends when it is told to."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hbreview import create_app
from hbreview.config import ROOT, Settings, SettingsError
from hbreview.notices import posting, worker
from tests import worlds


def _settings(folder: Path, kind: str) -> Settings:
    plain = worlds.settings(f"sqlite:///{folder / 'hbreview.sqlite3'}", folder)
    return dataclasses.replace(plain, worker=kind)


@pytest.mark.parametrize(("kind", "threads"), [("inline", 1), ("none", 0)])
def test_thread_begins_with_the_first_request_and_there_is_one(
    tmp_path: Path, kind: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = threading.Event()
    monkeypatch.setattr(posting, "turn", lambda app: turned.set() or 0)
    app = create_app(_settings(tmp_path, kind))

    def running() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name == "hbreview-worker"]

    try:
        with app.app_context():
            assert app.test_cli_runner().invoke(args=["policy", "--json"]).exit_code == 0
        assert running() == []  # a command begins none
        for _request in range(3):
            assert app.test_client().get("/healthz").status_code == 200
        assert len(running()) == threads
        assert all(one.daemon for one in running())
        assert turned.wait(5 if threads else 0.2) is bool(threads)
    finally:
        worker.stop(app)
    assert running() == []


def test_turn_that_fails_is_logged_and_the_next_one_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop, turns = threading.Event(), []

    def turn(_app: object) -> int:
        turns.append(1)
        if len(turns) == 1:
            raise ConnectionError("the database is away")
        stop.set()
        return 0

    monkeypatch.setattr(posting, "turn", turn)
    monkeypatch.setattr(worker, "PAUSE", 0.01)
    app = create_app(_settings(tmp_path, "none"))
    app.config["WORKER_TURNS"] = ()  # they would ask a database that has no tables
    worker.run(app, stop)
    assert len(turns) == 2
    assert [record.getMessage() for record in caplog.records] == ["a turn of the worker failed"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_command_ends_cleanly_when_it_is_told_to(tmp_path: Path) -> None:
    environment = {**os.environ, "HBREVIEW_INSTANCE": str(tmp_path)}
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    with subprocess.Popen(flask, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        assert command.stderr.readline() == "worker: reading the journal\n"
        command.send_signal(signal.SIGTERM)
        said = command.stderr.read()
        assert command.wait(10) == 0
    assert said.splitlines()[-1] == "worker: ended"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("SMTP_URL", "http://mail"), ("SMTP_URL", "smtp://"), ("SMTP_URL", "smtp://u:sesame@host:port"),
        ("SMTP_URL", "mail.example"), ("SMTP_URL", "smtp://u:sesame@host\r\nx:25"),
        ("PUBLIC_URL", "review.example"), ("PUBLIC_URL", "ftp://a"), ("PUBLIC_URL", "https://a/?x"),
        ("MAIL_FROM", "office"), ("MAIL_FROM", "a@b\nBcc: c@d"), ("MAIL_FROM", "A <a@b>"), ("WORKER", "yes"),
    ],
)  # fmt: skip
def test_setting_that_cannot_be_used_is_refused_by_its_name(tmp_path: Path, name: str, given: str) -> None:
    with pytest.raises(SettingsError, match=f"^HBREVIEW_{name} ") as refused:
        Settings.read({"HBREVIEW_INSTANCE": str(tmp_path), f"HBREVIEW_{name}": given})
    assert "sesame" not in str(refused.value)


def test_settings_of_letters_and_their_defaults(tmp_path: Path) -> None:
    plain = Settings.read({"HBREVIEW_INSTANCE": str(tmp_path)})
    assert (plain.smtp_url, plain.public_url, plain.worker) == ("", "http://localhost:5000", "inline")
    assert plain.mail_from == "hbreview@localhost"
    given = {"PUBLIC_URL": "https://review.example/", "SMTP_URL": "smtps://u:sesame@mail.example:465", "WORKER": "none"}
    full = Settings.read({"HBREVIEW_INSTANCE": str(tmp_path)} | {f"HBREVIEW_{key}": one for key, one in given.items()})
    assert (full.public_url, full.worker, full.mail_from) == (
        "https://review.example",
        "none",
        "hbreview@review.example",
    )
    assert "sesame" not in repr(full)
