"""A register of models and outcomes put together: which unit adopted when, and what was measured in each period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, Text, check_choice, refuse_rows
from dvresearch.metrics.comparisons import refuse_mixed, refuse_whole_and_parts
from dvresearch.metrics.effects.sample import check_columns, check_share, period_numbers, read_periods, refuse_twice
from dvresearch.metrics.effects.stages import read_register, refuse_early_stop
from dvresearch.metrics.estimates import ALL, column_numbers, is_text
from dvresearch.places import crosswalk, match, rebase
from dvresearch.tables import MODEL_FIELDS, STAGES, TABLES, TALLY, UNIT_KEY, Column, Table, check
from dvresearch.text import plain, shape
from dvresearch.text.dates import FIRST_YEAR, LAST_YEAR

__all__ = ["build_panel"]

_STARTS = ("start", *(f"{s}_on" for s in STAGES))
#: The field of a unit whose first models, of several fields, began in the same period.
SEVERAL = "several"
_COUNTS = [c.name for c in TALLY.columns if c.kind == "count"]
#: Columns in which text that looks like a number is a code.
_NAMES = {c.name for t in TABLES.values() for c in t.columns if c.kind in ("text", "code")}
_NUMBER = r"[-+\u2212]?(?:0|[1-9][0-9.]*)(?:[.,][0-9]+)?[\s\u00a0]?%?"
_ROW = Text("chỉ tiêu của một đơn vị", "outcomes of a unit")
#: Columns that a panel adds to the outcomes.
_ADDED = {"adopted", "event_time", "dose", "field", "registered", "observed", "basis"}
_ADDED |= {f"adopted_{field}" for field in MODEL_FIELDS}


def build_panel(
    register: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    unit: str = "unit",
    period: str = "period",
    adoption: str = "start",
    undated: Literal["refuse", "drop"] = "refuse",
    successors: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Put a register of models and outcomes together, a row for each unit and period.

    Parameters
    ----------
    register : DataFrame
        Models as :func:`dvresearch.load_models` returns them: ``unit``, the dates, ``field``. Dates that are text are
        day/month/year or 2022-03-05. Without the column ``stop`` no model has stopped. A unit of `outcomes` that
        is not in it counts as one that never adopted: the register must be complete for these units. Exact copies of
        a row with a model code are one model.
    outcomes : DataFrame
        Estimates or figures (``indicator``, ``value``), a tally (its counts), or a table with a numeric column per
        outcome; by `unit` and `period`, neither of them empty in any row. Several rows per unit and period are allowed
        in the last kind only (respondents of survey waves). Further columns of text do not come along: add what belongs
        to the unit (its district, for `cluster` or `near`) with
        ``panel.merge(places[["unit", "district"]], on="unit", how="left")``.
    unit, period : str
        Columns of `outcomes`. Periods are months, quarters or years, written as :func:`dvresearch.text.period` reads
        them, years as numbers, or pandas periods; all of one length.
    adoption : str, default "start"
        Date of the register that counts as adoption: ``start``, or the day a stage was reached (``recognised_on``).
    undated : {"refuse", "drop"}, default "refuse"
        What to do with units that have a model without that date: they are neither comparison nor adopters. ``drop``
        leaves them out of the panel, refused or dropped unless an earlier model of the unit has its date.
    successors : mapping of str to str, optional
        Former unit of the register -> the unit of `outcomes` it is part of now, which adopts when the first of its
        parts does, however small that part is: see ``dose``, and leave merged units out to learn what they weigh.
        Provinces of the 63 are mapped to the 34 without it.

    Returns
    -------
    DataFrame
        The unit columns and ``parent_code`` that `outcomes` has, then ``unit``, ``period`` (pandas period, or the
        years as given), ``adopted`` (missing when never), ``event_time`` (periods since adoption), ``dose`` (models
        running in the period), ``field`` (of the first model, ``several`` when they differ), ``adopted_<field>`` for
        each field, ``registered`` (period of the first registration, when the register has it: what lies between it
        and ``adopted`` may be anticipation), ``observed`` (whether there is an outcome), ``basis`` when there is one,
        then a column per outcome, and ``<indicator>_n`` with the denominators where there are any. Units without a row
        in some period get one, with ``observed`` false. A model that stopped leaves ``adopted`` as it is and lowers
        ``dose``.

    Raises
    ------
    DataError
        For units of several levels, versions or definitions side by side, periods of different length, a unit of
        the register that `outcomes` has not, a name that means several units, a stop before its start, one model
        code with two contents, models without date, dates or periods that cannot be read, numbers written as text, or
        no outcome at all; for a share of the codebook outside 0-1, or an outcome named like a column of the panel (a
        panel given back as outcomes).
    ParameterError
        For an unknown word or date column, or successors that are no mapping.

    Notes
    -----
    Outcomes of the 63 provinces beside the 34 are brought to
    the borders of the 34 by :func:`dvresearch.places.rebase`, which refuses rates without counts.
    """
    check_choice("undated", undated, ("refuse", "drop"))
    check_choice("adoption", adoption, _STARTS)
    if not isinstance(successors, Mapping | None):
        raise ParameterError("successors-no-mapping", got=type(successors).__name__)
    models = _models(register, adoption)
    table = _read_outcomes(outcomes, unit, period)
    rows = _outcomes(table)
    models = models.assign(unit=_present_names(models["unit"], table, successors or {}))
    models["began"] = _as_periods(models[adoption], rows["period"])

    dated = models[models["began"].notna()]
    lost = sorted(set(models["unit"]) - set(dated["unit"]))
    kept = rows[~rows["unit"].isin(lost)].reset_index(drop=True)
    if lost and (undated == "refuse" or kept.empty):
        raise DataError("models-without-date", got=_listed(lost), count=len(lost), name=adoption)
    return _with_adoption(kept, models[~models["unit"].isin(lost)], dated)


