"""Messages to a group, shown before they go."""

from __future__ import annotations
