"""``python -m benchmarks``: our pages and the bare ones side by side in one run; see README.md."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask
from sqlalchemy import Engine, event

from benchmarks import bulk
from benchmarks.bare import create_bare
from hbreview import clock, create_app
from hbreview.config import ROOT, Settings
from hbreview.extensions import db
from tests import postgres

HOST, SECRET = "127.0.0.1", "a secret of the benchmark"
LANES, RUNS, WORKERS, WARM = 8, 3, 2, 4
TARGETS = {"bare": "benchmarks.bare:from_environment()", "ours": "wsgi:app"}
WHO = tuple(TARGETS)
PAGES = ("queue", "queue, search", "submission", "comment", "approve")
EXPECTED = {"queue": 200, "queue, search": 200, "submission": 200, "comment": 200, "approve": 303}
QUEUES = (
    "/submissions",
    "/submissions?state=submitted",
    "/submissions?city=baoding",
    "/submissions?programme=platform",
)
TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Call = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a signed-in browser sends with each request."""

    cookie: str
    csrf: str = ""


@dataclass
class Server:
    """A gunicorn of ours: where it listens, and how long it took until the first answer."""

    process: subprocess.Popen[bytes]
    port: int
    start: float

    def memory(self) -> tuple[float, float]:
        """Mean RSS and PSS of the workers, in MB."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        texts = [Path(f"/proc/{child}/smaps_rollup").read_text() for child in children]
        found = [statistics.mean(int(re.findall(rf"^{k}:\s+(\d+)", t, re.M)[0]) for t in texts) for k in ("Rss", "Pss")]
        return found[0] / 1024, found[1] / 1024


@dataclass
class Figures:
    """All that was measured on one database."""

    database: str
    loads: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    statements: dict[tuple[str, str], int] = field(default_factory=dict)
    starts: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def median(self, who: str, page: str, name: str) -> float:
        """The median of one figure over the runs."""
        return statistics.median(float(run[name]) for run in self.loads[who, page])


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


@contextmanager
def served(target: str, environment: dict[str, str], log: Path) -> Iterator[Server]:
    """The application under gunicorn with synchronous workers; ended by its own id at the end."""
    port, before = _free_port(), time.perf_counter()
    command = [sys.executable, "-m", "gunicorn", "-w", str(WORKERS), "-k", "sync", "-b", f"{HOST}:{port}"]
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*command, "--log-level", "warning", target], cwd=ROOT, env=os.environ | environment, stdout=out, stderr=out
        )
    try:
        _wait(process, port, log)
        yield Server(process, port, time.perf_counter() - before)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            if _ask(port, "GET", "/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"gunicorn did not start: {log.read_text(errors='replace')[-2000:]}")


def _ask(port: int, method: str, path: str, *, cookie: str = "", body: str | None = None) -> tuple[int, str, str]:
    """Status, the cookie afterwards, the text."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    connection.request(method, path, body=body, headers={"Cookie": cookie} | (FORM if body else {}))
    response = connection.getresponse()
    text = response.read().decode("utf-8", "replace")
    new = response.headers.get_all("Set-Cookie") or []
    connection.close()
    return response.status, new[-1].split(";")[0] if new else cookie, text


def sign_in(who: str, port: int, login: str, plan: bulk.Plan) -> Ticket:
    """A session of this person: by the form with us, by a token with the bare pages."""
    if who == "bare":
        return Ticket(_ask(port, "GET", f"/login/{plan.tokens[login]}")[1])
    _status, cookie, text = _ask(port, "GET", "/login")
    form = {"csrf_token": TOKEN.findall(text)[0], "login": login, "password": plan.password}
    status, cookie, text = _ask(port, "POST", "/login", cookie=cookie, body=urlencode(form))
    if status != 303:
        raise RuntimeError(f"{login} could not sign in: {status}")
    _status, cookie, text = _ask(port, "GET", "/account", cookie=cookie)
    return Ticket(cookie, TOKEN.findall(text)[0])


def _login(page: str, lane: int, plan: bulk.Plan) -> str:
    if page.startswith("queue"):
        return "province"
    return f"city-{plan.big_city if page == 'submission' else list(plan.submitted)[lane]}"


