"""From the law's errors to an answer: one status, one page, one sentence each."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterable
from http import HTTPStatus

from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from . import hx
from .acts.answering import NotEditableError
from .extensions import db
from .security import is_at_the_door, remember_denial, to_the_door
from .storage import DamagedFileError, StorageFullError
from .words import N_, Label, Reason
from .workflow.errors import (
    ForbiddenError,
    HiddenError,
    InvalidError,
    KeyReusedError,
    MalformedError,
    StaleError,
    WrongStateError,
)

log = logging.getLogger("hbreview")

_SENTENCES = {
    400: N_("The request could not be understood. Reload the page and try again."),
    401: N_("Please sign in."),
    403: N_("You may not do this."),
    404: N_("There is nothing here that you may see."),
    405: N_("The address does not take this kind of request."),
    409: N_("Somebody changed this meanwhile, or it has moved on. Reload the page and look again."),
    410: N_("The stored file is damaged or gone: it is not handed out. The operator was told; all else is safe."),
    413: N_("The file is too large."),
    422: N_("Something is missing or not right."),
    429: N_("Too many tries. Please wait a little."),
    500: N_("Something went wrong on our side. Nothing was changed."),
    507: N_("The file store is full: no file can be taken now. What is there is safe; please tell the operator."),
    503: N_("The system is busy. Please try again in a moment; nothing was lost."),
}
_STATUS: dict[type[Exception], int] = {
    MalformedError: 400,
    ForbiddenError: 403,
    HiddenError: 404,
    StaleError: 409,
    WrongStateError: 409,
    NotEditableError: 409,
    InvalidError: 422,
    KeyReusedError: 422,
    StorageFullError: 507,
}
BUSY, BROKEN, FORBIDDEN, NOT_FOUND, GONE = 503, 500, 403, 404, 410
# Addresses below this are for machines: their errors are problems, not pages.
MACHINES = "/api/"


def sentence_for(error: Exception) -> str:
    """The English source sentence that says why."""
    if isinstance(error, NotEditableError):
        return str(error)
    return _SENTENCES.get(_STATUS.get(type(error), BROKEN), _SENTENCES[BROKEN])


def status_of(error: Exception) -> int:
    """The status that an error of the law is answered with."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), BROKEN)


def answer(status: int, *, sentence: str = "", reasons: tuple[object, ...] = (), reference: str = "") -> Response:
    """An error as a page, or for htmx as a message in the live region that replaces nothing (H10)."""
    text = sentence or _SENTENCES.get(status, _SENTENCES[BROKEN])
    if request.path.startswith(MACHINES):
        return problem(status, text, reasons=reasons, reference=reference)
    context = {"status": status, "sentence": text, "reasons": reasons, "reference": reference}
    template = "layout/_message.html" if hx.wants_fragment() else "layout/error.html"
    response = make_response(render_template(template, **context), status)
    if hx.wants_fragment():
        hx.in_live_region(response)
    if status == BUSY:
        response.headers["Retry-After"] = "5"
    return response


def problem(status: int, sentence: str, *, reasons: Iterable[object] = (), reference: str = "") -> Response:
    """An error as a machine reads it (RFC 9457), in English: no reader chose a language."""
    told: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence,
    }
    faults = [{"field": one.field, "detail": in_english(one)} for one in reasons if isinstance(one, Reason)]
    told |= {"faults": faults} if faults else {}
    told |= {"reference": reference} if reference else {}
    response = make_response(json.dumps(told, ensure_ascii=False), status)
    response.headers["Content-Type"] = "application/problem+json"
    if status == BUSY:
        response.headers["Retry-After"] = "5"
    return response


def in_english(reason: Reason) -> str:
    """A reason as an English sentence."""
    spoken = {
        name: value.en if isinstance(value, Label) else in_english(value) if isinstance(value, Reason) else value
        for name, value in reason.values.items()
    }
    return reason.message % spoken if spoken else reason.message


def _refused(error: Exception) -> Response:
    status = status_of(error)
    if status in {FORBIDDEN, NOT_FOUND}:
        remember_denial(status)
    return answer(status, sentence=sentence_for(error), reasons=getattr(error, "reasons", ()))


def _http(error: HTTPException) -> Response:
    if isinstance(error, CSRFError) and is_at_the_door():
        return to_the_door()  # the session ended, and its token with it: what is typed waits in the browser (H08)
    status = error.code or BROKEN
    if isinstance(error, CSRFError) or status in {FORBIDDEN, NOT_FOUND}:
        remember_denial(status)
    response = answer(status)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _damaged(error: DamagedFileError) -> Response:
    """D09: refused, with an alarm for whoever keeps the files."""
    reference = secrets.token_hex(4)
    log.error("stored file damaged or gone, %s: %s at %s", reference, error, request.path)
    return answer(GONE, reference=reference)


def _busy(error: OperationalError) -> Response:
    db.session().rollback()
    log.warning("database busy: %s %s", request.method, request.path)
    return answer(BUSY)


def _broken(error: Exception) -> Response:
    """The trace goes to the log, a reference number to the person (K13)."""
    db.session().rollback()
    reference = secrets.token_hex(4)
    log.exception("unhandled error %s at %s %s", reference, request.method, request.path)
    return answer(BROKEN, reference=reference)


def init_app(app: Flask) -> None:
    """Wire the error pages."""
    for kind in _STATUS:
        app.register_error_handler(kind, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(DamagedFileError, _damaged)
    app.register_error_handler(Exception, _broken)
