"""The browser tag, served by us: the published files of @segment/analytics-next, and its settings.

Nothing of a visitor goes to anybody else: the settings name this installation as the only host and
turn the tag's own metrics off (their default host is not ours).
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

_FOLDER = Path(__file__).with_name("static_tag")
SCRIPT = "standalone.js"
_LOOPBACK = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104 - compared, not bound
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,260}")
# The tag may change with an upgrade of ours; its chunks have their hash in their names.
SCRIPT_CACHE = "public, max-age=300"
CHUNK_CACHE = "public, max-age=31536000, immutable"
SETTINGS_CACHE = "public, max-age=60"


class File(msgspec.Struct, frozen=True):
    """A file as it is sent."""

    plain: bytes
    packed: bytes


@cache
def _files() -> dict[str, File]:
    found = {}
    for path in _FOLDER.glob("*.js"):
        plain = path.read_bytes()
        found[path.name] = File(plain, gzip.compress(plain, mtime=0))
    return found


def script() -> File:
    """The tag itself."""
    return _files()[SCRIPT]


def chunk(name: str) -> File | None:
    """A part that the tag loads when it needs it; None when there is none of that name."""
    return _files().get(name) if name != SCRIPT else None


def reached_at(base_url: str, host: str) -> str:
    """The address of this installation for a browser: as set, or as it was just reached.

    An installation that has not been given an address of its own only knows the loopback one.
    """
    own = urlsplit(base_url)
    if own.hostname in _LOOPBACK and _HOST.fullmatch(host):
        return f"{own.scheme}://{host}"
    return base_url


def settings(write_key: str, base_url: str) -> bytes:
    """The settings of a source, as the tag reads them.

    base_url: this installation as the visitor's browser reaches it. `apiHost` has no scheme.
    """
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/")
    return msgspec.json.encode(
        {
            "integrations": {
                "Segment.io": {
                    "apiKey": write_key,
                    "apiHost": f"{parts.netloc}{path}/v1",
                    "protocol": parts.scheme,
                    "unbundledIntegrations": [],
                    "addBundledMetadata": True,
                    "maybeBundledConfigIds": {},
                    "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
                }
            },
            "plan": {
                "track": {"__default": {"enabled": True, "integrations": {}}},
                "identify": {"__default": {"enabled": True}},
                "group": {"__default": {"enabled": True}},
            },
            "edgeFunction": {},
            "analyticsNextEnabled": True,
            "middlewareSettings": {},
            "enabledMiddleware": {},
            "metrics": {"sampleRate": 0},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
        }
    )