def calls_of(page: str, lane: int, plan: bulk.Plan, *, run: int, who: str) -> list[Call]:
    """What one connection asks. Comments go to another indicator in each run, so that threads stay as short."""
    if page == "queue":
        return [("GET", path, "") for path in QUEUES]
    if page == "queue, search":
        return [("GET", f"/submissions?q={quote('信息')}", "")]
    if page == "submission":
        return [("GET", f"/submissions/{plan.big}", "")]
    own = plan.submitted[list(plan.submitted)[lane]]
    if page == "comment":
        order = 1 + run * len(WHO) + WHO.index(who)
        body = "body=" + quote("请补充服务企业数量的佐证材料。") + "&visibility=enterprise&request_key={n}"
        return [("POST", f"/submissions/{one}/indicators/{order}/comments", body) for one in own]
    today = clock.today().isoformat()
    body = f"version=2&opinion={quote('情况属实，同意上报。')}&seal_date={today}&request_key={{n}}"
    return [("POST", f"/submissions/{one}/approve", body) for one in own[WHO.index(who) :: len(WHO)]]


def _headers(page: str, ticket: Ticket) -> dict[str, str]:
    headers = {"Cookie": ticket.cookie, "Accept-Language": "zh-CN"}
    if page in {"comment", "approve"}:
        headers |= FORM | {"X-CSRFToken": ticket.csrf}
    return headers | ({"HX-Request": "true"} if page == "comment" else {})


