"""Sentences: fixed, tested phrases in Vietnamese and English, bound to value, interval and basis.

A phrase says what a number is and what it rests on. None says that one thing made
another happen: the estimates of this package do not carry that.
"""

from dvresearch.wording.alt import alt_text
from dvresearch.wording.estimates import describe, describe_funnel, method_line
from dvresearch.wording.findings import describe_findings, localised, summarise_findings, verdict_words
from dvresearch.wording.flows import describe_flows
from dvresearch.wording.impact import describe_impact, impact_verdict

__all__ = [
    "alt_text", "describe", "describe_findings", "describe_flows", "describe_funnel", "describe_impact",
    "impact_verdict", "localised", "method_line", "summarise_findings", "verdict_words",
]  # fmt: skip
