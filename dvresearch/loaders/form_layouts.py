"""What the columns of the official report forms are, and how offices word them."""

from __future__ import annotations

from dataclasses import dataclass

from dvresearch.errors import ParameterError, Text

__all__ = ["FORMS", "Form", "FormColumn", "form"]


@dataclass(frozen=True)
class FormColumn:
    """A numbered column of a form.

    Parameters
    ----------
    number : int
        Its number on the form; 0 for columns that offices add.
    name : str
        Column of ``tables.TALLY`` (or one of ``received_online``, ``received_direct``).
    group, leaf : str
        Patterns of the words above the column, without diacritics: somewhere in the group titles, and the title itself.
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
    """A report form: its title, its columns, and the sums between them as numbers of columns."""

    code: str
    version: str
    title: str
    columns: tuple[FormColumn, ...]
    groups: tuple[tuple[str, int, int], ...]
    sums: tuple[tuple[int, tuple[int, ...]], ...]


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


def form(code: str, version: str) -> Form:
    """Return a form by code and version.

    Raises
    ------
    ParameterError
        For a form that is not known; the message lists those that are.
    """
    try:
        return FORMS[code, version]
    except KeyError:
        known = "; ".join(f"{c}, version={v!r}" for c, v in FORMS)
        raise ParameterError(
            Text(f"Chưa có biểu {code}, phiên bản {version}.", f"The form {code}, version {version}, is not known."),
            expected=Text(known, known),
            got=f"{code}, {version}",
            hint=Text("Dùng một biểu trong danh sách.", "Use one of these forms."),
        ) from None
