"""Settings: who wins, what is refused, and what never shows."""

import base64
import stat

import pytest

from setten.platform import belonging, settings
from setten.platform.errors import codes
from setten.platform.settings import BadSetting, MasterKeyMissing

KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(flags=None, demo=None, **environment):
    return settings.load(flags, environment=environment, demo=demo)


def refused(flags=None, **environment):
    with pytest.raises(BadSetting) as error:
        load(flags, **environment)
    return error.value.facts


def test_flags_win_over_variables_over_the_file_over_defaults(tmp_path):
    (tmp_path / "setten.toml").write_text('port = 1001\nlocale = "en"\nworkers = 3\n')
    found = load({"port": 1003}, SETTEN_PORT="1002", SETTEN_WORKERS="2")
    assert (found.port, found.workers, found.locale, found.timezone) == (
        1003,
        2,
        "en",
        "Asia/Tokyo",
    )


def test_an_empty_variable_counts_as_not_set():
    assert load(SETTEN_PORT="").port == 8000


def test_a_bad_value_names_the_setting_and_where_it_came_from(tmp_path):
    assert refused(SETTEN_PORT="http")["origin"] == "SETTEN_PORT"
    assert refused({"workers": 0})["origin"] == "--workers"
    (tmp_path / "setten.toml").write_text('timezone = "Asia/Edo"\n')
    assert refused() == {
        "setting": "timezone",
        "origin": "setten.toml",
        "reason": "'Asia/Edo' is no time zone; write one like Asia/Tokyo",
    }


def test_a_word_unknown_to_us_in_the_file_is_refused(tmp_path):
    (tmp_path / "setten.toml").write_text("prot = 8000\n")
    assert refused()["setting"] == "prot"


@pytest.mark.parametrize(
    "wrong", ["mysql://x", "setten.example.jp", "https://setten.example.jp/app"]
)
def test_addresses_that_cannot_work_are_refused(wrong):
    name = "SETTEN_DATABASE_URL" if wrong.startswith("mysql") else "SETTEN_BASE_URL"
    assert refused(**{name: wrong})["origin"] == name


def test_the_master_key_is_read_from_base64_or_a_file(tmp_path):
    text = base64.b64encode(KEY).decode()
    (tmp_path / "key").write_text(text + "\n")
    (tmp_path / "raw").write_bytes(KEY)
    assert load(SETTEN_MASTER_KEY=text).key == KEY
    assert load(SETTEN_MASTER_KEY=base64.urlsafe_b64encode(KEY).decode()).key == KEY
    assert load(SETTEN_MASTER_KEY=str(tmp_path / "key")).key == KEY
    assert load(SETTEN_MASTER_KEY=str(tmp_path / "raw")).key == KEY


def test_a_key_that_looks_like_a_path_is_a_key():
    for first in (b"\xff\xff", b"\xfc", b"\xfd\x00"):  # "//…", "/A…", "/Q…"
        text = base64.b64encode(first.ljust(32, b"k")).decode()
        assert text.startswith("/")
        assert load(SETTEN_MASTER_KEY=text).key == first.ljust(32, b"k")


def test_a_key_file_that_is_not_there_is_named():
    assert "cannot be read" in refused(SETTEN_MASTER_KEY="/nowhere/master.key")["reason"]


def test_a_master_key_of_another_length_is_refused():
    short = base64.b64encode(b"short").decode()
    assert refused(SETTEN_MASTER_KEY=short)["reason"] == "5 bytes; it must be 32"


def test_outside_the_demo_nothing_starts_without_a_master_key(tmp_path):
    with pytest.raises(MasterKeyMissing):
        _ = load({"data_dir": tmp_path / "d"}, demo=False).key


def test_the_demo_makes_its_own_key_once_and_keeps_it_closed(tmp_path):
    first = load({"data_dir": tmp_path / "d"}, demo=True)
    assert load({"data_dir": tmp_path / "d"}, demo=True).key == first.key
    file = tmp_path / "d" / settings.DEMO_KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load({"data_dir": tmp_path / "d"}).demo


def test_serve_does_not_take_up_a_demo_key(tmp_path):
    load({"data_dir": tmp_path / "d"}, demo=True)
    assert load({"data_dir": tmp_path / "d"}, demo=False).master_key is None


def test_a_child_gets_exactly_the_same_settings(tmp_path):
    given = load(
        {"data_dir": tmp_path, "port": 9000},
        SETTEN_MASTER_KEY=base64.b64encode(KEY).decode(),
        SETTEN_TRUSTED_PROXIES="10.0.0.0/8, ::1",
        SETTEN_DATABASE_URL="postgresql://x@/y",
    )
    assert settings.load(environment=settings.to_environment(given)) == given


def test_neither_key_nor_password_shows_in_a_traceback():
    shown = repr(
        load(
            SETTEN_MASTER_KEY=base64.b64encode(KEY).decode(),
            SETTEN_DATABASE_URL="postgresql://a:verysecret@/b",
        )
    )
    assert "verysecret" not in shown
    assert repr(KEY) not in shown


def test_every_refusal_of_the_ground_floor_has_words():
    assert {
        "bad_setting",
        "master_key_missing",
        "embedded_database_failed",
        "disk_low",
        "business_here",
    } <= codes()


def test_a_demo_beside_a_business_takes_nothing_of_it_from_the_file(tmp_path):
    key = base64.b64encode(KEY).decode()
    (tmp_path / "setten.toml").write_text(
        f'data_dir = "{tmp_path / "shop"}"\nmaster_key = "{key}"\nport = 9001\n'
        'base_url = "https://shop.example"\ndatabase_url = "postgresql://shop@/shop"\n'
    )
    found = load({"data_dir": tmp_path / "d"}, demo=True)
    assert (found.data_dir, found.database_url) == (tmp_path / "d", None)
    assert found.base_url == "http://127.0.0.1:9001"
    assert found.key != KEY
    assert not (tmp_path / "shop").exists()
    beside = load({"data_dir": tmp_path / "d"})  # a command that is told the demo's directory
    assert (beside.key, beside.base_url, beside.database_url) == (found.key, found.base_url, None)
    assert load().key == KEY


def test_a_demo_keeps_out_of_a_directory_that_a_business_uses(tmp_path):
    served, older, fresh = tmp_path / "served", tmp_path / "older", tmp_path / "fresh"
    served.mkdir()
    belonging.mark_business(served)
    (older / "postgres").mkdir(parents=True)
    (older / "postgres/PG_VERSION").write_text("18")
    for folder in (served, older):
        with pytest.raises(belonging.BusinessHere):
            load({"data_dir": folder}, demo=True)
        assert not (folder / settings.DEMO_KEY_FILE).exists()
    load({"data_dir": fresh}, demo=True)
    belonging.mark_business(fresh)  # a demo that is served stays a demo
    assert load({"data_dir": fresh}, demo=True).demo


def test_a_demo_with_a_key_from_elsewhere_is_known_again(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres/PG_VERSION").write_text("18")
    belonging.mark_demo(tmp_path)
    assert load({"data_dir": tmp_path}, demo=True, SETTEN_MASTER_KEY="k" * 43 + "=").demo
