"""A client of the public API, as a till or a shop's server writes one in an afternoon."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

_TIMEOUT_S = 20


class Refused(Exception):
    """An answer that says no, for good."""


class Client:
    """The few calls that tills, a warehouse and a tag make. url: of the product."""

    def __init__(self, url: str, server_key: str, write_keys: dict[str, str]) -> None:
        self._url = url
        self._server_key = server_key
        self._write_keys = write_keys

    def batch(self, source: str, event: dict[str, Any]) -> None:
        """One event of a source, as its tag sends it."""
        body = {"batch": [event], "writeKey": self._write_keys[source]}
        self._send("POST", "/v1/batch", body, {})

    def call(self, method: str, path: str, body: Any = None, *, key: str = "") -> Any:
        """A call of the server API. key: for Idempotency-Key. Raises Refused, OSError."""
        headers = {"Authorization": f"Bearer {self._server_key}"}
        if key:
            headers["Idempotency-Key"] = key
        return self._send(method, f"/api/v1{path}", body, headers)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        raw = None if body is None else json.dumps(body, default=str).encode()
        asked = urllib.request.Request(  # noqa: S310 - our own address
            self._url + path, raw, {"Content-Type": "application/json", **headers}, method=method
        )
        try:
            with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as no:
            if no.code in (429, 503):
                raise OSError(f"{no.code}") from no
            raise Refused(f"{method} {path} {no.code} {no.read()[:200]!r}") from no
