"""Whose address a request came from."""

from setten.platform.addresses import of_sender

OURS = ("10.0.0.0/8", "::1/128")


def test_what_a_stranger_says_of_himself_is_not_believed():
    assert of_sender("203.0.113.9", ["198.51.100.1"], OURS) == "203.0.113.9"
    assert of_sender("203.0.113.9", ["198.51.100.1"], ()) == "203.0.113.9"


def test_our_proxy_is_believed_for_the_one_it_added_itself():
    assert of_sender("10.1.2.3", ["6.6.6.6, 198.51.100.1"], OURS) == "198.51.100.1"
    assert of_sender("::1", ["198.51.100.1"], OURS) == "198.51.100.1"
    assert of_sender("10.1.2.3", [], OURS) == "10.1.2.3"


def test_a_connection_without_an_address_is_nobody_s_proxy():
    assert of_sender("unix", ["198.51.100.1"], OURS) == "unix"
    assert len(of_sender("10.1.2.3", ["9" * 10_000], OURS)) == 45


def test_a_line_that_a_stranger_wrote_above_our_proxys_own_is_not_believed():
    assert of_sender("10.1.2.3", ["6.6.6.6", "198.51.100.1"], OURS) == "198.51.100.1"
    assert of_sender("10.1.2.3", [""], OURS) == "10.1.2.3"
