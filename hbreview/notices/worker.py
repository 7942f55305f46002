"""The worker: turns, one after another, in a thread beside the pages or in a process of its own."""

from __future__ import annotations

import logging
import threading

from flask import Flask

from . import posting

log = logging.getLogger("hbreview.notices")

PAUSE = 10  # seconds between turns that found nothing to do
_KEY = "hbreview.worker"


def run(app: Flask, stop: threading.Event) -> None:
    """Take turns until ``stop`` is set; a turn that fails is logged, and the next one tries again."""
    while not stop.is_set():
        busy = False
        for turn in (posting.turn, *app.config["WORKER_TURNS"]):
            try:
                busy = turn(app) > 0 or busy
            except Exception:  # whatever it is, the other turns and the next round of this one must go on
                log.exception("a turn of the worker failed")
        stop.wait(0.2 if busy else PAUSE)


def start(app: Flask) -> threading.Thread:
    """The worker's thread of this process, begun if there is none yet; it ends with the process."""
    lock, running = app.extensions[_KEY]
    with lock:
        thread: threading.Thread | None = running.get("thread")
        # In a process that was forked after it began, the thread is there and dead.
        if thread is None or not thread.is_alive():
            stop = threading.Event()
            thread = threading.Thread(target=run, args=(app, stop), name="hbreview-worker", daemon=True)
            running.update(thread=thread, stop=stop)
            thread.start()
    return thread


def stop(app: Flask) -> None:
    """End the thread of this process after its turn, if there is one."""
    _lock, running = app.extensions[_KEY]
    if thread := running.pop("thread", None):
        running["stop"].set()
        thread.join()


def init_app(app: Flask) -> None:
    """Begin with the first request, where the settings say so.

    Not when the application is made: a command of ``flask`` makes it too, and a server may fork after that, which
    no thread survives.
    """
    app.extensions[_KEY] = (threading.Lock(), {})

    def begin() -> None:
        start(app)

    if app.config["SETTINGS"].worker == "inline":
        app.before_request(begin)