def _models(register: pd.DataFrame, adoption: str) -> pd.DataFrame:
    """Check a register; copies of one model become one row."""
    check_columns(register)
    register = read_register(register)
    if adoption not in register:
        there = ", ".join(c for c in _STARTS if c in register) or "-"
        raise ParameterError("register-without-date", got=there, name=adoption)
    began = "start" if "start" in register else adoption
    if "stop" in register:
        refuse_early_stop(register, began)
    if "model" not in register:
        return register
    coded = register[register["model"].notna() & (register["model"] != "")].drop_duplicates()
    twice = coded.loc[coded["model"].duplicated(), "model"]
    refuse_rows(list(twice.index), "model-code-twice", where="register", column="model", got=lambda _: twice.iloc[0])
    return pd.concat([coded, register[~register["model"].isin(coded["model"])]]).sort_index()


def _as_periods(days: pd.Series, like: pd.Series) -> pd.Series:
    """Return the period that contains each day, in the calendar of `like`; years when that holds numbers."""
    if isinstance(like.dtype, pd.PeriodDtype):
        return days.dt.to_period(like.dtype.freq)
    return days.dt.year.astype("float64")


def _present_names(names: pd.Series, table: pd.DataFrame, successors: Mapping[str, str]) -> pd.Series:
    """Return for each unit of the register the name it has in `table`."""
    known: dict[str, list[str]] = {}
    for label, name in {u: u.rsplit(" (", 1)[0] if u.endswith(")") else u for u in table["unit"].unique()}.items():
        for spelling in {plain(name), plain(label)}:
            known.setdefault(spelling, []).append(label)
    moved = {plain(str(old)): plain(str(new)) for old, new in successors.items()}
    spelled = {name: moved.get(plain(str(name)), plain(str(name))) for name in names.unique()}
    if "unit_version" in table and (table["unit_version"] == "34").all() and (table["unit_level"] == "province").all():
        heirs = dict(crosswalk()[["unit", "successor_unit"]].to_numpy())
        former = match(spelled, "63")["unit"].map(heirs)
        spelled = {name: plain(new) for name, new in zip(spelled, former, strict=True)}
    found = {name: known.get(spelling, []) for name, spelling in spelled.items()}
    missing, unclear = [n for n, hits in found.items() if not hits], [n for n, hits in found.items() if len(hits) > 1]
    if missing or unclear:
        code = "register-unit-unknown" if missing else "register-unit-unclear"
        raise DataError(code, got=_listed(missing or [hit for name in unclear for hit in found[name]]))
    return names.map({name: hits[0] for name, hits in found.items()})


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(str, names[:5])) + (f" (+{len(names) - 5})" if len(names) > 5 else "")


