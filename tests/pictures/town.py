"""A running demo to take pictures of: one that is up already, or one started for it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from setten.customers import identity
from setten.platform import db, settings
from setten.platform.db import embedded
from setten.platform.vault import Vault
from tests.pictures.pages import NEEDS

START_LIMIT_S = 900
FRESH_S = 5.0  # behind: what is told just now may be on its way
IS_READ = "select 1 from log.cursors where reader = 'timeline' and position > 0"


class Town:
    """A demo that runs in a data directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = (folder / "address").read_text().strip()
        self._dsn = embedded.attach(folder)
        self._cookies: dict[str, list[Any]] = {}

    def asked(self, query: str) -> str | None:
        """The first value of a question, as text; None where there is none."""

        async def ask() -> Any:
            conn = await db.connect(str(self._dsn))
            try:
                return await conn.fetchval(query)
            finally:
                await conn.close()

        found = asyncio.run(ask())
        return None if found is None else str(found)

    def customer(self, said: str) -> str | None:
        """The id of whoever is found by what is said."""
        vault = Vault(settings.load({"data_dir": str(self.folder)}, demo=True).key)

        async def find() -> str | None:
            conn = await db.connect(str(self._dsn))
            try:
                async with conn.transaction():
                    found = await identity.find_by(conn, vault, said)
            finally:
                await conn.close()
            return str(found[0].customer_id) if found else None

        return asyncio.run(find())

    def cookies(self, login: str) -> list[Any]:
        """The session of somebody, signed in by a link."""
        if login not in self._cookies:
            told = subprocess.run(
                [sys.executable, "-m", "setten.cli", "users", "link", login,
                 "--data-dir", str(self.folder)],
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            link = told.split()[-1]
            with httpx.Client(timeout=30) as http:
                page = http.get(link).text
                token = page.partition('name="_csrf" value="')[2].partition('"')[0]
                assert http.post(link, data={"_csrf": token}).status_code == 303
                self._cookies[login] = [
                    {"name": name, "value": value, "url": self.url}
                    for name, value in http.cookies.items()
                ]
        return self._cookies[login]

    def send_file(self, login: str) -> str:
        """The id of a file that waits for a choice of columns."""
        body = "Artikel,商品名,Preis\nA-1,椅子,12000\n".encode("cp932")
        cookies = {one["name"]: one["value"] for one in self.cookies(login)}
        with httpx.Client(base_url=self.url, cookies=cookies, timeout=30) as http:
            token = http.get("/run/imports").text.partition('name="_csrf" value="')[2]
            sent = http.post(
                "/run/imports",
                data={"_csrf": token.partition('"')[0], "kind": "items", "encoding": "auto"},
                files={"file": ("商品.csv", body, "text/csv")},
            )
        return sent.headers["location"].rpartition("/")[2]

    def speak(self, login: str, locale: str) -> None:
        """Let somebody's pages be in a language from now on."""
        cookies = {one["name"]: one["value"] for one in self.cookies(login)}
        with httpx.Client(base_url=self.url, cookies=cookies, timeout=30) as http:
            page = http.get("/me").text
            token = page.partition('name="_csrf" value="')[2].partition('"')[0]
            form = {"_csrf": token, "locale": locale, "back": "/me"}
            assert http.post("/preferences", data=form).status_code == 303


@contextmanager
def started(folder: Path, days: int) -> Iterator[Town]:
    """`setten demo` in a folder, until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "out.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "setten.cli", "demo", "--no-open", "--workers", "1",
             "--port", str(port), "--data-dir", str(folder), "--days", str(days)],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "SETTEN_LOCALE": "ja"},
        )  # fmt: skip
        try:
            _wait(child, folder / "out.log")
            yield Town(folder)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(60)


def settled(town: Town) -> None:
    """Wait until every view shows all of the past."""
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        lags = httpx.get(f"{town.url}/readyz", timeout=30).json()["reader_lag_s"]
        # Just after a start nobody has told yet how far it is.
        if lags and max(lags.values()) < FRESH_S and town.asked(IS_READ):
            return
        assert time.monotonic() < deadline, lags
        time.sleep(1)


def needs(town: Town) -> dict[str, str]:
    """What the addresses need; what this town has not is left out, and its pages with it."""
    found = {name: town.asked(query) for name, query in NEEDS.items()}
    found["saeki"] = town.customer("090-0000-2266")
    found["file"] = town.send_file("demo")
    return {name: value for name, value in found.items() if value}


def _wait(child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while "/sign-in/link/" not in log.read_text():
        assert child.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.5)
