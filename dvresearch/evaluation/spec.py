"""The specification of one evaluation: a small TOML file, checked before anything is read."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from dvresearch.errors import ParameterError, Text

__all__ = ["DEFAULT", "Spec", "read"]

Clock = Literal["date", "instant"]
Supplement = Literal["subtract", "q766", "ignore"]

#: What the office's own files can hold, by scope.
INPUTS = {
    "nation": ("figures",),
    "commune": ("dossiers", "form", "cases", "responses", "items", "models", "targets", "rubric"),
}
#: Those without which the evaluation cannot be made.
REQUIRED: dict[str, tuple[str, ...]] = {"nation": (), "commune": ("dossiers",)}
#: Keys with a fixed vocabulary; the first word is taken when the key is left out.
WORDS = {
    "language": ("vi", "en"),
    "scope": tuple(INPUTS),
    "clock": get_args(Clock),
    "supplement": get_args(Supplement),
}
#: The evaluation made when no file is named: the published figures of 2026.
DEFAULT = Path(__file__).with_name("national-2026.toml")


@dataclass(frozen=True)
class Spec:
    """What one evaluation covers.

    Parameters
    ----------
    name : str
        Folder of the report below ``reports/``: lower-case letters, digits and hyphens.
    title_vi, title_en : str
        Title in both languages.
    as_of : str
        Day up to which the figures run, ``YYYY-MM-DD``.
    language : {"vi", "en"}
        Language of the report.
    scope : {"nation", "commune"}
        ``nation``: the published figures, and the office's own beside them. ``commune``: the dossiers of one unit.
    confidence : float
        Confidence of the intervals, 0.5-0.999.
    sections : tuple of str
        Codes of the sections, in order; empty for all.
    clock, supplement : str
        How dossiers are counted, see ``metrics.tally``.
    lower_is_better : tuple of str
        Plan targets that are to stay below their plan (poor households, group complaints).
    columns : mapping of str to str
        Headers of the list of dossiers -> columns of the contract, where they are not recognised.
    inputs : mapping of str to Path
        The office's own files by what they hold, see `INPUTS`.
    """

    name: str
    title_vi: str
    title_en: str
    as_of: str
    language: str = "vi"
    scope: str = "nation"
    confidence: float = 0.95
    sections: tuple[str, ...] = ()
    clock: Clock = "date"
    supplement: Supplement = "subtract"
    lower_is_better: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The title in the language of the report."""
        return self.title_vi if self.language == "vi" else self.title_en


def read(path: str | Path | None = None) -> Spec:
    """Read and check a specification.

    Parameters
    ----------
    path : path, optional
        A TOML file; the published figures of 2026 when not given.

    Raises
    ------
    ParameterError
        When the file is missing, is not TOML or UTF-8, or a key is unknown, missing or out of range.
        The message names the line.
    """
    file = Path(path) if path else DEFAULT
    try:
        text = file.read_bytes().decode("utf-8-sig")
        raw = tomllib.loads(text)
    except FileNotFoundError:
        raise ParameterError(
            Text(f"Không có tệp {file}.", f"There is no file {file}."),
            hint=Text(
                "Kiểm tra đường dẫn, hoặc chạy `dvresearch evaluate` không kèm tên tệp.",
                "Check the path, or run `dvresearch evaluate` without a file.",
            ),
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, IsADirectoryError) as error:
        raise ParameterError(
            Text(f"Tệp {file.name} không phải TOML đọc được.", f"{file.name} is not readable TOML."),
            got=str(error),
            expected=Text("tệp TOML, mã UTF-8", "a TOML file in UTF-8"),
            hint=Text("Lưu lại bằng UTF-8; chuỗi đặt trong dấu nháy kép.", "Save as UTF-8; put text in double quotes."),
        ) from None
    return _checked(raw, text, file)


