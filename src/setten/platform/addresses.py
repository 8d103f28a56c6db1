"""Whose address a request came from: the connection's, or what a proxy of our own says of it.

Anybody can write X-Forwarded-For; only what our own proxy added, its last entry, is believed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import cache

ADDRESS_LENGTH_MAX = 45


def of_sender(connection: str, forwarded: Sequence[str], trusted: Sequence[str]) -> str:
    """The sender's address. forwarded: every line of that header, in their order; a proxy may add
    one of its own below a stranger's. trusted: networks of ours, as settings.trusted_proxies.
    """
    said = forwarded[-1].split(",")[-1].strip() if forwarded else ""
    if said and _is_trusted(connection, tuple(trusted)):
        return said[:ADDRESS_LENGTH_MAX]
    return connection


def counted(address: str) -> str:
    """Under which name somebody's tries are counted: of IPv6 the /64, which is one connection's, as
    who has one has 2^64 addresses; an IPv4 one written as IPv6 is the same sender.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found), 64), strict=False))


def _is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in _networks(trusted))


@cache
def _networks(
    trusted: tuple[str, ...],
) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(one) for one in trusted)
