"""A machine's way in: what it may read and bring, under /api/v1."""

from __future__ import annotations

from flask import Blueprint

machine = Blueprint("machine", __name__, url_prefix="/api/v1")
