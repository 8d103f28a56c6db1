"""The embedded PostgreSQL, run for real: made, stopped, killed, found again."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import asyncpg
import pytest

from setten.platform.db import embedded
from setten.platform.db.embedded import cluster, config, unprivileged


async def _ask(dsn, question):
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchval(question)
    finally:
        await conn.close()


def ask(dsn, question):
    return asyncio.run(_ask(dsn, question))


def wait_for(claim, limit_s=60.0):
    end = time.monotonic() + limit_s
    while not claim():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@pytest.fixture
def server(tmp_path):
    running = embedded.start(tmp_path / "data")
    yield running
    running.stop()


def test_a_new_data_directory_becomes_a_running_server_and_keeps_its_rows(tmp_path):
    first = embedded.start(tmp_path)
    ask(first.dsn, "create table kept as select 7 as n")
    first.stop()
    second = embedded.start(tmp_path)
    assert ask(second.dsn, "select n from kept") == 7
    second.stop()


def test_it_is_durable_in_utf8_and_utc(server):
    for name, value in {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "jit": "off",
        "listen_addresses": "",
    }.items():
        assert ask(server.dsn, f"select current_setting('{name}')") == value


def test_nobody_gets_in_without_the_password(server):
    wrong = server.dsn.replace("setten:", "setten:x", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(wrong, "select 1")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        ask(server.dsn.replace("//setten:", "//postgres:", 1), "select 1")


def test_our_role_is_no_superuser(server):
    assert ask(server.dsn, "select rolsuper from pg_roles where rolname = current_user") is False


def test_password_and_socket_are_closed_to_others(server, tmp_path):
    assert stat.S_IMODE((tmp_path / "data/database.password").stat().st_mode) == 0o600
    running = json.loads((tmp_path / "data/running.json").read_text())
    assert stat.S_IMODE(Path(running["socket_dir"]).stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data/postgres").stat().st_mode) == 0o700


def test_a_failed_statement_leaves_no_value_in_the_log(server):
    with pytest.raises(asyncpg.PostgresError):
        ask(server.dsn, "select 'hana@example.jp'::int")
    assert "hana" not in server.log_file.read_text()


def test_a_killed_postmaster_is_revived_with_every_committed_row(server):
    ask(server.dsn, "create table kept as select generate_series(1, 1000) as n")
    os.kill(server.pid, signal.SIGKILL)
    wait_for(lambda: server.stage() == "gone")
    server.revive(lambda stage, seconds: None)
    assert ask(server.dsn, "select count(*) from kept") == 1000


def test_a_second_start_on_the_same_directory_is_refused_in_one_line(server, tmp_path):
    with pytest.raises(embedded.EmbeddedFailed) as refused:
        embedded.start(tmp_path / "data")
    assert refused.value.code == "runs_elsewhere"
    assert refused.value.facts["place"] == str(tmp_path / "data")


def test_a_command_beside_it_uses_the_running_server(server, tmp_path):
    with embedded.using(tmp_path / "data") as dsn:
        assert dsn == server.dsn
        assert ask(dsn, "select 1") == 1


def test_a_command_alone_starts_one_and_takes_it_down_again(tmp_path):
    with embedded.using(tmp_path) as dsn:
        assert ask(dsn, "select 1") == 1
    assert embedded.attach(tmp_path) is None
    assert not (tmp_path / "postgres/postmaster.pid").exists()


def test_a_command_waits_for_a_server_that_is_just_being_revived(server, tmp_path):
    os.kill(server.pid, signal.SIGKILL)
    wait_for(lambda: server.stage() == "gone")
    assert embedded.attach(tmp_path / "data") is None
    found = []

    def command():
        with embedded.using(tmp_path / "data") as dsn:
            found.append(ask(dsn, "select 1"))

    waiting = threading.Thread(target=command)
    waiting.start()
    time.sleep(0.3)
    server.revive(lambda stage, seconds: None)
    waiting.join(20)
    assert found == [1]


def test_a_socket_folder_that_somebody_else_made_is_not_taken_up(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    deep = tmp_path / ("long" * 30)
    place = cluster.describe(deep).sockets
    place.symlink_to(tmp_path)
    with pytest.raises(embedded.EmbeddedFailed) as refused:
        embedded.start(deep)
    assert "someone else" in refused.value.facts["reason"]


def test_no_postmaster_outlives_a_killed_owner_and_the_next_start_recovers(tmp_path):
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(f"""
                import time
                from pathlib import Path
                from setten.platform.db import embedded
                server = embedded.start(Path({str(tmp_path)!r}))
                print(server.pid, flush=True)
                time.sleep(600)
            """),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    postmaster = int(owner.stdout.readline())
    ask(embedded.attach(tmp_path), "create table kept as select 7 as n")
    owner.kill()
    owner.wait()
    owner.stdout.close()
    wait_for(lambda: not Path(f"/proc/{postmaster}/cwd").exists())
    assert embedded.attach(tmp_path) is None
    again = embedded.start(tmp_path)
    assert ask(again.dsn, "select n from kept") == 7
    again.stop()


def test_a_pid_file_naming_a_stranger_does_not_stop_the_start(tmp_path):
    embedded.start(tmp_path).stop()
    stranger = subprocess.Popen(["sleep", "60"], user=(tmp_path / "postgres").stat().st_uid)
    (tmp_path / "postgres/postmaster.pid").write_text(f"{stranger.pid}\n{tmp_path}\n1\n5432\n")
    try:
        server = embedded.start(tmp_path)
        assert ask(server.dsn, "select 1") == 1
        server.stop()
    finally:
        stranger.kill()
        stranger.wait()


def test_a_long_path_gets_its_socket_in_a_short_place(tmp_path):
    deep = tmp_path / ("long" * 30)
    server = embedded.start(deep)
    try:
        assert ask(server.dsn, "select 1") == 1
        assert str(deep) not in server.dsn
    finally:
        server.stop()


def test_memory_given_to_shared_buffers_is_bounded():
    assert config.shared_buffers_mb(256) == 64
    assert config.shared_buffers_mb(8192) == 1024
    assert config.shared_buffers_mb(1_000_000) == 4096


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account")
def test_as_root_the_server_runs_as_someone_else_even_inside_a_closed_home(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    server = embedded.start(home / "data")
    assert not unprivileged.can_walk_to(home / "data", unprivileged.choose(home / "data/postgres"))
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    server.stop()
