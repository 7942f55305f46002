"""Machines' keys, and the addresses that are told of acts."""

from __future__ import annotations
