"""What the columns of the official report forms are, and how offices word them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.text import plain

__all__ = ["FORMS", "TTCP", "Form", "FormColumn", "form", "unknown_layout"]


@dataclass(frozen=True)
class FormColumn:
    """A numbered column of a form.

    Parameters
    ----------
    number : int
        Its number on the form; 0 for columns that offices add.
    name : str
        Column of ``tables.TALLY`` (or one of ``received_online``, ``received_direct``), or the number itself.
    group, leaf : str
        Patterns of the words above the column, without diacritics: somewhere in the group titles, and the title itself.
        Without them the column is found by its number only.
    title : Text
        The title on the blank form.
    part : bool
        Whether offices split the column further, so that several columns add up to it.
    """

    number: int
    name: str
    group: str
    leaf: str
    title: Text
    part: bool = False


@dataclass(frozen=True)
class Form:
    """A report form.

    Parameters
    ----------
    code, version, title : str
        What is printed at its top.
    columns : tuple of FormColumn
        Its columns.
    groups : tuple of (str, int, int)
        Titles above several columns: title, first and last number.
    sums : tuple of (int, tuple of int)
        A column and those that add up to it, parts before the totals built from them.
    unit : str
        What is counted.
    lines : str
        What a line is: the title of the column of labels.
    tally : tuple of (str, tuple of int)
        Columns of ``tables.TALLY`` and the numbered columns that they are the sum of, where the names do not say it.
    """

    code: str
    version: str
    title: str
    columns: tuple[FormColumn, ...]
    groups: tuple[tuple[str, int, int], ...]
    sums: tuple[tuple[int, tuple[int, ...]], ...]
    unit: str = "hồ sơ"
    lines: str = "Lĩnh vực, công việc giải quyết theo cấp"
    tally: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def numbered(self) -> bool:
        """Whether the columns are known by their numbers and not by their titles."""
        return self.columns[0].name.isdecimal()

    @property
    def first(self) -> int:
        """The first numbered column of the sheet: II.06a numbers the two columns of labels, too."""
        return min(c.number for c in self.columns if c.number)

    def checks(self) -> list[str]:
        """Return the code under which the codebook describes each of `sums`, kind ``check``."""
        name = plain(self.code).replace(" ", "")
        return [f"form_{name}_{i}" for i in range(1, len(self.sums) + 1)]


_IN, _DONE, _OPEN = (
    r"tiep nhan|nhan trong ky",
    r"da (giai quyet|xu ly)|giai quyet xong|ket qua giai quyet",
    r"(dang|chua) (giai quyet|xu ly)",
)
_ALL, _LATE = r"(tong|tong so|tong cong|cong)( ho so)?", r"(qua|tre|cham) han"

#: Forms by code and version. II.06a: annex to Thông tư 01/2020/TT-VPCP, unit dossier.
FORMS = {
    ("II.06a", "TT01/2020"): Form(
        "II.06a",
        "TT01/2020",
        "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH",
        (
            FormColumn(3, "workload", _IN, _ALL, Text("Tổng số", "Total")),
            FormColumn(
                4,
                "received_online",
                "",
                r"(nop )?(truc tuyen|qua mang|toan trinh|mot phan)( .*)?",
                Text("Trực tuyến", "Online"),
                True,
            ),
            FormColumn(
                5,
                "received_direct",
                "",
                r"(nop )?(truc tiep|(dich vu )?buu chinh)( .*)?",
                Text("Trực tiếp, dịch vụ bưu chính", "At the counter, by post"),
                True,
            ),
            FormColumn(
                6,
                "carried_in",
                "",
                r"(tu )?(ky truoc|ton)( (ky truoc|chuyen (sang|qua)))?",
                Text("Từ kỳ trước", "Carried in"),
            ),
            FormColumn(7, "resolved", _DONE, _ALL, Text("Tổng số", "Total")),
            FormColumn(8, "resolved_early", "", r"(truoc|som) han( .*)?", Text("Trước hạn", "Early")),
            FormColumn(9, "resolved_on_time", "", r"dung han( .*)?", Text("Đúng hạn", "On time")),
            FormColumn(10, "resolved_late", _DONE, _LATE, Text("Quá hạn", "Late")),
            FormColumn(11, "pending", _OPEN, _ALL, Text("Tổng số", "Total")),
            FormColumn(
                12, "pending_within", "", r"(trong|con|chua den|chua qua) han", Text("Trong hạn", "Within time")
            ),
            FormColumn(13, "pending_overdue", _OPEN, _LATE, Text("Quá hạn", "Overdue")),
            FormColumn(0, "received", _IN, r"(tiep nhan )?(moi )?trong ky", Text("Trong kỳ", "In the period")),
            FormColumn(0, "withdrawn", "", r"(xin )?rut( ho so)?", Text("Rút hồ sơ", "Withdrawn")),
        ),
        (
            ("Số lượng hồ sơ tiếp nhận", 3, 6),
            ("Số lượng hồ sơ đã giải quyết", 7, 10),
            ("Số lượng hồ sơ đang giải quyết", 11, 13),
        ),
        ((3, (4, 5, 6)), (7, (8, 9, 10)), (11, (12, 13)), (3, (7, 11))),
    ),
}


def _petitions(
    code: str,
    title: str,
    unit: str,
    last: int,
    groups: tuple[tuple[str, int, int], ...],
    meanings: Mapping[int, tuple[str, str]],
    sums: tuple[tuple[int, tuple[int, ...]], ...],
    tally: tuple[tuple[str, tuple[int, ...]], ...],
) -> dict[tuple[str, str], Form]:
    """Return a form of Thông tư 02/2021/TT-TTCP by its key; a column whose meaning is not known bears its number."""
    columns = tuple(
        FormColumn(n, str(n), "", "", Text(*meanings.get(n, (f"cột {n}", f"column {n}")))) for n in range(1, last + 1)
    )
    return {(code, TTCP): Form(code, TTCP, title, columns, groups, sums, unit, "Đơn vị", tally)}


#: Thông tư 02/2021/TT-TTCP, and the one in force since 30 September 2025, whose columns are not known here.
TTCP, TTCP_NEW = "TT02/2021", "TT06/2025"
_NEW_FORMS = ("01/TCD", "02/XLD", "03/GQKN", "04/GQTC", "05/KQTH", "06/QLKNTC")
_VISITS, _PEOPLE, _MATTERS = ("lượt", "visits"), ("người", "people"), ("vụ việc", "matters")

FORMS |= _petitions(
    "01/TCD",
    "KẾT QUẢ TIẾP CÔNG DÂN",
    "lượt, người, vụ việc",
    29,
    (("Tổng số", 1, 3), ("Tiếp thường xuyên", 4, 11), ("Thủ trưởng tiếp", 12, 20), ("Ủy quyền tiếp", 21, 29)),
    {
        **dict.fromkeys((1, 4, 13, 22), _VISITS),
        **dict.fromkeys((2, 5, 14, 23), _PEOPLE),
        **dict.fromkeys((3, 15, 16, 24, 25), _MATTERS),
        6: ("vụ việc tiếp lần đầu", "matters, first time"),
        7: ("vụ việc tiếp nhiều lần", "matters, again"),
        8: ("đoàn đông người", "large groups"),
        9: ("người trong đoàn", "people in them"),
        12: ("kỳ tiếp", "sessions"),
        **dict.fromkeys((17, 18, 19, 20), ("đoàn đông người", "large groups")),
    },
    ((1, (4, 13, 22)), (2, (5, 14, 23)), (3, (6, 7, 15, 16, 24, 25))),
    (("received", (1,)),),
)
FORMS |= _petitions(
    "01/XLD",
    "KẾT QUẢ XỬ LÝ ĐƠN",
    "đơn",
    26,
    (),
    {
        1: ("tổng số đơn", "all petitions"),
        8: ("đơn đã xử lý", "processed"),
        9: ("đơn đủ điều kiện xử lý", "eligible"),
        10: _MATTERS,
        26: ("phúc đáp", "answers returned"),
    },
    (
        (1, (2, 3, 4, 5, 6, 7)),
        (18, (19, 20, 21)),
        (22, (23, 24, 25)),
        (9, (11, 12, 13)),
        (9, (14, 15, 16, 17)),
        (9, (18, 22)),
    ),
    (("total", (1,)),),
)
FORMS |= _petitions(
    "02/XLD",
    "KẾT QUẢ XỬ LÝ ĐƠN KHIẾU NẠI",
    "đơn, vụ việc",
    29,
    (),
    {1: ("tổng số đơn", "all petitions"), 10: _MATTERS},
    (
        (1, (2, 3, 4, 5)),
        (6, (7, 8)),
        (23, (24, 25)),
        (26, (27, 28, 29)),
        (10, (11, 15, 16, 17)),
        (10, (18, 19, 20, 21, 22)),
        (10, (23, 26)),
    ),
    (("total", (1,)),),
)
FORMS |= _petitions(
    "03/XLD",
    "KẾT QUẢ XỬ LÝ ĐƠN TỐ CÁO",
    "đơn, vụ việc",
    29,
    (),
    {1: ("tổng số đơn", "all petitions")},
    (
        (1, (2, 3, 4, 5, 6, 7)),
        (12, (13, 18, 19, 20, 21)),
        (12, (22, 23, 24, 25)),
        (12, (26, 29)),
    ),
    (("total", (1,)),),
)
FORMS |= _petitions(
    "01/KQGQ",
    "KẾT QUẢ GIẢI QUYẾT VỤ VIỆC THUỘC THẨM QUYỀN",
    "đơn, vụ việc",
    26,
    (),
    {
        4: ("vụ việc thuộc thẩm quyền", "matters within authority"),
        5: ("giải quyết bằng quyết định hành chính", "resolved by decision"),
        6: ("rút đơn", "withdrawn"),
        20: ("đúng", "justified"),
        21: ("sai", "not justified"),
        22: ("đúng một phần", "partly justified"),
        25: ("đúng thời hạn", "in time"),
        26: ("quá thời hạn", "late"),
    },
    ((1, (2, 3)), (5, (20, 21, 22, 23, 24))),
    (("workload", (4,)), ("withdrawn", (6,)), ("resolved_within", (25,)), ("resolved_late", (26,))),
)


def unknown_layout(
    error: type[DataError] | type[ParameterError], code: str, where: str | None = None
) -> DataError | ParameterError:
    """Return the error for a form of Thông tư 06/2025/TT-TTCP, asked for by version or found in a file."""
    return error(
        Text(
            f"Biểu {code} theo Thông tư 06/2025/TT-TTCP (hiệu lực từ 30/9/2025): gói chưa biết các cột.",
            f"Form {code} of Thông tư 06/2025/TT-TTCP (in force since 30/9/2025): its columns are not known here.",
        ),
        where=where,
        expected=Text("mẫu của Thông tư 02/2021/TT-TTCP", "the layout of Thông tư 02/2021/TT-TTCP"),
        got=TTCP_NEW,
        hint=Text(
            f'Nếu tệp vẫn theo mẫu cũ thì sửa dòng ghi Thông tư và dùng version="{TTCP}"; nếu theo mẫu mới, nạp sổ '
            "từng vụ việc bằng load_cases, hoặc gửi mẫu trống cho người bảo trì gói để bổ sung.",
            f'If the file still has the old layout correct the line that names the circular and use version="{TTCP}"; '
            "if it has the new one, load the book of single cases with load_cases, or send the blank form to the "
            "maintainers.",
        ),
    )


def form(code: str, version: str | None = None) -> Form:
    """Return a form by code and version; without a version the only one that is known.

    Raises
    ------
    ParameterError
        For a form that is not known; the message lists those that are.
    """
    found = [f for (c, v), f in FORMS.items() if c == code and version in (None, v)]
    if found:
        return found[-1]
    known = "; ".join(f"{c}, version={v!r}" for c, v in FORMS)
    if version == TTCP_NEW or (version is None and code in _NEW_FORMS):
        raise unknown_layout(ParameterError, code)
    raise ParameterError(
        Text(
            f"Chưa có biểu {code}" + (f", phiên bản {version}." if version else "."),
            f"The form {code}" + (f", version {version}," if version else "") + " is not known.",
        ),
        expected=Text(known, known),
        got=f"{code}, {version}" if version else code,
        hint=Text("Dùng một biểu trong danh sách.", "Use one of these forms."),
    )
