"""Audit firms and their accounts, and giving them submissions, one or many."""

from __future__ import annotations
