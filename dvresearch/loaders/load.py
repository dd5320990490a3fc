"""The loaders of the tables of records: one way to read, what is special of each table beside it."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from dvresearch.errors import Answer, DataError, ParameterError, check_choice
from dvresearch.loaders.convert import convert_dossiers, is_long
from dvresearch.loaders.corrections import CORRECTIONS
from dvresearch.loaders.declaration import STATES, Declaration, Stated, declared
from dvresearch.loaders.guard import LIMITS, Limits
from dvresearch.loaders.headers import Block
from dvresearch.loaders.questionnaires import Numbers, Questionnaire, questionnaire
from dvresearch.loaders.reading import Reading, read
from dvresearch.loaders.sheets import LoadReport, Note, texts
from dvresearch.privacy import holds_person, showable
from dvresearch.tables import (
    CASES,
    DOSSIERS,
    MODELS,
    NO_ANSWER,
    RUBRIC,
    SENSITIVE,
    STAGES,
    TARGETS,
    Table,
    check,
    responses_table,
)
from dvresearch.text import column_style, plain, shape, target_row

__all__ = [
    "OpenQuestion",
    "contract",
    "load_cases",
    "load_dossiers",
    "load_models",
    "load_responses",
    "load_rubric",
    "load_targets",
    "readings",
]

DateOrder = Literal["auto", "dmy", "mdy"]


class OpenQuestion(UserWarning):
    """A file leaves something open that does not stop its reading."""


# --- one way to read -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kind:
    """What is special of one kind of table.

    Parameters
    ----------
    table : Table
        The contract.
    anchors : tuple of str
        Columns by which a record is known, the first one that the file has.
    sentences : tuple of str
        Columns in which long texts are no sign of somebody's own words.
    finish : callable
        What is still to be done with a reading.
    titled : callable
        What the title above a table and the name of its sheet say of all its rows.
    """

    table: Table
    anchors: tuple[str, ...]
    sentences: tuple[str, ...] = ()
    finish: Callable[[Reading], None] = lambda reading: None
    titled: Callable[[Block], Mapping[str, str]] = lambda block: {}


def readings(
    path: str | Path,
    kind: str,
    stated: Stated = None,
    *,
    limits: Limits = LIMITS,
    key_salt: str | None = None,
    asked: Questionnaire | None = None,
    sensitive: Sequence[str] = (),
    **short: Any,
) -> list[Reading]:
    """Read the tables of one kind from a file, and collect all problems and questions instead of raising for the first.

    Parameters
    ----------
    path : str or Path
        The file.
    kind : str
        ``dossiers``, ``cases``, ``responses``, ``models``, ``targets`` or ``rubric``.
    stated : Declaration, str or Path, optional
        What is declared; the declaration beside the file without it.
    limits, key_salt
        As for :func:`load_dossiers`.
    asked : Questionnaire, optional
        The items of a survey.
    sensitive : sequence of str
        As for :func:`load_responses`.
    **short
        Single keys of a declaration.

    Returns
    -------
    list of Reading
        One for each declared table of this kind; one where nothing is declared.
    """
    out = []
    for said in declared(path, kind, stated, **short):
        if kind == "responses":
            survey = asked or (said.items if isinstance(said.items, Questionnaire) else questionnaire(said.items))
            what = _Kind(contract(survey, sensitive), tuple(survey.scales), (), _finish_responses(survey))
            said = replace(said, columns={**{h: i for i, h in survey.headers.items()}, **said.mapping(what.table)})
        else:
            what = _KINDS[kind]
        changes = _changes(said.corrections, limits) if said.corrections is not None else None
        reading = read(
            path,
            what.table,
            said,
            anchors=what.anchors,
            sentences=what.sentences,
            titled=what.titled,
            key_salt=key_salt,
            changes=changes,
            limits=limits,
        )
        what.finish(reading)
        out.append(reading)
    ends = [reading.frame["resolved"].notna().any() for reading in out if "resolved" in reading.frame]
    if any(ends):  # a file whose tables are declared one by one is still one file
        for reading in (r for r in out if "resolved" in r.frame):
            reading.questions = [q for q in reading.questions if q.code != "nothing-finished"]
    places = [(p.block.sheet.name, p.block.top, p.block.left) for reading in out for p in reading.parts]
    if twice := next((place for place in places if places.count(place) > 1), None):
        raise DataError("sheet-declared-twice", where=Path(path).name, got=twice[0], sheet=twice[0])
    read_here = {p.block.sheet.name for reading in out for p in reading.parts}
    for reading in out:
        reading.unread = [(name, why) for name, why in reading.unread if name not in read_here]
    return out


def _changes(path: str | Path, limits: Limits) -> pd.DataFrame:
    listed = read(path, CORRECTIONS, Declaration(), anchors=("row",), limits=limits)
    listed.refuse()
    changes = listed.frame
    changes.attrs["file"] = Path(path).name
    return changes


def _load(path: str | Path, kind: str, stated: Stated, **options: Any) -> pd.DataFrame:
    """Return the records of a file, with the account of the reading; a `DataError` where they cannot be used."""
    parts = readings(path, kind, stated, **options)
    frames = [reading.checked() for reading in parts]
    _warn(parts)
    if len(frames) == 1:
        return frames[0]
    named = [f"{r.sheet.name}!" for r in parts]
    frame = pd.concat([f.set_axis([f"{n}{i}" for i in f.index]) for n, f in zip(named, frames, strict=True)])
    frame.index.name = "row"
    order = [c for c in parts[0].table.names if c in frame]
    frame = frame[[*order, *(c for c in frame if c not in order)]]
    reports = [f.attrs["load"] for f in frames]
    whole = {**reports[0], "rows": len(frame), "sheet": ", ".join(r["sheet"] for r in reports)}
    whole |= {k: [item for r in reports for item in r[k]] for k in ("questions", "notes", "corrections")}
    frame.attrs["load"] = LoadReport(whole | {"tables": reports})
    return frame


def _warn(parts: Sequence[Reading]) -> None:
    """Say in a warning which questions a file leaves open."""
    for reading in parts:
        for question in reading.questions:
            text = question.text()
            warnings.warn(f"{question.where}: {text.vi}\n{text.en}", OpenQuestion, stacklevel=4)


# --- dossiers --------------------------------------------------------------------------------------------------------


def load_dossiers(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    keep: Sequence[str] = (),
    sheet: str | None = None,
    timezone: str | None = None,
    date_order: DateOrder = "auto",
    corrections: str | Path | None = None,
    declaration: Stated = None,
    key_salt: str | None = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load a list of dossiers.

    Parameters
    ----------
    path : str or Path
        Excel, OpenDocument, text with separators, a saved web page, Parquet or Word; told by content, see
        :func:`dvresearch.loaders.read_sheets`.
    columns : mapping, optional
        Header in the file -> column (``{"Ngày hẹn trả": "due"}``), or the other way round. Headers that the
        codebook knows need not be named.
    unit : str, optional
        The unit, for a file of one unit that has no such column. Where the file names another one it is told.
    keep : sequence of str
        Headers of further columns to keep, as text; personal ones are refused.
    sheet : str, optional
        The only sheet to read; otherwise all sheets with such a table are read together.
    timezone : str, optional
        A zone (``"Europe/Amsterdam"``) for files from elsewhere: times come back with that zone, those
        without an offset are taken as its clock time. Without it times are Vietnamese clock time, without a zone.
    date_order : {"auto", "dmy", "mdy"}, default "auto"
        Whether 02/03/2026 is 2 March (``dmy``). ``auto`` lets the dates with a part above 12 decide, and
        takes ``dmy`` when there is none.
    corrections : str or Path, optional
        A file of corrections, see :data:`dvresearch.loaders.corrections.CORRECTIONS`.
    declaration : Declaration, str or Path, optional
        What is stated about the file; without it the declaration beside the file is used, if there is one. The
        keywords above are short ways to state single lines, and go before it.
    key_salt : str, optional
        A secret of 8 characters or more: the first column of identity numbers is kept as ``person_key``, to find
        duplicates within a run. The key remains personal data; do not write it anywhere.
    limits : Limits, optional
        How much the file may ask for.

    Returns
    -------
    DataFrame
        Columns of ``tables.DOSSIERS``, those the file has, then ``person_key`` and `keep`. The index ``row`` is the
        row in the file (``Quý II!12`` where several sheets were read). ``attrs["load"]`` is a dict: how the file was
        read, the account of its cells, which rows were set aside and why, which personal columns were dropped.

    Raises
    ------
    DataError
        When the file or its header cannot be used, cells have to be mended, or a question has to be answered first;
        the message names them all by row.
    ParameterError
        For an unknown column, zone or date order.

    Warns
    -----
    OpenQuestion
        For what the file does not decide and does not stop its reading.

    Notes
    -----
    Checked against the counts of the CoSeLoG receipt log (tests/test_dossiers.py): of 1,434 cases
    1,329 closed, 952 of them by the deadline, 1,020 by its day.
    """
    short = _short(columns, sheet, {"unit": unit}, timezone=timezone, date_order=date_order, corrections=corrections)
    short["keep"] = tuple(keep)
    if key_salt is None and is_long(Path(path), limits):
        said = declared(path, "dossiers", declaration, **short)[0]
        if said.corrections is None:
            return _load_long(Path(path), said)
    return _load(path, "dossiers", declaration, key_salt=key_salt, limits=limits, **short)


