"""A real Chromium and a live server over a copy of the matrix, for what only a browser can show."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from hbreview.acts.rehearsing import PASSWORD
from tests import postgres
from tests.worlds import World

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


class _Quiet(WSGIRequestHandler):
    """Writes no line per request."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@dataclass
class Live:
    """A world behind a real address."""

    world: World
    address: str

    def url(self, path: str) -> str:
        """The whole address of a path."""
        return self.address + path


@pytest.fixture
def database() -> str:
    """Browsers do not see which database it is: SQLite is enough here."""
    return "sqlite"


@pytest.fixture
def live(world: World) -> Iterator[Live]:
    """The world, served with threads as in production."""
    server = make_server("127.0.0.1", 0, world.app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Live(world, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium, started once."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        postgres.missing("browser", "no chromium on the PATH")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        postgres.missing("browser", str(error))
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        except Error as error:
            postgres.missing("browser", str(error))
        yield browser
        with suppress(Error):
            browser.close()


@pytest.fixture
def signed_in(chromium: Any, live: Live) -> Iterator[Callable[..., Any]]:
    """Makes a page of somebody who signed in through the form, in a browser of their own; "" for a stranger."""
    contexts: list[Any] = []

    def enter(login: str, *, width: int = 1440, scripts: bool = True) -> Any:
        viewport = {"width": width, "height": 900}
        context = chromium.new_context(java_script_enabled=scripts, viewport=viewport, locale="zh-CN")
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        if login:
            page.goto(live.url("/login"))
            page.fill("#in-login", login)
            page.fill("#in-password", PASSWORD)
            page.click("main button.btn-primary")
            page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield enter
    for context in contexts:
        context.close()
