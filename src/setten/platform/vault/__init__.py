"""The vault: the one place of personal data.

A person's mail address, phone, card, cookie … becomes an identifier: a random number that log,
domains and pages carry in its stead. Values are sealed under that identifier's own key, so that
destroying the key erases them. `classify` says what is personal; `normalise` makes two spellings
of one identifier equal; `search` finds by blind index.
"""

from setten.platform.vault.keyring import Met, WrongMasterKey
from setten.platform.vault.kinds import KINDS, Identifier, Kind, UnusableIdentifier, mask, normalise
from setten.platform.vault.newcomers import bring
from setten.platform.vault.patterns import holds_card_number
from setten.platform.vault.service import (
    Dossier,
    Sealed,
    Trait,
    Vault,
    dossier_part,
)

__all__ = [
    "KINDS",
    "Dossier",
    "Identifier",
    "Kind",
    "Met",
    "Sealed",
    "Trait",
    "UnusableIdentifier",
    "Vault",
    "WrongMasterKey",
    "bring",
    "dossier_part",
    "holds_card_number",
    "mask",
    "normalise",
]
