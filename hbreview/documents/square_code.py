"""The square code (QR) of an address, as the papers draw it."""

from __future__ import annotations

import segno


def square_of(address: str) -> dict[str, object]:
    """Its size in modules and the dark runs: each one's column, row and length."""
    matrix = segno.make(address, error="m", micro=False).matrix
    runs: list[list[int]] = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            length = next((n for n, dark in enumerate(row[x:]) if not dark), len(row) - x)
            if length:
                runs.append([x, y, length])
            x += length or 1
    return {"size": len(matrix), "runs": runs}
