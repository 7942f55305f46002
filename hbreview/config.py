"""Settings: read once from HBREVIEW_*, checked at start, refused with one readable sentence."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set. Sizes in bytes, times in minutes or hours as named."""

    instance: Path
    database_url: str
    storage: Path
    secret_key: str
    https: bool = False
    idle_minutes: int = 60
    session_hours: int = 12
    invitation_days: int = 30
    upload_bytes: int = 20 * 1024 * 1024
    # Where letters leave; empty: nobody gets one. It may hold a password and is never shown.
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    # What links in letters begin with: a letter has no request, and a Host header is anybody's word.
    public_url: str = "http://localhost:5000"
    worker: str = "none"
    # A clamd that looks at every upload, as host:port or the path of its socket; empty: none does.
    clamd: str = ""
    # Fonts that papers take before those that are shipped.
    fonts: Path | None = None
    # Hosts that webhooks may reach although they are inside, and without TLS.
    webhook_hosts: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from HBREVIEW_* variables; SettingsError on a bad one."""
        env = os.environ if environment is None else environment
        instance = Path(env.get("HBREVIEW_INSTANCE") or ROOT / "instance").resolve()
        instance.mkdir(parents=True, exist_ok=True)
        public_url = _public_url(env.get("HBREVIEW_PUBLIC_URL", ""))
        return cls(
            instance=instance,
            database_url=_database_url(env.get("HBREVIEW_DATABASE_URL", ""), instance),
            storage=_storage(env.get("HBREVIEW_STORAGE_URL", ""), instance),
            secret_key=env.get("HBREVIEW_SECRET_KEY") or _kept_secret(instance),
            https=env.get("HBREVIEW_HTTPS", "") in {"1", "true", "yes"},
            idle_minutes=_whole(env, "HBREVIEW_IDLE_MINUTES", 60),
            session_hours=_whole(env, "HBREVIEW_SESSION_HOURS", 12),
            invitation_days=_whole(env, "HBREVIEW_INVITATION_DAYS", 30),
            upload_bytes=_whole(env, "HBREVIEW_UPLOAD_MB", 20) * 1024 * 1024,
            smtp_url=_smtp_url(env.get("HBREVIEW_SMTP_URL", "")),
            mail_from=_mail_from(env.get("HBREVIEW_MAIL_FROM", ""), public_url),
            public_url=public_url,
            worker=_worker(env.get("HBREVIEW_WORKER", "")),
            clamd=env.get("HBREVIEW_CLAMD", ""),
            fonts=_folder(env, "HBREVIEW_FONT_DIR"),
            webhook_hosts=_hosts(env.get("HBREVIEW_WEBHOOK_HOSTS", "")),
        )


def _database_url(given: str, instance: Path) -> str:
    if not given:
        return f"sqlite:///{instance / 'hbreview.sqlite3'}"
    if given.startswith("postgresql://"):
        return given.replace("postgresql://", "postgresql+psycopg://", 1)
    if given.startswith(("sqlite:///", "postgresql+psycopg://")):
        return given
    raise SettingsError("HBREVIEW_DATABASE_URL must begin with sqlite:/// or postgresql://")


def _storage(given: str, instance: Path) -> Path:
    if not given:
        return instance / "files"
    if given.startswith("file://"):
        return Path(given.removeprefix("file://"))
    raise SettingsError("HBREVIEW_STORAGE_URL must begin with file://")


def _smtp_url(given: str) -> str:
    parts = _parts(given)
    if given and (parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
        # What was given may hold a password: it is not repeated.
        raise SettingsError("HBREVIEW_SMTP_URL must be like smtp://user:password@host:port or smtps://...")
    return given


def _public_url(given: str) -> str:
    address = (given or "http://localhost:5000").rstrip("/")
    parts = _parts(address)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError("HBREVIEW_PUBLIC_URL must be like https://host, not " + repr(given))
    return address


def _parts(address: str) -> SplitResult | None:
    """The parts of an address; None when its port is no number or it holds blanks or control characters."""
    try:
        parts = urlsplit(address)
        known = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return parts if known and not any(c.isspace() or not c.isprintable() for c in address) else None


def _mail_from(given: str, public_url: str) -> str:
    address = given or f"hbreview@{urlsplit(public_url).hostname}"
    if not address.isascii() or not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", address):
        raise SettingsError(f"HBREVIEW_MAIL_FROM must be an e-mail address, not {given!r}")
    return address


def _worker(given: str) -> str:
    if given not in {"", "inline", "none"}:
        raise SettingsError(f"HBREVIEW_WORKER must be inline or none, not {given!r}")
    return given or "inline"


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingsError(f"{name} must be a whole number above 0, not {text!r}")
    return int(text)


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    given = env.get(name, "")
    if given and not Path(given).is_dir():
        raise SettingsError(f"{name} names no folder: {given!r}")
    return Path(given) if given else None


def _hosts(given: str) -> tuple[str, ...]:
    hosts = tuple(host.strip().lower() for host in given.split(",") if host.strip())
    if any(re.fullmatch(r"[0-9a-z.:_-]+", host) is None for host in hosts):
        raise SettingsError("HBREVIEW_WEBHOOK_HOSTS must be names or addresses of hosts with commas between them")
    return hosts


def _kept_secret(instance: Path) -> str:
    """The instance's own secret, made at the first start and readable by its owner alone."""
    path = instance / "secret-key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").strip()
