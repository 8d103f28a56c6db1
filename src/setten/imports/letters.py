"""How the letters of a file are written: looked at, not believed."""

from __future__ import annotations

import codecs
import contextlib

from setten.imports.model import NotUtf8

LOOKED_AT_BYTES = 1 << 20  # names of shops, goods and people stand in the first rows
ENCODINGS = ("auto", "utf-8", "cp932", "utf-16", "euc-jp")
_CODECS = {"utf-8": "utf-8-sig", "cp932": "cp932", "utf-16": "utf-16", "euc-jp": "euc_jp"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TRIED = ("utf-8-sig", "cp932")
_NAMES = {"utf-8-sig": "UTF-8", "cp932": "CP932 (Shift_JIS)", "utf-16": "UTF-16",
          "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "euc_jp": "EUC-JP"}  # fmt: skip


def codec_of(head: bytes, said: str = "auto") -> str:
    """The codec of a text file: as said, else as its beginning reads.

    head: its first LOOKED_AT_BYTES or all of it. Raises NotUtf8 when it does not read so.
    """
    if said not in ENCODINGS:
        raise NotUtf8(encoding=said[:40])
    tried = (_CODECS[said],) if said != "auto" else _candidates(head)
    for name in tried:
        with contextlib.suppress(UnicodeDecodeError):
            codecs.getincrementaldecoder(name)().decode(head, final=False)
            return name
    raise NotUtf8()


def name_of(codec: str) -> str:
    """What people call a codec."""
    return _NAMES[codec]


def _candidates(head: bytes) -> tuple[str, ...]:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return (name,)
    # Without a mark UTF-16 shows itself by the zeros beside its commas and line ends.
    sample = head[:4096]
    if sample.count(0) * 10 > len(sample):
        is_little = sample[1::2].count(0) >= sample[0::2].count(0)
        return ("utf-16-le" if is_little else "utf-16-be",)
    return _TRIED
