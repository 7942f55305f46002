"""The flask commands: parse, call an act or a query, print."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the commands."""
    from .carrying_rounds import export_round, import_round  # noqa: PLC0415 - only where commands are wired
    from .catalogues import catalogue  # noqa: PLC0415 - only where commands are wired
    from .checking import chains, check, policy_table  # noqa: PLC0415 - only where commands are wired
    from .filling import demo, seed  # noqa: PLC0415 - as above
    from .rosters import roster  # noqa: PLC0415 - as above
    from .working_off import worker  # noqa: PLC0415 - as above

    for command in (
        catalogue, chains, check, demo, export_round, import_round, policy_table, roster, seed, worker,
    ):  # fmt: skip
        app.cli.add_command(command)
