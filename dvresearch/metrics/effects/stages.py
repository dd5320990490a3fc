"""Stages of models: what share passes from one to the next, and how long models run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, check_choice, refuse_rows
from dvresearch.metrics.counts import METHODS, share, z_value
from dvresearch.metrics.estimates import Floats, build, check_confidence, group_names, grouping, label_groups
from dvresearch.tables import FIGURES, MODELS, STAGES, STOP_REASONS, UNIT_KEY, check
from dvresearch.text import cell_date

__all__ = ["read_register", "refuse_early_stop", "running_share", "stages"]

#: Stages of published counts; a proposal is not yet an award, and a count without a stage is compared with none.
_PUBLISHED = (*STAGES[:-1], "proposed_award", STAGES[-1])
_NO_STAGE = ("total", "government")


def stages(
    models: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    base: Literal["previous", "first"] = "previous",
    method: Literal["wilson", "clopper_pearson", "agresti_coull", "jeffreys"] = "wilson",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count the models at each stage and the share that passed to it from an earlier one.

    Parameters
    ----------
    models : DataFrame
        A register (``tables.MODELS``, from :func:`dvresearch.load_models`) or published counts (``tables.FIGURES``,
        from :func:`dvresearch.load_figures`; only its indicators ``models_…`` are used).
    by : str or sequence of str, optional
        Grouping columns. Of a register any of its columns and ``year`` (of registration, or of the start where no
        registration is dated); all models together when not given. Of published counts: the columns of the unit,
        ``part``, ``period`` and ``source`` when not given; counts of several sources or periods are never added up.
    base : {"previous", "first"}, default "previous"
        The stage each one is compared with: the one before it among those recorded, or the first recorded.
    method : {"wilson", "clopper_pearson", "agresti_coull", "jeffreys"}, default "wilson"
        Interval, see :func:`proportion`.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        `by`, ``stage``, ``of_stage``, then the columns of ``tables.ESTIMATES``, a row per stage recorded.
        ``numerator`` counts the models at the stage, ``denominator`` those at ``of_stage``, ``value`` is their ratio.
        Of a register (definition ``same_models``) the numerator counts only models recorded at *both*; of published
        counts (``stage_counts``) the source does not say that they are the same models, and a larger later count
        has no share (``above_base``). The first stage has a count and no share (``first_stage``), and so has a
        count whose stage is not told (``stage_not_told``).

    Raises
    ------
    DataError
        When the table breaks its contract, a model is listed twice, or a group has the same stage twice.
    ParameterError
        For an unknown word or column.

    Notes
    -----
    A register dates the stages: a model reached a stage when that stage has a date. One that gives only the last stage
    is read in the order of ``tables.STAGES``, and a stage at which no model stands is not recorded. The interval
    of a complete count is no sampling error. How much communes differ beyond chance: ``funnel`` on the rows of one
    stage by unit.

    Checked against U Minh Thượng 2019 (266 of 332, 80.1 %) and Bà Rịa - Vũng Tàu 2021 (1,808 of 2,071, 87.3 %), and
    against a loop over a synthetic register (tests/test_stages.py).
    """
    check_choice("base", base, ("previous", "first"))
    check_choice("method", method, tuple(METHODS))
    check_confidence(confidence)
    published = "indicator" in getattr(models, "columns", ())
    order = _PUBLISHED if published else STAGES
    labels = None if by is None else group_names(by)
    keys, counted = _published(models, labels) if published else _register(models, labels or [])
    rows: list[tuple[int, str, str, float, float, str]] = []
    for group, reached in counted:
        seen = [s for s in order if s in reached.index]
        rows += [(group, s, "", reached.loc[s, s], np.nan, "stage_not_told") for s in _NO_STAGE if s in reached.index]
        for i, stage in enumerate(seen):
            from_stage = seen[i - 1 if base == "previous" else 0] if i else ""
            both = reached.loc[from_stage, stage] if from_stage else reached.loc[stage, stage]
            whole = reached.loc[from_stage, from_stage] if from_stage else np.nan
            rows.append((group, stage, from_stage, both, whole, "" if from_stage else "first_stage"))
    if not rows:
        raise DataError("no-stage-recorded")
    each = pd.DataFrame(rows, columns=["group", "stage", "of_stage", "reached", "base", "why"])
    x, n = each["reached"].to_numpy(dtype=float), each["base"].to_numpy(dtype=float)
    above = x > n
    known = np.where(above, np.nan, n)
    front = keys.iloc[each["group"]].reset_index(drop=True).assign(stage=each["stage"], of_stage=each["of_stage"])
    out = share(
        front,
        x,
        known,
        indicator="models_stage_share",
        definition="stage_counts" if published else "same_models",
        basis="census",
        method=method,
        confidence=confidence,
        reasons={"above_base": above, **{r: each["why"] == r for r in ("first_stage", "stage_not_told")}},
    )
    return out.assign(denominator=n, n=np.where(np.isnan(n), x, n))


