"""Sentences: fixed, tested phrases in Vietnamese and English, bound to value, interval and basis.

A phrase says what a number is and what it rests on. None says that one thing made
another happen: the estimates of this package do not carry that.
"""

from dvresearch.wording.comparison import describe_funnel
from dvresearch.wording.estimates import describe, method_line
from dvresearch.wording.findings import describe_findings, summarise_findings, verdict_words

__all__ = [
    "describe",
    "describe_findings",
    "describe_funnel",
    "method_line",
    "summarise_findings",
    "verdict_words",
]
