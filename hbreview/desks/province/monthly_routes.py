"""Monthly records of reporting, brought in as a workbook."""

from __future__ import annotations
