"""The panel sheet of a meeting, and how far the experts agree."""

from __future__ import annotations
