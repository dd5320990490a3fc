"""A register of models and outcomes put together: which unit adopted when, and what was measured in each period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, Text, refuse_rows
from dvresearch.metrics.comparable import refuse_mixed, refuse_whole_and_parts
from dvresearch.metrics.estimates import ALL, choose
from dvresearch.places import crosswalk, match, rebase
from dvresearch.tables import MODELS, STAGES, TALLY, UNIT_KEY, check
from dvresearch.text import period as read_period
from dvresearch.text import plain

__all__ = ["build_panel"]

_STARTS = ("start", *(f"{s}_on" for s in STAGES))
_COUNTS = [c.name for c in TALLY.columns if c.kind == "count"]
_FREQUENCIES = {"year": "Y", "quarter": "Q", "month": "M"}
#: The field of a unit whose first models, of several fields, began in the same period.
SEVERAL = "several"


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
        Models as :func:`dvresearch.load_models` returns them: ``unit``, the dates, ``field``. A unit of `outcomes` that
        is not in it counts as one that never adopted: the register must be complete for these units.
    outcomes : DataFrame
        Estimates or figures (``indicator``, ``value``), a tally (its counts), or a table with a numeric column per
        outcome; by `unit` and `period`. Several rows per unit and period are allowed in the last kind only
        (respondents of survey waves).
    unit, period : str
        Columns of `outcomes`. Periods are months, quarters or years, written as :func:`dvresearch.text.period` reads
        them, years as numbers, or pandas periods; all of one length.
    adoption : str, default "start"
        Date of the register that counts as adoption: ``start``, or the day a stage was reached (``recognised_on``).
    undated : {"refuse", "drop"}, default "refuse"
        What to do with units that have a model without that date: they are neither comparison nor adopters. ``drop``
        leaves them out of the panel, refused or dropped unless an earlier model of the unit has its date.
    successors : mapping of str to str, optional
        Former unit of the register -> the unit of `outcomes` it is part of now. Provinces of the 63 are mapped to the
        34 without it.

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
        code with two contents, or models without date.
    ParameterError
        For an unknown word or date column.

    Notes
    -----
    Exact copies of a row with a model code are one model. Outcomes of the 63 provinces beside the 34 are brought to
    the borders of the 34 by :func:`dvresearch.places.rebase`, which refuses rates without counts.
    """
    choose("undated", undated, ("refuse", "drop"))
    choose("adoption", adoption, _STARTS)
    models = _models(register, adoption)
    table = _one_map(outcomes.rename(columns={unit: "unit", period: "period"}))
    table = table.assign(period=_periods(table["period"]), unit=_unique_names(table))
    rows = _outcomes(table)
    models = models.assign(unit=_present_names(models["unit"], table, successors or {}))
    models["began"] = _as_periods(models[adoption], rows["period"])

    dated = models[models["began"].notna()]
    lost = sorted(set(models["unit"]) - set(dated["unit"]))
    if lost and undated == "refuse":
        raise DataError(
            Text(
                f"{len(lost)} đơn vị có mô hình nhưng không có ngày ở cột {adoption}.",
                f"{len(lost)} units have models without a date in {adoption}.",
            ),
            expected=Text("mỗi đơn vị ít nhất một mô hình có ngày", "a date for at least one model of each unit"),
            got=_listed(lost),
            hint=Text(
                'Bổ sung ngày, hoặc viết undated="drop": các đơn vị này bị bỏ ra, không dùng để so sánh.',
                'Add the dates, or write undated="drop": these units are left out, also as comparison.',
            ),
        )
    rows = rows[~rows["unit"].isin(lost)].reset_index(drop=True)
    return _with_adoption(rows, models[~models["unit"].isin(lost)], dated)


