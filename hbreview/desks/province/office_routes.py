"""A round's dates, settings, participants, and what is late."""

from __future__ import annotations
