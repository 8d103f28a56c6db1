"""The console's own files: one stylesheet from many small ones, the scripts, icons and licences.

Read into memory once; served under an address that carries their hash, so they never go stale.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

ROOT = Path(__file__).parent / "static"
A_YEAR = "public, max-age=31536000, immutable"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}


class Assets(msgspec.Struct, frozen=True):
    """Every file by its public name, and the stamp that stands in their address."""

    files: dict[str, bytes]
    stamp: str

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError for a file that does not exist."""
        assert name in self.files, name
        return f"/static/{self.stamp}/{name}"


@cache
def assets() -> Assets:
    """All files, read once: tokens, base, components, pages become `setten.css`; js `setten.js`."""
    files = {
        str(path.relative_to(ROOT)): path.read_bytes()
        for path in sorted(ROOT.rglob("*"))
        if path.is_file() and path.suffix in TYPES and path.parent.name not in {"css", "js"}
    }
    files = {name: body for name, body in files.items() if not name.startswith("css/")}
    styles = [ROOT / "css/tokens.css", ROOT / "css/base.css"]
    styles += sorted((ROOT / "css/components").glob("*.css"))
    styles += sorted((ROOT / "css/pages").glob("*.css"))
    files["setten.css"] = b"\n".join(path.read_bytes() for path in styles)
    scripts = sorted((ROOT / "js").glob("*.js"))
    files["setten.js"] = b"\n".join(path.read_bytes() for path in scripts)
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name])
    return Assets(files=files, stamp=digest.hexdigest()[:12])


@get("/static/{stamp:str}/{name:path}", include_in_schema=False, sync_to_thread=False)
def static_file(stamp: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """One file of the console; an old stamp still answers, but is not kept by the browser."""
    held = assets()
    body = held.files.get(str(name).lstrip("/"))
    if body is None:
        raise NotFoundException
    kept = A_YEAR if stamp == held.stamp else "no-cache"
    return Response(
        body,
        media_type=TYPES[Path(str(name)).suffix],
        headers={"Cache-Control": kept, "X-Content-Type-Options": "nosniff"},
    )
