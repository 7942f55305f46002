"""The commands of a fresh machine: ``python3 hb.py run``, ``python3 hb.py test``, ``python3 hb.py setup``.

Standard library only, the same on Linux, macOS and Windows. It makes .venv beside itself, installs the
lock by hash, and starts the rest from there. HBREVIEW_* variables pass through to what it starts.
Old Pythons must still be able to read it, to say that they are too old: no walrus, no ``X | None``.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
INSTANCE = Path(os.environ.get("HBREVIEW_INSTANCE") or ROOT / "instance").resolve()
DATABASE = INSTANCE / "hbreview.sqlite3"  # where HBREVIEW_DATABASE_URL names no other
ENVIRONMENT = {"PYTHONUTF8": "1", **os.environ}
PIP = ("-m", "pip", "install", "-q", "--no-input", "--disable-pip-version-check")
LINT_IMPORTS = ("-c", "from importlinter.cli import lint_imports_command as lint; lint()")
RUFF = (("-m", "ruff", "check", "."), ("-m", "ruff", "format", "--check", "."))
CHECKS = (*RUFF, ("-m", "mypy"), LINT_IMPORTS, ("-m", "pytest", "-n", "2", "--dist", "worksteal"))


def python(*arguments: str, program: str = PYTHON) -> int:
    """Run a Python (.venv's) on this tree; its exit code."""
    return subprocess.run([program, *arguments], cwd=str(ROOT), env=ENVIRONMENT, check=False).returncode


def must(code: int, otherwise: str = "Stopped: see above") -> None:
    """Stop with the exit code of what failed."""
    if code:
        print(otherwise, file=sys.stderr)
        sys.exit(code)


def setup(lock: str) -> int:
    """Make .venv if none works, and install the lock if it (or the Python) isn't what was installed last."""
    if not Path(PYTHON).exists() or python("-c", "import pip"):
        if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
            sys.exit("Python's venv module is missing; on Debian and Ubuntu: sudo apt install python3-venv")
        print(f"Making {VENV}", flush=True)
        must(python("-m", "venv", "--clear", str(VENV), program=sys.executable))
    stamp, facts = VENV / f"hb-stamp-{lock}", (VENV / "pyvenv.cfg").read_bytes() + (ROOT / lock).read_bytes()
    wanted = hashlib.sha256(facts).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
        print(f"Installing {lock} (only when it changes; about a minute)", flush=True)
        must(python(*PIP, "--no-deps", "--require-hashes", "-r", lock))
        stamp.write_text(wanted, encoding="ascii")
    return 0


def set_aside() -> None:
    """Move the old database and its files to instance/old-<time>: out of the way, not lost."""
    aside = INSTANCE / time.strftime("old-%Y%m%d-%H%M%S")
    old = [*INSTANCE.glob(f"{DATABASE.name}*"), INSTANCE / "files", INSTANCE / "demo-people.txt"]
    for path in (path for path in old if path.exists()):
        aside.mkdir(parents=True, exist_ok=True)
        shutil.move(str(path), str(aside / path.name))
        print(f"Moved {path.name} to {aside}", flush=True)


def prepare(fresh: bool) -> None:
    """Bring the database up to date; fill a new one with the demo. One that somebody named is never filled."""
    named = os.environ.get("HBREVIEW_DATABASE_URL")
    if fresh and named:
        sys.exit("--fresh moves instance/hbreview.sqlite3 aside, but HBREVIEW_DATABASE_URL names another database")
    if fresh:
        set_aside()
    new = not named and not DATABASE.exists()
    must(python("-m", "flask", "--app", "wsgi", "db", "upgrade"))
    if new:
        must(python("-m", "flask", "--app", "wsgi", "demo"), "To begin again: python3 hb.py run --fresh")


def answers(port: int) -> bool:
    """Does anything listen there?"""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def serve(port: int, browser: bool) -> int:
    """Serve until Ctrl-C or a polite kill; both end the server too."""
    server = ["waitress", f"--listen=127.0.0.1:{port}", "wsgi:app"]
    if (VENV / "bin" / "gunicorn").exists():
        server = ["gunicorn", "--workers=2", "--no-control-socket", f"--bind=127.0.0.1:{port}", "wsgi:app"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    child = subprocess.Popen([PYTHON, "-m", *server], cwd=str(ROOT), env=ENVIRONMENT)
    try:
        while child.poll() is None and not answers(port):
            time.sleep(0.1)
        if child.poll() is None:
            print(f"\nhbreview is at http://127.0.0.1:{port}/ (Ctrl-C ends it)", flush=True)
            if (INSTANCE / "demo-people.txt").exists():
                print(f"The demo's people and their passwords: {INSTANCE / 'demo-people.txt'}", flush=True)
            if browser:
                webbrowser.open(f"http://127.0.0.1:{port}/")
        return child.wait()
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        return 0


def test(*arguments: str) -> int:
    """All checks in order, or pytest alone with its arguments; the exit code of the first that failed."""
    setup("requirements-test.txt")
    codes = []
    for command in [("-m", "pytest", *arguments)] if arguments else CHECKS:
        print("\n==", *command, flush=True)
        codes.append(python(*command))
    return next((code for code in codes if code), 0)


def main(arguments: "list[str]") -> int:
    """Read the command line and do what it says."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is started by whatever Python is there
        sys.exit(f"hbreview needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    parser = argparse.ArgumentParser(prog="hb.py", description="Set up, run and test hbreview.")
    parser.add_argument("command", choices=["run", "test", "setup"], help="test takes pytest's arguments")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--no-browser", action="store_true", help="run: open no browser")
    parser.add_argument("--fresh", action="store_true", help="run: move the old data aside, begin again")
    if arguments[:1] == ["test"]:
        return test(*arguments[1:])
    options = parser.parse_args(arguments)
    if options.command == "setup":
        return setup("requirements.txt")
    if answers(options.port):
        sys.exit(f"Port {options.port} is in use; take another: python3 hb.py run --port {options.port + 1}")
    setup("requirements.txt")
    prepare(options.fresh)
    seen = sys.platform in {"darwin", "win32"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return serve(options.port, browser=seen and not options.no_browser and not os.environ.get("CI"))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
