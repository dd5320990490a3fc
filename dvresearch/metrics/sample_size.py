"""How many to ask: the formula in official guidance beside the number a wished interval needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from dvresearch.errors import ParameterError
from dvresearch.metrics.counts import z_value
from dvresearch.metrics.estimates import check_confidence

__all__ = ["sample_size"]


def sample_size(
    population: float | Sequence[float],
    *,
    margin: float = 0.05,
    share: float = 0.5,
    deff: float = 1.0,
    response: float = 1.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Number of respondents for an interval of a share, beside that of the official formula.

    Parameters
    ----------
    population : number or sequence of numbers
        People the sample is to stand for, N: one province, or several.
    margin : float, default 0.05
        Half the width of the interval wished for, as a share (0-1): 0.05 for ± 5 percentage points.
    share : float, default 0.5
        Share expected, 0-1; 0.5 needs the most respondents.
    deff : float, default 1
        Planned design effect: 1 for a simple random sample, 1.5 to 3 where people of one commune resemble each
        other or weights differ.
    response : float, default 1
        Share of those asked who will answer, 0-1.
    confidence : float, default 0.95
        Two-sided level, 0-1.

    Returns
    -------
    DataFrame
        For each population: ``official_n``, ``N/(1 + N·e²)``; ``official_margin``, the half width that number
        of answers really gives; ``n``, the answers needed for `margin`; ``to_ask``, those divided by `response`.
        Numbers of people are rounded up.

    Raises
    ------
    ParameterError
        For a number outside its range.

    Notes
    -----
    ``n = m/(1 + (m - 1)/N)`` with ``m = deff·z²·p(1 - p)/e²``. The official formula (QĐ 1383/QĐ-BNV
    with e = 5 %, after Yamane 1967) is nearly this with p = 0.5, z = 2 and deff = 1: it leaves no room for
    clusters, unequal weights or people who do not answer. Checked against statsmodels (tests/test_sample_size.py).

    Examples
    --------
    >>> sample_size(1_000_000, deff=2, response=0.8)[["official_n", "official_margin", "n", "to_ask"]].round(3)
       official_n  official_margin    n  to_ask
    0         400            0.069  768     960
    """
    check_confidence(confidence)
    sizes = [float(n) for n in (population if isinstance(population, Sequence) else [population])]
    bad = {
        "population": not all(1 <= n < math.inf for n in sizes),
        "margin": not 0 < margin < 1,
        "share": not 0 < share < 1,
        "deff": not 0 < deff < math.inf,
        "response": not 0 < response <= 1,
    }
    wrong = [name for name, is_wrong in bad.items() if is_wrong]
    if wrong:
        got = f"population={population!r}, margin={margin}, share={share}, deff={deff}, response={response}"
        raise ParameterError("sample-size-out-of-range", got=got, names=", ".join(wrong))
    z, spread = z_value(confidence), share * (1 - share)
    rows = []
    for size in sizes:
        official = _up(size / (1 + size * margin**2))
        wanted = deff * z**2 * spread / margin**2
        n = _up(min(wanted / (1 + (wanted - 1) / size), size))
        left = max(1 - (official - 1) / max(size - 1, 1), 0)
        rows.append((size, official, z * math.sqrt(deff * spread / official * left), n, _up(n / response)))
    return pd.DataFrame(rows, columns=["population", "official_n", "official_margin", "n", "to_ask"])


def _up(number: float) -> int:
    """Round up, but not for an excess of rounding errors."""
    return math.ceil(round(number, 9))
