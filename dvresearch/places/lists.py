"""Administrative units: their lists, their names, the crosswalk from 63 provinces to 34.

Codes repeat across versions and levels, so a unit is known by version, level, code and
name together. Complete lists are kept of the provinces only; a unit below has its
province's code, and no own code where the source does not give one.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from typing import Literal

import pandas as pd

from dvresearch import shipped
from dvresearch.errors import DataError, Text, check_choice, message, refuse_cells, refuse_rows
from dvresearch.tables import UNIT_KEY, UNITS, check
from dvresearch.text import plain

__all__ = ["MERGED_ON", "crosswalk", "match", "settle", "units"]

#: The day from which the 34 provinces count and districts are no more.
MERGED_ON = pd.Timestamp(2025, 7, 1)

#: File, number of units and of their communes: 34 and 3,321 as the merger map counts them, 63 and 10,035 as the
#: former list does (both named in data/raw/sources.csv).
_FILES = {"63": ("units-63.csv", 63, 10_035), "34": ("units-34.csv", 34, 3_321)}
_DISTRICTS = "units-63-districts.csv"
#: Words that say what kind of unit a name is, without diacritics, and what they are in `UNITS`.
_TYPES = {
    "uy ban nhan dan": "",
    "ubnd": "",
    "thanh pho": "thành phố",
    "tp": "thành phố",
    "t p": "thành phố",
    "tinh": "tỉnh",
    "quan": "quận",
    "huyen": "huyện",
    "thi xa": "thị xã",
}


def units(version: Literal["63", "34"], level: Literal["province", "district"] = "province") -> pd.DataFrame:
    """Return the administrative units of a version.

    Parameters
    ----------
    version : {"63", "34"}
        ``63``: the provinces to 30 June 2025; ``34``: those from 1 July 2025.
    level : {"province", "district"}, default "province"
        ``district`` gives the few districts that the published figures speak of (version 63 only).

    Returns
    -------
    DataFrame
        The columns of ``tables.UNITS``; ``successor`` is the code among the 34.

    Raises
    ------
    ParameterError
        When there are no such units.
    """
    check_choice("version", version, tuple(_FILES))
    check_choice("level", level, ("province", "district") if version == "63" else ("province",))
    return _units(version, level).copy()


@cache
def _units(version: str, level: str) -> pd.DataFrame:
    name, count, communes = (_DISTRICTS, None, None) if level == "district" else _FILES[version]
    frame = shipped.cells(name)
    for column in UNITS.columns:
        if column.kind in ("count", "number"):
            frame[column.name] = pd.to_numeric(frame[column.name].where(frame[column.name] != ""))
        elif column.kind == "date":
            frame[column.name] = pd.to_datetime(frame[column.name].where(frame[column.name] != ""))
    check(frame, UNITS, source=name, first_row=2)
    if count is not None and (len(frame), frame["communes"].sum()) != (count, communes):
        got = f"{len(frame)}, {frame['communes'].sum():.0f}"
        raise DataError("list-of-units-incomplete", where=name, got=got, count=count, communes=communes)
    return frame


def crosswalk(old: Literal["63"] = "63", new: Literal["34"] = "34") -> pd.DataFrame:
    """Return which new province each old one became part of.

    Parameters
    ----------
    old, new : {"63"}, {"34"}
        The versions; there is one crosswalk.

    Returns
    -------
    DataFrame
        One row per old province: ``unit_code``, ``unit``, ``successor``, ``successor_unit``, ``relation``
        (``unchanged`` or ``merged``) and ``valid_from``, the day from which the new one counts. No old province was
        divided between two new ones, so counts of provinces add up.

    Raises
    ------
    ParameterError
        For any other pair of versions.
    """
    check_choice("old", old, ("63",))
    check_choice("new", new, ("34",))
    out = _units("63", "province")[["unit_code", "unit", "successor"]].copy()
    later = _units("34", "province").set_index("unit_code")["unit"]
    out["successor_unit"] = out["successor"].map(later)
    parts = out["successor"].map(out["successor"].value_counts())
    out["relation"] = parts.eq(1).map({True: "unchanged", False: "merged"})
    out["valid_from"] = MERGED_ON
    return out


def match(
    names: Iterable[str],
    version: Literal["63", "34"],
    level: Literal["province", "district"] | None = "province",
    *,
    rows: Sequence[Hashable] | None = None,
    where: str = "unit",
) -> pd.DataFrame:
    """Find the units that names mean.

    Parameters
    ----------
    names : iterable of str
        Names as people write them: with or without diacritics, ``TP.``, ``tỉnh`` or ``UBND``, old and new
        placement of the tone mark, hyphens, usual abbreviations.
    version : {"63", "34"}
        Whose names they are.
    level : {"province", "district"} or None, default "province"
        ``None`` looks through all levels that are kept; a name that means two units is then refused.
    rows : sequence, optional
        What the source calls each row, for messages; 1, 2, 3 ... when not given.
    where : str, default "unit"
        File or column the names come from, for messages.

    Returns
    -------
    DataFrame
        A row per name, in the same order: the columns of the unit key and ``parent_code``.

    Raises
    ------
    DataError
        At an unknown or ambiguous name; the message lists the rows and the nearest known names.
    """
    names = list(names)
    numbers = list(rows) if rows is not None else list(range(1, len(names) + 1))
    _refuse_blank(pd.Series(names, index=numbers, dtype="str"), where)
    index = _names(version, level)
    found = [_look_up(name, index) for name in names]
    unknown: dict[str, list[Hashable]] = defaultdict(list)
    for name, row, hits in zip(names, numbers, found, strict=True):
        if not hits:
            unknown[name].append(row)
        if len(hits) > 1:
            meant = "; ".join(f"{r['unit_level']} {r['unit']}" for r in hits)
            raise DataError("name-of-two-units", got=meant, where=f"{where}, dòng/row {row}", rows=[row], name=name)
    if unknown:
        raise _unknown(unknown, version, index, where)
    columns = [*UNIT_KEY, "parent_code"]
    return pd.DataFrame([{c: hits[0][c] for c in columns} for hits in found], columns=columns)


def settle(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Give the provinces of a table their official name and code, and refuse units that cannot exist.

    Parameters
    ----------
    frame : DataFrame
        A table with the unit columns; its index holds the rows as the source counts them.
    where : str
        Name of the source, for messages.

    Returns
    -------
    DataFrame
        The same rows.

    Raises
    ------
    DataError
        When a province is unknown or its code is another one's, the version or level is not stated, or a unit's
        ``parent_code`` is no province of its version.
    """
    frame = frame.copy()
    _refuse_blank(frame["unit"], f"{where}, cột/column unit")
    below = frame["unit_level"].isin(["district", "commune", "department", "centre"])
    placed = frame["unit_level"].eq("province") | (below & frame["unit_version"].ne(""))
    refuse_rows(
        frame.index[frame["unit_level"].eq("") | (placed & ~frame["unit_version"].isin(list(_FILES)))],
        "level-or-version-missing",
        where=where,
        got=lambda row: f"unit_level={frame.loc[row, 'unit_level']!r}, unit_version={frame.loc[row, 'unit_version']!r}",
    )
    for version in _FILES:
        known = set(_units(version, "province")["unit_code"])
        mine = frame["unit_version"].eq(version)
        parents = frame["parent_code"]
        refuse_cells(parents, mine & below & ~parents.isin(known), "code-of-no-province", where)
        rows = frame.index[mine & frame["unit_level"].eq("province")]
        if not len(rows):
            continue
        # names repeat a lot in a long file: look each one up once
        first = frame.loc[rows].drop_duplicates("unit")
        try:
            hits = match(first["unit"], version, rows=list(first.index), where=f"{where}, cột/column unit")  # type: ignore[arg-type]
        except DataError as fault:
            alike = frame.loc[rows, "unit"].isin(frame.loc[list(fault.rows), "unit"])
            fault.rows, fault.column = list(rows[alike]), "unit"
            raise
        keys = hits.set_index(first["unit"].to_numpy())
        codes = frame.loc[rows, "unit"].map(keys["unit_code"])
        stated = frame.loc[rows, "unit_code"]
        refuse_rows(
            stated.index[stated.ne("") & stated.ne(codes)],
            "code-of-another-province",
            where=where,
            column="unit_code",
            got=lambda row: f"{frame.loc[row, 'unit_code']}, {frame.loc[row, 'unit']}",
        )
        frame.loc[rows, "unit"] = frame.loc[rows, "unit"].map(keys["unit"])
        frame.loc[rows, "unit_code"] = codes
    return frame


