"""The one policy on personal data and small numbers.

Columns that hold a person's name, numbers, address, birthday or words are recognised by
their header and by their content, and dropped when a file is loaded; messages name the
header, never a cell. A number made from an identity number with a secret (:func:`pseudonym`) serves
to find duplicates within a run and remains personal data: Luật 91/2025/QH15 exempts only
data that no longer point to a person. Tables about people hide counts below `MIN_COUNT`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvresearch.errors import ParameterError, Text
from dvresearch.text import nfc, plain, shape
from dvresearch.text.letters import split_tone

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "KINDS",
    "MIN_COUNT",
    "SURNAMES",
    "TITLES",
    "holds_person",
    "mask",
    "personal_kind",
    "pseudonym",
    "showable",
    "suppress",
]

#: The least number of people a published cell of a table about people may stand for.
MIN_COUNT = 10

#: What a personal column can hold, and the headers that say so (without diacritics).
KINDS = {
    "name": r"ho (va )?ten.*|ten (nguoi .*|cong dan|chu ho)|"
    r"nguoi (nop|nhan|yeu cau|de nghi|dai dien|lien he|duoc cap|xu ly|tiep nhan|thu ly|phu trach|ky).*|"
    r"cong dan|chu ho( so)?|(to chuc ca nhan|ca nhan to chuc).*|(can bo|cong chuc|chuyen vien).*|"
    r"(applicant|citizen|customer|officer|full ?name).*|handler|(.* )?(responsible|resource)|owner",
    "id_number": r"(so )?(cccd|cmnd|cmtnd|cmt|ho chieu)( .*)?|.*(can cuoc|chung minh (nhan dan|thu)|dinh danh).*|"
    r"ma so thue|mst|so giay to( .*)?|.*(bhxh|bhyt|bao hiem (xa hoi|y te)).*|passport.*|identity.*|id number",
    "phone": r"(so )?(dien thoai|dt|sdt|dtdd|di dong|dd)( .*)?|phone.*|mobile.*|tel",
    "email": r"e ?mail.*|thu dien tu|hop thu",
    "address": r"dia chi.*|noi (o|cu tru|thuong tru).*|thuong tru|tam tru|ho khau.*|que quan|address.*|street.*",
    "birth_date": r"(ngay|nam|ngay thang nam) sinh|sinh (ngay|nam)|birth.*|date of birth|dob",
    "sensitive": r"dan toc|ton giao|tinh trang suc khoe|ethnicity|religion",
    "free_text": r"(noi dung|trich yeu|ghi chu|y kien|mo ta|ly do|nhan xet|gop y).*|binh luan|"
    r"(comment|remark|note)s?|description",
}
_HEADERS = {kind: re.compile(pattern) for kind, pattern in KINDS.items()}


class _Names:
    """The words of ``names.toml`` in one spelling: with diacritics or without."""

    def __init__(self, spelt: Callable[[str], str]) -> None:
        def words(group: str, name: str) -> set[str]:
            listed = _LISTED[group][name]
            return {spelt(word.strip().replace("'", "")) for word in listed.split("," if "," in listed else None)}

        self.marks, self.particles = words("given", "marks"), words("given", "particles")
        self.middles = self.marks | words("given", "middles")
        self.titles, self.roles = words("person", "titles"), words("person", "roles")
        self.before_name, self.after_name = words("person", "before"), words("person", "verbs")
        self.highland, self.syllables = words("other", "highland"), words("other", "syllables")
        self.before_place, self.bodies = words("other", "before") | self.highland, words("other", "bodies")
        self.no_names = words("other", "places") | words("other", "words")
        self.no_first = self.before_place | self.bodies
        self.no_given = words("person", "after")
        # How surely a word is a surname: 3 never another word, 2 seldom another, 1 an ordinary word as well.
        tiers = {"sure": 3, "common": 2, "shared": 1}
        listed = {word: weight for tier, weight in tiers.items() for word in words("surnames", tier)}
        # Without diacritics "xã" and the surname "xa" are one word.
        self.surnames = {w: n for w, n in listed.items() if spelt is str or n > 1 or w not in self.no_first}
        self.begins = self.surnames.keys() | self.particles
        self.addresses = self.titles | self.roles
        self.address_ends = {address.split()[-1] for address in self.addresses}

    def is_place(self, low: list[str], i: int) -> bool:
        """Tell whether the words before the one at `i` make it the name of a place or a body."""
        two = " ".join(low[max(i - 2, 0) : i])
        return two in self.before_place or (i > 0 and low[i - 1] in self.before_place and two not in self.addresses)


_LISTED = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
_SPELT, _BARE = _Names(str), _Names(plain)

#: Surnames that are hardly another word, and forms of address: alternatives of a pattern.
SURNAMES = "|".join(sorted(word for word, weight in _SPELT.surnames.items() if weight > 1))
TITLES = "|".join([*sorted(_SPELT.titles, key=len, reverse=True), "ong", "ba", "chi", "co"])

#: A word that begins with a capital, also within a pattern that ignores case.
_UPPER = "".join(c for c in map(chr, range(0x1EFA)) if c.isupper())
_CAPITAL = rf"(?-i:[{_UPPER}])[^\W\d_]*"
_CAPITALS = re.compile(rf"{_CAPITAL}(?:\s+{_CAPITAL})+")
#: A middle name tells a name in small letters and without diacritics, too; four surnames are no other word.
_NAMED = re.compile(
    rf"\b(?:(?:{'|'.join(_SPELT.surnames)})\s+(?:thị|văn|đức|hữu|ngọc)|(?:{plain(SURNAMES.replace('|', '_')).replace(' ', '|')})\s+(?:thi|van))"
    rf"\s+[^\W\d_]+(?:\s+{_CAPITAL})*"
    r"|\b(?:nguyễn|huỳnh|trịnh|bùi)(?:\s+[^\W\d_]+){1,2}",
    re.IGNORECASE,
)
_TITLED = re.compile(rf"\b((?:{TITLES})\s+)({_CAPITAL}(?:\s+{_CAPITAL})*)", re.IGNORECASE)
_INITIALS = re.compile(
    rf"(?<!\w)(?:(?:Ngh?|Tr|Ph|Hg|[ĐLVBD])\.\s?(?:Thị|Văn|[TVĐ]\.)|(?:{SURNAMES.title()})\s[{_UPPER}]h?\.)\s?{_CAPITAL}"
)
_LABELLED = re.compile(
    rf"\b(?:{_LISTED['person']['labels']})\b[^:;,]{{0,30}}:\s*({_CAPITAL})\s*(?:$|[,;(-])", re.IGNORECASE
)
#: Words with the apostrophes of the highlands, numbers, marks.
_WORD = re.compile(r"\w+(?:'\w+)*'?|[^\w\s]")
#: A syllable of Vietnamese without its tone: what is spelt otherwise is of another language of the country.
_SYLLABLE = re.compile(
    "(?:ngh?|nh|ch?|g[hi]?|kh?|ph?|qu|th?|tr?|[bdđhlmnrsvx])?[aăâeêioôơuưy]{1,3}(?:ch?|ng?|nh|[mpt])?"
)

_SIGN = r"(?:@|[(\[{]\s?(?:at|a|a còng)\s?[)\]}])"
_EMAIL = re.compile(
    rf"[\w.+\-]+\s?{_SIGN}\s?\w[\w\-]*\s?(?:\.|[(\[{{]\s?(?:dot|chấm)\s?[)\]}}])[\s\w.\-]*|\w[\w.\-]*\W+(?:g|hot|y)mail\W+com\b",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"\b(?:facebook|fb|zalo|tiktok|instagram|messenger|telegram|youtube|t|m)\.(?:com|me|vn)/[@\w]"
    r"|\b(?:zalo|facebook|fb|tiktok|telegram|viber|skype)\W{1,3}(?=[a-z._]*[\d_.])(?=[\d_.]*[a-z])[\w.]{5,}"
    r"|(?<!\S)@[\w.]{4,}",
    re.IGNORECASE,
)
_CITIZEN = re.compile(r"0(?:0[1-9]|[1-8]\d|9[0-6])[0-3]\d{8}")
_OLD_ID = re.compile(r"[0-3]\d{8}")
_PHONE = re.compile(r"(?:\+?84|0)(?:[35789]\d{8}|2\d{8,9})")
_GAP = r"[ .\-_()]{0,3}"
_AMOUNT = r"(?!\s?(?:đ|đồng|vnđ|vnd|usd|%|triệu|tỷ|tỉ|ha|m2|kg)\b)"
#: A telephone or citizen number within a text, its digits alone or in groups.
_WITHIN = re.compile(
    rf"(?<![\w.\-])(?:\(?(?:\+?84\)?{_GAP}(?:0\)?{_GAP})?|0)(?:[35789](?:{_GAP}\d){{8}}|2(?:{_GAP}\d){{8,9}})"
    rf"|0(?:0[1-9]|[1-8]\d|9[0-6]){_GAP}[0-3](?:{_GAP}\d){{8}})(?!\w){_AMOUNT}",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[035789]\d{8}")
_KEYED = re.compile(
    r"(?<![^\W_])(?:cccd|cmnd|cmtnd|cmt|gks|gplx|bhxh|bhyt|mst|stk|(?:số )?tk|căn cước|chứng minh|định danh|hộ chiếu|passport|bảo hiểm"
    r"|mã số thuế|tài khoản|lái xe|khai sinh|điện thoại|di động|đthoại|s?đ?dt|s?đtd?đ?|tel|phone|zalo|viber)"
    rf"(?:(?:\W+[^\W\d]+){{0,3}}?\W+(?:[a-z]{{1,2}}\d{{7,}}|\d(?:[ .]?\d){{6,}})|\d{{8,}})(?!\w){_AMOUNT}"
    r"|(?<![\w.\-])[1-9]\d[ \-]?[a-zđ]{1,2}\d?(?:-\d{3}\.?\d{2}|[ \-]?\d{3}\.\d{2})(?![\w\-])",
    re.IGNORECASE,
)
#: Words written short before a name, and in full.
_SHORT = re.compile(r"\b(?:([đĐ]/[cC])\b|([Mm](?:rs?|s))\.|(?:T[PXT]|[PQHXĐ])\.\s?(?=[^\W\d_]))")
_DATES = re.compile(r"\d{1,2}([./\-])\d{1,2}\1\d{4}|\d{4}-\d\d-\d\d")
_MISREAD = re.compile(r"(?<=\d)[OoIl]|\bO(?=\d{9})")
#: What can hold a number of seven digits or an account at all; a word that is a code at a glance.
_MANY = re.compile(r"[0-9](?:[^0-9]{0,3}[0-9]){6}")
_SIGNS = ("@", "/", "(", "[", "{", "mail", "zalo", "fb", "facebook", "viber", "telegram", "skype")
_CODE = re.compile(r"(?:[0-9]{3}[.][0-9.]{5,6})?[A-Z]{1,4}[0-9]{0,6}(?:[.-][0-9A-Z.-]*)?")

#: Parts of an address without which a unit's name is none.
_STREET = re.compile(r"\b(số nhà|thôn|xóm|ấp|tổ dân phố|tổ \d|khu phố|đường|ngõ|ngách|hẻm|bản|buôn)\b", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\b(?:số nhà|nhà số|sn|ngõ|ngách|hẻm|hẽm|kiệt|căn hộ|lô|thửa(?: đất)?(?: số)?)\W*(?:số )?\d"
    r"|\b(?:chung cư|tòa nhà)\b.*\d|\btổ (?:số )?\d+\s*[,\-]|,\s*tổ (?:số )?\d|\bnhà (?:ông|bà|anh|chị|thứ|cạnh|gần|đối diện|sau|trước|bên)\b"
    rf"|\d\w*,?\s(?:đường|phố|đại lộ|quốc lộ|tỉnh lộ|ql|tl)\s(?:\d|{_CAPITAL})"
    rf"|^(?:số )?\d{{1,4}}[a-z]?(?:/\d+[a-z]?)*,?\s{_CAPITAL}\s{_CAPITAL}|^(?:địa chỉ|đc)\s*:\s*\S"
    r"|\b(?:[89]|1\d|2[0-3])\.\d{3,}\W+10\d\.\d{3,}",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"(?<![\w.\-])(?!20\d\d)\d{9,}(?![\w.\-])")
_NUMBERS = re.compile(r"\+?\d(?:[\d .,/\-]*\d)?")
_LONG = 60  # characters: longer texts that hardly repeat are written by or about someone
_FEW = 20  # cells: in fewer, names of procedures need not repeat either

#: Share of a sample's cells that must look personal before the column is taken to be so.
_MOST, _SOME = 0.5, 0.2


def personal_kind(title: str, cells: Iterable[Any] = (), *, header: bool = True) -> str | None:
    """Tell what personal data a column holds, by its header or by its content.

    Parameters
    ----------
    title : str
        The header.
    cells : iterable
        Some cells of the column.
    header : bool, default True
        Whether the header counts; False for a column already known by its meaning (a dossier number, a
        unit), of which only the content is doubted.

    Returns
    -------
    str or None
        A key of `KINDS`.
    """
    if header:
        name = plain(title)
        for kind, pattern in _HEADERS.items():
            if pattern.fullmatch(name):
                return kind
    texts = [t for t in (_text(c) for c in cells) if t]
    if not texts:
        return None
    distinct = set(texts)

    def share(test: Any) -> float:
        return sum(map(bool, map(test, distinct))) / len(distinct)

    digits = [re.sub(r"[ .()\-]", "", t) for t in distinct]
    if share(_EMAIL.search) >= _SOME:
        return "email"
    if sum(bool(_CITIZEN.fullmatch(d)) for d in digits) >= _MOST * len(digits):
        return "id_number"
    if header and sum(bool(_PHONE.fullmatch(d)) for d in digits) >= _MOST * len(digits):
        return "phone"
    if header and len(distinct) > 2 and sum(bool(_OLD_ID.fullmatch(d)) for d in digits) >= 0.9 * len(digits):
        return "id_number"
    if share(lambda text: _is_name(text.split())) >= _MOST:
        return "name"
    if header and share(_STREET.search) >= _MOST:
        return "address"
    long = sorted(map(len, texts))[len(texts) // 2] > _LONG
    if long and len(texts) >= _FEW and len(distinct) > 0.8 * len(texts):
        return "free_text"
    return None


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        number = str(int(cell))
        # A spreadsheet that took a telephone number for a number has lost its leading zero.
        return "0" + number if re.fullmatch(r"[35789]\d{8}", number) else number
    return nfc(str(cell)).strip() if isinstance(cell, (str, int)) else ""


def _is_name(words: Sequence[str], *, whole: bool = True) -> bool:
    """Tell whether words read as a name; they stand alone, or where a name stands, if `whole`."""
    text = " ".join(words)
    if not 1 <= len(words) <= 6 or not text.replace(" ", "").replace("'", "").isalpha():
        return False
    names = _BARE if text.isascii() else _SPELT
    low = text.lower().replace("'", "").split()
    capital = all(w[0].isupper() or w in names.marks for w in words)
    particle = capital and whole and words[0].lower().split("'")[0] in names.particles
    if len(low) < 2 or text.lower().replace("'", "") in names.no_names:
        return particle and "'" in words[0][:-1] and "".join(low) not in names.no_names
    weight, marked = names.surnames.get(low[0], 0), len(low) > 2 and low[1] in names.marks
    pairs = [" ".join(low[i : i + n]) for n in (2, 3) for i in range(len(low) - 1)]
    if (not marked and not names.bodies.isdisjoint(low[1:])) or (len(low) > 2 and len(low[-1]) < 2):
        return False
    if not capital or text.isupper() or text.isascii():
        if not names.no_names.isdisjoint(pairs):
            return False
        usual = len(low) > 2 and low[1] in names.middles
        alone = whole and (
            weight > 2
            or (weight > 1 and capital)
            or (usual and weight > 0)
            or (marked and capital and low[0] not in names.no_first)
        )
        return particle or alone or (marked and weight > 0) or (usual and weight > 1)
    if weight < 2 and not names.no_names.isdisjoint((pairs[0], " ".join(low[:3]))):
        return False
    if weight:
        return weight > 1 or len(low) > 2 or low[1] not in names.syllables
    if not whole or low[0] in names.no_first:
        return particle
    return particle or marked or _is_foreign(low) or (len(low) > 2 and low[1] in names.particles)


def _is_foreign(low: list[str]) -> bool:
    """Tell whether a word with diacritics is no Vietnamese syllable, and none is a word of names of places."""
    odd = (not w.isascii() and not _SYLLABLE.fullmatch(split_tone(w)[0]) for w in low)
    return _SPELT.highland.isdisjoint(low) and any(odd)


def holds_person(text: str) -> bool:
    """Tell whether a text names a person, or holds a personal number or an account, anywhere in it.

    Names are told by surname, middle name, particle or form of address (``names.toml``). A street, school or ward that
    bears somebody's name is told by the word before it; a name of two words counts only where it is the whole text or
    part of a list, or where the words beside it speak of a person. An address is none.

    Parameters
    ----------
    text : str
        The content of one cell.
    """
    if " " not in text and _CODE.fullmatch(text):
        return False  # the common case: a code of one word
    if not text.isascii():
        for quote in "’‘ʼ´":
            text = text.replace(quote, "'")
        text = unicodedata.normalize("NFKC", text)
    low = text.lower()
    if any(sign in low for sign in _SIGNS) and (_ACCOUNT.search(text) or _EMAIL.search(text)):
        return True
    return _holds_number(text) or _names_someone(text)


def _holds_number(text: str) -> bool:
    if not _MANY.search(text):
        return False
    text = _MISREAD.sub(lambda found: "0" if found[0] in "Oo" else "1", _DATES.sub("|", text))
    return bool(_ALONE.fullmatch(text) or _WITHIN.search(text) or _KEYED.search(text))


def _in_full(short: re.Match[str]) -> str:
    return "đồng chí" if short[1] else short[2] or "phường "


def _names_someone(text: str) -> bool:
    names = _BARE if text.isascii() else _SPELT
    words = _WORD.findall(_SHORT.sub(_in_full, text) if "." in text or "/" in text else text)
    low = [w.lower() for w in words]
    spots = {0}
    for i, word in enumerate(low):
        if word in names.begins or "'" in word:
            spots.add(i)
        if word in names.address_ends or not word[0].isalnum():
            spots.add(i + 1)
    place = len(words)  # where the last name of a place begins: those beside it are of places, too
    for i in sorted(spots - {len(words)}):
        if words[i][0].isupper() and (names.is_place(low, i) or _goes_on(words, place, i)):
            place = i if low[i] in names.surnames else place
        elif _begins_name(names, words, low, i):
            return True
    if labelled := _LABELLED.search(text) if ":" in text else None:
        return labelled[1].lower() not in names.no_first | names.no_given
    return bool("." in text and _INITIALS.search(text))


def _goes_on(words: list[str], place: int, i: int) -> bool:
    """Tell whether from the place's name to the word at `i` there are only names, marks and "and"."""
    return place < i and not any(w[0].islower() and w not in ("và", "đến") for w in words[place:i])


