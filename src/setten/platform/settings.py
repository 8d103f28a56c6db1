"""What an installation may decide: flags, then SETTEN_*, then setten.toml, then the defaults.

Everything is read and checked once, at the start, so that a typing error is one clear line and
not a surprise at night. No other module reads the environment.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from setten.platform import belonging
from setten.platform.errors import Invalid

CHECKOUT = Path(__file__).parents[3]
MASTER_KEY_BYTES = 32
DEMO_KEY_FILE = "demo-master.key"
ORIGINS = "SETTEN_ORIGINS"
# What setten.toml says of the business: a demo beside it has its own.
_OF_THE_BUSINESS = frozenset({"data_dir", "database_url", "master_key", "base_url"})
# One worker uses one core; past this the database is the limit, not Python.
WORKERS_MAX = 64
WORKERS_DEFAULT_MAX = 4

Locale = Literal["ja", "en"]
LogLevel = Literal["debug", "info", "warning", "error"]


class BadSetting(Invalid):
    """A setting cannot be used. `setting`, `origin` and `reason` say which, whence and why."""

    code = "bad_setting"


class MasterKeyMissing(Invalid):
    """There is no master key, and without one no personal data may be taken in."""

    code = "master_key_missing"


class Setting(msgspec.Struct, frozen=True):
    """One setting as people meet it. The reference page and its test are made from these."""

    name: str
    means: str
    default: str
    parse: Callable[[str], Any]

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"SETTEN_{self.name.upper()}"


class Settings(msgspec.Struct, frozen=True):
    """One installation's settings, checked. `master_key` is None only where none is needed.

    trusted_proxies: networks as text, fit for `ipaddress.ip_network`.
    """

    data_dir: Path
    database_url: str | None
    master_key: bytes | None
    host: str
    port: int
    base_url: str
    locale: Locale
    timezone: str
    workers: int
    trusted_proxies: tuple[str, ...]
    log_level: LogLevel
    demo: bool
    origins: Mapping[str, str] = {}
    """Where each came from: a flag, a variable, setten.toml or "default"; for people."""

    def __repr__(self) -> str:
        # A traceback or a log line must never carry the key or the database's password.
        return f"Settings(data_dir={str(self.data_dir)!r}, port={self.port}, demo={self.demo})"

    @property
    def key(self) -> bytes:
        """The master key. Raises MasterKeyMissing."""
        if self.master_key is None:
            raise MasterKeyMissing()
        return self.master_key

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the business."""
        return ZoneInfo(self.timezone)


def load(
    flags: Mapping[str, object] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    demo: bool | None = None,
) -> Settings:
    """The settings of this run. `flags` by setting name; a None there was not given.

    demo: True makes a master key in the data directory when there is none; None takes the one a
    demo left there; False takes only one that was given. A demo does not take from setten.toml
    which business it is. Raises BadSetting, and BusinessHere for a demo in a business's directory.
    """
    environment = os.environ if environment is None else environment
    file = _read_file(environment)
    without = {name: said for name, said in file.items() if name not in _OF_THE_BUSINESS}
    resolved = _resolve_all(flags or {}, environment, without if demo else file)
    folder, origin = resolved["data_dir"]
    if demo:
        belonging.check_demo(folder)
    elif demo is None and origin != "setten.toml" and belonging.is_demo(folder):
        resolved = _resolve_all(flags or {}, environment, without)
    found = {name: value for name, (value, _) in resolved.items()}
    origins = {name: origin for name, (_, origin) in resolved.items()}
    is_demo = bool(found["demo"]) if demo is None else demo
    data_dir: Path = found["data_dir"]
    if found["master_key"] is None and demo is not False:
        found["master_key"] = _demo_key(data_dir, make=is_demo)
    if not found["base_url"]:
        found["base_url"] = f"http://127.0.0.1:{found['port']}"
    found["demo"] = is_demo or (data_dir / DEMO_KEY_FILE).exists()
    return Settings(**found, origins=_told(environment) or origins)


def _resolve_all(
    flags: Mapping[str, object], environment: Mapping[str, str], file: Mapping[str, object]
) -> dict[str, tuple[Any, str]]:
    return {setting.name: _resolve(setting, flags, environment, file) for setting in SETTINGS}


def _told(environment: Mapping[str, str]) -> dict[str, str]:
    """What the parent said of its own settings' origins: a child has all of them as variables."""
    try:
        return msgspec.json.decode(environment.get(ORIGINS, "{}"), type=dict[str, str])
    except msgspec.MsgspecError:  # for people only: nothing rests on it
        return {}


def to_environment(settings: Settings) -> dict[str, str]:
    """The variables that give a child process exactly these settings."""
    key = settings.master_key
    values = {
        "data_dir": str(settings.data_dir),
        "database_url": settings.database_url or "",
        "master_key": base64.b64encode(key).decode() if key is not None else "",
        "host": settings.host,
        "port": str(settings.port),
        "base_url": settings.base_url,
        "locale": settings.locale,
        "timezone": settings.timezone,
        "workers": str(settings.workers),
        "trusted_proxies": ",".join(settings.trusted_proxies),
        "log_level": settings.log_level,
        "demo": "1" if settings.demo else "0",
    }
    variables = {f"SETTEN_{name.upper()}": value for name, value in values.items()}
    return {**variables, ORIGINS: msgspec.json.encode(settings.origins).decode()}


