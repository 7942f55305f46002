"""One request to an address of somebody else: where it may go, and what it carries to prove that it is ours.

An address is checked when it is given and again at each sending, against what its name means then: a name that comes
to mean a machine inside is not followed there. No redirect is followed and no proxy asked.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
import ssl
import threading
from collections.abc import Collection
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from ..words import N_, Reason

TIMEOUT = 10  # seconds, of each step and of the whole
LONGEST = 500
_MOST_READ = 1024
_PORTS = {"https": 443, "http": 80}
# Ways into a private network of version 4 that look public: NAT64, 6to4.
_WRAPPING = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"))


class AddressRefusedError(OSError):
    """The name means a machine that may not be asked."""


def address_fault(url: str, *, allowed: Collection[str]) -> Reason | None:
    """Why an address may not be told anything; None when it may. Asks what its name means.

    ``allowed`` are hosts that the operator names: they may be inside, and without TLS.
    """
    parts = _parts(url)
    if parts is None or parts.hostname is None or parts.scheme not in _PORTS or len(url) > LONGEST:
        return Reason(N_("This is no address: write it as https://host/path."), "url")
    if parts.username is not None or parts.password is not None or parts.fragment:
        return Reason(N_("The address must hold no user, no password and no fragment."), "url")
    if parts.scheme != "https" and parts.hostname not in allowed:
        return Reason(N_("The address must begin with https://."), "url")
    try:
        checked_addresses(parts.hostname, _port(parts), allowed=allowed)
    except AddressRefusedError:
        text = N_("%(host)s is inside a private network: the operator must allow it (HBREVIEW_WEBHOOK_HOSTS).")
        return Reason(text, "url", values={"host": parts.hostname})
    except (OSError, UnicodeError):
        return Reason(N_("The host %(host)s cannot be found."), "url", values={"host": parts.hostname})
    return None


def _parts(url: str) -> SplitResult | None:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port > 0 else None
    except ValueError:
        return None


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def checked_addresses(host: str, port: int, *, allowed: Collection[str]) -> list[str]:
    """What a host's name means; AddressRefusedError when any of it is not public and the host is not allowed."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if host not in allowed and not all(_is_public(address) for address in addresses):
        raise AddressRefusedError(f"{host} is inside a private network")
    return addresses


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        if any(address in network for network in _WRAPPING):
            return False
    return address.is_global and not address.is_multicast


def signature(secret: str, body: bytes, *, at: int) -> str:
    """``t=<unix time>,v1=<hex>``: HMAC-SHA256 with the address's secret over the time, a full stop and the body."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def post(url: str, body: bytes, *, headers: dict[str, str], allowed: Collection[str]) -> int:
    """Send it and return the status; OSError or HTTPException when there is none within ``TIMEOUT`` seconds."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", _port(parts)
    reached = _reach(checked_addresses(host, port, allowed=allowed), port)
    # A timeout of the socket is one of each step: whoever answers a byte at a time is ended as well.
    # Of the connection itself: wrapping takes the socket's own handle away.
    watched = reached.dup()
    end = threading.Timer(TIMEOUT, _shut, args=(watched,))
    end.start()
    try:
        if parts.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(host, port, timeout=TIMEOUT)
            connection.sock = ssl.create_default_context().wrap_socket(reached, server_hostname=host)
        else:
            connection = HTTPConnection(host, port, timeout=TIMEOUT)
            connection.sock = reached
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with closing(connection):
            connection.request("POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            answer.read(_MOST_READ)
            return answer.status
    finally:
        end.cancel()
        watched.close()
        reached.close()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was over already


def _reach(addresses: list[str], port: int) -> socket.socket:
    """A connection to the first of the addresses that answers."""
    fault: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=TIMEOUT)
        except OSError as error:
            fault = error
    raise fault
