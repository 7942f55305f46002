"""Decision letters, and later decisions on a title."""

from __future__ import annotations
