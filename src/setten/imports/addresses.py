"""An address of the columns that a file parts it into; nothing of it is dropped.

Some files head the whole address 住所, others only what follows the city: both are told apart by
how it begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PARTS = ("prefecture", "city", "address", "street", "building")
_JAPANESE = re.compile("[ぁ-ゖァ-ヺ一-鿿々〇]")


def whole(found: Mapping[str, str]) -> str:
    """The address that a row tells, "" for none: 東京都渋谷区1-1; 1-1 Jingumae, Shibuya, Tokyo.

    found: any of PARTS. `address` may be all of it, or what the other columns leave.
    """
    said = {part: found[part] for part in PARTS if found.get(part)}
    is_japanese = any(_JAPANESE.search(one) for one in said.values())
    return _japanese(said) if is_japanese else _western(said)


def _japanese(said: Mapping[str, str]) -> str:
    prefecture, city = said.get("prefecture", ""), said.get("city", "")
    return _placed(prefecture, city, _within(said, ""))


def _placed(prefecture: str, city: str, rest: str) -> str:
    """Prefecture and city before the rest, each once."""
    if prefecture and rest.startswith(prefecture):
        if city in rest:
            return rest
        return prefecture + city + rest[len(prefecture) :].lstrip(" \u3000")
    return prefecture + (rest if city and rest.startswith(city) else city + rest)


def _western(said: Mapping[str, str]) -> str:
    """From the narrow to the wide, with commas, as a letter has it."""
    found = _within(said, ", ")
    written = [one.strip().casefold() for one in found.split(",")]
    begins = " ".join(said.get(part, "") for part in ("prefecture", "city")).strip().casefold()
    if begins and found.casefold().replace(",", "").startswith(begins):
        return found
    wider = (said.get("city", ""), said.get("prefecture", ""))
    missing = [one for one in wider if one and one.casefold() not in written]
    return ", ".join([*([found] if found else []), *missing])


def _within(said: Mapping[str, str], between: str) -> str:
    """What stands below the city: address, street and building, each once."""
    found = said.get("address", "")
    street, building = said.get("street", ""), said.get("building", "")
    if street and street not in found:
        found = found + between + street if found else street
    if building and not found.endswith(building):
        found = found + between + building if found else building
    return found
