"""Files on their way to a browser: named right everywhere, in ranges if asked for, and never run as a page."""

from __future__ import annotations

import hashlib
import unicodedata
from urllib.parse import quote

from flask import Response, make_response, request

from ...evaluation.file_kinds import PDF

# Controls and marks without a width; but a joiner holds the parts of an emoji, and a new sign is unknown to us only.
_UNSEEN, _JOINER = frozenset({"Cc", "Cf", "Cs"}), "\u200d"
_SANDBOX = "sandbox; default-src 'none'"
# Chromium shows no PDF in a sandboxed document at all; its viewer is a sandbox of its own, and scripts stay off.
_VIEWER = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def download(content: bytes, *, name: str, media_type: str, inline: bool = False, digest: str = "") -> Response:
    """An answer that is a file. ``inline`` lets the browser show it; ``digest`` is its SHA-256 where it is known."""
    response = make_response(content)
    response.headers["Content-Type"] = media_type
    response.headers["Content-Disposition"] = disposition(name, inline=inline)
    shown = inline and media_type == PDF
    response.headers["Content-Security-Policy"] = _VIEWER if shown else _SANDBOX
    response.set_etag(digest or hashlib.sha256(content).hexdigest())
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))  # changes it in place
    return response


def disposition(name: str, *, inline: bool) -> str:
    """The header that names a download, right for Chinese names in every browser (U06)."""
    ending = name.rpartition(".")[2]
    plain = f"file.{ending}" if ending.isascii() and ending.isalnum() else "file"
    kind = "inline" if inline else "attachment"
    shown = "".join(c for c in name if c == _JOINER or unicodedata.category(c) not in _UNSEEN)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"
