"""What one kind of person sees and types: a room for each, and the counter that they share."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register every desk's routes."""
    from .account.routes import account  # noqa: PLC0415 - desks import each other only through the counter
    from .admin import machine_routes  # noqa: F401, PLC0415 - they add theirs to the desk
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
    from .expert import sheet_file_routes  # noqa: F401, PLC0415 - they add theirs to the desk
    from .expert.routes import expert  # noqa: PLC0415 - as above
    from .health.routes import health  # noqa: PLC0415 - as above
    from .machine.routes import machine  # noqa: PLC0415 - as above
    from .notices.routes import notices  # noqa: PLC0415 - as above
    from .province import (  # noqa: F401, PLC0415 - they add theirs to the desk
        analysis_routes,
        decision_routes,
        draw_routes,
        expert_routes,
        export_routes,
        firm_routes,
        message_routes,
        monthly_routes,
        objection_routes,
        office_routes,
        outcome_routes,
        panel_routes,
        programme_routes,
        roster_routes,
    )
    from .province.routes import province  # noqa: PLC0415 - as above
    from .public import publicity_routes, verification_routes  # noqa: F401, PLC0415 - they add theirs to the desk
    from .public.routes import public  # noqa: PLC0415 - as above

    for blueprint in (
        account, admin, audit, city, counter, discussion, enterprise, expert, health, machine, notices,
        province, public,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
