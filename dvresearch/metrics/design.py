"""How a sample was drawn: :class:`Design` names columns, :func:`draw` reads them from a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dvresearch.errors import DataError, ParameterError, check_choice, refuse_rows
from dvresearch.metrics.estimates import Floats, column_numbers

__all__ = ["LONELY", "Codes", "Columns", "Design", "Draw", "Stage", "draw", "listed"]

Codes = NDArray[np.intp]
Columns = str | Sequence[str]

#: What to do with a stratum from which a single cluster was drawn, see :class:`Design`.
LONELY = ("adjust", "average", "certainty", "refuse")


@dataclass(frozen=True)
class Design:
    """How respondents were drawn: the columns that say so.

    Without any of them: a simple random sample, everyone with the same chance.

    Parameters
    ----------
    strata : str or sequence of str, default ()
        Columns whose combinations are the strata of the first stage. For samples of several years, one
        drawn apart from the other, the year is one of them.
    clusters : str or sequence of str, default ()
        The units drawn at each stage, first stage first (districts, then communes). Labels may repeat
        from stratum to stratum. Without them respondents were drawn directly.
    weights : str, optional
        Column of weights, proportional to one over the chance to be drawn. Without it everyone weighs
        one, or as `fpc` says.
    fpc : str or sequence of str, default ()
        For each stage, how many units there are to draw from (in the stratum, then in the cluster), or the
        share of them that was drawn (0-1). One more than `clusters` when the last stage draws respondents.
    stages : int, optional
        How many stages count in the variance: as many as have an `fpc`, but at least one, when not given. With 1 and no
        `fpc` clusters count as drawn with replacement, which is on the safe side.
    lonely : {"adjust", "average", "certainty", "refuse"}, default "adjust"
        A stratum with a single cluster has no variance of its own. ``adjust`` measures its distance from the
        mean of all clusters (too large rather than too small), ``average`` gives it the mean variance of
        the other strata, ``certainty`` none, ``refuse`` raises an error.
    margins : sequence of (str or sequence of str), default ()
        What the weights were fitted to (:func:`dvresearch.metrics.calibrate`): columns whose totals are known.
        A sequence stands for the combinations of its columns. The variance then is that of the
        residuals from these margins.
    """

    strata: Columns = ()
    clusters: Columns = ()
    weights: str | None = None
    fpc: Columns = ()
    stages: int | None = None
    lonely: Literal["adjust", "average", "certainty", "refuse"] = "adjust"
    margins: Sequence[Columns] = field(default=())

    def __post_init__(self) -> None:
        check_choice("lonely", self.lonely, LONELY)
        known, clusters = len(listed(self.fpc)), len(listed(self.clusters))
        if known > clusters + 1 or not 1 <= (self.stages or 1) <= max(clusters, known, 1):
            got = f"clusters={listed(self.clusters)}, fpc={listed(self.fpc)}, stages={self.stages}"
            raise ParameterError("stages-of-the-draw-do-not-match", got=got)

    @property
    def columns(self) -> list[str]:
        """Every column the design names, once."""
        margins = [c for m in self.margins for c in listed(m)]
        named = [*listed(self.strata), *listed(self.clusters), *listed(self.weights or ()), *listed(self.fpc), *margins]
        return list(dict.fromkeys(named))


def listed(columns: Columns) -> list[str]:
    """Return one column or several as a list."""
    return [columns] if isinstance(columns, str) else list(columns)


@dataclass(frozen=True)
class Stage:
    """One stage: the unit of each row and the two factors of its variance.

    Units are numbered so that those of one cell (a stratum, or a cluster of the stage before) follow
    one another. With T the total of a unit and S that of its cell, a stage adds
    ``Σ inside·T² - Σ between·S²``.
    """

    unit: Codes
    cell: Codes
    inside: Floats
    between: Floats


@dataclass(frozen=True)
class Draw:
    """A design read from a table, row by row.

    Parameters
    ----------
    weights : array of float
        Weight of each row, 0 or more.
    strata, clusters : array of int
        Stratum and first-stage unit of each row.
    stages : tuple of Stage
        What the variance is made of.
    lonely : str
        The rule that was needed for strata with a single cluster, ``""`` when there was none.
    clustered : bool
        Whether clusters, rather than respondents, were drawn first.
    margins : array of float, rows × categories, or None
        Indicators of the margins the weights were fitted to.
    raked : bool
        Whether there are several of them.
    """

    weights: Floats
    strata: Codes
    clusters: Codes
    stages: tuple[Stage, ...]
    lonely: str
    clustered: bool
    margins: Floats | None
    raked: bool

    @property
    def complete(self) -> bool:
        """Whether every unit was drawn, so that no stage leaves anything to chance."""
        return not self.lonely and not any(stage.inside.any() for stage in self.stages)


def draw(table: pd.DataFrame, design: Design | None) -> Draw:
    """Read the columns of a design.

    Parameters
    ----------
    table : DataFrame
        One row per respondent.
    design : Design, optional
        None for a simple random sample.

    Raises
    ------
    DataError
        For a missing column, a row without stratum, cluster or weight, a negative weight, a population
        smaller than its sample, or a lonely cluster that is to be refused.
    """
    design = design or Design()
    missing = [c for c in design.columns if c not in table.columns]
    if missing:
        raise DataError("design-column-missing", got=", ".join(map(str, table.columns)), missing=", ".join(missing))
    if not len(table):
        raise DataError("table-has-no-row")
    for column in [c for c in design.columns if c not in (design.weights, *listed(design.fpc))]:
        _refuse("design-label-missing", table[column].isna().to_numpy(), column, lambda _: "")
    rows = np.arange(len(table))
    strata = _numbered(np.zeros(len(table), dtype=np.intp), table, listed(design.strata))
    clusters = listed(design.clusters)
    fpc = [column_numbers(table, c) for c in listed(design.fpc)]
    wanted = design.stages or max(len(fpc), 1)
    stages, units, cell, lonely = [], [], strata, ""
    chance = selected = np.ones(len(table))
    for k in range(max(wanted, len(fpc))):
        unit = _numbered(cell, table, [clusters[k]]) if k < len(clusters) else _consecutive(cell, rows)
        drawn, share = _shares(cell, unit, fpc[k] if k < len(fpc) else None, listed(design.fpc)[k : k + 1])
        if k < wanted:
            stage, alone = _stage(cell, unit, drawn, share, chance, design.lonely)
            stages.append(stage)
            lonely = lonely or (design.lonely if alone else "")
        units.append(unit)
        chance = chance * share
        selected = selected * share if k < len(fpc) else selected
        cell = unit
    margins = None
    if design.margins:
        margins = np.hstack([_indicators(_numbered(np.zeros_like(rows), table, listed(m))) for m in design.margins])
    return Draw(
        weights=_weights(table, design.weights, selected),
        strata=strata,
        clusters=units[0],
        stages=tuple(stages),
        lonely=lonely,
        clustered=bool(clusters),
        margins=margins,
        raked=len(design.margins) > 1,
    )


def _refuse(code: str, wrong: NDArray[np.bool_], column: str | None, got: Callable[[int], object]) -> None:
    """Refuse a table with wrong cells in a column of the design; `got` shows the one in a position."""
    rows = (np.flatnonzero(wrong) + 1).tolist()
    refuse_rows(rows, code, where="responses", column=column, got=lambda row: got(int(str(row)) - 1))


def _weights(table: pd.DataFrame, column: str | None, chance: Floats) -> Floats:
    weights = 1 / chance if column is None else column_numbers(table, column)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    _refuse("weight-missing-or-negative", wrong, column, lambda at: weights[at])
    if not weights.any():
        raise DataError("all-weights-are-zero", where=f"cột/column {column}")
    return weights


def _numbered(parent: Codes, table: pd.DataFrame, columns: list[str]) -> Codes:
    """Number the combinations of `columns` within each `parent`, those of one parent in a row."""
    code = parent
    for column in columns:
        labels = pd.factorize(table[column])[0]
        code = np.unique(code * (labels.max() + 1) + labels, return_inverse=True)[1]
    return code


def _consecutive(cell: Codes, rows: Codes) -> Codes:
    """Number the rows so that those of one cell follow one another."""
    number = np.empty_like(rows)
    number[np.argsort(cell, kind="stable")] = rows
    return number


def _indicators(codes: Codes) -> Floats:
    return (codes[:, None] == np.arange(codes.max() + 1)).astype(np.float64)


def _shares(cell: Codes, unit: Codes, fpc: Floats | None, name: list[str]) -> tuple[Floats, Floats]:
    """Return for each row how many units its cell drew, and which share of all that is (0 when not known)."""
    owner = np.zeros(unit.max() + 1, dtype=np.intp)
    owner[unit] = cell
    drawn = np.bincount(owner).astype(np.float64)[cell]
    if fpc is None:
        return drawn, np.zeros(len(cell))
    first = fpc[np.unique(cell, return_index=True)[1]][cell]
    share = fpc if (fpc <= 1).all() else drawn / fpc
    wrong = ~((fpc == first) & (share > 0) & (share <= 1))
    _refuse("population-unlike-the-sample", wrong, name[0], lambda at: f"{fpc[at]:.15g} / {drawn[at]:.0f}")
    return drawn, share


def _stage(cell: Codes, unit: Codes, drawn: Floats, share: Floats, chance: Floats, lonely: str) -> tuple[Stage, bool]:
    """Return one stage and whether a lonely cluster was met in it."""

    def by(codes: Codes, values: Floats) -> Floats:
        """Return the value of each code; rows of one code agree."""
        out = np.zeros(codes.max() + 1)
        out[codes] = values
        return out

    open_part = chance * (1 - share)
    alone = (drawn == 1) & (open_part > 0)
    if alone.any() and lonely == "refuse":
        counts = len(np.unique(cell[alone])), len(np.unique(cell))
        raise DataError("stratum-of-one-cluster", got=" / ".join(map(str, counts)))
    factor = open_part * drawn / np.maximum(drawn - 1, 1)
    if lonely == "average" and alone.any():
        cells = len(np.unique(cell))
        factor = factor * cells / max(cells - len(np.unique(cell[alone])), 1)
    # The totals of all clusters add up to zero, so the distance of a lonely one from their mean is its total.
    inside = np.where(alone, open_part if lonely == "adjust" else 0.0, factor)
    between = np.where(alone, 0.0, factor / drawn)
    return Stage(unit, cell, by(unit, inside), by(cell, between)), bool(alone.any())