def _short(
    columns: Mapping[str, str] | None, sheet: str | None, given: Mapping[str, str | None], **rest: Any
) -> dict[str, Any]:
    """Return keywords as keys of a declaration."""
    stated = {k: v for k, v in given.items() if v is not None}
    return {"columns": dict(columns or {}), "sheets": (sheet,) if sheet else (), "given": stated, **rest}


def _load_long(path: Path, said: Declaration) -> pd.DataFrame:
    """Load text too long for a grid of cells: through Parquet, which holds the same in a tenth of the memory."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "dossiers.parquet"
        report = convert_dossiers(path, target, declaration=said)
        frame = pd.read_parquet(target)
    for name in frame.select_dtypes("datetime").columns if said.timezone else ():
        clock = frame[name].dt
        frame[name] = clock.tz_localize(said.timezone, ambiguous=[True] * len(frame), nonexistent="shift_forward")
    first = report.pop("first_row")
    frame.index = pd.Index(range(first, first + len(frame)), name="row")
    check(frame, DOSSIERS, source=path.name)
    frame.attrs["load"] = LoadReport(report)
    return frame


def _finish_dossiers(reading: Reading) -> None:
    """Give states that depend on a setting the word it stands for, and ask what the file does not say."""
    frame, stated = reading.frame, reading.stated
    if "outcome" in frame:
        for setting, words in STATES.items():
            rows = frame["outcome"] == setting
            if not rows.any():
                continue
            if said := getattr(stated, setting):
                frame["outcome"] = frame["outcome"].mask(rows, words[said])
                continue
            seen = ", ".join(sorted({f"“{showable(w)}”" for w in reading.cells("outcome")[rows].unique()}))
            answers = [Answer(setting, w) for w in words]
            reading.ask(
                f"state-{setting.replace('_', '-')}",
                column="outcome",
                evidence=f"{seen} ({int(rows.sum())})",
                answers=answers,
            )
    _ask_words(reading, "outcome")
    ended = frame["resolved"].notna().any() if "resolved" in frame else False
    rival = "resolved" in (reading.block.rivals or {})
    if not ended and not stated.nothing_finished and not rival:
        answers = [Answer("columns", "resolved", "…"), Answer("nothing_finished", True)]
        reading.ask("nothing-finished", column="resolved", answers=answers, count=len(frame))
    _ask_departments(reading)
    _ask_near_duplicates(reading)


def _ask_words(reading: Reading, column: str) -> None:
    """Ask about the words of a column that no vocabulary knows and on which a number depends."""
    if unknown := reading.words.get(column):
        shown = ", ".join(f"“{word}” ({count})" for word, count in list(unknown.items())[:10])
        known = reading.table.column(column).words
        answers = [Answer(f"words.{column}", code, word) for word in list(unknown)[:10] for code in (*known, "")]
        reading.ask("words-unknown", column=column, evidence=shown, answers=answers, title=column)


#: Letters of other alphabets that look like Latin ones.
_LOOK_ALIKE = str.maketrans("АВЕКМНОРСТУХаеорсухΑΒΕΗΙΚΜΝΟΡΤΥΧΖ", "ABEKMHOPCTYXaeopcyxABEHIKMNOPTYXZ")


def _ask_near_duplicates(reading: Reading) -> None:
    """Ask about codes that differ only in case, blanks or letters that look alike."""
    name = reading.table.key[0]
    if name not in reading.frame:
        return
    codes = reading.frame[name].dropna()
    distinct = pd.Series(codes.unique(), dtype="str")
    joined = distinct.str.normalize("NFKC").str.translate(_LOOK_ALIKE).str.casefold()
    joined = joined.str.replace(r"[\W_]+", "", regex=True)
    alike = set(distinct[joined.duplicated(keep=False)])
    if alike:
        rows = np.flatnonzero(reading.frame[name].isin(alike)).tolist()
        reading.ask(
            "near-duplicates", where=reading.where(name, rows[:10], len(rows) - 10), column=name, count=len(alike)
        )


_DEPARTMENT = re.compile(
    r"(phong|ban|bo phan|trung tam|van phong|to|hoi|chi hoi|doan|cong an|quan su|tram|thon|ban quan ly)\b"
)


def _ask_departments(reading: Reading) -> None:
    """Ask whether what stands as the unit are bodies inside one."""
    if "unit" not in reading.frame or "unit" in reading.stated.given:
        return
    names = list(reading.frame["unit"].dropna().unique())
    inside = [u for u in names if _DEPARTMENT.match(plain(u))]
    if names and len(inside) > len(names) / 2:
        shown = ", ".join(showable(u) for u in inside[:3])
        title = showable(reading.block.titles[reading.block.columns["unit"]])
        answers = [Answer("given", "…", "unit"), Answer("columns", "department", title)]
        reading.ask("unit-is-department", column="unit", evidence=f"“{title}”: {shown}", answers=answers)


# --- cases -----------------------------------------------------------------------------------------------------------


def load_cases(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    kind: Literal["reception", "complaint", "denunciation", "petition", "feedback", "supervision"] | None = None,
    sheet: str | None = None,
    date_order: DateOrder = "auto",
    corrections: str | Path | None = None,
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load a book of receptions, petitions or feedback, or several in one workbook.

    Parameters
    ----------
    path, columns, unit, sheet, date_order, corrections, declaration, limits
        As for :func:`dvresearch.load_dossiers`.
    kind : str, optional
        The kind of all cases, for a file of one kind that has no such column: ``reception`` (tiếp công dân),
        ``complaint`` (khiếu nại), ``denunciation`` (tố cáo), ``petition`` (đơn kiến nghị, phản ánh), ``feedback``
        (phản ánh, kiến nghị qua cổng), ``supervision`` (kiến nghị sau giám sát).

    Returns
    -------
    DataFrame
        Columns of ``tables.CASES``, those the file has; index and ``attrs["load"]`` as for
        :func:`dvresearch.load_dossiers`. A row may stand for several visits, people and matters. What a case is
        about is personal data and not kept.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells have to be mended; the message names them all by row.
    ParameterError
        For an unknown kind, column or date order.
    """
    if kind is not None:
        check_choice("kind", kind, tuple(CASES.column("kind").words))
    short = _short(columns, sheet, {"unit": unit, "kind": kind}, date_order=date_order, corrections=corrections)
    return _load(path, "cases", declaration, limits=limits, **short)


