"""dvresearch: research and evaluation of công tác dân vận chính quyền.

The names below load their module when first used, so that importing the
package costs no more than importing pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Module -> the public names it defines. One public way to each thing.
_NAMES = {
    "dvresearch.errors": ("DataError", "ParameterError", "ReportError"),
    "dvresearch.loaders": (
        "blank_form", "cite", "convert_dossiers", "load_cases", "load_dossiers", "load_figures", "load_form",
        "load_index766", "load_models", "load_responses", "load_rubric", "load_tallies", "load_targets", "sources",
    ),
    "dvresearch.screening": ("screen",),
    "dvresearch.metrics": (
        "Design", "agreement", "answer_shares", "appraisal", "attainment", "attainment_shares", "average",
        "breaks", "calibrate", "case_counts", "case_shares", "cases_in_time", "change", "check_identities",
        "check_parts", "check_shares", "check_tally", "class_shares", "compare766", "compare_counts",
        "compare_national766", "coverage", "cumulative_against_parts", "difference", "driver_importance",
        "drivers", "eigenvalues", "factor_loadings", "funnel", "funnel_curve", "imputed_check", "index766",
        "intraclass", "item_statistics", "mode_effect", "national766", "petition_results", "proportion",
        "published_satisfaction", "ranks", "rate", "receptions", "reliability", "resolution_rate",
        "response_balance", "response_overlap", "response_rates", "response_weights", "sample_size",
        "satisfaction", "satisfaction_covariance", "selection_bounds", "straight_lining", "survey_difference",
        "survey_mean", "tally", "variance_check", "weight_cost", "zero_denominators",
    ),
}  # fmt: skip
_WHERE = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [*_WHERE, "__version__"]


def __getattr__(name: str) -> Any:
    try:
        return getattr(import_module(_WHERE[name]), name)
    except KeyError:
        pass
    if name in _ROOMS:
        return import_module(f"dvresearch.{name}")
    raise AttributeError(f"module 'dvresearch' has no attribute {name!r}")


_ROOMS = (
    "codebook",
    "errors",
    "evaluation",
    "examples",
    "loaders",
    "metrics",
    "places",
    "plots",
    "privacy",
    "tables",
    "text",
    "wording",
    "workdays",
)


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
