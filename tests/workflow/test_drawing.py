"""The diagram in the docs is the declaration."""

from __future__ import annotations

from hbreview.config import ROOT
from hbreview.words import RoundTrigger, Trigger
from hbreview.workflow.chain import BY_TRIGGER, MACHINE, STEPS
from hbreview.workflow.drawing import document
from hbreview.workflow.round_chain import ROUND_BY_TRIGGER, ROUND_STEPS


def test_docs_show_the_chains_as_they_are_declared() -> None:
    assert (ROOT / "docs" / "chains.md").read_text(encoding="utf-8") == document()


def test_every_trigger_has_exactly_one_step() -> None:
    assert [step.trigger for step in STEPS] == list(Trigger)
    assert set(ROUND_BY_TRIGGER) == set(RoundTrigger)
    assert len(BY_TRIGGER) == len(STEPS)
    assert len(ROUND_STEPS) == len(RoundTrigger)


def test_machine_has_no_back_doors() -> None:
    assert set(MACHINE.events) == {trigger.value for trigger in Trigger}
    assert MACHINE.models == []
