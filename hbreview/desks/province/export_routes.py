"""A whole round as one archive."""

from __future__ import annotations