def _register(models: pd.DataFrame, by: list[str]) -> tuple[pd.DataFrame, Iterator[tuple[int, pd.DataFrame]]]:
    """Return the groups of a register, and for each how many models were recorded at each pair of stages."""
    models = read_register(models)
    _refuse_twice(models)
    models = _with_year(models, by)
    dated = [s for s in STAGES if f"{s}_on" in models and models[f"{s}_on"].notna().any()]
    if dated:
        reached = pd.DataFrame({s: models[f"{s}_on"].notna() for s in dated})
    else:
        last = models["stage"] if "stage" in models else pd.Series(index=models.index, dtype="str")
        rank = last.map({s: i for i, s in enumerate(STAGES)})
        reached = pd.DataFrame({s: rank >= i for i, s in enumerate(STAGES) if (rank == i).any()}, index=models.index)
    keys, codes = label_groups(models, by)
    table = reached.to_numpy(dtype=float)
    pairs = ((g, table[codes == g]) for g in range(len(keys)))
    return keys, ((g, pd.DataFrame(m.T @ m, reached.columns, reached.columns)) for g, m in pairs)


def _published(figures: pd.DataFrame, by: list[str] | None) -> tuple[pd.DataFrame, Iterator[tuple[int, pd.DataFrame]]]:
    """Return the groups of published counts, and for each the counts at each pair of stages."""
    check(figures, FIGURES)
    stage = figures["indicator"].str.removeprefix("models_")
    told = figures["indicator"].str.startswith("models_") & stage.isin([*_PUBLISHED, *_NO_STAGE])
    if "role" in figures:
        told &= figures["role"].fillna("") != "restated"
    counts = figures[told].assign(stage=stage[told])
    if by is None:
        by = [c for c in (*UNIT_KEY, "part", "period", "source") if c in counts]
    keys, codes = label_groups(counts, grouping(counts, by))
    twice = counts.assign(_group=codes).duplicated(["_group", "stage"])
    if twice.any():
        row = counts[twice].iloc[0]
        raise DataError("stage-counted-twice", got=f"{row['unit']}, {row['period']}, {row['indicator']}")

    def each() -> Iterator[tuple[int, pd.DataFrame]]:
        for g in range(len(keys)):
            value = counts[codes == g].set_index("stage")["value"]
            # A later stage is part of an earlier one as far as anybody knows: each pair counts the later.
            yield g, pd.DataFrame(np.tile(value.to_numpy(), (len(value), 1)), value.index, value.index)

    return keys, each()


def read_register(models: pd.DataFrame) -> pd.DataFrame:
    """Return a register, checked, with its dates as dates: text is day/month/year, as everywhere in the package."""
    for name in (c.name for c in MODELS.columns if c.kind == "date" and c.name in getattr(models, "columns", ())):
        if pd.api.types.is_datetime64_any_dtype(models[name]):
            continue
        days = {}
        for row, cell in models[name].dropna().drop_duplicates().items():
            try:
                days[cell] = cell_date(cell)
            except DataError as error:
                where = f"models, dòng/row {row}, cột/column {name}"
                raise DataError("register-date-cannot-be-read", got=error.got, where=where) from None
        models = models.assign(**{name: pd.to_datetime(models[name].map(days))})
    return check(models, MODELS)


def refuse_early_stop(register: pd.DataFrame, began: str = "start") -> None:
    """Refuse a register with a model that stops before the day in the column `began`."""
    wrong = register[register["stop"] < register[began]]
    refuse_rows(
        list(wrong.index),
        "model-stops-before-it-starts",
        where="register",
        column="stop",
        got=lambda _: f"{wrong[began].iloc[0]:%Y-%m-%d} > {wrong['stop'].iloc[0]:%Y-%m-%d}",
    )


def _refuse_twice(models: pd.DataFrame) -> None:
    """Refuse a register that lists a model twice: it would count twice."""
    if "model" not in models:
        return
    twice = models["model"].notna() & models.duplicated("model")
    if twice.any():
        more = f"{models.loc[twice, 'model'].iloc[0]} (+{int(twice.sum()) - 1})"
        raise DataError("model-listed-twice", got=more, where="cột/column model")


