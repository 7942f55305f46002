"""The two chains as Mermaid diagrams, from the tables that the machines are made of."""

from __future__ import annotations

from collections.abc import Iterable

from ..words import RoundState, State
from .chain import STEPS, Step
from .round_chain import ROUND_STEPS, RoundStep


def _diagram(steps: Iterable[Step | RoundStep], initial: str) -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {initial}"]
    for step in steps:
        roles = ", ".join(sorted(role.value for role in step.roles))
        lines.append(f"    {step.source.value} --> {step.dest.value}: {step.trigger.value} ({roles})")
    return "\n".join(lines)


def _table(steps: Iterable[Step | RoundStep]) -> str:
    lines = ["| trigger | from | to | who | gives | must hold |", "| --- | --- | --- | --- | --- | --- |"]
    for step in steps:
        roles = ", ".join(sorted(role.value for role in step.roles))
        guards = ", ".join(f"`{guard.__name__}`" for guard in step.guards) or "-"
        needs = ", ".join(f"`{need}`" for need in step.needs) or "-"
        lines.append(
            f"| `{step.trigger.value}` | {step.source.value} | {step.dest.value} | {roles} | {needs} | {guards} |"
        )
    return "\n".join(lines)


def document() -> str:
    """The page docs/chains.md, whole."""
    return "\n".join(
        [
            "# The two chains",
            "",
            "Made from `hbreview/workflow/chain.py` and `round_chain.py` by `flask chains`; a test holds it.",
            "",
            "## A submission",
            "",
            "```mermaid",
            _diagram(STEPS, State.DRAFT.value),
            "```",
            "",
            _table(STEPS),
            "",
            "## A round",
            "",
            "```mermaid",
            _diagram(ROUND_STEPS, RoundState.PLANNED.value),
            "```",
            "",
            _table(ROUND_STEPS),
            "",
        ]
    )
