"""The programmes as rounds keep them, and a round's settings over their defaults."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session, undefer

from ..programmes.loader import load_text
from ..programmes.schema import Programme, RoundDefaults
from ..words import Outcome
from .rounds import ProgrammeVersion, Round

# Kept versions never change, so a process reads each text once; per engine, as tests have several.
_KEPT: WeakKeyDictionary[Engine | Connection, dict[int, Programme]] = WeakKeyDictionary()


def programme_of(session: Session, version_id: int) -> Programme:
    """The programme of a kept version; costs a query the first time in a process only."""
    kept = _KEPT.setdefault(session.get_bind(), {})
    if version_id not in kept:
        version = session.get_one(ProgrammeVersion, version_id, options=[undefer(ProgrammeVersion.source)])
        kept[version_id] = load_text(version.source, source=f"{version.programme}@{version.year}")
    return kept[version_id]


def settings_of(round_: Round, programme: Programme) -> RoundDefaults:
    """The programme's defaults with what the province set for this round."""
    changed: dict[str, object] = {}
    for field in dataclasses.fields(RoundDefaults):
        if field.name in round_.settings:
            default = getattr(programme.defaults, field.name)
            given = round_.settings[field.name]
            changed[field.name] = type(default)(given) if isinstance(default, int | Decimal | Outcome) else given
    return dataclasses.replace(programme.defaults, **changed)  # type: ignore[arg-type]  # coerced just above
