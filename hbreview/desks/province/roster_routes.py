"""Bringing in a roster, and looking at it first."""

from __future__ import annotations
