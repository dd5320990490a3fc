"""Repair of damaged text, with the way back to the original kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dvresearch.text.legacy import FONTS, Font, legacy_font
from dvresearch.text.letters import nfc

__all__ = ["REPAIRS", "Repaired", "one_line", "repair"]


@dataclass(frozen=True)
class Repaired:
    """A text after repair, each of its characters tied to the original.

    Parameters
    ----------
    text : str
        The repaired text.
    original : str
        The text as it was given.
    starts, ends : sequence of int
        For each character of `text` the half-open range of `original` it stands for. Both never decrease.
    kinds : tuple of str
        What was repaired, words of `REPAIRS` in that order; empty when `text` equals `original`.
    """

    text: str
    original: str
    starts: Sequence[int]
    ends: Sequence[int]
    kinds: tuple[str, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of the original behind ``text[start:end]`` (an empty range stays empty)."""
        if start < end:
            return self.starts[start], self.ends[end - 1]
        at = self.starts[start] if start < len(self.text) else len(self.original)
        return at, at


def _narrow(match: re.Match[str]) -> str:
    char = match[0]
    return str(unicodedata.decimal(char)) if char.isdecimal() else chr(ord(char) - 0xFEE0)


#: What is mended in any text, in this order: its name, where, and what takes its place.
_STEPS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    ("no_break_space", re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"), lambda m: " "),
    ("line_end", re.compile("\r\n?"), lambda m: "\n"),
    # PDF readers write U+FFFE (older ones U+0002) for a hyphen at a line's end and join the lines.
    ("hyphen", re.compile("[\u0002\u2010\u2011\ufffe]"), lambda m: "-"),
    ("full_width", re.compile(r"[\uff01-\uff5e]|(?![0-9])\d"), _narrow),  # and the digits of other scripts
    ("old_horn", re.compile("[\u01a2\u01a3]"), lambda m: "Ư" if m[0] == "\u01a2" else "ư"),
    ("invisible", re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"), lambda m: ""),
    ("decomposed", re.compile("[^\u0300-\u036f]?[\u0300-\u036f]+"), lambda m: nfc(m[0])),
)
#: What :func:`repair` can have done, in the order in which it is done and named.
REPAIRS = (*(name for name, _, _ in _STEPS), "tcvn3", "vni", "soft_hyphen", "split_digits")
_SOFT_HYPHEN = re.compile("\u00ad")
_CLEAN = re.compile(
    "[^\r\u0002\u00a0\u00ad\u01a2\u01a3\u0300-\u036f\u0660-\u1c59\u2000-\u2011\u202a-\u206f\u3000\ua620-\uabff"
    "\uf900-\uffff\U000104a0-\U0001fbff]*"
)
_SPLIT = re.compile(
    r"(?<=\d) +(?=[.,]\d)"  # 82 ,66 %
    r"|(?<=(?<![\d.,])\d) (?=\d +[.,]\d)"  # 9 9 ,2 %
    r"|(?<=(?<![\d,])1) (?=9\d\d(?!\d))|(?<=(?<![\d,])2) (?=0\d\d(?!\d))"  # năm 2 023, 17/4/2 024
)


def repair(
    text: str,
    *,
    font: Font | Literal["auto", "unicode"] = "auto",
    split_digits: Literal["keep", "join"] = "keep",
) -> Repaired:
    r"""Undo what files, fonts and PDF readers do to Vietnamese text.

    Composes letters and marks, turns special spaces into spaces and line ends into ``\n``, restores
    hyphens lost at line ends, full-width signs, the digits of other scripts and Ƣ/ƣ, converts TCVN3 and VNI text and
    removes invisible characters. Digits, punctuation and text that needs nothing stay as they are.

    Parameters
    ----------
    text : str
        Any text.
    font : {"auto", "unicode", "tcvn3", "vni"}, default "auto"
        The font `text` was typed for. ``auto`` asks :func:`dvresearch.text.legacy_font`, which
        needs a sentence; for short cells ask once about the whole sheet and pass the answer.
    split_digits : {"keep", "join"}, default "keep"
        Whether spaces inside a number are removed where they cannot be anything else
        ("82 ,66 %", "9 9 ,2 %", "năm 2 023"). For text from PDF files and scanners.

    Returns
    -------
    Repaired
        The text, what was repaired, and for each character its range in the original.

    Notes
    -----
    TCVN3 has no codes for capitals with a tone; capital fonts show the small letter's code.
    Such letters are made capitals in a word, or on a line, that has two plain capitals and no small letter.
    """
    done = Repaired(text, text, range(len(text)), range(1, len(text) + 1))
    if not _CLEAN.fullmatch(text):
        for name, pattern, new in _STEPS:
            done = _replace(done, name, pattern, new)
    if font == "auto":
        font = legacy_font(done.text) or "unicode"
    if font != "unicode":
        codes, letters = FONTS[font]
        capital = _capitals(done.text) if font == "tcvn3" else b""

        def letter(match: re.Match[str]) -> str:
            small = letters[match[0]]
            return small.upper() if capital and capital[match.start()] else small

        done = _replace(done, font, codes, letter)
    # Not with the other invisible characters, which go first: TCVN3 codes ư with the soft hyphen.
    done = _replace(done, "soft_hyphen", _SOFT_HYPHEN, lambda m: "")
    if split_digits == "join":
        done = _replace(done, "split_digits", _SPLIT, lambda m: "")
    return done


def one_line(text: str) -> str:
    """Return `text`, typed for no old font, repaired and with single spaces for all that part its words."""
    return " ".join((text if text.isascii() and text.isprintable() else repair(text, font="unicode").text).split())


def _replace(before: Repaired, kind: str, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str]) -> Repaired:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in pattern.finditer(before.text):
        piece = new(match)
        if piece == match[0]:
            continue
        first, last = match.span()
        pieces += [before.text[at:first], piece]
        starts += before.starts[at:first]
        starts += [before.starts[first]] * len(piece)
        ends += before.ends[at:first]
        ends += [before.ends[last - 1]] * len(piece)
        at = last
    if not pieces:
        return before
    pieces.append(before.text[at:])
    starts += before.starts[at:]
    ends += before.ends[at:]
    return Repaired("".join(pieces), before.original, starts, ends, (*before.kinds, kind))


_WORD = re.compile("[A-Za-z\u00a1-\u00ff]+")


def _capitals(text: str) -> bytearray:
    """Mark the characters of TCVN3 text that stand in a word or on a line set in capitals."""
    mask = bytearray(len(text))

    def in_capitals(part: str) -> bool:
        return not re.search("[a-z]", part) and len(re.findall("[A-Z\u00a1-\u00a7]", part)) >= 2

    for line in re.finditer(".+", text):
        for word in [line] if in_capitals(line[0]) else _WORD.finditer(line[0]):
            if in_capitals(word[0]):
                first = word.start() + (0 if word is line else line.start())
                mask[first : first + len(word[0])] = b"\x01" * len(word[0])
    return mask
