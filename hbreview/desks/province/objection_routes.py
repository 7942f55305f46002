"""Objections to what is publicised, and their answers."""

from __future__ import annotations