def _with_adoption(rows: pd.DataFrame, models: pd.DataFrame, dated: pd.DataFrame) -> pd.DataFrame:
    """Add what the register says to each unit and period."""

    def earliest(periods: pd.Series, units: pd.Series) -> pd.Series:
        """Return the first period of each row's unit; missing, of the same kind, where there is none."""
        return pd.Series(periods.groupby(units).min().reindex(rows["unit"]).array, index=rows.index)

    added = pd.DataFrame({"adopted": earliest(dated["began"], dated["unit"])})
    since = period_numbers(rows["period"])[0] - period_numbers(added["adopted"])[0]
    added["event_time"] = pd.array(since, "Int64")
    added["dose"] = _dose(rows, dated)
    if "field" in dated:
        started = dated[dated["began"] == dated.groupby("unit")["began"].transform("min")].groupby("unit")["field"]
        names = started.min().where(started.min() == started.max(), SEVERAL)
        added["field"] = rows["unit"].map(names)
        for field in dated["field"].dropna().unique():
            own = dated[dated["field"] == field]
            added[f"adopted_{field}"] = earliest(own["began"], own["unit"])
    if "registered_on" in models:
        added["registered"] = earliest(_as_periods(models["registered_on"], rows["period"]), models["unit"])
    place = rows.columns.get_loc("period") + 1
    return pd.concat([rows.iloc[:, :place], added, rows.iloc[:, place:]], axis=1)


def _dose(rows: pd.DataFrame, dated: pd.DataFrame) -> pd.Series:
    """Return how many models run in the period of each row: begun by its end, not stopped before its start."""
    stop = dated["stop"] if "stop" in dated else pd.Series(pd.NaT, dated.index, dtype="datetime64[s]")
    spans = dated[["unit", "began"]].assign(ended=_as_periods(stop, rows["period"]))
    pairs = rows[["unit", "period"]].reset_index().merge(spans, on="unit")
    runs = (pairs["began"] <= pairs["period"]) & (pairs["ended"].isna() | (pairs["ended"] >= pairs["period"]))
    return runs.groupby(pairs["index"]).sum().reindex(rows.index, fill_value=0).astype("int64")


def _read_outcomes(outcomes: pd.DataFrame, unit: str, period: str) -> pd.DataFrame:
    """Return the rows of outcomes on one map, with a name of its own for each unit, and pandas periods or years."""
    check_columns(outcomes, [unit, period])
    check_columns(outcomes)
    for given, name in ((unit, "unit"), (period, "period")):
        if given != name and name in outcomes:
            raise DataError("column-named-twice-over", got=f"{name}={given!r}", given=given, name=name)
    _check(outcomes, [Column(unit, "text", required=True), Column(period, "text", required=True)])
    table = outcomes.rename(columns={unit: "unit", period: "period"})
    refuse_mixed(table, ("unit_level", "group"))
    refuse_whole_and_parts(table, "part")
    table = _check(table[table["unit"] != ALL])
    check_columns(table, (), ("unit", "period"))
    versions = set(table["unit_version"].unique()) if "unit_version" in table else set()
    if {"63", "34"} <= versions and (table["unit_level"] == "province").all():
        table = rebase(table)
    else:
        refuse_mixed(table, ("unit_version",))
    periods = read_periods(table["period"])
    if not isinstance(periods.dtype, pd.PeriodDtype):
        if not periods.between(FIRST_YEAR, LAST_YEAR).all():
            raise DataError("periods-are-no-years", got=f"{periods.min():.12g}–{periods.max():.12g}")
        periods = table["period"]
    names = table["unit"].astype("str")
    if "unit_code" in table:
        several = table.groupby(names)["unit_code"].transform("nunique") > 1
        names = names.where(~several, names + " (" + table["unit_code"].astype("str") + ")")
    return table.assign(period=periods, unit=names)


