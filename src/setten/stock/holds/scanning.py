"""What a scanner or a thumb typed at the counter: a pickup code, or goods."""

from __future__ import annotations

import re

# A GS1 Digital Link names the goods after /01/; any domain is legal.
_LINK = re.compile(r"/01/(\d{8}|\d{12,14})(?:[/?#]|$)")
_CODE = re.compile(r"\d{6,9}")
_GTIN = re.compile(r"\d{8}|\d{12,14}")
# GS1-128 and DataMatrix begin with the element 01 and 14 digits.
_ELEMENT = re.compile(r"^(?:\](?:C1|d2|Q3))?\(?01\)?(\d{14})")
LENGTH_MAX = 200


def scanned(text: str) -> tuple[str, str]:
    """(code, gtin) that the text may be; either is empty. Eight digits may be both."""
    said = re.sub(r"[\s\-]", "", text.strip()[:LENGTH_MAX])
    for form in (_LINK, _ELEMENT):
        found = form.search(said)
        if found:
            return "", found.group(1)
    code = said if _CODE.fullmatch(said) else ""
    return code, said if _GTIN.fullmatch(said) else ""
