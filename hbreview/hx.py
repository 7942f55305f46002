"""The only place that speaks htmx: whole page or part, triggers, and what caches must know."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request


def wants_fragment() -> bool:
    """Whether a part is wanted. Boosted links and history restores need the whole page; the header proves nothing."""
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def page_or_part(page: str, part: str, /, *, status: int = 200, **context: Any) -> Response:
    """The part for an htmx request, else the whole page that holds it (H04), with this status."""
    template = part if wants_fragment() else page
    return make_response(render_template(template, **context), status)


def in_live_region(response: Response) -> Response:
    """Put an htmx answer where messages are said, and replace nothing else of the page (H10)."""
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#messages", "innerHTML"
    return response


def go_to(address: str) -> Response:
    """Send the browser to an address of ours: a redirect for a page, HX-Redirect for a fragment."""
    if wants_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = address
        return response
    response = make_response("", 303)
    response.headers["Location"] = address
    return response


def to_sign_in(address: str) -> Response:
    """401 for whatever cannot follow a redirect, with the way to the door; a redirect for a page (H08)."""
    if wants_fragment() or request.method not in {"GET", "HEAD"}:
        response = make_response(render_template("account/signed_out.html", address=address), 401)
        if wants_fragment():
            response.headers["HX-Reswap"] = "none"
            # A question that the page asks by itself must not take away what somebody is typing.
            if request.headers.get("X-Polling") is None:
                response.headers["HX-Redirect"] = address
        return response
    return go_to(address)


def add_vary(response: Response) -> Response:
    """One address answers differently to htmx and to a person: caches must know (H05)."""
    response.vary.add("HX-Request")
    response.vary.add("Cookie")
    return response
