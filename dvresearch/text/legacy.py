"""Text typed for TCVN3 (ABC) and VNI fonts, whose files hold Latin letters where Vietnamese ones are meant.

Such a file shows "TiÕng ViÖt" or "Tieáng Vieät" in any font but its own. The codes are
expected as Windows-1252 (or Latin-1) reads them.
"""

from __future__ import annotations

import re
from typing import Literal

from dvresearch.text.letters import TONES, nfc, split_tone

__all__ = ["FONTS", "Font", "legacy_font"]

Font = Literal["tcvn3", "vni"]

# TCVN 5712:1993 VN3. Capitals with a tone have no code: capital fonts (.VnTimeH) show the small letter's code.
# Checked against the decoder TCVN5712-1 of GNU libc, all 74 codes equal.
_TCVN3 = {
    chr(first + i): letter
    for first, letters in (
        (0xA1, "ĂÂÊÔƠƯĐăâêôơưđ"),
        (0xB5, "àảãáạ"),
        (0xBB, "ằẳẵắ"),
        (0xC6, "ặầẩẫấậè"),
        (0xCE, "ẻẽéẹềểễếệìỉ"),
        (0xDC, "ĩíịò"),
        (0xE1, "ỏõóọồổỗốộờởỡớợù"),
        (0xF1, "ủũúụừửữứựỳỷỹýỵ"),
    )
    for i, letter in enumerate(letters)
}


def _vni() -> dict[str, str]:
    """Return the sequences of VNI-Windows: a plain letter and a mark that holds circumflex or breve and tone."""
    out: dict[str, str] = {}

    def add(codes: str, letter: str) -> None:
        base, mark = codes[:1], codes[1:]
        for m in {mark, mark.upper()}:  # typists mix the case of the mark; the base letter decides
            out[base + m] = nfc(letter)
            out[base.upper() + m] = nfc(letter.upper())

    def add_all(bases: str, marks: str, before: str) -> None:
        for base in bases:
            for mark, tone in zip(marks, TONES, strict=True):
                add(base + mark, {"ô": "ơ", "ö": "ư"}.get(base, base) + before + tone)

    add_all("aeouyôö", "øûõùï", "")
    add_all("aeo", "àåãáä", "\u0302")
    add_all("a", "èúüéë", "\u0306")
    for base in "aeo":
        add(base + "â", base + "\u0302")
    for codes, letter in zip(("aê", *"ôöñîìæóíò"), "ăơưđỵìỉĩíị", strict=True):
        add(codes, letter)
    return out


_VNI = _vni()

#: Pattern of everything a font's text may hold instead of a Vietnamese letter, and what each code means.
FONTS: dict[Font, tuple[re.Pattern[str], dict[str, str]]] = {
    "tcvn3": (re.compile("[" + "".join(map(re.escape, _TCVN3)) + "]"), _TCVN3),
    "vni": (re.compile("|".join(sorted(_VNI, key=len, reverse=True))), _VNI),
}

# Cut where a character is a code of neither font (², ³, º ...).
_WORD = re.compile("[A-Za-z\u00a1-\u00ae\u00b5-\u00b9\u00bb-\u00be\u00c0-\u024f\u1ea0-\u1ef9]{2,}")
_LATIN1 = re.compile("[\u00a1-\u00ff]")
_REAL = re.compile("[\u0102\u0103\u0110\u0111\u0128\u0129\u0168\u0169\u01a0\u01a1\u01af\u01b0\u1ea0-\u1ef9]")

_ONSET = "ngh|ng|nh|n|gh|gi|g|kh|k|ph|p|th|tr|t|ch|c|qu|b|d|đ|h|l|m|r|s|v|x"
_OPEN = (
    "a e ê i o ô ơ u ư y ia ua ưa ya oa oe uê uy uơ uya ai ao au ay âu ây eo êu iu oi ôi ơi ui ưi ưu "
    "oai oao oay oeo uây uêu uyu iêu yêu uôi ươi ươu"
)
_NUCLEUS = "a ă â e ê i o ô ơ u ư y iê yê uô ươ oa oă oe oo uâ uê uy uyê"
_SYLLABLE = re.compile(
    f"(?:{_ONSET})?(?:{_OPEN.replace(' ', '|')}|(?:{_NUCLEUS.replace(' ', '|')})(?:nh|ng|m|n|(?P<stop>ch|c|p|t)))"
)
_SHARP = (TONES.index("\u0301"), TONES.index("\u0323"))
_CLEAR_SHARE = 0.75


def _is_syllable(word: str) -> bool:
    bare, tones = split_tone(word.lower())
    match = _SYLLABLE.fullmatch(bare)
    if not match or len(tones) > 1:
        return False
    # Syllables that end in c, ch, p, t carry sắc or nặng, always: the rule that tells "tơt" from a word.
    return not match["stop"] or (len(tones) == 1 and tones[0] in _SHARP)


def _reads_as(word: str, font: Font) -> bool:
    pattern, codes = FONTS[font]
    read = pattern.sub(lambda m: codes[m[0]], word)
    rest = pattern.sub("", word)
    return rest.isascii() and _is_syllable(read)


def legacy_font(text: str) -> Font | None:
    """Tell whether `text` was typed for a TCVN3 or a VNI font.

    The words with a letter beyond ASCII are read under each hypothesis. A font is named when at
    least two different words, and three quarters of them, become well-formed Vietnamese syllables,
    twice as many as when the text is taken as it stands, and more than there are plain words
    that are no such syllables. French, English, German and
    Unicode Vietnamese fail this and give None; so does a single word, which can be
    either: for a table, ask about all its cells joined and pass the answer to
    :func:`dvresearch.text.repair`.

    Parameters
    ----------
    text : str
        Text in Unicode form NFC; legacy codes as Windows-1252 reads them.

    Returns
    -------
    {"tcvn3", "vni"} or None
    """
    suspects = len(_LATIN1.findall(text))
    if not suspects or len(_REAL.findall(text)) > suspects / 4:  # the quick way out for ordinary Vietnamese
        return None
    plain = {w for w in _WORD.findall(text) if w.isascii()}
    words = set(_WORD.findall(text)) - plain
    fits: dict[Font, int] = {font: sum(_reads_as(w, font) for w in words) for font in FONTS}
    font = max(fits, key=lambda f: fits[f])
    as_is = sum(_is_syllable(w) for w in words)
    foreign = sum(not w.isupper() and not _is_syllable(w) for w in plain)
    return font if fits[font] >= max(2, _CLEAR_SHARE * len(words), 2 * as_is, foreign + 1) else None
