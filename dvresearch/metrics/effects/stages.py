"""Stages of models: what share passes from one to the next, and how long models run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from dvresearch.errors import DataError, ParameterError, check_choice, refuse_rows
from dvresearch.metrics.counts import METHODS, share, z_value
from dvresearch.metrics.effects.sample import refuse_twice
from dvresearch.metrics.estimates import build, check_confidence, group_names, grouping, label_groups
from dvresearch.tables import FIGURES, MODELS, STAGES, STOP_REASONS, UNIT_KEY, check
from dvresearch.text import cell_date

__all__ = ["read_register", "refuse_early_stop", "running_share", "stages"]

#: What is known of a step of a curve.
_STEP = ["days", "value", "std_error", "lower", "upper", "n"]
#: Published counts without a stage, compared with none; all in order: a proposal is not yet an award.
_NO_STAGE = ("total", "government")
_ORDER = (*_NO_STAGE, *STAGES[:-1], "proposed_award", STAGES[-1])


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
    keys, counted = _published(models, by) if published else _register(models, group_names(by), base)
    if counted.empty:
        raise DataError("no-stage-recorded")
    each = counted.sort_values(["group", "stage"], key=lambda c: c.map(_ORDER.index) if c.name == "stage" else c)
    each, told = each.reset_index(drop=True), ~each["stage"].isin(_NO_STAGE).to_numpy()
    by_group = each[told].groupby("group")[["stage", "count"]]
    before = by_group.shift() if base == "previous" else by_group.transform("first")
    before = before[each[told].duplicated("group")].reindex(each.index)
    x, n = each["passed"].to_numpy(dtype=np.float64), before["count"].to_numpy(dtype=np.float64)
    front = keys.iloc[each["group"]].reset_index(drop=True)
    out = share(
        front.assign(stage=each["stage"], of_stage=before["stage"].fillna("")),
        x,
        np.where(x > n, np.nan, n),
        indicator="models_stage_share",
        definition="stage_counts" if published else "same_models",
        basis="census",
        method=method,
        confidence=confidence,
        reasons={"above_base": x > n, "first_stage": told & before["stage"].isna(), "stage_not_told": ~told},
    )
    return out.assign(denominator=n, n=np.where(np.isnan(n), x, n))


def _register(models: pd.DataFrame, by: list[str], base: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the groups of a register, and how many models each has at a stage, and at it and the one before."""
    models = _prepared(models, by)
    dated = [s for s in STAGES if f"{s}_on" in models and models[f"{s}_on"].notna().any()]
    if dated:
        reached = pd.DataFrame({s: models[f"{s}_on"].notna() for s in dated})
    else:
        last = models["stage"] if "stage" in models else pd.Series(index=models.index, dtype="str")
        rank = last.map({s: i for i, s in enumerate(STAGES)})
        reached = pd.DataFrame({s: rank >= i for i, s in enumerate(STAGES) if (rank == i).any()}, index=models.index)
    keys, codes = label_groups(models, by)
    earlier = reached.shift(axis=1, fill_value=True) if base == "previous" else reached.iloc[:, [0] * reached.shape[1]]
    both = {"count": reached, "passed": reached & earlier.to_numpy()}
    long = pd.DataFrame({name: of.groupby(codes).sum().stack() for name, of in both.items()})  # noqa: PD013
    return keys, long.rename_axis(["group", "stage"]).reset_index()


