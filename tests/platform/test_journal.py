"""The journal tells where an error was and of what kind, never what it quoted."""

import logging
import subprocess
import sys

import pytest

from setten.platform import journal
from setten.platform.errors import Conflict


class OrderGone(Conflict):
    """A refusal for the test."""

    code = "order_gone"


def written(error):
    try:
        raise error
    except type(error):
        record = logging.getLogger("t").makeRecord(
            "t", logging.ERROR, __file__, 1, "it failed", (), sys.exc_info()
        )
    return journal.Formatter().format(record)


def test_a_traceback_has_frames_and_type_but_not_the_words_of_the_error():
    text = written(ValueError("Key (mail)=(hana@example.jp) already exists"))
    assert "ValueError" in text
    assert "test_journal.py" in text
    assert "hana" not in text


def test_the_cause_is_named_too():
    failure = RuntimeError("outer 090-1234-5678")
    failure.__cause__ = KeyError("inner")
    text = written(failure)
    assert "KeyError" in text
    assert "090" not in text


def test_our_own_refusals_show_their_code():
    assert "OrderGone (order_gone)" in written(OrderGone(order="X"))


@pytest.mark.parametrize("attack", ["a\nINFO forged line", "a\x1b[2Jb"])
def test_nothing_can_forge_a_line_or_drive_the_terminal(attack):
    record = logging.getLogger("t").makeRecord("t", logging.INFO, "", 1, attack, (), None)
    line = journal.Formatter().format(record)
    assert "\n" not in line
    assert "\x1b" not in line


def test_a_process_writes_to_standard_error_only():
    code = "from setten.platform import journal; import logging; journal.configure('info');"
    code += "logging.getLogger('x').info('here')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "here" in done.stderr
