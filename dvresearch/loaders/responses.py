"""Answers to a survey, from a file as it was typed or exported."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvresearch.errors import DataError, ParameterError, Text
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.tables import NO_ANSWER, RESPONSES, SCALES, SENSITIVE, responses_table

if TYPE_CHECKING:
    import pandas as pd

    from dvresearch.loaders.records import Records

__all__ = ["Questionnaire", "load_responses", "questionnaire", "read_responses"]

Numbers = Literal["words", "ascending", "descending"]

_NUMBERS = ("words", "ascending", "descending")
_CODE = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Questionnaire:
    """The items of a survey.

    Parameters
    ----------
    headers : dict of str to str
        Item -> its header in the file.
    scales : dict of str to str
        Item -> name of its scale, a key of ``tables.SCALES``.
    codes : dict of str to dict
        Item -> what its answers are written as besides their words -> answer.
    """

    headers: dict[str, str]
    scales: dict[str, str]
    codes: dict[str, dict[str, str]] = field(default_factory=dict)


def load_responses(
    path: str | Path,
    items: Mapping[str, str] | str | Path,
    *,
    scale: str = "hai_long_5",
    numbers: Numbers = "words",
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    sensitive: Sequence[Literal["gender", "ethnicity", "religion"]] = (),
    sheet: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
    corrections: str | Path | None = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load the answers to a survey.

    Parameters
    ----------
    path, columns, unit, sheet, date_order, corrections, limits
        As for :func:`dvresearch.load_dossiers`.
    items : mapping, str or Path
        Item -> header in the file (``{"q1": "1. Thời gian giải quyết"}``), or a TOML file with a table ``[items]`` of
        the same and, if need be, ``scale`` and ``numbers``; there an item can also be
        ``{header = "…", scale = "co_khong", numbers = "words", codes = {9 = "dont_know"}}``.
    scale : str, default "hai_long_5"
        Scale of the items for which no other is named, a key of ``tables.SCALES``: ``hai_long_5``, ``hai_long_4``,
        ``hai_long_3`` (satisfaction), ``dong_y_5`` (agreement), ``tot_5`` (quality), ``co_khong`` (yes or no).
    numbers : {"words", "ascending", "descending"}, default "words"
        What 1, 2, 3 … stand for in the file: ``ascending``, 1 is the lowest answer (rất không hài lòng);
        ``descending``, 1 is the highest. Without it numbers are refused: guessed the wrong way round, they would turn
        the result upside down.
    sensitive : sequence of str, default ()
        Attributes of the respondents to load: ``gender``, ``ethnicity``, ``religion``. None is loaded otherwise.
        They remain personal data; every table by them has to pass the privacy threshold, as
        :func:`dvresearch.metrics.answer_shares` does.

    Returns
    -------
    DataFrame
        Columns of ``tables.responses_table``: those of a respondent that the file has, then the items in words of their
        scale (``very_satisfied``), with ``dont_know`` (không biết) and ``refused`` (không trả lời) apart from a
        missing answer. Index and ``attrs["load"]`` as for :func:`dvresearch.load_dossiers`;
        ``attrs["load"]["items"]`` is item -> scale.

    Raises
    ------
    DataError
        When the file, its header or the questionnaire cannot be used, or answers are not on the scale; the
        message names their cells.
    ParameterError
        For an unknown scale, column, attribute or word.
    """
    asked = questionnaire(items, scale=scale, numbers=numbers)
    records = read_responses(
        path,
        asked,
        columns=columns,
        unit=unit,
        sensitive=sensitive,
        sheet=sheet,
        date_order=date_order,
        corrections=corrections,
        limits=limits,
    )
    frame = records.checked(responses_table(asked.scales, sensitive, asked.codes))
    frame.attrs["load"]["items"] = dict(asked.scales)
    return frame


def read_responses(
    path: str | Path,
    asked: Questionnaire,
    *,
    unit: str | None = None,
    sensitive: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    **options: Any,
) -> Records:
    """Read answers and collect all problems; parameters of :func:`load_responses`."""
    from dvresearch.loaders import headers
    from dvresearch.loaders.records import bad_choice, read_records

    known = [c.name for c in SENSITIVE]
    for name in sensitive:
        if name not in known:
            raise bad_choice("sensitive", name, ", ".join(known))
    table = responses_table(asked.scales, sensitive, asked.codes)
    given = headers.to_contract(columns, table)
    mapping = {header: item for item, header in asked.headers.items()} | given
    records = read_records(
        path, table, anchor=next(iter(asked.scales)), columns=mapping, given={"unit": unit}, **options
    )
    _refuse_bare_numbers(records, asked)
    return records


