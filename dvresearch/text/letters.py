"""Letters: one form for each, their order, and forms for matching and for messages."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LOOKS_LIKE", "nfc", "plain", "shape", "sort_key", "split_tone"]

#: Tone marks in the order of Vietnamese dictionaries (no mark comes first): huyền, hỏi, ngã, sắc, nặng.
TONES = "\u0300\u0309\u0303\u0301\u0323"

#: What stands before the look of a cell.
LOOKS_LIKE = "dạng ô/looks like "

_ALPHABET = {c: i for i, c in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz", start=1)}
_BLOCK = re.compile(r"\d+|[^\W\d_]+")
_MARKS = re.compile("[\u0300-\u034e\u0350-\u036f]+")
_WORDS = re.compile(r"[^\W_]+")
_DIGITS, _OTHER = 0, 100


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


def sort_key(text: str) -> tuple[object, ...]:
    """Return a key that sorts as a Vietnamese dictionary does.

    Letters follow the alphabet a ă â b c d đ e ê ... y; the tone decides only between
    syllables of equal letters, in the order ngang, huyền, hỏi, ngã, sắc, nặng; an earlier
    syllable outweighs a later one; small letters stand before capitals. Digits sort by
    value and before letters, so that "Phường 2" precedes "Phường 10".

    Parameters
    ----------
    text : str
        A name or a sentence in any Unicode form.

    Returns
    -------
    tuple
        Comparable with the keys of other texts.

    Notes
    -----
    Rules of Vũ Xuân Lương, "Quy tắc sắp xếp đơn vị từ vựng trong từ điển tiếng Việt"
    (Vietlex). Checked against the examples there and against the letter order of
    Unicode CLDR ``vi`` (see tests/test_text_letters.py).
    """
    text = nfc(text)
    blocks: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for block in _BLOCK.findall(text):
        if block[0].isdecimal():
            digits = "".join(str(int(c)) for c in block).lstrip("0")
            blocks.append(((_DIGITS, len(digits), *map(int, digits)), ()))
        else:
            bare, tones = split_tone(block.casefold())
            blocks.append((tuple(_ALPHABET.get(c, _OTHER + ord(c)) for c in bare), tones))
    return (blocks, text.swapcase())


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
    return LOOKS_LIKE + repr(look if len(look) < 25 else look[:24] + "…")
