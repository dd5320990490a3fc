"""Administrative units and their mergers: names to keys, 63 provinces to 34."""

from dvresearch.places.lists import MERGED_ON, crosswalk, match, settle, units
from dvresearch.places.rebase import rebase

__all__ = ["MERGED_ON", "crosswalk", "match", "rebase", "settle", "units"]
