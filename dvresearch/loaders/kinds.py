"""What is special of each kind of table beside the one way to read: its contract, and what is done with a reading."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dvresearch.errors import Answer, DataError
from dvresearch.loaders.declaration import WORDS
from dvresearch.loaders.headers import Block
from dvresearch.loaders.questionnaires import Questionnaire
from dvresearch.loaders.reading import Kind, Reading, in_order
from dvresearch.loaders.sheets import Note, texts
from dvresearch.privacy import holds_person, showable, shown_header
from dvresearch.tables import CASES, DOSSIERS, MODELS, NO_ANSWER, RUBRIC, STAGES, STATES, TARGETS, responses_table
from dvresearch.text import column_style, plain, shape, target_row

__all__ = ["KINDS", "ask_of_dossiers", "near_duplicates", "survey"]


# --- dossiers --------------------------------------------------------------------------------------------------------


def _finish_dossiers(reading: Reading) -> None:
    """Give states that depend on a setting the word it stands for, and ask what the file does not say."""
    frame = reading.frame
    seen: dict[str, Counter[str]] = {}
    for setting, words in STATES.items() if "outcome" in frame else ():
        rows = frame["outcome"] == setting
        if said := getattr(reading.stated, setting):
            frame["outcome"] = frame["outcome"].mask(rows, words[said])
        elif rows.any():
            seen[setting] = Counter(reading.cells("outcome")[rows])
    finished = int(frame["resolved"].notna().sum()) if "resolved" in frame else 0
    ask_of_dossiers(reading, seen, finished, len(frame), frame["unit"].dropna().unique() if "unit" in frame else ())
    _ask_near_duplicates(reading)


def ask_of_dossiers(
    reading: Reading, states: Mapping[str, Counter[str]], finished: int, count: int, units: Sequence[str]
) -> None:
    """Ask what a list of dossiers does not say, of which only the beginning may be in `reading`.

    Parameters
    ----------
    reading : Reading
        The list; ``words`` holds the unknown words of the whole file.
    states : mapping
        Setting that is not declared and on which the meaning of states depends -> their words and how often they occur.
    finished, count : int
        How many dossiers are finished, and how many there are.
    units : sequence of str
        The names that stand as units.
    """
    for setting, said in states.items():
        seen = ", ".join(sorted(f"“{showable(word)}”" for word in said))
        code, answers = f"state-{setting.replace('_', '-')}", [Answer(setting, word) for word in STATES[setting]]
        reading.ask(code, column="outcome", evidence=f"{seen} ({said.total()})", answers=answers)
    _ask_words(reading, "outcome")
    none_said = reading.stated.nothing_finished
    if finished and none_said:
        raise DataError("declared-nothing-finished", where=reading.where("resolved"), got="true", count=finished)
    if not (finished or none_said or "resolved" in reading.block.rivals):
        answers = [Answer("columns", "resolved", "…"), Answer("nothing_finished", True)]
        reading.ask("nothing-finished", column="resolved", answers=answers, count=count)
    _ask_departments(reading, units)


def _ask_words(reading: Reading, column: str) -> None:
    """Ask about the words of a column that no vocabulary knows and on which a number depends."""
    if unknown := reading.words.get(column):
        shown = ", ".join(f"“{word}” ({count})" for word, count in list(unknown.items())[:10])
        known = reading.table.column(column).words
        answers = [Answer(f"words.{column}", code, word) for word in list(unknown)[:10] for code in (*known, "")]
        reading.ask("words-unknown", column=column, evidence=shown, answers=answers, title=column)


#: Letters of other alphabets that look like Latin ones.
_LOOK_ALIKE = str.maketrans("АВЕКМНОРСТУХаеорсухΑΒΕΗΙΚΜΝΟΡΤΥΧΖ", "ABEKMHOPCTYXaeopcyxABEHIKMNOPTYXZ")


def near_duplicates(codes: Sequence[str]) -> pd.Series:
    """Return those of several distinct codes that differ only in case, blanks or letters that look alike."""
    distinct = pd.Series(codes, dtype="str")
    joined = distinct.str.normalize("NFKC").str.translate(_LOOK_ALIKE).str.casefold()
    return distinct[joined.str.replace(r"[\W_]+", "", regex=True).duplicated(keep=False)]


def _ask_near_duplicates(reading: Reading) -> None:
    """Ask about codes that may be one."""
    name = reading.table.key[0]
    if name in reading.frame and len(alike := near_duplicates(reading.frame[name].dropna().unique())):
        rows = np.flatnonzero(reading.frame[name].isin(alike)).tolist()
        where = reading.where(name, rows[:10], len(rows) - 10)
        reading.ask("near-duplicates", where=where, column=name, count=len(alike))


_DEPARTMENT = re.compile(
    r"(phong|ban|bo phan|trung tam|van phong|to|hoi|chi hoi|doan|cong an|quan su|tram|thon|ban quan ly)\b"
)


def _ask_departments(reading: Reading, names: Sequence[str]) -> None:
    """Ask whether what stands as the unit are bodies inside one."""
    if "unit" in reading.stated.given:
        return
    inside = [u for u in names if _DEPARTMENT.match(plain(u))]
    if len(inside) > len(names) / 2:
        shown = ", ".join(showable(u) for u in inside[:3])
        title = shown_header(reading.block.titles[reading.block.columns["unit"]])
        answers = [Answer("given", "…", "unit"), Answer("columns", "department", title)]
        reading.ask("unit-is-department", column="unit", evidence=f"“{title}”: {shown}", answers=answers)


# --- cases -----------------------------------------------------------------------------------------------------------


#: Books whose rows are all of one kind, whatever a column says of the matter: words of their titles.
_BOOKS = {
    "reception": re.compile(r"\b(tiep (cong )?dan|tcd)\b"),
    "feedback": re.compile(r"\b(pakn|phan anh,? kien nghi)\b"),
}
_OTHER_BOOKS = re.compile(r"\b(khieu nai|to cao|don thu|kntc)\b")


def _book(block: Block) -> dict[str, str]:
    """Return the kind of a book of cases, when both its title and the name of its sheet say it."""
    above = plain(" ".join(t for row in block.sheet.rows(0, block.top) for t in texts(row)))
    name = plain(block.sheet.called or block.sheet.name)
    other = _OTHER_BOOKS.search(f"{name} {above}")
    kinds = [kind for kind, words in _BOOKS.items() if words.search(name) and words.search(above) and not other]
    return {"kind": kinds[0]} if len(kinds) == 1 else {}


def _finish_cases(reading: Reading) -> None:
    _ask_words(reading, "outcome")
    _ask_near_duplicates(reading)


# --- models ----------------------------------------------------------------------------------------------------------


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
    _ask_departments(reading, frame["unit"].dropna().unique() if "unit" in frame else ())


# --- survey answers --------------------------------------------------------------------------------------------------


def survey(asked: Questionnaire, sensitive: Sequence[str] = ()) -> Kind:
    """Return the kind of table that holds the answers to a questionnaire."""

    def finish(reading: Reading) -> None:
        absent = [item for item in asked.scales if item not in reading.block.columns]
        if absent:
            titles = ", ".join(shown_header(t) for t in reading.block.titles if t)[:1500]
            where = reading.sheet.where(reading.block.top)
            give = [Answer("columns", absent[0], "…")]
            raise DataError("items-not-there", where=where, got=titles, give=give, items=", ".join(absent))
        _refuse_bare_numbers(reading, asked)

    table = responses_table(asked.scales, sensitive, asked.codes, asked.titles)
    told = {"items": asked.scales, "reversed": asked.reversed}
    return Kind(table, tuple(asked.scales), finish=finish, told=told)


def _refuse_bare_numbers(reading: Reading, asked: Questionnaire) -> None:
    """Say what to type when the answers are numbers and nobody has said which way they run."""
    items = {at: name for name, at in reading.block.columns.items() if name in asked.scales}
    number = shape("0")
    wrong = [p for p in reading.problems if p.code == "not_in_list" and p.column in items and p.looks == number]
    # codes of no answer alone do not say which way the others run
    stated = {item for item, codes in asked.codes.items() if not set(codes.values()) <= set(NO_ANSWER)}
    answers = reading.frame[[*items.values()]]
    worded = reading.rows((answers.notna() & ~answers.isin(NO_ANSWER)).any(axis=1))
    # below the last answer in words, numbers are those of a summary: cells to mend like any other
    summary = bool(worded) and all(p.row > max(worded) for p in wrong)
    if wrong and not summary and all(items[p.column] not in stated for p in wrong):
        where = reading.sheet.where(wrong[0].row, wrong[0].column)
        give = [Answer("numbers", str(way)) for way in WORDS["numbers"]]
        raise DataError("answers-are-numbers", where=where, give=give, count=len(wrong))


# --- plan targets ----------------------------------------------------------------------------------------------------


#: What is wrong with a target that cannot be judged is a check of the codebook; these leave one side merely unknown.
_UNKNOWN = ("", "plan-without-number", "result-without-number")
#: Problems of cells that hold no content of their own.
_ODD = ("odd_cell", "struck_cell")


#: 1,500 and 2,000 households: thousands in English, one and a half in Vietnamese.
_GROUP = re.compile(r"(?<![\d.,])[1-9]\d{0,2},\d{3}(?![\d.,]*\d)")


def _finish_targets(reading: Reading) -> None:
    """Read plan and result on one scale, with the words that say which way is better."""
    frame, stated = reading.frame, reading.stated
    sides = {reading.block.columns.get(name) for name in ("planned", "result")}
    odd = {(p.sheet.name, p.row, p.column) for p in reading.problems if p.code in _ODD}
    reading.problems = [p for p in reading.problems if p.column not in sides or p.code in _ODD]
    planned, result = reading.raw("planned"), reading.raw("result")
    style = {"comma": "vi", "dot": "en"}.get(stated.decimal) or column_style([*planned, *result])
    answers = [Answer("decimal", word) for word in ("comma", "dot")]
    if style == "mixed":
        reading.ask("decimal-mixed", column="planned", answers=answers, blocking=True)
    elif style == "unknown" and (seen := sum(isinstance(c, str) and bool(_GROUP.search(c)) for c in planned + result)):
        reading.ask("decimal-comma-doubtful", column="planned", evidence=str(seen), answers=answers, blocking=True)
    if unused := set(stated.direction) - set(frame["indicator"]):
        raise DataError("declared-target-not-there", where=reading.sheet.where(), got=", ".join(sorted(unused)))
    known: Any = style if style in ("vi", "en") else "auto"
    names = frame["indicator"].map(str)
    told = frame["direction"] if "direction" in frame else [None] * len(frame)
    ways = [stated.direction.get(n) or (w if isinstance(w, str) else None) for n, w in zip(names, told, strict=True)]
    units, notes = reading.beside(("dvt", "donvitinh")), reading.beside(("ghichu",))
    rows = [
        target_row(name, plan, done, direction=way, style=known, unit=unit, note=note)
        for name, plan, done, way, unit, note in zip(names, planned, result, ways, units, notes, strict=True)
    ]
    for i, row in enumerate(rows):
        side = "result" if row.problem.startswith("result") else "planned"
        block, at = reading.origin(i)
        if row.problem not in _UNKNOWN and (block.sheet.name, at, block.columns.get(side)) not in odd:
            reading.problem(f"target_{row.problem.replace('-', '_')}", i, side)
    frame["planned"], frame["result"] = [row.planned for row in rows], [row.result for row in rows]
    frame["direction"] = pd.Series([row.direction for row in rows], index=frame.index, dtype="str")
    reading.frame = in_order(frame, reading.table)


# --- self-assessment -------------------------------------------------------------------------------------------------


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
    sums, count = [], len(depths)
    for i, depth in enumerate(depths):
        end = next((j for j in range(i + 1, count) if depths[j] <= depth or units[j] != units[i]), count)
        least = min(depths[i + 1 : end], default=_NO_NUMBER)
        parts = sum(maxima[j] for j in range(i + 1, end) if depths[j] == least)
        differ = abs(parts - maxima[i]) > 1e-9
        # Without numbers of their own the rows below are parts only if several add up.
        if least < _NO_NUMBER or (end > i + 2 and not differ):
            sums.append(i)
            if differ:
                reading.notes.append(Note("rubric_sums", f"{frame.index[i]}: {maxima[i]:g} ≠ {parts:g}"))
    reading.leave_out("sum", sums)


KINDS = {
    "dossiers": Kind(DOSSIERS, ("received",), single=True, finish=_finish_dossiers),
    "cases": Kind(CASES, ("received",), numbers=True, added=True, single=True, titled=_book, finish=_finish_cases),
    "models": Kind(MODELS, ("unit", "states_name", "model"), finish=_finish_models),
    "targets": Kind(TARGETS, ("indicator",), ("indicator",), numbers=True, finish=_finish_targets),
    "rubric": Kind(RUBRIC, ("maximum",), ("criterion",), numbers=True, added=True, finish=_finish_rubric),
}
