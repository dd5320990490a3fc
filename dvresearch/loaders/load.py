"""The loaders of the tables of records: one way to read, what is special of each table in ``kinds.py``."""

from __future__ import annotations

import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from dvresearch.errors import Answer, DataError, ParameterError, check_choice
from dvresearch.loaders.cells import convert_dates
from dvresearch.loaders.convert import convert_records, is_long
from dvresearch.loaders.corrections import CORRECTIONS
from dvresearch.loaders.declaration import WORDS, Declaration, Stated, declared, declared_once
from dvresearch.loaders.guard import LIMITS, Limits, shown_name
from dvresearch.loaders.headers import SERIAL_TITLES, key
from dvresearch.loaders.kinds import KINDS, survey
from dvresearch.loaders.questionnaires import Numbers, Questionnaire, questionnaire
from dvresearch.loaders.reading import Kind, Reading, date_only, in_order, read
from dvresearch.loaders.sheets import LoadReport, texts
from dvresearch.tables import DOSSIERS, SENSITIVE, TABLES, check

__all__ = [
    "OpenQuestion", "load_cases", "load_dossiers", "load_models", "load_responses", "load_rubric", "load_targets",
    "readings",
]  # fmt: skip

#: Share of the rows of a sheet that stand in others, too, from which it repeats them.
_MOST = 0.9
#: Share of different rows in a sheet below which rows alike are chance, not the same record.
_DIFFERENT = 0.7
_FEW = 3  # rows below which nothing is concluded
#: Share of rows that repeat to the minute from which they are more than two people at one counter.
_MINUTES = 0.1


class OpenQuestion(UserWarning):
    """A file leaves something open that does not stop its reading."""


# --- one way to read -------------------------------------------------------------------------------------------------


