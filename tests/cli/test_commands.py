"""Commands as people and programs call them: results alone on stdout, failures in one line."""

import asyncio
import base64
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from setten.platform.db import embedded
from setten.platform.vault import Vault

KEY = base64.b64encode(bytes(range(32))).decode()


def setten(*args, given="", **environment):
    return subprocess.run(
        [sys.executable, "-m", "setten.cli", *args],
        env={"PATH": os.environ["PATH"], "LANG": "en_US.UTF-8", **environment},
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """Variables of an installation whose database runs, as beside a `serve`."""
    folder = tmp_path_factory.mktemp("installation")
    server = embedded.start(folder)
    variables = {"SETTEN_DATA_DIR": str(folder), "SETTEN_MASTER_KEY": KEY}
    assert setten("migrate", **variables).returncode == 0
    yield variables
    server.stop()


def bind(variables):
    """The first opening binds database and key."""

    async def go():
        conn = await asyncpg.connect(embedded.attach(Path(variables["SETTEN_DATA_DIR"])))
        await Vault(base64.b64decode(KEY)).prove(conn)
        await conn.close()

    asyncio.run(go())


def one_line(done):
    assert done.returncode != 0
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_serve_refuses_to_start_without_a_master_key_and_says_how_to_make_one(tmp_path):
    done = setten("serve", "--data-dir", str(tmp_path / "d"))
    assert "SETTEN_MASTER_KEY" in one_line(done)
    assert not (tmp_path / "d").exists()


def test_a_bad_setting_is_one_line_that_names_it(tmp_path):
    assert "SETTEN_PORT" in one_line(setten("keys", "list", SETTEN_PORT="eighty"))


def test_serve_says_when_its_port_is_taken(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = setten("serve", "--port", port, "--data-dir", str(tmp_path), SETTEN_MASTER_KEY=KEY)
    assert port in one_line(done)
    assert "--port" in one_line(done)


def test_a_second_migrate_applies_nothing(installation):
    done = setten("migrate", "--json", **installation)
    assert json.loads(done.stdout) == {"applied": []}


@pytest.mark.parametrize("scope", ["ingest", "server", "agent", "public"])
def test_a_new_key_stands_alone_on_stdout(installation, scope):
    done = setten("keys", "create", "--scope", scope, **installation)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) == 1


def test_an_unknown_scope_is_refused(installation):
    assert "root" in one_line(setten("keys", "create", "--scope", "root", **installation))


def test_keys_are_listed_without_the_keys(installation):
    key = setten("keys", "create", "--scope", "server", "--name", "till", **installation).stdout
    listed = setten("keys", "list", "--json", **installation).stdout
    assert "till" in [row["name"] for row in json.loads(listed)]
    assert key.strip() not in listed


def test_a_new_account_gets_a_one_time_link(installation):
    done = setten("users", "create", "--login", "hana", "--role", "agent", **installation)
    assert "/sign-in/link/" in done.stdout
    again = setten("users", "create", "--login", "hana", **installation)
    assert "another login" in one_line(again)
    assert "/sign-in/link/" in setten("users", "link", "hana", **installation).stdout


def test_a_link_for_nobody_names_the_login_and_the_place(installation):
    said = one_line(setten("users", "link", "nobody", **installation))
    assert "nobody" in said
    assert installation["SETTEN_DATA_DIR"] in said


@pytest.mark.parametrize(
    "command", [("users", "link", "aoi"), ("users", "list"), ("keys", "list"), ("reconcile",)]
)
def test_a_command_that_reads_makes_no_database(tmp_path, command):
    nowhere = tmp_path / "nowhere"
    assert str(nowhere) in one_line(setten(*command, "--data-dir", str(nowhere)))
    assert not nowhere.exists()


@pytest.mark.parametrize(("language", "word"), [("en_US.UTF-8", "business"), ("ja_JP", "事業")])
def test_a_demo_does_not_begin_in_a_businesses_directory(tmp_path, language, word):
    (tmp_path / "business").touch()
    done = setten("demo", "--no-open", "--data-dir", str(tmp_path), LANG=language)
    assert word in one_line(done)
    assert [one.name for one in tmp_path.iterdir()] == ["business"]


def test_nobody_can_be_bound_to_a_shop_that_does_not_exist(installation):
    done = setten("users", "create", "--login", "eri", "--location", "atlantis", **installation)
    assert "atlantis" in one_line(done)
    assert "eri" not in setten("users", "list", **installation).stdout


def test_a_weak_password_is_refused(installation):
    args = ("users", "create", "--login", "bo", "--password-stdin")
    one_line(setten(*args, given="password\n", **installation))


def test_reconcile_of_an_empty_shop_finds_no_drift(installation):
    for begun in ((), ("--after", "SOFA-1")):
        done = setten("reconcile", "--json", *begun, **installation)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["drifts"] == []
        assert set(found["sums"].values()) == {0}


def test_doctor_reports_every_check_and_ends_with_0_when_all_is_well(installation):
    done = setten("doctor", "--json", **installation)
    assert done.returncode == 0, done.stdout
    found = {check["check"]: check for check in json.loads(done.stdout)}
    assert found["database"]["found"].startswith("PostgreSQL 18")
    assert found["key fits"]["ok"] is True


def test_doctor_ends_with_1_for_a_key_that_does_not_fit(installation):
    bind(installation)
    other = base64.b64encode(bytes(32)).decode()
    done = setten("doctor", "--json", **{**installation, "SETTEN_MASTER_KEY": other})
    assert done.returncode == 1
    assert not {c["check"]: c["ok"] for c in json.loads(done.stdout)}["key fits"]


def test_a_command_alone_makes_and_migrates_its_own_database(tmp_path):
    variables = {"SETTEN_DATA_DIR": str(tmp_path), "SETTEN_MASTER_KEY": KEY}
    done = setten("keys", "create", "--scope", "server", **variables)
    assert done.returncode == 0, done.stderr
    assert embedded.attach(tmp_path) is None


@pytest.mark.parametrize("kind", ["customers", "receipts", "postcodes"])
def test_a_file_that_is_not_there_is_told_in_one_line_before_anything_starts(kind, tmp_path):
    folder = tmp_path / "d"
    done = setten("import", kind, "nowhere.csv", SETTEN_DATA_DIR=str(folder))
    assert "nowhere.csv" in one_line(done)
    assert not folder.exists()
