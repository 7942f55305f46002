"""What one kind of person sees and types: a room for each, and the counter that they share."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

from flask import Flask


def init_app(app: Flask) -> None:
    """Register every desk: a room with the blueprint of its own name in ``routes``, its other ``..._routes``.

    Found by their names, as desks know each other only through the counter.
    """
    for desk in pkgutil.iter_modules(__path__):
        room = Path(__file__).parent / desk.name
        for module in pkgutil.iter_modules([str(room)]):
            if module.name.endswith("routes"):
                import_module(f"{__name__}.{desk.name}.{module.name}")
        app.register_blueprint(getattr(import_module(f"{__name__}.{desk.name}.routes"), desk.name))
