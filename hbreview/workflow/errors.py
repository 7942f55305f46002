"""How the law says no. Each error is a word of the field; the front turns it into a status and a page."""

from __future__ import annotations

from collections.abc import Sequence

from ..words import Reason


class RefusedError(Exception):
    """An act that may not happen now."""


class InvalidError(RefusedError):
    """What was given does not do (422): reasons, each beside its field."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__("; ".join(reason.message for reason in reasons))
        self.reasons = tuple(reasons)


class StaleError(RefusedError):
    """It was made on a version that is no longer the newest (409)."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the version is {version} now")
        self.version = version


class WrongStateError(RefusedError):
    """The trigger does not start from the state that the thing is in (409)."""

    def __init__(self, trigger: str, state: str) -> None:
        super().__init__(f"{trigger} does not start from {state}")
        self.trigger = trigger
        self.state = state


class ForbiddenError(RefusedError):
    """This person may not do it (403)."""


class HiddenError(RefusedError):
    """This person may not know of it (404)."""


class MalformedError(RefusedError):
    """The request is not one that a page of ours sends (400), e.g. without a version (C07)."""


class KeyReusedError(RefusedError):
    """A one-time request key came again with another content (C06)."""