def _checked(raw: dict[str, object], text: str, path: Path) -> Spec:
    file = path.name
    known = {f.name for f in fields(Spec)}

    def refuse(key: str, vi: str, en: str, hint: Text, got: object = None) -> ParameterError:
        line = next(
            (i for i, t in enumerate(text.splitlines(), 1) if re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", t)), 0
        )
        where = f"{file}, dòng/line {line}" if line else file
        return ParameterError(Text(vi, en), where=where, got=None if got is None else repr(got), hint=hint)

    for key in raw:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1) or sorted(known)
            raise refuse(
                key,
                f"Không có mục {key!r}.",
                f"There is no key {key!r}.",
                Text("Có thể là: " + ", ".join(near), "Perhaps: " + ", ".join(near)),
            )
    for key in ("name", "title_vi", "title_en", "as_of"):
        if not isinstance(raw.get(key), str) or not str(raw[key]).strip():
            raise refuse(
                key,
                f"Thiếu mục {key!r}.",
                f"The key {key!r} is missing.",
                Text(f'Thêm dòng: {key} = "…"', f'Add a line: {key} = "…"'),
            )
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", str(raw["name"])):
        raise refuse(
            "name",
            "Tên báo cáo không hợp lệ.",
            "The report name is not valid.",
            Text(
                "Chỉ dùng chữ thường không dấu, chữ số và gạch nối, ví dụ: quoc-gia-2026.",
                "Use lower-case letters, digits and hyphens, for example: nation-2026.",
            ),
            raw["name"],
        )
    for key, allowed in WORDS.items():
        if raw.get(key, allowed[0]) not in allowed:
            raise refuse(
                key,
                f"Giá trị của {key!r} không hợp lệ.",
                f"The value of {key!r} is not valid.",
                Text("Chọn: " + ", ".join(allowed), "Choose: " + ", ".join(allowed)),
                raw[key],
            )
    confidence = raw.get("confidence", 0.95)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0.5 <= confidence <= 0.999:
        raise refuse(
            "confidence",
            "Độ tin cậy phải từ 0.5 đến 0.999.",
            "The confidence must lie in 0.5-0.999.",
            Text("Ví dụ: confidence = 0.95", "For example: confidence = 0.95"),
            confidence,
        )
    try:
        date.fromisoformat(str(raw["as_of"]))
    except ValueError:
        raise refuse(
            "as_of",
            "Ngày chốt số liệu không hợp lệ.",
            "The day of the figures is not valid.",
            Text(
                'Viết năm-tháng-ngày, ví dụ: as_of = "2026-10-10"',
                'Write year-month-day, for example: as_of = "2026-10-10"',
            ),
            raw["as_of"],
        ) from None
    for key in ("sections", "lower_is_better"):
        words = raw.get(key, [])
        if not isinstance(words, list) or not all(isinstance(w, str) for w in words):
            raise refuse(
                key,
                f"Mục {key} phải là danh sách các chuỗi.",
                f"{key} must be a list of words.",
                Text(f'Ví dụ: {key} = ["…", "…"]', f'For example: {key} = ["…", "…"]'),
                words,
            )
        raw[key] = tuple(words)
    scope = str(raw.get("scope", "nation"))
    inputs = raw.get("inputs", {})
    if not isinstance(inputs, dict):
        raise refuse(
            "inputs",
            "Mục inputs phải là một bảng.",
            "inputs must be a table.",
            Text('Viết [inputs] rồi figures = "so-lieu.csv".', 'Write [inputs], then figures = "my-figures.csv".'),
        )
    for key, name in inputs.items():
        if key not in INPUTS[scope]:
            listed = ", ".join(INPUTS[scope])
            raise refuse(
                key,
                f"Không nhận tệp loại {key!r}.",
                f"There is no input {key!r}.",
                Text(f"Các loại: {listed}", f"The inputs: {listed}"),
            )
        if not isinstance(name, str) or not (path.parent / name).is_file():
            raise refuse(
                key,
                f"Không có tệp {name!r}.",
                f"There is no file {name!r}.",
                Text("Viết đường dẫn tính từ thư mục của tệp này.", "Write the path from the folder of this file."),
                name,
            )
    needed = (*REQUIRED[scope], *(("items",) if "responses" in inputs else ()))
    lacking = [key for key in needed if key not in inputs]
    if lacking:
        raise refuse(
            "inputs",
            f"Thiếu tệp loại {lacking[0]!r}.",
            f"The input {lacking[0]!r} is missing.",
            Text(f'Dưới [inputs] thêm: {lacking[0]} = "tep.xlsx"', f'Below [inputs] add: {lacking[0]} = "file.xlsx"'),
        )
    columns = raw.get("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(v, str) for v in columns.values()):
        raise refuse(
            "columns",
            "Mục columns phải là một bảng tên cột.",
            "columns must be a table of column names.",
            Text('Viết [columns] rồi "Ngày hẹn trả" = "due".', 'Write [columns], then "Due date" = "due".'),
        )
    files = {key: path.parent / str(name) for key, name in inputs.items()}
    values = {**raw, "confidence": float(confidence), "inputs": files}
    return Spec(**values)  # type: ignore[arg-type]
