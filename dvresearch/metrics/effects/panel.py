"""A register of models and outcomes put together: which unit adopted when, and what was measured in each period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, Text, refuse_rows
from dvresearch.metrics.comparable import refuse_mixed, refuse_whole_and_parts
from dvresearch.metrics.effects.cells import check_columns
from dvresearch.metrics.effects.stages import read_register
from dvresearch.metrics.estimates import ALL, choose, column_numbers, is_text
from dvresearch.places import crosswalk, match, rebase
from dvresearch.tables import STAGES, TABLES, TALLY, UNIT_KEY, Column, Table, check
from dvresearch.text import period as read_period
from dvresearch.text import plain, shape
from dvresearch.text.dates import FIRST_YEAR, LAST_YEAR

__all__ = ["build_panel"]

_STARTS = ("start", *(f"{s}_on" for s in STAGES))
_COUNTS = [c.name for c in TALLY.columns if c.kind == "count"]
#: Columns in which text that looks like a number is a code.
_NAMES = {c.name for t in TABLES.values() for c in t.columns if c.kind in ("text", "code")}
_NUMBER = r"[-+\u2212]?(?:0|[1-9][0-9.]*)(?:[.,][0-9]+)?[\s\u00a0]?%?"
_ROW = Text("chỉ tiêu của một đơn vị", "outcomes of a unit")
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
        Models as :func:`dvresearch.load_models` returns them: ``unit``, the dates, ``field``. Dates that are text are
        day/month/year or 2022-03-05. Without the column ``stop`` no model has stopped. A unit of `outcomes` that
        is not in it counts as one that never adopted: the register must be complete for these units.
    outcomes : DataFrame
        Estimates or figures (``indicator``, ``value``), a tally (its counts), or a table with a numeric column per
        outcome; by `unit` and `period`, neither of them empty in any row. Several rows per unit and period are allowed
        in the last kind only (respondents of survey waves).
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
        code with two contents, models without date, dates or periods that cannot be read, numbers written as text, or
        no outcome at all.
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
    key = (Column(unit, "text", required=True), Column(period, "text", required=True))
    check(outcomes, Table("outcomes", _ROW, (), key))
    table = _one_map(outcomes.rename(columns={unit: "unit", period: "period"}))
    table = table.assign(period=_periods(table["period"]), unit=_unique_names(table))
    rows = _outcomes(table)
    models = models.assign(unit=_present_names(models["unit"], table, successors or {}))
    models["began"] = _as_periods(models[adoption], rows["period"])

    dated = models[models["began"].notna()]
    lost = sorted(set(models["unit"]) - set(dated["unit"]))
    kept = rows[~rows["unit"].isin(lost)].reset_index(drop=True)
    if lost and (undated == "refuse" or kept.empty):
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
    return _with_adoption(kept, models[~models["unit"].isin(lost)], dated)


def _models(register: pd.DataFrame, adoption: str) -> pd.DataFrame:
    """Check a register; copies of one model become one row."""
    register = read_register(register)
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
    refuse_mixed(table, ("unit_level", "group"))
    refuse_whole_and_parts(table, "part")
    table = check(table[table["unit"] != ALL], Table("outcomes", _ROW, (), ()))
    check_columns(table, (), ("unit", "period"))
    versions = set(table["unit_version"].unique()) if "unit_version" in table else set()
    if {"63", "34"} <= versions and (table["unit_level"] == "province").all():
        return rebase(table)
    refuse_mixed(table, ("unit_version",))
    return table


def _periods(values: pd.Series) -> pd.Series:
    """Return periods as numbers or pandas periods of one length."""
    values = values.infer_objects()
    if isinstance(values.dtype, pd.PeriodDtype):
        return values
    expected = Text("chỉ tháng, chỉ quý hoặc chỉ năm", "months only, quarters only or years only")
    if pd.api.types.is_numeric_dtype(values):
        if not values.between(FIRST_YEAR, LAST_YEAR).all():
            raise DataError(
                Text("Kỳ ghi bằng số mà không phải năm.", "Periods that are numbers but no years."),
                expected=expected,
                got=f"{values.min():.12g}–{values.max():.12g}",
                hint=Text("Ghi kỳ như 2022, “2022-Q1” hoặc “2022-03”.", "Write periods as 2022, 2022-Q1 or 2022-03."),
            )
        return values
    dates = pd.api.types.is_datetime64_any_dtype(values)
    spans = {} if dates else {text: read_period(str(text)) for text in values.unique()}
    kinds = {"day"} if dates else {span.kind for span in spans.values()}
    if len(kinds) > 1 or not kinds <= set(_FREQUENCIES):
        raise DataError(
            Text("Kỳ là ngày, không phải tháng, quý hay năm.", "Periods are days, no months, quarters or years.")
            if kinds == {"day"}
            else Text("Các kỳ không cùng độ dài, hoặc chồng lên nhau.", "Periods differ in length, or overlap."),
            expected=expected,
            got=", ".join(sorted(kinds)),
            hint=Text(
                'Đổi ngày thành tháng: pd.to_datetime(table["period"]).dt.to_period("M").',
                'Turn days into months: pd.to_datetime(table["period"]).dt.to_period("M").',
            )
            if kinds == {"day"}
            else Text(
                "Giữ một loại kỳ; số lũy kế phải tách ra từng kỳ trước.", "Keep one kind; split running totals first."
            ),
        )
    frequency = _FREQUENCIES[kinds.pop()]
    codes = {text: pd.Period(str(span.start), freq=frequency) for text, span in spans.items()}
    return pd.Series(pd.PeriodIndex(values.map(codes), freq=frequency), index=values.index)


def _as_periods(days: pd.Series, like: pd.Series) -> pd.Series:
    """Return the period that contains each day, in the calendar of `like`; years when that holds numbers."""
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
        table = _numeric(table, [Column("value", "number", required=True), Column("denominator", "number")])
        wide = table.set_index([*key, "indicator"])
        values = wide["value"].unstack("indicator")  # noqa: PD010 - keys are checked to be single
        if "denominator" in table and table["denominator"].notna().any():
            sizes = wide["denominator"].unstack("indicator").dropna(axis=1, how="all")  # noqa: PD010
            values = values.join(sizes.add_suffix("_n"))
        values = values.reset_index()
    else:
        counts = [c for c in _COUNTS if c in table]
        table = _numeric(table, [Column(c, "count") for c in counts])
        taken = counts or [c for c in table.select_dtypes("number") if c not in key]
        _refuse_text(table, taken)
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


def _numeric(table: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    check(table, Table("outcomes", _ROW, (), tuple(columns)))
    return table.assign(**{c.name: column_numbers(table, c.name) for c in columns if c.name in table})


def _refuse_text(table: pd.DataFrame, taken: Sequence[str]) -> None:
    """Refuse numbers written as text, which would be no outcome, and a table without any outcome."""
    for column in (c for c in table if c not in {"unit", "period", *_NAMES} and is_text(table[c])):
        cells = table[column].dropna().astype("str").str.strip()
        numbers = cells[cells.str.fullmatch(_NUMBER)]
        if len(numbers) and 2 * len(numbers) >= (cells != "").sum():
            raise DataError(
                Text(f"Cột {column} chứa số ghi bằng chữ.", f"The column {column} holds numbers written as text."),
                expected=Text("cột số", "a column of numbers"),
                got=shape(numbers.iloc[0]),
                hint=Text(
                    "Nạp tệp bằng hàm load_… để số kiểu Việt Nam được đọc đúng; nếu cột này là mã thì bỏ: "
                    f'table.drop(columns="{column}").',
                    "Load the file with a load_… function, which reads Vietnamese numbers; if they are codes, leave "
                    f'them out: table.drop(columns="{column}").',
                ),
            )
    if not taken:
        raise DataError(
            Text("Bảng không có cột chỉ tiêu nào.", "The table has no outcome."),
            expected=Text("indicator và value, số đếm, hoặc cột số", "indicator and value, counts, or number columns"),
            got=", ".join(map(str, table.columns)),
            hint=Text("Thêm cột chỉ tiêu dạng số.", "Add a column of numbers with the outcome."),
        )


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

    def earliest(periods: pd.Series, units: pd.Series) -> pd.Series:
        """Return the first period of each row's unit; missing, of the same kind, where there is none."""
        return pd.Series(periods.groupby(units).min().reindex(rows["unit"]).array, index=rows.index)

    added = pd.DataFrame({"adopted": earliest(dated["began"], dated["unit"])})
    if isinstance(rows["period"].dtype, pd.PeriodDtype):
        since = rows["period"].astype("int64") - added["adopted"].astype("int64").where(added["adopted"].notna())
        added["event_time"] = since.astype("Int64")
    else:
        added["event_time"] = (rows["period"] - added["adopted"]).astype("Int64")
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
