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
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dvresearch.errors import ParameterError, Text
from dvresearch.text import nfc, plain, shape

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

_SURNAME = re.compile(
    "nguyễn|trần|lê|phạm|hoàng|huỳnh|phan|vũ|võ|đặng|bùi|đỗ|hồ|ngô|dương|lý|đào|đoàn|vương|trịnh|trương|đinh|lâm|phùng|mai|tô|"
    "hà|tạ|quách|thái|cao|châu|chu|từ|tăng|lương|lưu|kiều|la|lã|diệp|khổng|triệu|thạch|sơn|giàng|vàng|hầu|lò|cầm|quàng|tòng|"
    "ksor|rơ|siu|kpă|nay"
)
_BARE_SURNAME = re.compile(
    "nguyen|tran|pham|hoang|huynh|phan|dang|bui|ngo|duong|dao|doan|vuong|trinh|truong|dinh|lam|phung|quach|luong|luu|le|vu|vo"
)
#: Words that follow a surname's look-alike in names of bodies and in headers, not in a person's name ("thị", "công",
#: "trung" alone do).
_NO_NAME = re.compile(
    r"\b(ubnd|xã|phường|thị trấn|huyện|quận|tỉnh|sở|phòng|ban|công ty|trung tâm|do|ten|ngay|so)\b", re.IGNORECASE
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_CITIZEN = re.compile(r"0(?:0[1-9]|[1-8]\d|9[0-6])[0-3]\d{8}")
_OLD_ID = re.compile(r"[0-3]\d{8}")
_PHONE = re.compile(r"(?:\+?84|0)(?:[35789]\d{8}|2\d{8,9})")
_STREET = re.compile(r"\b(số nhà|thôn|xóm|ấp|tổ dân phố|tổ \d|khu phố|đường|ngõ|ngách|hẻm|bản|buôn)\b", re.IGNORECASE)
#: Digits of a personal number within a text: alone, or in groups set apart by spaces or points.
_DIGITS = re.compile(r"(?<![\w.\-/])\+?\d[\d .]{7,16}\d(?![\w\-/])")
#: Words after which a name is that of a place or a body.
_BEFORE_PLACE = re.compile(
    "xã|phường|trấn|huyện|quận|tỉnh|phố|đường|ngõ|trường|học|thpt|thcs|non|giáo|chợ|cầu|thôn|xóm|ấp|bản|buôn|làng|khu|tổ|cụm|"
    "đảo|hồ|sông|núi|công|ty|tnhh|viện|xá|trạm|hóa|ubnd|hđnd|đội|đoàn|nghiệp|tượng|niệm|di|tích|đền|chùa|giải"
)
#: Surnames that begin few names of places: with these, two words are taken for a name.
SURNAMES = "nguyễn|trần|lê|phạm|huỳnh|phan|vũ|võ|đặng|bùi|đỗ|ngô|dương|đinh|trịnh|trương|phùng|quách"
_COMMON = re.compile(f"({SURNAMES}) ", re.IGNORECASE)
#: A word that begins with a capital, also within a pattern that ignores case.
_UPPER = "".join(c for c in map(chr, range(0x1EFA)) if c.isupper())
_CAPITAL = rf"(?-i:[{_UPPER}])[^\W\d_]*"
_CAPITALS = re.compile(rf"{_CAPITAL}(?:\s+{_CAPITAL})+")
#: A middle name tells a name in small letters and without diacritics, too; four surnames are no other word.
_NAMED = re.compile(
    rf"\b(?:{_SURNAME.pattern}|{_BARE_SURNAME.pattern})\s+(?:thị|văn|đức|hữu|ngọc|thi|van)\s+[^\W\d_]+(?:\s+{_CAPITAL})*"
    r"|\b(?:nguyễn|huỳnh|trịnh|bùi)(?:\s+[^\W\d_]+){1,2}",
    re.IGNORECASE,
)
#: Words before a name, with diacritics and without.
TITLES = "ông|bà|anh|chị|cô|chú|bác|cậu|thầy|em|đồng chí|đ/c|ong|ba|chi|co"
_TITLED = re.compile(rf"\b((?:{TITLES})\s+)({_CAPITAL}(?:\s+{_CAPITAL})*)", re.IGNORECASE)
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
    if share(_is_name) >= _MOST:
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


def _is_name(text: str) -> bool:
    words = text.split()
    if not 2 <= len(words) <= 6 or not all(w[0].isupper() and w.replace("'", "").isalpha() for w in words):
        return False
    first = words[0].lower()
    known = _SURNAME.fullmatch(first) or (text.isascii() and _BARE_SURNAME.fullmatch(first))
    return bool(known) and not _NO_NAME.search(" ".join(words[1:]))


def holds_person(text: str) -> bool:
    """Tell whether a text names a person, or holds a personal number or an e-mail address, anywhere in it.

    A street, school or ward that bears somebody's name is told by the word before it; a name of two words counts only
    when it is the whole text.

    Parameters
    ----------
    text : str
        The content of one cell.
    """
    if " " not in text and "@" not in text and not text.lstrip("+").isdecimal():
        return False  # the common case: a code of one word
    if _is_name(text) and (text.count(" ") > 1 or _COMMON.match(text)):
        return True
    if _EMAIL.search(text) or any(_is_number(run) for run in _DIGITS.findall(text)):
        return True
    words = re.findall(r"[^\W\d_]+(?:'\w+)?|[^\w\s]", text)
    capital = [w[0].isupper() for w in words]
    for i, word in enumerate(words):
        run = next((n for n, c in enumerate(capital[i:]) if not c), len(words) - i)
        before = words[i - 1].lower() if i else ""
        if run >= 3 and _is_name(" ".join(words[i : i + min(run, 4)])) and not _BEFORE_PLACE.fullmatch(before):
            return True
        if word in ("ông", "bà") and capital[i + 1 : i + 2] == [True] and not _BEFORE_PLACE.fullmatch(before):
            return True
    return False


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
    at = next((i for i in range(len(words) - 1) if _is_name(" ".join(words[i : i + 4]))), None)
    return found[0] if at is None else " ".join([*words[:at], "…", *words[at + 4 :]])


def _is_number(run: str) -> bool:
    digits = re.sub(r"[ .]", "", run)
    return bool(_CITIZEN.fullmatch(digits) or _PHONE.fullmatch(digits))


def showable(text: str) -> str:
    """Return a text for a message: as it is, or only its shape when it looks like somebody's data.

    Parameters
    ----------
    text : str
        A header or a word.
    """
    text = " ".join(text.split())
    if holds_person(text) or _is_name(text) or len(re.sub(r"\D", "", text)) >= 8 or _STREET.search(text):
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
