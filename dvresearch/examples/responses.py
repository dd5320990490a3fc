"""Synthetic answers to a survey whose truth is known. Nobody was asked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dvresearch.errors import Text
from dvresearch.tables import SCALES

__all__ = ["ITEMS", "WORDING", "responses"]

#: Items of the made-up slip, by their scale.
ITEMS = {
    "q1": "hai_long_5",
    "q2": "hai_long_5",
    "q3": "hai_long_5",
    "q4": "hai_long_5",
    "q5": "hai_long_5",
    "q6": "co_khong",
}
#: What each item asks.
WORDING = {
    "q1": Text("Việc đón tiếp, hướng dẫn tại bộ phận một cửa", "Reception and guidance at the one-stop desk"),
    "q2": Text("Sự đơn giản của hồ sơ, giấy tờ phải nộp", "How simple the papers to hand in were"),
    "q3": Text("Thái độ của công chức tiếp nhận hồ sơ", "Attitude of the staff who took the papers"),
    "q4": Text("Thời gian giải quyết so với giấy hẹn", "Time taken, against the appointment slip"),
    "q5": Text("Việc trả lời phản ánh, kiến nghị của người dân", "Answers to citizens' feedback"),
    "q6": Text(
        "Có phải đi lại quá một lần để bổ sung hồ sơ không?", "Did you come more than once with further papers?"
    ),
}
#: The truth: how much easier or harder to please each item is, on the scale of log odds.
_EASE = (0.6, 0.0, 0.9, 0.3, -0.5, 1.2)
_NONE = (0.95, 0.03, 0.01, 0.01)  # an answer, "không biết", "không trả lời", nothing


def responses(
    n: int, units: pd.DataFrame, *, seed: int = 0, sensitive: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the answers of `n` people in some communes, and say what is true of them.

    Parameters
    ----------
    n : int
        How many respondents, shared out equally.
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same answers.
    sensitive : tuple of str, default ()
        ``gender`` adds that column.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.responses_table(ITEMS, sensitive)``: two strata, four clusters in each unit, weights that
        differ between units, and `ITEMS`.
    truth : DataFrame
        One row per unit and item: ``unit``, ``item`` and the true ``top_share`` (0-1): for ``hai_long_5`` of the two
        highest answers, for ``co_khong`` of “có”.
    """
    rng = np.random.default_rng([seed, 6])
    of = np.arange(n) % len(units)
    level = rng.normal(0.8, 0.6, len(units))
    frame = pd.DataFrame(
        {
            "respondent": [f"GL.P.{i:06}" for i in range(1, n + 1)],
            "unit": units["unit"].to_numpy()[of],
            "stratum": np.where(units["unit"].str.startswith("Phường").to_numpy()[of], "Phường", "Xã"),
            "cluster": [f"Thôn {c}" for c in rng.integers(1, 5, n)],
            "weight": np.round(units["population"].to_numpy()[of] / 1000, 1),
            "mode": rng.choice(["paper", "home", "online"], n, p=[0.5, 0.3, 0.2]),
            "answered": np.datetime64("2025-09-01", "s") + rng.integers(0, 60, n) * np.timedelta64(86_400, "s"),
        }
    )
    if "gender" in sensitive:
        frame["gender"] = rng.choice(["female", "male"], n)
    shares = {}
    for (item, scale), ease in zip(ITEMS.items(), _EASE, strict=True):
        top = 1 / (1 + np.exp(-(level + ease)))
        shares[item] = top
        high, low = (SCALES[scale][-2:], SCALES[scale][:-2]) if len(SCALES[scale]) > 2 else (("yes",), ("no",))
        answer = pd.Series(np.where(rng.random(n) < top[of], rng.choice(high, n), rng.choice(low, n)))
        kind = rng.choice(4, n, p=_NONE)
        frame[item] = answer.mask(kind == 1, "dont_know").mask(kind == 2, "refused").mask(kind == 3)
    truth = pd.DataFrame(shares, index=units["unit"].to_numpy()).rename_axis("unit").reset_index()
    words = [c for c in frame if c not in ("weight", "answered")]
    return frame.astype(dict.fromkeys(words, "str")), truth.melt("unit", var_name="item", value_name="top_share")
