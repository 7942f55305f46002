"""What the scores say: by indicator, city, programme and year."""

from __future__ import annotations