def _begins_name(names: _Names, words: list[str], low: list[str], i: int) -> bool:
    """Tell whether a person's name begins at word `i`."""
    before, two = low[i - 1] if i else "", " ".join(low[max(i - 2, 0) : i])
    called = before in names.titles or two in names.addresses
    if called and _is_given(names, words, low, i):
        return True
    upper, start = words[i][0].isupper(), not before[:1].isalnum()
    if not (upper or start or called or (i + 1 < len(low) and low[i + 1] in names.middles)):
        return False
    end = i + 1
    while (
        end < len(words) and words[end][0].isalpha() and (words[end][0].isupper() == upper or low[end] in names.marks)
    ):
        end += 1
    goes_on = end < len(words) and words[end][0].isalpha()
    expected = called or before in names.before_name or (start and goes_on and low[end] in names.after_name)
    for n in {min(end - i, 6), 4, 3, 2, 1}:
        whole = expected or (start and not goes_on and i + n == end)
        if i + n <= end and (whole or n > 2) and _is_name(words[i : i + n], whole=whole):
            return True
    return False


def _is_given(names: _Names, words: list[str], low: list[str], i: int) -> bool:
    """Tell whether the word at `i`, behind a form of address or a post, is somebody's name."""
    word, title, beside = low[i], low[i - 1], {f"{low[i - 1]} {low[i]}", " ".join(low[i : i + 2])}
    if word in names.no_given or not names.no_names.isdisjoint(beside) or names.is_place(low, i - 1):
        return False
    if not words[i][0].isupper():
        return title in ("ông", "bà", "chị") and not (i > 1 and low[i - 2].isalpha()) and len(words) - i < 4
    if words[i - 1] != title and (names is _BARE or (i > 1 and words[i - 2][0].isupper())):
        return title in ("ông", "bà", "ong", "mr", "mrs", "ms")  # other titles, with a capital, begin many other words
    if title in names.titles or " ".join(low[max(i - 2, 0) : i]) in names.titles:
        return True
    return words[i][1:].islower() and word not in names.bodies | names.syllables