def _resolve(
    setting: Setting,
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    file: Mapping[str, object],
) -> tuple[Any, str]:
    """The first of flag, variable, file and default that is there, parsed; and which it was."""
    flag = flags.get(setting.name)
    if flag is not None:
        text, origin = str(flag), f"--{setting.name.replace('_', '-')}"
    elif environment.get(setting.variable):
        text, origin = environment[setting.variable], setting.variable
    elif setting.name in file:
        given = file[setting.name]
        text = ",".join(map(str, given)) if isinstance(given, list) else str(given)
        origin = "setten.toml"
    else:
        text, origin = setting.default, "default"
    try:
        return setting.parse(text.strip()), origin
    except ValueError as reason:
        raise BadSetting(setting=setting.name, origin=origin, reason=str(reason)) from None


def _read_file(environment: Mapping[str, str]) -> dict[str, object]:
    """setten.toml of the folder we are in, else of the checkout; SETTEN_CONFIG names another."""
    named = environment.get("SETTEN_CONFIG")
    places = [Path(named)] if named else [Path.cwd() / "setten.toml", CHECKOUT / "setten.toml"]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        if named:
            raise BadSetting(setting="config", origin="SETTEN_CONFIG", reason="no such file")
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        raise BadSetting(setting="config", origin=str(path), reason=str(reason)) from None
    for name in content:
        if name not in {setting.name for setting in SETTINGS}:
            raise BadSetting(setting=name, origin=str(path), reason="there is no such setting")
    return content


def _demo_key(data_dir: Path, *, make: bool) -> bytes | None:
    file = data_dir / DEMO_KEY_FILE
    if file.exists():
        return _master_key(str(file))
    if not make:
        return None
    data_dir.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(MASTER_KEY_BYTES)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(base64.b64encode(key) + b"\n")
    return key


def _master_key(text: str) -> bytes | None:
    if not text:
        return None
    # First as a key: one base64 text in 64 begins with a slash and looks like a path.
    if (key := _from_base64(text.encode())) is not None and len(key) == MASTER_KEY_BYTES:
        return key
    if text.startswith(("/", "./", "../", "~")) or Path(text).is_file():
        try:
            raw = Path(text).expanduser().read_bytes()
        except OSError as reason:
            raise ValueError(f"its file cannot be read: {reason.strerror}") from None
        key = raw if len(raw) == MASTER_KEY_BYTES else _from_base64(raw)
    if key is None:
        raise ValueError("neither base64 nor a readable file")
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"{len(key)} bytes; it must be {MASTER_KEY_BYTES}")
    return key


def _from_base64(raw: bytes) -> bytes | None:
    """Its bytes, of either alphabet; None where it is not base64."""
    try:
        return base64.b64decode(raw.strip().translate(bytes.maketrans(b"-_", b"+/")), validate=True)
    except binascii.Error:
        return None


def _data_dir(text: str) -> Path:
    return Path(text).expanduser().absolute() if text else _default_data_dir()


def _default_data_dir() -> Path:
    """Beside the code in a checkout, so that it is seen; else where the system keeps such data."""
    if (CHECKOUT / "setten").is_file():
        return CHECKOUT / "data"
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "setten"


def _database_url(text: str) -> str | None:
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("it must begin with postgresql://")
    return text or None


def _base_url(text: str) -> str:
    if not text:
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it must look like https://setten.example.jp")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("no path may follow the host")
    return text.rstrip("/")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a whole number") from None
        if not low <= value <= high:
            raise ValueError(f"{value} is not between {low} and {high}")
        return value

    return parse


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(f"{text!r} is none of {', '.join(allowed)}")
        return text.lower()

    return parse


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise ValueError(f"{text!r} is no time zone; write one like Asia/Tokyo") from None
    return text


def _networks(text: str) -> tuple[str, ...]:
    """Networks as text (10.0.0.0/8), checked and in their one spelling."""
    return tuple(
        str(ipaddress.ip_network(part.strip())) for part in text.split(",") if part.strip()
    )


def _truth(text: str) -> bool:
    return _one_of("1", "true", "yes", "0", "false", "no")(text) in {"1", "true", "yes"}


def _host(text: str) -> str:
    if not text or any(letter.isspace() for letter in text):
        raise ValueError("it must be a name or an address")
    return text


def default_workers() -> int:
    """One worker for each core we may use, up to four."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, WORKERS_DEFAULT_MAX))


SETTINGS: tuple[Setting, ...] = (
    Setting("data_dir", "Where everything of this installation lies.", "", _data_dir),
    Setting("database_url", "A PostgreSQL 16+ of yours. Absent: embedded.", "", _database_url),
    Setting("master_key", "Base64 of 32 bytes, or a file that holds it.", "", _master_key),
    Setting("host", "The address to listen on.", "127.0.0.1", _host),
    Setting("port", "The port to listen on.", "8000", _whole(1, 65_535)),
    Setting("base_url", "How browsers reach us. Absent: http://127.0.0.1:PORT.", "", _base_url),
    Setting("locale", "Language for those who have not chosen: ja, en.", "ja", _one_of("ja", "en")),
    Setting("timezone", "The business's days begin at its midnight.", "Asia/Tokyo", _timezone),
    Setting("workers", "Web processes.", str(default_workers()), _whole(1, WORKERS_MAX)),
    Setting("trusted_proxies", "Addresses whose X-Forwarded-For we believe.", "", _networks),
    Setting(
        "log_level",
        "debug, info, warning or error.",
        "info",
        _one_of("debug", "info", "warning", "error"),
    ),
    Setting("demo", "Whether this is the demo; `setten demo` sets it.", "0", _truth),
)
