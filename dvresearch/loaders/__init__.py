"""Files to tables."""

from dvresearch.loaders.figures import load_figures, load_tallies
from dvresearch.loaders.index766 import load_index766
from dvresearch.loaders.published import build_processed, datapackage
from dvresearch.loaders.sources import cite, sources

__all__ = [
    "build_processed",
    "cite",
    "datapackage",
    "load_figures",
    "load_index766",
    "load_tallies",
    "sources",
]
