"""Synthetic plan targets and self-assessments whose truth is known. The points are those of no office."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["rubric", "targets"]

#: Target and what is planned; the last two are to stay low.
_TARGETS = (
    ("Tỷ lệ hồ sơ giải quyết đúng hạn (%)", 95.0),
    ("Số cuộc đối thoại với Nhân dân", 4.0),
    ("Số mô hình Dân vận khéo đăng ký mới", 6.0),
    ("Tỷ lệ hồ sơ nộp trực tuyến (%)", 60.0),
    ("Số căn nhà tạm được xóa", 12.0),
    ("Tỷ lệ đơn thư giải quyết đúng hạn (%)", 90.0),
    ("Số hộ nghèo", 80.0),
    ("Số vụ việc khiếu nại đông người", 1.0),
)
#: Criterion, maximum, whether it can happen that there is nothing to do, and what it gives then.
_CRITERIA = (
    ("Ban hành kế hoạch công tác dân vận chính quyền", 10, "full"),
    ("Giải quyết thủ tục hành chính đúng hạn", 20, "full"),
    ("Tiếp công dân định kỳ của người đứng đầu", 15, "full"),
    ("Giải quyết khiếu nại, tố cáo thuộc thẩm quyền", 15, "full"),
    ("Xử lý phản ánh, kiến nghị đúng hạn", 10, "full"),
    ("Thực hiện dân chủ ở cơ sở", 10, "zero"),
    ("Xây dựng mô hình Dân vận khéo", 10, "excluded"),
    ("Thực hiện kiến nghị sau giám sát", 10, "excluded"),
)


def targets(units: pd.DataFrame, *, seed: int = 0, year: int = 2025) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up a plan and its results for each unit.

    Parameters
    ----------
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same results.
    year : int, default 2025
        The year of the plan.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.TARGETS``, eight targets a unit.
    truth : DataFrame
        One row per target: ``indicator`` and the number of units whose result is above (``more``), equal to (``equal``)
        or below (``less``) the plan.
    """
    rng = np.random.default_rng([seed, 8])
    names, planned = zip(*_TARGETS, strict=True)
    rows = len(units) * len(names)
    plan = np.tile(planned, len(units))
    change = rng.choice([-1, 0, 1], rows, p=[0.25, 0.3, 0.45])
    result = np.maximum(plan + change * np.ceil(plan * rng.uniform(0.02, 0.2, rows)), 0)
    most = np.tile([100.0 if name.endswith("(%)") else np.inf for name in names], len(units))
    result = np.minimum(result, most)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(units["unit"].to_numpy(), len(names)),
            "period": str(year),
            "indicator": np.tile(names, len(units)),
            "planned": plan,
            "result": result,
        }
    ).astype(dict.fromkeys(("unit", "period", "indicator"), "str"))
    sign = frame[["indicator"]].assign(more=result > plan, equal=result == plan, less=result < plan)
    return frame, sign.groupby("indicator", sort=False).sum().reset_index()


def rubric(units: pd.DataFrame, *, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up the self-assessment of each unit and its appraisal.

    Parameters
    ----------
    units : DataFrame
        From :func:`communes`.
    seed : int, default 0
        The same seed gives the same scores.

    Returns
    -------
    frame : DataFrame
        Rows of ``tables.RUBRIC``, eight criteria a unit that add up to 100 points.
    truth : DataFrame
        One row per unit: ``unit``, ``self_total``, ``appraised_total`` and ``maximum`` of the criteria that count, how
        often there was nothing to do (``nothing``) and how often that gave full marks (``full``).
    """
    rng = np.random.default_rng([seed, 9])
    names, maxima, rules = zip(*_CRITERIA, strict=True)
    rows = len(units) * len(names)
    maximum = np.tile(maxima, len(units)).astype(np.float64)
    rule = np.tile(rules, len(units))
    tasks = rng.integers(0, 9, rows).astype(np.float64)
    done = np.floor(tasks * rng.uniform(0.7, 1.0, rows) + 0.5)
    earned = np.floor(maximum * done / np.where(tasks > 0, tasks, 1) * 2) / 2
    appraised = np.where(tasks > 0, earned, np.where(rule == "full", maximum, 0.0))
    claimed = np.minimum(maximum, appraised + rng.choice([0, 0, 0.5, 1], rows) * (tasks > 0))
    frame = pd.DataFrame(
        {
            "unit": np.repeat(units["unit"].to_numpy(), len(names)),
            "criterion_code": np.tile([str(i) for i in range(1, len(names) + 1)], len(units)),
            "criterion": np.tile(names, len(units)),
            "maximum": maximum,
            "numerator": done,
            "denominator": tasks,
            "self_score": claimed,
            "appraised_score": appraised,
            "evidence": pd.array(rng.random(rows) < 0.8, dtype="boolean"),
            "zero_rule": rule,
            "weight_origin": "own",
        }
    ).astype(dict.fromkeys(("unit", "criterion_code", "criterion", "zero_rule", "weight_origin"), "str"))
    counts = (tasks > 0) | (rule != "excluded")
    truth = frame[["unit"]].assign(
        self_total=claimed * counts,
        appraised_total=appraised * counts,
        maximum=maximum * counts,
        nothing=tasks == 0,
        full=(tasks == 0) & (appraised == maximum),
    )
    return frame, truth.groupby("unit", sort=False).sum().reset_index()
