"""What the province sets for one round: its title, last days, marks and rules, its weights, and who takes no part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload, undefer

from .. import clock
from ..evaluation.deadlines import dates_of
from ..evaluation.values import parse
from ..model import Designation, Organisation, ProgrammeVersion, Round, Submission
from ..model.kept import programme_of, settings_of
from ..programmes import loader
from ..programmes.rewriting import plain, with_weights
from ..programmes.schema import Field, FieldType, Indicator, Programme, RoundDefaults
from ..transact import Receipt, carry_out
from ..words import DECIDED, N_, Label, Reason, RoundState, State
from ..workflow import journal
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError
from ..workflow.journal import Deed, Origin
from ..workflow.policy import Action, has_role_for
from . import holding
from .answering import NotEditableError
from .deciding_titles import valid_lines
from .importing import latest_roster
from .planning_rounds import date_faults
from .round_settings import BY_NAME, DATES, value_of
from .running_rounds import LEFT_OUT, left_out_of

LONGEST_REASON = 1000
_TITLE = Field("title", Label("标题", "Title"), 0, FieldType.TEXT, max_length=200)
_WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Settings:
    """What was typed, by the names of inputs, on a version of the round; ``reason``: why, once it is open."""

    round: str
    version: int
    given: Mapping[str, str]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights (points) and floor shares of a programme as they were typed, by the indicators' order."""

    round: str
    version: int
    programme: str
    weights: Mapping[int, str]
    floors: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class LeavingOut:
    """Who takes no part: by programme, the reason as it was typed by the organisation's public id."""

    round: str
    version: int
    chosen: Mapping[str, Mapping[str, str]]


def _held(session: Session, public_id: str, version: int, *, origin: Origin) -> Round:
    """The round, locked, of the version that was on the screen, for who runs rounds."""
    round_ = session.scalar(
        select(Round)
        .where(Round.public_id == public_id)
        .options(selectinload(Round.programmes))
        .with_for_update(of=Round, key_share=True)
        .execution_options(populate_existing=True)
    )
    if round_ is None:
        raise HiddenError
    if not has_role_for(origin.actor, Action.RUN_ROUNDS):
        raise ForbiddenError
    holding.require_version(round_, version)
    return round_


def _record(session: Session, round_: Round, *, origin: Origin, act: str, data: Mapping[str, Any]) -> Receipt:
    round_.version += 1
    session.flush()
    versions = (round_.version - 1, round_.version)
    deed = Deed(act=act, target=round_.public_id, round_id=round_.id, versions=versions, data=data)
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(round_.public_id, round_.version)


def change_settings(settings: Settings, *, origin: Origin) -> Receipt:
    """Set what is given; an empty rule is the programme's again. InvalidError beside each field that will not do.

    Once the round is open a reason is needed, and it is kept with what was before and after. NotEditableError once
    the outcomes are publicised.
    """
    return carry_out(lambda session: _change_settings(session, settings, origin), origin=origin)


def _change_settings(session: Session, settings: Settings, origin: Origin) -> Receipt:
    round_ = _held(session, settings.round, settings.version, origin=origin)
    if round_.state in DECIDED:
        raise NotEditableError(N_("The outcomes are publicised: nothing of the round is changed any more."))
    before = shown_settings(round_)
    problems = list(_take(round_, settings.given))
    if not problems:
        problems = [*date_faults(dates_of(round_)), *_mark_faults(session, round_)]
    after = shown_settings(round_)
    changes = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    reason = settings.reason.replace("\r\n", "\n").replace("\0", "").strip()[:LONGEST_REASON]
    if changes and not reason and round_.state is not RoundState.PLANNED:
        problems.append(Reason(N_("Please give the reason."), "reason", "R4"))
    if "deduction_per_no" in changes and _has_totals(session, round_):
        text = N_("Some scorings are closed: reopen them before the deduction is changed.")
        problems.append(Reason(text, "deduction_per_no", "P1"))
    if problems:
        raise InvalidError(problems)
    if not changes:
        return Receipt(round_.public_id, round_.version)
    data = {"changes": changes} | ({"reason": reason} if reason else {})
    return _record(session, round_, origin=origin, act="change_round_settings", data=data)


def _has_totals(session: Session, round_: Round) -> bool:
    scored = select(Submission.id).where(Submission.round_id == round_.id, Submission.state == State.SCORED)
    return session.scalar(scored.limit(1)) is not None


def shown_settings(round_: Round) -> dict[str, str]:
    """Everything that can be set, as text by the inputs' names; "" where the programme's own rule holds."""
    days = {name: day.isoformat() if (day := getattr(round_, name)) else "" for name in DATES}
    rules = {name: _shown(round_.settings.get(name, "")) for name in BY_NAME}
    return {"title": round_.title} | days | rules