def _models(register: pd.DataFrame, adoption: str) -> pd.DataFrame:
    """Check a register; copies of one model become one row."""
    check(register, MODELS)
    if adoption not in register:
        raise ParameterError(
            Text(f"Sổ mô hình không có cột {adoption}.", f"The register has no column {adoption}."),
            expected=Text("một cột ngày của sổ", "a date column of the register"),
            got=", ".join(c for c in _STARTS if c in register) or "-",
            hint=Text('Ví dụ adoption="recognised_on".', 'For example adoption="recognised_on".'),
        )
    began = "start" if "start" in register else adoption
    if "stop" in register:
        wrong = register.index[register["stop"] < register[began]]
        refuse_rows(
            list(wrong),
            Text("Mô hình dừng trước khi bắt đầu.", "A model stops before it starts."),
            where="register",
            column="stop",
            got=lambda row: f"{register.loc[row, began]:%Y-%m-%d} > {register.loc[row, 'stop']:%Y-%m-%d}",
            hint=Text("Sửa ngày trong sổ rồi nạp lại.", "Correct the dates in the register and load again."),
        )
    if "model" not in register:
        return register
    coded = register["model"].notna() & (register["model"] != "")
    single = pd.concat([register[coded].drop_duplicates(), register[~coded]]).sort_index()
    twice = single.index[single["model"].duplicated() & single["model"].notna() & (single["model"] != "")]
    refuse_rows(
        list(twice),
        Text("Một mã mô hình có hai nội dung khác nhau.", "A model code has two different contents."),
        where="register",
        column="model",
        got=lambda row: str(single["model"].get(row)),
        hint=Text("Giữ dòng đúng, hoặc cho mỗi mô hình một mã.", "Keep the right row, or give each model a code."),
    )
    return single


def _one_map(table: pd.DataFrame) -> pd.DataFrame:
    """Refuse units of different kinds side by side; bring the former provinces to the present borders."""
    lacking = [c for c in ("unit", "period") if c not in table]
    if lacking:
        raise DataError(
            Text(
                f"Bảng chỉ tiêu thiếu cột {', '.join(lacking)}.", f"The outcomes lack the column {', '.join(lacking)}."
            ),
            got=", ".join(map(str, table.columns)),
            hint=Text("Tính chỉ tiêu với by=[đơn vị, kỳ].", "Compute the outcome by unit and period."),
        )
    refuse_mixed(table, ("unit_level", "group"))
    refuse_whole_and_parts(table, "part")
    if (table["unit"] == ALL).any():
        table = table[table["unit"] != ALL]
    versions = set(table["unit_version"].unique()) if "unit_version" in table else set()
    if {"63", "34"} <= versions and (table["unit_level"] == "province").all():
        return rebase(table)
    refuse_mixed(table, ("unit_version",))
    return table


def _periods(values: pd.Series) -> pd.Series:
    """Return periods as numbers or pandas periods of one length."""
    if isinstance(values.dtype, pd.PeriodDtype) or pd.api.types.is_numeric_dtype(values):
        return values
    spans = {text: read_period(str(text)) for text in values.unique()}
    kinds = {span.kind for span in spans.values()}
    if len(kinds) > 1 or not kinds <= set(_FREQUENCIES):
        raise DataError(
            Text("Các kỳ không cùng độ dài, hoặc chồng lên nhau.", "Periods differ in length, or overlap."),
            expected=Text("chỉ tháng, chỉ quý hoặc chỉ năm", "months only, quarters only or years only"),
            got=", ".join(sorted(kinds)),
            hint=Text(
                "Giữ một loại kỳ; số lũy kế phải tách ra từng kỳ trước.", "Keep one kind; split running totals first."
            ),
        )
    frequency = _FREQUENCIES[kinds.pop()]
    codes = {text: pd.Period(str(span.start), freq=frequency) for text, span in spans.items()}
    return pd.Series(pd.PeriodIndex(values.map(codes), freq=frequency), index=values.index)


