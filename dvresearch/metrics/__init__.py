"""Tables in, estimates and findings out. Nothing here opens a file, draws or writes a sentence."""

from dvresearch.metrics.breaks import breaks, change
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
from dvresearch.metrics.funnel import funnel, funnel_curve, funnel_limits
from dvresearch.metrics.identities import Identity, check_identities, check_tally
from dvresearch.metrics.index766 import index766, national766, threshold_score
from dvresearch.metrics.proportions import proportion
from dvresearch.metrics.published import check_parts, check_share, check_shares
from dvresearch.metrics.ranks import average, ranks
from dvresearch.metrics.rates import rate
from dvresearch.metrics.resolution import resolution_rate
from dvresearch.metrics.satisfaction import published_satisfaction, satisfaction
from dvresearch.metrics.selection import selection_bounds
from dvresearch.metrics.surveyed import survey_mean
from dvresearch.metrics.targets import attainment, attainment_shares, coverage

__all__ = [
    "Design",
    "Identity",
    "attainment",
    "attainment_shares",
    "average",
    "breaks",
    "change",
    "check_identities",
    "check_parts",
    "check_share",
    "check_shares",
    "check_tally",
    "compare766",
    "compare_national766",
    "coverage",
    "cumulative_against_parts",
    "difference",
    "funnel",
    "funnel_curve",
    "funnel_limits",
    "imputed_check",
    "index766",
    "national766",
    "proportion",
    "published_satisfaction",
    "ranks",
    "rate",
    "resolution_rate",
    "satisfaction",
    "satisfaction_covariance",
    "selection_bounds",
    "survey_difference",
    "survey_mean",
    "threshold_score",
    "variance_check",
]
