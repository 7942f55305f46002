"""``flask check`` and ``flask policy``: the invariants and the journal's chain, and who may do what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from ..acts import inspecting
from ..extensions import db
from ..security import declared_action
from ..words import Role
from ..workflow import drawing
from ..workflow.chain import STEPS, Step
from ..workflow.policy import RULES
from ..workflow.round_chain import ROUND_STEPS, RoundStep


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@with_appcontext
def check(*, as_json: bool) -> None:
    """Check the invariants, the stored files and the journal's chain; exit 1 on any fault.

    Each clean run keeps the journal's head in the instance folder, so that a tail cut off later shows.
    """
    heads = Path(current_app.config["SETTINGS"].instance) / "journal-heads.txt"
    report = inspecting.inspect(db.session(), current_app.config["STORAGE"], kept=_kept(heads))
    if not report.faults and report.head:
        with heads.open("a", encoding="ascii") as file:
            file.write(f"{report.head[0]} {report.head[1]}\n")
    if as_json:
        click.echo(json.dumps({"ok": not report.faults, "faults": report.faults, "counted": report.counted}))
    else:
        for fault in report.faults:
            click.echo(f"! {fault}")
        counted = ", ".join(f"{count} {name}" for name, count in report.counted.items())
        click.echo(f"{'FAULTS FOUND' if report.faults else 'ok'}: {counted}")
    if report.faults:
        raise SystemExit(1)


def _kept(heads: Path) -> dict[int, str]:
    if not heads.exists():
        return {}
    lines = heads.read_text(encoding="ascii").split("\n")
    return {int(number): digest for number, _space, digest in (line.partition(" ") for line in lines if line)}


@click.command("chains")
@with_appcontext
def chains() -> None:
    """Print docs/chains.md: both chains as diagrams and tables."""
    click.echo(drawing.document(), nl=False)


@click.command("policy")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@with_appcontext
def policy_table(*, as_json: bool) -> None:
    """Who may do what: every route with its action and roles, and both chains."""
    table = policy_as_data()
    if as_json:
        click.echo(json.dumps(table, ensure_ascii=False, indent=1))
        return
    for route in table["routes"]:
        click.echo(f"{route['method']:6} {route['rule']:55} {route['action']:20} {' '.join(route['roles'])}")
    for step in table["chain"]:
        click.echo(f"{step['trigger']:10} {step['from']:14} -> {step['to']:14} {' '.join(step['roles'])}")


def policy_as_data() -> dict[str, list[dict[str, Any]]]:
    """The policy as plain data: routes, the submission's chain, the round's chain."""
    routes: list[dict[str, Any]] = []
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda r: (r.rule, r.endpoint)):
        action = declared_action(current_app, rule.endpoint)
        if action is None:
            continue
        roles = RULES[action].roles
        routes += [
            {
                "rule": rule.rule,
                "method": method,
                "endpoint": rule.endpoint,
                "action": action.value,
                "about": RULES[action].about.value,
                "roles": ["anybody"] if roles is None else [role.value for role in Role if role in roles],
            }
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return {
        "routes": routes,
        "chain": [_step_as_data(step) for step in STEPS],
        "round_chain": [_step_as_data(step) for step in ROUND_STEPS],
    }


def _step_as_data(step: Step | RoundStep) -> dict[str, Any]:
    return {
        "trigger": step.trigger.value,
        "from": step.source.value,
        "to": step.dest.value,
        "roles": sorted(role.value for role in step.roles),
        "needs": list(step.needs),
        "guards": [guard.__name__ for guard in step.guards],
    }
