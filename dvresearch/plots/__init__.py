"""Pictures of estimates, funnels, series and counts: ``ax`` in, ``ax`` out, nothing computed on the way.

Units are told apart by shape as well as by colour, labels are in Vietnamese or English, and
what a picture leaves out it says.
"""

from dvresearch.plots.bars import flows
from dvresearch.plots.dots import intervals, ladder
from dvresearch.plots.effects import event_study
from dvresearch.plots.funnels import funnel
from dvresearch.plots.style import close, figure, save, source_line
from dvresearch.plots.surveys import overlap, priorities
from dvresearch.plots.trends import small_multiples, trend

__all__ = [
    "close",
    "event_study",
    "figure",
    "flows",
    "funnel",
    "intervals",
    "ladder",
    "overlap",
    "priorities",
    "save",
    "small_multiples",
    "source_line",
    "trend",
]