def _shown(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _take(round_: Round, given: Mapping[str, str]) -> Iterator[Reason]:
    """Put what was typed into the round; yields what will not do. Nothing of it is kept if anything does not."""
    if "title" in given:
        title = parse(_TITLE, given["title"])
        if isinstance(title, Reason) or not title:
            yield title if isinstance(title, Reason) else Reason(N_("Please give the round a title."), "title")
        else:
            round_.title = title
    for name in (name for name in DATES if name in given):
        day = _day(name, given[name])
        if isinstance(day, Reason):
            yield day
        else:
            setattr(round_, name, day)
    chosen = dict(round_.settings)
    for name in (name for name in BY_NAME if name in given):
        value = value_of(BY_NAME[name], given[name])
        if isinstance(value, Reason):
            yield value
        elif value is None:
            chosen.pop(name, None)
        else:
            chosen[name] = value
    round_.settings = chosen


def _day(name: str, raw: str) -> date | Reason | None:
    found = parse(Field(name, Label("", ""), 0, FieldType.DATE), raw)
    if isinstance(found, Reason):
        return found
    if not found and DATES[name].required:
        return Reason(N_("Please give the day."), name)
    return date.fromisoformat(found) if found else None


def _mark_faults(session: Session, round_: Round) -> Iterator[Reason]:
    """The marks in their order, by the rules that hold for each programme of the round."""
    for line in round_.programmes:
        rules = settings_of(round_, programme_of(session, line.version_id))
        if 0 < rules.excellent < rules.pass_mark:  # 0: nobody is excellent (P4)
            known = {"pass_mark": str(rules.pass_mark), "excellent": str(rules.excellent)}
            text = N_("The excellent mark %(excellent)s is below the pass mark %(pass_mark)s.")
            yield Reason(text, "excellent", "P4", known)
            return


def usual_rules(session: Session, round_: Round) -> dict[str, RoundDefaults]:
    """What holds where the round sets nothing: each programme's own rules."""
    return {line.programme: programme_of(session, line.version_id).defaults for line in round_.programmes}


def change_weights(weights: Weights, *, origin: Origin) -> Receipt:
    """Give a programme of a planned round other weights and floors: a new version of its file, kept for good.

    InvalidError beside each figure that will not do, or when the weights do not sum to exactly 100;
    NotEditableError once the round is open, as scores are given by them.
    """
    return carry_out(lambda session: _change_weights(session, weights, origin), origin=origin)


def _change_weights(session: Session, weights: Weights, origin: Origin) -> Receipt:
    round_ = _held(session, weights.round, weights.version, origin=origin)
    line = next((one for one in round_.programmes if one.programme == weights.programme), None)
    if line is None:
        raise HiddenError
    if round_.state is not RoundState.PLANNED:
        raise NotEditableError(N_("The round is open: its weights stay as they are."))
    programme = programme_of(session, line.version_id)
    given, floors = _figures(programme, weights)
    before = {one.order: one.weight for one in programme.indicators}
    shares = {one.order: one.floor.share for one in programme.indicators if one.floor}
    changed = {str(order): [plain(before[order]), plain(new)] for order, new in given.items() if before[order] != new}
    moved = {str(order): [plain(shares[order]), plain(new)] for order, new in floors.items() if shares[order] != new}
    if not changed and not moved:
        return Receipt(round_.public_id, round_.version)
    options = [undefer(ProgrammeVersion.source)]
    source = session.get_one(ProgrammeVersion, line.version_id, options=options, populate_existing=True).source
    version = _version_of(session, with_weights(source, given, floors), round_, origin=origin)
    data = {"programme": line.programme, "weights": changed, "floors": moved}
    data |= {"before": programme.digest, "after": version.digest}
    line.version_id = version.id
    return _record(session, round_, origin=origin, act="change_weights", data=data)


def _figures(programme: Programme, typed: Weights) -> tuple[dict[int, Decimal], dict[int, Decimal]]:
    """The weights of all indicators and the shares of their floors; InvalidError for what will not do."""
    weights: dict[int, Decimal] = {}
    floors: dict[int, Decimal] = {}
    problems: list[Reason] = []
    for indicator in programme.indicators:
        for name, kept, raw in _inputs(programme.key, indicator, typed):
            kind = Decimal(1) if name.startswith("floor") else _WHOLE
            found = _figure(name, raw, most=kind)
            if isinstance(found, Reason):
                problems.append(found)
            else:
                (floors if name.startswith("floor") else weights)[indicator.order] = kept if found is None else found
    total = sum(weights.values(), Decimal(0))
    if not problems and total != _WHOLE:
        text = N_("The weights sum to %(sum)s, not to 100.")
        problems.append(Reason(text, f"weights-{programme.key}", values={"sum": plain(total)}))
    if problems:
        raise InvalidError(problems)
    return weights, floors


def _inputs(key: str, indicator: Indicator, typed: Weights) -> Iterator[tuple[str, Decimal, str | None]]:
    """The name of each input, what it holds now, and what was typed; None: it was not on the page."""
    order = indicator.order
    yield f"weight-{key}-{order}", indicator.weight, typed.weights.get(order)
    if indicator.floor:
        yield f"floor-{key}-{order}", indicator.floor.share, typed.floors.get(order)


def _figure(name: str, raw: str | None, *, most: Decimal) -> Decimal | Reason | None:
    if raw is None:
        return None
    scale = 2 if name.startswith("floor") else 1
    field = Field(
        name, Label("", ""), 0, FieldType.DECIMAL, scale=scale, minimum=Decimal(0), maximum=most,
    )  # fmt: skip
    found = parse(field, raw)
    if isinstance(found, Reason):
        return found
    return Decimal(found) if found else Reason(N_("Please give a number."), name)


def _version_of(session: Session, text: str, round_: Round, *, origin: Origin) -> ProgrammeVersion:
    """The kept version of this text: there already, or made for the round."""
    programme = loader.load_text(text, source="programme.toml")
    found = session.scalar(select(ProgrammeVersion).where(ProgrammeVersion.digest == programme.digest))
    if found is None:
        found = ProgrammeVersion(
            programme=programme.key, year=programme.year, digest=programme.digest, source=text,
            uploaded_by=origin.actor.person_id if origin.actor else None, uploaded_at=clock.now(),
            note=round_.title,
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found


@dataclass(frozen=True, slots=True)
class Participant:
    """A valid line of the roster in force, and why it takes no part ("": it does)."""

    organisation: str
    name: str
    site_name: str
    region: str
    left_out: str


def participants(session: Session, round_: Round) -> dict[str, list[Participant]]:
    """Who may take part in each programme of the round, in roster order, and who was left out. Reads only."""
    found: dict[str, list[Designation]] = {}
    for line in sorted(round_.programmes, key=lambda one: one.programme, reverse=True):
        roster = latest_roster(session, line.programme)
        found[line.programme] = valid_lines(session, roster) if roster else []
    names = {row.id: row.public_id for row in session.execute(select(Organisation.id, Organisation.public_id))}
    return {
        programme: [
            _participant(one, names[one.organisation_id], reasons=left_out_of(round_, programme)) for one in lines
        ]
        for programme, lines in found.items()
    }


def _participant(line: Designation, public_id: str, *, reasons: Mapping[str, str]) -> Participant:
    left_out = reasons.get(public_id, "")
    return Participant(public_id, line.organisation_name, line.site_name, line.region, left_out)


def leave_out(leaving: LeavingOut, *, origin: Origin) -> Receipt:
    """Say who takes no part in a planned round, each with a reason: opening makes no draft for them (R2).

    InvalidError beside a reason that is missing; NotEditableError once the round is open.
    """
    return carry_out(lambda session: _leave_out(session, leaving, origin), origin=origin)


def _leave_out(session: Session, leaving: LeavingOut, origin: Origin) -> Receipt:
    round_ = _held(session, leaving.round, leaving.version, origin=origin)
    if round_.state is not RoundState.PLANNED:
        raise NotEditableError(N_("The round was opened: who takes part is settled."))
    known = {key: {one.organisation for one in lines} for key, lines in participants(session, round_).items()}
    problems: list[Reason] = []
    wanted: dict[str, dict[str, str]] = {}
    for programme, chosen in leaving.chosen.items():
        for organisation, typed in chosen.items():
            name = f"reason-{programme}-{organisation}"
            reason = typed.replace("\r\n", "\n").replace("\0", "").strip()[:LONGEST_REASON]
            if organisation not in known.get(programme, set()):
                raise HiddenError
            if not reason:
                problems.append(Reason(N_("Please give the reason."), name, "R2"))
            wanted.setdefault(programme, {})[organisation] = reason
    if problems:
        raise InvalidError(problems)
    before = round_.settings.get(LEFT_OUT, {})
    if wanted == before:
        return Receipt(round_.public_id, round_.version)
    kept = {name: value for name, value in round_.settings.items() if name != LEFT_OUT}
    round_.settings = kept | ({LEFT_OUT: wanted} if wanted else {})
    return _record(session, round_, origin=origin, act="leave_out", data={"left_out": wanted, "before": before})
