"""New versions of a programme: brought in, refused with reasons, or shown before a round uses them."""

from __future__ import annotations