def _published(figures: pd.DataFrame, by: str | Sequence[str] | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the groups of published counts, and the counts of each; a later one counts as part of the earlier."""
    check(figures, FIGURES)
    stage = figures["indicator"].str.removeprefix("models_")
    told = figures["indicator"].str.startswith("models_") & stage.isin(_ORDER)
    if "role" in figures:
        told &= figures["role"].fillna("") != "restated"
    counts = figures[told].assign(stage=stage[told])
    if by is None:
        by = [c for c in (*UNIT_KEY, "part", "period", "source") if c in counts]
    keys, codes = label_groups(counts, grouping(counts, by))
    refuse_twice(counts, ["unit", "period", "indicator"], "stage-counted-twice", [codes, counts["stage"]])
    return keys, counts[["stage"]].assign(group=codes, count=counts["value"], passed=counts["value"])


def _prepared(models: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return a register, checked, with the year of each model where it is asked for."""
    models = read_register(models)
    if "model" in models:  # a model listed twice would count twice
        refuse_twice(models[models["model"].notna()], ["model"], "model-listed-twice")
    if "year" in by and "year" not in models:
        day = pd.Series(pd.NaT, index=models.index, dtype="datetime64[s]")
        for column in ("registered_on", "start"):
            day = day.fillna(models[column]) if column in models else day
        models = models.assign(year=day.dt.year.astype("Int64"))
    grouping(models, by)
    return models


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
    wrong, code = register[register["stop"] < register[began]], "model-stops-before-it-starts"
    spans = wrong[began].dt.strftime("%Y-%m-%d > ") + wrong["stop"].dt.strftime("%Y-%m-%d")
    refuse_rows(list(wrong.index), code, where="register", column="stop", got=lambda _: spans.iloc[0])


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
    try:
        last = pd.Timestamp(cell_date(as_of)).tz_localize(None)
    except DataError:
        raise ParameterError("as-of-no-day", got=repr(as_of)) from None
    if last is pd.NaT:
        raise ParameterError("as-of-no-day", got=repr(as_of))
    labels = group_names(by)
    models = _prepared(models, labels)
    missing = [c for c in ("start", "stop") if c not in models]
    if missing:
        raise DataError("register-without-stop", got=", ".join(missing))
    for reason in stop_reasons or ():
        check_choice("stop_reasons", reason, STOP_REASONS)
    models = models.set_axis(range(1, len(models) + 1))
    refuse_early_stop(models)
    start, stop = models["start"], models["stop"]
    event = stop.notna() & (stop <= last)
    if stop_reasons is not None:
        event &= models.get("stop_reason", pd.Series("", models.index)).isin(list(stop_reasons))
    days = (stop.clip(upper=last).fillna(last) - start).dt.days.to_numpy(dtype=float, na_value=np.nan)
    used = days >= 0
    if not used.any():
        raise DataError("no-model-started", got=f"as_of={last:%Y-%m-%d}")
    keys, codes = label_groups(models, labels)
    each = pd.DataFrame({"group": codes, "days": days, "event": event.to_numpy()})
    curves = each[used].groupby("group")[["days", "event"]].apply(_kaplan_meier, confidence)
    every = curves.rename_axis(["group", "step"]).reset_index()
    incomplete = every["group"].isin(codes[np.isnan(days)]) & (every["step"] == 0)
    return build(
        keys.iloc[every["group"]].reset_index(drop=True).assign(days=every["days"]),
        indicator="models_running_share",
        **every[["value", "std_error", "lower", "upper", "n"]].to_dict("series"),
        confidence=confidence,
        basis="census",
        method="kaplan_meier",
        reasons={"no_event": every["lower"].isna() & (every["value"] == 1), "partly_missing": incomplete},
    )


def _kaplan_meier(models: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return the steps of the curve of models, their days and events; at 0 the log scale has no interval."""
    from statsmodels.duration.survfunc import SurvfuncRight

    days, event = models["days"], models["event"]
    if not event.any():
        return pd.DataFrame({"days": [days.max()], "value": 1.0, "n": len(days)}).reindex(columns=_STEP)
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = SurvfuncRight(days, event.astype(np.float64))
        value, error = curve.surv_prob, curve.surv_prob_se
        width = np.exp(z_value(confidence) * error / value)
        steps = (curve.surv_times, value, error, value / width, np.minimum(value * width, 1), curve.n_risk)
    return pd.DataFrame(dict(zip(_STEP, steps, strict=True)))
