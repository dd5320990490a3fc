"""Answers to a survey, from a file as it was typed or exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dvresearch.errors import DataError, Text
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.questionnaires import Numbers, Questionnaire, questionnaire
from dvresearch.privacy import showable
from dvresearch.tables import NO_ANSWER, SENSITIVE, Table, responses_table
from dvresearch.text import shape

if TYPE_CHECKING:
    import pandas as pd

    from dvresearch.loaders.records import Records

__all__ = ["contract", "load_responses", "read_responses"]


def load_responses(
    path: str | Path,
    items: Mapping[str, str] | str | Path | Questionnaire,
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
    items : mapping, str, Path or Questionnaire
        Item -> header in the file (``{"q1": "1. Thời gian giải quyết"}``), a questionnaire of the package
        (``"one-stop"``) or a TOML file, see :func:`dvresearch.questionnaire`. Items without a header of their own are
        found by their code or by their wording.
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
        ``attrs["load"]["items"]`` is item -> scale, ``attrs["load"]["reversed"]`` lists the items whose highest answer
        is the worst: their answers stay as they were given, the metrics turn them (`reverse`).

    Raises
    ------
    DataError
        When the file, its header or the questionnaire cannot be used, or answers are not on the scale; the
        message names their cells.
    ParameterError
        For an unknown scale, column, attribute or word.
    """
    asked = items if isinstance(items, Questionnaire) else questionnaire(items, scale=scale, numbers=numbers)
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
    frame = records.checked(contract(asked, sensitive))
    frame.attrs["load"] |= {"items": asked.scales, "reversed": asked.reversed}
    return frame


def contract(asked: Questionnaire, sensitive: Sequence[str] = ()) -> Table:
    """Return the contract of the answers to a questionnaire, see ``tables.responses_table``."""
    return responses_table(asked.scales, sensitive, asked.codes, asked.titles)


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
    table = contract(asked, sensitive)
    given = headers.to_contract(columns, table)
    mapping = {header: item for item, header in asked.headers.items()} | given
    records = read_records(
        path, table, anchor=next(iter(asked.scales)), columns=mapping, given={"unit": unit}, **options
    )
    absent = [item for item in asked.scales if item not in records.header.columns]
    if absent:
        sheet = records.header.sheet
        raise DataError(
            Text(f"Tệp thiếu câu hỏi {', '.join(absent)}.", f"The file lacks the items {', '.join(absent)}."),
            where=sheet.where(records.header.top),
            expected=Text("tiêu đề là mã hoặc lời của câu hỏi", "the code or the wording of the item as header"),
            got=", ".join(showable(t) for t in records.header.titles if t)[:1500],
            hint=Text(
                f'Dùng columns={{"tiêu đề trong tệp": "{absent[0]}"}}, hoặc bỏ câu đó khỏi phiếu hỏi.',
                f'Give columns={{"header in the file": "{absent[0]}"}}, or take the item out of the questionnaire.',
            ),
        )
    _refuse_bare_numbers(records, asked)
    return records


def _refuse_bare_numbers(records: Records, asked: Questionnaire) -> None:
    """Say what to type when the answers are numbers and nobody has said which way they run."""
    items = {at: name for name, at in records.header.columns.items() if name in asked.scales}
    wrong = [p for p in records.problems if p.code == "not_in_list" and p.column in items and p.looks == shape("0")]
    # codes of no answer alone do not say which way the others run
    stated = {item for item, codes in asked.codes.items() if not set(codes.values()) <= set(NO_ANSWER)}
    if wrong and all(items[p.column] not in stated for p in wrong):
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
