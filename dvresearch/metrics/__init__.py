"""Tables in, estimates and findings out. Nothing here opens a file, draws or writes a sentence."""

# Each name stands once: what is imported here is what the room offers.
# ruff: noqa: F401

from dvresearch.metrics.answers import answer_shares
from dvresearch.metrics.associations import driver_importance, drivers
from dvresearch.metrics.cases import case_counts, case_shares, cases_in_time, petition_results, receptions
from dvresearch.metrics.comments import comment_learning, comment_quality, comment_shares, comment_words
from dvresearch.metrics.comparisons import average, breaks, change, difference, ranks
from dvresearch.metrics.counts import proportion, rate, selection_bounds
from dvresearch.metrics.dossiers import resolution_rate, tally
from dvresearch.metrics.effects.checks import honest_effects, impact_checks, several_outcomes
from dvresearch.metrics.effects.feasibility import feasibility
from dvresearch.metrics.effects.impact import fit as fit_impact
from dvresearch.metrics.effects.impact import impact, impact_cross_check, two_way_fixed_effects
from dvresearch.metrics.effects.panel import build_panel
from dvresearch.metrics.effects.series import Interruption, interrupted_series, series_findings
from dvresearch.metrics.effects.stages import running_share, stages
from dvresearch.metrics.funnel import funnel, funnel_curve, funnel_limits
from dvresearch.metrics.identities import (
    Identity,
    check_identities,
    check_parts,
    check_shares,
    check_tally,
    compare_counts,
)
from dvresearch.metrics.index766 import (
    compare766,
    compare_national766,
    cumulative_against_parts,
    imputed_check,
    index766,
    national766,
    variance_check,
)
from dvresearch.metrics.plans import appraisal, attainment, attainment_shares, coverage, zero_denominators
from dvresearch.metrics.reliability import agreement, factor_loadings, intraclass, item_statistics, reliability
from dvresearch.metrics.satisfaction import (
    published_satisfaction,
    satisfaction,
    satisfaction_covariance,
    survey_difference,
)
from dvresearch.metrics.survey import Design, sample_size, survey_mean
from dvresearch.metrics.weighting import calibrate, response_overlap, response_weights, weight_cost
