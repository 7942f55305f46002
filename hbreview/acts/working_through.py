"""Many at once: the same act on each of a selection, every one of them in a transaction of its own."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from .. import clock
from ..transact import Receipt, carry_out
from ..words import Trigger
from ..workflow.errors import ForbiddenError, RefusedError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action, has_role_for
from . import moving, reminding
from .moving import Firing

log = logging.getLogger("hbreview")
EXPORT = "export"
_LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class Item:
    """One of a selection: a submission's address, and the version of it that was on the screen."""

    submission: str
    version: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one: no error, and it went through. ``reference`` names the trace of an unexpected one."""

    item: Item
    error: Exception | None = None
    reference: str = ""


def approve_each(items: Sequence[Item], *, given: Mapping[str, str], origin: Origin) -> list[Result]:
    """Approve each with the same opinion and seal date; in the order of the selection, whatever comes of the others."""

    def approve(item: Item, own: Origin) -> None:
        moving.fire(Firing(item.submission, Trigger.APPROVE, item.version, given), origin=own)

    return [do_one(item, approve, own=origin_for(item, origin, "approve", *sorted(given.items()))) for item in items]


def send_back_each(items: Sequence[Item], *, reason: str, origin: Origin) -> list[Result]:
    """Send each back to its city for the same reason; in the order of the selection, whatever comes of the others."""

    def send_back(item: Item, own: Origin) -> None:
        moving.fire(Firing(item.submission, Trigger.SEND_BACK, item.version, {"reason": reason}), origin=own)

    return [do_one(item, send_back, own=origin_for(item, origin, "send_back", reason)) for item in items]


def remind_each(items: Sequence[Item], *, origin: Origin) -> list[Result]:
    """Remind the enterprise of each; in the order of the selection, whatever comes of the others."""

    def remind(item: Item, own: Origin) -> None:
        reminding.remind(item.submission, origin=own)

    # A reminder is bound to no version: what changed since it was selected makes it no other reminder.
    return [do_one(item, remind, own=origin_for(replace(item, version=0), origin, "remind")) for item in items]


def score_each(items: Sequence[Item], *, origin: Origin) -> list[Result]:
    """Close the scoring of each; in the order of the selection, whatever comes of the others."""

    def score(item: Item, own: Origin) -> None:
        moving.fire(Firing(item.submission, Trigger.SCORE, item.version, {}), origin=own)

    return [do_one(item, score, own=origin_for(item, origin, "score")) for item in items]


def origin_for(item: Item, origin: Origin, *content: object) -> Origin:
    """The origin of one item: its own one-time key, made of the selection's, and a digest of what is done with it.

    So each item is recognised again whether it comes alone, in another group or in the whole selection (C05, C06).
    """
    if origin.key is None:
        return replace(origin, digest=None)
    key = f"{origin.key}:{item.submission}"
    if len(key) > _LONGEST_KEY:
        key = _digest(key)
    return replace(origin, key=key, digest=_digest(repr((item.submission, item.version, content))))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def do_one(item: Item, act: Callable[[Item, Origin], None], *, own: Origin) -> Result:
    """One of a selection by itself: what came of it, whatever it was; never an error of its own."""
    try:
        act(item, own)
    except RefusedError as error:
        return Result(item, error)
    except Exception as error:  # its transaction was rolled back: the trouble of one is not the others'
        reference = secrets.token_hex(4)
        log.exception("one of a selection failed, %s: %s", reference, item.submission)
        return Result(item, error, reference)
    return Result(item)


def record_export(kind: str, *, count: int, origin: Origin) -> None:
    """Note that somebody took data of so many submissions out in one file; each time anew, as each is a copy."""

    def work(session: Session) -> Receipt:
        if not has_role_for(origin.actor, Action.WORK_THROUGH):
            raise ForbiddenError
        deed = Deed(act=EXPORT, target=kind, data={"count": count})
        append(session, origin=replace(origin, key=None, digest=None), deed=deed, at=clock.now())
        return Receipt(kind)

    carry_out(work)
