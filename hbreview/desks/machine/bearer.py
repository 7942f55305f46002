"""Who asks, of a machine: the token in the header and the scope that it opens. Cookies mean nothing here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Response, g, request

from ...acts import machine_keys
from ...extensions import db
from ...refusals import problem
from ...words import N_

View = TypeVar("View", bound=Callable[..., Any])
_REALM = 'Bearer realm="hbreview"'


def scope(name: str) -> Callable[[View], View]:
    """Ask for a token with this scope before the view runs: 401 without a live one, 403 with another scope.

    ``g.token`` is then the key's name and id, for the journal.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def asked(*args: Any, **kwargs: Any) -> Any:
            found = machine_keys.key_of(db.session(), _given())
            if found is None:
                return _unknown()
            if name not in found.scopes:
                response = problem(403, N_("The token does not open this."))
                response.headers["WWW-Authenticate"] = f'{_REALM}, error="insufficient_scope", scope="{name}"'
                return response
            machine_keys.touch(found)
            g.token = found
            return view(*args, **kwargs)

        return asked  # type: ignore[return-value]  # wraps keeps what the view takes

    return declare


def _given() -> str:
    kind, _blank, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _unknown() -> Response:
    given = bool(request.headers.get("Authorization"))
    text = N_("The token is not known, has ended or was revoked.") if given else N_("A token is needed.")
    response = problem(401, text)
    response.headers["WWW-Authenticate"] = f'{_REALM}, error="invalid_token"' if given else _REALM
    return response
