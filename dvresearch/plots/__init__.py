"""Pictures of estimates, funnels, series and counts: ``ax`` in, ``ax`` out, nothing computed on the way.

Units are told apart by shape as well as by colour, labels are in Vietnamese or English, and
what a picture leaves out it says.
"""

from dvresearch.plots.rows import flows, intervals, ladder, overlap
from dvresearch.plots.scatter import funnel, priorities
from dvresearch.plots.style import close, figure, save
from dvresearch.plots.trends import event_study, trend

__all__ = [
    "close", "event_study", "figure", "flows", "funnel", "intervals", "ladder", "overlap", "priorities", "save",
    "trend",
]  # fmt: skip