def _check(table: pd.DataFrame, columns: Sequence[Column] = ()) -> pd.DataFrame:
    """Return outcomes, checked, the columns that hold numbers as numbers."""
    table = check(table, Table("outcomes", _ROW, (), tuple(columns)))
    numbers = [c.name for c in columns if c.kind in ("number", "count") and c.name in table]
    return table.assign(**{name: column_numbers(table, name) for name in numbers})


def _outcomes(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per unit and period (every pair of them, unless rows are respondents) with a column per outcome."""
    of_unit = [c for c in (*UNIT_KEY[:3], "parent_code") if c in table]
    key = ["unit", "period"]
    if "indicator" in table:
        refuse_mixed(table, ("definition", "basis"), by=["indicator"])
        refuse_twice(table, [*key, "indicator"], "unit-twice-in-outcomes")
        table = _check(table, [Column("value", "number", required=True), Column("denominator", "number")])
        wide = table.set_index([*key, "indicator"]).unstack("indicator")  # noqa: PD010 - keys are checked to be single
        values = wide["value"]
        if "denominator" in table:
            values = values.join(wide["denominator"].dropna(axis=1, how="all").add_suffix("_n"))
        values = values.reset_index()
        for code in table["indicator"].unique():
            check_share(code, table["value"].where(table["indicator"] == code).to_numpy(dtype=np.float64))
    else:
        counts = [c for c in _COUNTS if c in table]
        table = _check(table, [Column(c, "count") for c in counts])
        taken = counts or [c for c in table.select_dtypes("number") if c not in {*key, *UNIT_KEY, "parent_code"}]
        _refuse_text(table, taken)
        if counts:
            refuse_twice(table, key, "unit-twice-in-outcomes")
        values = table[[*key, *taken, *(c for c in ("stratum", "cluster", "weight") if c in table and c not in taken)]]
        for outcome in taken:
            check_share(outcome, table[outcome].to_numpy(dtype=np.float64, na_value=np.nan))
    values.columns.name = None
    taken = [c for c in values if c in _ADDED]
    if taken:
        raise DataError("outcome-named-like-panel", got=", ".join(taken), listed=", ".join(taken), names=taken)
    grid = values
    if not values.duplicated(key).any():
        seen = values["period"].dropna()
        every = pd.period_range if isinstance(seen.dtype, pd.PeriodDtype) else lambda a, b: np.arange(a, b + 1)
        span = every(seen.min(), seen.max())
        grid = pd.MultiIndex.from_product([values["unit"].unique(), span], names=key).to_frame(index=False)
        grid = grid.astype({"period": values["period"].dtype}).merge(values, on=key, how="left")
    measured = grid.drop(columns=key).select_dtypes("number").notna().any(axis=1)
    about = table.drop_duplicates("unit").set_index("unit")[of_unit]
    basis = table["basis"].unique() if "basis" in table else []
    grid.insert(2, "observed", measured)
    if len(basis) == 1:
        grid.insert(3, "basis", basis[0])
    return grid.join(about, on="unit")[[*of_unit, *grid.columns]]


def _refuse_text(table: pd.DataFrame, taken: Sequence[str]) -> None:
    """Refuse numbers written as text, which would be no outcome, and a table without any outcome."""
    for column in (c for c in table if c not in {"unit", "period", *_NAMES} and is_text(table[c])):
        cells = table[column].dropna().astype("str").str.strip()
        numbers = cells[cells.str.fullmatch(_NUMBER)]
        if len(numbers) and 2 * len(numbers) >= (cells != "").sum():
            raise DataError("numbers-are-text", got=shape(numbers.iloc[0]), name=column)
    if not taken:
        raise DataError("no-outcome", got=", ".join(map(str, table.columns)))
