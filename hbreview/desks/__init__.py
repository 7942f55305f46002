"""What one kind of person sees and types: a room for each, and the counter that they share."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register every desk's routes."""
    from .account.routes import account  # noqa: PLC0415 - desks import each other only through the counter
    from .admin.routes import admin  # noqa: PLC0415 - as above
    from .audit.routes import audit  # noqa: PLC0415 - as above
    from .city import (  # noqa: F401, PLC0415 - they add theirs to the desk
        deciding_routes,
        reuse_routes,
        review_routes,
        selection_routes,
        settings_routes,
        summary_routes,
    )
    from .city.routes import city  # noqa: PLC0415 - as above
    from .counter import paper_routes, queue_routes  # noqa: F401, PLC0415 - they add their routes to the counter
    from .counter.routes import counter  # noqa: PLC0415 - as above
    from .discussion.routes import discussion  # noqa: PLC0415 - as above
    from .enterprise import evidence_routes, sending_routes  # noqa: F401, PLC0415 - they add theirs to the desk
    from .enterprise.routes import enterprise  # noqa: PLC0415 - as above
    from .expert.routes import expert  # noqa: PLC0415 - as above
    from .health.routes import health  # noqa: PLC0415 - as above
    from .notices.routes import notices  # noqa: PLC0415 - as above
    from .province.routes import province  # noqa: PLC0415 - as above
    from .public.routes import public  # noqa: PLC0415 - as above

    for blueprint in (
        account, admin, audit, city, counter, discussion, enterprise, expert, health, notices, province, public,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
