"""The city reviewer's desk: what the team notes on a submission."""

from __future__ import annotations

from flask import Blueprint

city = Blueprint("city", __name__)
