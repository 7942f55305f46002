"""The score sheet as a workbook, out and in."""

from __future__ import annotations
