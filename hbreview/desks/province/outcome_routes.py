"""Outcomes by hand, and the papers of the meeting."""

from __future__ import annotations
