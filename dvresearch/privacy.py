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
    import pandas as pd

__all__ = ["KINDS", "MIN_COUNT", "personal_columns", "personal_kind", "pseudonym", "showable", "suppress"]

#: The least number of people a published cell of a table about people may stand for.
MIN_COUNT = 10

#: What a personal column can hold, and the headers that say so (as whole words, without diacritics).
KINDS = {
    "name": "ho va ten|ho ten|ten nguoi .*|ten cong dan|ten chu ho|nguoi nop.*|nguoi yeu cau|nguoi de nghi|nguoi dai dien|"
    "nguoi lien he|nguoi nhan.*|nguoi duoc cap|nguoi xu ly|nguoi tiep nhan|nguoi thu ly|nguoi phu trach|nguoi ky|"
    "cong dan|chu ho so|chu ho|to chuc ca nhan.*|ca nhan to chuc.*|can bo.*|cong chuc.*|chuyen vien.*|"
    "applicant.*|citizen.*|full ?name|customer.*|officer.*|handler|responsible|resource|owner",
    "id_number": "(so )?(cccd|cmnd|cmtnd|cmt)( .*)?|.*(can cuoc|chung minh (nhan dan|thu)).*|.*dinh danh.*|"
    "(so )?ho chieu|passport.*|ma so thue|mst|so giay to( .*)?|.*(bhxh|bhyt|bao hiem xa hoi|bao hiem y te)|identity.*|id number",
    "phone": "(so )?(dien thoai|dt|sdt|dtdd|di dong|dd)( .*)?|phone.*|mobile.*|tel",
    "email": "e ?mail.*|thu dien tu|hop thu",
    "address": "dia chi.*|noi o.*|noi cu tru|noi thuong tru|thuong tru|tam tru|ho khau.*|que quan|address.*|street.*",
    "birth_date": "ngay sinh|nam sinh|ngay thang nam sinh|sinh ngay|sinh nam|birth.*|date of birth|dob",
    "sensitive": "dan toc|ton giao|tinh trang suc khoe|ethnicity|religion",
    "free_text": "noi dung.*|trich yeu.*|ghi chu.*|y kien.*|mo ta.*|ly do.*|nhan xet.*|binh luan|gop y.*|"
    "comments?|remarks?|notes?|description",
}
_HEADERS = {kind: re.compile(pattern) for kind, pattern in KINDS.items()}

_SURNAMES = frozenset(
    "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đào đoàn vương trịnh trương đinh lâm phùng mai tô "
    "hà tạ quách thái cao châu chu từ tăng lương lưu kiều la lã diệp khổng triệu thạch sơn giàng vàng hầu lò cầm quàng tòng "
    "ksor rơ siu kpă nay h'".split()
)
_BARE_SURNAMES = frozenset(
    "nguyen tran pham hoang huynh phan dang bui ngo duong dao doan vuong trinh truong dinh lam phung quach luong luu le vu vo".split()
)
_NO_NAME = frozenset("ubnd xã phường thị trấn huyện quận tỉnh sở phòng ban công ty trung tâm văn trường do ten ngay so".split()) - {"văn"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_CITIZEN = re.compile(r"0(?:0[1-9]|[1-8]\d|9[0-6])[0-3]\d{8}")
_OLD_ID = re.compile(r"[0-3]\d{8}")
_PHONE = re.compile(r"(?:\+?84|0)(?:[35789]\d{8}|2\d{8,9})")
_STREET = re.compile(r"\b(số nhà|thôn|xóm|ấp|tổ dân phố|tổ \d|khu phố|đường|ngõ|ngách|hẻm|bản|buôn)\b", re.IGNORECASE)
_LONG = 60  # characters: longer texts that hardly repeat are written by or about someone

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
    if len(distinct) > 2 and sorted(map(len, texts))[len(texts) // 2] > _LONG and len(distinct) > 0.8 * len(texts):
        return "free_text"
    return None


def personal_columns(titles: Sequence[str], samples: Sequence[Iterable[Any]]) -> dict[int, str]:
    """Return the columns that hold personal data: position -> key of `KINDS`.

    Parameters
    ----------
    titles : sequence of str
        Headers.
    samples : sequence of iterables
        Some cells of each column, in the order of `titles`.
    """
    kinds = {i: personal_kind(t, c) for i, (t, c) in enumerate(zip(titles, samples, strict=True))}
    return {i: kind for i, kind in kinds.items() if kind}


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
    known = first in _SURNAMES or (first in _BARE_SURNAMES and text.isascii())
    return known and not any(w.lower() in _NO_NAME for w in words[1:])


def showable(text: str) -> str:
    """Return a header for a message: as it is, or only its shape when it looks like somebody's data."""
    text = " ".join(text.split())
    if _is_name(text) or _EMAIL.search(text) or len(re.sub(r"\D", "", text)) >= 8 or _STREET.search(text):
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
    within: Sequence[str] = (),
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
    within : sequence of str
        Columns that name the groups whose totals are shown elsewhere; without it the whole table is one group.
    min_count : int, default `MIN_COUNT`
        The least count shown.

    Returns
    -------
    DataFrame
        A copy. A hidden row has the flag ``suppressed`` and the reason ``small_count``. Where one row of a group
        would be hidden alone, and so could be had by subtraction from the total, the next smallest is hidden
        too, with the reason ``secondary``. A count of zero is shown: it is nobody.
    """
    import pandas as pd

    if min_count < 1:
        raise ParameterError(
            Text("min_count phải từ 1.", "min_count must be 1 or more."),
            got=str(min_count),
            hint=Text(f"Bỏ trống để dùng {MIN_COUNT}.", f"Leave it out to use {MIN_COUNT}."),
        )
    out = table.copy()
    numbers = pd.to_numeric(out[count], errors="coerce")
    small = (numbers > 0) & (numbers < min_count)
    second = pd.Series(False, index=out.index)
    groups = out.groupby(list(within), dropna=False, sort=False).indices.values() if within else [range(len(out))]
    for rows in groups:
        alone = small.iloc[list(rows)]
        others = numbers.iloc[list(rows)][~alone & (numbers.iloc[list(rows)] > 0)]
        if alone.sum() == 1 and len(others):
            second.iloc[[r for r in rows if numbers.iloc[r] == others.min() and not small.iloc[r]][0]] = True
    hidden = small | second
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
        out.loc[second, "reason"] = "secondary"
    return out
