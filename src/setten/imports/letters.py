"""How the letters of a file are written: looked at, not believed."""

from __future__ import annotations

import codecs
import contextlib
import re

from setten.imports.model import NotUtf8

LOOKED_AT_BYTES = 1 << 20  # names of shops, goods and people stand in the first rows
ENCODINGS = ("auto", "utf-8", "cp932", "utf-16", "euc-jp", "iso-2022-jp", "cp1252")
_CODECS = {"utf-8": "utf-8-sig", "cp932": "cp932", "utf-16": "utf-16", "euc-jp": "euc_jp",
           "iso-2022-jp": "iso2022_jp_ext", "cp1252": "cp1252"}  # fmt: skip
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"utf-8-sig": "UTF-8", "cp932": "CP932 (Shift_JIS)", "utf-16": "UTF-16",
          "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "euc_jp": "EUC-JP",
          "iso2022_jp_ext": "ISO-2022-JP (JIS)", "cp1252": "CP1252 (Latin-1)"}  # fmt: skip
_SHIFT = re.compile(rb"\x1b(?:\$[@B(]|\([IJ])")  # the beginning of Japanese letters, of seven bits
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_VOICED = "ｳｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾊﾋﾌﾍﾎ"
_HALF_WIDTH = re.compile(rf"(?:[{_VOICED}]ﾞ|[ﾊﾋﾌﾍﾎ]ﾟ|[ｱ-ﾝｦ])(?:[{_VOICED}]ﾞ|[ﾊﾋﾌﾍﾎ]ﾟ|[ｦ-ﾝ･])*")
# Of EUC-JP: full-width kana, letters and signs, and the kanji that names and goods are written in.
_USUAL = re.compile(rb"(?:[\xa1\xa3-\xa5\xb0-\xcf][\xa1-\xfe])+")

_CLEAR, _DOUBTFUL = 0.8, 0.6  # parts of the words that look right in one of two codes, in the other


def codec_of(head: bytes, said: str = "auto") -> str:
    """The codec of a text file: as said, else as its beginning reads.

    head: its first LOOKED_AT_BYTES or all of it. Raises NotUtf8 when it does not read so, and
    where it cannot be told: names in wrong letters are worse than a question.
    """
    if said not in ENCODINGS:
        raise NotUtf8(encoding=said[:40])
    found = _found(head) if said in ("auto", "utf-16") else _CODECS[said]
    is_as_said = said != "utf-16" or (found or "").startswith("utf-16")
    if found is None or not is_as_said or not _reads(head, found):
        raise NotUtf8()
    if said not in ("auto", "utf-8") and _is_clearly_another(head, found):
        raise NotUtf8()
    return found


def name_of(codec: str) -> str:
    """What people call a codec."""
    return _NAMES[codec]


def marking(codec: str) -> str:
    """How what does not read is marked: by lone halves, else by the sign of a lost letter."""
    is_of_pairs = codec.startswith(("utf-16", "iso2022"))
    return "replace" if is_of_pairs else "surrogateescape"


def decoded(head: bytes, codec: str) -> str:
    """The beginning of a file, as far as it reads."""
    return codecs.getincrementaldecoder(codec)("replace").decode(head, final=False)


def _reads(head: bytes, codec: str, *, is_whole: bool = False) -> bool:
    with contextlib.suppress(UnicodeError):
        codecs.getincrementaldecoder(codec)().decode(head, final=is_whole)
        return True
    return False


def _is_clearly_another(head: bytes, codec: str) -> bool:
    """Whether a file said to be of `codec` is in other letters, which cannot be so by chance."""
    if head.isascii() or codec.startswith("utf-16"):
        return False
    is_whole = len(head) < LOOKED_AT_BYTES
    others = ("utf-8", "euc_jp") if codec == "cp1252" else ("utf-8",)
    return any(_reads(head, other, is_whole=is_whole) for other in others)


def _found(head: bytes) -> str | None:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    # Without a mark UTF-16 shows itself by the zeros beside its commas and line ends.
    sample = head[:4096]
    if sample.count(0) * 10 > len(sample):
        is_little = sample[1::2].count(0) >= sample[0::2].count(0)
        return "utf-16-le" if is_little else "utf-16-be"
    if head.isascii() and _SHIFT.search(head):
        return "iso2022_jp_ext"
    return "utf-8-sig" if _reads(head, "utf-8-sig") else _of_two_bytes(head)


def _of_two_bytes(head: bytes) -> str | None:
    """CP932 or EUC-JP; None where neither reads, or both, and nobody can tell.

    Most of either is nothing in the other. What reads as both is half-width kana of CP932, which
    EUC-JP takes for kanji, or kanji of EUC-JP, which CP932 takes for such kana.
    """
    is_cp932, is_euc = _reads(head, "cp932"), _reads(head, "euc_jp")
    if is_cp932 and _is_western(decoded(head, "cp932")):
        return None
    if not is_euc:
        return "cp932" if is_cp932 else None
    if not is_cp932:
        return "euc_jp"
    runs = _BEYOND_ASCII.findall(decoded(head, "cp932"))
    as_kana = sum(bool(_HALF_WIDTH.fullmatch(run)) for run in runs) / len(runs)
    pairs = re.findall(rb"[\x80-\xff]+", head)
    as_usual = sum(bool(_USUAL.fullmatch(run)) for run in pairs) / len(pairs)
    if max(as_kana, as_usual) < _CLEAR or min(as_kana, as_usual) > _DOUBTFUL:
        return None
    return "cp932" if as_kana > as_usual else "euc_jp"


def _is_western(text: str) -> bool:
    """Whether what reads as CP932 is Western: all beyond ASCII stands alone among plain letters.

    An accented letter swallows the one behind it, a curled apostrophe the s, and both look like a
    rare kanji. Which Western letters they are cannot be seen.
    """
    for run in _BEYOND_ASCII.finditer(text):
        before = text[run.start() - 1 : run.start()]
        if len(run[0]) > 2 or not all(_may_be_western(one, before) for one in run[0]):
            return False
    return True


def _may_be_western(letter: str, before: str) -> bool:
    pair = letter.encode("cp932", "replace")
    is_swallowed = pair[1:].isalpha() and before.isascii() and before.isalpha()
    return pair[0] >= 0xA0 or is_swallowed
