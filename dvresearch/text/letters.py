"""Letters: one form for each, and forms for matching and for messages."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LOOKS", "nfc", "plain", "shape", "split_tone"]

#: What stands before the look of a cell.
LOOKS = "dạng ô/looks like "
#: Tone marks: huyền, hỏi, ngã, sắc, nặng.
TONES = "\u0300\u0309\u0303\u0301\u0323"

_MARKS = re.compile("[\u0300-\u034e\u0350-\u036f]+")
_WORDS = re.compile(r"[^\W_]+")


def nfc(text: str) -> str:
    """Return `text` with every letter and its marks as one character (Unicode form NFC).

    Spreadsheets saved on a Mac hold decomposed letters and Windows-1258 files hold tone
    marks apart; both look right and match nothing. Where positions in the original are
    needed, use :func:`dvresearch.text.repair`.

    Parameters
    ----------
    text : str
        Any text.
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def split_tone(word: str) -> tuple[str, tuple[int, ...]]:
    """Return `word` without its tone marks, and the tones met: indices into `TONES`, left to right."""
    parts = unicodedata.normalize("NFD", word)
    bare = "".join(c for c in parts if c not in TONES)
    return unicodedata.normalize("NFC", bare), tuple(TONES.index(c) for c in parts if c in TONES)


def plain(name: str) -> str:
    """Return `name` without diacritics, case, punctuation and repeated spaces, for matching only.

    Parameters
    ----------
    name : str
        A name or header in any Unicode form.
    """
    text = _MARKS.sub("", unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D")))
    if not text.isascii():
        text = "".join(c for c in text if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return " ".join(_WORDS.findall(text)).casefold()


def shape(text: str) -> str:
    """Return the look of `text`, named as such: every letter as ``a``, every digit as ``0``, cut at 24 characters.

    Messages show this instead of a cell's content: a cell in the wrong column may be a
    name or a telephone number, while its look is enough to find the mistake ("12O" -> "00a").

    Parameters
    ----------
    text : str
        The content of a cell.
    """
    look = "".join("a" if c.isalpha() else "0" if c.isdigit() else c for c in text[:25])
    return LOOKS + repr(look if len(look) < 25 else look[:24] + "…")