def _as_periods(days: pd.Series, like: pd.Series) -> pd.Series:
    """Return the period that contains each day, in the calendar of `like`; years when that holds numbers."""
    days = pd.to_datetime(days)
    if isinstance(like.dtype, pd.PeriodDtype):
        return days.dt.to_period(like.dtype.freq)
    return days.dt.year.astype("float64")


def _unique_names(table: pd.DataFrame) -> pd.Series:
    """Return the names of the units, with their code where a name stands for several units."""
    names = table["unit"].astype("str")
    if "unit_code" not in table:
        return names
    several = table.groupby(names)["unit_code"].transform("nunique") > 1
    return names.where(~several, names + " (" + table["unit_code"].astype("str") + ")")


def _outcomes(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per unit and period (every pair of them, unless rows are respondents) with a column per outcome."""
    of_unit = [c for c in (*UNIT_KEY[:3], "parent_code") if c in table]
    key = ["unit", "period"]
    if "indicator" in table:
        refuse_mixed(table, ("definition", "basis"), by=["indicator"])
        _refuse_repeated(table, [*key, "indicator"])
        wide = table.set_index([*key, "indicator"])
        values = wide["value"].unstack("indicator")  # noqa: PD010 - keys are checked to be single
        if "denominator" in table and table["denominator"].notna().any():
            sizes = wide["denominator"].unstack("indicator").dropna(axis=1, how="all")  # noqa: PD010
            values = values.join(sizes.add_suffix("_n"))
        values = values.reset_index()
    else:
        counts = [c for c in _COUNTS if c in table]
        taken = counts or [c for c in table.select_dtypes("number") if c not in key]
        if counts:
            _refuse_repeated(table, key)
        values = table[[*key, *taken, *(c for c in ("stratum", "cluster", "weight") if c in table and c not in taken)]]
    values.columns.name = None
    grid = values
    if not values.duplicated(key).any():
        seen = values["period"].dropna()
        span = (
            pd.period_range(seen.min(), seen.max())
            if isinstance(seen.dtype, pd.PeriodDtype)
            else np.arange(seen.min(), seen.max() + 1)
            if (seen % 1 == 0).all()
            else np.sort(seen.unique())
        )
        grid = pd.MultiIndex.from_product([values["unit"].unique(), span], names=key).to_frame(index=False)
        grid = grid.astype({"period": values["period"].dtype}).merge(values, on=key, how="left")
    measured = grid.drop(columns=key).select_dtypes("number").notna().any(axis=1)
    about = table.drop_duplicates("unit").set_index("unit")[of_unit]
    basis = table["basis"].unique() if "basis" in table else []
    grid.insert(2, "observed", measured)
    if len(basis) == 1:
        grid.insert(3, "basis", basis[0])
    return grid.join(about, on="unit")[[*of_unit, *grid.columns]]


def _refuse_repeated(table: pd.DataFrame, key: list[str]) -> None:
    twice = table.duplicated(key).to_numpy()
    if twice.any():
        row = table.iloc[int(twice.argmax())]
        raise DataError(
            Text("Một đơn vị có hai dòng cho cùng một kỳ.", "A unit has two rows for one period."),
            expected=Text("mỗi đơn vị, kỳ và chỉ tiêu một dòng", "one row per unit, period and indicator"),
            got=", ".join(str(row[c]) for c in key) + f" (+{int(twice.sum()) - 1})",
            hint=Text("Lọc theo nguồn, định nghĩa hoặc nhóm trước.", "Filter by source, definition or group first."),
        )


def _present_names(names: pd.Series, table: pd.DataFrame, successors: Mapping[str, str]) -> pd.Series:
    """Return for each unit of the register the name it has in `table`."""
    known: dict[str, list[str]] = {}
    for label, name in {u: u.rsplit(" (", 1)[0] if u.endswith(")") else u for u in table["unit"].unique()}.items():
        for spelling in {plain(name), plain(label)}:
            known.setdefault(spelling, []).append(label)
    moved = {plain(old): plain(new) for old, new in successors.items()}
    spelled = {name: moved.get(plain(str(name)), plain(str(name))) for name in names.unique()}
    if "unit_version" in table and (table["unit_version"] == "34").all() and (table["unit_level"] == "province").all():
        heirs = dict(crosswalk()[["unit", "successor_unit"]].to_numpy())
        former = match(spelled, "63")["unit"].map(heirs)
        spelled = {name: plain(new) for name, new in zip(spelled, former, strict=True)}
    found = {name: known.get(spelling, []) for name, spelling in spelled.items()}
    missing, unclear = [n for n, hits in found.items() if not hits], [n for n, hits in found.items() if len(hits) > 1]
    if missing or unclear:
        raise DataError(
            Text(
                "Đơn vị trong sổ mô hình không có trong bảng chỉ tiêu."
                if missing
                else "Tên đơn vị trong sổ mô hình chỉ hơn một đơn vị.",
                "A unit of the register is not in the outcomes."
                if missing
                else "A name in the register means more than one unit.",
            ),
            expected=Text("tên đơn vị như trong bảng chỉ tiêu", "units named as in the outcomes"),
            got=_listed(missing or [hit for name in unclear for hit in found[name]]),
            hint=Text(
                'Đơn vị đã sáp nhập: successors={"tên cũ": "tên mới"}; tên trùng: ghi như “Xã Tân Lập (mã)”.',
                'Merged unit: successors={"former": "present"}; repeated name: write “Xã Tân Lập (code)”.',
            ),
        )
    return names.map({name: hits[0] for name, hits in found.items()})


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(str, names[:5])) + (f" (+{len(names) - 5})" if len(names) > 5 else "")


def _with_adoption(rows: pd.DataFrame, models: pd.DataFrame, dated: pd.DataFrame) -> pd.DataFrame:
    """Add what the register says to each unit and period."""
    first = dated.groupby("unit")["began"].min()
    added = pd.DataFrame({"adopted": rows["unit"].map(first)}, index=rows.index)
    if isinstance(rows["period"].dtype, pd.PeriodDtype):
        added["adopted"] = added["adopted"].astype(rows["period"].dtype)
        since = rows["period"].astype("int64") - added["adopted"].astype("int64").where(added["adopted"].notna())
        added["event_time"] = since.astype("Int64")
    else:
        added["event_time"] = (rows["period"] - added["adopted"]).astype("Int64")
    added["dose"] = _dose(rows, dated)
    if "field" in dated:
        started = dated[dated["began"] == dated["unit"].map(first)].groupby("unit")["field"]
        names = started.min().where(started.min() == started.max(), SEVERAL)
        added["field"] = rows["unit"].map(names)
        for field in dated["field"].dropna().unique():
            own = dated[dated["field"] == field].groupby("unit")["began"].min()
            added[f"adopted_{field}"] = rows["unit"].map(own).astype(added["adopted"].dtype)
    if "registered_on" in models:
        early = models.assign(early=_as_periods(models["registered_on"], rows["period"])).groupby("unit")["early"].min()
        added["registered"] = rows["unit"].map(early).astype(added["adopted"].dtype)
    place = rows.columns.get_loc("period") + 1
    return pd.concat([rows.iloc[:, :place], added, rows.iloc[:, place:]], axis=1)


def _dose(rows: pd.DataFrame, dated: pd.DataFrame) -> pd.Series:
    """Return how many models run in the period of each row: begun by its end, not stopped before its start."""
    spans = dated[["unit", "began"]].assign(
        ended=_as_periods(dated["stop"], rows["period"]) if "stop" in dated else pd.NaT
    )
    pairs = rows[["unit", "period"]].reset_index().merge(spans, on="unit")
    runs = (pairs["began"] <= pairs["period"]) & (pairs["ended"].isna() | (pairs["ended"] >= pairs["period"]))
    return runs.groupby(pairs["index"]).sum().reindex(rows.index, fill_value=0).astype("int64")
