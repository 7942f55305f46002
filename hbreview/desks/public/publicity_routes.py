"""What is publicised, and objecting to it."""

from __future__ import annotations