def _with_year(models: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    if "year" in by and "year" not in models:
        day = pd.Series(pd.NaT, index=models.index, dtype="datetime64[s]")
        for column in ("registered_on", "start"):
            if column in models:
                day = day.fillna(models[column])
        models = models.assign(year=day.dt.year.astype("Int64"))
    grouping(models, by)
    return models


def running_share(
    models: pd.DataFrame,
    *,
    as_of: str | dt.date,
    by: str | Sequence[str] | None = None,
    stop_reasons: Collection[str] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Share of models still running so many days after their start (Kaplan-Meier).

    Parameters
    ----------
    models : DataFrame
        A register with ``start`` and ``stop`` (``tables.MODELS``).
    as_of : str, date or Timestamp
        The day up to which the register is kept: a model without a stop ran at least until then. Text is
        ``2026-06-30`` or day/month/year.
    by : str or sequence of str, optional
        Grouping columns, as for :func:`stages`.
    stop_reasons : collection of str, optional
        Reasons that count as a stop; a model that stopped for another (``completed``, say) is followed until that day.
        All stops count when not given.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        `by`, ``days``, then the columns of ``tables.ESTIMATES``, a row for each day on which a model stopped: ``value``
        is the share running longer, ``n`` the models still followed on that day. A group without any stop has one row
        at the longest time, value 1 and no interval (``no_event``). Models without a start cannot be used: their group
        carries ``partly_missing`` in its first row.

    Raises
    ------
    DataError
        When a column is missing, a model is listed twice, stops before it starts, or none has started.
    ParameterError
        For an unknown reason of stopping, column or level, or an `as_of` that is no date.

    Notes
    -----
    Survival and Greenwood errors are those of statsmodels ``SurvfuncRight``; the interval is symmetric on the log
    scale and cut at 1, as in R ``survfit``. Checked against R survival 3.5.3, case ``survival_aml``
    (tests/test_stages.py).
    """
    check_confidence(confidence)
    last = _day(as_of)
    models = read_register(models)
    _refuse_twice(models)
    missing = [c for c in ("start", "stop") if c not in models]
    if missing:
        raise DataError("register-without-stop", got=", ".join(missing))
    for reason in stop_reasons or ():
        check_choice("stop_reasons", reason, STOP_REASONS)
    labels = group_names(by)
    models = _with_year(models, labels).set_axis(range(1, len(models) + 1))
    refuse_early_stop(models)
    start, stop = models["start"], models["stop"]
    event = stop.notna() & (stop <= last)
    if stop_reasons is not None:
        given = models["stop_reason"] if "stop_reason" in models else pd.Series(index=models.index, dtype="str")
        event &= given.isin(list(stop_reasons))
    days = (stop.clip(upper=last).fillna(last) - start).dt.days.to_numpy(dtype=float, na_value=np.nan)
    used = days >= 0
    if not used.any():
        raise DataError("no-model-started", got=f"as_of={last:%Y-%m-%d}")
    keys, codes = label_groups(models, labels)
    parts = []
    for g in range(len(keys)):
        here = (codes == g) & used
        if here.any():
            curve = _kaplan_meier(days[here], event.to_numpy()[here], confidence)
            incomplete = ((codes == g) & np.isnan(days)).any()
            parts.append(curve.assign(_group=g, _missing=np.arange(len(curve)) == 0 if incomplete else False))
    every = pd.concat(parts, ignore_index=True)
    return build(
        keys.iloc[every["_group"]].reset_index(drop=True).assign(days=every["days"]),
        indicator="models_running_share",
        value=every["value"],
        std_error=every["error"],
        lower=every["lower"],
        upper=every["upper"],
        confidence=confidence,
        n=every["n"],
        basis="census",
        method="kaplan_meier",
        reasons={"no_event": every["lower"].isna() & (every["value"] == 1), "partly_missing": every["_missing"]},
    )


def _day(as_of: str | dt.date) -> pd.Timestamp:
    try:
        day = pd.Timestamp(cell_date(as_of))
    except DataError:
        day = pd.NaT
    if day is pd.NaT:
        raise ParameterError("as-of-no-day", got=repr(as_of))
    return day.tz_localize(None)


def _kaplan_meier(days: Floats, event: np.ndarray, confidence: float) -> pd.DataFrame:
    """Return the steps of one curve; at 0 the log scale has no interval."""
    from statsmodels.duration.survfunc import SurvfuncRight

    if not event.any():
        one = {"days": days.max(), "value": 1.0, "error": np.nan, "lower": np.nan, "upper": np.nan, "n": len(days)}
        return pd.DataFrame([one])
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = SurvfuncRight(days, event.astype(float))
        value, error = curve.surv_prob, curve.surv_prob_se
        width = np.exp(z_value(confidence) * error / value)
        lower, upper = value / width, np.minimum(value * width, 1)
    return pd.DataFrame(
        {"days": curve.surv_times, "value": value, "error": error, "lower": lower, "upper": upper, "n": curve.n_risk}
    )
