"""Drawing lots: which expert scores which submission, fair, balanced, and the same again from the same seed."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of a draw: new pairs (submission, expert), what could not be filled, and everybody's load after it.

    ``lacking``: by submission, how many experts it still wants. ``loads``: by expert, with what was there before.
    """

    pairs: tuple[Pair, ...]
    lacking: Mapping[str, int]
    loads: Mapping[str, int]


def draw(
    submissions: Iterable[str],
    experts: Iterable[str],
    barred: Collection[Pair],
    *,
    existing: Collection[Pair] = (),
    each: int,
    seed: str,
) -> Drawn:
    """Give every submission ``each`` distinct experts, those that it has already counted; never a barred pair.

    Deterministic: chance comes only from SHA-256 over the seed and the public ids, each on a line of its own in UTF-8.
    Submissions take turns in the order of ``sha256(seed, submission)``, one expert a turn. A turn goes to the expert
    with the smallest load; among equals to the lowest ``sha256(seed, submission, expert)``. Where exclusions leave
    only busier experts, submissions drawn before swap theirs if that makes room (the shortest chain of swaps), so
    that the sum of the squared loads is the least possible: loads differ by at most one wherever exclusions and
    ``existing`` allow it. The order of the arguments is of no matter, so anybody can draw again with pencil and seed.
    """
    lots = _Lots(sorted(set(experts)), set(barred), seed=seed)
    wanting = sorted(set(submissions), key=lambda one: _lot(seed, one))
    for submission, expert in existing:
        lots.place(submission, expert)
    lacking: dict[str, int] = {}
    for turn in range(each):
        for submission in wanting:
            if len(lots.taken(submission)) > turn or submission in lacking:
                continue
            if not lots.give(submission):
                lacking[submission] = each - len(lots.taken(submission))
    return Drawn(lots.pairs(), dict(sorted(lacking.items())), dict(sorted(lots.loads.items())))


def _lot(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class _Lots:
    """The draw as it stands: who has what. What was there before stays; what was drawn may be swapped."""

    def __init__(self, experts: list[str], barred: set[Pair], *, seed: str) -> None:
        self._experts, self._barred, self._seed = experts, barred, seed
        self.loads = dict.fromkeys(experts, 0)
        self._taken: dict[str, set[str]] = {}
        self._drawn: dict[str, set[str]] = {expert: set() for expert in experts}
        self._orders: dict[str, list[str]] = {}

    def place(self, submission: str, expert: str) -> None:
        """Something that was there before the draw."""
        self.taken(submission).add(expert)
        if expert in self.loads:
            self.loads[expert] += 1

    def taken(self, submission: str) -> set[str]:
        """Who scores it, as things stand."""
        return self._taken.setdefault(submission, set())

    def pairs(self) -> tuple[Pair, ...]:
        """What was drawn, sorted."""
        return tuple(sorted((submission, expert) for expert, found in self._drawn.items() for submission in found))

    def _open_to(self, submission: str) -> list[str]:
        """Experts who may still be given this submission, in the order of their lots for it."""
        if submission not in self._orders:
            allowed = [expert for expert in self._experts if (submission, expert) not in self._barred]
            self._orders[submission] = sorted(allowed, key=lambda expert: _lot(self._seed, submission, expert))
        taken = self.taken(submission)
        return [expert for expert in self._orders[submission] if expert not in taken]

    def give(self, submission: str) -> bool:
        """One expert more; False when nobody may."""
        came_from: dict[str, Pair | None] = dict.fromkeys(self._open_to(submission))
        if not came_from:
            return False
        least = min(self.loads.values())
        # Found in the order of distance and lot: the first of the smallest load is the one.
        end = min(came_from, key=self.loads.__getitem__)
        if self.loads[end] > least:
            self._follow_swaps(came_from)
            end = min(came_from, key=self.loads.__getitem__)
        self._apply(submission, end, came_from)
        return True

    def _follow_swaps(self, came_from: dict[str, Pair | None]) -> None:
        """Add whoever can be reached when submissions that were drawn before go on to somebody else."""
        seen: set[str] = set()
        waiting = deque(came_from)
        while waiting:
            expert = waiting.popleft()
            for other in sorted(self._drawn[expert] - seen, key=lambda one: _lot(self._seed, one)):
                seen.add(other)
                for further in self._open_to(other):
                    if further not in came_from:
                        came_from[further] = (other, expert)
                        waiting.append(further)

    def _apply(self, submission: str, end: str, came_from: Mapping[str, Pair | None]) -> None:
        self.loads[end] += 1
        expert, step = end, came_from[end]
        while step is not None:
            other, before = step
            self._move(other, before, expert)
            expert, step = before, came_from[before]
        self.taken(submission).add(expert)
        self._drawn[expert].add(submission)

    def _move(self, submission: str, before: str, after: str) -> None:
        self._drawn[before].discard(submission)
        self._drawn[after].add(submission)
        self.taken(submission).discard(before)
        self.taken(submission).add(after)