#: Books whose rows are all of one kind, whatever a column says of the matter: words of their titles.
_BOOKS = {
    "reception": re.compile(r"\b(tiep (cong )?dan|tcd)\b"),
    "feedback": re.compile(r"\b(pakn|phan anh,? kien nghi)\b"),
}
_OTHER_BOOKS = re.compile(r"\b(khieu nai|to cao|don thu|kntc)\b")


def _book(block: Block) -> dict[str, str]:
    """Return the kind of a book of cases, when both its title and the name of its sheet say it."""
    above = plain(" ".join(t for row in block.sheet.rows(0, block.top) for t in texts(row)))
    name = plain(block.sheet.name)
    kinds = [
        kind
        for kind, words in _BOOKS.items()
        if words.search(name) and words.search(above) and not _OTHER_BOOKS.search(f"{name} {above}")
    ]
    return {"kind": kinds[0]} if len(kinds) == 1 else {}


def _finish_cases(reading: Reading) -> None:
    _ask_words(reading, "outcome")
    _ask_near_duplicates(reading)


# --- models ----------------------------------------------------------------------------------------------------------


def load_models(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    sheet: str | None = None,
    date_order: DateOrder = "auto",
    corrections: str | Path | None = None,
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load a register of models.

    Parameters
    ----------
    path, columns, unit, sheet, date_order, corrections, declaration, limits
        As for :func:`dvresearch.load_dossiers`.

    Returns
    -------
    DataFrame
        Columns of ``tables.MODELS``, those the file has; index and ``attrs["load"]`` as for
        :func:`dvresearch.load_dossiers`. Names of models, owners and people and all free texts are dropped:
        of the ten contents of a registration form only whether something is written is kept (``states_…``), of the
        reason for stopping only its code. ``stage`` is made from the dates where the file does not say it.
        A field that is none of the movement's four is ``other``, and its name stands in ``field_named``.
        What a register lacks for an evaluation is said by :func:`dvresearch.screen`.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells have to be mended; the message names them all by row.
    ParameterError
        For an unknown column or date order.
    """
    short = _short(columns, sheet, {"unit": unit}, date_order=date_order, corrections=corrections)
    return _load(path, "models", declaration, limits=limits, **short)


def _finish_models(reading: Reading) -> None:
    if "stop_reason" in reading.words:
        # The reason is written in somebody's own words.
        reading.words["stop_reason"] = {"…": sum(reading.words["stop_reason"].values())}
    frame = reading.frame
    if "field" in frame and "field" in reading.words:  # the names of fields that are none of the known ones
        named = reading.cells("field").where(frame["field"] == "other")
        named = named.mask(named.map(lambda text: isinstance(text, str) and (holds_person(text) or len(text) > 60)))
        frame.insert(frame.columns.get_loc("field") + 1, "field_named", named.astype("str"))
    reached = [s for s in STAGES if f"{s}_on" in frame]
    if "stage" not in frame and reached:
        stage = pd.Series(pd.NA, index=frame.index, dtype="str")
        for name in reached:
            stage = stage.mask(frame[f"{name}_on"].notna(), name)
        frame.insert(frame.columns.get_loc(f"{reached[0]}_on"), "stage", stage)
    _ask_words(reading, "stage")
    _ask_departments(reading)


# --- survey answers --------------------------------------------------------------------------------------------------


def load_responses(
    path: str | Path,
    items: Mapping[str, str] | str | Path | Questionnaire | None = None,
    *,
    scale: str = "hai_long_5",
    numbers: Numbers = "words",
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    sensitive: Sequence[Literal["gender", "ethnicity", "religion"]] = (),
    sheet: str | None = None,
    date_order: DateOrder = "auto",
    corrections: str | Path | None = None,
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load the answers to a survey.

    Parameters
    ----------
    path, columns, unit, sheet, date_order, corrections, declaration, limits
        As for :func:`dvresearch.load_dossiers`.
    items : mapping, str, Path or Questionnaire, optional
        Item -> header in the file (``{"q1": "1. Thời gian giải quyết"}``), a questionnaire of the package
        (``"one-stop"``) or a TOML file, see :func:`dvresearch.questionnaire`. Items without a header of their own are
        found by their code or by their wording. Without it the questionnaire that is declared.
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
    known = [c.name for c in SENSITIVE]
    for name in sensitive:
        check_choice("sensitive", name, known)
    stated = items if items is not None else declared(path, "responses", declaration)[0].items
    if stated is None:
        raise ParameterError("items-not-named")
    asked = stated if isinstance(stated, Questionnaire) else questionnaire(stated, scale=scale, numbers=numbers)
    short = _short(columns, sheet, {"unit": unit}, date_order=date_order, corrections=corrections)
    frame = _load(path, "responses", declaration, asked=asked, sensitive=sensitive, limits=limits, **short)
    frame.attrs["load"] |= {"items": asked.scales, "reversed": asked.reversed}
    return frame


def contract(asked: Questionnaire, sensitive: Sequence[str] = ()) -> Table:
    """Return the contract of the answers to a questionnaire, see ``tables.responses_table``."""
    return responses_table(asked.scales, sensitive, asked.codes, asked.titles)


def _finish_responses(asked: Questionnaire) -> Callable[[Reading], None]:
    def finish(reading: Reading) -> None:
        absent = [item for item in asked.scales if item not in reading.block.columns]
        if absent:
            titles = ", ".join(showable(t) for t in reading.block.titles if t)[:1500]
            where = reading.sheet.where(reading.block.top)
            give = [Answer("columns", absent[0], "…")]
            raise DataError("items-not-there", where=where, got=titles, give=give, items=", ".join(absent))
        _refuse_bare_numbers(reading, asked)

    return finish


def _refuse_bare_numbers(reading: Reading, asked: Questionnaire) -> None:
    """Say what to type when the answers are numbers and nobody has said which way they run."""
    items = {at: name for name, at in reading.block.columns.items() if name in asked.scales}
    number = shape("0")
    wrong = [p for p in reading.problems if p.code == "not_in_list" and p.column in items and p.looks == number]
    # codes of no answer alone do not say which way the others run
    stated = {item for item, codes in asked.codes.items() if not set(codes.values()) <= set(NO_ANSWER)}
    if wrong and all(items[p.column] not in stated for p in wrong):
        where = reading.sheet.where(wrong[0].row, wrong[0].column)
        raise DataError("answers-are-numbers", where=where, count=len(wrong))


# --- plan targets ----------------------------------------------------------------------------------------------------


def load_targets(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    period: str | None = None,
    sheet: str | None = None,
    corrections: str | Path | None = None,
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load plan targets and their results.

    Parameters
    ----------
    path, columns, unit, sheet, corrections, declaration, limits
        As for :func:`dvresearch.load_dossiers`.
    period : str, optional
        The period of all targets (``"2025"``), for a file that has no such column.

    Returns
    -------
    DataFrame
        Columns of ``tables.TARGETS``; index and ``attrs["load"]`` as for :func:`dvresearch.load_dossiers`. A
        percentage is read in per cent (``85 %`` is 85). A plan or result that is not known is missing.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells have to be mended; the message names them all by row.
    ParameterError
        For an unknown column.
    """
    short = _short(columns, sheet, {"unit": unit, "period": period}, corrections=corrections)
    return _load(path, "targets", declaration, limits=limits, **short)


#: What is wrong with a target that cannot be judged is a check of the codebook; these leave one side merely unknown.
_UNKNOWN = ("", "plan-without-number", "result-without-number")


def _finish_targets(reading: Reading) -> None:
    """Read plan and result on one scale, with the words that say which way is better."""
    frame, stated = reading.frame, reading.stated
    sides = {reading.block.columns.get(name) for name in ("planned", "result")}
    odd = {(p.sheet.name, p.row, p.column) for p in reading.problems if p.code in ("odd_cell", "struck_cell")}
    kept = [p for p in reading.problems if p.column not in sides or p.code in ("odd_cell", "struck_cell")]
    reading.problems = kept
    cells = {name: reading.raw(name) for name in ("planned", "result")}
    style = {"comma": "vi", "dot": "en"}.get(stated.decimal) or column_style([*cells["planned"], *cells["result"]])
    if style == "mixed":
        answers = [Answer("decimal", word) for word in ("comma", "dot")]
        reading.ask("decimal-mixed", column="planned", answers=answers, blocking=True)
    extra = {word: reading.beside(words) for word, words in (("unit", ("dvt", "donvitinh")), ("note", ("ghichu",)))}
    unused = set(stated.direction) - set(frame["indicator"])
    if unused:
        raise DataError("declared-target-not-there", where=reading.sheet.where(), got=", ".join(sorted(unused)))
    given = frame["direction"].tolist() if "direction" in frame else [None] * len(frame)
    rows = [
        target_row(
            str(name),
            plan,
            result,
            direction=stated.direction.get(str(name)) or (way if isinstance(way, str) else None),  # type: ignore[arg-type]
            style=style if style in ("vi", "en") else "auto",  # type: ignore[arg-type]
            **{word: texts[i] for word, texts in extra.items()},
        )
        for i, (name, plan, result, way) in enumerate(
            zip(frame["indicator"], cells["planned"], cells["result"], given, strict=True)
        )
    ]
    for i, row in enumerate(rows):
        if row.problem in _UNKNOWN:
            continue
        side = "result" if row.problem.startswith("result") else "planned"
        block, at = reading.origin(i)
        if (block.sheet.name, at, block.columns.get(side)) not in odd:
            reading.problem(f"target_{row.problem.replace('-', '_')}", i, side)
    frame["planned"] = [row.planned for row in rows]
    frame["result"] = [row.result for row in rows]
    ways = pd.Series([row.direction for row in rows], index=frame.index, dtype="str")
    if "direction" in frame:
        frame["direction"] = ways
    else:
        frame.insert(frame.columns.get_loc("result") + 1, "direction", ways)


# --- self-assessment -------------------------------------------------------------------------------------------------


def load_rubric(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    zero_rule: Literal["full", "zero", "excluded"] | None = None,
    sheet: str | None = None,
    corrections: str | Path | None = None,
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load self-assessment sheets.

    Parameters
    ----------
    path, columns, unit, sheet, corrections, declaration, limits
        As for :func:`dvresearch.load_dossiers`.
    zero_rule : {"full", "zero", "excluded"}, optional
        What every criterion gives when there was nothing to do, for a file that has no such column.

    Returns
    -------
    DataFrame
        Columns of ``tables.RUBRIC``, those the file has; index and ``attrs["load"]`` as for
        :func:`dvresearch.load_dossiers`. A heading that adds up the criteria below it (``I`` above ``1``, ``1`` above
        ``1.1``, told by the column of numbers) is left out, and its rows are listed under ``skipped``. Of the evidence
        only whether it is given is kept.

    Raises
    ------
    DataError
        When the file or its header cannot be used, or cells have to be mended; the message names them all by row.
    ParameterError
        For an unknown rule or column.
    """
    if zero_rule is not None:
        check_choice("zero_rule", zero_rule, tuple(RUBRIC.column("zero_rule").words))
    short = _short(columns, sheet, {"unit": unit, "zero_rule": zero_rule}, corrections=corrections)
    return _load(path, "rubric", declaration, limits=limits, **short)


_ORDINAL = re.compile(r"(so )?(tt|stt|thu tu)")
_NO_NUMBER = 99
_DEPTHS = (re.compile(r"[A-HK-U]"), re.compile(r"[IVX]+"), re.compile(r"\d+(?:\.\d+)*"))


def _depth(code: object) -> int:
    """Return how deep a number stands: A, then I, then 1, then 1.1; what has no number stands below them all."""
    text = code.strip(" .)") if isinstance(code, str) else ""
    if _DEPTHS[2].fullmatch(text):
        return 2 + text.count(".")
    return next((i for i, pattern in enumerate(_DEPTHS[:2]) if pattern.fullmatch(text)), _NO_NUMBER)


def _finish_rubric(reading: Reading) -> None:
    """Leave out the rows that add up those below them."""
    frame, block = reading.frame, reading.block
    codes = frame.get("criterion_code")
    if codes is None:
        at = next((i for i, t in enumerate(block.titles) if _ORDINAL.fullmatch(plain(t))), None)
        if at is None:
            return
        codes = reading.cells(at)
    depths, maxima = codes.map(_depth).tolist(), frame["maximum"].tolist()
    units = frame["unit"].fillna("").tolist() if "unit" in frame else [""] * len(frame)
    sums = []
    for i, depth in enumerate(depths):
        below = []
        for j in range(i + 1, len(depths)):
            if depths[j] <= depth or units[j] != units[i]:
                break
            below.append(j)
        # Without numbers of their own the rows below are parts only if several add up.
        numbered = any(depths[j] < _NO_NUMBER for j in below)
        parts = sum(maxima[j] for j in below if depths[j] == min(depths[k] for k in below))
        if numbered or (len(below) > 1 and abs(parts - maxima[i]) < 1e-9):
            sums.append(i)
            if abs(parts - maxima[i]) > 1e-9:
                reading.notes.append(Note("rubric_sums", f"{frame.index[i]}: {maxima[i]:g} ≠ {parts:g}"))
    reading.leave_out("sum", sums)


_KINDS: dict[str, _Kind] = {
    "dossiers": _Kind(DOSSIERS, ("received",), (), _finish_dossiers),
    "cases": _Kind(CASES, ("received",), (), _finish_cases, _book),
    "models": _Kind(MODELS, ("unit", "states_name", "model"), (), _finish_models),
    "targets": _Kind(TARGETS, ("indicator",), ("indicator",), _finish_targets),
    "rubric": _Kind(RUBRIC, ("maximum",), ("criterion",), _finish_rubric),
}