class Bench:
    """One database: filled once, both applications over it in turn."""

    def __init__(self, url: str, folder: Path, *, submissions: int, seconds: float) -> None:
        self._folder, self._url, self._seconds = folder, url, seconds
        self._settings = Settings(folder, url, folder / "files", SECRET)
        self._labels = folder / "labels.json"
        self._plan = bulk.fill(self._settings, submissions=submissions, labels=self._labels)
        self._tickets: dict[tuple[str, str], Ticket] = {}
        self._environment = {
            "HBREVIEW_INSTANCE": str(folder), "HBREVIEW_DATABASE_URL": url, "HBREVIEW_SECRET_KEY": SECRET,
            "BARE_DATABASE_URL": url, "BARE_LABELS": str(self._labels),
        }  # fmt: skip

    def measure(self, database: str) -> Figures:
        """Both applications stand; each page is asked of the one and at once of the other, so that a ratio is fair."""
        figures = Figures(database)
        for run in range(RUNS):
            with ExitStack() as stack:
                servers: dict[str, Server] = {}
                for who, target in TARGETS.items():
                    log = self._folder / f"{who}.log"
                    servers[who] = stack.enter_context(served(target, self._environment, log))
                    figures.starts.setdefault(who, []).append(servers[who].start)
                for page in PAGES:
                    for who in WHO:
                        self._load(figures, servers[who], who, page=page, run=run)
                for who in WHO:
                    figures.memory.setdefault(who, []).append(servers[who].memory())
            bulk.reset(self._settings)
        for who in WHO:
            self._count(figures, who)
            bulk.reset(self._settings)
        return figures

    def _load(self, figures: Figures, server: Server, who: str, *, page: str, run: int) -> None:
        job = self._job(server, who, page, run)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load"],
            cwd=ROOT,
            input=json.dumps(job),
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        result = json.loads(done.stdout)
        line = f"{figures.database} {who} {page}: {result['rate']:.0f}/s"
        unexpected = set(result["statuses"]) != {str(EXPECTED[page])}
        print(f"! {line}, answers {result['statuses']}" if unexpected else line, file=sys.stderr, flush=True)
        figures.loads.setdefault((who, page), []).append(result)

    def _ticket(self, who: str, port: int, login: str) -> Ticket:
        if (who, login) not in self._tickets:
            self._tickets[who, login] = sign_in(who, port, login, self._plan)
        return self._tickets[who, login]

    def _job(self, server: Server, who: str, page: str, run: int) -> dict[str, Any]:
        lanes = []
        for lane in range(LANES):
            ticket = self._ticket(who, server.port, _login(page, lane, self._plan))
            calls = calls_of(page, lane, self._plan, run=run, who=who)
            lanes.append({"headers": _headers(page, ticket), "calls": calls, "repeat": calls[0][0] == "GET"})
        return {"port": server.port, "seconds": self._seconds, "lanes": lanes}

    def _count(self, figures: Figures, who: str) -> None:
        """Statements of a warm request, in this process."""
        if who == "bare":
            app = create_bare(self._url, self._labels)
            self._count_in(app, app.config["ENGINE"], figures, who)
            app.config["ENGINE"].dispose()
            return
        app = create_app(self._settings)
        with app.app_context():
            engine = db.engine
        self._count_in(app, engine, figures, who)
        engine.dispose()

    def _count_in(self, app: Flask, engine: Engine, figures: Figures, who: str) -> None:
        seen: list[str] = []

        @event.listens_for(engine, "before_cursor_execute")
        def count(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
            if not statement.startswith("BEGIN"):
                seen.append(statement)

        client = app.test_client(use_cookies=False)
        for page in PAGES:
            ticket = self._tickets[who, _login(page, LANES - 1, self._plan)]
            calls = calls_of(page, LANES - 1, self._plan, run=RUNS, who=who)
            counts: list[int] = []
            for number, (method, path, body) in enumerate((calls * 4)[-WARM:]):
                seen.clear()
                data = body.replace("{n}", f"{who}{page}{number}") if body else None
                answer = client.open(path, method=method, data=data, headers=_headers(page, ticket))
                if answer.status_code != EXPECTED[page]:
                    words = " ".join(re.sub(r"<[^>]*>", " ", answer.get_data(as_text=True)).split())
                    print(f"! counting {who} {page}: {answer.status_code} {words[:200]}", file=sys.stderr)
                counts.append(len(seen))
            # The first of each programme also reads its kept file, once in a process.
            figures.statements[who, page] = min(counts)


def _ratio(figures: Figures, page: str) -> float:
    """Ours by bare: the median of the ratios of the runs."""
    pairs = zip(figures.loads["bare", page], figures.loads["ours", page], strict=True)
    return statistics.median(float(ours["rate"]) / float(bare["rate"]) for bare, ours in pairs)


def table(figures: Figures) -> str:
    """The figures as a table in Markdown."""
    lines = [
        f"### {figures.database}", "",
        "| page | bare req/s | bare p50 ms | ours req/s | ours p50 ms | ours p95 ms | ratio | statements bare / ours"
        " | bytes bare / ours |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for page in PAGES:
        bare, ours = (figures.median(who, page, "rate") for who in WHO)
        cells = [
            page, f"{bare:.0f}", f"{figures.median('bare', page, 'p50'):.1f}", f"{ours:.0f}",
            f"{figures.median('ours', page, 'p50'):.1f}", f"{figures.median('ours', page, 'p95'):.1f}",
            f"{_ratio(figures, page):.2f}",
            " / ".join(str(figures.statements[who, page]) for who in WHO),
            " / ".join(f"{figures.median(who, page, 'bytes'):,.0f}" for who in WHO),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    for who in WHO:
        rss, pss = (statistics.median(one[i] for one in figures.memory[who]) for i in (0, 1))
        start = statistics.median(figures.starts[who])
        lines.append(f"{who}: start {start:.2f} s, memory per worker {rss:.0f} MB resident, {pss:.0f} MB proportional.")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--seconds", type=float, default=3)
    given = parser.parse_args()
    print(f"## {date.today().isoformat()}, {given.submissions:,} submissions, {os.cpu_count()} cores, "  # noqa: DTZ011
          f"{RUNS} runs of {given.seconds:g} s, medians\n", flush=True)  # fmt: skip
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="hbbench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for database in given.databases.split(","):
            here = folder / database
            here.mkdir()
            url = f"sqlite:///{here / 'bench.sqlite3'}"
            if database == "postgresql":
                server = stack.enter_context(postgres.server())
                if server is None:
                    print("no PostgreSQL server is to be had here", file=sys.stderr)
                    continue
                url = server.new_database()
            bench = Bench(url, here, submissions=given.submissions, seconds=given.seconds)
            print(table(bench.measure(database)), flush=True)


if __name__ == "__main__":
    main()
