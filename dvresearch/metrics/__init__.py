"""Tables in, estimates and findings out. Nothing here opens a file, draws or writes a sentence."""

from dvresearch.metrics.agreement import agreement, intraclass
from dvresearch.metrics.breaks import breaks, change
from dvresearch.metrics.cases import case_counts, case_shares, cases_in_time, petition_results, receptions
from dvresearch.metrics.checks766 import (
    compare766,
    compare_national766,
    cumulative_against_parts,
    imputed_check,
    variance_check,
)
from dvresearch.metrics.contrasts import satisfaction_covariance, survey_difference
from dvresearch.metrics.design import Design
from dvresearch.metrics.difference import difference
from dvresearch.metrics.drivers import driver_importance, drivers
from dvresearch.metrics.factors import eigenvalues, factor_loadings
from dvresearch.metrics.funnel import funnel, funnel_curve, funnel_limits
from dvresearch.metrics.identities import Identity, check_identities, check_tally, compare_counts
from dvresearch.metrics.index766 import index766, national766, threshold_score
from dvresearch.metrics.modes import mode_effect
from dvresearch.metrics.proportions import proportion
from dvresearch.metrics.published import check_parts, check_share, check_shares
from dvresearch.metrics.ranks import average, ranks
from dvresearch.metrics.rates import rate
from dvresearch.metrics.reliability import item_statistics, reliability, straight_lining
from dvresearch.metrics.resolution import resolution_rate
from dvresearch.metrics.respondents import response_balance, response_overlap, response_rates, response_weights
from dvresearch.metrics.responses import answer_shares
from dvresearch.metrics.rubric import appraisal, class_shares, zero_denominators
from dvresearch.metrics.sample_size import sample_size
from dvresearch.metrics.satisfaction import published_satisfaction, satisfaction
from dvresearch.metrics.selection import selection_bounds
from dvresearch.metrics.surveyed import survey_mean
from dvresearch.metrics.tally import tally
from dvresearch.metrics.targets import attainment, attainment_shares, coverage
from dvresearch.metrics.weighting import calibrate, weight_cost

__all__ = [
    "Design",
    "Identity",
    "agreement",
    "answer_shares",
    "appraisal",
    "attainment",
    "attainment_shares",
    "average",
    "breaks",
    "calibrate",
    "case_counts",
    "case_shares",
    "cases_in_time",
    "change",
    "check_identities",
    "check_parts",
    "check_share",
    "check_shares",
    "check_tally",
    "class_shares",
    "compare766",
    "compare_counts",
    "compare_national766",
    "coverage",
    "cumulative_against_parts",
    "difference",
    "driver_importance",
    "drivers",
    "eigenvalues",
    "factor_loadings",
    "funnel",
    "funnel_curve",
    "funnel_limits",
    "imputed_check",
    "index766",
    "intraclass",
    "item_statistics",
    "mode_effect",
    "national766",
    "petition_results",
    "proportion",
    "published_satisfaction",
    "ranks",
    "rate",
    "receptions",
    "reliability",
    "resolution_rate",
    "response_balance",
    "response_overlap",
    "response_rates",
    "response_weights",
    "sample_size",
    "satisfaction",
    "satisfaction_covariance",
    "selection_bounds",
    "straight_lining",
    "survey_difference",
    "survey_mean",
    "tally",
    "threshold_score",
    "variance_check",
    "weight_cost",
    "zero_denominators",
]