def _refuse_bare_numbers(records: Records, asked: Questionnaire) -> None:
    """Say what to type when the answers are numbers and nobody has said which way they run."""
    items = {at: name for name, at in records.header.columns.items() if name in asked.scales}
    wrong = [p for p in records.problems if p.code == "not_in_list" and p.column in items and p.looks == "'0'"]
    if wrong and all(items[p.column] not in asked.codes for p in wrong):
        sheet = records.header.sheet
        raise DataError(
            Text(
                f"Câu trả lời ghi bằng số ({len(wrong)} ô) mà chưa nói 1 là mức nào.",
                f"Answers are numbers ({len(wrong)} cells), and nothing says which way they run.",
            ),
            where=sheet.where(wrong[0].row, wrong[0].column),
            expected=Text('numbers="ascending" hoặc "descending"', 'numbers="ascending" or "descending"'),
            hint=Text(
                'Xem phiếu gốc: 1 là mức thấp nhất (rất không hài lòng) thì numbers="ascending", '
                '1 là mức cao nhất thì numbers="descending".',
                'Look at the questionnaire: numbers="ascending" when 1 is the lowest answer, "descending" when it is '
                "the highest.",
            ),
        )


# --- the questionnaire ------------------------------------------------------------------------------------------------


def questionnaire(
    items: Mapping[str, str] | str | Path, *, scale: str = "hai_long_5", numbers: Numbers = "words"
) -> Questionnaire:
    """Read the items of a survey.

    Parameters
    ----------
    items, scale, numbers
        As for :func:`load_responses`.

    Raises
    ------
    DataError
        When a TOML file cannot be used.
    ParameterError
        For an unknown scale or word, or an item whose name cannot be a column.
    """
    stated: dict[str, Any] = {"items": dict(items)} if isinstance(items, Mapping) else _read_toml(Path(items))
    headers: dict[str, str] = {}
    scales: dict[str, str] = {}
    codes: dict[str, dict[str, str]] = {}
    for item, entry in stated["items"].items():
        rule: dict[str, Any] = {"header": entry} if isinstance(entry, str) else dict(entry)
        if not _CODE.fullmatch(item) or item in (*RESPONSES.names, *(c.name for c in SENSITIVE)):
            raise ParameterError(
                Text("Tên câu hỏi không dùng được làm tên cột.", "The item cannot name a column."),
                expected=Text("chữ thường không dấu và số: q1, q2", "small letters and digits: q1, q2"),
                got=item,
                hint=Text('Viết items={"q1": "tiêu đề trong tệp"}.', 'Write items={"q1": "header in the file"}.'),
            )
        scales[item] = _one_of("scale", rule.get("scale", stated.get("scale", scale)), tuple(SCALES))
        way = _one_of("numbers", rule.get("numbers", stated.get("numbers", numbers)), _NUMBERS)
        headers[item] = rule.get("header", item)
        words = (
            SCALES[scales[item]] if way == "ascending" else SCALES[scales[item]][::-1] if way == "descending" else ()
        )
        written = {str(i): word for i, word in enumerate(words, start=1)}
        for text, word in rule.get("codes", {}).items():
            written[str(text)] = _one_of("codes", word, (*SCALES[scales[item]], *NO_ANSWER))
        if written:
            codes[item] = written
    if not headers:
        raise ParameterError(
            Text("Chưa nêu câu hỏi nào.", "No item is named."),
            hint=Text('Viết items={"q1": "tiêu đề trong tệp"}.', 'Write items={"q1": "header in the file"}.'),
        )
    return Questionnaire(headers, scales, codes)


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
        extra = stated.keys() - {"items", "scale", "numbers", "name"}
        entries = [e for e in stated["items"].values() if not isinstance(e, str)]
        extra |= {key for e in entries for key in e.keys() - {"header", "scale", "numbers", "codes"}}
        if extra:
            raise KeyError(", ".join(sorted(extra)))
    except (OSError, ValueError, KeyError, AttributeError) as fault:
        raise DataError(
            Text("Tệp phiếu hỏi không dùng được.", "The questionnaire file cannot be used."),
            where=path.name,
            expected=Text(
                'TOML: scale = "hai_long_5" và [items] q1 = "tiêu đề trong tệp"',
                'TOML: scale = "hai_long_5" and [items] q1 = "header in the file"',
            ),
            got=str(fault) if isinstance(fault, KeyError) else type(fault).__name__,
            hint=Text("Sửa tệp theo mẫu trên.", "Change the file as shown."),
        ) from None
    return stated


def _one_of(name: str, word: object, words: Sequence[str]) -> str:
    from dvresearch.loaders.records import bad_choice

    if word not in words:
        raise bad_choice(name, word, ", ".join(words))
    return str(word)
