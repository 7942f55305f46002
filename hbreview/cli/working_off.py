"""``flask worker``: makes and sends letters in the foreground until it is told to end."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext

from ..notices.worker import run


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Make letters from the journal and send them; SIGTERM or Ctrl-C ends it after the turn that is running."""
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, end)
    click.echo("worker: reading the journal", err=True)
    run(current_app._get_current_object(), stop)  # type: ignore[attr-defined]  # the proxy's own, unknown to its type
    click.echo("worker: ended", err=True)