def _refuse_blank(names: pd.Series, where: str) -> None:
    refuse_rows(names.index[names.str.strip() == ""], "cell-of-unit-empty", where=where, got=lambda _: "")


def _listed(rows: Sequence[Hashable]) -> str:
    return ", ".join(map(str, rows[:5])) + (f" (+{len(rows) - 5})" if len(rows) > 5 else "")


def _bare(name: str) -> tuple[str, str]:
    """Return a name without its type words and spaces, and the type word (empty when none)."""
    words, kind = plain(name), ""
    again = True
    while again:
        again = False
        for word, meaning in _TYPES.items():
            if words.startswith(word + " "):
                words, kind, again = words[len(word) + 1 :], meaning or kind, True
    for word in (" city", " province"):
        words = words.removesuffix(word)
    return words.replace(" ", ""), kind


@cache
def _names(version: str, level: str | None) -> dict[str, list[dict[str, str]]]:
    levels = [level] if level else ["province", "district"] if version == "63" else ["province"]
    out: dict[str, list[dict[str, str]]] = defaultdict(list)
    for each in levels:
        for row in units(version, each).to_dict("records"):  # type: ignore[arg-type]
            for name in {_bare(n)[0] for n in (row["unit"], *str(row["aliases"]).split("|")) if n}:
                out[name].append({str(k): str(v) for k, v in row.items()})
    return dict(out)


