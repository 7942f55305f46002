"""Drawing lots: who scores what, shown before it is kept."""

from __future__ import annotations
