"""What differs between two texts, sign by sign, in words that a reader can follow; Chinese has no spaces to go by.

The shortest edit is sought as Myers describes it (An O(ND) Difference Algorithm and Its Variations, 1986), within a
fixed number of steps: two texts that have little in common cost no more than two that are alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Literal

Kind = Literal["same", "added", "removed"]
# Steps that one search may take; three searches at most share a comparison. 100,000 take some 30 ms.
_STEPS = 100_000
# Sameness of so few signs between two changes is chance, and breaks up what reads as one change.
_ISLAND = 2
# Below this share of the shorter side, what two passages have in common says nothing.
_LITTLE = 4
# A figure or latin word is one token, and so is a sign with what belongs to it (variants of Chinese signs, accents).
_TOKEN = re.compile(
    r"[0-9A-Za-zÀ-ÖØ-öø-ɏ]+(?:\.[0-9]+|,[0-9]{3}(?![0-9]))*"
    r"|\r\n|[\r\n]"
    r"|.(?:[\u0300-\u036f\ufe00-\ufe0f\U000e0100-\U000e01ef]|\u200d[^\r\n])*"
)
_SENTENCE = re.compile(r"[^。！？；;!?\r\n]*(?:[。！？；;!?]+|\r\n|[\r\n])|[^。！？；;!?\r\n]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage that both texts have, or only the new one (added), or only the old one (removed)."""

    kind: Kind
    text: str


@dataclass(slots=True)
class _Budget:
    steps: int = _STEPS


def inline_diff(old: str, new: str) -> list[Piece]:
    """The new text with what was taken out and put in, in reading order; between two sames removed comes first.

    No sign is lost: same and removed pieces joined are the old text, same and added pieces the new one.
    """
    one, two = _TOKEN.findall(old), _TOKEN.findall(new)
    head = _alike(one, two)
    tail = _alike(one[head:][::-1], two[head:][::-1])
    start, end = "".join(one[:head]), "".join(one[len(one) - tail :])
    middle = _between(one[head : len(one) - tail], two[head : len(two) - tail])
    return [*_pieces(("same", start)), *middle, *_pieces(("same", end))]


def _alike(one: Sequence[str], two: Sequence[str]) -> int:
    """How many tokens both begin with."""
    shorter = min(len(one), len(two))
    return next((place for place in range(shorter) if one[place] != two[place]), shorter)


def _between(one: Sequence[str], two: Sequence[str]) -> list[Piece]:
    """Token by token; where that takes too long, sentence by sentence and then within the sentences that differ."""
    found = _tidy(one, two, _Budget())
    if found is not None:
        return found
    before, after = (_SENTENCE.findall("".join(side)) for side in (one, two))
    blocks = _blocks(before, after, _Budget())
    if blocks is None:
        return _pieces(("removed", "".join(before)), ("added", "".join(after)))
    pieces: list[Piece] = []
    inner = _Budget()
    for kept, gone, come in _stretches(before, after, blocks):
        pieces += _pieces(("same", "".join(kept))) + _passage("".join(gone), "".join(come), inner)
    return pieces


def _passage(gone: str, come: str, budget: _Budget) -> list[Piece]:
    found = _tidy(_TOKEN.findall(gone), _TOKEN.findall(come), budget) if gone and come else None
    return _pieces(("removed", gone), ("added", come)) if found is None else found


def _tidy(one: Sequence[str], two: Sequence[str], budget: _Budget) -> list[Piece] | None:
    """The pieces with chance sameness taken for change; None when the budget did not suffice."""
    blocks = _blocks(one, two, budget)
    if blocks is None:
        return None
    pieces: list[Piece] = []
    gone = come = ""
    for kept, less, more in _stretches(one, two, blocks):
        same = "".join(kept)
        if (gone or come) and (less or more) and len(same) <= _ISLAND and "\n" not in same:
            gone, come = gone + same, come + same
        else:
            pieces += _pieces(("removed", gone), ("added", come), ("same", same))
            gone = come = ""
        gone, come = gone + "".join(less), come + "".join(more)
    pieces += _pieces(("removed", gone), ("added", come))
    sides = ["".join(side) for side in (one, two)]
    common = sum(len(piece.text) for piece in pieces if piece.kind == "same")
    little = common * _LITTLE < min(map(len, sides))
    return _pieces(("removed", sides[0]), ("added", sides[1])) if little else pieces


def _pieces(*parts: tuple[Kind, str]) -> list[Piece]:
    return [Piece(kind, text) for kind, text in parts if text]


def _stretches(
    one: Sequence[str], two: Sequence[str], blocks: Sequence[tuple[int, int]]
) -> Iterator[tuple[Sequence[str], Sequence[str], Sequence[str]]]:
    """What is the same, then what goes and what comes until the next sameness; the first sameness may be empty."""
    starts = [(0, 0, 0)]  # in the old, in the new, how long
    for i, j in blocks:
        begun_i, begun_j, long = starts[-1]
        if (i, j) == (begun_i + long, begun_j + long):
            starts[-1] = (begun_i, begun_j, long + 1)
        else:
            starts.append((i, j, 1))
    for (i, j, long), (next_i, next_j, _) in zip(starts, [*starts[1:], (len(one), len(two), 0)], strict=True):
        yield one[i : i + long], one[i + long : next_i], two[j + long : next_j]


def _blocks(one: Sequence[str], two: Sequence[str], budget: _Budget) -> list[tuple[int, int]] | None:
    """The places of a longest common subsequence, as pairs in order; None when it was not found within the budget."""
    most = min(len(one) + len(two), isqrt(2 * max(budget.steps, 0)) + 1)
    reach = [0] * (2 * most + 3)  # how far into the old each diagonal got, the middle one at most + 1
    middle = most + 1
    trace: list[list[int]] = []
    for edits in range(most + 1):
        trace.append(reach[middle - edits - 1 : middle + edits + 2])
        if _advance(one, two, reach=reach, middle=middle, edits=edits, budget=budget):
            return _back(trace, len(one), len(two))
        if budget.steps < 0:
            return None
    return None


def _advance(
    one: Sequence[str], two: Sequence[str], *, reach: list[int], middle: int, edits: int, budget: _Budget
) -> bool:
    """One edit more on every diagonal, then along it as far as both are the same; whether both ends were reached."""
    steps = edits + 1
    for k in range(-edits, edits + 1, 2):
        down, right = reach[middle + k + 1], reach[middle + k - 1]
        x = down if k == -edits or (k != edits and right < down) else right + 1
        begun, y = x, x - k
        while x < len(one) and y < len(two) and one[x] == two[y]:
            x, y = x + 1, y + 1
        steps += x - begun
        reach[middle + k] = x
        if x >= len(one) and y >= len(two):
            return True
    budget.steps -= steps
    return False


def _back(trace: Sequence[Sequence[int]], x: int, y: int) -> list[tuple[int, int]]:
    """From both ends back to both beginnings, by what each round of edits had reached."""
    pairs: list[tuple[int, int]] = []
    for edits in range(len(trace) - 1, -1, -1):
        reach, k = trace[edits], x - y
        down, right = reach[edits + 1 + k + 1], reach[edits + 1 + k - 1]
        by_down = k == -edits or (k != edits and right < down)
        came = down if by_down else right
        along = x - came if by_down else x - came - 1
        pairs += [(x - step, y - step) for step in range(1, along + 1)]
        x, y = came, came - (k + 1 if by_down else k - 1)
    return pairs[::-1]
