"""Confirming a decision letter by its code."""

from __future__ import annotations