def readings(
    path: str | Path,
    kind: str,
    stated: Stated = None,
    *,
    limits: Limits = LIMITS,
    key_salt: str | None = None,
    scale: str = "hai_long_5",
    numbers: Numbers = "words",
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
    scale, numbers, sensitive
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
            items = said.items
            if items is None:
                raise ParameterError("items-not-named")
            if not isinstance(items, Questionnaire):
                items = questionnaire(items, scale=scale, numbers=numbers)
            items = items.numbered(said.numbers) if said.numbers else items
            # declared by name, an attribute is asked for
            named = [c.name for c in SENSITIVE if c.name in said.columns.values()]
            what = survey(items, [*dict.fromkeys((*sensitive, *named))])
            said = replace(said, columns={**{h: i for i, h in items.headers.items()}, **said.mapping(what.table)})
        else:
            what = KINDS[kind]
        changes = _changes(said.corrections, limits) if said.corrections is not None else None
        reading = read(path, what, said, key_salt=key_salt, changes=changes, limits=limits)
        what.finish(reading)
        out.append(reading)
    _look_for_repeats(out)
    places = [(p.block.sheet.name, p.block.top, p.block.left) for reading in out for p in reading.parts]
    if twice := next((place for place in places if places.count(place) > 1), None):
        raise DataError("sheet-declared-twice", where=shown_name(Path(path)), got=twice[0], sheet=twice[0])
    # a file whose tables are declared one by one is still one file
    ended = any(reading.frame["resolved"].notna().any() for reading in out if "resolved" in reading.frame)
    read_here = {name for name, *_ in places}
    settled = read_here.union(*(reading.stated.unread for reading in out))
    for reading in out:
        reading.unread = [(name, why) for name, why in reading.unread if name not in read_here]
        answered = [
            (ended and q.code == "nothing-finished" and "resolved" in reading.frame)
            or (q.code == "sheet-unread" and q.blanks["sheet"] in settled)
            for q in reading.questions
        ]
        reading.questions = [q for q, done in zip(reading.questions, answered, strict=True) if not done]
    return out


def _changes(path: str | Path, limits: Limits) -> pd.DataFrame:
    listed = read(path, Kind(CORRECTIONS, ("row",)), Declaration(), limits=limits)
    listed.refuse()
    listed.frame.attrs["file"] = shown_name(Path(path))
    return listed.frame


def _load(
    path: str | Path,
    kind: str,
    stated: Stated,
    limits: Limits,
    columns: Mapping[str, str] | None,
    sheet: str | None,
    given: Mapping[str, str | None],
    **options: Any,
) -> pd.DataFrame:
    """Return the records of a file, with the account of the reading; a `DataError` where they cannot be used.

    `columns`, `sheet` and `given` are keywords of the loaders, `options` what :func:`readings` takes.
    """
    given = {name: value for name, value in given.items() if value is not None}
    for name, value in given.items():
        if words := TABLES[kind].column(name).words:
            check_choice(name, value, words)
    options |= {"given": given, "columns": dict(columns or {}), "sheets": (sheet,) if sheet else ()}
    long = kind == "dossiers" and options.get("key_salt") is None and is_long(Path(path), limits)
    said = declared_once(path, kind, stated, **options) if long else None
    if said and said.corrections is None:
        parts, frames = _load_long(Path(path), said)
    else:
        parts = readings(path, kind, stated, limits=limits, **options)
        frames = [reading.checked() for reading in parts]
    for question in (q for reading in parts for q in reading.questions):
        text = question.text()
        warnings.warn(f"{question.where}: {text.vi}\n{text.en}", OpenQuestion, stacklevel=3)
    return frames[0] if len(frames) == 1 else _joined(parts, frames)


def _joined(parts: Sequence[Reading], frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the records of tables that are declared one by one, and how the file as a whole was read."""
    named = [f"{r.sheet.name}!" for r in parts]
    frame = pd.concat([f.set_axis([f"{n}{i}" for i in f.index]) for n, f in zip(named, frames, strict=True)])
    frame.index.name = "row"
    frame = in_order(frame, parts[0].table)
    reports = [f.attrs["load"] for f in frames]
    whole = _together(reports)
    for accounts in zip(*(r.accounts for r in parts), strict=True):
        for other in accounts[1:]:
            accounts[0].join(other)
        whole["account"][accounts[0].sheet.name] = accounts[0].settle()
    whole["date_only"] = date_only(frame)
    frame.attrs["load"] = LoadReport(whole | {"tables": reports})
    return frame


def _together(said: Sequence[Any]) -> Any:
    """Join what the reports of several tables say under one key: counts are added, lists set one behind the other."""
    first = said[0]
    if isinstance(first, Mapping):
        names = dict.fromkeys(name for one in said for name in one)
        return {name: _together([one[name] for one in said if name in one]) for name in names}
    if isinstance(first, list | tuple):
        joined: list[Any] = []
        for item in (item for one in said for item in one):
            # what is said of the file itself is said once; numbers of rows are those of different sheets
            joined += [item] if isinstance(item, int) or item not in joined else []
        return joined
    if isinstance(first, bool):
        return all(said)
    return sum(said) if isinstance(first, int) else ", ".join(dict.fromkeys(map(str, said)))


# --- records that stand in a file twice -------------------------------------------------------------------------------


def _look_for_repeats(readings: Sequence[Reading]) -> None:
    """Ask about rows and sheets of a file that repeat others; set rows aside where that is declared.

    Codes that repeat are found by the screening; here nothing but the whole record tells. Whether two records alike are
    one is for the office to say, so both are questions.
    """
    dated = [r for r in readings if any(c.kind in ("date", "time") for c in r.table.columns)]
    for reading in dated:
        rows = _pasted(reading)
        if rows and reading.stated.repeats == "set_aside":
            reading.leave_out("repeat", rows)
        elif rows and not reading.stated.repeats:
            answers = [Answer("repeats", str(word)) for word in WORDS["repeats"]]
            where = reading.where("", rows[:10], len(rows) - 10)
            reading.ask("records-repeat", where=where, answers=answers, blocking=True, count=len(rows))
    _ask_sheets(dated)


def _pasted(reading: Reading) -> list[int]:
    """Return the positions of records without a key that repeat one above in every cell, a time of day among them."""
    frame, table = reading.frame, reading.table
    alike = frame.duplicated(keep=False)
    if table.key[0] in frame:
        alike &= frame[table.key[0]].isna()
    places = np.flatnonzero(alike).tolist()
    if not places:
        return []
    instants = {}
    for name in (c.name for c in table.columns if c.kind in ("date", "time")):
        cells, zone = reading.raw(name), reading.stated.timezone or None
        instants[name] = convert_dates([cells[p] for p in places], order=reading.date_order, zone=zone).content
    clocks = pd.DataFrame(instants)
    timed = ((clocks != clocks.apply(lambda c: c.dt.normalize())) & clocks.notna()).any(axis=1)
    records = []
    for block, row in map(reading.origin, places):
        titled = zip(block.sheet.columns, block.titles, strict=False)
        records.append((block.sheet.name, *texts(c[row] for c, title in titled if key(title) not in SERIAL_TITLES)))
    found = np.array(places)[pd.Series(records, dtype=object).duplicated() & timed].tolist()
    to_the_second = bool(clocks.apply(lambda c: c.dt.second.gt(0).any()).any())
    return found if to_the_second or len(found) >= max(_FEW, _MINUTES * len(frame)) else []


def _ask_sheets(readings: Sequence[Reading]) -> None:
    """Ask about each sheet nearly all of whose records stand in others."""
    owners = {p.block.sheet.name: r for r in readings for p in r.parts}
    if len(owners) < 2:
        return
    table = readings[0].table
    named = [{*p.block.columns} & {*r.frame} for r in readings for p in r.parts]
    shared = [name for name in table.names if all(name in names for names in named)]
    if table.key[0] in shared or not any(table.column(name).kind in ("date", "time") for name in shared):
        return
    records = pd.util.hash_pandas_object(pd.concat([r.frame[shared] for r in readings]), index=False)
    sheets = [p.block.sheet.name for r in readings for p in r.parts for _ in p.body.records]
    rows = {name: Counter(group) for name, group in records.groupby(sheets)}
    for name in sorted(rows, key=lambda name: -rows[name].total()):
        mine, reading = rows[name], owners[name]
        others = {other: (mine & rows[other]).total() for other in rows if other != name}
        same = (mine & sum((rows[other] for other in others), Counter())).total()
        if len(mine) < max(_FEW, _DIFFERENT * mine.total()) or same < _MOST * mine.total():
            continue
        del rows[name]
        if reading.stated.repeats:
            continue
        repeated = [other for other, count in others.items() if count]
        unread = [Answer("unread", [*reading.stated.unread, *left]) for left in ([name], repeated)]
        reading.ask(
            "sheets-repeat",
            where=next(p.block.sheet.where() for p in reading.parts if p.block.sheet.name == name),
            answers=[*unread, Answer("repeats", "keep")],
            blocking=True,
            sheet=name,
            count=same,
            others=", ".join(f"“{other}”" for other in repeated),
        )


# --- dossiers --------------------------------------------------------------------------------------------------------


def load_dossiers(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    keep: Sequence[str] = (),
    sheet: str | None = None,
    timezone: str | None = None,
    date_order: Literal["auto", "dmy", "mdy"] = "auto",
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
    options: dict[str, Any] = {"keep": tuple(keep)}
    options |= {"timezone": timezone, "date_order": date_order, "corrections": corrections, "key_salt": key_salt}
    return _load(path, "dossiers", declaration, limits, columns, sheet, {"unit": unit}, **options)


def _load_long(path: Path, said: Declaration) -> tuple[list[Reading], list[pd.DataFrame]]:
    """Load text too long for a grid of cells: through Parquet, which holds the same in a tenth of the memory."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "dossiers.parquet"
        start, report = convert_records(path, target, said)
        frame = pd.read_parquet(target)
    for name in frame.select_dtypes("datetime").columns if said.timezone else ():
        clock = frame[name].dt
        frame[name] = clock.tz_localize(said.timezone, ambiguous=[True] * len(frame), nonexistent="shift_forward")
    first = report.pop("first_row")
    frame.index = pd.Index(range(first, first + len(frame)), name="row")
    check(frame, DOSSIERS, source=shown_name(path))
    frame.attrs["load"] = LoadReport(report)
    return [start], [frame]


# --- cases -----------------------------------------------------------------------------------------------------------


def load_cases(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    kind: Literal["reception", "complaint", "denunciation", "petition", "feedback", "supervision"] | None = None,
    sheet: str | None = None,
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load a book of receptions, petitions or feedback, or several in one workbook.

    Parameters
    ----------
    path, columns, unit, sheet, declaration, limits
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
        For an unknown kind.
    """
    return _load(path, "cases", declaration, limits, columns, sheet, {"unit": unit, "kind": kind})


# --- models ----------------------------------------------------------------------------------------------------------


def load_models(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    sheet: str | None = None,
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load a register of models.

    Parameters
    ----------
    path, columns, unit, sheet, declaration, limits
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
    """
    return _load(path, "models", declaration, limits, columns, sheet, {"unit": unit})


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
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load the answers to a survey.

    Parameters
    ----------
    path, columns, unit, sheet, declaration, limits
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
        One that a declaration names (``"Giới tính" = "gender"``) is loaded too. They remain personal data; every table
        by them has to pass the privacy threshold, as
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
        For an unknown scale, attribute or word.
    """
    for name in sensitive:
        check_choice("sensitive", name, [c.name for c in SENSITIVE])
    options: dict[str, Any] = {"items": items, "scale": scale, "numbers": numbers, "sensitive": sensitive}
    return _load(path, "responses", declaration, limits, columns, sheet, {"unit": unit}, **options)


# --- plan targets ----------------------------------------------------------------------------------------------------


def load_targets(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    period: str | None = None,
    sheet: str | None = None,
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load plan targets and their results.

    Parameters
    ----------
    path, columns, unit, sheet, declaration, limits
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
    """
    return _load(path, "targets", declaration, limits, columns, sheet, {"unit": unit, "period": period})


# --- self-assessment -------------------------------------------------------------------------------------------------


def load_rubric(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    zero_rule: Literal["full", "zero", "excluded"] | None = None,
    sheet: str | None = None,
    declaration: Stated = None,
    limits: Limits = LIMITS,
) -> pd.DataFrame:
    """Load self-assessment sheets.

    Parameters
    ----------
    path, columns, unit, sheet, declaration, limits
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
        For an unknown rule.
    """
    return _load(path, "rubric", declaration, limits, columns, sheet, {"unit": unit, "zero_rule": zero_rule})