def mask(text: str) -> str:
    """Return a comment with names, numbers and e-mail addresses replaced by ``…``.

    Names are told by a surname, a middle name or a title before a capital. A lone given name in small letters is not
    told: a masked comment still is no text to publish.

    Parameters
    ----------
    text : str
        A comment.
    """
    text = _EMAIL.sub("…", nfc(text))
    text = _TITLED.sub(r"\1…", _NAMED.sub("…", text))
    return _NUMBERS.sub("…", _CAPITALS.sub(_without_names, text))


def _without_names(found: re.Match[str]) -> str:
    words = found[0].split()
    at = next((i for i in range(len(words) - 1) if _is_name(words[i : i + 4])), None)
    return found[0] if at is None else " ".join([*words[:at], "…", *words[at + 4 :]])


def showable(text: str) -> str:
    """Return a text for a message: as it is, or only its shape when it looks like somebody's data or address.

    Parameters
    ----------
    text : str
        A header or a word.
    """
    text = " ".join(text.split())
    if holds_person(text) or _ADDRESS.search(text) or _LONG_NUMBER.search(text):
        return shape(text)
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def pseudonym(values: Iterable[str], salt: str) -> list[str]:
    """Return a key for each identifier: equal for equal ones, of no use without the salt.

    Whoever knows the salt can compute the key of any identity number, so the keys are personal data
    still. They serve to find duplicates within one run and are not to be written anywhere.

    Parameters
    ----------
    values : iterable of str
        Identifiers; an empty one gives an empty key.
    salt : str
        A secret of at least eight characters, kept apart from the data.

    Raises
    ------
    ParameterError
        For a shorter salt.
    """
    if len(salt) < 8:
        raise ParameterError(
            Text("Chuỗi bí mật (salt) quá ngắn.", "The salt is too short."),
            expected=Text("ít nhất 8 ký tự", "at least 8 characters"),
            got=f"{len(salt)}",
            hint=Text("Dùng một chuỗi ngẫu nhiên, giữ riêng.", "Use a random string and keep it apart."),
        )
    secret = hashlib.blake2b(salt.encode()).digest()
    return [hashlib.blake2b(v.encode(), key=secret, digest_size=12).hexdigest() if v else "" for v in values]


