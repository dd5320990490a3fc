"""Plan targets as offices write them ("95% trở lên", "giảm còn 0,8%", "9/11 vụ"), and the results beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dvresearch.errors import DataError
from dvresearch.text.damage import one_line
from dvresearch.text.letters import shape
from dvresearch.text.numerals import MISSING, SCALES, AnyStyle, cell_number

__all__ = ["Target", "TargetRow", "read_target", "target_direction", "target_row"]

Operator = Literal[">=", "<=", ">", "<", "=", ""]
Direction = Literal["higher", "lower"]

_OPERATORS: dict[Operator, str] = {
    ">=": "≥|>=|=>|từ|tối thiểu|ít nhất|không dưới|không thấp hơn|không ít hơn|trở lên",
    "<=": "≤|<=|=<|không quá|không vượt quá|không vượt|tối đa|nhiều nhất|không cao hơn|không trên|trở xuống",
    ">": ">|trên|hơn|vượt|cao hơn|lớn hơn|nhiều hơn",
    "<": "<|dưới|thấp hơn|ít hơn|nhỏ hơn|chưa đến|chưa tới",
    "=": "=|bằng|đúng",
}
_FLIPPED: dict[Operator, Operator] = {">=": "<=", "<=": ">=", ">": "<", "<": ">", "=": "=", "": ""}
_OPERATOR_OF = {word: sign for sign, words in _OPERATORS.items() for word in words.split("|")}
_OPERATOR = re.compile(
    "|".join(rf"\b{w}\b" if w[0].isalpha() else w for w in sorted(_OPERATOR_OF, key=len, reverse=True))
)
_NUMBER = r"[0-9]+(?:[.,][0-9]+)*(?: [0-9]{3}(?![0-9]))*"
_VALUE = re.compile(
    rf"(?P<first>(?:^[-−])?{_NUMBER})(?:\s*(?:%|phần trăm))?"
    rf"(?:\s*(?P<link>/|-|–|—|đến|tới|trên tổng số)\s*(?P<second>{_NUMBER}))?"
)
_DATE = re.compile(
    r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}|[0-9]{1,2}[/-](?:19|20)[0-9]{2}\b"
    r"|\b(?:ngày|tháng|quý|năm)\s+(?:[0-9]+|[ivx]+)\b(?:/[0-9/]+)?"
)
#: A change, not the level that is reached: "giảm 5%", but not "giảm còn 5%".
_CHANGE = re.compile(r"\b(?:tăng|giảm)\b(?!.*\b(?:còn|(?<!trở )xuống|(?<!trở )lên|đến|tới|đạt|dưới)\b)")
_FILLING = re.compile(
    r"\b(?:đạt|ước|phấn đấu|giữ|duy trì|vào|trong|cuối|hết|giảm|tăng|thêm|còn|lại|xuống|lên|phần trăm)\b|[%().,;:+]"
)
#: No level is said: about, almost; or the number is the name of something.
_LOOSE = re.compile(r"\b(?:gần|khoảng|xấp xỉ|cơ bản)\b|\b(?:thứ|hạng|loại|mức|mức độ|cấp|bậc|đợt|giai đoạn|số)\s+[0-9]")
_LONGEST_UNIT = 4

#: Things of which an office wants few.
_BURDEN = re.compile(
    r"còn lại|hộ (?:cận )?nghèo|(?:quá|trễ|chậm) hạn|(?:tồn|nợ) đọng|vượt cấp|đông người|kéo dài|(?:vi|sai) phạm"
    r"|tội phạm|tai nạn|tệ nạn|suy dinh dưỡng|tử vong|thất nghiệp|bỏ học|tảo hôn|tái nghèo|không hài lòng"
    r"|không quá|tối đa"
)
#: What makes work of them, of which it wants much: "hộ nghèo được hỗ trợ", "giải quyết đơn tồn đọng".
_WORK_BEFORE = re.compile(
    r"\b(?:không|chưa|cho|giúp|hỗ trợ|thoát|xóa|xoá|phòng,? chống|phòng ngừa|ngăn|tuyên truyền|kiểm tra|khắc phục)\b"
    r"|^(?:giải quyết|xử lý|thu hồi|hoàn thành|tháo gỡ)"
)
_WORK_AFTER = re.compile(r"\b(?:được|đã|bị|có|hạn|xử lý|giải quyết|hỗ trợ|thoát|khắc phục|vay|tham gia)\b")
_BETTER_LOW = re.compile(r"càng (?:thấp|ít|nhỏ|giảm)")
_BETTER_HIGH = re.compile(r"càng (?:cao|nhiều|lớn|tăng)")
#: A share and a percentage differ a hundredfold; no honest result lies this far from its plan.
_FAR = 20


@dataclass(frozen=True)
class Target:
    """What one cell says of a target or of its result.

    Parameters
    ----------
    value : float
        The number as printed (``95%`` is 95, ``3.450 tỷ đồng`` is 3450); negative for a decrease (``giảm 5%``).
    upper : float or None
        The other end of a range (``từ 90 - 95 %``).
    total : float or None
        Out of how many (``9/11 vụ``).
    operator : {">=", "<=", ">", "<", "=", ""}
        As the words say; "" when they say none. Of a decrease it is that of the negative number.
    unit : str
        The words left: ``vụ``, ``tỷ đồng``.
    is_percent, is_change : bool
        Whether a percent sign is printed; whether the number is a change (``tăng 5%``), not a level.
    """

    value: float
    upper: float | None = None
    total: float | None = None
    operator: Operator = ""
    unit: str = ""
    is_percent: bool = False
    is_change: bool = False


@dataclass(frozen=True)
class TargetRow:
    """A target and its result on one scale.

    Parameters
    ----------
    planned, result : float or None
        The numbers, percentages in percent; None when not known. `result` is None when `problem` makes it useless.
    direction : {"higher", "lower"} or None
        What is better; None when nothing says it, or words contradict each other.
    problem : str
        "", or why the row cannot be judged: ``plan-not-read``, ``result-not-read``, ``plan-without-number``,
        ``result-without-number``, ``result-only-bounded``, ``change-against-level``, ``total-is-not-the-plan``,
        ``units-differ``, ``scale-unclear``, ``result-on-the-bound``, ``result-within-the-range``,
        ``direction-unclear``.
    """

    planned: float | None
    result: float | None
    direction: Direction | None
    problem: str = ""


def _clean(value: object) -> str:
    return one_line(value).lower() if isinstance(value, str) else ""


def read_target(value: object, *, style: AnyStyle = "auto") -> Target | None:
    """Read the level in a cell of targets or results.

    Parameters
    ----------
    value : object
        A number or text: ``đạt 98% trở lên``, ``≥ 98``, ``không quá 45 vụ``, ``dưới 1%``, ``giảm còn 0,8%``,
        ``từ 90 - 95 %``, ``9/11 vụ``, ``đạt 3.450 tỷ đồng``, ``Căn 28.500``, ...
    style : {"auto", "vi", "en"}, default "auto"
        As for :func:`dvresearch.text.number`.

    Returns
    -------
    Target or None
        None for an empty cell and for words or dates without a number (``trước ngày 31/12/2026``,
        ``Hoàn thành số hóa``).

    Raises
    ------
    DataError
        When there are numbers, but not one level: several, opposite operators, ``khoảng 90``, a whole sentence.
    """
    if not isinstance(value, str):
        plain_number = cell_number(value)
        return None if plain_number is None else Target(plain_number)
    text = _clean(value)
    stated = _DATE.sub(" ", text).strip()
    found = list(_VALUE.finditer(stated))
    if not found:
        return None
    words = _VALUE.sub(" ", stated)
    signs = {_OPERATOR_OF[word] for word in _OPERATOR.findall(words)}
    unit = " ".join(_FILLING.sub(" ", _OPERATOR.sub(" ", words)).split())
    number, second = (cell_number(found[0][g] or "", style=style) for g in ("first", "second"))
    is_total = found[0]["link"] in ("/", "trên tổng số")
    if (
        number is None
        or len(found) > 1
        or len({sign[0] for sign in signs}) > 1
        or _LOOSE.search(stated)
        or len(unit.split()) > _LONGEST_UNIT
        or (second is not None and (second == 0 if is_total else second <= number))
    ):
        raise DataError("level-of-target-not-read", got=shape(text))
    operator: Operator = max(signs, key=len, default="") if second is None or is_total else ""
    change = _CHANGE.search(text)
    falls = change is not None and change[0] == "giảm"
    return Target(
        -number if falls else number,
        None if is_total else second,
        second if is_total else None,
        _FLIPPED[operator] if falls else operator,
        unit,
        "%" in text or "phần trăm" in text,
        bool(change),
    )


def target_direction(indicator: str, planned: object = "", note: str = "") -> Direction | Literal["unclear"] | None:
    """Tell from the words of a target whether more or less is better.

    Parameters
    ----------
    indicator : str
        Name of the target.
    planned : object
        Its cell of the plan; operators and ``giảm``, ``còn``, ``tăng`` in it count.
    note : str
        A remark such as ``càng thấp càng tốt``.

    Returns
    -------
    {"higher", "lower", "unclear"} or None
        ``unclear`` when words contradict each other (``Số hộ nghèo còn lại`` with ``≥ 45``), when the name is of work
        on something unwanted (``Tỷ lệ đơn tồn đọng được giải quyết``) or of a reduction that may be counted either
        way; None when nothing says it.
    """
    name, plan, remark = _clean(indicator), _clean(planned), _clean(note)
    burden = _BURDEN.search(name)
    reduction = re.search(r"\bgiảm\b(?P<level>.*\b(?:còn|xuống|dưới)\b)?", name)
    turned = burden and (_WORK_BEFORE.search(name[: burden.start()]) or _WORK_AFTER.search(name[burden.end() :]))
    unclear = not reduction["level"] if reduction else bool(turned)
    try:
        target = read_target(planned)
    except DataError:
        target = None
    sign = target.operator[:1] if target else ""
    said: set[Direction] = set()
    if ((burden or reduction) and not unclear) or sign == "<" or re.search(r"\b(?:giảm|còn)\b", plan):
        said.add("lower")
    if (sign == ">" and "giảm" not in plan) or re.search(r"\btăng\b", plan):
        said.add("higher")
    said |= {"lower"} if _BETTER_LOW.search(remark) else {"higher"} if _BETTER_HIGH.search(remark) else set()
    return "unclear" if len(said) > 1 or (unclear and not said) else next(iter(said), None)


def target_row(
    indicator: str,
    planned: object,
    result: object,
    *,
    direction: Direction | None = None,
    unit: str = "",
    note: str = "",
    style: AnyStyle = "auto",
) -> TargetRow:
    """Read a target and its result on one scale.

    Parameters
    ----------
    indicator : str
        Name of the target.
    planned, result : object
        The cells, as for :func:`read_target`.
    direction : {"higher", "lower"}, optional
        What is better, where it is stated; otherwise :func:`target_direction` is asked.
    unit : str
        The cell of the column of units (ĐVT); it holds where the other cells name none.
    note : str
        The cell of the column of remarks.
    style : {"auto", "vi", "en"}, default "auto"
        :func:`dvresearch.text.column_style` of both columns together.

    Returns
    -------
    TargetRow
        Percentages in percent, ``9/11 vụ`` as a percentage where the row is one, results in the money of the plan.
    """
    better = direction or target_direction(indicator, planned, note)
    known = None if better == "unclear" else better
    (plan, problem), (done, fault) = _side("plan", planned, style), _side("result", result, style)
    if not plan or not done:
        return TargetRow(plan.value if plan else None, done.value if done else None, known, problem or fault)
    percent = plan.is_percent or done.is_percent or "%" in f"{unit}{indicator}"
    goal, reached = (100 * t.value / t.total if percent and t.total else t.value for t in (plan, done))
    problem = _mismatch(plan, done, percent)
    if not percent:
        reached *= 10.0 ** (_power(done.unit or unit or plan.unit) - _power(plan.unit or unit or done.unit))
    if plan.upper is not None and reached >= goal:
        problem, goal = problem or ("result-within-the-range" if reached <= plan.upper else ""), plan.upper
    elif plan.operator in (">", "<") and reached == goal:
        problem = problem or "result-on-the-bound"
    near, far = sorted((plan, done), key=lambda t: abs(t.value))
    if percent and not near.is_percent and 0 < abs(near.value) <= 1 and abs(far.value) > _FAR * abs(near.value):
        problem = problem or "scale-unclear"
    if better == "unclear":
        problem = problem or "direction-unclear"
    return TargetRow(goal, None if problem else reached, known, problem)


def _side(name: str, cell: object, style: AnyStyle) -> tuple[Target | None, str]:
    """Read the plan or the result; tell what is wrong with it."""
    try:
        target = read_target(cell, style=style)
    except DataError:
        return None, f"{name}-not-read"
    return target, "" if target or _clean(cell) in MISSING else f"{name}-without-number"


def _power(unit: str) -> int:
    return sum(SCALES.get(word, 0) for word in unit.lower().split())


def _mismatch(plan: Target, done: Target, percent: bool) -> str:
    """Tell what keeps a result from being set against its plan."""
    if done.operator not in ("", "=") or done.upper is not None:
        return "result-only-bounded"
    if plan.is_change != done.is_change:
        return "change-against-level"
    if not percent and done.total != plan.total and done.total not in (None, plan.value):
        return "total-is-not-the-plan"
    if percent:
        counted = plan if done.is_percent else done
        return "units-differ" if plan.is_percent != done.is_percent and counted.unit and not counted.total else ""
    first, second = sorted((" ".join(w for w in t.unit.split() if w not in SCALES) for t in (plan, done)), key=len)
    return "" if second.startswith(first) else "units-differ"
