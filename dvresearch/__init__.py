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
        "load_index766", "load_models", "load_responses", "load_rubric", "load_tallies", "load_targets",
        "questionnaire", "read_tables", "sources",
    ),
    "dvresearch.screening": ("screen",),
    "dvresearch.metrics": (
        "Design", "Interruption", "agreement", "answer_shares", "appraisal", "attainment", "attainment_shares",
        "average", "breaks", "build_panel", "calibrate", "case_counts", "case_shares", "cases_in_time", "change",
        "check_identities", "check_parts", "check_shares", "check_tally", "comment_learning",
        "comment_quality", "comment_shares", "comment_words", "compare766", "compare_counts", "compare_national766",
        "coverage", "cumulative_against_parts", "difference", "driver_importance", "drivers",
        "factor_loadings", "feasibility", "fit_impact", "funnel", "funnel_curve", "honest_effects", "impact",
        "impact_checks", "impact_cross_check", "imputed_check", "index766", "interrupted_series", "intraclass",
        "item_statistics", "national766", "petition_results", "proportion", "published_satisfaction",
        "ranks", "rate", "receptions", "reliability", "resolution_rate", "response_overlap",
        "response_weights", "running_share", "sample_size", "satisfaction", "satisfaction_covariance",
        "selection_bounds", "series_findings", "several_outcomes", "stages", "survey_difference",
        "survey_mean", "tally", "two_way_fixed_effects", "variance_check", "weight_cost", "zero_denominators",
    ),
    "dvresearch.evaluation.slip": ("questionnaire_form",),
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
