"""The pool of experts: who they are, and what they may not score."""

from __future__ import annotations
