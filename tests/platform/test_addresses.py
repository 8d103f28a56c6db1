"""Whose address a request came from."""

from setten.platform.addresses import counted, of_sender

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


def test_who_has_a_whole_network_of_addresses_is_counted_once():
    one, other = "2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"
    assert counted(one) == counted(other) == "2001:db8:1:2::/64"
    assert counted("2001:db8:1:3::1") != counted(one)
    assert counted("fe80::1%eth0") == "fe80::/64"


def test_an_old_address_is_one_sender_however_it_is_written():
    assert counted("203.0.113.9") == counted("::ffff:203.0.113.9") == "203.0.113.9"
    assert counted("203.0.113.10") != counted("203.0.113.9")
    assert counted("unix") == "unix"
