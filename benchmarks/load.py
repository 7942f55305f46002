"""A load from a process of its own: eight threads on loopback, for a bounded time. Job and result are JSON.

``python -m benchmarks.load < job``; the job is {"port", "seconds", "lanes": [{"headers", "calls": [[method, path,
body], ...], "repeat"}]}. "{n}" in a body is a number that never comes twice.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import threading
import time
import uuid
from collections import Counter
from itertools import cycle
from typing import Any

HOST = "127.0.0.1"


class Lane(threading.Thread):
    """One connection, one person; asks its calls in turn until the time is over."""

    def __init__(self, port: int, lane: dict[str, Any], *, end: threading.Event) -> None:
        super().__init__(daemon=True)
        self._port, self._lane, self._end = port, lane, end
        self.times: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.size = 0

    def run(self) -> None:
        """Until the end; a lane that has nothing left to ask ends the run for all."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=30)
        calls = cycle(self._lane["calls"]) if self._lane["repeat"] else iter(self._lane["calls"])
        key = uuid.uuid4().hex
        for number, (method, path, body) in enumerate(calls):
            if self._end.is_set():
                break
            sent = body.replace("{n}", f"{key}{number}") if body else None
            before = time.perf_counter()
            connection.request(method, path, body=sent, headers=self._lane["headers"])
            response = connection.getresponse()
            content = response.read()
            self.times.append(time.perf_counter() - before)
            self.statuses[response.status] += 1
            self.size = max(self.size, len(content))
        self._end.set()
        connection.close()


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run one job; requests a second, median and 95th percentile in ms, statuses, bytes."""
    end = threading.Event()
    lanes = [Lane(job["port"], lane, end=end) for lane in job["lanes"]]
    before = time.perf_counter()
    for lane in lanes:
        lane.start()
    end.wait(job["seconds"])
    end.set()
    for lane in lanes:
        lane.join(60)
    passed = time.perf_counter() - before
    times = sorted(one for lane in lanes for one in lane.times)
    statuses: Counter[int] = Counter()
    for lane in lanes:
        statuses += lane.statuses
    return {
        "rate": len(times) / passed,
        "p50": statistics.median(times) * 1000,
        "p95": times[int(len(times) * 0.95)] * 1000,
        "statuses": {str(key): value for key, value in statuses.items()},
        "bytes": max(lane.size for lane in lanes),
    }


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