def suppress(
    table: pd.DataFrame,
    *,
    count: str = "n",
    hide: Sequence[str] = ("value", "std_error", "lower", "upper", "numerator", "denominator", "n"),
    totals: Sequence[Sequence[str]] = ((),),
    min_count: int = MIN_COUNT,
) -> pd.DataFrame:
    """Hide the rows of a table about people that stand for too few of them.

    Parameters
    ----------
    table : DataFrame
        A table about respondents, petitioners or other people; with ``flags`` and ``reason`` as estimates
        have them, or without. Not for figures that are published already.
    count : str, default "n"
        Column with the number of people behind each row.
    hide : sequence of str
        Columns emptied in a hidden row, as far as present.
    totals : sequence of sequences of str, default ((),)
        The totals that are shown elsewhere, each by the columns that name its groups: ``()`` is that of the whole
        table, ``(("unit",), ("kind",))`` are the margins of a table of units by kinds.
    min_count : int, default `MIN_COUNT`
        The least count shown.

    Returns
    -------
    DataFrame
        A copy. A hidden row has the flag ``suppressed`` and the reason ``small_count``, or ``secondary`` where it is
        hidden only because the totals would give away another one. A count of zero is shown: it is nobody.

    Notes
    -----
    Within each total at least two rows are hidden and together they stand for `min_count` people or more; the next
    smallest row is hidden until that holds, and until no small count follows from all the totals together.
    """
    if min_count < 1:
        raise ParameterError(
            Text("min_count phải từ 1.", "min_count must be 1 or more."),
            got=str(min_count),
            hint=Text(f"Bỏ trống để dùng {MIN_COUNT}.", f"Leave it out to use {MIN_COUNT}."),
        )
    import numpy as np
    import pandas as pd

    out = table.copy()
    numbers = pd.to_numeric(out[count], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    groups = [np.arange(len(out))] if () in map(tuple, totals) else []
    for columns in map(list, filter(None, totals)):
        groups += out.groupby(columns, dropna=False, sort=False).indices.values()
    small = (numbers > 0) & (numbers < min_count)
    hidden = _protect(small, numbers, groups, min_count)
    for column in hide:
        if column in out.columns:
            out[column] = out[column].astype("float64").mask(hidden)
    if "flags" in out.columns:
        from dvresearch.tables import FLAGS

        def with_flag(flags: str) -> str:
            words = {*flags.split(";"), "suppressed"}
            return ";".join(f for f in FLAGS if f in words)

        out.loc[hidden, "flags"] = out.loc[hidden, "flags"].fillna("").map(with_flag)
    if "reason" in out.columns:
        out.loc[small, "reason"] = "small_count"
        out.loc[hidden & ~small, "reason"] = "secondary"
    return out


def _protect(
    small: NDArray[np.bool_], numbers: NDArray[np.float64], groups: Sequence[NDArray[np.intp]], min_count: int
) -> NDArray[np.bool_]:
    """Return which rows to hide so that no small one can be had from the totals of `groups`."""
    import numpy as np

    hidden = small.copy()

    def hide_next(rows: NDArray[np.intp]) -> bool:
        """Hide the smallest shown row that stands for anybody; tell whether there was one."""
        rest = rows[~hidden[rows] & (numbers[rows] > 0)]
        if len(rest):
            hidden[rest[numbers[rest].argmin()]] = True
        return bool(len(rest))

    pending = True
    while pending:
        pending = False
        for rows in groups:
            gone = rows[hidden[rows]]
            if len(gone) and (len(gone) < 2 or numbers[gone].sum() < min_count):
                pending |= hide_next(rows)
        if not pending:
            open_rows = np.flatnonzero(small & hidden)[_given_away(hidden, groups)[small[hidden]]]
            pending = any(hide_next(rows) for row in open_rows for rows in groups if row in rows)
    return hidden


def _given_away(hidden: NDArray[np.bool_], groups: Sequence[NDArray[np.intp]]) -> NDArray[np.bool_]:
    """Tell which of the hidden rows follow from the totals.

    Such a row is the same in every solution: a random vector, projected on the directions that leave all the totals as
    they are, is zero there.
    """
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import lsqr

    place = np.cumsum(hidden) - 1
    cells = [(i, place[row]) for i, rows in enumerate(groups) for row in rows[hidden[rows]]]
    if not cells:
        return np.zeros(int(hidden.sum()), dtype=bool)
    i, j = np.array(cells).T
    sums = csr_array((np.ones(len(i)), (i, j)), shape=(len(groups), int(hidden.sum())))
    vector = np.random.default_rng(0).standard_normal(sums.shape[1])
    fixed = lsqr(sums, sums @ vector, atol=1e-13, btol=1e-13)[0]
    return np.abs(vector - fixed) < 1e-7