def _look_up(name: str, index: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    bare, kind = _bare(name)
    hits = index.get(bare, [])
    typed = [h for h in hits if h["unit_type"] == kind]
    return typed if len(hits) > 1 and typed else hits


def _initials(name: str) -> str:
    return "".join(word[0] for word in plain(name).split())


def _unknown(
    unknown: dict[str, list[Hashable]],
    version: str,
    index: dict[str, list[dict[str, str]]],
    where: str,
) -> DataError:
    names = list(unknown)[:5]
    advice = [_advice(name, version, index) for name in names]
    rows = [row for found in unknown.values() for row in found]
    return DataError(
        "name-of-no-unit",
        got="; ".join(names) + (f" (+{len(unknown) - 5})" if len(unknown) > 5 else ""),
        where=f"{where}, dòng/row {_listed(rows)}",
        rows=rows,
        version=version,
        advice=Text("; ".join(a.vi for a in advice), "; ".join(a.en for a in advice)),
    )


def _advice(name: str, version: str, index: dict[str, list[dict[str, str]]]) -> Text:
    """Say where a former province went, or which units have names near to this one."""
    old = _look_up(name, _names("63", "province")) if version == "34" else []
    if old:
        heir = _units("34", "province").set_index("unit_code")["unit"][old[0]["successor"]]
        return message("name-of-former-province", name=name, heir=heir)
    bare = _bare(name)[0]
    near = [index[n][0]["unit"] for n in difflib.get_close_matches(bare, list(index), 3, 0.6)]
    near += [u for u in dict.fromkeys(r[0]["unit"] for r in index.values()) if _initials(u) == bare][: 3 - len(near)]
    return message("name-near-others" if near else "name-near-no-other", name=name, near=", ".join(near))
